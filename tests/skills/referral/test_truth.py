"""Where the EHR says a referral stands: a table of situations, with those it does not speak of."""

from datetime import UTC, date, datetime, timedelta

import pytest

from skills.kit import LinkedReport, LoopTask, Referral
from skills.referral import Closure, Owes, Step, standing_of
from tests.skills.referral.made import NOW, ORDERED, REPORT, referral, report, task, visit

AHEAD, PAST = NOW + timedelta(days=3), NOW - timedelta(days=3)
WHY = "They do not take this plan."


@pytest.mark.parametrize(
    ("found", "step"),
    [
        (referral(status="draft"), Step.DRAFTED),
        (referral(status="active"), None),  # sent to nobody that the EHR knows of
        (referral(status="unknown"), None),
        (referral(task("requested")), Step.SENT),
        (referral(task("requested", "2.0")), Step.SENT),
        (referral(task("received")), Step.RECEIVED),
        (referral(task("accepted")), Step.ACCEPTED),
        (referral(task("accepted", "3.0")), Step.ACCEPTED),
        (referral(task("in-progress")), None),  # says too little
        (referral(task("on-hold")), None),
        (referral(task("in-progress", "5.1.1")), Step.SCHEDULED),
        (referral(task("in-progress", "5.1.2")), Step.NO_SHOW),
        (referral(task("on-hold", "5.1.3")), Step.ACCEPTED),  # the appointment was cancelled, not the referral
        (referral(task("in-progress", "5.1.4")), Step.KEPT),
        (referral(task("rejected")), Step.DECLINED),
        (referral(task("rejected", "4.0")), Step.DECLINED),
        (referral(task("failed", None, business_text="Client unreachable")), Step.UNREACHABLE),
        (referral(task("on-hold", "unreachable")), Step.UNREACHABLE),
        (referral(task("cancelled", "redirected")), Step.REDIRECTED),
        (referral(task("failed")), None),
        (referral(task("cancelled")), None),
        (referral(task("in-progress", "99")), None),  # a code that nobody here knows
        (referral(task("completed")), None),  # done, says the task; neither visit nor report is on file
        (referral(task("completed", "7.0")), Step.KEPT),
        (referral(task("completed", "7.0"), status="completed"), Step.KEPT),  # no report: not closed
        (referral(task("completed", reports=(REPORT,)), status="completed"), Step.REPORT_BACK),  # no visit: not closed
        (referral(task("completed", "7.0", reports=(REPORT,))), Step.REPORT_BACK),  # the order is still open
        (referral(task("completed", "7.0", reports=(REPORT,)), status="completed"), Step.CLOSED),
        (referral(task("rejected", "4.0", reason=WHY), status="revoked"), Step.CLOSED),
        (referral(task("rejected", "4.0"), status="revoked"), Step.DECLINED),  # nobody wrote why
        (referral(task("rejected", "4.0", reason=WHY)), Step.DECLINED),  # the order is still open
        (referral(task("cancelled", "redirected", notes=("To Reading Sleep.",)), status="revoked"), Step.CLOSED),
        (referral(task("rejected", "4.0", reports=(REPORT,))), Step.DECLINED),  # a report may say so too
        (referral(status="revoked"), None),
        (referral(status="completed"), None),
    ],
)
def test_where_it_stands(found: Referral, step: Step | None) -> None:
    standing = standing_of(found, now=NOW)
    assert standing.step is step
    assert (standing.closure is not None) is (step is Step.CLOSED)


def test_what_is_not_known_says_so_and_owes_nobody_anything() -> None:
    standing = standing_of(referral(task("in-progress")), now=NOW)
    assert (standing.word, standing.owes, standing.who_owes) == ("not known", Owes.NOT_KNOWN, "not known")
    assert "does not say where it stands" in standing.next_step
    assert standing.got_help is None


def test_the_newest_task_counts_and_an_older_report_still_does() -> None:
    newest, older = task("in-progress", "5.1.2", ref="Task/t2"), task("rejected", "4.0", reason=WHY)
    assert standing_of(referral(newest, older), now=NOW).step is Step.NO_SHOW
    reported = task("in-progress", "5.1.4", reports=(LinkedReport(None, "Letter"),))
    standing = standing_of(referral(task("in-progress", "5.1.4", ref="Task/t2"), reported), now=NOW)
    assert standing.step is Step.REPORT_BACK
    assert standing.report is not None
    assert (standing.report.ref, standing.report.words) == ("Task/t1", "Letter")


