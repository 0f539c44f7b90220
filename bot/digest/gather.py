"""From the EHR and our own drafts to the lines of a team's digest: a bounded number of requests, however many clients.

Who may see a line is decided here, reader by reader: by role, by care team, and for protected records by the consents
on file. What could not be read is said, and read again for the next digest.
"""

import asyncio
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from bot.clinic import StaffMember
from bot.digest import own, rights
from bot.digest.content import Content, DigestLine, Does
from bot.digest.places import people_of
from bot.flow import records
from bot.flow.office import Office
from bot.privacy.consent import Use, rule_on
from bot.privacy.fields import BY_ROLE, FieldClass
from bot.privacy.labels import recent_of_program
from bot.privacy.policy import READING, program_staff, programs
from ehr_clients.errors import EhrUnavailable
from ehr_clients.models import Changes, Consent, InCare, Missing, Read, Why
from skills import digest
from skills.digest import News
from skills.kit import Purpose
from skills.kit.caseload import Caseload, CaseRow

LONGEST_READING_S: Final = 90.0


async def news(office: Office, team: str, since: datetime, until: datetime, *, trends: bool) -> Content:
    """Raises EhrError when the EHR cannot say who is in the team's care, or what changed."""
    try:
        async with asyncio.timeout(LONGEST_READING_S):
            cared_for = await office.ehr.in_care(_whose(office, team))
            changes = await office.ehr.changes([one.client for one in cared_for], since, until=until)
    except TimeoutError as error:
        raise EhrUnavailable("The EHR took too long.") from error
    caseload = await _caseload(office, team, cared_for, changes, since, until)
    found = digest.news(caseload)
    who = {one.client.id: one.care_team for one in cared_for}
    lines = [_line(office, team, one, who[one.client_id], _consents(changes, one.client_id, until)) for one in found]
    lines += await own.drafts(office, team, until)
    return Content(
        lines=tuple(sorted((one for one in lines if one.readers), key=lambda one: digest.ORDER[one.kind])),
        trends=digest.trends(caseload, found) if trends else (),
        gaps=changes.gaps,
        clients=len(cared_for),
        trips=1 + changes.trips,
    )


def _whose(office: Office, team: str) -> tuple[str, ...]:
    """Of those whose home it is and who may read charts."""
    people = (s for s in people_of(office, team) if s.teams[0] == team and set(s.roles) & READING)
    return tuple(s.practitioner for s in people)


async def _caseload(
    office: Office, team: str, cared_for: Collection[InCare], changes: Changes, since: datetime, until: datetime
) -> Caseload:
    """Under aliases; what a substance use disorder program wrote is labelled so."""
    staff = program_staff(office.clinic)
    async with office.db.write() as conn:
        aliases = await records.aliases_for(conn, {one.client.id: one.client.alias for one in cared_for})
    rows = tuple(
        CaseRow(client, aliases[client], recent_of_program(changes.by_client[client], staff))
        for client in sorted(changes.by_client)
    )
    return Caseload(rows, since, until, office.clinic.zone(team), changes.gaps)


def _consents(changes: Changes, client_id: str, as_of: datetime) -> Read[Consent] | Missing:
    if not changes.consents_known:
        return Missing(Why.UNAVAILABLE, "The consents could not be read.")
    return Read(changes.by_client[client_id].consents, as_of)


# Who may see it


def _line(
    office: Office, team: str, one: News, care_team: frozenset[str], consents: Read[Consent] | Missing
) -> DigestLine:
    people = [s for s in people_of(office, team) if _may_see(office, team, one, care_team, s)]
    readers = [s for s in people if _consented(office, team, one, care_team, consents, [s])]
    return DigestLine(
        key=one.key,
        kind=one.kind.name,
        client_id=one.client_id,
        alias=one.alias,
        what=one.what,
        at=one.at,
        detail=one.detail,
        owner=_owner(office, team, one, care_team),
        does=Does(one.kind.tap),
        safety=one.kind.safety,
        part2=one.needs.protected,
        refs=one.refs,
        readers=tuple(s.id for s in readers),
        channel=_consented(office, team, one, care_team, consents, people_of(office, team)),
    )


def _may_see(office: Office, team: str, one: News, care_team: frozenset[str], staff: StaffMember) -> bool:
    right = FieldClass(one.needs.right)
    return any(right in BY_ROLE[role] for role in staff.roles) and rights.in_charge(office, staff, team, care_team)


def _consented(
    office: Office,
    team: str,
    one: News,
    care_team: frozenset[str],
    consents: Read[Consent] | Missing,
    readers: Collection[StaffMember],
) -> bool:
    """Of what is protected: whether the consents on file let all of these have it."""
    if not one.needs.protected:
        return True
    program = office.clinic.team(team).part2_program and team in programs(office.clinic, care_team)
    use = Use(
        purpose=Purpose.TREATMENT,
        actors=frozenset(s.practitioner for s in readers),
        within_program=program and all(s.teams[:1] == (team,) for s in readers),
        at=office.clock(),
    )
    return rule_on(consents, use).allowed


def _owner(office: Office, team: str, one: News, care_team: frozenset[str]) -> str | None:
    """Whom the record names, else the treating clinician of the team, as the clinic file orders them."""
    people = people_of(office, team)
    named = _first(s for s in people if s.practitioner == one.owner_ref)
    treating = _first(s for s in people if s.practitioner in care_team and set(s.roles) & READING)
    return named or treating


def _first(staff: Iterable[StaffMember]) -> str | None:
    return next((one.id for one in staff), None)
