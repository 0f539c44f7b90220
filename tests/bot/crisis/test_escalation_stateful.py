"""Whatever happens in whatever order: only a named person's documented disposition leads to the end of an escalation."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.crisis.disposition import Counselling, Disposition, Kind, Level
from bot.crisis.escalation import UNANSWERED, Escalation, Moved, PageThese, Refused, State, apply, opened
from bot.crisis.events import (
    Acknowledged,
    Assessed,
    Closed,
    DismissalConfirmed,
    Dismissed,
    Disposed,
    Documented,
    Event,
    HandOverAccepted,
    HandOverDeclined,
    HandOverOffered,
    SignalAdded,
    TimeUp,
    Unreached,
)
from bot.crisis.policy import Tier, Tiers

START = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)
PEOPLE = st.sampled_from(["vega", "osei", "brandt"])
COMPLETE = Disposition(
    kind=Kind.SAFETY_PLAN,
    assessor="vega",
    level=Level.MODERATE,
    means=Counselling.DONE,
    safety_plan_on=date(2026, 11, 23),
    next_contact_at=START + timedelta(days=1),
    notified=(),
    duty_to_warn="Does not apply.",
)
ORDER = [
    State.OPENED,
    State.PAGED,
    State.ACKNOWLEDGED,
    State.ASSESSED,
    State.DISPOSITION,
    State.DOCUMENTED,
    State.CLOSED,
]
ENDS_PAGES = (  # what makes pages that wait superfluous: an answer, a step of people after it, or a start from the beginning
    Acknowledged,
    Assessed,
    Closed,
    DismissalConfirmed,
    Disposed,
    Documented,
    HandOverAccepted,
    HandOverDeclined,
    SignalAdded,
    TimeUp,
)
SETS_TIME = (TimeUp, Acknowledged, Assessed, Disposed, DismissalConfirmed, Documented)
RANK = {state: number for number, state in enumerate(ORDER)}


class AnEscalation(RuleBasedStateMachine):
    """Everything that people, providers and the clock can do to one escalation, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.at = START
        self.happened: list[Event] = []
        self.sent: set[tuple[int, str]] = set()

    @initialize(tier=st.sampled_from(list(Tier)))
    def open(self, tier: Tier) -> None:
        self.now = opened(tier, Tiers(), self.at)

    def _try(self, event: Event) -> Moved | Refused:
        was, result = self.now, apply(self.now, event, self.at)
        if isinstance(result, Refused):
            assert result.sentence
            return result
        self.now = result.now
        self.happened.append(event)
        assert not was.tier.more_urgent_than(self.now.tier), "a tier was lowered"
        assert (self.now.tiers, self.now.drill) == (was.tiers, was.drill), "the policy is the one it opened with"
        assert self.now.epoch == was.epoch or type(event) in ENDS_PAGES, "pages were stopped by no answer"
        self._not_put_off(was, event)
        assert self.now.turn == was.turn + 1
        for pages in result.pages:
            assert (self.now.epoch, pages.label) not in self.sent, "twice within its step"
            self.sent.add((self.now.epoch, pages.label))
        if RANK[self.now.state] < RANK[was.state]:  # only an answer that nothing came of is taken back
            assert was.state in {State.ACKNOWLEDGED, State.PAGED}
            assert self.now.due_at is not None
            assert self.now.due_at <= self.at + timedelta(seconds=self.now.policy.steps[0].wait_s)
        return result

    def _not_put_off(self, was: Escalation, event: Event) -> None:
        """Only time itself, or a person who takes the next step, may set the next page for later."""
        if was.due_at is None or self.now.due_at is None or self.now.due_at <= max(was.due_at, self.at):
            return
        assert type(event) in SETS_TIME, f"put off by {type(event).__name__}"
        assert self.now.due_at <= self.at + self._longest(), "nobody would be paged for longer than any clock of it"

    def _longest(self) -> timedelta:
        policy = self.now.policy
        clocks = policy.clocks.model_dump().values()
        return timedelta(seconds=max(*clocks, *(step.wait_s for step in policy.steps)))

    def _happened[E: Event](self, kind: type[E]) -> list[E]:
        return [event for event in self.happened if isinstance(event, kind)]

    # What can happen

    @rule(seconds=st.integers(1, 100_000))
    def time_passes(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)

    @precondition(lambda self: self.now.due_at is not None)
    @rule()
    def it_is_time(self) -> None:
        assert self.now.due_at is not None
        self.at = max(self.at, self.now.due_at)
        was = self.now
        result = self._try(TimeUp())
        assert isinstance(result, Moved), "nothing happened when it was time"
        assert _somebody(result.pages), "time passed and nobody was paged"
        assert result.now.due_at is not None
        assert result.now.due_at > self.at
        assert result.now.owner == was.owner, "time took somebody's responsibility away"

    @rule(label=st.sampled_from(["now.0.0", "same_day.0.0", "now.1.0", "nonsense"]), real=st.booleans())
    def somebody_is_unreached(self, label: str, real: bool) -> None:  # noqa: FBT001 - drawn
        result = self._try(Unreached(self.now.label if real else label))
        assert isinstance(result, Refused) or result.now.due_at == self.at

    @rule(tier=st.sampled_from(list(Tier)))
    def another_signal(self, tier: Tier) -> None:
        result = self._try(SignalAdded(tier))
        assert isinstance(result, Refused) or not self.now.dismissed_by

    @rule(by=PEOPLE)
    def acknowledge(self, by: str) -> None:
        self._try(Acknowledged(by))

    @rule(by=PEOPLE, to=PEOPLE)
    def offer(self, by: str, to: str) -> None:
        owner = self.now.owner
        self._try(HandOverOffered(by, to))
        assert self.now.owner == owner, "an offer changes nobody's responsibility"

    @rule(by=PEOPLE)
    def accept(self, by: str) -> None:
        offered = self.now.offered_to
        if isinstance(self._try(HandOverAccepted(by)), Moved):
            assert offered == by == self.now.owner

    @rule(by=PEOPLE)
    def decline(self, by: str) -> None:
        owner = self.now.owner
        self._try(HandOverDeclined(by))
        assert self.now.owner == owner

    @rule(by=PEOPLE, level=st.sampled_from(list(Level)))
    def assess(self, by: str, level: Level) -> None:
        self._try(Assessed(by, level))

    @rule(by=PEOPLE, without=st.sampled_from(["", "means", "safety_plan_on", "next_contact_at", "notified"]))
    def dispose(self, by: str, without: str) -> None:
        form = COMPLETE.model_copy(update={without: None} if without else {})
        result = self._try(Disposed(by, form))
        assert isinstance(result, Refused) or not without

    @rule(by=PEOPLE, why=st.sampled_from(["", "  ", "a form filled in by mistake"]))
    def dismiss(self, by: str, why: str) -> None:
        was = self.now
        if isinstance(self._try(Dismissed(by, why)), Moved):
            assert (self.now.state, self.now.due_at, self.now.epoch) == (was.state, was.due_at, was.epoch)

    @rule(by=PEOPLE)
    def confirm_dismissal(self, by: str) -> None:
        first = self.now.dismissed_by
        if isinstance(self._try(DismissalConfirmed(by)), Moved):
            assert first not in {None, by}

    @rule(by=PEOPLE, receipt=st.sampled_from(["", "Task/1"]))
    def document(self, by: str, receipt: str) -> None:
        result = self._try(Documented(by, receipt))
        assert isinstance(result, Refused) or receipt

    @rule(by=PEOPLE)
    def close(self, by: str) -> None:
        self._try(Closed(by))

    # What always holds

    @invariant()
    def nothing_is_mute(self) -> None:
        assert (self.now.due_at is None) == (self.now.state is State.CLOSED)

    @invariant()
    def an_owner_is_a_person_who_said_so(self) -> None:
        """Nobody is made responsible by an event that is not their own."""
        said = {e.by for e in self.happened if isinstance(e, Acknowledged | HandOverAccepted | DismissalConfirmed)}
        assert self.now.owner is None or self.now.owner in said

    @invariant()
    def somebody_is_responsible(self) -> None:
        assert self.now.owner is not None or self.now.state in UNANSWERED

    @invariant()
    def the_end_has_names(self) -> None:
        if RANK[self.now.state] >= RANK[State.DISPOSITION]:
            disposed = [event.by for event in self._happened(Disposed)]
            two = {self.now.disposition_by, self.now.confirmed_by} - {None}
            assert self.now.disposition_by in disposed or (self._happened(DismissalConfirmed) and len(two) == 2)
        if self.now.state is State.CLOSED:
            assert self.now.closed_by is not None
            assert self.now.documented_by is not None
            assert all(event.receipt for event in self._happened(Documented))
            assert isinstance(self.happened[-1], Closed)


