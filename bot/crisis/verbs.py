"""What people do with an escalation, by a typed code or a button alike: authorised, audited, answered in a sentence.

Each verb is one transaction. A refusal is recorded too. Answers name the code and colleagues, never a client.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Notice, Place, Who
from bot.clinic import StaffMember
from bot.crisis import events as ev
from bot.crisis import moves, records, rights
from bot.crisis.disposition import Disposition, Level
from bot.crisis.escalation import PageThese, Refused, State
from bot.crisis.policy import WayName
from bot.crisis.recipients import ways_to
from bot.crisis.records import Stored
from bot.crisis.sentences import name, standing
from bot.crisis.why import explained
from bot.flow import trail
from bot.flow.office import Office
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import Answer
from skills.kit import Tone

UNKNOWN = "There is no escalation with that code."


@dataclass(frozen=True, slots=True)
class From:
    """Through which identity and where somebody acts, for the audit trail. Both None on the command line."""

    who: Who | None = None
    place: Place | None = None


NOWHERE = From()


async def acknowledge(office: Office, staff: StaffMember, code: str, at: From = NOWHERE) -> Notice:
    """From now on this person is responsible. Pages that have not gone out do not go out any more."""
    return await _act(office, staff, code, ev.Acknowledged(staff.id), at)


async def hand_over(office: Office, staff: StaffMember, code: str, to: str, at: From = NOWHERE) -> Notice:
    """`to`: a colleague's id or name. Nothing changes until they accept."""
    found = [one for one in office.people.matching(to) if one.id != staff.id]
    if len(found) != 1:
        return Notice("Say to whom, by name or id: one active colleague.", Tone.WARNING)
    if not (answer := rights.may_respond(found[0], concerned=True)).allowed:
        return Notice(f"{found[0].name} cannot take it over. {answer.sentence}", Tone.WARNING)
    return await _act(office, staff, code, ev.HandOverOffered(staff.id, found[0].id), at)


async def accept(office: Office, staff: StaffMember, code: str, at: From = NOWHERE) -> Notice:
    return await _act(office, staff, code, ev.HandOverAccepted(staff.id), at)


async def decline(office: Office, staff: StaffMember, code: str, at: From = NOWHERE) -> Notice:
    return await _act(office, staff, code, ev.HandOverDeclined(staff.id), at)


async def assess(office: Office, staff: StaffMember, code: str, level: Level, at: From = NOWHERE) -> Notice:
    return await _act(office, staff, code, ev.Assessed(staff.id, level), at, decides=True)


async def dispose(office: Office, staff: StaffMember, code: str, form: Disposition, at: From = NOWHERE) -> Notice:
    """The whole form is kept sealed with the story; what is missing is said and nothing changes."""
    event = ev.Disposed(staff.id, form)
    return await _act(office, staff, code, event, at, decides=True, words=form.model_dump_json())


async def not_a_crisis(office: Office, staff: StaffMember, code: str, why: str, at: From = NOWHERE) -> Notice:
    """Says so, and nothing stops: a second person must confirm."""
    return await _act(office, staff, code, ev.Dismissed(staff.id, why), at, words=why)


async def confirm_not_a_crisis(office: Office, staff: StaffMember, code: str, at: From = NOWHERE) -> Notice:
    return await _act(office, staff, code, ev.DismissalConfirmed(staff.id), at, decides=True)


async def close(office: Office, staff: StaffMember, code: str, at: From = NOWHERE) -> Notice:
    return await _act(office, staff, code, ev.Closed(staff.id), at, decides=True)


async def documented(
    conn: AsyncConnection, office: Office, staff: StaffMember, code: str, receipt: str
) -> Stored | Refused:
    """For whoever files the disposition, in the transaction that keeps its receipt. `staff` approved what was filed."""
    stored = await _locked(conn, code)
    if stored is None:
        return Refused("escalation.unknown", UNKNOWN)
    return await moves.move(conn, office, stored, ev.Documented(staff.id, receipt), staff=staff)


