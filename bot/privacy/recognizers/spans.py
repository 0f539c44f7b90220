"""What a recognizer found: a place in the text, and what kind of identifier stands there. Never the text itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kinds of placeholder. Together they cover the eighteen identifiers of 45 CFR 164.514(b)(2)(i)."""

    NAME = "NAME"
    LOCATION = "LOCATION"  # everything below a state, and organizations: employers, schools, clinics
    DATE = "DATE"
    PHONE = "PHONE"  # telephone and fax
    ID = "ID"  # SSN, record, plan, account, licence, vehicle, device, biometric and any other unique number
    EMAIL = "EMAIL"
    URL = "URL"
    IP = "IP"
    AGE = "AGE"  # over 89
    TERM = "TERM"  # the gate does not know the word


@dataclass(frozen=True, slots=True)
class Found:
    """`who` names the person of the record, where it is one and only one: their forms share a placeholder.

    `trust` orders the layers: where two overlap, the higher one says what kind it is, and both stay masked.
    """

    start: int
    end: int
    kind: Kind
    trust: int = 0
    who: str | None = None


KNOWN, SHAPE, CONTEXT, LIST, NER, GATE = 60, 50, 40, 30, 20, 10


def merged(found: Iterable[Found]) -> tuple[Found, ...]:
    """In order of the text, without overlaps: what overlaps becomes one, of the kind that is trusted most."""
    whole: list[Found] = []
    for each in sorted(found, key=lambda f: (f.start, -f.end)):
        if whole and each.start < whole[-1].end:
            whole[-1] = _both(whole[-1], each)
        elif each.end > each.start:
            whole.append(each)
    return tuple(whole)


def _both(one: Found, other: Found) -> Found:
    surer = other if other.trust > one.trust else one
    covers = surer.start <= min(one.start, other.start) and surer.end >= max(one.end, other.end)
    same = one.kind is other.kind and None in (one.who, other.who)
    who = surer.who if covers else (one.who or other.who) if same else None
    return Found(min(one.start, other.start), max(one.end, other.end), surer.kind, surer.trust, who)
