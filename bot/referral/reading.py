"""What the EHR says of referrals: of one client, or of a whole team in a bounded number of searches."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from bot.clinic import StaffMember
from bot.flow.office import Office
from bot.privacy.consent import Use, rule_on
from bot.privacy.labels import protected, tells
from bot.privacy.policy import READING, programs
from ehr_clients.errors import EhrRefused, EhrUnavailable
from ehr_clients.models import Appointment, Consent, Missing, Note, Read, Referral, Section, Why
from skills.kit import Purpose
from skills.kit.business_days import Calendar, UnknownState
from skills.referral import Standing, standing

SECTIONS: Final = frozenset({Section.CLIENT, Section.REFERRALS, Section.APPOINTMENTS, Section.CONSENTS})
LONGEST_S: Final = 45.0
LONGEST_OF_TEAM_S: Final = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One referral as the EHR has it now. `protected`: by its labels, or by its words among protected records."""

    client_id: str
    alias: str | None  # the EHR's own
    team: str
    care_team: frozenset[str]
    referral: Referral
    standing: Standing
    protected: bool
    consents: Read[Consent] | Missing
    owner: str | None
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """`clients`: all that were looked at. `gaps`: sentences about what could not be read."""

    found: tuple[Found, ...]
    clients: frozenset[str]
    gaps: tuple[str, ...] = ()
    trips: int = 0


def calendar(office: Office, team: str | None = None) -> Calendar:
    return _calendar(office.clinic.clinic.state, office.clinic.zone(team))


@cache
def _calendar(state: str, zone: ZoneInfo) -> Calendar:
    """The federal holidays alone for a policy pack that is no state's."""
    made = Calendar(None if state == "default" else state, zone)
    try:
        made.works(datetime.now(zone).date())
    except UnknownState:
        return Calendar(None, zone)
    return made


async def of_client(office: Office, client_id: str, *, within_s: float = LONGEST_S) -> Reading:
    """Closed ones too. Raises EhrError."""
    now = office.clock()
    try:
        async with asyncio.timeout(within_s):
            data, team = await asyncio.gather(office.ehr.read(client_id, SECTIONS), office.memberships.fresh(client_id))
    except TimeoutError as error:
        raise EhrUnavailable("The EHR took too long.") from error
    referrals = data.sections[Section.REFERRALS]
    if isinstance(referrals, Missing):
        raise (EhrUnavailable if referrals.why is Why.UNAVAILABLE else EhrRefused)(referrals.sentence)
    visits = data.sections[Section.APPOINTMENTS]
    seen = [item for one in data.sections.values() if isinstance(one, Read) for item in one.items]
    read = _Client(
        client_id,
        data.client.alias,
        team,
        data.sections[Section.CONSENTS],  # type: ignore[arg-type]  # the adapter puts consents into this section
        any(protected(item) for item in seen),
    )
    kept: Sequence[Appointment] = visits.items if isinstance(visits, Read) else ()  # type: ignore[assignment]  # as above
    orders: Iterable[Referral] = referrals.items  # type: ignore[assignment]  # as above
    found = tuple(_found(office, read, one, kept, (), now) for one in orders)
    gaps = ("The visits could not be read.",) if isinstance(visits, Missing) else ()
    return Reading(found, frozenset({client_id}), gaps)


async def of_team(office: Office, team: str) -> Reading:
    """The open ones of all clients in the team's care. Raises EhrError."""
    now = office.clock()
    people = (s for s in office.clinic.staff if s.active and s.teams[:1] == (team,) and set(s.roles) & READING)
    try:
        async with asyncio.timeout(LONGEST_OF_TEAM_S):
            cared_for = await office.ehr.in_care(tuple(s.practitioner for s in people))
            changes = await office.ehr.changes([one.client for one in cared_for], now, until=now)
    except TimeoutError as error:
        raise EhrUnavailable("The EHR took too long.") from error
    found: list[Found] = []
    for one in cared_for:
        recent = changes.by_client[one.client.id]
        known = Read(recent.consents, now) if changes.consents_known else _NO_CONSENTS
        marked = any(protected(each) for each in (*recent.referrals, *recent.appointments, *recent.notes))
        read = _Client(one.client.id, one.client.alias, one.care_team, known, marked)
        found += [_found(office, read, each, recent.appointments, recent.notes, now) for each in recent.referrals]
    return Reading(tuple(found), frozenset(one.client.id for one in cared_for), changes.gaps, 1 + changes.trips)


_NO_CONSENTS: Final = Missing(Why.UNAVAILABLE, "The consents could not be read.")


@dataclass(frozen=True, slots=True)
class _Client:
    id: str
    alias: str | None
    care_team: frozenset[str]
    consents: Read[Consent] | Missing
    marked: bool  # something protected was read of them


def _found(
    office: Office,
    client: _Client,
    referral: Referral,
    visits: Sequence[Appointment],
    reports: Sequence[Note],
    now: datetime,
) -> Found:
    team = min(programs(office.clinic, client.care_team), default=office.clinic.teams[0].id)
    local = now.astimezone(office.clinic.zone(team))
    return Found(
        client_id=client.id,
        alias=client.alias,
        team=team,
        care_team=client.care_team,
        referral=referral,
        standing=standing(referral, calendar(office, team), local, visits=visits, reports=reports),
        protected=protected(referral) or (client.marked and tells(referral)),
        consents=client.consents,
        owner=_owner(office, referral, client.care_team),
        read_at=now,
    )


def _owner(office: Office, referral: Referral, care_team: frozenset[str]) -> str | None:
    """Who of us the task names, else who ordered it, else the first treating clinician of the clinic file."""
    named = (referral.task.owner_ref if referral.task else None, referral.requester_ref)
    active = [s for s in office.clinic.staff if s.active]
    ours = [s.id for ref in named if ref for s in active if s.practitioner == ref]
    treating = [s.id for s in active if s.practitioner in care_team and set(s.roles) & READING]
    return next(iter([*ours, *treating]), None)


def may_have(office: Office, staff: StaffMember, found: Found) -> bool:
    """Of a protected one: whether a consent on file, or the program itself, lets this person have it."""
    if not found.protected:
        return True
    mine = [office.clinic.team(one) for one in staff.teams[:1]]
    program = any(one.part2_program and one.id in programs(office.clinic, found.care_team) for one in mine)
    actors: Collection[str] = {staff.practitioner}
    use = Use(purpose=Purpose.TREATMENT, actors=frozenset(actors), within_program=program, at=office.clock())
    return rule_on(found.consents, use).allowed
