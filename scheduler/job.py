"""A calendar job as data: its name, when it is due by the clock on a wall, and what becomes of a missed slot."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NAME: Final = re.compile(r"[a-z][a-z0-9_:-]{0,63}")
ON_TIME_S: Final = 90.0  # a slot that is fired within this was not missed


class CatchUp(StrEnum):
    """What to do about slots that nobody was there to fire. Whatever is not fired is reported as skipped."""

    RUN_ONCE = "run_once"  # the newest missed slot stands for all of them
    RUN_ALL = "run_all"  # each of them, oldest first
    SKIP = "skip_and_report"  # none


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarJob:
    """Due at every minute that fits all five fields, by the wall clock of `zone`.

    A field is "*", "*/15", "1-5", "mon-fri", "7,12" or a mix of these; weekday 0 is Monday. `latest`: a slot that is
    later than this is skipped under every policy. A job that must run through the repeated hour of autumn belongs to
    the zone "UTC": elsewhere each wall time counts once.
    """

    name: str  # "kind" or "kind:ref", so that one kind of job may stand in the calendar for every team
    minute: str = "0"
    hour: str = "*"
    day: str = "*"
    month: str = "*"
    weekday: str = "*"
    zone: str = "UTC"
    catch_up: CatchUp = CatchUp.RUN_ONCE
    latest: timedelta = timedelta(days=1)
    fits: "Fits" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raises ValueError naming the job and the field: a calendar that is wrong stops the start, not the digest."""
        if not NAME.fullmatch(self.name):
            raise ValueError(f"the calendar job {self.name!r} needs a name of small letters, digits, '_', '-' and ':'")
        try:
            object.__setattr__(self, "fits", _fits(self))
        except ValueError as error:
            raise ValueError(f"the calendar job {self.name}: {error}") from None
        if self.latest < timedelta(seconds=ON_TIME_S):
            raise ValueError(f"the calendar job {self.name}: latest is shorter than {ON_TIME_S:.0f} s")


@dataclass(frozen=True, slots=True)
class Fits:
    """The fields, read."""

    zone: ZoneInfo
    times: tuple[tuple[int, int], ...]  # (hour, minute), earliest first
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def date(self, day: date) -> bool:
        return day.month in self.months and day.day in self.days and day.weekday() in self.weekdays


def _fits(job: CalendarJob) -> Fits:
    hours, minutes = _numbers("hour", job.hour, 0, 23), _numbers("minute", job.minute, 0, 59)
    return Fits(
        zone=_zone(job.zone),
        times=tuple((hour, minute) for hour in sorted(hours) for minute in sorted(minutes)),
        days=_numbers("day", job.day, 1, 31),
        months=_numbers("month", job.month, 1, 12, MONTHS),
        weekdays=_numbers("weekday", job.weekday, 0, 6, WEEKDAYS),
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"there is no time zone {name!r}") from None


def _numbers(name: str, words: str, first: int, last: int, called: Sequence[str] = ()) -> frozenset[int]:
    numbers = {word: first + index for index, word in enumerate(called)}
    return frozenset(n for part in words.lower().split(",") for n in _range(name, part.strip(), first, last, numbers))


def _range(name: str, part: str, first: int, last: int, called: Mapping[str, int]) -> range:
    span, _, step = part.partition("/")
    low, dash, high = span.partition("-")
    try:
        start, end = (first, last) if span == "*" else (_number(low, called), _number(high if dash else low, called))
        every = int(step) if step else 1
    except ValueError:
        raise ValueError(f"{part!r} cannot be read as a {name}") from None
    if not first <= start <= end <= last or every < 1:
        raise ValueError(f"{part!r} is no {name} from {first} to {last}")
    return range(start, end + 1, every)


def _number(word: str, called: Mapping[str, int]) -> int:
    return called[word] if word in called else int(word)