@pytest.mark.parametrize(
    ("status", "when", "step"),
    [
        ("booked", AHEAD, Step.SCHEDULED),
        ("pending", AHEAD, Step.SCHEDULED),
        ("booked", PAST, Step.ACCEPTED),  # over, and nobody wrote whether they came: the task's word stands
        ("noshow", PAST, Step.NO_SHOW),
        ("fulfilled", PAST, Step.KEPT),
        ("arrived", PAST, Step.KEPT),
        ("cancelled", PAST, Step.ACCEPTED),
        ("proposed", AHEAD, Step.ACCEPTED),
    ],
)
def test_a_visit_linked_to_the_order_moves_it(status: str, when: datetime, step: Step) -> None:
    found = referral(task("accepted", "3.0"))
    assert standing_of(found, now=NOW, visits=[visit(status, when)]).step is step
    assert standing_of(found, now=NOW, visits=[visit(status, when, order=None)]).step is Step.ACCEPTED
    assert standing_of(found, now=NOW, visits=[visit(status, when, order="ServiceRequest/r2")]).step is Step.ACCEPTED


def test_a_note_that_answers_the_order_is_a_report_and_any_other_is_none() -> None:
    found = referral(task("in-progress", "5.1.4"))
    assert standing_of(found, now=NOW, reports=[report()]).step is Step.REPORT_BACK
    assert standing_of(found, now=NOW, reports=[report(order=None)]).step is Step.KEPT


def test_a_visit_ahead_does_not_hide_that_it_was_declined() -> None:
    assert standing_of(referral(task("rejected")), now=NOW, visits=[visit("booked", AHEAD)]).step is Step.DECLINED


@pytest.mark.parametrize(
    ("found", "owes", "who"),
    [
        (referral(status="draft"), Owes.US, "Priya Raman, MD"),
        (referral(task("requested")), Owes.RECEIVER, "Norwood Sleep Center"),
        (referral(task("requested"), to=None), Owes.RECEIVER, "Norwood Sleep Center"),  # from the task's owner
        (referral(task("requested", owner=None), to=None), Owes.RECEIVER, "not known"),
        (referral(task("in-progress", "5.1.2")), Owes.US, "Priya Raman, MD"),
        (referral(task("rejected"), requester=None), Owes.US, "not known"),
        (referral(task("completed", "7.0", reports=(REPORT,)), status="completed"), Owes.NOBODY, "nobody"),
    ],
)
def test_who_owes_the_next_step(found: Referral, owes: Owes, who: str) -> None:
    standing = standing_of(found, now=NOW)
    assert (standing.owes, standing.who_owes) == (owes, who)


@pytest.mark.parametrize(
    ("one", "since"),
    [
        (task("requested"), date(2026, 11, 10)),
        (task("requested", modified=None, authored=date(2026, 11, 4)), date(2026, 11, 4)),
        (task("requested", modified=None), None),
    ],
)
def test_since_when(one: LoopTask, since: date | None) -> None:
    assert standing_of(referral(one), now=NOW).since == since
    assert standing_of(referral(status="draft"), now=NOW).since == ORDERED


def test_every_standing_names_its_evidence() -> None:
    standing = standing_of(referral(task("completed", "7.0", reports=(REPORT,)), status="completed"), now=NOW)
    assert {each.ref for each in standing.evidence} == {"ServiceRequest/r1", "Task/t1", "DocumentReference/report"}
    assert standing.closure is Closure.VISIT_AND_REPORT
    refused = standing_of(referral(task("rejected", reason=WHY), status="revoked"), now=NOW)
    assert refused.refusal is not None
    assert refused.refusal.words == WHY


@pytest.mark.parametrize(
    ("found", "helped"),
    [
        (referral(task("in-progress", "5.1.4")), True),
        (referral(task("completed", "7.0", reports=(REPORT,)), status="completed"), True),
        (referral(task("rejected", reason=WHY), status="revoked"), False),  # closed, and not helped
        (referral(task("requested")), False),
        (referral(task("in-progress", "5.1.2")), False),
        (referral(task("completed", reports=(REPORT,))), None),  # a report that does not say whether they came
        (referral(task("on-hold", "unreachable")), None),
    ],
)
def test_got_help_is_another_question_than_closed(found: Referral, *, helped: bool | None) -> None:
    assert standing_of(found, now=NOW).got_help is helped


def test_the_day_is_that_of_the_ehrs_own_zone() -> None:
    late = task("requested", modified=datetime(2026, 11, 10, 23, 30, tzinfo=UTC))
    assert standing_of(referral(late), now=NOW).since == date(2026, 11, 10)
