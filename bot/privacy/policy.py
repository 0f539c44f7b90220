"""Who may do what with a client's draft. Pure and table-tested; each answer carries the id of the rule it rests on.

Role limits follow 45 CFR 164.514(d)(2); licence rules follow 225 ILCS 155 sections 15 and 20 as conservative defaults.
"""

from dataclasses import dataclass
from datetime import datetime

from bot.clinic import Clinic, StaffMember
from bot.people import licensed
from skills.kit import Acceptance, Approval, Role

VERSION = "2026-11.1"

ASKING = frozenset({Role.CARE_COORDINATOR, Role.CLINICIAN, Role.PRESCRIBER, Role.SUPERVISOR})
READING = frozenset({Role.CLINICIAN, Role.PRESCRIBER, Role.SUPERVISOR})


@dataclass(frozen=True, slots=True)
class Standing:
    """How a staff member stands to one client right now."""

    staff: StaffMember
    on_care_team: bool  # by name on an active care team
    supervises: bool  # a supervisor of a team that this client is in the care of
    broke_glass: bool  # within a documented emergency access
    named_receiver: bool = False  # a filed draft is addressed to them


@dataclass(frozen=True, slots=True)
class Answer:
    """`sentence` is for the person who asked: what is missing and what they can do. It shows no content."""

    allowed: bool
    rule: str
    sentence: str = ""
    break_glass: bool = False  # offer emergency access


YES_TEAM = Answer(allowed=True, rule="treatment.care_team")


def programs(clinic: Clinic, care_team: frozenset[str]) -> frozenset[str]:
    """The teams a client is in the care of: the home teams of those on the care team who may read the chart.

    Coordinators, and the further teams of people who are shared, say nothing about where a client belongs.
    """
    reading = (s for s in clinic.staff if s.active and s.practitioner in care_team and set(s.roles) & READING)
    return frozenset(s.teams[0] for s in reading if s.teams)


def program_staff(clinic: Clinic) -> frozenset[str]:
    """Those whose home team is a substance use disorder program: what they write is its record (42 CFR 2.11)."""
    part2 = {team.id for team in clinic.teams if team.part2_program}
    return frozenset(s.practitioner for s in clinic.staff if s.teams and s.teams[0] in part2 and set(s.roles) & READING)


def supervises(clinic: Clinic, staff: StaffMember, care_team: frozenset[str]) -> bool:
    """A supervisor covers the clients of their own teams."""
    return Role.SUPERVISOR in staff.roles and bool(programs(clinic, care_team) & set(staff.teams))


def may_ask(standing: Standing, clinic: Clinic) -> Answer:
    """May this person ask for a draft about this client."""
    roles = set(standing.staff.roles)
    if not roles & ASKING:
        return Answer(allowed=False, rule="role.ask", sentence="Your role does not include drafting for clients.")
    if standing.on_care_team or standing.supervises:
        return YES_TEAM
    if standing.broke_glass:
        return Answer(allowed=True, rule="emergency.break_glass")
    offer = bool(roles & set(clinic.break_glass.roles))
    sentence = "You are not on this client's care team, so nothing is shown."
    return Answer(allowed=False, rule="care_team.required", sentence=sentence, break_glass=offer)


def may_read(standing: Standing) -> Answer:
    """May this person see the whole content of a draft."""
    if not set(standing.staff.roles) & READING:
        sentence = "The detail is for clinicians, prescribers and supervisors in charge of this client."
        return Answer(allowed=False, rule="role.read", sentence=sentence)
    if standing.on_care_team or standing.supervises:
        return YES_TEAM
    if standing.named_receiver:
        return Answer(allowed=True, rule="treatment.named_receiver")
    if standing.broke_glass:
        return Answer(allowed=True, rule="emergency.break_glass")
    sentence = "You are not on this client's care team, so nothing is shown."
    return Answer(allowed=False, rule="care_team.required", sentence=sentence)


def may_read_part(standing: Standing) -> Answer:
    """May this person see those parts of a draft that their role opens: a coordinator of the care team."""
    if standing.on_care_team and set(standing.staff.roles) & ASKING:
        return Answer(allowed=True, rule="min.internal_use")
    sentence = "The detail is for clinicians, prescribers and supervisors in charge of this client."
    return Answer(allowed=False, rule="role.read", sentence=sentence)


def may_decide(standing: Standing, approval: Approval, *, asked_by: str, now: datetime, approving: bool) -> Answer:
    """May this person approve (or, with `approving` False, reject or edit) a draft."""
    staff = standing.staff
    if not set(staff.roles) & approval.roles:
        words = " or ".join(sorted(role.replace("_", " ") for role in approval.roles))
        return Answer(allowed=False, rule="role.decide", sentence=f"This needs a {words}.")
    if approving and approval.licensed and not licensed(staff, now.date()):
        sentence = (
            "Approving clinical content needs a current licence on file. Ask a licensed colleague or update the file."
        )
        return Answer(allowed=False, rule="licence.decide", sentence=sentence)
    if approving and approval.four_eyes and staff.id == asked_by:
        sentence = "Whoever asked for this cannot approve it. Ask a second person."
        return Answer(allowed=False, rule="four_eyes", sentence=sentence)
    if standing.on_care_team or standing.supervises:
        return YES_TEAM
    if standing.broke_glass:
        return Answer(allowed=True, rule="emergency.break_glass")
    return Answer(allowed=False, rule="care_team.required", sentence="You are not on this client's care team.")


def may_accept(
    standing: Standing, acceptance: Acceptance, *, sender: str, named: str | None, in_team: bool, now: datetime
) -> Answer:
    """May this person accept a handoff: the named receiver, or any licensed member of the team it was addressed to."""
    staff = standing.staff
    if staff.id == sender:
        return Answer(allowed=False, rule="accept.sender", sentence="The sender cannot accept their own handoff.")
    if named is not None and staff.id != named:
        return Answer(allowed=False, rule="accept.other", sentence="This handoff is addressed to somebody else.")
    if named is None and not (in_team or standing.on_care_team):
        return Answer(allowed=False, rule="accept.team", sentence="This handoff is addressed to another team.")
    if not set(staff.roles) & acceptance.roles:
        return Answer(allowed=False, rule="role.accept", sentence="Your role cannot take over clinical responsibility.")
    if acceptance.licensed and not licensed(staff, now.date()):
        return Answer(allowed=False, rule="licence.accept", sentence="Accepting needs a current licence on file.")
    return Answer(allowed=True, rule="treatment.receiver")


def may_take_over(staff: StaffMember, acceptance: Acceptance, now: datetime) -> bool:
    """Whether this person could accept at all, whatever the client: checked before a handoff is addressed to them."""
    return bool(set(staff.roles) & acceptance.roles) and (not acceptance.licensed or licensed(staff, now.date()))
