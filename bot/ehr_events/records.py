"""Rows of notifications: each kept once, each subscription with the number it has come to. No content of a chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.flow.office import new_id
from bot.flow.records import insert_once
from bot.store import tables as t
from bot.store.session import insert_into
from ehr_clients.events import Event, Notice

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


async def add(conn: AsyncConnection, notice: Notice, event: Event, at: datetime) -> str | None:
    """Its id; None when it is kept already. One without a key cannot be known again, and is looked into each time."""
    new = new_id()
    row = {"id": new, "key": event.key or f"alone:{new}", "subscription": notice.subscription, "at": at}
    refs = [focus.ref for focus in event.focus]
    return new if await insert_once(conn, t.ehr_events, **row, refs=refs) else None


async def one(conn: AsyncConnection, event_id: str) -> Kept | None:
    e = t.ehr_events.c
    row = (await conn.execute(select(e.id, e.subscription, e.refs).where(e.id == event_id))).first()
    return Kept(row.id, row.subscription, tuple(row.refs)) if row else None


async def heard(conn: AsyncConnection, notice: Notice, at: datetime) -> bool:
    """Note how far this subscription has come. True: numbers in between are missing, so something was lost."""
    s = t.ehr_subscriptions.c
    row = insert_into(conn, t.ehr_subscriptions).values(id=notice.subscription, gaps=0, last_at=at)
    await conn.execute(row.on_conflict_do_nothing(index_elements=["id"]))
    mine = s.id == notice.subscription
    known = await conn.scalar(select(s.told).where(mine).with_for_update())
    numbers = [event.number for event in notice.events if event.number is not None]
    lost = _lost(known, numbers, notice.told)
    highest = max([n for n in (known, notice.told, *numbers) if n is not None], default=None)
    gaps = func.coalesce(s.gaps, 0) + (1 if lost else 0)
    await conn.execute(update(t.ehr_subscriptions).where(mine).values(told=highest, gaps=gaps, last_at=at))
    return lost


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
