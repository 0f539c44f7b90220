"""From a chart to a drafted text: read what the skill declared, withhold what consent does not allow, gather, compose.

Used when a draft is made, when it is read again, and before anything is filed. Every reading is in the audit trail.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.clinic import StaffMember
from bot.drafting.how import How
from bot.drafts import Draft
from bot.flow import trail
from bot.flow.office import Office
from bot.people import person
from bot.privacy.audit import Action as Audited
from bot.privacy.audit import ModelUse
from bot.privacy.consent import NOTHING_PROTECTED, Ruling, Told, Use, rule_on, tellable, withhold
from bot.privacy.fields import readable, without
from bot.privacy.labels import of_program, protected
from bot.privacy.policy import READING, YES_TEAM, Answer, program_staff, programs
from ehr_clients.errors import EhrUnavailable
from ehr_clients.models import ChartData, Missing, Read, Section, Why
from skills.kit import Chart, DraftText, Facts, Request, Signed, Skill

LONGEST_READING_S = 45.0


class WrongClient(Exception):
    """A skill proposed a write about somebody else: a fault in the skill, nothing was stored."""


@dataclass(frozen=True, slots=True)
class Order:
    """For whom a text is drawn up."""

    request_id: str
    skill: Skill[Any]
    client_id: str
    alias: str
    team: str
    asked_by: StaffMember
    to: StaffMember | None
    asked_at: datetime
    context: tuple[Told, ...] = ()  # of the escalation or referral it is about


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drafted text and all that a decision on it rests on.

    `text` is the template's until `wording.worded` has put it into words and said in `how` what came of that.
    """

    facts: Facts
    text: DraftText
    template: DraftText
    chart: ChartData = field(repr=False)  # as read: whom the chart names
    part2: bool  # something in it is under 42 CFR Part 2
    sources: dict[str, str]
    ruling: Ruling
    withheld: int
    dropped_notes: int
    gaps: tuple[Section, ...]  # not read this time; worth another try
    how: How | None = None
    use: ModelUse | None = None  # the model whose words these are; None: the template's

    @property
    def consent_hash(self) -> str:
        return self.ruling.stamp()

    def same_chart(self, sources: Mapping[str, str], unread: Collection[str]) -> bool:
        """Whether an earlier reading saw the same: the same versions, and the same sections unread."""
        return self.sources == dict(sources) and set(self.gaps) == set(unread)


async def draw_up(office: Office, order: Order, *, by: StaffMember | None, answer: Answer = YES_TEAM) -> Drawn:
    """Read, withhold, gather, compose. Raises EhrError when the client cannot be read at all.

    `by`: on whose word it is read now, by the rule in `answer`; None: by Baton itself, to see what changed.
    """
    skill = order.skill
    raw, team = await _read(office, order)
    await _note_reading(office, order, raw, by, answer)
    ruling = ruling_of(office, raw, order, programs(office.clinic, team))
    data, withheld = withhold(raw, ruling)
    zone = office.clinic.zone(order.team)
    now = office.clock().astimezone(zone)
    seen = _only(data, skill.reads, zone)
    request = _request(office, order, tellable(order.context, raw, ruling))
    facts = skill.gather(request, Chart(order.alias, seen, skill.reads, now))
    text = skill.compose(facts)
    _about_this_client(skill, facts, text, order, now)
    return Drawn(
        facts=facts,
        text=text,
        template=text,
        chart=raw,
        part2=any(
            protected(item) for answer in seen.sections.values() if isinstance(answer, Read) for item in answer.items
        ),
        sources=raw.versions(),
        ruling=ruling,
        withheld=sum(withheld.values()),
        dropped_notes=sum(a.dropped for a in raw.sections.values() if isinstance(a, Read)),
        gaps=gaps_of(raw),
    )


async def _read(office: Office, order: Order) -> tuple[ChartData, frozenset[str]]:
    """The chart and who is on the care team, within a time that leaves room to say that it took too long."""
    try:
        async with asyncio.timeout(LONGEST_READING_S):
            asked_for = sections(order.skill, order.asked_by)
            raw = await office.ehr.read(order.client_id, asked_for)
            raw = of_program(without(raw, order.skill.reads - asked_for), program_staff(office.clinic))
            return raw, await office.memberships.of(order.client_id)
    except TimeoutError as error:
        raise EhrUnavailable("The EHR took too long.") from error


