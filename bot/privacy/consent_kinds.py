"""What kind of consent a record is, and which required elements it states (42 CFR 2.31).

One consent may cover all future treatment, payment and operations (2.31(a)(5)). A consent for SUD counseling notes and
one for legal proceedings stand alone: combined with anything else they are deficient (2.31(b), (d)) and permit nothing.
"""

import re
from enum import StrEnum
from typing import Final

from ehr_clients.models import Consent


class Kind(StrEnum):
    TPO_SINGLE = "tpo_single"
    SPECIFIC = "specific"
    SUD_COUNSELING_NOTES = "sud_counseling_notes"
    LEGAL_PROCEEDINGS = "legal_proceedings"
    INTERMEDIARY = "intermediary"


STANDS_ALONE: Final = frozenset({Kind.SUD_COUNSELING_NOTES, Kind.LEGAL_PROCEEDINGS})
TPO: Final = frozenset({"TREAT", "HPAYMT", "HOPERAT"})
_WORDS: Final = {
    Kind.TPO_SINGLE: re.compile(
        r"\btreatment,? payment,?( and| &|,)? (health ?care )?operations\b|\bTPO\b", re.IGNORECASE
    ),
    Kind.SUD_COUNSELING_NOTES: re.compile(r"\bcounsell?ing notes?\b", re.IGNORECASE),
    Kind.LEGAL_PROCEEDINGS: re.compile(
        r"\b(civil|criminal|administrative|legislative|legal|court) (proceedings?|matters?|cases?|investigations?)\b",
        re.IGNORECASE,
    ),
    Kind.INTERMEDIARY: re.compile(r"\bintermediar(y|ies)\b|\bhealth information exchange\b|\bHIE\b", re.IGNORECASE),
}
_LEGAL_PURPOSE: Final = "HLEGAL"
ELEMENTS: Final = (  # 2.31(a)(1)-(9), in its order
    "patient",
    "discloser",
    "description",
    "recipients",
    "purpose",
    "right to revoke",
    "expiry",
    "signature",
    "date",
)
FOR_TPO: Final = ("redisclosure statement", "consequences of refusal")  # 2.31(a)(5)(iii), (a)(9)


def kinds(consent: Consent) -> frozenset[Kind]:
    """Every kind that it claims to be; one of them, unless it combines what may not be combined.

    A policy's text also names what it is *not* for ("not in legal proceedings"), so it counts for TPO alone.
    """
    title = " · ".join(filter(None, (consent.category, consent.source.title)))
    words = {Kind.TPO_SINGLE: f"{title} · {consent.policy or ''}"}
    purposes = consent.rule.purposes if consent.rule else frozenset[str]()
    found = {kind for kind, pattern in _WORDS.items() if pattern.search(words.get(kind, title))}
    if purposes >= TPO:
        found.add(Kind.TPO_SINGLE)
    if _LEGAL_PURPOSE in purposes:
        found |= {Kind.LEGAL_PROCEEDINGS} | ({Kind.SPECIFIC} if purposes - {_LEGAL_PURPOSE} else set())
    elif purposes and found & STANDS_ALONE == {Kind.LEGAL_PROCEEDINGS}:
        found.add(Kind.SPECIFIC)  # says legal proceedings, and permits treatment or payment besides
    return frozenset(found or {Kind.SPECIFIC})


def deficient(consent: Consent) -> bool:
    """Whether it combines what must stand alone."""
    found = kinds(consent)
    return bool(found & STANDS_ALONE) and len(found) > 1


def covers_records(consent: Consent) -> bool:
    """Whether it is about the record at all: not about counseling notes or proceedings alone."""
    return not kinds(consent) & STANDS_ALONE


def missing_elements(consent: Consent) -> tuple[str, ...]:
    """Elements of 2.31(a) that the record does not state, in the order of the rule; a TPO consent may never expire."""
    tpo = Kind.TPO_SINGLE in kinds(consent)
    wanted = [*ELEMENTS, *(FOR_TPO if tpo else ())]
    optional = {"expiry"} if tpo else set[str]()
    return tuple(name for name in wanted if name not in consent.stated | optional)
