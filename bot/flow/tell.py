"""Short notices to one person about something that happened: no content, an alias at most. Each is said once."""

from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Action, Button, Notice, Place, Postable, Style
from bot.clinic import StaffMember
from bot.flow import records
from bot.flow.office import Office
from bot.flow.present import personal_place, whisper
from bot.privacy import legal
from bot.privacy.policy import Standing, may_ask
from bot.store import jobs
from bot.store import tables as t
from bot.store.jobs import Finish, Job, Later, Never
from skills.kit import Tone

EHR_DOWN = (
    "The EHR does not answer. Nothing is lost: I keep your request and try again within a minute, then every few "
    "minutes, and the draft comes here by itself."
)


class About(StrEnum):
    """What there is to say; the job's ref is `about:id:staff`."""

    REFUSED = "refused"  # id: request
    EHR_DOWN = "ehr_down"  # id: request
    BREAK_GLASS = "break_glass"  # id: break-glass row
    LEGAL_REQUEST = "legal_request"  # id: the refused message, as the audit trail has it
    QUESTION = "question"  # id: exchange
    ANSWER = "answer"  # id: exchange
    RETURNED = "returned"  # id: draft
    NOT_FILED = "not_filed"  # id: draft: approved a while ago
    FAILED = "failed"  # id: draft: the EHR declined
    ASKS_AGAIN = "asks_again"  # id: draft: an approval no longer holds
    OFFERED_AGAIN = "offered_again"  # id: draft
    RECALLED = "recalled"  # id: draft
    CRISIS_WAITS = "crisis_waits"  # id: draft of an escalation that nobody has decided
    CRISIS_WATCH = "crisis_watch"  # id: an escalation's code, or a team
    SHUT_OUT = "shut_out"  # id: draft: outsiders could read along in the channel
    WORDS_LOST = "words_lost"  # id: exchange: what somebody said could not be filed


async def soon(conn: AsyncConnection, about: About, subject: str, staff_id: str, *, occasion: str = "") -> None:
    """Say it once per subject, person and occasion."""
    ref = f"{about}:{subject}:{staff_id}"
    await jobs.enqueue(conn, "tell", ref, lane=f"tell:{staff_id}", dedup=f"tell:{ref}:{occasion}")


async def tell(office: Office, job: Job) -> Finish | None:
    about, subject, staff_id = job.ref.split(":", 2)
    staff = office.people.by_id(staff_id)
    if staff is None:
        raise Never("nobody_to_reach")
    match About(about):
        case About.REFUSED | About.EHR_DOWN:
            await _about_request(office, About(about), subject, staff)
        case About.BREAK_GLASS:
            await _in_person(office, staff, await _broke_glass(office, subject))
        case About.LEGAL_REQUEST:
            await _in_person(office, staff, Notice(f"{legal.FOR_COMPLIANCE} {subject}.", Tone.WARNING))
        case About.QUESTION | About.ANSWER | About.WORDS_LOST:
            await _about_exchange(office, About(about), subject, staff)
        case About.CRISIS_WATCH:
            words = f"The crisis auditor found something due and not done: {subject}. It repairs what it can; look too."
            await _in_person(office, staff, Notice(words, Tone.STOP))
        case _:
            await _about_draft(office, About(about), subject, staff)
    return None


async def _about_request(office: Office, about: About, request_id: str, staff: StaffMember) -> None:
    async with office.db.read() as conn:
        asked = await records.request(conn, office.seal, request_id)
    if asked is None:
        return
    view = _refused(office, asked.reason, asked.id, staff) if about is About.REFUSED else Notice(EHR_DOWN, Tone.WARNING)
    await whisper(office, asked.who, asked.place, view)


