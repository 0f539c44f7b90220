"""Rows of notifications: each kept once, each subscription with the number it has come to. No content of a chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.flow.office import new_id
from bot.flow.records import insert_once
from bot.store import tables as t
from bot.store.session import insert_into
from ehr_clients.events import Event, Notice, What

KEPT = timedelta(days=35)  # longer than any EHR repeats itself


@dataclass(frozen=True, slots=True)
class Kept:
    """`refs`: records it named. () : it named none, so we look for ourselves."""

    id: str
    subscription: str
    refs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subscribed:
    """`told`: the highest number we were told of. `gaps`: how often numbers were missing."""

    id: str
    told: int | None
    gaps: int
    last_at: datetime


async def add(conn: AsyncConnection, notice: Notice, event: Event, heard: "Heard", at: datetime) -> str | None:
    """Its id; None when it is kept already. One without a key cannot be known again, and is looked into each time."""
    new = new_id()
    key = f"{heard.counted}.{event.key}" if event.key else f"alone:{new}"
    row = {"id": new, "key": key, "subscription": notice.subscription, "at": at}
    refs = [focus.ref for focus in event.focus]
    return new if await insert_once(conn, t.ehr_events, **row, refs=refs) else None


async def one(conn: AsyncConnection, event_id: str) -> Kept | None:
    e = t.ehr_events.c
    row = (await conn.execute(select(e.id, e.subscription, e.refs).where(e.id == event_id))).first()
    return Kept(row.id, row.subscription, tuple(row.refs)) if row else None


@dataclass(frozen=True, slots=True)
class Heard:
    """`lost`: numbers in between are missing. `counted`: how often the EHR began to count anew."""

    lost: bool = False
    counted: int = 0


async def heard(conn: AsyncConnection, notice: Notice, at: datetime) -> Heard:
    """Note how far this subscription has come. A handshake begins its count anew."""
    s = t.ehr_subscriptions.c
    first = insert_into(conn, t.ehr_subscriptions).values(id=notice.subscription, gaps=0, counted=0, last_at=at)
    await conn.execute(first.on_conflict_do_nothing(index_elements=["id"]))
    mine = s.id == notice.subscription
    row = (await conn.execute(select(s.told, s.counted).where(mine).with_for_update())).one()
    begins = notice.what is What.HANDSHAKE and row.told is not None
    known, counted = (None, row.counted + 1) if begins else (row.told, row.counted)
    numbers = sorted({event.number for event in notice.events if event.number is not None})
    lost = _lost(known, numbers, notice.told)
    highest = max([n for n in (known, notice.told, *numbers) if n is not None], default=None)
    gaps = s.gaps + (1 if lost else 0)
    await conn.execute(
        update(t.ehr_subscriptions).where(mine).values(told=highest, counted=counted, gaps=gaps, last_at=at)
    )
    return Heard(lost, counted)


def _lost(known: int | None, numbers: Sequence[int], told: int | None) -> bool:
    """A first notification begins wherever it begins; afterwards each number comes after the one before it."""
    if known is None:
        return False
    new = sorted(n for n in numbers if n > known)
    expected = list(range(known + 1, known + 1 + len(new)))
    return new != expected or (told is not None and told > known + len(new))


async def subscribed(conn: AsyncConnection) -> list[Subscribed]:
    s = t.ehr_subscriptions.c
    rows = await conn.execute(select(s.id, s.told, s.gaps, s.last_at).order_by(s.id))
    return [Subscribed(*row) for row in rows]


async def forget(conn: AsyncConnection, now: datetime) -> int:
    return (await conn.execute(delete(t.ehr_events).where(t.ehr_events.c.at < now - KEPT))).rowcount
