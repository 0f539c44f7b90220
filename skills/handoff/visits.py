"""Visits kept, missed and ahead. A past visit without an outcome is neither kept nor missed."""

from datetime import datetime

from skills.handoff.facts import HandoffFacts
from skills.kit import Appointment

_KEPT = frozenset({"fulfilled", "arrived", "checked-in"})
_AHEAD = frozenset({"booked", "pending", "proposed", "waitlist"})


def kept(visit: Appointment) -> bool:
    return visit.status in _KEPT


def missed(visit: Appointment) -> bool:
    return visit.status == "noshow"


def settled(facts: HandoffFacts) -> list[Appointment]:
    """Visits that were kept or missed, newest first."""
    return [visit for visit in _past(facts) if kept(visit) or missed(visit)]


def without_outcome(facts: HandoffFacts) -> list[Appointment]:
    return [visit for visit in _past(facts) if visit.status in _AHEAD]


def ahead(facts: HandoffFacts) -> list[Appointment]:
    """Booked visits, the next one first."""
    coming = [
        visit for visit in facts.appointments if visit.start and visit.start > facts.at and visit.status in _AHEAD
    ]
    return sorted(coming, key=_start)


def _past(facts: HandoffFacts) -> list[Appointment]:
    past = [visit for visit in facts.appointments if visit.start and visit.start <= facts.at]
    return sorted(past, key=_start, reverse=True)


def _start(visit: Appointment) -> datetime:
    if visit.start is None:
        raise ValueError("a visit without a start cannot be put in order")
    return visit.start
