"""Every replica ticks; one row for each (job, wall time) decides who fires. The only importer of apscheduler.

APScheduler is a ticker here and nothing else: it keeps no jobs, for its shared job stores fire a slot once for every
process. It is told to run late ticks all the same, in one: by default it drops a tick that is a second late.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Protocol, Self

import structlog
from apscheduler.jobstores.memory import MemoryJobStore  # type: ignore[import-untyped]  # it ships no types
from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]  # as above
from apscheduler.triggers.interval import IntervalTrigger  # type: ignore[import-untyped]  # as above

from scheduler.due import Fate, Firing, next_after, plan
from scheduler.job import CalendarJob

TICK_S: Final = 5.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one job. `since`: slots up to this moment were decided about, or happened before we were."""

    since: datetime
    last_fired: datetime | None = None  # when it was fired, not when it was due
    late_s: float = 0.0  # how late the last firing was
    fired: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    now: datetime  # by the clock that all replicas share
    jobs: Mapping[str, Record]


class Claims(Protocol):
    """Who fires what, decided in one place for all replicas."""

    async def standing(self, jobs: Sequence[str]) -> Standing:
        """The shared clock and a record for each job. One that was never heard of begins now, and is remembered."""
        ...

    async def claim(self, job: str, firings: Sequence[Firing]) -> tuple[Firing, ...]:
        """Take what nobody has taken, and begin the work of those to be fired, all in one transaction.

        Returns what was taken by this call. A (job, wall time) is taken once, whoever asks and however often.
        """
        ...


@dataclass(frozen=True, slots=True)
class Status:
    """One job of the calendar, for `/metrics` and for a person who asks."""

    name: str
    zone: str
    catch_up: str
    last_fired: datetime | None
    next_due: datetime | None
    overdue_s: float  # how long the oldest slot that nobody decided about has been waiting; 0 when there is none
    late_s: float
    fired: int
    skipped: int


async def status(calendar: Sequence[CalendarJob], claims: Claims) -> tuple[Status, ...]:
    standing = await claims.standing([job.name for job in calendar])
    return tuple(_status(job, standing.jobs[job.name], standing.now) for job in calendar)


def _status(job: CalendarJob, record: Record, now: datetime) -> Status:
    waiting = plan(job, since=record.since, now=now)
    coming = next_after(job, now)
    return Status(
        name=job.name,
        zone=job.zone,
        catch_up=job.catch_up.value,
        last_fired=record.last_fired,
        next_due=coming.at if coming else None,
        overdue_s=waiting[0].late_s if waiting else 0.0,
        late_s=record.late_s,
        fired=record.fired,
        skipped=record.skipped,
    )


class Runner:
    """`async with Runner(calendar, claims): ...` looks at the calendar at once and then at every tick."""

    def __init__(self, calendar: Sequence[CalendarJob], claims: Claims, *, tick_s: float = TICK_S) -> None:
        if len({job.name for job in calendar}) != len(calendar):
            raise ValueError("two calendar jobs have the same name")
        self._calendar, self._claims, self._tick_s = tuple(calendar), claims, tick_s
        self._ticker = AsyncIOScheduler(jobstores={"default": MemoryJobStore()}, timezone=UTC)

    async def __aenter__(self) -> Self:
        every = IntervalTrigger(seconds=self._tick_s, timezone=UTC)
        rules = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._ticker.add_job(self.tick, every, next_run_time=datetime.now(UTC), **rules)
        self._ticker.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ticker.shutdown(wait=False)

    async def tick(self) -> None:
        """Never raises: what cannot be decided now, because the database is away, is decided at a later tick."""
        try:
            await self._look()
        except Exception as trouble:  # noqa: BLE001 - a ticker that stops ticking is worse than any of them
            _log.warning("calendar_tick_failed", error=type(trouble).__name__)

    async def _look(self) -> None:
        standing = await self._claims.standing([job.name for job in self._calendar])
        for job in self._calendar:
            if firings := plan(job, since=standing.jobs[job.name].since, now=standing.now):
                _tell(job, await self._claims.claim(job.name, firings))


def _tell(job: CalendarJob, taken: Sequence[Firing]) -> None:
    fired = [firing for firing in taken if firing.fate is Fate.FIRED]
    for firing in fired:
        _log.info("calendar_fired", kind=job.name, late_s=round(firing.late_s, 1))
    if skipped := len(taken) - len(fired):
        _log.warning("calendar_skipped", kind=job.name, count=skipped)
