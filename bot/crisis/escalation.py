"""The escalation machine, pure: an event in, the next state and the pages to send out, or a refusal in words.

opened -> paged -> acknowledged -> assessed -> disposition -> documented -> closed. An acknowledgement decays and pages
again. Nothing here stops by itself: until it is closed every escalation has a time at which somebody is paged next, and
only a named person's documented disposition leads to the end. The policy is the one of the moment it opened.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, assert_never

from bot.crisis.disposition import Disposition
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
from bot.crisis.policy import Recipient, Step, Tier, TierPolicy, Tiers, WayName


class State(StrEnum):
    OPENED = "opened"
    PAGED = "paged"
    ACKNOWLEDGED = "acknowledged"
    ASSESSED = "assessed"
    DISPOSITION = "disposition"
    DOCUMENTED = "documented"
    CLOSED = "closed"


UNANSWERED: Final = frozenset({State.OPENED, State.PAGED})
OWNED: Final = frozenset({State.ACKNOWLEDGED, State.ASSESSED, State.DISPOSITION, State.DOCUMENTED})
JOINABLE: Final = UNANSWERED | {State.ACKNOWLEDGED}  # a further signal belongs to it; later it opens one of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Where it stands. `turn` counts changes; `epoch` grows with each answer: pages of an older one are not sent."""

    tier: Tier
    tiers: Tiers  # frozen when it opened
    opened_at: datetime
    drill: bool = False
    state: State = State.OPENED
    turn: int = 0
    epoch: int = 0
    step: int = 0
    round: int = 0
    moved_on: bool = False  # somebody of this step could not be reached: its repeats are left out
    due_at: datetime | None = None  # when something happens next; None only when closed
    owner: str | None = None  # responsible, once somebody answered; stays so until another one is
    offered_to: str | None = None
    dismissed_by: str | None = None  # said "not a crisis", and waits for a second person
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    assessed_by: str | None = None
    disposition_by: str | None = None
    confirmed_by: str | None = None
    documented_by: str | None = None
    closed_by: str | None = None

    @property
    def policy(self) -> TierPolicy:
        return self.tiers.of(self.tier)

    @property
    def label(self) -> str:
        """Of the pages of the present step: one of each person and way may carry it."""
        return f"{self.tier}.{self.step}.{self.round}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageThese:
    """Page these people by these ways, once each for one `label`. Recipients are looked up when it is done."""

    label: str
    who: tuple[Recipient, ...] = ()
    after_hours: tuple[Recipient, ...] = ()
    people: tuple[str, ...] = ()
    ways: tuple[WayName, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    now: Escalation
    pages: tuple[PageThese, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing changed. `sentence` is for the person who tried."""

    rule: str
    sentence: str


def opened(tier: Tier, tiers: Tiers, at: datetime, *, drill: bool = False) -> Escalation:
    """A new one: its first pages are due at once."""
    return Escalation(tier=tier, tiers=tiers, opened_at=at, due_at=at, drill=drill)


def apply(was: Escalation, event: Event, at: datetime) -> Moved | Refused:
    """What `event` makes of it at the moment `at`."""
    if was.state is State.CLOSED:
        return Refused("escalation.closed", "This escalation is closed.")
    moved = _apply(was, event, at)
    if isinstance(moved, Moved):
        return replace(moved, now=replace(moved.now, turn=was.turn + 1))
    return moved


def _apply(was: Escalation, event: Event, at: datetime) -> Moved | Refused:  # noqa: C901, PLR0912 - one case an event
    match event:
        case TimeUp():
            return _time_up(was, at)
        case Unreached(label):
            return _unreached(was, label, at)
        case SignalAdded(tier):
            return _signal_added(was, tier, at)
        case Acknowledged(by):
            return _acknowledged(was, by, at)
        case HandOverOffered(by, to):
            return _offered(was, by, to)
        case HandOverAccepted(by) | HandOverDeclined(by):
            return _answered_offer(was, by, accepted=isinstance(event, HandOverAccepted))
        case Assessed(by, _):
            return _assessed(was, by, at)
        case Disposed(by, disposition):
            return _disposed(was, by, disposition, at)
        case Dismissed(by, why):
            return _dismissed(was, by, why)
        case DismissalConfirmed(by):
            return _dismissal_confirmed(was, by, at)
        case Documented(by, receipt):
            return _documented(was, by, receipt, at)
        case Closed(by):
            return _closed(was, by)
        case _:
            assert_never(event)


# Time


def _time_up(was: Escalation, at: datetime) -> Moved | Refused:
    if was.due_at is None or at < was.due_at:
        return Refused("escalation.too_early", "It is not time yet.")
    match was.state:
        case State.OPENED:
            return _page_step(was, at)
        case State.PAGED:
            return _page_step(_next_step(was), at)
        case State.ACKNOWLEDGED:
            return _decayed(was, at)
        case State.ASSESSED | State.DISPOSITION | State.DOCUMENTED:
            return _reminded(was, at)
        case State.CLOSED:
            return Refused("escalation.closed", "This escalation is closed.")
        case _:
            assert_never(was.state)


def _page_step(was: Escalation, at: datetime) -> Moved:
    step: Step = was.policy.steps[was.step]
    now = replace(was, state=State.PAGED, due_at=_after(at, step.wait_s), moved_on=False)
    owner = (was.owner,) if was.owner else ()  # after a decay the first owner is still responsible
    pages = PageThese(label=now.label, who=step.who, after_hours=step.after_hours, people=owner, ways=step.ways)
    return Moved(now, (pages,))


def _next_step(was: Escalation) -> Escalation:
    """The last step comes again and again: it has no end but an answer."""
    last = was.step == len(was.policy.steps) - 1
    if last or (not was.moved_on and was.round + 1 < was.policy.steps[was.step].repeat):
        return replace(was, round=was.round + 1)
    return replace(was, step=was.step + 1, round=0)


def _decayed(was: Escalation, at: datetime) -> Moved:
    """Answered, and nothing came of it: everybody is paged from the beginning, the owner too."""
    return _page_step(_from_the_start(was), at)


def _from_the_start(was: Escalation) -> Escalation:
    return replace(was, state=State.PAGED, epoch=was.epoch + 1, step=0, round=0, offered_to=None)


def _reminded(was: Escalation, at: datetime) -> Moved:
    now = replace(was, due_at=_after(at, _clock_s(was, was.state)))
    return Moved(now, (_to(was, "remind", (Recipient.SUPERVISOR,)),))


def _unreached(was: Escalation, label: str, at: datetime) -> Moved | Refused:
    last = was.step == len(was.policy.steps) - 1
    if was.state is not State.PAGED or label != was.label or was.moved_on or last:
        return Refused("escalation.moved_on", "It has moved on already, or there is no further step.")
    return Moved(replace(was, due_at=at, moved_on=True))


def _signal_added(was: Escalation, tier: Tier, at: datetime) -> Moved | Refused:
    """Never lowers a tier. A more urgent one begins anew, and an acknowledgement of the milder one no longer counts."""
    if was.state not in JOINABLE:
        return Refused("escalation.too_far", "A new signal opens an escalation of its own.")
    was = replace(was, dismissed_by=None)  # it was said of less than is known now
    if tier.more_urgent_than(was.tier):
        return Moved(replace(_from_the_start(was), tier=tier, state=State.OPENED, due_at=at))
    if was.state is State.ACKNOWLEDGED:
        return Moved(was, (_to(was, "signal", ()),))
    return Moved(was)


# People


def _acknowledged(was: Escalation, by: str, at: datetime) -> Moved | Refused:
    if was.state not in UNANSWERED:
        return Refused(
            "escalation.answered", "Somebody has answered this escalation already and is responsible for it."
        )
    now = replace(was, owner=by, acknowledged_by=by, acknowledged_at=at, epoch=was.epoch + 1)
    if was.drill:  # a drill is over when a person answers
        return Moved(replace(now, state=State.CLOSED, closed_by=by, due_at=None))
    return Moved(_in(now, State.ACKNOWLEDGED, at))


def _offered(was: Escalation, by: str, to: str) -> Moved | Refused:
    if was.state not in OWNED or was.owner != by:
        return Refused("escalation.not_yours", "Only the person responsible can hand this escalation over.")
    if to == by:
        return Refused("escalation.yours", "You are responsible for it already.")
    now = replace(was, offered_to=to)
    return Moved(now, (PageThese(label=f"offer.{was.turn}", people=(to,), ways=was.policy.steps[0].ways),))


def _answered_offer(was: Escalation, by: str, *, accepted: bool) -> Moved | Refused:
    """The clocks go on: a new owner does not make it less late."""
    if was.state not in OWNED or was.offered_to != by:
        return Refused("escalation.not_offered", "This escalation was not offered to you.")
    owner = by if accepted else was.owner
    return Moved(replace(was, owner=owner, offered_to=None, epoch=was.epoch + 1))


def _assessed(was: Escalation, by: str, at: datetime) -> Moved | Refused:
    if was.state is not State.ACKNOWLEDGED:
        return _out_of_turn(was, State.ACKNOWLEDGED)
    return Moved(_in(replace(was, assessed_by=by, epoch=was.epoch + 1), State.ASSESSED, at))


def _disposed(was: Escalation, by: str, disposition: Disposition, at: datetime) -> Moved | Refused:
    if was.state is not State.ASSESSED:
        return _out_of_turn(was, State.ASSESSED)
    if missing := disposition.missing():
        return Refused("disposition.incomplete", "The disposition is not complete: " + "; ".join(missing) + ".")
    return Moved(_in(replace(was, disposition_by=by, epoch=was.epoch + 1), State.DISPOSITION, at))


def _dismissed(was: Escalation, by: str, why: str) -> Moved | Refused:
    """Paging goes on and the clocks too; a supervisor is asked to be the second person."""
    if was.state not in UNANSWERED | {State.ACKNOWLEDGED, State.ASSESSED}:
        return Refused("escalation.too_late", "There is a disposition already.")
    if not why.strip():
        return Refused("dismissal.why", "Say why it is not a crisis.")
    if was.dismissed_by is not None:
        return Refused("dismissal.waits", "That was said already: a second person must confirm it.")
    asked = _to(was, "confirm", (Recipient.SUPERVISOR,))
    return Moved(replace(was, dismissed_by=by), (asked,))


def _dismissal_confirmed(was: Escalation, by: str, at: datetime) -> Moved | Refused:
    if was.dismissed_by is None or was.state not in UNANSWERED | {State.ACKNOWLEDGED, State.ASSESSED}:
        return Refused("dismissal.none", "Nobody has said that this is not a crisis.")
    if was.dismissed_by == by:
        return Refused("dismissal.second", "A second person must confirm that this is not a crisis.")
    by_both = replace(was, disposition_by=was.dismissed_by, confirmed_by=by, owner=was.owner or by, offered_to=None)
    return Moved(_in(replace(by_both, epoch=was.epoch + 1), State.DISPOSITION, at))


def _documented(was: Escalation, by: str, receipt: str, at: datetime) -> Moved | Refused:
    if was.state is not State.DISPOSITION:
        return _out_of_turn(was, State.DISPOSITION)
    if not receipt.strip():
        return Refused("documented.receipt", "What was filed must be read back from the chart first.")
    return Moved(_in(replace(was, documented_by=by, epoch=was.epoch + 1), State.DOCUMENTED, at))


def _closed(was: Escalation, by: str) -> Moved | Refused:
    if was.state is not State.DOCUMENTED:
        return _out_of_turn(was, State.DOCUMENTED)
    return Moved(replace(was, state=State.CLOSED, closed_by=by, due_at=None, offered_to=None, epoch=was.epoch + 1))


# Helpers


def _to(was: Escalation, what: str, who: tuple[Recipient, ...]) -> PageThese:
    """To the owner and these, with a label of its own."""
    owner = (was.owner,) if was.owner else ()
    return PageThese(label=f"{what}.{was.turn}", who=who, people=owner, ways=was.policy.steps[0].ways)


def _in(now: Escalation, state: State, at: datetime) -> Escalation:
    return replace(now, state=state, due_at=_after(at, _clock_s(now, state)))


def _clock_s(now: Escalation, state: State) -> int:
    clocks = now.policy.clocks
    seconds = {
        State.ACKNOWLEDGED: clocks.assess_s,
        State.ASSESSED: clocks.disposition_s,
        State.DISPOSITION: clocks.document_s,
        State.DOCUMENTED: clocks.close_s,
    }
    return seconds[state]


def _after(at: datetime, seconds: int) -> datetime:
    """Counted in UTC: on a clock on the wall five minutes may be an hour and five."""
    return at.astimezone(UTC) + timedelta(seconds=seconds)


def _out_of_turn(was: Escalation, needed: State) -> Refused:
    before = {
        State.ACKNOWLEDGED: "Somebody must acknowledge it first, or has gone further already",
        State.ASSESSED: "The client must be assessed first, or there is a disposition already",
        State.DISPOSITION: "There must be a disposition first, or it is documented already",
        State.DOCUMENTED: "The disposition must be documented in the chart first",
    }
    return Refused("escalation.out_of_turn", f"{before[needed]}: this escalation is {was.state}.")
