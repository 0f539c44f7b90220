"""What a person's own page says beside their drafts: who is on call for their teams, and what Baton knows of them."""

from bot.chat import HomeLine
from bot.clinic import StaffMember
from bot.crisis.coverage import ways_of
from bot.crisis.oncall import on_call
from bot.flow import baton
from bot.flow.office import Office

CHANGED_BY = "Your Baton administrator keeps these in the clinic file."

type Section = tuple[str, tuple[HomeLine, ...]]


def sections(office: Office, staff: StaffMember) -> tuple[Section, ...]:
    return (("On call now", duty_lines(office, staff)), ("My settings", settings_lines(office, staff)))


def duty_lines(office: Office, staff: StaffMember) -> tuple[HomeLine, ...]:
    """A line for each of the person's teams; () where the clinic has no crisis part."""
    return tuple(_duty(office, staff, team) for team in staff.teams) if office.clinic.crisis else ()


def _duty(office: Office, staff: StaffMember, team: str) -> HomeLine:
    assert office.clinic.crisis is not None
    ids = on_call(office.clinic.crisis, team, office.clock(), office.clinic.zone(team))
    found = [person for person in map(office.people.by_id, ids) if person is not None]
    names = ["you" if person.id == staff.id else f"{person.name}, {person.title}" for person in found]
    return HomeLine(office.clinic.team(team).name, ", ".join(names) or "nobody is on call")


def settings_lines(office: Office, staff: StaffMember) -> tuple[HomeLine, ...]:
    zone = office.clinic.zone(next(iter(staff.teams), None))
    reached = ", ".join(sorted(way.value for way in ways_of(staff))) or "none that was verified"
    linked = ", ".join(baton.CALLED[who.platform] for who in staff.identities()) or "nowhere"
    return (
        HomeLine("Licence", baton.licence_of(office, staff)),
        HomeLine("In a crisis I am reached by", reached),
        HomeLine("Linked with", linked),
        HomeLine("Time zone", str(zone)),
        HomeLine("To change something", CHANGED_BY),
    )
