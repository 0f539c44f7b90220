"""Verifies the audit trail: recomputes the whole chain, and says which row was tampered with and how.

A sound trail is read once, in pages. Only a broken one is taken apart: followed backwards from the head, hash by hash,
every row that is reached is genuine; what is missing on the way was removed or altered, what is left over was inserted.
Whoever can rewrite every row and the head can forge a whole trail; an anchor kept elsewhere (`Head`) shows that too.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import audit_events, audit_head
from bot.store.triggers import GENESIS

PAGE: Final = 1000


class FaultKind(StrEnum):
    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TAIL_REMOVED = "tail_removed"


@dataclass(frozen=True, slots=True)
class Fault:
    """`seq` is the row's number: where it stands, or where it stood."""

    seq: int
    kind: FaultKind
    sentence: str


@dataclass(frozen=True, slots=True)
class Head:
    """The trail's end at some moment."""

    count: int
    hash: str


@dataclass(frozen=True, slots=True)
class Verdict:
    events: int
    ok: bool
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is kept of a row: enough to follow the chain. `sound`: its own hash and columns agree with its body."""

    seq: int
    event_id: str
    prev_hash: str
    hash: str
    sound: bool


async def verify(conn: AsyncConnection, *, anchors: Sequence[Head] = ()) -> Verdict:
    """Check every row, the head, and any heads that were kept elsewhere. Use `Database.read()`: one consistent look."""
    head = await _head(conn)
    events, last, sound = 0, Head(0, GENESIS), True
    unmet = {anchor.count: anchor.hash for anchor in anchors if anchor.count}
    async for row in _rows(conn):
        events += 1
        sound = sound and row.sound and row.seq == events and row.prev_hash == last.hash
        last = Head(row.seq, row.hash)
        if unmet.get(row.seq) == row.hash:
            del unmet[row.seq]
    if sound and last == head and not unmet:
        return Verdict(events, ok=True, faults=())
    rows = [row async for row in _rows(conn)]
    faults = [*_faults(rows, head), *(_unmet(seq) for seq in sorted(unmet))]
    return Verdict(events, ok=False, faults=tuple(sorted(faults, key=lambda fault: fault.seq)))


async def _head(conn: AsyncConnection) -> Head | None:
    row = (await conn.execute(select(audit_head.c.count, audit_head.c.hash))).first()
    return Head(row[0], row[1]) if row else None


async def _rows(conn: AsyncConnection) -> AsyncIterator[_Seen]:
    after = -(2**31)
    while True:
        page = select(audit_events).where(audit_events.c.seq > after).order_by(audit_events.c.seq).limit(PAGE)
        rows = (await conn.execute(page)).all()
        for row in rows:
            yield _Seen(row.seq, row.event_id, row.prev_hash, row.hash, _sound(row))
        if len(rows) < PAGE:
            return
        after = rows[-1].seq


def _sound(row: Row[Any]) -> bool:
    if hashlib.sha256((row.prev_hash + row.body).encode()).hexdigest() != row.hash:
        return False
    try:
        body = json.loads(row.body)
    except ValueError:
        return False
    columns = (row.event_id, row.at, row.action, row.subject)
    return columns == tuple(body.get(name) for name in ("event_id", "ts_utc", "action", "subject"))


def _faults(rows: Sequence[_Seen], head: Head | None) -> list[Fault]:
    if head is None:
        return [Fault(0, FaultKind.ALTERED, "The head row of the trail is gone: a removed end could not be seen.")]
    chain = _walk(rows, head)
    genuine = {row.seq: number for number, row in chain.found.items()}
    faults = [_altered(row.seq, row.event_id) for row in chain.found.values() if not row.sound]
    faults += [_altered(row.seq, row.event_id) for row in chain.rewritten]
    faults += _missing(chain.missing, head.count)
    rewritten = {row.seq for row in chain.rewritten}
    faults += [_inserted(row) for row in rows if row.seq not in genuine and row.seq not in rewritten]
    return faults + _reordered([(row, genuine[row.seq]) for row in rows if row.seq in genuine], faults)


@dataclass(frozen=True, slots=True)
class _Chain:
    found: dict[int, _Seen]  # by the number that the chain gives it
    rewritten: list[_Seen]
    missing: list[int]


def _walk(rows: Sequence[_Seen], head: Head) -> _Chain:
    """From the head backwards. Where a hash leads nowhere, go on from the row that stands in that place, if any."""
    by_hash, by_seq = {row.hash: row for row in rows}, {row.seq: row for row in rows}
    remembered = {row.prev_hash for row in rows} | {head.hash}
    chain = _Chain({}, [], [])
    wanted: str | None = head.hash
    for number in range(head.count, 0, -1):
        row = by_hash.get(wanted) if wanted is not None else by_seq.get(number)
        if row is not None:
            chain.found[number] = row
            wanted = row.prev_hash
            continue
        there = by_seq.get(number)
        if there is not None and there.hash not in remembered:
            chain.rewritten.append(there)
            wanted = there.prev_hash
        else:
            chain.missing.append(number)
            wanted = None
    return chain


def _missing(numbers: Sequence[int], count: int) -> list[Fault]:
    gone = set(numbers)
    first = count + 1
    while first - 1 in gone:
        first -= 1
    faults = [_removed(number) for number in gone if number < first]
    if first <= count:
        faults.append(Fault(first, FaultKind.TAIL_REMOVED, f"Rows {first} to {count} were removed from the end."))
    return faults


def _reordered(numbered: Sequence[tuple[_Seen, int]], known: Sequence[Fault]) -> list[Fault]:
    """Genuine rows in another order than they were written in, or under other numbers with nothing to explain it."""
    in_order = sorted(number for _, number in numbered)
    faults = [_moved(row, was) for (row, was), now in zip(numbered, in_order, strict=True) if was != now]
    if faults or known:
        return faults
    return [_moved(row, was) for row, was in numbered if row.seq != was]


def _altered(seq: int, event_id: str) -> Fault:
    return Fault(seq, FaultKind.ALTERED, f"Row {seq} (event {event_id}) was altered after it was written.")


def _removed(seq: int) -> Fault:
    return Fault(seq, FaultKind.REMOVED, f"Row {seq} was removed.")


def _inserted(row: _Seen) -> Fault:
    return Fault(row.seq, FaultKind.INSERTED, f"Row {row.seq} (event {row.event_id}) was inserted afterwards.")


def _moved(row: _Seen, was: int) -> Fault:
    sentence = f"Row {row.seq} (event {row.event_id}) was written as number {was} and stands in another place now."
    return Fault(row.seq, FaultKind.REORDERED, sentence)


def _unmet(seq: int) -> Fault:
    return Fault(seq, FaultKind.ALTERED, f"Row {seq} is not the one that was anchored: the trail was written anew.")
