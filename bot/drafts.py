"""The draft state machine: pure data, no clock, no database.

    waiting -> approved -> filed
    waiting -> rejected | expired | superseded | blocked
    approved -> filing_failed -> approved        (a person asks for another try)
    approved -> waiting                          (the chart changed before filing: the new version asks again)

An edit makes a new version and stays `waiting`. Nothing leads from expired, rejected or superseded to approved.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    FILED = "filed"
    FILING_FAILED = "filing_failed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    BLOCKED = "blocked"


MOVES: dict[State, frozenset[State]] = {
    State.WAITING: frozenset({State.APPROVED, State.REJECTED, State.EXPIRED, State.SUPERSEDED, State.BLOCKED}),
    State.APPROVED: frozenset({State.FILED, State.FILING_FAILED, State.WAITING, State.BLOCKED}),
    State.FILING_FAILED: frozenset({State.APPROVED}),
    State.FILED: frozenset(),
    State.REJECTED: frozenset(),
    State.EXPIRED: frozenset(),
    State.SUPERSEDED: frozenset(),
    State.BLOCKED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One draft as it stands in the database, without its content."""

    id: str
    request_id: str
    skill: str
    alias: str
    client_id: str
    team: str
    asked_by: str
    to_staff: str | None
    state: State
    version: int
    trouble: str | None
    decided_by: str | None
    decided_at: datetime | None
    filed_at: datetime | None
    accept_by: datetime | None
    accepted_by: str | None
    accepted_at: datetime | None
    returned_at: datetime | None
    recalled_by: str | None
    recalled_at: datetime | None
    expires_at: datetime
    created_at: datetime


class Stale(StrEnum):
    """Why a press on a draft does not count."""

    OTHER_VERSION = "other_version"  # the card showed an earlier text
    DECIDED = "decided"  # somebody was first
    EXPIRED = "expired"


def stale(draft: Draft, version: int, now: datetime) -> Stale | None:
    """Whether a decision on `version` still counts. None: it does."""
    if draft.state is not State.WAITING:
        return Stale.DECIDED
    if draft.version != version:
        return Stale.OTHER_VERSION
    if now >= draft.expires_at:
        return Stale.EXPIRED
    return None


def may_move(before: State, after: State) -> bool:
    return after in MOVES[before]
