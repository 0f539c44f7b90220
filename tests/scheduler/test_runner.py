"""The runner over claims in memory: what a tick does, and what it survives. The claims of the database: tests/bot/store."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from scheduler.due import Fate, Firing
from scheduler.job import CalendarJob, CatchUp
from scheduler.runner import Record, Runner, Standing, status

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOURLY = CalendarJob(name="hourly", catch_up=CatchUp.RUN_ALL)


@dataclass
class MemoryClaims:
    """One clock and one list for all replicas."""

    now: datetime = NOON
    taken: dict[tuple[str, str], Firing] = field(default_factory=dict)
    begun: dict[str, datetime] = field(default_factory=dict)
    looks: int = 0
    down: bool = False

    async def standing(self, jobs: Sequence[str]) -> Standing:
        self.looks += 1
        if self.down:
            raise OSError
        return Standing(self.now, {job: self._record(job) for job in jobs})

    async def claim(self, job: str, firings: Sequence[Firing]) -> tuple[Firing, ...]:
        new = [firing for firing in firings if (job, firing.slot.key) not in self.taken]
        self.taken |= {(job, firing.slot.key): firing for firing in new}
        return tuple(new)

    def _record(self, job: str) -> Record:
        mine = [firing for (name, _), firing in self.taken.items() if name == job]
        since = max([self.begun.setdefault(job, self.now), *(firing.slot.at for firing in mine)])
        fired = [firing for firing in mine if firing.fate is Fate.FIRED]
        last = fired[-1].slot.at + timedelta(seconds=fired[-1].late_s) if fired else None
        return Record(since, last, fired[-1].late_s if fired else 0, len(fired), len(mine) - len(fired))

    def fired(self) -> list[str]:
        return [slot for (_, slot), firing in self.taken.items() if firing.fate is Fate.FIRED]


@pytest.fixture
def claims() -> MemoryClaims:
    return MemoryClaims()


async def test_a_new_job_starts_with_its_next_slot_and_not_with_its_past(claims: MemoryClaims) -> None:
    runner = Runner([HOURLY], claims)
    await runner.tick()
    assert claims.fired() == []
    claims.now += timedelta(hours=2, minutes=30)
    await runner.tick()
    assert claims.fired() == ["2026-11-23T13:00", "2026-11-23T14:00"]


async def test_it_looks_at_once_when_it_starts_and_ticks_from_then_on(claims: MemoryClaims) -> None:
    async with Runner([HOURLY], claims, tick_s=0.05), asyncio.timeout(5):
        while claims.looks < 3:  # noqa: ASYNC110 - the ticker is not ours to wait for
            await asyncio.sleep(0.01)
    looks = claims.looks
    await asyncio.sleep(0.15)
    assert claims.looks == looks


async def test_a_database_that_was_away_costs_lateness_and_no_slot(claims: MemoryClaims) -> None:
    runner = Runner([HOURLY], claims)
    await runner.tick()
    claims.down, claims.now = True, NOON + timedelta(hours=1)
    await runner.tick()
    claims.down, claims.now = False, NOON + timedelta(hours=1, seconds=20)
    await runner.tick()
    assert claims.fired() == ["2026-11-23T13:00"]
    assert claims.taken["hourly", "2026-11-23T13:00"].late_s == 20


async def test_a_clock_that_goes_forward_and_back_fires_nothing_twice(claims: MemoryClaims) -> None:
    runner = Runner([HOURLY], claims)
    for hours in (0, 3, 1, 2, 3, 4):
        claims.now = NOON + timedelta(hours=hours)
        await runner.tick()
    assert claims.fired() == [f"2026-11-23T{hour}:00" for hour in (13, 14, 15, 16)]


async def test_status_says_when_what_fired_and_what_is_next(claims: MemoryClaims) -> None:
    daily = CalendarJob(name="digest:harbor", hour="7", zone="America/New_York", catch_up=CatchUp.SKIP)
    runner = Runner([daily], claims)
    await runner.tick()
    (at_first,) = await status([daily], claims)
    assert (at_first.last_fired, at_first.next_due) == (None, NOON.replace(day=24))
    claims.now = NOON.replace(day=26, minute=1)  # nobody ticked on the 24th and 25th
    (waiting,) = await status([daily], claims)
    assert waiting.overdue_s == timedelta(days=2, minutes=1).total_seconds()
    await runner.tick()
    (after,) = await status([daily], claims)
    assert (after.fired, after.skipped, after.late_s, after.overdue_s) == (1, 2, 60, 0)
    assert after.last_fired == claims.now
    assert after.next_due == NOON.replace(day=27)


def test_two_jobs_of_one_name_are_refused(claims: MemoryClaims) -> None:
    with pytest.raises(ValueError, match="same name"):
        Runner([HOURLY, HOURLY], claims)
