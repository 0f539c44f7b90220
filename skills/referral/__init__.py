"""Referrals: where each stands in its loop, by when the next step is owed, and the two messages about it.

steps.py     the words: steps, who owes, evidence, a standing
loop.py      which step may follow which; nothing closes without a kept visit and a report, or a documented refusal
truth.py     what the EHR says of all this
clocks.py    by when, in business days of the clinic's state and by the payer's or state's rule
figures.py   how many stand where, how old they are, how many closed, how many got help
"""

from collections.abc import Sequence
from datetime import datetime

from skills.kit import Appointment, Note, Referral
from skills.kit.business_days import Calendar
from skills.referral.clocks import PROMPTS, Prompt, prompts_due, timed
from skills.referral.figures import Figures, Rate, figures
from skills.referral.loop import FOLLOWS, move
from skills.referral.steps import OPEN, Closure, Evidence, EvidenceKind, Mark, Owes, Refused, Standing, Step
from skills.referral.truth import standing_of

__all__ = [
    "FOLLOWS",
    "OPEN",
    "PROMPTS",
    "Closure",
    "Evidence",
    "EvidenceKind",
    "Figures",
    "Mark",
    "Owes",
    "Prompt",
    "Rate",
    "Refused",
    "Standing",
    "Step",
    "figures",
    "move",
    "prompts_due",
    "standing",
    "standing_of",
    "timed",
]


def standing(
    referral: Referral,
    calendar: Calendar,
    now: datetime,
    *,
    visits: Sequence[Appointment] = (),
    reports: Sequence[Note] = (),
    payer: str | None = None,
) -> Standing:
    """Where a referral stands and by when its next step is owed: from the EHR's own words, at the clinic's calendar."""
    found = standing_of(referral, now=now, visits=visits, reports=reports)
    return timed(found, referral, calendar, now, payer)
