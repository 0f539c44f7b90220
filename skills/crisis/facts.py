"""What a crisis draft takes from the chart: the signals of the last weeks, the safety plan, and what a reader needs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from skills.crisis.signals import Open, Seen, Signal, signals, unanswered
from skills.kit import (
    Alert,
    Appointment,
    Chart,
    Consent,
    Facts,
    Gap,
    Medication,
    Person,
    Problem,
    Request,
    SafetyPlan,
    Section,
    Source,
    TeamMember,
    items,
    newest,
)

READS = frozenset(
    {
        Section.CLIENT,
        Section.ASSESSMENTS,
        Section.NOTES,
        Section.SAFETY_PLAN,
        Section.CARE_TEAM,
        Section.ALERTS,
        Section.MEDICATIONS,
        Section.APPOINTMENTS,
        Section.CONSENTS,
        Section.PROBLEMS,
    }
)
LOOK_BACK = timedelta(days=30)
_OVER = frozenset({"inactive", "resolved", "stopped", "completed", "cancelled", "entered-in-error", "ended"})


@dataclass(frozen=True, slots=True)
class Found:
    """One signal, as the draft tells it."""

    sentence: str
    tier: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class CrisisFacts(Facts):
    """No name, birth date or number of the client. `context`: what Baton knows of the escalation, in sentences."""

    alias: str
    client_id: str
    owner: Person
    team: str
    at: datetime
    context: tuple[str, ...]
    part2: bool
    signals: tuple[Found, ...]
    unanswered: tuple[Open, ...]
    gaps: tuple[Gap, ...]
    plan: SafetyPlan | None
    care_team: tuple[TeamMember, ...]
    problems: tuple[Problem, ...]
    medications: tuple[Medication, ...]
    alerts: tuple[Alert, ...]
    next_visit: Appointment | None
    consents: tuple[Consent, ...]

    def gap(self, section: Section) -> str | None:
        """Why a section has no answer; None when it was read."""
        return next((gap.sentence for gap in self.gaps if gap.section is section), None)


def gather(request: Request, chart: Chart) -> CrisisFacts:
    seen = Seen(items(chart.assessments), items(chart.notes), (), items(chart.appointments))
    since = chart.now - LOOK_BACK
    return CrisisFacts(
        alias=chart.alias,
        client_id=chart.client.id,
        owner=request.asked_by,
        team=request.team,
        at=chart.now,
        context=request.context,
        part2=chart.part2,
        signals=tuple(_found(each) for each in signals(seen, since=since)),
        unanswered=unanswered(seen, since=since),
        gaps=chart.unread(),
        plan=newest(items(chart.safety_plans)),
        care_team=items(chart.care_team),
        problems=tuple(each for each in items(chart.problems) if each.status not in _OVER),
        medications=tuple(each for each in items(chart.medications) if each.status not in _OVER),
        alerts=tuple(each for each in items(chart.alerts) if each.status in {None, "active"}),
        next_visit=_next_visit(items(chart.appointments), chart.now),
        consents=items(chart.consents),
    )


def _found(signal: Signal) -> Found:
    return Found(signal.sentence, signal.tier.value, signal.source)


def _next_visit(visits: tuple[Appointment, ...], now: datetime) -> Appointment | None:
    ahead = [each for each in visits if each.start and each.start > now and each.status in {None, "booked"}]
    return min(ahead, key=lambda each: each.start or now, default=None)
