"""Business days of a state: weekends, its holidays and their observed days, a clinic's own, and days as the clinic has them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skills.kit.business_days import Calendar, UnknownState

NEW_YORK = ZoneInfo("America/New_York")
PA, DE, NONE = Calendar("PA", NEW_YORK), Calendar("DE", NEW_YORK), Calendar(None, NEW_YORK)
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@pytest.mark.parametrize(
    ("calendar", "day", "works"),
    [
        (PA, date(2026, 11, 24), True),
        (PA, date(2026, 11, 26), False),  # Thanksgiving
        (PA, date(2026, 11, 27), False),  # the day after: a holiday in Pennsylvania
        (NONE, date(2026, 11, 27), True),  # and none of the federal ones
        (PA, date(2026, 11, 28), False),  # Saturday
        (PA, date(2026, 7, 3), False),  # Independence Day on a Saturday, observed
        (PA, date(2021, 12, 31), False),  # New Year of the next year, observed in this one
        (PA, date(2026, 2, 16), False),  # Washington's Birthday
        (Calendar("PA", NEW_YORK, frozenset({date(2026, 11, 24)})), date(2026, 11, 24), False),  # closed for training
    ],
)
def test_which_days_work(calendar: Calendar, day: date, *, works: bool) -> None:
    assert calendar.works(day) is works


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (date(2026, 11, 23), 2, date(2026, 11, 25)),
        (date(2026, 11, 24), 2, date(2026, 11, 30)),  # over Thanksgiving, the day after, and a weekend
        (date(2026, 11, 20), 1, date(2026, 11, 23)),  # from Friday
        (date(2026, 11, 21), 1, date(2026, 11, 23)),  # from Saturday: Monday is the first
        (date(2026, 12, 24), 10, date(2027, 1, 11)),  # over Christmas and New Year
        (date(2026, 11, 24), 0, date(2026, 11, 24)),
    ],
)
def test_so_many_business_days_later(start: date, days: int, end: date) -> None:
    assert PA.after(start, days) == end


@given(DAYS, st.integers(0, 15))
def test_counting_forth_and_back_agrees(start: date, days: int) -> None:
    end = PA.after(start, days)
    assert PA.between(start, end) == days
    assert days == 0 or PA.works(end)


def test_nothing_lies_between_a_day_and_an_earlier_one() -> None:
    assert PA.between(date(2026, 11, 24), date(2026, 11, 20)) == 0


@pytest.mark.parametrize(
    ("now", "today"),
    [
        (datetime(2026, 11, 24, 4, 59, tzinfo=UTC), date(2026, 11, 23)),  # still yesterday evening at the clinic
        (datetime(2026, 11, 24, 5, 0, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 11, 1, 3, 59, tzinfo=UTC), date(2026, 10, 31)),  # the night the clocks go back
        (datetime(2026, 11, 1, 4, 1, tzinfo=UTC), date(2026, 11, 1)),
        (datetime(2026, 11, 2, 4, 59, tzinfo=UTC), date(2026, 11, 1)),
        (datetime(2026, 3, 8, 4, 59, tzinfo=UTC), date(2026, 3, 7)),  # the night they go forward
        (datetime(2026, 3, 9, 4, 0, tzinfo=UTC), date(2026, 3, 9)),
    ],
)
def test_today_is_the_clinics_day(now: datetime, today: date) -> None:
    assert PA.today(now) == today


def test_a_state_that_does_not_exist_is_said_so() -> None:
    with pytest.raises(UnknownState, match="no such state"):
        Calendar("default", NEW_YORK).works(date(2026, 11, 24))
