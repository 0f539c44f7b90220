"""What is news: each kind once with the words for a channel and for one reader; nothing lost, nothing told of a score."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ehr_clients.models import Alert, Goal, LoopTask, Plan, Recent, Referral, Stay, Todo
from skills import digest
from skills.digest import News
from skills.kit import Answer, Appointment, Assessment, Label, Message, Note, Source
from skills.kit.caseload import Caseload, CaseRow

NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
SINCE = NOW - timedelta(days=1)
TODAY = NOW - timedelta(hours=3)
ZONE = ZoneInfo("America/New_York")


def src(ref: str) -> Source:
    return Source(ref, "1", "Record")


def caseload(*recent: Recent, **more: Any) -> Caseload:
    rows = tuple(CaseRow(f"id-{n}", f"C-{n}", one) for n, one in enumerate(recent, start=101))
    return Caseload(rows, SINCE, NOW, ZONE, **more)


def told(recent: Recent) -> tuple[News, ...]:
    return digest.news(caseload(recent))


def of(*refs: str, at: datetime = TODAY, **parts: Any) -> Recent:
    return Recent(new=dict.fromkeys(refs, at), **parts)


def phq9(
    nine: int | None, *, total: float | None = 10, ref: str = "Observation/1", when: datetime = TODAY
) -> Assessment:
    answers = () if nine is None else (Answer("44260-8", 9, nine),)
    return Assessment(source=src(ref), instrument="PHQ-9", when=when, total=total, answers=answers)


@pytest.mark.parametrize(("nine", "kind"), [(2, "item9"), (1, "item9"), (0, "assessment"), (None, "item9_not_on_file")])
def test_item_nine_by_its_answer_and_not_on_file_is_no_zero(nine: int | None, kind: str) -> None:
    (line,) = told(of("Observation/1", assessments=(phq9(nine),)))
    assert line.kind.name == kind
    assert line.kind.safety is (kind == "item9")
    assert "10" not in line.what, "a score is for one reader"
    assert any("Total 10" in words for words in line.detail)


def test_a_screen_by_its_level_never_summed() -> None:
    answers = tuple(Answer(f"c{n}", n, 1 if n <= 2 else 0) for n in range(1, 7))
    screen = Assessment(source=src("Observation/c"), instrument="C-SSRS", when=TODAY, level="low", answers=answers)
    (line,) = told(of("Observation/c", assessments=(screen,)))
    assert (line.kind.name, line.kind.safety) == ("risk_screen", True)


def test_a_level_that_changed_is_told_against_the_one_before() -> None:
    new, old = phq9(0, total=17), phq9(0, total=9, ref="Observation/0", when=NOW - timedelta(days=30))
    (line,) = told(of("Observation/1", assessments=(new, old)))
    assert line.kind.name == "level_change"
    assert any("Up 8" in words for words in line.detail)


ITEMS: dict[str, tuple[str, Recent]] = {
    "missed_visit": (
        "Missed visit",
        of("Appointment/1", appointments=(Appointment(source=src("Appointment/1"), start=TODAY, status="noshow"),)),
    ),
    "cancelled_visit": (
        "Cancelled visit",
        of("Appointment/1", appointments=(Appointment(source=src("Appointment/1"), start=TODAY, status="cancelled"),)),
    ),
    "note": (
        "New note",
        of(
            "DocumentReference/1",
            notes=(
                Note(
                    source=src("DocumentReference/1"),
                    kind="Progress note",
                    text="secret words",
                    when=TODAY,
                    signed=True,
                ),
            ),
        ),
    ),
    "unsigned_note": (
        "A note waits for its signature",
        of(
            "DocumentReference/1",
            notes=(
                Note(
                    source=src("DocumentReference/1"),
                    kind="Progress note",
                    text="secret words",
                    when=TODAY,
                    signed=False,
                ),
            ),
        ),
    ),
    "message": (
        "New message",
        of(
            "Communication/1",
            messages=(
                Message(
                    source=src("Communication/1"), when=TODAY, sender="Mother", text="secret words", from_client=True
                ),
            ),
        ),
    ),
    "alert": (
        "New alert in the chart",
        of("Flag/1", alerts=(Alert(source=src("Flag/1"), text="secret words", status="active"),)),
    ),
    "milestone": (
        "A goal was reached",
        of(
            "Goal/1",
            plans=(
                Plan(
                    source=src("CarePlan/1"),
                    title="Plan",
                    goals=(Goal(source=src("Goal/1"), text="secret words", achievement="Achieved"),),
                ),
            ),
        ),
    ),
    "overdue_task": (
        "A task is overdue",
        Recent(todos=(Todo(source=src("Task/1"), what="secret words", due=date(2026, 11, 20), status="requested"),)),
    ),
    "overdue_referral": (
        "A referral is overdue",
        Recent(
            referrals=(
                Referral(
                    source=src("ServiceRequest/1"),
                    what="secret words",
                    tasks=(LoopTask(ref="Task/2", version="1", status="requested", due=date(2026, 11, 20)),),
                ),
            )
        ),
    ),
    "referral_moved": (
        "A referral moved",
        of(
            "Task/2",
            referrals=(
                Referral(
                    source=src("ServiceRequest/1"),
                    what="secret words",
                    step="Accepted",
                    tasks=(LoopTask(ref="Task/2", version="1", status="accepted"),),
                ),
            ),
        ),
    ),
}


@pytest.mark.parametrize("kind", ITEMS)
def test_each_kind_is_told_once_and_its_words_stay_out_of_the_channel(kind: str) -> None:
    what, recent = ITEMS[kind]
    (line,) = told(recent)
    assert (line.kind.name, line.what, line.alias) == (kind, what, "C-101")
    assert "secret" not in line.what
    assert line.refs


@pytest.mark.parametrize("kind", sorted(set(ITEMS) - {"overdue_task", "overdue_referral"}))
def test_what_was_stored_before_is_no_news(kind: str) -> None:
    recent = ITEMS[kind][1]
    assert told(replace(recent, new={})) == ()


def test_what_is_stored_today_about_last_year_is_no_news() -> None:
    assert told(of("Observation/1", assessments=(phq9(2, when=NOW - timedelta(days=300)),))) == ()


def test_a_message_of_our_own_staff_is_no_news() -> None:
    message = Message(source=src("Communication/1"), when=TODAY, sender="Osei", text="x", from_client=False)
    assert told(of("Communication/1", messages=(message,))) == ()


@pytest.mark.parametrize(
    ("hours", "kept", "kind"),
    [
        (20, None, "discharge_48h"),
        (60, None, "discharge_7d"),
        (24 * 10, None, "discharge_30d"),
        (24 * 31, None, None),
        (60, 24, None),
        (60, 59, "discharge_7d"),  # on the day of the discharge: does not count (HEDIS FUH)
    ],
)
def test_the_clock_after_a_discharge(hours: int, kept: int | None, kind: str | None) -> None:
    stay = Stay(source=src("Encounter/1"), kind="Inpatient", ended=NOW - timedelta(hours=hours))
    visits = (
        ()
        if kept is None
        else (Appointment(source=src("Appointment/1"), start=NOW - timedelta(hours=kept), status="fulfilled"),)
    )
    lines = told(Recent(stays=(stay,), appointments=visits))
    assert [line.kind.name for line in lines] == ([kind] if kind else [])


def test_protected_records_are_marked_for_whoever_decides_who_may_see_them() -> None:
    recent = ITEMS["note"][1]
    held = replace(recent, notes=(replace(recent.notes[0], labels=frozenset({Label.PART2})),))
    assert [line.needs.protected for line in (*told(recent), *told(held))] == [False, True]


def test_figures_of_a_week_say_when_they_are_partial() -> None:
    recent = ITEMS["missed_visit"][1]
    whole, partial = caseload(recent), caseload(recent, gaps=("notes could not be read",))
    assert digest.trends(whole, ()) == ()
    assert "Partial" not in digest.trends(whole, digest.news(whole))[0]
    assert "Partial: not everything could be read." in digest.trends(partial, digest.news(partial))[0]
    assert digest.trends(whole, digest.news(whole))[1] == "Visits: 0 kept, 1 missed (100%)."


@given(st.lists(st.sampled_from(sorted(ITEMS)), max_size=12))
def test_nothing_is_lost_and_the_most_urgent_stands_first(kinds: list[str]) -> None:
    lines = digest.news(caseload(*(ITEMS[kind][1] for kind in kinds)))
    assert sorted(line.kind.name for line in lines) == sorted(kinds)
    places = [digest.ORDER[line.kind.name] for line in lines]
    assert places == sorted(places)
    assert len({(line.client_id, line.key) for line in lines}) == len(lines)


def test_every_kind_names_a_right_the_privacy_policy_knows() -> None:
    assert {"item9", "risk_screen"} == digest.SAFETY
    assert len(digest.ORDER) == len(digest.KINDS)
