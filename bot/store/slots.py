"""The calendar's claims as rows: each (job, wall time) is taken once by all replicas, and its work begins with it.

The row and the job for the worker commit together, so that whoever dies after taking a slot has not lost it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Row, case, delete, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.jobs import enqueue
from bot.store.queue import DAY_S, clock
from bot.store.session import Database, insert_into
from bot.store.tables import slots
from scheduler.due import Fate, Firing
from scheduler.runner import Record, Standing

LANE: Final = "clock"
BEGUN: Final = "begun"  # the state of the row that says since when a job is known
KEPT_S: Final = 100 * DAY_S


class StoredClaims:
    """Implements scheduler.runner.Claims. A fired slot of "kind:ref" is a job `kind` with the ref "ref@wall time"."""

    def __init__(self, db: Database, *, replica: str) -> None:
        self._db = db
        self._replica = replica[:64]

    async def standing(self, jobs: Sequence[str]) -> Standing:
        async with self._db.read() as conn:
            now, records = await _read(conn, jobs)
        if new := [job for job in jobs if job not in records]:
            async with self._db.write() as conn:
                for job in new:
                    await self._take(conn, job, slot="", at=now, state=BEGUN, late_s=0)
                now, records = await _read(conn, jobs)
        return Standing(_moment(now), records)

    async def claim(self, job: str, firings: Sequence[Firing]) -> tuple[Firing, ...]:
        async with self._db.write() as conn:
            return tuple([firing for firing in firings if await self._begin(conn, job, firing)])

    async def _begin(self, conn: AsyncConnection, job: str, firing: Firing) -> bool:
        slot = firing.slot
        at, late_s = slot.at.timestamp(), firing.late_s
        taken = await self._take(conn, job, slot=slot.key, at=at, state=firing.fate.value, late_s=late_s)
        if taken and firing.fate is Fate.FIRED:
            kind, _, ref = job.partition(":")
            await enqueue(conn, kind, f"{ref}@{slot.key}", lane=LANE, dedup=f"slot:{job}@{slot.key}")
        return taken

    async def _take(self, conn: AsyncConnection, job: str, *, slot: str, at: float, state: str, late_s: float) -> bool:
        row = insert_into(conn, slots).values(
            job=job, slot=slot, at=at, state=state, fired_at=clock(), late_s=late_s, replica=self._replica
        )
        added = await conn.execute(row.on_conflict_do_nothing(index_elements=["job", "slot"]).returning(slots.c.job))
        return added.first() is not None


async def purge(conn: AsyncConnection, *, keep_s: float = KEPT_S, job: str | None = None) -> int:
    """Forget old slots, of `job` or of all. Each keeps its newest, where the next look starts, and its beginning."""
    newest = select(func.max(slots.c.at)).group_by(slots.c.job)
    old = slots.c.at < clock() - keep_s
    if job is not None:
        old &= slots.c.job == job
    return (await conn.execute(delete(slots).where(old, slots.c.state != BEGUN, slots.c.at.not_in(newest)))).rowcount


async def _read(conn: AsyncConnection, jobs: Sequence[str]) -> tuple[float, dict[str, Record]]:
    now = (await conn.execute(select(clock()))).scalar_one()
    s = slots.c
    fired_at = func.max(case((s.state == Fate.FIRED.value, s.fired_at)))
    count = {fate: func.sum(case((s.state == fate.value, 1), else_=0)).label(fate.value) for fate in Fate}
    found = select(s.job, func.max(s.at).label("at"), fired_at.label("last"), *count.values()).group_by(s.job)
    rows = (await conn.execute(found.where(s.job.in_(jobs)))).all()
    newest = select(s.job, func.max(s.at)).where(s.state == Fate.FIRED.value, s.job.in_(jobs)).group_by(s.job)
    late = select(s.job, s.late_s).where(tuple_(s.job, s.at).in_(newest))
    late_s = {row.job: row.late_s for row in await conn.execute(late)}
    return now, {row.job: _record(row, late_s.get(row.job, 0.0)) for row in rows}


def _record(row: Row[tuple[str, float, float | None, int, int]], late_s: float) -> Record:
    last = _moment(row.last) if row.last is not None else None
    return Record(_moment(row.at), last, late_s, fired=row.fired, skipped=row.skipped)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
