"""Links, deactivations and phases as the database has them, remembered in the process.

Every press and every word that is not a plain command reads two version numbers first, so a change made anywhere holds
at the next click. A plain command looks at memory alone, which `watching` renews: it lags behind by RELOAD_S at most.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Platform, Who
from bot.flow.office import Office
from bot.people import Known
from bot.rollout import changes
from bot.store import tables as t

RELOAD_S: Final = 3.0
_log = structlog.get_logger(__name__)


async def fresh(office: Office) -> None:
    """Memory is as new as the database, whoever changed it."""
    async with office.db.read() as conn:
        version = await _version(conn)
        if version == office.people.known.version:
            return
        rows = list((await conn.execute(select(t.people_changes).order_by(t.people_changes.c.number))).mappings())
        office.phases.confirmed = await changes.confirmed(conn)
    links = {
        Who(Platform(r["platform"]), r["tenant"], r["chat_user"]): r["staff_id"] for r in rows if r["kind"] == "linked"
    }
    gone = frozenset(row["staff_id"] for row in rows if row["kind"] == "deactivated")
    office.people.learn(Known(links, gone, version))


async def _version(conn: AsyncConnection) -> tuple[int, int]:
    row = (await conn.execute(_VERSION)).one()
    return int(row[0] or 0), int(row[1] or 0)


_VERSION: Final = select(  # made once, and asked in one go: every click asks it
    select(func.max(t.people_changes.c.number)).scalar_subquery(),
    select(func.count()).where(t.rollout_changes.c.confirmed_at.is_not(None)).scalar_subquery(),
)


@asynccontextmanager
async def watching(office: Office) -> AsyncIterator[None]:
    """Until the block ends; a database that does not answer is asked again."""
    await fresh(office)
    task = asyncio.create_task(_watch(office))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _watch(office: Office) -> None:
    while True:
        await asyncio.sleep(RELOAD_S)
        try:
            await fresh(office)
        except Exception as error:  # noqa: BLE001 - the next click reads it anyhow; this one must go on
            _log.warning("known_not_read", error=type(error).__name__)
