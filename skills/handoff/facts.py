"""What a handoff takes from the chart: only the sections it declares, only the sentences it may show."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from skills.handoff.quotes import Chosen, Progress, Stop, choose, last, progress, stops
from skills.kit import (
    Alert,
    Allergy,
    Appointment,
    Assessment,
    Chart,
    Consent,
    Contact,
    Facts,
    Gap,
    Medication,
    Person,
    Plan,
    Problem,
    Read,
    Referral,
    Request,
    SafetyPlan,
    Section,
    Source,
    TeamMember,
    items,
)
from skills.kit.words import as_day

READS = frozenset(
    {
        Section.CLIENT,
        Section.PROBLEMS,
        Section.NOTES,
        Section.PLAN,
        Section.ASSESSMENTS,
        Section.MEDICATIONS,
        Section.ALLERGIES,
        Section.ALERTS,
        Section.SAFETY_PLAN,
        Section.CARE_TEAM,
        Section.APPOINTMENTS,
        Section.REFERRALS,
        Section.CONSENTS,
    }
)
SITTINGS = 3  # of each instrument: the last and two before it
LOOK_BACK = timedelta(days=365)  # for visits
_OVER = frozenset({"inactive", "resolved", "entered-in-error", "refuted"})


@dataclass(frozen=True, slots=True)
class AsOf:
    """When a section was read, and what the EHR said was left out of its answer."""

    section: Section
    at: datetime
    incomplete: str | None = None


@dataclass(frozen=True, slots=True)
class NoteRead:
    """One of the last notes, without its text: when it was written, by whom."""

    source: Source
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffFacts(Facts):
    """Everything the draft may say. It holds no name, birth date or number of the client, only what the notes quote."""

    alias: str
    client_id: str
    sender: Person
    team: str
    to: Person | None
    at: datetime
    part2: bool
    language: str | None
    client_source: Source
    as_of: tuple[AsOf, ...]
    gaps: tuple[Gap, ...]
    notes: tuple[NoteRead, ...]
    said: Chosen
    problems: tuple[Problem, ...]
    plans: tuple[Plan, ...]
    progress: tuple[Progress, ...] = ()
    assessments: tuple[Assessment, ...]
    medications: tuple[Medication, ...]
    stops: tuple[Stop, ...]
    allergies: tuple[Allergy, ...]
    alerts: tuple[Alert, ...]
    safety_plans: tuple[SafetyPlan, ...]
    care_team: tuple[TeamMember, ...]
    contacts: tuple[Contact, ...]
    appointments: tuple[Appointment, ...]
    referrals: tuple[Referral, ...]
    consents: tuple[Consent, ...]

    def gap(self, section: Section) -> str | None:
        """Why a section has no answer; None when it was read."""
        return next((gap.sentence for gap in self.gaps if gap.section is section), None)

    def latest(self, instrument: str) -> tuple[Assessment, ...]:
        """The sittings of one instrument, newest first."""
        return tuple(each for each in self.assessments if each.instrument == instrument)


def gather(request: Request, chart: Chart) -> HandoffFacts:
    plans = tuple(plan for plan in items(chart.plans) if plan.status in {None, "active", "on-hold"})
    said = choose(items(chart.notes))
    return HandoffFacts(
        alias=chart.alias,
        client_id=chart.client.id,
        sender=request.asked_by,
        team=request.team,
        to=request.to,
        at=chart.now,
        part2=chart.part2,
        language=chart.client.language,
        client_source=chart.client.source,
        as_of=_as_of(chart),
        gaps=chart.unread(),
        notes=tuple(NoteRead(note.source, note.kind) for note in last(items(chart.notes))),
        said=said,
        problems=tuple(problem for problem in items(chart.problems) if problem.status not in _OVER),
        plans=plans,
        progress=progress(items(chart.notes), [goal for plan in plans for goal in plan.goals], said),
        assessments=_last_sittings(items(chart.assessments)),
        medications=items(chart.medications),
        stops=stops(items(chart.notes), items(chart.medications)),
        allergies=tuple(allergy for allergy in items(chart.allergies) if allergy.status not in _OVER),
        alerts=tuple(alert for alert in items(chart.alerts) if alert.status in {None, "active"}),
        safety_plans=items(chart.safety_plans),
        care_team=items(chart.care_team),
        contacts=chart.client.contacts,
        appointments=tuple(visit for visit in items(chart.appointments) if _recent(visit, chart.now)),
        referrals=items(chart.referrals),
        consents=items(chart.consents),
    )


def _as_of(chart: Chart) -> tuple[AsOf, ...]:
    read = chart.answers().items()
    return tuple(AsOf(name, answer.as_of, answer.incomplete) for name, answer in read if isinstance(answer, Read))


def _last_sittings(sittings: Iterable[Assessment]) -> tuple[Assessment, ...]:
    """The last sittings of each instrument. Two results of one day count as one: neither may hide the other."""
    days: dict[str, list[object]] = {}
    kept = []
    for sitting in sittings:
        seen = days.setdefault(sitting.instrument, [])
        when = as_day(sitting.when) if sitting.when else None
        if when not in seen:
            seen.append(when)
        if len(seen) <= SITTINGS:
            kept.append(sitting)
    return tuple(kept)


def _recent(visit: Appointment, now: datetime) -> bool:
    return visit.start is None or visit.start > now - LOOK_BACK
