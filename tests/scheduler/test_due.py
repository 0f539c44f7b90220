"""Which slots are due: table tests for both clock changes, properties for every zone, gap and jump."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.due import Fate, between, next_after, plan, slot_at
from scheduler.job import CalendarJob, CatchUp

NEW_YORK = "America/New_York"
ZONES = (
    "UTC",
    NEW_YORK,
    "Europe/Berlin",
    "Asia/Kolkata",
    "Australia/Lord_Howe",  # changes by half an hour
    "America/St_Johns",
    "Pacific/Apia",  # left out a whole day in 2011
    "Asia/Tehran",
    "Africa/Casablanca",  # negative summer time
)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]  # five small numbers


def keys(job: CalendarJob, after: datetime, until: datetime) -> list[str]:
    return [slot.key for slot in between(job, after, until)]


def daily(hour: int, minute: int, zone: str = NEW_YORK, **more: object) -> CalendarJob:
    return CalendarJob(name="digest", hour=str(hour), minute=str(minute), zone=zone, **more)  # type: ignore[arg-type]  # as named


# The clock changes


def test_in_the_hour_that_spring_leaves_out_0230_happens_at_0330() -> None:
    (slot,) = between(daily(2, 30), utc(2026, 3, 8, 0, 0), utc(2026, 3, 9, 0, 0))
    assert slot.key == "2026-03-08T02:30"
    assert slot.at == utc(2026, 3, 8, 7, 30)
    assert slot.at.astimezone(ZoneInfo(NEW_YORK)).strftime("%H:%M") == "03:30"


def test_in_the_hour_that_autumn_repeats_0130_happens_once_and_first() -> None:
    (slot,) = between(daily(1, 30), utc(2026, 11, 1, 0, 0), utc(2026, 11, 2, 0, 0))
    assert slot.at == utc(2026, 11, 1, 5, 30)


def test_a_quarter_hourly_job_has_each_wall_time_once_on_both_days() -> None:
    job = CalendarJob(name="sweep", minute="*/15", zone=NEW_YORK)
    for day in (8, 1):
        month = 3 if day == 8 else 11
        start = datetime(2026, month, day, tzinfo=ZoneInfo(NEW_YORK)).astimezone(UTC)
        end = datetime(2026, month, day + 1, tzinfo=ZoneInfo(NEW_YORK)).astimezone(UTC)
        found = keys(job, start - timedelta(seconds=1), end - timedelta(seconds=1))
        assert len(found) == len(set(found)) == 96


def test_a_day_that_a_country_left_out_still_has_its_slot() -> None:
    """Samoa had no 30 December 2011: the slot happens a day's length after the 29th's, and no digest is lost."""
    assert keys(daily(9, 0, "Pacific/Apia"), utc(2011, 12, 29, 0, 0), utc(2011, 12, 31, 0, 0)) == [
        "2011-12-29T09:00",
        "2011-12-30T09:00",
        "2011-12-31T09:00",
    ]


# The fields


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"hour": "7,12", "weekday": "mon-fri"}, ["2026-11-20T07:00", "2026-11-20T12:00", "2026-11-23T07:00"]),
        ({"hour": "9", "day": "1"}, ["2026-12-01T09:00"]),
        ({"hour": "9", "weekday": "0"}, ["2026-11-23T09:00"]),
        ({"hour": "0", "month": "dec", "day": "1-2"}, ["2026-12-01T00:00", "2026-12-02T00:00"]),
        ({"hour": "*/12", "minute": "30", "day": "21"}, ["2026-11-21T00:30", "2026-11-21T12:30"]),
        ({"hour": "9", "month": "jun", "day": "31"}, []),
    ],
)
def test_fields_read_as_people_write_them(fields: dict[str, str], expected: list[str]) -> None:
    job = CalendarJob(name="j", **fields)  # type: ignore[arg-type]  # the fields are all words
    found = keys(job, utc(2026, 11, 20, 0, 0) - timedelta(seconds=1), utc(2026, 12, 3, 0, 0))
    assert found[: len(expected)] == expected
    assert bool(found) is bool(expected)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"hour": "24"}, "'24' is no hour from 0 to 23"),
        ({"minute": "5-1"}, "'5-1' is no minute"),
        ({"weekday": "monday"}, "'monday' cannot be read as a weekday"),
        ({"minute": "*/0"}, "'*/0' is no minute"),
        ({"zone": "Mars/Olympus"}, "there is no time zone 'Mars/Olympus'"),
        ({"zone": "../etc/passwd"}, "there is no time zone"),
        ({"latest": timedelta(0)}, "latest is shorter than 90 s"),
        ({"name": "Morning Digest"}, "needs a name of small letters"),
    ],
)
def test_a_wrong_calendar_is_named_when_it_is_written_down(fields: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match="calendar job") as refused:
        CalendarJob(**({"name": "digest"} | fields))  # type: ignore[arg-type]  # that is the point
    assert said in str(refused.value)


def test_what_never_comes_has_no_next_slot_and_the_29th_of_february_has() -> None:
    assert next_after(CalendarJob(name="j", month="6", day="31"), utc(2026, 1, 1, 0, 0)) is None
    leap = next_after(CalendarJob(name="j", month="2", day="29", hour="9"), utc(2096, 3, 1, 0, 0))
    assert leap is not None
    assert leap.key == "2104-02-29T09:00"


# What becomes of missed slots


def fates(job: CalendarJob, since: datetime, now: datetime) -> list[tuple[str, str]]:
    return [(firing.slot.key[8:], firing.fate.value) for firing in plan(job, since=since, now=now)]


def test_after_an_absence_each_policy_does_what_it_says() -> None:
    since, now = utc(2026, 11, 20, 9, 0), utc(2026, 11, 23, 10, 0)
    week = timedelta(days=7)
    once = daily(9, 0, "UTC", catch_up=CatchUp.RUN_ONCE, latest=week)
    every = daily(9, 0, "UTC", catch_up=CatchUp.RUN_ALL, latest=week)
    skip = daily(9, 0, "UTC", catch_up=CatchUp.SKIP, latest=week)
    assert fates(once, since, now) == [("21T09:00", "skipped"), ("22T09:00", "skipped"), ("23T09:00", "fired")]
    assert fates(every, since, now) == [("21T09:00", "fired"), ("22T09:00", "fired"), ("23T09:00", "fired")]
    assert fates(skip, since, now) == [("21T09:00", "skipped"), ("22T09:00", "skipped"), ("23T09:00", "skipped")]
    assert fates(skip, now, utc(2026, 11, 24, 9, 1)) == [("24T09:00", "fired")]


def test_what_is_later_than_the_latest_is_skipped_under_every_policy() -> None:
    for policy in CatchUp:
        job = daily(9, 0, "UTC", catch_up=policy, latest=timedelta(hours=2))
        assert fates(job, utc(2026, 11, 22, 10, 0), utc(2026, 11, 23, 11, 30)) == [("23T09:00", "skipped")]


def test_a_long_absence_does_not_write_a_row_for_every_minute() -> None:
    job = CalendarJob(name="sweep", minute="*")
    firings = plan(job, since=utc(2025, 1, 1, 0, 0), now=utc(2026, 11, 23, 0, 0))
    assert len(firings) == 100
    assert firings[-1].fate is Fate.FIRED


# Whatever the zone, the moment and the jumps

moments = st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))  # noqa: DTZ001 - UTC follows
jobs = st.builds(
    CalendarJob,
    name=st.just("j"),
    hour=st.one_of(st.just("*"), st.integers(0, 23).map(str)),
    minute=st.one_of(st.just("*/20"), st.integers(0, 59).map(str)),
    weekday=st.sampled_from(["*", "mon-fri", "sun"]),
    zone=st.sampled_from(ZONES),
    catch_up=st.sampled_from(list(CatchUp)),
    latest=st.sampled_from([timedelta(minutes=2), timedelta(hours=6), timedelta(days=10)]),
)


@settings(deadline=None, max_examples=150)
@given(job=jobs, start=moments, days=st.integers(0, 9), cuts=st.lists(st.floats(0, 1), max_size=6))
def test_however_time_is_cut_each_slot_is_found_once_and_in_order(
    job: CalendarJob, start: datetime, days: int, cuts: list[float]
) -> None:
    end = start + timedelta(days=days)
    whole = between(job, start, end)
    edges = [start, *(start + (end - start) * cut for cut in sorted(cuts)), end]
    pieces = [slot for after, until in pairwise(edges) for slot in between(job, after, until)]
    assert tuple(pieces) == whole
    assert len({slot.key for slot in whole}) == len(whole)
    assert all(one.at <= two.at for one, two in pairwise(whole))
    assert all(start < slot.at <= end for slot in whole)
    coming = next_after(job, start)
    assert not whole or (coming is not None and coming.at == whole[0].at)


@settings(deadline=None, max_examples=150)
@given(job=jobs, start=moments)
def test_each_slot_happens_when_the_wall_says_so_or_right_after_a_left_out_hour(
    job: CalendarJob, start: datetime
) -> None:
    for slot in between(job, start, start + timedelta(days=3)):
        shown = slot.at.astimezone(job.fits.zone).replace(tzinfo=None)
        assert slot_at(slot.wall, job.fits.zone) == slot
        assert shown >= slot.wall
        assert shown - slot.wall in (timedelta(0), timedelta(minutes=30), timedelta(hours=1), timedelta(days=1))


@settings(deadline=None, max_examples=150)
@given(job=jobs, start=moments, steps=st.lists(st.floats(-3, 5), min_size=1, max_size=12))
def test_a_clock_that_jumps_fires_nothing_twice(job: CalendarJob, start: datetime, steps: list[float]) -> None:
    """One replica's rule: decide, remember up to where; then the clock jumps by days, forward or back."""
    since, now, seen = start, start, list[str]()
    for days in steps:
        now += timedelta(days=days)
        firings = plan(job, since=since, now=now)
        seen += [firing.slot.key for firing in firings]
        since = max([since, *(firing.slot.at for firing in firings)])
        for firing in firings:
            assert firing.late_s >= 0
            assert firing.fate is Fate.SKIPPED or firing.late_s <= job.latest.total_seconds()
    assert len(seen) == len(set(seen))
