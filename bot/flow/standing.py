"""How one staff member stands to one client right now: care team, supervision, emergency access."""

from bot.clinic import StaffMember
from bot.flow import records
from bot.flow.office import Office
from bot.privacy.policy import Standing, supervises

CLICK_WAIT_S = 1.2


async def standing(
    office: Office,
    staff: StaffMember,
    client_id: str,
    *,
    named_receiver: bool = False,
    fresh: bool = False,
    within_s: float | None = None,
) -> Standing:
    """`fresh` asks the EHR now; else a minute-old answer will do. Raises EhrError when the care team is not known."""
    memberships = office.memberships
    team = await (memberships.fresh(client_id) if fresh else memberships.of(client_id, within_s=within_s))
    async with office.db.read() as conn:
        broke = await records.broke_glass(conn, staff.id, client_id, office.clock())
    return Standing(
        staff=staff,
        on_care_team=staff.practitioner in team,
        supervises=supervises(office.clinic, staff, team),
        broke_glass=broke,
        named_receiver=named_receiver,
    )
