"""Work and timers as rows: put one in with `enqueue`, in the transaction of whatever causes it; `worker.py` does it.

A job is done at least once and its completion counts once: the effect's record and the follow-up jobs commit together
with it, and only while the lease is still held. Times are the database's clock; callers pass delays.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import BindParameter, ColumnElement, Float, bindparam, case, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.sql.functions import FunctionElement

from bot.store.session import ENQUEUED, insert_into
from bot.store.tables import jobs

CRISIS: Final = "crisis"  # this lane, and every lane "crisis:...", has its own slots and a shorter lease
DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt at one piece of work. `ref` is an id, never content."""

    id: int
    kind: str
    ref: str
    lane: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job to be put in."""

    kind: str
    ref: str
    lane: str
    dedup: str


type Finish = Callable[[AsyncConnection], Awaitable[None]]
type Handler = Callable[[Job], Awaitable[Finish | None]]


class Later(Exception):
    """Raised by a handler: try again, after `after_s`, or when None after a growing pause."""

    def __init__(self, code: str, *, after_s: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.after_s = after_s


class Never(Exception):
    """Raised by a handler: trying again is no use, a person must look."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What stands in the queue. `oldest_due_s`: how long the longest waiting due job waits; 0 when none does."""

    due: int
    scheduled: int
    running: int
    dead: int
    done: int
    oldest_due_s: float


class clock(FunctionElement[float]):  # noqa: N801 - reads as SQL
    """Seconds since the epoch, by the database."""

    type = Float()
    inherit_cache = True


@compiles(clock, "postgresql")
def _clock_postgresql(*_: Any, **__: Any) -> str:
    return "extract(epoch from clock_timestamp())::double precision"


@compiles(clock, "sqlite")
def _clock_sqlite(*_: Any, **__: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


async def enqueue(
    conn: AsyncConnection, kind: str, ref: str, *, lane: str, delay_s: float = 0, dedup: str | None = None
) -> bool:
    """Put a job in. False, and nothing happens, when a job with this `dedup` key exists in any state, done included."""
    job = {"kind": kind, "ref": ref, "lane": lane, "dedup": dedup, "delay_s": delay_s}
    added = await conn.execute(_put_in(conn.dialect.name), job)
    conn.info[ENQUEUED] = True
    return added.first() is not None


async def enqueue_all(conn: AsyncConnection, wanted: Sequence[Wanted]) -> None:
    """Put several in, all due now; one whose key is taken stays out."""
    if wanted:
        rows = [{"kind": w.kind, "ref": w.ref, "lane": w.lane, "dedup": w.dedup, "delay_s": 0.0} for w in wanted]
        await conn.execute(_put_in(conn.dialect.name), rows)
        conn.info[ENQUEUED] = True


@cache
def _put_in(dialect: str) -> ReturningInsert[tuple[int]]:
    """Made once: making a statement costs more than running it."""
    given: dict[str, BindParameter[str]] = {name: bindparam(name) for name in ("kind", "ref", "lane", "dedup")}
    due = clock() + bindparam("delay_s", type_=Float())
    row = insert_into(dialect, jobs).values(**given, state="due", due=due, attempt=0, created=clock())
    return row.on_conflict_do_nothing(index_elements=["dedup"]).returning(jobs.c.id)


async def requeue(conn: AsyncConnection, job_id: int) -> bool:
    """A person asks to try a dead job again, with all its attempts. False unless it is dead."""
    again = update(jobs).where(jobs.c.id == job_id, jobs.c.state == "dead")
    done = await conn.execute(again.values(state="due", due=clock(), attempt=0, error=None, finished=None))
    conn.info[ENQUEUED] = True
    return done.rowcount == 1


async def cancel(conn: AsyncConnection, dedup: str) -> bool:
    """Take back a job that waits. False when it runs, is over or never was. Its key stays taken."""
    waiting_job = update(jobs).where(jobs.c.dedup == dedup, jobs.c.state == "due")
    done = await conn.execute(waiting_job.values(state="done", error="cancelled", finished=clock()))
    return done.rowcount == 1


async def hold(conn: AsyncConnection, lane: str, after_s: float) -> None:
    """Nothing more of this lane for so long, in any process: what is due comes after that, in its old order."""
    early = update(jobs).where(jobs.c.lane == lane, jobs.c.state == "due", jobs.c.due < clock() + after_s)
    await conn.execute(early.values(due=clock() + after_s))


async def error_of(conn: AsyncConnection, job: Job) -> str | None:
    """The code that the attempt before this one ended with; None when it is not known."""
    return (await conn.execute(select(jobs.c.error).where(jobs.c.id == job.id))).scalar_one_or_none()


async def waiting(conn: AsyncConnection) -> Waiting:
    now = clock()
    is_due = (jobs.c.state == "due") & (jobs.c.due <= now)
    row = (
        await conn.execute(
            select(
                _count(is_due),
                _count((jobs.c.state == "due") & (jobs.c.due > now)),
                _count(jobs.c.state == "running"),
                _count(jobs.c.state == "dead"),
                _count(jobs.c.state == "done"),
                func.coalesce(now - func.min(case((is_due, jobs.c.due))), 0.0),
            )
        )
    ).one()
    return Waiting(
        due=row[0], scheduled=row[1], running=row[2], dead=row[3], done=row[4], oldest_due_s=max(0.0, row[5])
    )


async def purge(conn: AsyncConnection, *, keep_s: float = DAY_S, keep_keys_s: float = 35 * DAY_S) -> int:
    """Remove finished jobs; those with a dedup key stay longer than any sender repeats itself. Dead jobs stay."""
    age = clock() - jobs.c.finished
    old = or_(age > keep_keys_s, jobs.c.dedup.is_(None) & (age > keep_s))
    return (await conn.execute(delete(jobs).where(jobs.c.state == "done", old))).rowcount


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def is_crisis(lane: str) -> bool:
    return lane == CRISIS or lane.startswith(f"{CRISIS}:")
