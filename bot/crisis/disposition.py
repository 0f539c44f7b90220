"""What must be on file before an escalation may be let go: the disposition form, and what is still missing from it."""

from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Level(StrEnum):
    """The level a person assessed. Never computed, never summed."""

    NONE = "none"
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


class Kind(StrEnum):
    """What became of it."""

    SAFETY_PLAN = "safety_plan"  # stays in outpatient care
    HIGHER_CARE = "higher_care"  # voluntary admission or a higher level of care
    EMERGENCY = "emergency"  # emergency department, mobile crisis team, 911
    WELFARE_CHECK = "welfare_check"
    NOT_REACHED = "not_reached"  # documented tries; the follow-up goes on
    NOT_A_CRISIS = "not_a_crisis"


class Counselling(StrEnum):
    """Counselling on access to lethal means. Three answers: not known is not "no"."""

    DONE = "done"
    NOT_DONE = "not_done"
    NOT_KNOWN = "not_known"


class Notified(BaseModel):
    """Somebody outside the team was told, and on what legal basis."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    who: str
    legal_basis: str


class Disposition(BaseModel):
    """Words of a clinician about a client: sealed wherever stored. `notified` None: nobody said whether anyone was."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Kind
    assessor: str  # staff id
    level: Level
    means: Counselling | None = None
    means_because: str = ""  # why it was not done, or is not known
    safety_plan_on: date | None = None
    no_safety_plan_because: str = ""
    next_contact_at: datetime | None = None
    contacts: tuple[str, ...] = ()
    notified: tuple[Notified, ...] | None = None
    duty_to_warn: str = ""  # what a person decided about the state's duty to warn or protect
    words: str = ""

    def missing(self) -> tuple[str, ...]:
        """What a reader of the chart would ask for, in words. () when it is complete."""
        told = self.notified or ()
        gaps = {
            "who assessed": not self.assessor.strip(),
            "means counselling: done, not done or not known": self.means is None,
            "why there was no means counselling": self.means not in {None, Counselling.DONE}
            and not self.means_because.strip(),
            "the date of the safety plan, or why there is none": self.safety_plan_on is None
            and not self.no_safety_plan_because.strip(),
            "when the next contact is": self.next_contact_at is None,
            "whether anyone was notified": self.notified is None,
            "the legal basis of each notification": any(
                not one.legal_basis.strip() or not one.who.strip() for one in told
            ),
            "what was decided about a duty to warn, also when it does not apply": not self.duty_to_warn.strip(),
        }
        return tuple(name for name, gap in gaps.items() if gap)
