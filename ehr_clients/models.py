"""The chart in the care team's words: what every EHR adapter reads, whatever its wire format.

Everything is frozen. Every item says where it came from (`source`) and how it may travel (`labels`).
None means "not known"; it never means no or zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Section(StrEnum):
    """The parts of a chart a skill can ask for; `reads` of a skill is a set of these."""

    CLIENT = "client"
    PROBLEMS = "problems"
    NOTES = "notes"
    PLAN = "plan"
    ASSESSMENTS = "assessments"
    MEDICATIONS = "medications"
    ALLERGIES = "allergies"
    ALERTS = "alerts"
    SAFETY_PLAN = "safety_plan"
    CARE_TEAM = "care_team"
    APPOINTMENTS = "appointments"
    COVERAGE = "coverage"
    REFERRALS = "referrals"
    CONSENTS = "consents"
    MESSAGES = "messages"


class Label(StrEnum):
    """How an item may travel, as labelled by the EHR or classified by code (42 CFR Part 2, 45 CFR 164.508)."""

    PART2 = "part2"  # labelled substance use disorder / 42 CFR Part 2 by the EHR
    PART2_PENDING = "part2_pending"  # looks like SUD by code or medication, unlabelled: treated as protected
    RESTRICTED = "restricted"  # confidentiality R or V without a SUD label


@dataclass(frozen=True, slots=True)
class Source:
    """Where a statement comes from: one version of one resource, and the line within its text where that applies.

    `when` is the clinical date (note date, measurement date), with its zone where the EHR gave one.
    `line` counts from 1 in the note's own text.
    """

    ref: str  # "DocumentReference/abc"
    version: str  # opaque
    title: str  # "Progress note", "PHQ-9 total": what it is, never whose
    when: datetime | date | None = None
    author: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What all chart items share."""

    source: Source
    labels: frozenset[Label] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Item):
    """A relative, guardian or emergency contact."""

    name: str
    relationship: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client(Item):
    """The person in care. `alias` only when the EHR itself carries one of ours."""

    id: str
    family: str | None
    given: tuple[str, ...]
    birth_date: date | None
    gender: str | None = None
    alias: str | None = None
    mrn: str | None = None
    phone: str | None = None
    language: str | None = None
    contacts: tuple[Contact, ...] = ()
    deceased: bool | None = None
    active: bool | None = None

    @property
    def name(self) -> str:
        """Given names then family name; "name not on file" when the EHR has none."""
        return " ".join([*self.given, *([self.family] if self.family else [])]) or "name not on file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem(Item):
    text: str
    code: str | None = None  # ICD-10-CM where given, else SNOMED CT
    status: str | None = None  # active | recurrence | relapse | inactive | remission | resolved
    onset: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Item):
    """One progress note. `text` is plain text with its line breaks; psychotherapy notes never become a Note."""

    kind: str
    text: str
    when: datetime | date | None
    author: str | None = None
    author_ref: str | None = None
    signed: bool | None = None
    amended: bool = False
    for_referrals: tuple[str, ...] = ()  # references of the orders it answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal(Item):
    text: str
    status: str | None = None
    measure: str | None = None
    baseline: str | None = None
    target: str | None = None
    due: date | None = None
    achievement: str | None = None


