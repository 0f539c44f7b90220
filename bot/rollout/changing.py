"""A phase is changed by two people: one proposes, another confirms, supervisors or compliance. Both are audited."""

from typing import Final

from sqlalchemy import insert, select, update

from bot.clinic import StaffMember
from bot.flow import trail
from bot.flow.office import Office
from bot.linking.known import fresh
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import Answer
from bot.rollout.changes import Phase
from bot.store.tables import rollout_changes as rows
from skills.kit import Role

MAY_CHANGE: Final = frozenset({Role.SUPERVISOR, Role.COMPLIANCE})
NOT_YOURS: Final = Answer(
    allowed=False, rule="rollout.role", sentence="Phases are changed by supervisors and compliance. Nothing changed."
)
SAME_PERSON: Final = Answer(
    allowed=False, rule="rollout.second_person", sentence="Somebody else has to confirm what you proposed."
)
NOT_OPEN: Final = Answer(
    allowed=False, rule="rollout.not_open", sentence="This change was confirmed already, or never proposed."
)


async def propose(office: Office, staff: StaffMember, team: str, skill: str, phase: Phase) -> int | Answer:
    """The number of the proposal; an Answer says why there is none. Nothing changes until somebody else confirms."""
    if not set(staff.roles) & MAY_CHANGE:
        return await _refused(office, staff, f"{team}:{skill}", NOT_YOURS)
    row = {"team": team, "skill": skill, "phase": phase.value, "proposed_by": staff.id, "proposed_at": office.clock()}
    async with office.db.write() as conn:
        number = (await conn.execute(insert(rows).values(row).returning(rows.c.number))).scalar_one()
        about = trail.About("rollout", str(number))
        await trail.note(conn, office, Audited.CONFIG_CHANGED, staff, about, reason="rollout.proposed")
    return int(number)


async def confirm(office: Office, staff: StaffMember, number: int) -> Answer | None:
    """None: it holds from now on. An Answer says why not."""
    if not set(staff.roles) & MAY_CHANGE:
        return await _refused(office, staff, str(number), NOT_YOURS)
    async with office.db.read() as conn:
        by = await conn.scalar(select(rows.c.proposed_by).where(rows.c.number == number))
    if by == staff.id:
        return await _refused(office, staff, str(number), SAME_PERSON)
    mine = {"confirmed_by": staff.id, "confirmed_at": office.clock()}
    async with office.db.write() as conn:
        open_one = (rows.c.number == number, rows.c.confirmed_at.is_(None))
        changed = (await conn.execute(update(rows).where(*open_one).values(mine))).rowcount
        if changed:
            about = trail.About("rollout", str(number))
            await trail.note(conn, office, Audited.CONFIG_CHANGED, staff, about, reason="rollout.confirmed")
    if not changed:
        return await _refused(office, staff, str(number), NOT_OPEN)
    await fresh(office)
    return None


async def _refused(office: Office, staff: StaffMember, about: str, answer: Answer) -> Answer:
    async with office.db.write() as conn:
        subject = trail.About("rollout", about)
        await trail.note(conn, office, Audited.ACCESS_REFUSED, staff, subject, answer=answer)
    return answer
