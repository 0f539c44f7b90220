"""The whole vocabulary a skill needs: what it answers to, reads, drafts, shows and would write.

A skill is plain functions over frozen data. It has no clock, no network and no say in who approves: it declares.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ehr_clients.models import Section
from ehr_clients.port import Write
from skills.kit.card import Card, DraftText
from skills.kit.chart import Chart
from skills.kit.prompt import Prompt


class Role(StrEnum):
    """Staff roles and their default access (45 CFR 164.514(d)(2): internal use is limited by role)."""

    FRONT_DESK = "front_desk"
    CARE_COORDINATOR = "care_coordinator"
    CLINICIAN = "clinician"
    PRESCRIBER = "prescriber"
    SUPERVISOR = "supervisor"
    BILLER = "biller"
    COMPLIANCE = "compliance"


class Purpose(StrEnum):
    """Why PHI is used; the value is the v3-ActReason code."""

    TREATMENT = "TREAT"
    PAYMENT = "HPAYMT"
    OPERATIONS = "HOPERAT"
    EMERGENCY = "ETREAT"


@dataclass(frozen=True, slots=True)
class Command:
    """Typed by a person: `/name [client] [to someone]`."""

    name: str
    hint: str
    summary: str


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The receiver must answer in their own words, or the communication goes back to its sender."""

    roles: frozenset[Role]
    licensed: bool


@dataclass(frozen=True, slots=True)
class Approval:
    """Who may say yes, and for how long the question stands. An expired draft is never sent."""

    roles: frozenset[Role]
    licensed: bool
    four_eyes: bool
    expires_after: timedelta
    acceptance: Acceptance | None = None
    escalates: bool = False  # of an escalation: never expires, asks for its code again, and people are told instead


@dataclass(frozen=True, slots=True)
class Person:
    """A staff member as a skill may know them."""

    ref: str  # "Practitioner/abc"
    name: str
    title: str = ""  # "LCSW", "care coordinator"


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for what. `to` is None when it is addressed to the whole team named `team`."""

    id: str
    skill: str
    asked_by: Person
    team: str
    to: Person | None
    at: datetime
    context: tuple[str, ...] = ()  # what Baton knows that no chart says: who was paged, and why


@dataclass(frozen=True, slots=True)
class Signed:
    """The decision that a write rests on."""

    by: Person
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One write of a proposal. A later step refers to the stored result of an earlier one as "@name"."""

    name: str
    write: Write


@dataclass(frozen=True, slots=True)
class Facts:
    """Base of what a skill gathers: frozen and serialisable, stored encrypted until someone decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill[F: Facts]:
    """One capability. Every function is pure; `compose` is the path without a model and is always there."""

    name: str
    title: str
    command: Command
    reads: frozenset[Section]
    purpose: Purpose
    approval: Approval
    facts: type[F]
    gather: Callable[[Request, Chart], F]
    compose: Callable[[F], DraftText]
    card: Callable[[F, DraftText], Card]
    writes: Callable[[F, DraftText, Signed], tuple[Step, ...]]
    prompt: Callable[[F], Prompt] | None = None  # which lines of `compose` a model may put into words; None: none