@dataclass(frozen=True, slots=True)
class Intervention:
    text: str
    frequency: str | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Item):
    """A treatment plan with its measurable objectives."""

    title: str
    problem: str | None = None  # what the plan treats, in the plan's own words
    status: str | None = None
    goals: tuple[Goal, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    review: date | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered item of an instrument. `value` None: asked and not answered, or not readable."""

    code: str  # LOINC
    number: int | None  # item number within the instrument, from 1
    value: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment(Item):
    """One administration of an instrument. `level` is set for instruments with levels and no total (C-SSRS)."""

    instrument: str  # "PHQ-9", "GAD-7", "C-SSRS", "AUDIT-C" ...
    when: datetime | date | None
    total: float | None = None
    level: str | None = None  # low | moderate | high
    answers: tuple[Answer, ...] = ()

    def answer(self, number: int) -> int | None:
        """The answer to item `number`; None when it is not on file (which is not a zero)."""
        return next((answer.value for answer in self.answers if answer.number == number), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Medication(Item):
    name: str
    rxnorm: str | None = None
    dose: str | None = None
    status: str | None = None  # active | on-hold | cancelled | completed | stopped ...
    started: date | None = None
    changed: date | None = None
    reason: str | None = None  # why stopped or held, where documented
    prescriber: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allergy(Item):
    substance: str
    reaction: str | None = None
    criticality: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert(Item):
    text: str
    category: str | None = None
    status: str | None = None
    since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyPlan(Item):
    """A Stanley-Brown style plan. `steps` in order, each with its text; missing steps are simply not there."""

    when: date | None
    steps: tuple[tuple[str, str], ...] = ()
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMember(Item):
    ref: str  # "Practitioner/abc"
    name: str | None
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment(Item):
    start: datetime | None
    status: str | None  # booked | fulfilled | noshow | cancelled ...
    kind: str | None = None
    with_: str | None = None
    reason: str | None = None
    for_referrals: tuple[str, ...] = ()  # references of the orders it is based on


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage(Item):
    payer: str | None
    plan: str | None = None
    status: str | None = None
    ends: date | None = None


@dataclass(frozen=True, slots=True)
class LinkedReport:
    """A report that a task carries as its output: a reference, or only its words."""

    ref: str | None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopTask:
    """The task that asks somebody to fulfill a referral: its codes are the EHR's own, unread."""

    ref: str
    version: str
    status: str | None = None  # FHIR task-status
    business: str | None = None  # code of businessStatus (BSeR 2.0 to 7.0), where it is coded
    business_text: str | None = None
    owner: str | None = None
    owner_ref: str | None = None
    authored: datetime | date | None = None
    modified: datetime | date | None = None
    due: date | None = None  # end of restriction.period
    reason: str | None = None  # statusReason
    notes: tuple[str, ...] = ()
    reports: tuple[LinkedReport, ...] = ()  # Task.output


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral(Item):
    """An order to somebody outside or inside, with the tasks that fulfill it."""

    what: str
    status: str | None = None
    step: str | None = None  # businessStatus of the Task, where there is one
    to: str | None = None
    when: date | None = None  # authored on
    to_ref: str | None = None  # reference of who or what it is to, where the EHR has one
    requester: str | None = None
    requester_ref: str | None = None
    urgency: str | None = None  # routine | urgent | asap | stat
    needed_by: date | None = None
    question: str | None = None  # why, in the order's own words
    notes: tuple[str, ...] = ()
    number: str | None = None  # the order's own number, as the receiver got it
    version: str = ""  # of the order alone: `source.version` changes with its tasks as well
    tasks: tuple[LoopTask, ...] = ()  # newest first; () : nobody was asked to fulfill it

    @property
    def id(self) -> str:
        """The order's own id in the EHR, without its type."""
        return self.source.ref.partition("/")[2]

    @property
    def task(self) -> LoopTask | None:
        """The newest task, which says where the loop stands; None when it never left."""
        return next(iter(self.tasks), None)


@dataclass(frozen=True, slots=True)
class Provision:
    """One rule of a consent (FHIR Consent.provision). Empty sets do not narrow."""

    permit: bool
    purposes: frozenset[str] = frozenset()  # v3-ActReason: TREAT, HPAYMT, HOPERAT, ETREAT ...
    actors: frozenset[str] = frozenset()  # references: Practitioner/..., Organization/..., CareTeam/...
    labels: frozenset[str] = frozenset()  # security label codes the rule is about
    starts: datetime | date | None = None
    ends: datetime | date | None = None
    nested: tuple["Provision", ...] = ()
    narrowed: bool = False  # limits itself to some documents, codes, dates or actions that nobody here can check


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent(Item):
    status: str  # active | inactive | rejected | draft | entered-in-error
    scope: str | None = None
    category: str | None = None
    when: datetime | date | None = None
    rule: Provision | None = None
    part2: bool = False  # the consent names 42 CFR Part 2 records
    policy: str | None = None  # its policy and categories in words
    stated: frozenset[str] = frozenset()  # elements of 42 CFR 2.31(a) that the record states, by name


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Item):
    when: datetime | date | None
    sender: str | None
    text: str
    from_client: bool | None = None  # by the client or somebody close to them; None: the EHR does not say


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo(Item):
    """A task in the chart that is not done and belongs to no referral."""

    what: str
    due: date | None = None
    owner_ref: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay(Item):
    """A stay in a hospital or residence that is over."""

    kind: str | None
    ended: datetime | date


