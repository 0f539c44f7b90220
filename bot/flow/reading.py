"""From a chart to a drafted text: read what the skill declared, withhold what consent does not allow, gather, compose.

Used when a draft is made, when it is read again, and before anything is filed.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.clinic import StaffMember
from bot.flow.office import Office
from bot.people import person
from bot.privacy.consent import PROTECTED, Ruling, Use, rule_on, withhold
from bot.privacy.policy import READING
from ehr_clients.models import ChartData, Missing, Read, Section, Why
from skills.kit import Chart, DraftText, Facts, Request, Signed, Skill

NOTHING_PROTECTED = Ruling(allowed=True, rule="part2.none_on_file")


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


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drafted text and all that a decision on it rests on."""

    facts: Facts
    text: DraftText
    sources: dict[str, str]
    ruling: Ruling
    withheld: int
    dropped_notes: int
    gaps: tuple[Section, ...]  # not read this time; worth another try

    @property
    def consent_hash(self) -> str:
        return self.ruling.hash()


async def draw_up(office: Office, order: Order) -> Drawn:
    """Read, withhold, gather, compose. Raises EhrError when the client cannot be read at all."""
    skill = order.skill
    raw = await office.ehr.read(order.client_id, skill.reads | {Section.CONSENTS})
    ruling = ruling_of(office, raw, order)
    data, withheld = withhold(raw, ruling)
    now = office.clock()
    facts = skill.gather(_request(order), Chart(order.alias, _only(data, skill.reads), skill.reads, now))
    text = skill.compose(facts)
    _about_this_client(skill, facts, text, order, now)
    return Drawn(
        facts=facts,
        text=text,
        sources=raw.versions(),
        ruling=ruling,
        withheld=sum(withheld.values()),
        dropped_notes=sum(a.dropped for a in raw.sections.values() if isinstance(a, Read)),
        gaps=gaps_of(raw),
    )


def ruling_of(office: Office, data: ChartData, order: Order) -> Ruling:
    """What 42 CFR Part 2 and the consents on file say about showing this chart to sender and receiver."""
    protected = any(i.labels & PROTECTED for a in data.sections.values() if isinstance(a, Read) for i in a.items)
    if not protected:
        return NOTHING_PROTECTED
    readers = _readers(office, order)
    program = office.clinic.team(order.team).part2_program
    use = Use(
        purpose=order.skill.purpose,
        actors=frozenset(s.practitioner for s in readers),
        within_program=program and all(order.team in s.teams for s in readers),
        at=office.clock(),
    )
    consents = data.sections[Section.CONSENTS]
    return rule_on(consents, use)  # type: ignore[arg-type]  # the adapter puts consents into this section


def gaps_of(data: ChartData) -> tuple[Section, ...]:
    return tuple(s for s, a in sorted(data.sections.items()) if isinstance(a, Missing) and a.why is Why.UNAVAILABLE)


def _readers(office: Office, order: Order) -> tuple[StaffMember, ...]:
    """Who will see the content: the sender and the receiver, or everyone of the team who may accept."""
    if order.to is not None:
        return (order.asked_by, order.to)
    team = [s for s in office.clinic.staff if s.active and order.team in s.teams and set(s.roles) & READING]
    return (order.asked_by, *team)


def _request(order: Order) -> Request:
    return Request(
        id=order.request_id,
        skill=order.skill.name,
        asked_by=person(order.asked_by),
        team=order.team,
        to=person(order.to) if order.to else None,
        at=order.asked_at,
    )


def _only(data: ChartData, reads: frozenset[Section]) -> ChartData:
    return replace(data, sections={s: a for s, a in data.sections.items() if s in reads})


def _about_this_client(skill: Skill[Any], facts: Facts, text: DraftText, order: Order, now: datetime) -> None:
    steps = skill.writes(facts, text, Signed(person(order.asked_by), now))
    if any(step.write.client_id != order.client_id for step in steps):
        raise WrongClient(f"the {skill.name} skill proposed a write about another client")
