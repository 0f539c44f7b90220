"""Which slots of a job are due between two moments, and what becomes of each. Pure: the moments are handed in.

A slot is a time on the wall, without a zone: what people mean by "every day at 2:30", and what a firing is known by.
The hour that comes twice in autumn gives each wall time once, at its first coming; in the hour that is left out in
spring 02:30 happens at what the clock then calls 03:30. Days are counted as dates, moments compared in UTC: stepping
through local times never ends where an hour comes twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final, assert_never
from zoneinfo import ZoneInfo

from scheduler.job import ON_TIME_S, CalendarJob, CatchUp

A_DAY: Final = timedelta(days=1)
LOOK_BACK: Final = timedelta(days=35)  # missed slots older than this are not even reported
LOOK_AHEAD_DAYS: Final = 366 * 8 + 1  # the 29th of February may be eight years away
MOST_REPORTED: Final = 100  # of one job after one absence, newest kept


class Fate(StrEnum):
    FIRED = "fired"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Slot:
    wall: datetime  # naive: by the clock on the wall of the job's zone
    at: datetime  # UTC

    @property
    def key(self) -> str:
        return self.wall.isoformat(timespec="minutes")


@dataclass(frozen=True, slots=True)
class Firing:
    slot: Slot
    fate: Fate
    late_s: float


def plan(job: CalendarJob, *, since: datetime, now: datetime) -> tuple[Firing, ...]:
    """What to do about the slots after `since`, up to and with `now`; oldest first. () when the clock went back."""
    slots = between(job, max(since, now - LOOK_BACK), now)
    chosen = _chosen(job, slots, now)
    firings = (Firing(s, Fate.FIRED if s in chosen else Fate.SKIPPED, (now - s.at).total_seconds()) for s in slots)
    return tuple(firings)[-MOST_REPORTED:]


def _chosen(job: CalendarJob, slots: Sequence[Slot], now: datetime) -> frozenset[Slot]:
    in_time = [slot for slot in slots if now - slot.at <= job.latest]
    match job.catch_up:
        case CatchUp.RUN_ALL:
            return frozenset(in_time)
        case CatchUp.RUN_ONCE:
            return frozenset(in_time[-1:])
        case CatchUp.SKIP:
            return frozenset(slot for slot in in_time if (now - slot.at).total_seconds() <= ON_TIME_S)
        case _:
            assert_never(job.catch_up)


def between(job: CalendarJob, after: datetime, until: datetime) -> tuple[Slot, ...]:
    """Slots after `after`, up to and with `until`, in the order they happen."""
    if until <= after:
        return ()
    first, last = _local_date(job, after) - A_DAY, _local_date(job, until)
    slots = (slot for day in _days(first, last) for slot in _on(job, day))
    return tuple(sorted((s for s in slots if after < s.at <= until), key=lambda slot: (slot.at, slot.wall)))


def next_after(job: CalendarJob, moment: datetime) -> Slot | None:
    """The first slot after `moment`. None: there never is one, as on the 31st of June."""
    first = _local_date(job, moment) - A_DAY
    coming = (
        slot
        for day in _days(first, first + timedelta(days=LOOK_AHEAD_DAYS))
        for slot in sorted(_on(job, day), key=lambda slot: slot.at)
        if slot.at > moment
    )
    return next(coming, None)


def slot_at(wall: datetime, zone: ZoneInfo) -> Slot:
    """When that wall time happens; in the left-out hour, as long after midnight as if nothing had been left out."""
    return Slot(wall, wall.replace(tzinfo=zone, fold=0).astimezone(UTC))


def _on(job: CalendarJob, day: date) -> Iterator[Slot]:
    if job.fits.date(day):
        for hour, minute in job.fits.times:
            yield slot_at(datetime(day.year, day.month, day.day, hour, minute), job.fits.zone)  # noqa: DTZ001 - a wall time has no zone


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _local_date(job: CalendarJob, moment: datetime) -> date:
    return moment.astimezone(job.fits.zone).date()