async def call_me(office: Office, staff: StaffMember, code: str, at: From = NOWHERE) -> Notice:
    """Ring this person's own telephone about it: they may be unable to read just now."""
    async with office.db.write() as conn:
        stored = await _locked(conn, code)
        refused = await _refused(conn, office, staff, stored, at, rights.may_respond)
        if refused is not None or stored is None:
            return refused or Notice(UNKNOWN, Tone.WARNING)
        if stored.now.state is State.CLOSED:
            return Notice(f"{stored.code} is closed.", Tone.WARNING)
        if WayName.VOICE not in office.ways or not ways_to(staff, (WayName.VOICE,)):
            return Notice("I have no telephone number of yours, or no telephone line.", Tone.WARNING)
        ask = PageThese(label=f"call.{stored.now.turn}", people=(staff.id,), ways=(WayName.VOICE,))
        await moves.page_these(conn, office, stored, ask, ())
    return Notice(f"I am calling you about {stored.code}.")


async def why(office: Office, staff: StaffMember, code: str, at: From = NOWHERE) -> Notice:
    """What fired and what did not, and why."""
    async with office.db.write() as conn:
        stored = await _locked(conn, code)
        if (refused := await _refused(conn, office, staff, stored, at, rights.may_ask_why)) is not None:
            return refused
        told = await explained(conn, office.clinic, stored) if stored else ()
    return Notice("\n".join(told), Tone.INFO)


# What they share


async def allowed(
    office: Office, staff: StaffMember, code: str, at: From, rule: Callable[..., Answer]
) -> Stored | Notice:
    """The escalation, for showing it or asking about it; a Notice says why not, and that is recorded."""
    async with office.db.write() as conn:
        stored = await _locked(conn, code)
        refused = await _refused(conn, office, staff, stored, at, rule)
    return refused or stored or Notice(UNKNOWN, Tone.WARNING)


def deciding(office: Office) -> Callable[..., Answer]:
    """The rule of a clinical judgement, now."""
    return partial(rights.may_decide, now=office.clock())


async def _act(
    office: Office,
    staff: StaffMember,
    code: str,
    event: ev.ByAPerson,
    at: From,
    *,
    decides: bool = False,
    words: str = "",
) -> Notice:
    rule = deciding(office) if decides else rights.may_respond
    async with office.db.write() as conn:
        stored = await _locked(conn, code)
        refused = await _refused(conn, office, staff, stored, at, rule)
        if refused is not None or stored is None:
            return refused or Notice(UNKNOWN, Tone.WARNING)
        now = await moves.move(conn, office, stored, event, staff=staff, who=at.who, place=at.place, words=words)
        if isinstance(now, Refused):
            return await _declined(conn, office, staff, stored, now)
    return Notice(standing(now, office.clinic), Tone.DONE)


async def _locked(conn: AsyncConnection, code: str) -> Stored | None:
    number = records.number_of(code)
    return await records.one(conn, number, lock=True) if number is not None else None


async def _refused(
    conn: AsyncConnection,
    office: Office,
    staff: StaffMember,
    stored: Stored | None,
    at: From,
    rule: Callable[..., Answer],
) -> Notice | None:
    """Somebody who may not know of it hears the same as if it did not exist only by their role's sentence."""
    concerned = stored is not None and await _concerned(conn, staff, stored)
    answer = rule(staff, concerned=concerned)
    if answer.allowed:
        return None if stored is not None else Notice(UNKNOWN, Tone.WARNING)
    subject = moves.about(stored) if stored else trail.About("escalation", "unknown")
    await trail.note(conn, office, Audited.ACCESS_REFUSED, staff, subject, who=at.who, place=at.place, answer=answer)
    return Notice(answer.sentence, Tone.STOP)


async def _concerned(conn: AsyncConnection, staff: StaffMember, stored: Stored) -> bool:
    named = {stored.now.owner, stored.now.offered_to, *stored.treating}
    if staff.id in named or stored.team in staff.teams:
        return True
    return any(row.staff_id == staff.id for row in await records.pages(conn, stored.number))


async def _declined(
    conn: AsyncConnection, office: Office, staff: StaffMember, stored: Stored, refused: Refused
) -> Notice:
    """What the machine would not do is part of the story: somebody tried."""
    at = office.clock()
    body = {"rule": refused.rule}
    await records.add_event(conn, office.seal, stored.number, "refused", at, staff_id=staff.id, **body)
    who = f" Responsible: {name(office.clinic, stored.now.owner)}." if stored.now.owner else ""
    return Notice(f"{stored.code}: {refused.sentence}{who}", Tone.WARNING)
