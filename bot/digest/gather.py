"""From the EHR and our own drafts to the lines of one team's digest: whose chart changed, what is news, for whom.

Charts that did not change are not read. What could not be read is said, and read again for the next digest.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bot.clinic import StaffMember
from bot.digest import rights, rules
from bot.digest.content import Content, DigestLine
from bot.digest.places import people_of
from bot.digest.rules import Found
from bot.flow import records
from bot.flow.office import Office
from bot.privacy.consent import Use, rule_on
from bot.privacy.fields import BY_ROLE
from bot.privacy.labels import of_program
from bot.privacy.policy import READING, program_staff, programs
from ehr_clients.errors import ClientNotFound, EhrUnavailable
from ehr_clients.models import ChartData, Client, Consent, Missing, Read, Section, Why
from skills.kit import Purpose

AT_ONCE: Final = 6
LONGEST_READING_S: Final = 90.0


@dataclass
class Asked:
    """The EHR, and how often it was asked."""

    office: Office
    trips: int = 0
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def caseload(self, team: str) -> dict[str, Client]:
        """Everybody in the care of the team: of those whose home it is and who may read charts."""
        people = [s for s in people_of(self.office, team) if s.teams[0] == team and set(s.roles) & READING]
        self.trips += len(people)
        lists = await asyncio.gather(*(self.office.ehr.caseload(s.practitioner) for s in people))
        return {client.id: client for clients in lists for client in clients}

    async def changed(self, since: datetime, clients: Iterable[str]) -> frozenset[str]:
        self.trips += 1
        return await self.office.ehr.changed(since, tuple(clients))

    async def chart(self, client_id: str) -> tuple[ChartData, frozenset[str]] | None:
        """None: there is no such client any more."""
        async with self.places:
            self.trips += 2
            try:
                data = await self.office.ehr.read(client_id, rules.READS)
                return data, await self.office.memberships.of(client_id)
            except ClientNotFound:
                return None


async def news(office: Office, team: str, since: datetime, until: datetime, *, trends: bool) -> Content:
    """Raises EhrError when the EHR cannot say whose chart changed, or cannot be read at all."""
    asked = Asked(office)
    try:
        async with asyncio.timeout(LONGEST_READING_S):
            clients = await asked.caseload(team)
            changed = await asked.changed(since, clients) if clients else frozenset[str]()
            charts = await asyncio.gather(*(asked.chart(one) for one in sorted(changed)))
    except TimeoutError as error:
        raise EhrUnavailable("The EHR took too long.") from error
    zone = office.clinic.zone(team)
    read = [one for one in charts if one is not None]
    found = [
        (data, care_team, one)
        for data, care_team in read
        for one in rules.in_chart(_labelled(office, data), since=since, now=until, zone=zone)
    ]
    lines = [await _line(office, team, data, care_team, one) for data, care_team, one in found]
    lines += await _drafts(office, team, until)
    shown = [line for line in lines if line.readers]
    return Content(
        lines=tuple(sorted(shown, key=lambda line: rules.ORDER.index(line.kind))),
        trends=_trends(lines, len(clients), len(read)) if trends else (),
        gaps=_gaps(data for data, _ in read),
        clients=len(clients),
        trips=asked.trips,
    )


def _labelled(office: Office, data: ChartData) -> ChartData:
    return of_program(data, program_staff(office.clinic))


def _gaps(read: Iterable[ChartData]) -> tuple[str, ...]:
    """Which sections of how many clients could not be read."""
    unread = [
        section
        for data in read
        for section, answer in data.sections.items()
        if isinstance(answer, Missing) and answer.why is Why.UNAVAILABLE
    ]
    counts = {section: unread.count(section) for section in sorted(set(unread))}
    return tuple(f"{section.value} of {n} client{'' if n == 1 else 's'}" for section, n in counts.items())


def _trends(lines: list[DigestLine], clients: int, changed: int) -> tuple[str, ...]:
    """Figures of the week; none when nothing happened."""
    if not lines:
        return ()
    kinds = [line.kind for line in lines]
    counts = ", ".join(f"{kinds.count(k)} {k.replace('_', ' ')}" for k in rules.ORDER if k in kinds)
    return (f"This week: {changed} of {clients} charts changed. {counts.capitalize()}.",)


# Who may see it


async def _line(office: Office, team: str, data: ChartData, care_team: frozenset[str], one: Found) -> DigestLine:
    readers = tuple(s.id for s in people_of(office, team) if _may_see(office, team, data, care_team, one, s))
    async with office.db.write() as conn:
        alias = await records.alias_for(conn, data.client.id, data.client.alias)
    owner = one.staff or _owner(office, team, care_team)
    return DigestLine(
        key=one.key,
        kind=one.kind,
        client_id=data.client.id,
        alias=alias,
        what=one.what,
        at=one.at,
        detail=one.detail,
        owner=owner,
        draft=one.draft,
        does=one.does,
        safety=one.safety,
        part2=one.part2,
        refs=one.refs,
        readers=readers,
        channel=not one.part2 or _all_in_charge(office, team, data, care_team),
    )


def _may_see(
    office: Office, team: str, data: ChartData, care_team: frozenset[str], one: Found, staff: StaffMember
) -> bool:
    """By role, by the care team, and for protected records by the consents on file for this very reader."""
    if not any(one.of in BY_ROLE[role] for role in staff.roles) or not rights.in_charge(office, staff, team, care_team):
        return False
    return not one.part2 or _consented(office, team, data, care_team, (staff,))


def _all_in_charge(office: Office, team: str, data: ChartData, care_team: frozenset[str]) -> bool:
    return _consented(office, team, data, care_team, people_of(office, team))


def _consented(
    office: Office, team: str, data: ChartData, care_team: frozenset[str], readers: tuple[StaffMember, ...]
) -> bool:
    program = office.clinic.team(team).part2_program and team in programs(office.clinic, care_team)
    use = Use(
        purpose=Purpose.TREATMENT,
        actors=frozenset(s.practitioner for s in readers),
        within_program=program and all(s.teams[:1] == (team,) for s in readers),
        at=office.clock(),
    )
    return rule_on(_consents(data), use).allowed


def _consents(data: ChartData) -> Read[Consent] | Missing:
    return data.sections[Section.CONSENTS]  # type: ignore[return-value]  # the adapter puts consents into this section


def _owner(office: Office, team: str, care_team: frozenset[str]) -> str | None:
    """The treating clinician of the team, as the clinic file orders them."""
    treating = (s for s in people_of(office, team) if s.practitioner in care_team and set(s.roles) & READING)
    return next((s.id for s in treating), None)


# Drafts of ours


async def _drafts(office: Office, team: str, now: datetime) -> list[DigestLine]:
    """They name an alias and what waits; whoever opens one is checked then, as always."""
    today = now.astimezone(office.clinic.zone(team)).date()
    async with office.db.read() as conn:
        drafts = [one for one in await records.open_drafts(conn) if one.team == team]
    readers = tuple(s.id for s in people_of(office, team) if set(s.roles) & READING)
    lines = []
    for draft in drafts:
        one = rules.of_draft(draft, office.shelf[draft.skill].title, today)
        if one is not None:
            lines.append(
                DigestLine(
                    key=one.key,
                    kind=one.kind,
                    client_id=draft.client_id,
                    alias=draft.alias,
                    what=one.what,
                    at=one.at,
                    owner=one.staff,
                    draft=one.draft,
                    does=one.does,
                    readers=tuple({*readers, *([one.staff] if one.staff else [])}),
                    channel=True,
                )
            )
    return lines