def _somebody(pages: tuple[PageThese, ...]) -> bool:
    return any(one.who or one.people for one in pages)


TestAnEscalation = AnEscalation.TestCase
TestAnEscalation.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)


def _through(*events: Event) -> Escalation:
    now = opened(Tier.NOW, Tiers(), START)
    for event in events:
        moved = apply(now, event, now.due_at or START)
        assert isinstance(moved, Moved), moved
        now = moved.now
    return now


def test_the_way_to_the_end_exists() -> None:
    way = (TimeUp(), Acknowledged("vega"), Assessed("vega", Level.HIGH), Disposed("vega", COMPLETE))
    assert _through(*way, Documented("vega", "Task/1"), Closed("vega")).state is State.CLOSED


def test_two_people_may_say_that_it_is_no_crisis_and_it_must_still_be_documented() -> None:
    now = _through(TimeUp(), Dismissed("vega", "by mistake"), DismissalConfirmed("brandt"))
    assert now.state is State.DISPOSITION
    assert isinstance(apply(now, Closed("vega"), START), Refused)
    after = _through(
        TimeUp(), Dismissed("vega", "x"), DismissalConfirmed("brandt"), Documented("vega", "Task/1"), Closed("brandt")
    )
    assert (after.state, after.disposition_by, after.confirmed_by) == (State.CLOSED, "vega", "brandt")


def test_a_drill_is_over_when_a_person_answers_and_not_before() -> None:
    now = opened(Tier.NOW, Tiers(), START, drill=True)
    for _ in range(12):
        moved = apply(now, TimeUp(), now.due_at or START)
        assert isinstance(moved, Moved)
        assert moved.pages
        now = moved.now
    moved = apply(now, Acknowledged("osei"), START)
    assert isinstance(moved, Moved)
    assert (moved.now.state, moved.now.closed_by) == (State.CLOSED, "osei")
