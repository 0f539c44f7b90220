"""Deactivation at run time, as a directory's SCIM would: takes effect at the next click, in every process."""

from sqlalchemy import insert

from bot.chat import Who
from bot.flow import trail
from bot.flow.office import Office
from bot.linking.known import fresh
from bot.privacy.audit import Action as Audited
from bot.store.tables import people_changes


async def deactivate(office: Office, staff_id: str, *, by: str) -> bool:
    """`by`: the staff id or the directory that says so. Twice is as once. False: nobody of this id, or gone already."""
    await fresh(office)
    staff = office.people.by_id(staff_id)
    if staff is None or staff_id in office.people.known.gone:
        return False
    async with office.db.write() as conn:
        row = {"kind": "deactivated", "staff_id": staff_id, "by": by, "at": office.clock()}
        await conn.execute(insert(people_changes).values(row))
        await trail.note(
            conn, office, Audited.CONFIG_CHANGED, None, trail.About("person", staff_id), reason="people.deactivated"
        )
    await fresh(office)
    return True


async def left(office: Office, who: Who) -> bool:
    """For Slack's user_change and Entra's events: whoever stands behind this identity left. False: nobody did."""
    await fresh(office)
    staff = office.people.by_chat(who)
    return staff is not None and await deactivate(office, staff.id, by=f"{who.platform}:directory")