class Why(StrEnum):
    """Why a section has no answer."""

    UNAVAILABLE = "unavailable"  # down, slow: will be tried again
    REFUSED = "refused"  # the EHR declined
    UNSUPPORTED = "unsupported"  # this EHR does not offer it
    WITHHELD = "withheld"  # policy, consent or 42 CFR Part 2: set by us, never by an adapter


@dataclass(frozen=True, slots=True)
class Read[T: Item]:
    """What the EHR had, newest first. An empty `items` means the EHR answered and had nothing.

    `incomplete` is a sentence for the reader when the EHR itself said that its answer may not be whole,
    or when items were left out (`dropped` counts psychotherapy and SUD counseling notes, which never surface).
    """

    items: tuple[T, ...]
    as_of: datetime
    incomplete: str | None = None
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Missing:
    """No answer, and why, in a sentence that may be shown. It never reads as "nothing on file"."""

    why: Why
    sentence: str


type SectionAnswer = Read[Item] | Missing


@dataclass(frozen=True, slots=True)
class InCare:
    """A client of a team's caseload, and who is on their active care teams ("Practitioner/abc")."""

    client: "Client"
    care_team: frozenset[str]


@dataclass(frozen=True, slots=True)
class Recent:
    """What a digest needs of one client. `new`: refs of what was stored since; all else is there for context."""

    assessments: tuple[Assessment, ...] = ()  # newest first; earlier ones only where there is a new one
    notes: tuple[Note, ...] = ()
    messages: tuple[Message, ...] = ()
    appointments: tuple[Appointment, ...] = ()
    alerts: tuple[Alert, ...] = ()
    plans: tuple[Plan, ...] = ()
    referrals: tuple[Referral, ...] = ()
    todos: tuple[Todo, ...] = ()
    stays: tuple[Stay, ...] = ()
    consents: tuple[Consent, ...] = ()
    new: Mapping[str, datetime] = field(default_factory=dict)  # ref -> when it was stored, by the EHR's clock
    dropped: int = 0  # psychotherapy and SUD counseling notes, which never surface


@dataclass(frozen=True, slots=True)
class Changes:
    """Of many clients what changed and what is open. `gaps`: sentences about what could not be read or not wholly."""

    by_client: Mapping[str, Recent]
    gaps: tuple[str, ...] = ()
    consents_known: bool = True
    trips: int = 0  # requests it took


@dataclass(frozen=True, slots=True)
class ChartData:
    """One client's answer to one question: every section that was asked for is a key."""

    client: Client
    sections: Mapping[Section, SectionAnswer] = field(default_factory=dict)

    def versions(self) -> dict[str, str]:
        """Resource reference -> version, of everything read: what a decision rests on."""
        items = [item for answer in self.sections.values() if isinstance(answer, Read) for item in answer.items]
        goals = [goal for item in items if isinstance(item, Plan) for goal in item.goals]
        return {item.source.ref: item.source.version for item in [self.client, *items, *goals]}
