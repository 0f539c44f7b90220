"""The loop: any sequence of moves, and nothing ever closes without what closing rests on."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from skills.referral import (
    FOLLOWS,
    Closure,
    Evidence,
    EvidenceKind,
    Mark,
    Owes,
    Refused,
    Standing,
    Step,
    move,
    standing_of,
)
from skills.referral.loop import CLOSED_ALREADY, NO_REASON, NO_REPORT, NO_STEP, NO_VISIT, STAYS_KEPT, UNDOCUMENTED
from tests.skills.referral.made import NOW, referral, task

CALL = Evidence(kind=EvidenceKind.CALL, said_by="Norwood intake desk", words="seen today")
LETTER = Evidence(kind=EvidenceKind.REPORT, said_by="Norwood", ref="DocumentReference/d1")
SILENT = Evidence(kind=EvidenceKind.ORDER, said_by="Norwood", ref="ServiceRequest/r1")  # kept somewhere, says nothing
NOTHING = Evidence(kind=EvidenceKind.CALL, said_by="somebody")
NOBODY = Evidence(kind=EvidenceKind.CALL, said_by=" ", words="seen")


def at(step: Step) -> Standing:
    sent = standing_of(referral(task("requested")), now=NOW)
    ways: dict[Step, tuple[Step, ...]] = {
        Step.SENT: (),
        Step.NO_SHOW: (Step.SCHEDULED, Step.NO_SHOW),
        Step.REPORT_BACK: (Step.REPORT_BACK,),
        Step.CLOSED: (Step.KEPT, Step.REPORT_BACK, Step.CLOSED),
    }
    return through(sent, *ways.get(step, (step,)))


def through(standing: Standing, *steps: Step, evidence: Evidence = CALL) -> Standing:
    for step in steps:
        moved = move(standing, Mark(step, evidence), NOW)
        assert isinstance(moved, Standing), moved
        standing = moved
    return standing


def refusal(standing: Standing, to: Step, evidence: Evidence = CALL) -> str:
    refused = move(standing, Mark(to, evidence), NOW)
    assert isinstance(refused, Refused), refused
    return refused.reason


def test_the_whole_way_round() -> None:
    steps = (Step.RECEIVED, Step.ACCEPTED, Step.SCHEDULED, Step.KEPT, Step.REPORT_BACK, Step.CLOSED)
    closed = through(at(Step.SENT), *steps)
    assert (closed.step, closed.closure, closed.owes) == (Step.CLOSED, Closure.VISIT_AND_REPORT, Owes.NOBODY)
    assert closed.got_help is True
    assert refusal(closed, Step.SENT) == CLOSED_ALREADY


def test_a_visit_without_a_report_does_not_close_and_a_report_without_a_visit_neither() -> None:
    assert refusal(at(Step.KEPT), Step.CLOSED) == NO_REPORT
    assert refusal(at(Step.SENT), Step.CLOSED) == NO_VISIT
    assert refusal(at(Step.REPORT_BACK), Step.CLOSED) == NO_VISIT
    documented = through(at(Step.REPORT_BACK), Step.KEPT)
    assert documented.step is Step.REPORT_BACK
    assert through(documented, Step.CLOSED).closure is Closure.VISIT_AND_REPORT


@pytest.mark.parametrize(("step", "closure"), [(Step.DECLINED, Closure.REFUSAL), (Step.REDIRECTED, Closure.REDIRECT)])
def test_a_refusal_or_redirect_closes_only_with_its_reason_in_words(step: Step, closure: Closure) -> None:
    silent = through(at(Step.SENT), step, evidence=SILENT)
    assert refusal(silent, Step.CLOSED, SILENT) == NO_REASON
    assert through(silent, Step.CLOSED, evidence=CALL).closure is closure  # told when closing
    assert through(through(at(Step.SENT), step, evidence=CALL), Step.CLOSED, evidence=SILENT).closure is closure
    assert through(silent, Step.CLOSED, evidence=CALL).got_help is False


def test_a_reason_of_an_earlier_refusal_is_not_taken_for_a_later_one() -> None:
    again = through(through(at(Step.SENT), Step.DECLINED), Step.SENT)
    silent = through(again, Step.DECLINED, evidence=SILENT)
    assert refusal(silent, Step.CLOSED, SILENT) == NO_REASON


@pytest.mark.parametrize("evidence", [NOTHING, NOBODY], ids=["nothing to show", "said by nobody"])
def test_a_move_without_evidence_is_none(evidence: Evidence) -> None:
    assert refusal(at(Step.SENT), Step.ACCEPTED, evidence) == UNDOCUMENTED


def test_what_is_not_known_is_not_moved() -> None:
    assert refusal(standing_of(referral(task("in-progress")), now=NOW), Step.KEPT) == NO_STEP


@pytest.mark.parametrize("step", [Step.DECLINED, Step.NO_SHOW, Step.UNREACHABLE, Step.SCHEDULED, Step.SENT])
def test_a_kept_visit_stays_kept(step: Step) -> None:
    assert refusal(at(Step.KEPT), step) in {STAYS_KEPT, f"A referral that is kept cannot become {step.value}."}
    reported = through(at(Step.KEPT), Step.REPORT_BACK)
    assert "kept" in refusal(reported, step) or "cannot become" in refusal(reported, step)


def test_a_report_may_say_that_nobody_came_and_that_is_no_help() -> None:
    declined = through(at(Step.REPORT_BACK), Step.DECLINED)
    assert (declined.step, declined.got_help) == (Step.DECLINED, False)
    assert through(declined, Step.CLOSED).closure is Closure.REFUSAL


def test_a_move_carries_its_evidence_and_its_own_day() -> None:
    when = datetime(2026, 11, 20, 9, tzinfo=UTC)
    moved = through(
        at(Step.SENT), Step.KEPT, evidence=Evidence(kind=EvidenceKind.CALL, said_by="N", words="w", when=when)
    )
    assert moved.since == when.date()
    assert moved.kept is not None
    assert moved.kept.said_by == "N"
    assert (moved.due, moved.overdue_days) == (None, None)  # the new step's clock is not the old one's


def test_every_step_leads_somewhere_but_closed() -> None:
    assert {step for step, after in FOLLOWS.items() if not after} == {Step.CLOSED}
    assert set(FOLLOWS) == set(Step)


class Loop(RuleBasedStateMachine):
    """Whatever anybody marks, in whatever order: closed means a visit and a report, or a reason in words."""

    @initialize(start=st.sampled_from([Step.SENT, Step.DECLINED, Step.KEPT, Step.REPORT_BACK, Step.NO_SHOW]))
    def begin(self, start: Step) -> None:
        self.standing = at(start)
        self.seen = start is Step.KEPT
        self.reported = start is Step.REPORT_BACK
        self.reason = start is Step.DECLINED
        self.time = NOW

    @rule(to=st.sampled_from(Step), evidence=st.sampled_from([CALL, LETTER, SILENT, NOTHING, NOBODY]))
    def mark(self, to: Step, evidence: Evidence) -> None:
        self.time += timedelta(hours=1)
        before = self.standing
        moved = move(before, Mark(to, evidence), self.time)
        if isinstance(moved, Refused):
            assert moved.reason
            assert "Norwood" not in moved.reason  # a reason repeats nobody's words
            return
        assert before.step is not None
        assert to in FOLLOWS[before.step]
        self._note(to, told=bool(evidence.words))
        self.standing = moved

    def _note(self, to: Step, *, told: bool) -> None:
        """What an independent reader would hold to be documented."""
        self.seen |= to is Step.KEPT
        self.reported |= to is Step.REPORT_BACK
        if to in {Step.DECLINED, Step.REDIRECTED}:
            self.reason = told
        elif to is Step.CLOSED:
            self.reason |= told
        else:
            self.reason = False

    @invariant()
    def never_closed_on_nothing(self) -> None:
        if not hasattr(self, "standing"):
            return
        match self.standing.closure:
            case Closure.VISIT_AND_REPORT:
                assert self.seen
                assert self.reported
            case Closure.REFUSAL | Closure.REDIRECT:
                assert self.reason
            case None:
                assert not self.standing.closed

    @invariant()
    def helped_only_who_was_seen(self) -> None:
        if hasattr(self, "standing"):
            assert (self.standing.got_help is True) is self.seen


TestLoop = Loop.TestCase
TestLoop.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
