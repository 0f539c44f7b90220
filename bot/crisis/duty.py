"""What a state says about the duty to warn or protect: shown, never decided here. And whom staff can ring.

Each text is a pointer for the person who decides, with its place in the law. VERIFY WITH COUNSEL before relying on it:
who is covered, what discharges the duty and what may be told differ, and change.
"""

from collections.abc import Mapping
from typing import Final

from bot.clinic import Clinic
from bot.crisis.recipients import rules

VERIFY: Final = "Verify with counsel. A person decides and writes down what was decided; software does not."
ELSEWHERE: Final = (
    "No text for this state is on file. States differ: some require a warning, some permit it, some do neither. "
    "Disclosure to prevent a serious and imminent threat: 45 CFR 164.512(j)."
)
DUTIES: Final[Mapping[str, str]] = {
    "IL": "Illinois: a specific threat of violence against a reasonably identifiable person may call for a warning, "
    "notice to the police or steps towards hospital care (405 ILCS 5/6-103; 740 ILCS 110/11).",
    "CA": "California: a serious threat of physical violence against a reasonably identifiable person: reasonable "
    "efforts to tell that person and the police (Civil Code 43.92).",
    "TX": "Texas: no duty to warn a third person; disclosure to medical or police personnel is permitted where injury "
    "is probable and imminent (Health and Safety Code 611.004).",
}
LIFELINE: Final = "988 Suicide & Crisis Lifeline: call or text 988, day and night. In immediate danger: 911."


def duty(clinic: Clinic) -> str:
    """The card of the clinic's state."""
    return f"{DUTIES.get(clinic.clinic.state.upper(), ELSEWHERE)} {VERIFY}"


def resources(clinic: Clinic) -> tuple[str, ...]:
    """For staff to use: 988, then what the clinic file lists."""
    return (LIFELINE, *rules(clinic).resources)
