"""One audit event: the closed list of actions, the fields of each, and the one text form that is hashed."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row

CODE: Final = re.compile(r"[^\s\x00-\x1f]{1,255}")  # an id, a code, a hash: never a phrase
FORMAT: Final = 1
LONGEST_SUBJECT: Final = 128


class Action(StrEnum):
    """Everything that is ever recorded."""

    # people and their sessions
    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    LOGOUT = "logout"
    ACCESS_REFUSED = "access_refused"
    BREAK_GLASS = "break_glass"
    BREAK_GLASS_REVIEWED = "break_glass_reviewed"
    # asking and reading
    REQUEST_RECEIVED = "request_received"
    REQUEST_REFUSED = "request_refused"
    CLIENT_PICKED = "client_picked"
    CHART_READ = "chart_read"
    CHART_REFUSED = "chart_refused"
    SECTION_WITHHELD = "section_withheld"
    BLOCKED_PSYCHOTHERAPY_NOTE = "blocked_psychotherapy_note"
    NOTE_VIEWED = "note_viewed"
    # drafting
    MODEL_CALLED = "model_called"
    MODEL_REFUSED = "model_refused"
    REDACTED = "redacted"
    DRAFT_MADE = "draft_made"
    DRAFT_SHOWN = "draft_shown"
    DETAIL_VIEWED = "detail_viewed"
    NOTIFICATION_OPENED = "notification_opened"
    DRAFT_EDITED = "draft_edited"
    DRAFT_APPROVED = "draft_approved"
    APPROVAL_REFUSED = "approval_refused"
    DRAFT_REJECTED = "draft_rejected"
    DRAFT_EXPIRED = "draft_expired"
    DRAFT_SUPERSEDED = "draft_superseded"
    DRAFT_BLOCKED = "draft_blocked"
    CONFLICT_SHOWN = "conflict_shown"
    CONFLICT_OVERRIDDEN = "conflict_overridden"
    # writing into the EHR
    WRITE_SENT = "write_sent"
    WRITE_CONFIRMED = "write_confirmed"
    WRITE_FAILED = "write_failed"
    FILED = "filed"
    FILING_FAILED = "filing_failed"
    FILING_RETRIED = "filing_retried"
    RECALLED = "recalled"
    CONTENT_PURGED = "content_purged"
    DISCLOSED = "disclosed"
    # the receiver
    HANDOFF_ACCEPTED = "handoff_accepted"
    ACCEPTANCE_REFUSED = "acceptance_refused"
    HANDOFF_QUESTION = "handoff_question"
    HANDOFF_ANSWER = "handoff_answer"
    HANDOFF_RETURNED = "handoff_returned"
    # crisis
    ESCALATION_OPENED = "escalation_opened"
    ESCALATION_SIGNAL_ADDED = "escalation_signal_added"
    ESCALATION_PAGED = "escalation_paged"
    ESCALATION_DECAYED = "escalation_decayed"
    ESCALATION_DISMISSED = "escalation_dismissed"
    ESCALATION_REPAIRED = "escalation_repaired"
    ESCALATION_ACKNOWLEDGED = "escalation_acknowledged"
    ESCALATION_ASSESSED = "escalation_assessed"
    ESCALATION_DISPOSITION = "escalation_disposition"
    ESCALATION_HANDED_OVER = "escalation_handed_over"
    ESCALATION_DOCUMENTED = "escalation_documented"
    ESCALATION_CLOSED = "escalation_closed"
    # chat and the machine
    MESSAGE_POSTED = "message_posted"
    MESSAGE_FAILED = "message_failed"
    JOB_DEAD = "job_dead"
    JOB_REQUEUED = "job_requeued"
    EXPORT = "export"
    RESTORED = "restored"
    CONFIG_LOADED = "config_loaded"
    CONFIG_CHANGED = "config_changed"
    POLICY_CHANGED = "policy_changed"
    KEY_ROTATED = "key_rotated"
    DELETE_REFUSED = "delete_refused"
    AUDIT_VERIFIED = "audit_verified"


class Outcome(StrEnum):
    SUCCESS = "success"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who did it: a staff id, or "slack:U012" for a stranger, or "baton" for the bot itself. `mfa` None: not known."""

    id: str
    role: str | None = None
    licence: str | None = None
    mfa: bool | None = None


