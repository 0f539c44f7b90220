"""The words of the referral loop: its steps, who owes the next one, what a step rests on, and where one stands.

Nothing closes a loop but a kept visit and a report, or a documented refusal or redirect. "Closed loop" and "got help"
are two things: a client may have been seen although no report came back, and a refusal closes without help.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final


class Step(StrEnum):
    """The loop in its order, and the four ways it leaves it."""

    DRAFTED = "drafted"
    SENT = "sent"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    KEPT = "kept"
    REPORT_BACK = "report_back"
    CLOSED = "closed"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    NO_SHOW = "no_show"
    REDIRECTED = "redirected"


class Owes(StrEnum):
    """Who owes the next step."""

    US = "us"  # whoever referred
    RECEIVER = "receiver"
    NOBODY = "nobody"
    NOT_KNOWN = "not_known"


class Closure(StrEnum):
    """What a closed loop rests on."""

    VISIT_AND_REPORT = "visit_and_report"
    REFUSAL = "refusal"  # the receiver's or the client's, documented
    REDIRECT = "redirect"  # to somebody else, documented


class EvidenceKind(StrEnum):
    ORDER = "order"
    TASK = "task"
    VISIT = "visit"
    REPORT = "report"
    MESSAGE = "message"
    CALL = "call"  # a telephone call, by whoever marks it
    PAPER = "paper"  # a letter or fax that is not in the EHR


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a step rests on: what it is, where it is kept, who said it, and their words."""

    kind: EvidenceKind
    said_by: str  # a name or role; "the EHR" where it says no more
    when: datetime | date | None = None
    ref: str | None = None  # "Task/abc"; None: it is nowhere in the EHR
    words: str = ""

    @property
    def documented(self) -> bool:
        """It can be shown: kept in the EHR, or told in somebody's words."""
        return bool(self.said_by.strip()) and bool(self.ref or self.words.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one referral stands. `step` None: the EHR does not say, and `next_step` says what to look at.

    `due`, `clock` and `overdue_days` are set by `clocks.timed`; `overdue_days` 0: not overdue, None: no clock runs.
    """

    referral_id: str
    step: Step | None
    since: date | None
    owes: Owes
    who_owes: str  # a name, or "not known"
    next_step: str
    evidence: tuple[Evidence, ...] = ()
    kept: Evidence | None = None
    report: Evidence | None = None
    refusal: Evidence | None = None  # of a declined or redirected referral: the reason, where it is documented
    closure: Closure | None = None
    visit: date | None = None  # the booked visit that is ahead
    due: date | None = None
    clock: str | None = None  # what `due` rests on, in words with its citation
    overdue_days: int | None = None

    @property
    def word(self) -> str:
        return self.step.value.replace("_", " ") if self.step else NOT_KNOWN

    @property
    def closed(self) -> bool:
        return self.step is Step.CLOSED

    @property
    def got_help(self) -> bool | None:
        """Whether a visit was kept. None: the EHR does not say so, and does not exclude it."""
        if self.kept:
            return True
        refused = self.closure in {Closure.REFUSAL, Closure.REDIRECT}
        return False if refused or self.step in _NO_VISIT else None


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a move is not made, in a sentence for whoever asked."""

    reason: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody says happened, with what it rests on. `at` belongs to the move, `evidence.when` to the event."""

    to: Step
    evidence: Evidence


NOT_KNOWN: Final = "not known"
_NO_VISIT: Final = frozenset(
    {
        *(Step.DRAFTED, Step.SENT, Step.RECEIVED, Step.ACCEPTED, Step.SCHEDULED),
        *(Step.NO_SHOW, Step.DECLINED, Step.REDIRECTED),
    }
)
OPEN: Final = frozenset(Step) - {Step.CLOSED}

# Who owes the next step, and what it is.
NEXT: Final[Mapping[Step | None, tuple[Owes, str]]] = {
    None: (Owes.NOT_KNOWN, "Look at the order in the EHR: it does not say where it stands."),
    Step.DRAFTED: (Owes.US, "Sign and send the referral."),
    Step.SENT: (Owes.RECEIVER, "Confirm that it arrived, and accept or decline."),
    Step.RECEIVED: (Owes.RECEIVER, "Accept or decline."),
    Step.ACCEPTED: (Owes.RECEIVER, "Give the client an appointment."),
    Step.SCHEDULED: (Owes.RECEIVER, "See the client, and say whether the visit was kept."),
    Step.KEPT: (Owes.RECEIVER, "Send the report."),
    Step.REPORT_BACK: (Owes.US, "Read the report, act on it, and close the referral."),
    Step.CLOSED: (Owes.NOBODY, "Nothing: the loop is closed."),
    Step.DECLINED: (Owes.US, "Refer elsewhere, or document the refusal and close."),
    Step.UNREACHABLE: (Owes.US, "Reach the client, check the telephone number, and offer to call together."),
    Step.NO_SHOW: (Owes.US, "Ask the client what got in the way, and rebook."),
    Step.REDIRECTED: (Owes.US, "See that the new referral was sent, and close this one."),
}
_VISIT_UNDOCUMENTED: Final = "Document whether the visit was kept; the report alone does not say it."


def next_of(step: Step | None, *, kept: bool, us: str, receiver: str) -> tuple[Owes, str, str]:
    """Who owes the next step, their name, and what it is."""
    owes, words = NEXT[step]
    if step is Step.REPORT_BACK and not kept:
        words = _VISIT_UNDOCUMENTED
    names = {Owes.US: us, Owes.RECEIVER: receiver, Owes.NOBODY: "nobody", Owes.NOT_KNOWN: NOT_KNOWN}
    return owes, names[owes], words