def _refused(office: Office, rule: str | None, request_id: str, staff: StaffMember) -> Notice:
    if rule == "ehr.refused":
        return Notice(
            "The EHR declined to show this chart. Ask your EHR administrator; nothing was drafted.", Tone.STOP
        )
    if rule == "ehr.gave_up":
        return Notice("The EHR could not be read for too long, so I gave up. Please ask again.", Tone.STOP)
    if rule == "fault":
        words = "Something went wrong on our side and no draft was made. Your administrator can see why."
        return Notice(words, Tone.STOP)
    if rule == "identity.inactive":
        return Notice("You are no longer active in the clinic file.", Tone.STOP)
    stand = Standing(staff=staff, on_care_team=False, supervises=False, broke_glass=False)
    answer = may_ask(stand, office.clinic)
    glass = Button(Action.BREAK_GLASS, "Break glass", request_id, 0, Style.DANGER, opens=True)
    return Notice(answer.sentence, Tone.STOP, (glass,) if answer.break_glass else ())


async def _broke_glass(office: Office, row_id: str) -> Notice:
    b = t.break_glass.c
    async with office.db.read() as conn:
        row = (await conn.execute(select(b.staff_id, b.client_id, b.until).where(b.id == row_id))).mappings().one()
        alias = await conn.scalar(select(t.aliases.c.alias).where(t.aliases.c.client_id == row["client_id"]))
    staff = office.people.by_id(row["staff_id"])
    until = row["until"].astimezone(office.clinic.zone())
    words = (
        f"Emergency access: {staff.name if staff else 'somebody'} opened {alias}, until {until:%H:%M}. Please review."
    )
    return Notice(words, Tone.WARNING)


async def _about_exchange(office: Office, about: About, exchange_id: str, staff: StaffMember) -> None:
    async with office.db.read() as conn:
        said = await records.exchange(conn, office.seal, exchange_id)
        draft = await records.draft(conn, said.draft_id) if said else None
    if draft is None:
        return
    if about is About.QUESTION:
        button = Button(Action.ANSWER, "Answer", exchange_id, 0, Style.PRIMARY, opens=True)
        words = f"The receiver of your handoff {draft.alias} has a question before accepting."
    elif about is About.WORDS_LOST:
        button = Button(Action.REVIEW, "Review", draft.id, draft.version, opens=True)
        words = f"What you wrote about the handoff {draft.alias} could not be filed: the EHR declined. Note it there."
    else:
        button = Button(Action.REVIEW, "Review", draft.id, draft.version, opens=True)
        words = f"Your question about the handoff {draft.alias} was answered."
    await _in_person(office, staff, Notice(words, Tone.INFO, (button,)))


async def _about_draft(office: Office, about: About, draft_id: str, staff: StaffMember) -> None:
    async with office.db.read() as conn:
        draft = await records.draft(conn, draft_id)
    if draft is None:
        return
    words = {
        About.RETURNED: f"Your handoff {draft.alias} was not accepted in time: you stay responsible.",
        About.NOT_FILED: f"Approved, but still not filed: {draft.alias}. I keep trying; check the EHR if it is urgent.",
        About.FAILED: f"Approved, but NOT filed: {draft.alias}. I stopped; the card says why and offers another try.",
        About.ASKS_AGAIN: f"Your approval of {draft.alias} no longer holds and nothing was filed: see what changed.",
        About.OFFERED_AGAIN: f"The handoff {draft.alias} waits for you once more: please read and accept it.",
        About.CRISIS_WAITS: f"The crisis draft of {draft.alias} still waits for a decision. It does not expire.",
        About.SHUT_OUT: f"Others could read along in the channel, so the card of {draft.alias} came to you instead.",
        About.RECALLED: f"The handoff {draft.alias} was recalled by its sender. Read the addendum in the chart.",
    }[about]
    review = Button(Action.REVIEW, "Review", draft.id, draft.version, opens=True)
    await _in_person(office, staff, Notice(words, Tone.WARNING, (review,)))


async def _in_person(office: Office, staff: StaffMember, view: Postable) -> None:
    who = office.identity(staff)
    if who is None:
        raise Later("nobody_to_reach")
    place: Place = await personal_place(office.chats[who.platform], who)
    await whisper(office, who, place, view)