BATON: Final = Actor(id="baton")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientApp:
    """Through which program. `device` is an id, never a name somebody gave it."""

    app: str | None = None
    ip: str | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    type: str  # draft, request, client, job ...
    id: str
    version_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """The call to another system that this event is about."""

    vendor: str
    op: str
    external_id: str | None = None
    attempt: int | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    provider: str
    name: str
    version: str | None = None
    prompt: str | None = None  # version of the instructions: handoff-1
    instructions_hash: str | None = None
    prompt_hash: str | None = None  # of what was sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened, in codes and ids. A text with a space in it is refused: it would be a phrase, and might be PHI."""

    action: Action
    actor: Actor = BATON
    on_behalf_of: str | None = None
    app: ClientApp = ClientApp()
    tenant: str | None = None
    workspace: str | None = None
    channel_id: str | None = None
    object: Object | None = None
    patient_ref: str | None = None  # the EHR's opaque client id
    purpose: str | None = None  # v3-ActReason: TREAT HPAYMT HOPERAT ETREAT ...
    legal_basis: str | None = None
    consent_id: str | None = None
    part2_flag: bool | None = None
    field_classes: tuple[str, ...] = ()
    recipient: str | None = None
    decision: str | None = None  # allow | deny | break_glass
    reason: str | None = None  # a code
    policy_version: str | None = None
    model: ModelUse | None = None
    source_refs: tuple[str, ...] = ()
    output_hash: str | None = None
    approval_id: str | None = None
    adapter: Adapter | None = None
    outcome: Outcome = Outcome.SUCCESS
    error_code: str | None = None
    counts: Mapping[str, int] | None = None
    subject: str | None = None  # the draft or request it belongs to, when that is not the object itself
    at: datetime | None = None  # None: the moment it is appended

    def __post_init__(self) -> None:
        if self.at is not None and self.at.tzinfo is None:
            raise ValueError("the time of an audit event needs its zone")
        if self.decision not in (None, "allow", "deny", "break_glass"):
            raise ValueError("the decision of an audit event is allow, deny or break_glass")
        if self.about and len(self.about) > LONGEST_SUBJECT:
            raise ValueError("the subject of an audit event is an id of at most 128 characters")
        for name, text in _texts(self):
            if not CODE.fullmatch(text):
                raise ValueError(f"the field {name} of an audit event is not an id or a code: phrases are not recorded")

    @property
    def about(self) -> str | None:
        return self.subject or (self.object.id if self.object else None)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A row of the trail. `fields` is the event as hashed, without the fields that were not known."""

    seq: int
    event_id: str
    at: datetime
    action: str
    subject: str | None
    fields: Mapping[str, Any]
    prev_hash: str
    hash: str


def canonical(event: Event, *, seq: int, event_id: str, at: str) -> str:
    """The one text form of an event: keys sorted, nothing unknown in it, ASCII."""
    body = {"format": FORMAT, "seq": seq, "event_id": event_id, "ts_utc": at} | _known(event)
    body.pop("at", None)
    body["subject"] = event.about
    return json.dumps(body, sort_keys=True, separators=(",", ":"))


def stored(row: Row[Any]) -> StoredEvent:
    at = datetime.fromisoformat(row.at)
    return StoredEvent(
        row.seq, row.event_id, at, row.action, row.subject, json.loads(row.body), row.prev_hash, row.hash
    )


def _known(value: Any) -> dict[str, Any]:
    pairs = ((each.name, _plain(getattr(value, each.name))) for each in fields(value))
    return {name: plain for name, plain in pairs if plain not in (None, [], {})}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    return _known(value) if is_dataclass(value) else value


def _texts(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    for each in fields(value):
        name, part = prefix + each.name, getattr(value, each.name)
        match part:
            case str():
                yield name, part
            case tuple():
                yield from ((name, text) for text in part)
            case Mapping():
                yield from ((name, text) for text in part)
            case _ if is_dataclass(part):
                yield from _texts(part, f"{name}.")