def sections(skill: Skill[Any], asked_by: StaffMember | None) -> frozenset[Section]:
    """What is read for a skill: nothing that neither its asker nor its approvers may have (45 CFR 164.514(d)(2))."""
    roles = skill.approval.roles | set(asked_by.roles if asked_by else ())
    return readable(skill.reads, skill.purpose, roles) | {Section.CONSENTS}


async def _note_reading(office: Office, order: Order, raw: ChartData, by: StaffMember | None, answer: Answer) -> None:
    """Recorded before anything is made of what was read: if the trail fails, it goes no further."""
    async with office.db.write() as conn:
        await trail.note(
            conn,
            office,
            Audited.CHART_READ,
            by,
            trail.About("request", order.request_id, None, order.client_id),
            answer=answer,
            on_behalf_of=None if by else order.asked_by.id,
            purpose=order.skill.purpose.value,
            field_classes=tuple(sorted(section.value for section in raw.sections)),
            source_refs=tuple(sorted(raw.versions())),
        )


def ruling_of(office: Office, data: ChartData, order: Order, cared_for_by: frozenset[str]) -> Ruling:
    """What 42 CFR Part 2 and the consents on file say about showing this chart to sender and receiver."""
    if not any(protected(i) for a in data.sections.values() if isinstance(a, Read) for i in a.items):
        return NOTHING_PROTECTED
    return _rule(office, data, _use(office, order.skill, order.team, _readers(office, order), cared_for_by))


def _use(
    office: Office, skill: Skill[Any], team: str, readers: tuple[StaffMember, ...], cared_for_by: frozenset[str]
) -> Use:
    """Within a program: it is one, the client is in its care, and all readers work in it."""
    program = office.clinic.team(team).part2_program and team in cared_for_by
    return Use(
        purpose=skill.purpose,
        actors=frozenset(s.practitioner for s in readers),
        within_program=program and all(team in s.teams for s in readers),
        at=office.clock(),
    )


def _rule(office: Office, data: ChartData, use: Use) -> Ruling:
    consents = data.sections[Section.CONSENTS]
    return rule_on(consents, use)  # type: ignore[arg-type]  # the adapter puts consents into this section


async def reader_ruling(office: Office, draft: Draft, reader: StaffMember, *, within_s: float) -> Ruling:
    """What consent says now about showing a draft with protected records to this one person. Raises EhrError."""
    try:
        async with asyncio.timeout(within_s):
            data = await office.ehr.read(draft.client_id, {Section.CONSENTS})
            team = await office.memberships.of(draft.client_id)
    except TimeoutError as error:
        raise EhrUnavailable("The EHR took too long.") from error
    use = _use(office, office.shelf[draft.skill], draft.team, (reader,), programs(office.clinic, team))
    return _rule(office, data, use)


def gaps_of(data: ChartData) -> tuple[Section, ...]:
    return tuple(s for s, a in sorted(data.sections.items()) if isinstance(a, Missing) and a.why is Why.UNAVAILABLE)


def _readers(office: Office, order: Order) -> tuple[StaffMember, ...]:
    """Who will see the content: the sender and the receiver, or everyone of the team who may accept."""
    if order.to is not None:
        return (order.asked_by, order.to)
    team = [s for s in office.clinic.staff if s.active and order.team in s.teams and set(s.roles) & READING]
    return (order.asked_by, *team)


def _request(office: Office, order: Order, context: tuple[str, ...]) -> Request:
    team = office.clinic.team(order.team)
    return Request(
        id=order.request_id,
        skill=order.skill.name,
        asked_by=person(order.asked_by),
        team=team.name,
        to=person(order.to) if order.to else None,
        at=order.asked_at.astimezone(office.clinic.zone(order.team)),
        context=context,
    )


def _only(data: ChartData, reads: frozenset[Section], zone: ZoneInfo) -> ChartData:
    """The declared sections, read at the team's own time of day."""
    local = {s: replace(a, as_of=a.as_of.astimezone(zone)) for s, a in data.sections.items() if isinstance(a, Read)}
    return replace(data, sections={s: local.get(s, a) for s, a in data.sections.items() if s in reads})


def _about_this_client(skill: Skill[Any], facts: Facts, text: DraftText, order: Order, now: datetime) -> None:
    steps = skill.writes(facts, text, Signed(person(order.asked_by), now))
    if any(step.write.client_id != order.client_id for step in steps):
        raise WrongClient(f"the {skill.name} skill proposed a write about another client")
