"""By when, and when somebody is reminded: over weekends, holidays and a change of the clocks, by state and by payer."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skills.kit import LoopTask, Referral, Source
from skills.kit.business_days import Calendar
from skills.referral import PROMPTS, Standing, prompts_due, standing, timed
from skills.referral.clocks import clock_for, clocks
from tests.skills.referral.made import NOW, ORDER, ORDERED, PHILADELPHIA, REPORT, referral, task, visit

DENVER = Calendar("CO", ZoneInfo("America/Denver"))
NEED_A_CLOCK = ("routine", "urgent", "stat", "report")


def due(found: Referral, calendar: Calendar = PHILADELPHIA, now: datetime = NOW, payer: str | None = None) -> Standing:
    return standing(found, calendar, now, payer=payer)


def ordered(when: datetime | date, **more: Any) -> Referral:
    return referral(task(), source=Source(ORDER, "v1", "Referral", when), **more)


@pytest.mark.parametrize("state", [None, "PA", "CO", "CA", "NY", "TX"])
@pytest.mark.parametrize("payer", [None, "Keystone Mutual", "Medicaid", "Health First Colorado"])
@pytest.mark.parametrize("need", NEED_A_CLOCK)
def test_there_is_a_clock_for_every_need(need: str, state: str | None, payer: str | None) -> None:
    assert clock_for(need, state, payer).amount > 0


def test_every_clock_says_where_it_comes_from() -> None:
    assert all(clock.source and clock.need in NEED_A_CLOCK for clock in clocks())
    assert len({(clock.need, clock.state, clock.payer) for clock in clocks()}) == len(clocks())


@pytest.mark.parametrize(
    ("state", "payer", "need", "words"),
    [
        ("PA", None, "routine", "10 business days (42 CFR 438.68(e)(1)"),
        ("CO", "Health First Colorado (Medicaid)", "routine", "7 days"),
        ("CO", "Health First Colorado (Medicaid)", "urgent", "24 hours"),
        ("CO", "Keystone Mutual", "routine", "10 business days (42 CFR"),
        ("CO", None, "routine", "10 business days (42 CFR"),  # a payer that is not known has no rule of its own
        ("CA", None, "routine", "10 business days (28 CCR 1300.67.2.2"),
        ("NY", "Medicaid", "routine", "10 business days (10 NYCRR 98-5.5"),
        ("PA", "Medicaid", "urgent", "48 hours"),
    ],
)
def test_the_most_specific_clock_counts(state: str, payer: str | None, need: str, words: str) -> None:
    assert clock_for(need, state, payer).words.startswith(words)


@pytest.mark.parametrize(
    ("found", "day", "why"),
    [
        (ordered(ORDERED), date(2026, 11, 17), "10 business days"),  # Veterans Day lies between
        (ordered(ORDERED, needed_by=date(2026, 11, 9)), date(2026, 11, 9), "as the order says"),
        (ordered(ORDERED, needed_by=date(2026, 12, 9)), date(2026, 11, 17), "10 business days"),
        (replace(ordered(ORDERED), tasks=(task(due=date(2026, 11, 5)),)), date(2026, 11, 5), "as the EHR says"),
        (ordered(ORDERED, urgency="urgent"), date(2026, 11, 4), "48 hours"),
        (ordered(ORDERED, urgency="asap"), date(2026, 11, 4), "48 hours"),
        (ordered(ORDERED, urgency="stat"), date(2026, 11, 2), "6 hours"),
        (ordered(datetime(2026, 11, 3, 2, tzinfo=UTC), urgency="stat"), date(2026, 11, 3), "6 hours"),  # 21:00 there
        (ordered(datetime(2026, 11, 14, 2, tzinfo=UTC), urgency="urgent"), date(2026, 11, 15), "48 hours"),  # a weekend
    ],
)
def test_due_is_the_earliest_of_clock_order_and_task(found: Referral, day: date, why: str) -> None:
    timed_ = due(found)
    assert timed_.due == day
    assert why in (timed_.clock or "")
    assert timed_.overdue_days == (date(2026, 11, 23) - day).days


@pytest.mark.parametrize(
    ("one", "status", "runs"),
    [
        (task("requested"), "active", True),
        (task("in-progress", "5.1.2"), "active", True),  # missed: they still wait
        (task("rejected", "4.0"), "active", True),  # declined: so do they
        (task("in-progress", "5.1.4"), "active", True),  # the report is owed
        (task("completed", "7.0", reports=(REPORT,)), "active", False),  # ours to read
        (task("completed", "7.0", reports=(REPORT,)), "completed", False),
        (task("in-progress"), "active", False),  # where it stands is not known, so no clock is
        (task("cancelled", "redirected"), "active", False),
    ],
)
def test_a_clock_runs_until_they_are_seen_and_until_the_report_is_there(
    one: LoopTask, status: str, *, runs: bool
) -> None:
    found = due(referral(one, status=status))
    assert (found.due is not None) is (found.clock is not None) is (found.overdue_days is not None) is runs


def test_the_report_is_owed_from_the_visit() -> None:
    seen = standing(
        referral(task("accepted")),
        PHILADELPHIA,
        NOW,
        visits=[visit("fulfilled", datetime(2026, 11, 12, 15, tzinfo=UTC))],
    )
    assert seen.due == date(2026, 11, 30)  # Thanksgiving and the day after do not count in Pennsylvania
    assert seen.overdue_days == 0


@pytest.mark.parametrize(
    ("today", "after"),
    [
        (date(2026, 11, 10), []),
        (date(2026, 11, 12), []),  # Veterans Day does not count: one business day
        (date(2026, 11, 13), [2]),
        (date(2026, 11, 15), [2]),
        (date(2026, 11, 18), [2, 5]),
        (date(2026, 11, 25), [2, 5, 10]),
        (date(2027, 3, 1), [2, 5, 10]),
    ],
)
def test_reminders_after_2_5_and_10_business_days(today: date, after: list[int]) -> None:
    now = datetime(today.year, today.month, today.day, 15, tzinfo=UTC)
    found = prompts_due(due(referral(task()), now=now), PHILADELPHIA, now)  # moved on 11/10
    assert [prompt.after for prompt in found] == after
    assert all(prompt.day <= today for prompt in found)


def test_a_reminder_comes_with_the_clinics_day_and_not_with_utcs() -> None:
    found = due(referral(task()))
    assert not prompts_due(found, PHILADELPHIA, datetime(2026, 11, 13, 4, 59, tzinfo=UTC))
    assert len(prompts_due(found, PHILADELPHIA, datetime(2026, 11, 13, 5, 0, tzinfo=UTC))) == 1


def test_before_a_booked_visit_nobody_is_reminded_and_after_it_somebody_is() -> None:
    booked = [visit("booked", NOW + timedelta(days=7))]
    found = standing(referral(task()), PHILADELPHIA, NOW, visits=booked)
    assert found.visit == date(2026, 11, 30)
    assert not prompts_due(found, PHILADELPHIA, NOW + timedelta(days=7))
    assert [prompt.after for prompt in prompts_due(found, PHILADELPHIA, NOW + timedelta(days=9))] == [2]


def test_a_closed_referral_and_one_without_a_date_remind_nobody() -> None:
    closed = due(referral(task("completed", "7.0", reports=(REPORT,)), status="completed"))
    undated = due(referral(task(modified=None)))
    assert not prompts_due(closed, PHILADELPHIA, NOW + timedelta(days=99))
    assert not prompts_due(undated, PHILADELPHIA, NOW + timedelta(days=99))


def test_the_key_of_a_reminder_is_the_same_until_the_referral_moves() -> None:
    later = NOW + timedelta(days=30)
    first, again = (
        prompts_due(due(referral(task()), now=at), PHILADELPHIA, at) for at in (later, later + timedelta(1))
    )
    moved = prompts_due(due(referral(task("accepted")), now=later), PHILADELPHIA, later)
    assert [prompt.key for prompt in first] == [prompt.key for prompt in again]
    assert not {prompt.key for prompt in first} & {prompt.key for prompt in moved}
    assert len({prompt.key for prompt in first}) == len(PROMPTS)


@given(st.integers(0, 730 * 24), st.integers(0, 60))
def test_time_only_adds_reminders(hours: int, days: int) -> None:
    moved = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    found = due(referral(task(modified=moved)))
    earlier, later = (prompts_due(found, DENVER, moved + timedelta(days=n)) for n in (days, days + 1))
    assert set(earlier) <= set(later)


def test_timing_changes_nothing_but_the_clock() -> None:
    found = due(referral(task()))
    bare = replace(found, due=None, clock=None, overdue_days=None)
    assert timed(bare, referral(task()), PHILADELPHIA, NOW) == found
