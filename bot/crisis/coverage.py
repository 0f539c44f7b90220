"""Somebody is on call at every hour of the next 14 days, active, with two verified ways to be reached; or it is told.

A clinic file that leaves a gap is refused at start; the window moves on, so the auditor looks again every minute.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.clinic import Clinic, ClinicFileInvalid, StaffMember
from bot.crisis.oncall import moments, on_call
from bot.crisis.policy import Crisis, WayName

AHEAD: Final = timedelta(days=14)
WAYS_NEEDED: Final = 2
MOST_TOLD: Final = 20
NO_RULES: Final = (
    "The clinic file has no [crisis] part, so nobody would be on call. Write down who is: the rota, the hours and the "
    "last resort, as clinic.example.toml shows."
)


@dataclass(frozen=True, slots=True)
class Gap:
    """From `start` until `end` nobody can be counted on in this team, because."""

    team: str
    start: datetime
    end: datetime
    because: str

    def sentence(self, clinic: Clinic) -> str:
        zone = clinic.zone(self.team)
        start, end = (moment.astimezone(zone) for moment in (self.start, self.end))
        name = clinic.team(self.team).name
        return f"on call for {name}, {start:%a %d %b %H:%M} to {end:%a %d %b %H:%M}: {self.because}"


def ways_of(staff: StaffMember) -> frozenset[WayName]:
    """By which this person can certainly be reached: a chat identity, and a telephone that was tried out."""
    phone = staff.phone if staff.phone and staff.phone.verified else None
    ways = {
        WayName.CHAT: bool(staff.identities()),
        WayName.SMS: phone is not None and phone.sms,
        WayName.VOICE: phone is not None and phone.voice,
    }
    return frozenset(way for way, there in ways.items() if there)


def gaps(clinic: Clinic, now: datetime) -> list[Gap]:
    """Every gap of the next 14 days, team by team, earliest first. A file without a crisis part promises no cover."""
    if clinic.crisis is None:
        return []
    return [gap for team in clinic.teams for gap in _of_team(clinic, clinic.crisis, team.id, now)]


def refuse_unless_covered(clinic: Clinic, now: datetime, *, real: bool = False) -> None:
    """Raises ClinicFileInvalid, naming each gap: nobody on call cannot be saved. `real`: not the demo."""
    if real and clinic.crisis is None:
        raise ClinicFileInvalid(NO_RULES)
    if found := gaps(clinic, now):
        lines = [f"  - {gap.sentence(clinic)}" for gap in found[:MOST_TOLD]]
        more = [f"  - and {len(found) - MOST_TOLD} more"] if len(found) > MOST_TOLD else []
        told = "\n".join([*lines, *more])
        raise ClinicFileInvalid(f"In the next {AHEAD.days} days a crisis would find nobody on call:\n{told}")


def _of_team(clinic: Clinic, crisis: Crisis, team: str, now: datetime) -> list[Gap]:
    zone, until = clinic.zone(team), now + AHEAD
    found: list[Gap] = []
    looked = moments(crisis, now, until, zone)
    for start, end in zip(looked, [*looked[1:], until], strict=True):
        because = _why_not(clinic, on_call(crisis, team, start, zone))
        if because is None:
            continue
        if found and found[-1].end == start and found[-1].because == because:
            found[-1] = Gap(team, found[-1].start, end, because)
        else:
            found.append(Gap(team, start, end, because))
    return found


def _why_not(clinic: Clinic, ids: tuple[str, ...]) -> str | None:
    """None: one of them can be counted on."""
    people = [staff for staff in clinic.staff if staff.id in ids]
    if not people:
        return "nobody is on call"
    reasons = [_trouble(staff) for staff in people]
    return None if None in reasons else "; ".join(reason for reason in reasons if reason)


def _trouble(staff: StaffMember) -> str | None:
    if not staff.active:
        return f"{staff.name} is not active"
    if len(ways_of(staff)) < WAYS_NEEDED:
        known = " and ".join(sorted(ways_of(staff))) or "none"
        return f"{staff.name} has fewer than two verified ways to be reached ({known})"
    return None
