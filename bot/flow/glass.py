"""Break-glass: emergency access with a reason, time-boxed, audited, compliance told (45 CFR 164.312(a)(2)(ii))."""

from datetime import timedelta

from sqlalchemy import insert

from bot.chat import Action, Field, Form, Notice, Press, Reply
from bot.clinic import StaffMember
from bot.flow import records, tell, trail
from bot.flow.office import EHR_LANE, Office, new_id
from bot.flow.records import Asked
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import Answer
from bot.store import jobs
from bot.store import tables as t
from skills.kit import Role, Tone

LEAST_CHARACTERS = 10
GRANTED = Answer(allowed=True, rule="emergency.break_glass")
NOT_YOURS = Notice("Emergency access is not open to you here.", Tone.STOP)


async def break_glass(office: Office, press: Press) -> Reply:
    found = await _request(office, press)
    return found if not isinstance(found, tuple) else _form(office, found[0], "", "")


def _form(office: Office, asked: Asked, typed: str, error: str) -> Form:
    hint = "Who is in danger, and why it cannot wait for the care team."
    field = Field("reason", "Reason", typed, hint=hint, max_length=1000, error=error)
    minutes = office.clinic.break_glass.minutes
    intro = f"Emergency access lasts {minutes} minutes. It is recorded in full and compliance is told now."
    return Form(Action.SAVE_BREAK_GLASS, "Break glass", intro, (field,), "Break glass", asked.id, 0)


async def save_break_glass(office: Office, press: Press) -> Reply:
    found = await _request(office, press)
    if not isinstance(found, tuple):
        return found
    asked, staff = found
    reason = press.values.get("reason", "").strip()
    if len(reason) < LEAST_CHARACTERS:
        return _form(office, asked, reason, "Give the reason in a sentence; it is reviewed.")
    assert asked.client_id is not None
    now, row_id = office.clock(), new_id()
    minutes = office.clinic.break_glass.minutes
    async with office.db.write() as conn:
        again = await records.request(conn, office.seal, asked.id)
        if again is None or again.state != "refused":
            return Notice("Emergency access is open already; the draft is on its way.")
        await conn.execute(
            insert(t.break_glass).values(
                id=row_id,
                staff_id=staff.id,
                client_id=asked.client_id,
                reason=office.seal.seal(reason, context=f"break_glass.reason/{row_id}"),
                since=now,
                until=now + timedelta(minutes=minutes),
            )
        )
        await records.set_request(conn, asked.id, state="reading", reason=None)
        about = trail.About("client", asked.client_id, None, asked.client_id)
        await trail.note(
            conn, office, Audited.BREAK_GLASS, staff, about, who=press.who, place=press.place, answer=GRANTED
        )
        for officer in office.people.with_role(Role.COMPLIANCE):
            await tell.soon(conn, tell.About.BREAK_GLASS, row_id, officer.id)
        await jobs.enqueue(conn, "prepare", asked.id, lane=EHR_LANE, dedup=f"prepare:{asked.id}:{row_id}")
    return Notice(f"Emergency access for {minutes} minutes. Compliance is told. Reading the chart.", Tone.WARNING)


async def _request(office: Office, press: Press) -> tuple[Asked, StaffMember] | Notice:
    """The refused request of this very person, if their role has emergency access."""
    staff = office.people.by_chat(press.who)
    async with office.db.read() as conn:
        asked = await records.request(conn, office.seal, press.subject)
    if staff is None or asked is None or asked.client_id is None or not _theirs(office, asked, staff):
        return await _refuse(office, press, staff)
    if asked.state != "refused" or asked.reason != "care_team.required":
        return Notice("This request does not need emergency access (any more).", Tone.INFO)
    return asked, staff


def _theirs(office: Office, asked: Asked, staff: StaffMember) -> bool:
    return asked.staff_id == staff.id and bool(set(staff.roles) & set(office.clinic.break_glass.roles))


async def _refuse(office: Office, press: Press, staff: StaffMember | None) -> Notice:
    answer = Answer(allowed=False, rule="emergency.not_open")
    about = trail.About("request", press.subject if press.subject.isalnum() else "unknown")
    async with office.db.write() as conn:
        await trail.note(
            conn, office, Audited.ACCESS_REFUSED, staff, about, who=press.who, place=press.place, answer=answer
        )
    return NOT_YOURS
