"""The SQL of holding a job: look, claim, renew, free, finish. Each function is one step inside a caller's transaction.

A holder is known by a token made anew for every claim, so whoever lost a job cannot finish it, whatever happened since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, func, literal, select, text, tuple_, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.queue import Job, clock
from bot.store.tables import jobs

LOST: Final = "lease_expired"


@dataclass(frozen=True, slots=True)
class Held:
    """A claimed job and the token it was claimed with."""

    job: Job
    token: str


@dataclass(frozen=True, slots=True)
class Orphan:
    """A job whose holder is gone. `again`: the holder before was lost too, so the job itself may be what kills them."""

    held: Held
    again: bool


@dataclass(frozen=True, slots=True)
class Look:
    """Lanes whose first job is due, longest waiting first; the seconds until the next one is; leases that ran out."""

    lanes: tuple[str, ...]
    next_s: float | None
    expired: bool


async def look(conn: AsyncConnection) -> Look:
    """One statement that steps from lane to lane along the index: a long queue in one lane costs nothing."""
    rows = (await conn.execute(_LOOK)).all()
    heads = sorted((row.in_s, row.lane) for row in rows if row.lane is not None)
    lease_s = next((row.in_s for row in rows if row.lane is None and row.in_s is not None), None)
    waits = [in_s for in_s, _ in heads if in_s > 0] + ([lease_s] if lease_s is not None and lease_s > 0 else [])
    return Look(
        lanes=tuple(lane for in_s, lane in heads if in_s <= 0),
        next_s=min(waits, default=None),
        expired=lease_s is not None and lease_s <= 0,
    )


def _heads_and_leases() -> "Select[tuple[str | None, float]]":
    first = select(func.min(jobs.c.lane).label("lane")).where(jobs.c.state == "due")
    lanes = first.cte("lanes", recursive=True)
    after = select(func.min(jobs.c.lane)).where(jobs.c.state == "due", jobs.c.lane > lanes.c.lane).scalar_subquery()
    lanes = lanes.union_all(select(after).where(lanes.c.lane.is_not(None)))
    head = select(func.min(jobs.c.due)).where(jobs.c.state == "due", jobs.c.lane == lanes.c.lane).scalar_subquery()
    heads = select(lanes.c.lane, (head - clock()).label("in_s")).where(lanes.c.lane.is_not(None))
    lease = select(literal(None), func.min(jobs.c.lease_until) - clock()).where(jobs.c.state == "running")
    both = union_all(heads, lease).subquery()
    return select(both.c.lane, both.c.in_s)


async def running_by_lane(conn: AsyncConnection, lanes: Sequence[str]) -> Mapping[str, int]:
    """How many run now, in any process."""
    count = select(jobs.c.lane, func.count()).where(jobs.c.state == "running", jobs.c.lane.in_(lanes))
    return {row[0]: row[1] for row in await conn.execute(count.group_by(jobs.c.lane))}


async def claim(
    conn: AsyncConnection, wanted: Mapping[str, int], *, at_most: Mapping[str, int], token: str, lease_s: float
) -> list[Held]:
    """Take up to `wanted` due jobs of each lane, so that no more than `at_most` of it run. Counts the attempt."""
    held: list[Held] = []
    for lane in sorted(wanted):
        await _only_claimer(conn, lane)
        running = (await running_by_lane(conn, [lane])).get(lane, 0)
        if (room := min(wanted[lane], at_most[lane] - running)) > 0:
            held += await _claim_lane(conn, lane, room, token, lease_s)
    return held


async def _only_claimer(conn: AsyncConnection, lane: str) -> None:
    """Until this transaction ends nobody else claims in this lane, else two processes would fill the same room."""
    if conn.dialect.name == "postgresql":
        await conn.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:lane, 4711))"), {"lane": lane})


async def _claim_lane(conn: AsyncConnection, lane: str, room: int, token: str, lease_s: float) -> list[Held]:
    first = (
        select(jobs.c.id)
        .where(jobs.c.state == "due", jobs.c.lane == lane, jobs.c.due <= clock())
        .order_by(jobs.c.due, jobs.c.id)
        .limit(room)
        .with_for_update(skip_locked=True)
        .cte("first")  # run once; as a plain subquery PostgreSQL may run it once for each row and so exceed the limit
    )
    taken = await conn.execute(
        update(jobs)
        .where(jobs.c.id.in_(select(first.c.id)), jobs.c.state == "due")
        .values(state="running", attempt=jobs.c.attempt + 1, lease_by=token, lease_until=clock() + lease_s)
        .returning(*_JOB)
    )
    return [Held(Job(*row), token) for row in taken]


async def renew(conn: AsyncConnection, held: Sequence[Held], *, lease_s: float) -> set[int]:
    """Hold on for another `lease_s`. Returns the ids still held; the others belong to somebody else by now."""
    mine = [(one.job.id, one.token) for one in held]
    kept = await conn.execute(
        update(jobs)
        .where(jobs.c.state == "running", tuple_(jobs.c.id, jobs.c.lease_by).in_(mine))
        .values(lease_until=clock() + lease_s)
        .returning(jobs.c.id)
    )
    return set(kept.scalars())


async def finish(conn: AsyncConnection, held: Held) -> bool:
    """Mark it done. False: the lease was lost, so nothing else of this transaction may be kept either."""
    return await _set(conn, held, state="done", finished=clock(), lease_by=None, lease_until=None, error=None)


async def finish_all(conn: AsyncConnection, held: Sequence[Held]) -> set[int]:
    """Mark them done. Returns the ids of those still held; nothing may be kept of the others."""
    mine = [(one.job.id, one.token, one.job.attempt) for one in held]
    finished = (
        update(jobs)
        .where(jobs.c.state == "running", tuple_(jobs.c.id, jobs.c.lease_by, jobs.c.attempt).in_(mine))
        .values(state="done", finished=clock(), lease_by=None, lease_until=None, error=None)
    )
    return set((await conn.execute(finished.returning(jobs.c.id))).scalars())


async def postpone(conn: AsyncConnection, held: Held, *, after_s: float, code: str) -> bool:
    return await _set(conn, held, state="due", due=clock() + after_s, lease_by=None, lease_until=None, error=code)


async def give_back(conn: AsyncConnection, held: Held, *, code: str) -> bool:
    """To be done next: it keeps its old due time, and with that its place before all who came later."""
    return await _set(conn, held, state="due", lease_by=None, lease_until=None, error=code)


async def bury(conn: AsyncConnection, held: Held, *, code: str) -> bool:
    """A dead letter: no more attempts until a person asks for them."""
    return await _set(conn, held, state="dead", finished=clock(), lease_by=None, lease_until=None, error=code)


async def expired(conn: AsyncConnection) -> list[Orphan]:
    """Jobs whose holder fell silent."""
    return await _orphans(conn, jobs.c.lease_until <= clock())


async def of_earlier_lives(conn: AsyncConnection, replica: str | None, *, but: str) -> list[Orphan]:
    """Jobs that `replica` held before it was started as `but`; None: whoever held them (one process owns all)."""
    whose = jobs.c.lease_by.startswith(f"{replica}:", autoescape=True) if replica else jobs.c.lease_by.is_not(None)
    return await _orphans(conn, and_(whose, ~jobs.c.lease_by.startswith(f"{but}:", autoescape=True)))


async def _orphans(conn: AsyncConnection, condition: ColumnElement[bool]) -> list[Orphan]:
    chosen = select(*_JOB, jobs.c.lease_by, jobs.c.error).where(jobs.c.state == "running", condition)
    rows = await conn.execute(chosen.order_by(jobs.c.id))
    return [Orphan(Held(Job(*row[:-2]), row.lease_by), again=row.error == LOST) for row in rows]


async def _set(conn: AsyncConnection, held: Held, **values: object) -> bool:
    mine = update(jobs).where(
        jobs.c.id == held.job.id,
        jobs.c.state == "running",
        jobs.c.lease_by == held.token,
        jobs.c.attempt == held.job.attempt,
    )
    return (await conn.execute(mine.values(**values))).rowcount == 1


_JOB = (jobs.c.id, jobs.c.kind, jobs.c.ref, jobs.c.lane, jobs.c.attempt)
_LOOK = _heads_and_leases()  # made once: every worker looks all the time
