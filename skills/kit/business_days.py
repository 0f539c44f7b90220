"""Business days of a United States state: no Saturdays, no Sundays, none of its public holidays. Pure.

The holidays are those of the `holidays` library (the federal ones and the state's own, observed days included); this
is the only file that imports it. A clinic's own closing days are added to them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

_DAY = timedelta(days=1)


class UnknownState(ValueError):
    """Not the two letters of a United States state or territory."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working days of one clinic. `state` None: federal holidays only."""

    state: str | None
    zone: ZoneInfo
    closed: frozenset[date] = frozenset()

    def today(self, now: datetime) -> date:
        """The calendar day at the clinic. `now` carries its zone."""
        return now.astimezone(self.zone).date()

    def works(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.closed and day not in _holidays(self.state, day.year)

    def after(self, start: date, days: int) -> date:
        """The day `days` business days after `start`, which does not count itself; 0: `start`."""
        found = start
        for _ in range(days):
            found = next(day for day in _following(found) if self.works(day))
        return found

    def between(self, start: date, end: date) -> int:
        """Business days after `start` up to and with `end`; 0 when `end` is not later."""
        return sum(self.works(start + n * _DAY) for n in range(1, (end - start).days + 1))


def _following(day: date) -> Iterator[date]:
    while True:
        day += _DAY
        yield day


@cache
def _holidays(state: str | None, year: int) -> frozenset[date]:
    """Of one year, the observed day of the next New Year among them."""
    try:
        return frozenset(holidays.country_holidays("US", subdiv=state, years=year))
    except NotImplementedError as error:
        raise UnknownState("There is no such state or territory of the United States.") from error
