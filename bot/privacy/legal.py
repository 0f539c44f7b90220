"""Requests of courts, attorneys and the police: nothing is sent, and compliance decides. Pure.

Records of substance use are disclosed in proceedings against a client only with a consent for that alone or a court
order under 42 CFR part 2 subpart E (2.61-2.67) with a subpoena; a subpoena by itself is not enough (2.61(b)). Other
records follow 45 CFR 164.512(e), (f). Whether somebody is a client is not confirmed either (2.13(c)).
"""

import re
from typing import Final

RULE: Final = "part2.subpart_e"
SENTENCE: Final = (
    "This looks like a legal request (a court, an attorney, the police). Nothing is sent and nothing is confirmed from "
    "here; compliance was told and decides. A subpoena alone does not open records of substance use: that takes the "
    "client's consent for it alone, or a court order under 42 CFR part 2 subpart E."
)
FOR_COMPLIANCE: Final = (
    "A legal request came up in chat and was stopped. Nothing was sent. It needs a court order under 42 CFR 2.61 to "
    "2.67 or a consent for proceedings alone; the audit trail has it by this id:"
)
_DEMANDS: Final = re.compile(
    r"\b(subp(o)?enas?|subpoena duces tecum|court[- ]orders?|search warrants?|arrest warrants?|depositions?"
    r"|discovery requests?|law enforcement requests?)\b",
    re.IGNORECASE,
)
_WHO: Final = re.compile(  # as a receiver who is no colleague
    r"\b(courts?|judges?|magistrates?|attorneys?|lawyers?|counsel|prosecutors?|public defenders?|district attorney"
    r"|police|sheriffs?|detectives?|law enforcement|probation( officers?)?|parole( officers?)?|immigration|ICE)\b",
    re.IGNORECASE,
)


def demands(words: str) -> bool:
    """Whether words speak of a legal demand, whoever it is addressed to."""
    return _DEMANDS.search(words) is not None


def from_outside(receiver: str) -> bool:
    """Whether a receiver, who is none of the colleagues, is a court, an attorney or the police."""
    return _WHO.search(receiver) is not None or demands(receiver)
