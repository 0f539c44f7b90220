"""What can happen to an escalation. `by` and `to` are staff ids of people; the first three are no one's doing."""

from dataclasses import dataclass

from bot.crisis.disposition import Disposition, Level
from bot.crisis.policy import Tier


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The time has come that `due_at` named."""


@dataclass(frozen=True, slots=True)
class Unreached:
    """No way of this step leads to one of its people just now."""

    label: str


@dataclass(frozen=True, slots=True)
class SignalAdded:
    tier: Tier


@dataclass(frozen=True, slots=True)
class Acknowledged:
    by: str


@dataclass(frozen=True, slots=True)
class HandOverOffered:
    by: str
    to: str


@dataclass(frozen=True, slots=True)
class HandOverAccepted:
    by: str


@dataclass(frozen=True, slots=True)
class HandOverDeclined:
    by: str


@dataclass(frozen=True, slots=True)
class Assessed:
    by: str
    level: Level


@dataclass(frozen=True, slots=True)
class Disposed:
    by: str
    disposition: Disposition


@dataclass(frozen=True, slots=True)
class Dismissed:
    """Somebody says that it is not a crisis. Nothing stops: a second person must say so too."""

    by: str
    why: str


@dataclass(frozen=True, slots=True)
class DismissalConfirmed:
    by: str


@dataclass(frozen=True, slots=True)
class Documented:
    """The disposition was read back from the chart; `receipt` is where it stands there."""

    by: str
    receipt: str


@dataclass(frozen=True, slots=True)
class Closed:
    by: str


type ByAPerson = (
    Acknowledged
    | HandOverOffered
    | HandOverAccepted
    | HandOverDeclined
    | Assessed
    | Disposed
    | Dismissed
    | DismissalConfirmed
    | Documented
    | Closed
)
type Event = TimeUp | Unreached | SignalAdded | ByAPerson
