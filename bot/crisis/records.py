"""Rows in, records out: the only SQL of escalations. Words of people and signals are sealed; all else is PHI-free."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import RowMapping, bindparam, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import CardRef, Platform
from bot.crisis.escalation import JOINABLE, Escalation, State
from bot.crisis.policy import WayName
from bot.store import tables as t
from bot.store.sealed import Seal
from bot.store.session import insert_into

CODE: Final = re.compile(r"\s*[eE]-?(\d{1,9})\s*")
STANDING: Final = TypeAdapter(Escalation)


class PageState(StrEnum):
    DUE = "due"
    LATE = "late"  # the provider does not take it yet; tried again
    SENT = "sent"
    UNDELIVERED = "undelivered"
    STOPPED = "stopped"  # nobody needed it any more


OPEN_PAGES: Final = frozenset({PageState.DUE, PageState.LATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An escalation and whom it is about. `client_id` is "" for a drill."""

    number: int
    alias: str
    client_id: str
    team: str
    treating: tuple[str, ...]
    now: Escalation

    @property
    def code(self) -> str:
        return f"E-{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRow:
    key: str
    escalation: int
    epoch: int
    label: str
    staff_id: str | None
    channel: str | None
    way: WayName
    state: PageState
    reason: str | None = None
    ref: str | None = None
    place: Mapping[str, str] | None = None
    attempts: int = 0
    created_at: datetime
    settled_at: datetime | None = None

    def card(self) -> CardRef | None:
        if self.place is None:
            return None
        where = self.place
        return CardRef(Platform(where["platform"]), where["tenant"], where["conversation"], where["message"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One event of the story. `words` are opened only for those who may read them."""

    seq: int
    kind: str
    staff_id: str | None
    at: datetime
    body: Mapping[str, Any]
    words: bytes | None


def number_of(code: str) -> int | None:
    """E-17 -> 17; None when it is no such code."""
    found = CODE.fullmatch(code)
    return int(found[1]) if found else None


def hashed(signal_key: str) -> str:
    return sha256(signal_key.encode()).hexdigest()


# Escalations


async def alone_with(conn: AsyncConnection, client_id: str) -> None:
    """Until this transaction ends nobody else opens or joins an escalation of this client."""
    if conn.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:client, 4712))")
        await conn.execute(lock, {"client": client_id})


async def of_signal(conn: AsyncConnection, key: str) -> int | None:
    found = select(t.escalation_signals.c.escalation).where(t.escalation_signals.c.key == key)
    return (await conn.execute(found)).scalar_one_or_none()


async def joinable(conn: AsyncConnection, client_id: str) -> Stored | None:
    """The oldest one of this client that a further signal still belongs to, locked."""
    e = t.escalations.c
    states = [state.value for state in JOINABLE]
    found = select(t.escalations).where(e.client_id == client_id, e.state.in_(states), e.drill.is_(False))
    row = (await conn.execute(found.order_by(e.number).limit(1).with_for_update())).mappings().first()
    return _stored(row) if row else None


async def add(
    conn: AsyncConnection, *, alias: str, client_id: str, team: str, treating: Sequence[str], now: Escalation
) -> Stored:
    about = {"alias": alias, "client_id": client_id, "team": team}
    row = insert(t.escalations).values(
        **about, treating=list(treating), drill=now.drill, opened_at=now.opened_at, **_columns(now, now.opened_at)
    )
    number = (await conn.execute(row.returning(t.escalations.c.number))).scalar_one()
    return Stored(number=number, **about, treating=tuple(treating), now=now)


async def add_signal(
    conn: AsyncConnection, seal: Seal, number: int, *, key: str, kind: str, tier: str, words: str, at: datetime
) -> None:
    sealed = seal.seal(words, context=f"escalation_signals.signal/{key}")
    row = {"key": key, "escalation": number, "kind": kind[:64], "tier": tier, "signal": sealed, "at": at}
    await conn.execute(insert(t.escalation_signals).values(row))


async def signals(conn: AsyncConnection, seal: Seal, number: int) -> list[str]:
    """What opened it and what was added, opened, oldest first: for those who may read it."""
    s = t.escalation_signals.c
    rows = await conn.execute(select(s.key, s.signal).where(s.escalation == number).order_by(s.at, s.key))
    return [seal.open(row.signal, context=f"escalation_signals.signal/{row.key}") for row in rows]


async def signal_kinds(conn: AsyncConnection, number: int) -> list[str]:
    s = t.escalation_signals.c
    return list(await conn.scalars(select(s.kind).where(s.escalation == number).order_by(s.at, s.key)))


async def one(conn: AsyncConnection, number: int, *, lock: bool = False) -> Stored | None:
    """`lock`: nobody else changes it until this transaction ends."""
    found = select(t.escalations).where(t.escalations.c.number == number)
    row = (await conn.execute(found.with_for_update() if lock else found)).mappings().first()
    return _stored(row) if row else None


async def open_ones(conn: AsyncConnection) -> list[Stored]:
    """All that are not closed, oldest first."""
    found = select(t.escalations).where(t.escalations.c.state != State.CLOSED.value).order_by(t.escalations.c.number)
    return [_stored(row) for row in (await conn.execute(found)).mappings()]


async def save(conn: AsyncConnection, was: Stored, now: Escalation, at: datetime) -> bool:
    """False: somebody else was faster, and nothing is changed."""
    mine = update(t.escalations).where(t.escalations.c.number == was.number, t.escalations.c.turn == was.now.turn)
    return (await conn.execute(mine.values(**_columns(now, at)))).rowcount == 1


# What happened


async def add_event(
    conn: AsyncConnection,
    seal: Seal,
    number: int,
    kind: str,
    at: datetime,
    *,
    staff_id: str | None = None,
    words: str = "",
    **body: object,
) -> None:
    """The escalation is locked by this transaction, so its numbers have no gap. `body`: codes, ids and counts."""
    e = t.escalation_events.c
    last = await conn.scalar(select(func.max(e.seq)).where(e.escalation == number))
    seq = (last or 0) + 1
    sealed = seal.seal(words, context=_spoken(number, seq)) if words else None
    row = {"escalation": number, "seq": seq, "kind": kind, "staff_id": staff_id, "at": at, "body": body}
    await conn.execute(insert(t.escalation_events).values(**row, words=sealed))


def words_of(seal: Seal, number: int, event: Happened) -> str | None:
    """What a person said, opened; None when they said nothing."""
    return seal.open(event.words, context=_spoken(number, event.seq)) if event.words else None


def _spoken(number: int, seq: int) -> str:
    return f"escalation_events.words/{number}/{seq}"


async def story(conn: AsyncConnection, number: int) -> list[Happened]:
    e = t.escalation_events.c
    found = select(e.seq, e.kind, e.staff_id, e.at, e.body, e.words).where(e.escalation == number).order_by(e.seq)
    return [Happened(**row) for row in (await conn.execute(found)).mappings()]


# Pages


async def add_pages(conn: AsyncConnection, pages: Sequence[PageRow]) -> None:
    """One that is there already stays as it is, so it goes out once whatever happens."""
    rows = [{field.name: getattr(page, field.name) for field in fields(page)} for page in pages]
    plain = [{**row, "way": row["way"].value, "state": row["state"].value} for row in rows]
    if plain:
        await conn.execute(insert_into(conn, t.escalation_pages).on_conflict_do_nothing(), plain)


async def page_and_whose(conn: AsyncConnection, key: str) -> tuple[PageRow, Stored] | None:
    """A page and its escalation, in one look."""
    row = (await conn.execute(_PAGE_AND_WHOSE, {"key": key})).mappings().first()
    if row is None:
        return None
    whose = {name: row[f"whose_{name}"] for name in _WHOSE}
    return _page({column.name: row[column.name] for column in t.escalation_pages.columns}), _stored(whose)


async def page_by_ref(conn: AsyncConnection, ref: str) -> PageRow | None:
    """By the provider's own id, for its callbacks."""
    found = select(t.escalation_pages).where(t.escalation_pages.c.ref == ref).limit(1)
    row = (await conn.execute(found)).mappings().first()
    return _page(row) if row else None


async def pages(conn: AsyncConnection, number: int) -> list[PageRow]:
    """Every page of it, oldest first."""
    p = t.escalation_pages.c
    found = select(t.escalation_pages).where(p.escalation == number).order_by(p.created_at, p.key)
    return [_page(row) for row in (await conn.execute(found)).mappings()]


async def sent_to(conn: AsyncConnection, staff_id: str, *, limit: int = 50) -> list[PageRow]:
    """What went out to one person, newest first."""
    p = t.escalation_pages.c
    found = select(t.escalation_pages).where(p.staff_id == staff_id, p.state == PageState.SENT.value)
    rows = await conn.execute(found.order_by(p.created_at.desc(), p.key).limit(limit))
    return [_page(row) for row in rows.mappings()]


async def settle_page(
    conn: AsyncConnection,
    key: str,
    state: PageState,
    at: datetime,
    *,
    attempts: int,
    reason: str | None = None,
    ref: str | None = None,
    card: CardRef | None = None,
) -> bool:
    """False: it was settled before."""
    place = {field.name: getattr(card, field.name) for field in fields(card)} if card else None
    still = [one.value for one in OPEN_PAGES]
    mine = update(t.escalation_pages).where(t.escalation_pages.c.key == key, t.escalation_pages.c.state.in_(still))
    settled = None if state in OPEN_PAGES else at
    values = {"state": state.value, "reason": reason, "ref": ref, "place": place}
    return (await conn.execute(mine.values(**values, settled_at=settled, attempts=attempts))).rowcount == 1


async def take_back_delivery(conn: AsyncConnection, key: str, reason: str) -> bool:
    """A provider that had taken it says now that it did not arrive."""
    p = t.escalation_pages.c
    sent = update(t.escalation_pages).where(p.key == key, p.state == PageState.SENT.value)
    return (await conn.execute(sent.values(state=PageState.UNDELIVERED.value, reason=reason[:64]))).rowcount == 1


# Helpers


def _columns(now: Escalation, at: datetime) -> dict[str, Any]:
    return {
        "tier": now.tier.value,
        "state": now.state.value,
        "turn": now.turn,
        "owner": now.owner,
        "due_at": now.due_at,
        "acknowledged_at": now.acknowledged_at,
        "standing": STANDING.dump_python(now, mode="json"),
        "updated_at": at,
    }


_WHOSE: Final = ("number", "alias", "client_id", "team", "treating", "standing")
_PAGE_AND_WHOSE: Final = (  # made once: making a statement costs more than running it
    select(t.escalation_pages, *(t.escalations.c[name].label(f"whose_{name}") for name in _WHOSE))
    .join(t.escalations, t.escalations.c.number == t.escalation_pages.c.escalation)
    .where(t.escalation_pages.c.key == bindparam("key"))
)


def _stored(row: RowMapping | Mapping[str, Any]) -> Stored:
    return Stored(
        number=row["number"],
        alias=row["alias"],
        client_id=row["client_id"],
        team=row["team"],
        treating=tuple(row["treating"]),
        now=STANDING.validate_python(row["standing"]),
    )


def _page(row: RowMapping | Mapping[str, Any]) -> PageRow:
    return PageRow(**{**row, "way": WayName(row["way"]), "state": PageState(row["state"])})
