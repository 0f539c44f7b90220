"""Who gets a page: the words of a step turned into people of today's clinic file. Pure; never comes out empty-handed.

The policy is the one of the moment an escalation opened; people are those of this moment, for who has left answers no
page. Where nobody fits, somebody stands in, and it is noted: treating -> on call -> last resort -> any supervisor.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from bot.clinic import Clinic, StaffMember
from bot.crisis.escalation import PageThese
from bot.crisis.oncall import on_call
from bot.crisis.policy import Crisis, Recipient, WayName
from skills.kit import Role

CLINICAL = frozenset({Role.CLINICIAN, Role.PRESCRIBER, Role.SUPERVISOR})


@dataclass(frozen=True, slots=True)
class People:
    staff: tuple[StaffMember, ...]
    stand_ins: tuple[str, ...]  # codes: why somebody is here for somebody else


def rules(clinic: Clinic) -> Crisis:
    """The crisis part of the clinic file, else the defaults."""
    return clinic.crisis or Crisis()


def resolve(clinic: Clinic, team: str, pages: PageThese, treating: Sequence[str], at: datetime) -> People:
    """Each once, in the order of the step."""
    open_now = rules(clinic).hours.open_at(at, clinic.zone(team))
    wanted = [*pages.who, *(() if open_now else pages.after_hours)]
    found, notes = list(_active(clinic, pages.people)), list[str]()
    for recipient in wanted:
        found += _those(clinic, team, recipient, treating, at, notes)
    if not found:
        notes.append("nobody_left")
        found = _last_resort(clinic, notes)
    return People(tuple({staff.id: staff for staff in found}.values()), tuple(dict.fromkeys(notes)))


def ways_to(staff: StaffMember, ways: Sequence[WayName]) -> tuple[WayName, ...]:
    """Those of `ways` that lead to this person; a number nobody verified is better than nothing."""
    known = {
        WayName.CHAT: bool(staff.identities()),
        WayName.CHANNEL: False,
        WayName.SMS: staff.phone is not None and staff.phone.sms,
        WayName.VOICE: staff.phone is not None and staff.phone.voice,
    }
    return tuple(way for way in ways if known[way])


def treating_of(clinic: Clinic, team: str, care_team: frozenset[str]) -> tuple[str, ...]:
    """The clinicians of a client's care team who belong to the team, else all its clinicians."""
    there = [s for s in clinic.staff if s.practitioner in care_team and set(s.roles) & CLINICAL and s.active]
    clinicians = [s for s in there if Role.CLINICIAN in s.roles] or there
    return tuple(s.id for s in [s for s in clinicians if team in s.teams] or clinicians)


def _those(
    clinic: Clinic, team: str, recipient: Recipient, treating: Sequence[str], at: datetime, notes: list[str]
) -> list[StaffMember]:
    match recipient:
        case Recipient.TREATING:
            return _or(_active(clinic, treating), lambda: _on_call(clinic, team, at, notes), "no_treating", notes)
        case Recipient.SUPERVISOR:
            supervisors = [s for s in _all(clinic, Role.SUPERVISOR) if team in s.teams]
            return _or(supervisors, lambda: _last_resort(clinic, notes), "no_supervisor", notes)
        case Recipient.ON_CALL:
            return _on_call(clinic, team, at, notes)
        case Recipient.LAST_RESORT:
            return _last_resort(clinic, notes)
        case _:
            assert_never(recipient)


def _on_call(clinic: Clinic, team: str, at: datetime, notes: list[str]) -> list[StaffMember]:
    people = _active(clinic, on_call(rules(clinic), team, at, clinic.zone(team)))
    return _or(people, lambda: _last_resort(clinic, notes), "nobody_on_call", notes)


def _last_resort(clinic: Clinic, notes: list[str]) -> list[StaffMember]:
    supervisors = _all(clinic, Role.SUPERVISOR) or [s for s in clinic.staff if s.active and set(s.roles) & CLINICAL]
    return _or(_active(clinic, rules(clinic).last_resort), lambda: supervisors, "no_last_resort", notes)


def _or(
    people: list[StaffMember], others: Callable[[], list[StaffMember]], note: str, notes: list[str]
) -> list[StaffMember]:
    if people:
        return people
    notes.append(note)
    return others()


def _active(clinic: Clinic, ids: Sequence[str]) -> list[StaffMember]:
    known = {staff.id: staff for staff in clinic.staff if staff.active}
    return [known[one] for one in ids if one in known]


def _all(clinic: Clinic, role: Role) -> list[StaffMember]:
    return [staff for staff in clinic.staff if staff.active and role in staff.roles]
