"""What people did, kept before it is acknowledged: each delivery once by its natural key, and replayable.

A body is sealed and stays as long as it waits or has failed; then only the key and the state remain, longer than any
platform repeats itself. The database's clock, as for jobs.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final

from sqlalchemy import BindParameter, Row, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert

from bot.store.queue import DAY_S, clock
from bot.store.sealed import Seal
from bot.store.session import forget, insert_into
from bot.store.tables import inbox as t

PATIENCE_S: Final = 60.0  # whoever received it has this long to handle it; longer than any adapter lets the desk take
KEEP_KEYS_S: Final = 35 * DAY_S
KEEP_ANSWERS_S: Final = DAY_S


class State(StrEnum):
    RECEIVED = "received"
    DONE = "done"
    FAILED = "failed"
    IGNORED = "ignored"  # it only wanted to see something, and nobody waits for that any more


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row. `body` and `answer` are None when purged or not wanted."""

    id: int
    source: str
    kind: str
    state: State
    attempts: int
    received: datetime
    body: str | None = None
    answer: str | None = None


async def keep(conn: AsyncConnection, seal: Seal, *, source: str, key: str, kind: str, body: str) -> int | None:
    """The id of the new row; None when this delivery is known already. `key` is the platform's own id of it."""
    hashed = key_of(source, key)
    sealed = seal.seal(body, context=_body(hashed))
    row = {"source": source, "key": hashed, "kind": kind, "body": sealed}
    added = (await conn.execute(_keeping(conn.dialect.name), row)).first()
    return int(added[0]) if added else None


@cache
def _keeping(dialect: str) -> ReturningInsert[Any]:
    """Made once: making a statement costs more than running it."""
    given: dict[str, BindParameter[Any]] = {name: bindparam(name) for name in ("source", "key", "kind", "body")}
    new = {"state": State.RECEIVED.value, "received": clock(), "due": clock() + PATIENCE_S, "attempts": 1}
    row = insert_into(dialect, t).values(**given, **new)
    return row.on_conflict_do_nothing(index_elements=["key"]).returning(t.c.id)


@dataclass(frozen=True, slots=True)
class Handled:
    """A delivery that was handled in the transaction that keeps it: nothing of it waits, so no body is kept."""

    source: str
    key: str
    kind: str
    answer: str


async def keep_handled(conn: AsyncConnection, seal: Seal, some: Sequence[Handled]) -> int:
    """Keep deliveries with their answers; how many were not known before."""
    rows = []
    for one in some:
        hashed = key_of(one.source, one.key)
        sealed = seal.seal(one.answer, context=_answer(hashed))
        rows.append({"source": one.source, "key": hashed, "kind": one.kind, "answer": sealed})
    return len((await conn.execute(_keeping_handled(conn.dialect.name), rows)).all()) if rows else 0


@cache
def _keeping_handled(dialect: str) -> ReturningInsert[Any]:
    given: dict[str, BindParameter[Any]] = {name: bindparam(name) for name in ("source", "key", "kind", "answer")}
    over = {"state": State.DONE.value, "received": clock(), "due": clock(), "finished": clock(), "attempts": 1}
    row = insert_into(dialect, t).values(**given, **over)
    return row.on_conflict_do_nothing(index_elements=["key"]).returning(t.c.id)


def key_of(source: str, key: str) -> str:
    """Hashed: a platform's id may be long, and nobody needs to read it."""
    return hashlib.sha256(f"{source}\n{key}".encode()).hexdigest()


async def known(conn: AsyncConnection, seal: Seal, *, source: str, key: str) -> Delivery | None:
    """What became of a delivery, with the answer it got."""
    row = (await conn.execute(select(t).where(t.c.key == key_of(source, key)))).one_or_none()
    return _delivery(row, seal) if row else None


async def settle(
    conn: AsyncConnection, seal: Seal, number: int, state: State, *, answer: str | None = None, key: str | None = None
) -> None:
    """It is over. The body goes, unless it failed and may be replayed. `key`: as `key_of` made it, if known."""
    sealed = None
    if answer is not None:
        key = key or (await conn.execute(select(t.c.key).where(t.c.id == number))).scalar_one()
        sealed = seal.seal(answer, context=_answer(key))
    settled = _FAILED if state is State.FAILED else _DONE
    await conn.execute(settled, {"number": number, "as_": state.value, "sealed": sealed})


_FAILED: Final = (
    update(t)
    .where(t.c.id == bindparam("number"))
    .values(state=bindparam("as_"), finished=clock(), answer=bindparam("sealed"))
)
_DONE: Final = _FAILED.values(body=None)


async def take_overdue(
    conn: AsyncConnection, seal: Seal, *, limit: int = 20, whoever_held: bool = False
) -> list[Delivery]:
    """Take on what its receiver did not handle in time, oldest first, for `PATIENCE_S`; counts the attempt.

    `whoever_held`: also what is not overdue. For the start of the only process there is.
    """
    waiting = t.c.state == State.RECEIVED.value
    chosen = select(t.c.id).where(waiting if whoever_held else waiting & (t.c.due <= clock()))
    first = chosen.order_by(t.c.id).limit(limit).with_for_update(skip_locked=True).cte("first")
    taken = update(t).where(t.c.id.in_(select(first.c.id)), waiting)
    rows = await conn.execute(taken.values(attempts=t.c.attempts + 1, due=clock() + PATIENCE_S).returning(t))
    return sorted((_delivery(row, seal) for row in rows), key=lambda delivery: delivery.id)


async def replay(conn: AsyncConnection, number: int) -> bool:
    """A person wants it handled again, by whoever runs. False: there is no such row, or its body was purged."""
    again = update(t).where(t.c.id == number, t.c.body.is_not(None))
    done = await conn.execute(again.values(state=State.RECEIVED.value, attempts=0, due=clock(), finished=None))
    return done.rowcount == 1


async def listed(conn: AsyncConnection, states: Collection[State], *, limit: int = 50) -> Sequence[Delivery]:
    """Newest first, without bodies and answers."""
    chosen = select(t).where(t.c.state.in_([state.value for state in states])).order_by(t.c.id.desc()).limit(limit)
    return [_delivery(row, None) for row in await conn.execute(chosen)]


async def purge(conn: AsyncConnection) -> int:
    """Forget old answers, and old deliveries altogether. What still waits stays."""
    forget(conn)
    answered = update(t).where(t.c.answer.is_not(None), t.c.finished < clock() - KEEP_ANSWERS_S)
    await conn.execute(answered.values(answer=None))
    old = delete(t).where(t.c.state != State.RECEIVED.value, t.c.received < clock() - KEEP_KEYS_S)
    return (await conn.execute(old)).rowcount


def _delivery(row: Row[Any], seal: Seal | None) -> Delivery:
    body = seal.open(row.body, context=_body(row.key)) if seal and row.body is not None else None
    answer = seal.open(row.answer, context=_answer(row.key)) if seal and row.answer is not None else None
    received = datetime.fromtimestamp(row.received, UTC)
    return Delivery(row.id, row.source, row.kind, State(row.state), row.attempts, received, body, answer)


def _body(key: str) -> str:
    return f"inbox.body/{key}"


def _answer(key: str) -> str:
    return f"inbox.answer/{key}"
