"""Who may see a line, and act on it, at the moment of the press. What a line shows was decided when it was made."""

import asyncio
from collections.abc import Sequence
from typing import Final

from bot.clinic import StaffMember
from bot.digest.content import DigestLine
from bot.flow.office import Office
from bot.privacy.policy import ASKING, READING, YES_TEAM, Answer, Standing, may_ask, programs, supervises
from ehr_clients.errors import EhrError

WITHIN_S: Final = 1.2  # a press is answered within about two seconds
NOT_YOURS: Final = Answer(allowed=False, rule="digest.reader", sentence="This line is not for you.")
UNKNOWN: Final = Answer(
    allowed=False,
    rule="ehr.unavailable",
    sentence="The EHR does not answer, so the care team cannot be checked. Please try again in a moment.",
)


async def may_see(office: Office, staff: StaffMember, team: str, lines: Sequence[DigestLine]) -> list[Answer]:
    """For each line in its order, with the care teams as they are now."""
    return list(await asyncio.gather(*(_one(office, staff, team, line) for line in lines)))


async def _one(office: Office, staff: StaffMember, team: str, line: DigestLine) -> Answer:
    if staff.id not in line.readers:
        return NOT_YOURS
    try:
        care_team = await office.memberships.of(line.client_id, within_s=WITHIN_S)
    except EhrError:
        return UNKNOWN
    return YES_TEAM if in_charge(office, staff, team, care_team) else NOT_YOURS


def in_charge(office: Office, staff: StaffMember, team: str, care_team: frozenset[str]) -> bool:
    """On the care team, or supervising; front desk and the like: while the client is in the care of their team."""
    if staff.practitioner in care_team or supervises(office.clinic, staff, care_team):
        return True
    return not set(staff.roles) & READING and team in staff.teams and team in programs(office.clinic, care_team)


def may_act(office: Office, staff: StaffMember, care_team: frozenset[str]) -> Answer:
    """May this person put a task into the chart."""
    stand = Standing(
        staff=staff,
        on_care_team=staff.practitioner in care_team,
        supervises=supervises(office.clinic, staff, care_team),
        broke_glass=False,
    )
    answer = may_ask(stand, office.clinic)
    if not set(staff.roles) & ASKING:
        return Answer(allowed=False, rule="role.ask", sentence="Your role does not include tasks in the chart.")
    return answer
