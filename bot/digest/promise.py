"""A digest is promised: a row and its job, once for each team, kind and period, however many ask for it."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.digest import records
from bot.digest.schedule import Due
from bot.flow.office import EHR_LANE
from bot.store import jobs

MAKE: Final = "digest_make"


async def promised(conn: AsyncConnection, due: Due, *, asked_by: str | None = None) -> None:
    new = await records.promise(conn, team=due.team, kind=due.kind, period=due.period, due_at=due.at, asked_by=asked_by)
    if new is not None:
        await jobs.enqueue(conn, MAKE, new, lane=EHR_LANE, dedup=f"{MAKE}:{new}")
