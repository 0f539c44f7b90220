"""The shape of the files a person edits: one TOML per client, one for the staff. A misspelt key is refused by place.

Days are whole numbers counted from today: `days_ago` looks back, `in_days` looks ahead.
Prose may hold `{-12}` or `{+7}` for a date.
"""

import tomllib
from importlib.resources import files
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

type Label = Literal["none", "part2", "psychotherapy"]


class Source(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OnADay(Source):
    """Something that happened or will: exactly one of the two."""

    days_ago: int | None = Field(default=None, ge=1)
    in_days: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_day(self) -> Self:
        if (self.days_ago is None) == (self.in_days is None):
            raise ValueError("Say either days_ago or in_days.")
        return self

    @property
    def offset(self) -> int:
        return self.in_days if self.in_days is not None else -(self.days_ago or 0)


class Team(Source):
    slug: str
    name: str
    program: str
    part2_program: bool = False


class StaffMember(Source):
    slug: str
    given: str
    family: str
    credential: str = ""
    title: str
    role: str
    teams: tuple[str, ...]
    phone: str
    active: bool = True


class Staff(Source):
    clinic: str
    time_zone: str
    teams: tuple[Team, ...]
    staff: tuple[StaffMember, ...]


class Address(Source):
    line: str
    city: str
    state: str
    postal_code: str


class Contact(Source):
    given: str
    family: str
    relation: str
    code: Literal["C", "E", "N", "F", "O"] = "N"
    phone: str


class Coverage(Source):
    payer: str
    plan: str
    member_id: str
    since_days_ago: int
    status: Literal["active", "cancelled"] = "active"


class Member(Source):
    staff: str
    role: str


class Condition(Source):
    text: str
    icd10: str
    snomed: str | None = None
    status: Literal["active", "remission", "resolved", "recurrence"] = "active"
    since_days_ago: int
    ended_days_ago: int | None = None
    principal: bool = False


class Medication(Source):
    text: str
    rxnorm: str
    dose: str
    status: Literal["active", "stopped", "completed", "on-hold"] = "active"
    since_days_ago: int
    ended_days_ago: int | None = None
    reason: str | None = None
    by: str | None = None
    outside_prescriber: str | None = None


class Allergy(Source):
    text: str
    rxnorm: str | None = None
    snomed: str | None = None
    reaction: str | None = None
    criticality: Literal["low", "high", "unable-to-assess"] = "low"
    kind: Literal["allergy", "intolerance"] = "allergy"
    days_ago: int


class Alert(Source):
    text: str
    category: Literal["safety", "admin", "behavioral", "contact", "clinical"]
    days_ago: int
    by: str
    status: Literal["active", "inactive"] = "active"
    ended_days_ago: int | None = None


class Note(Source):
    """A note that hangs on no visit: a call, a summary from outside, or one a clinician keeps apart."""

    days_ago: int = Field(ge=1)
    at: str = "17:10"
    by: str
    kind: Literal["progress", "coordination", "discharge", "psychotherapy"] = "progress"
    label: Label = "none"
    form: str
    text: str
    replaces_visit: int | None = None


class Visit(OnADay):
    """An appointment and what came of it. Only a kept one has an encounter, and only a kept one has a note."""

    at: str
    minutes: int = 50
    staff: str
    kind: str
    how: Literal["office", "telehealth", "home"] = "office"
    status: Literal["kept", "missed", "cancelled", "booked"] = "kept"
    why: str | None = None
    form: Literal["DAP", "SOAP", "BIRP", "GIRP"] | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _only_kept_visits_have_notes(self) -> Self:
        if self.note is not None and (self.status != "kept" or self.form is None):
            raise ValueError("A note needs a kept visit and a form.")
        if (self.status == "booked") != (self.in_days is not None):
            raise ValueError("A booked visit lies ahead, every other behind.")
        return self


class Admission(Source):
    """A hospital stay elsewhere, as this clinic learned of it."""

    hospital: str
    reason: str
    from_days_ago: int
    to_days_ago: int
    disposition: str


class Cssrs(Source):
    """Answers only: the wording of the screener is registered and stays out of this repository."""

    wish_dead: bool
    thoughts: bool
    method: bool | None = None
    intent: bool | None = None
    plan: bool | None = None
    behaviour_lifetime: bool
    behaviour_3_months: bool


class Measure(Source):
    """One sitting. Items stand in the instrument's order; "?" is a question that was not answered."""

    days_ago: int = Field(ge=1)
    by: str
    phq9: tuple[int | Literal["?"], ...] | None = Field(default=None, min_length=9, max_length=9)
    gad7: tuple[int | Literal["?"], ...] | None = Field(default=None, min_length=7, max_length=7)
    cssrs: Cssrs | None = None
    audit_c: int | None = None
    dast10: int | None = None
    shape: Literal["members", "components"] = "members"
    total_as: Literal["quantity", "integer", "string"] = "quantity"
    response: bool = False


class Goal(Source):
    text: str
    measure: str
    loinc: str | None = None
    baseline: float
    target: float
    unit: str
    due_in_days: int
    status: Literal["improving", "worsening", "no-change", "in-progress", "achieved", "not-achieved"] = "in-progress"


class Activity(Source):
    text: str
    frequency: str
    staff: str | None = None


class Plan(Source):
    title: str = "Treatment plan"
    days_ago: int
    review_in_days: int
    by: str
    problem: str
    participation: str
    goals: tuple[Goal, ...]
    activities: tuple[Activity, ...]


class SafetyPlan(Source):
    """The six steps of a safety plan. A step left empty stays out, so that a reader can see it is missing."""

    days_ago: int
    by: str
    status: Literal["active", "revoked", "completed"] = "active"
    warning_signs: tuple[str, ...] = ()
    coping: tuple[str, ...] = ()
    distraction: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    professionals: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()


type LoopState = Literal[
    "drafted", "sent", "accepted", "declined", "scheduled", "no_show", "cancelled", "kept", "closed", "unreachable"
]


class Referral(Source):
    what: str
    why: str
    to: str
    by: str
    owner: str | None = None
    days_ago: int
    state: LoopState
    updated_days_ago: int
    urgency: Literal["routine", "urgent", "asap", "stat"] = "routine"
    needed_in_days: int | None = None
    outcome: str | None = None


class Consent(Source):
    title: str
    kind: Literal["part2_tpo", "release", "school", "telehealth"]
    status: Literal["active", "inactive", "rejected"] = "active"
    permit: bool = True
    signed_days_ago: int
    ended_days_ago: int | None = None
    ends_in_days: int | None = None
    recipient: str
    purposes: tuple[Literal["TREAT", "HPAYMT", "HOPERAT", "ETREAT"], ...] = ("TREAT",)
    note: str | None = None


class Message(Source):
    days_ago: int
    at: str
    sender: str
    to: tuple[str, ...]
    topic: str
    text: str


class Chart(Source):
    """One client. `part2` says which labels stand on the resources: an unlabelled chart may be protected as well."""

    alias: str
    mrn: str
    given: tuple[str, ...]
    family: str
    goes_by: str | None = None
    gender: Literal["female", "male", "other", "unknown"]
    age: int
    birthday: str
    language: str = "en"
    phone: str
    email: str | None = None
    address: Address
    registered_days_ago: int
    team: str | None = None
    part2: Literal["not_labelled", "labelled"] = "not_labelled"
    contacts: tuple[Contact, ...] = ()
    school: str | None = None
    coverage: tuple[Coverage, ...] = ()
    care_team: tuple[Member, ...] = ()
    conditions: tuple[Condition, ...] = ()
    medications: tuple[Medication, ...] = ()
    no_known_allergies: bool = False
    allergies: tuple[Allergy, ...] = ()
    alerts: tuple[Alert, ...] = ()
    visits: tuple[Visit, ...] = ()
    notes: tuple[Note, ...] = ()
    admissions: tuple[Admission, ...] = ()
    measures: tuple[Measure, ...] = ()
    plan: Plan | None = None
    safety_plan: SafetyPlan | None = None
    referrals: tuple[Referral, ...] = ()
    consents: tuple[Consent, ...] = ()
    messages: tuple[Message, ...] = ()

    @property
    def client_id(self) -> str:
        return f"sb-{self.alias.lower().replace('-', '')}"


def read_staff() -> Staff:
    return Staff.model_validate(tomllib.loads(files(__package__).joinpath("staff.toml").read_text("utf-8")))


def read_charts() -> list[Chart]:
    """Every chart on the shelf, by file name."""
    shelf = sorted(files(__package__).joinpath("charts").iterdir(), key=lambda entry: entry.name)
    return [
        Chart.model_validate(tomllib.loads(entry.read_text("utf-8"))) for entry in shelf if entry.name.endswith(".toml")
    ]
