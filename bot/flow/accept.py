"""The receiver takes over in their own words, or asks first; the sender answers, or recalls."""

import hashlib
import re

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Action, Field, Form, Notice, Press, Reply
from bot.drafts import Draft, State
from bot.flow import prepare, present, records, tell, trail
from bot.flow.decide import Desk, current, look_up, reason_form, refuse, review
from bot.flow.office import EHR_LANE, Office, new_id
from bot.flow.records import Exchange
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import Answer, may_accept, may_decide
from bot.store import jobs
from skills.kit import Tone

FEWEST_WORDS = 5


async def accept(office: Office, press: Press) -> Reply:
    """The read-back form. The receiver must have seen the whole handoff first."""
    desk = await _receiving(office, press)
    return desk if not isinstance(desk, Desk) else _read_back_form(desk.draft, "", "")


def _read_back_form(draft: Draft, typed: str, error: str) -> Form:
    hint = "What you take over, what worries you, what you do next: in your own words, not copied."
    field = Field("read_back", "Read-back", typed, hint=hint, max_length=3000, error=error)
    intro = "Accepting moves responsibility to you. Say back what you understood; it is filed in the chart."
    return Form(Action.SAVE_ACCEPT, f"Accept {draft.alias}"[:24], intro, (field,), "Accept", draft.id, draft.version)


async def save_accept(office: Office, press: Press) -> Reply:
    desk = await _receiving(office, press)
    if not isinstance(desk, Desk):
        return desk
    words = press.values.get("read_back", "").strip()
    if error := await _not_own_words(office, desk.draft, words):
        return _read_back_form(desk.draft, words, error)
    now, draft, staff = office.clock(), desk.draft, desk.staff
    async with office.db.write() as conn:
        values = {"accepted_by": staff.id, "accepted_at": now}
        still_open = ("accepted_at", "returned_at", "recalled_at")
        if await records.set_once(conn, draft.id, now, empty=still_open, **values):
            said = Exchange(new_id(), draft.id, "read_back", staff.id, words, now)
            await _say(conn, office, said, file=True)
            about = trail.about_draft(draft, await records.hash_of(conn, draft.id, draft.version))
            await trail.note(conn, office, Audited.HANDOFF_ACCEPTED, staff, about, who=press.who, place=press.place)
            await present.redraw_all(conn, draft)
    return await current(office, draft.id)


async def _not_own_words(office: Office, draft: Draft, words: str) -> str:
    """I-PASS asks for synthesis by the receiver: a few real words, and not the sender's."""
    if len(set(_words(words))) < FEWEST_WORDS:
        return "Say back in a sentence or two what you take over and what you do next."
    async with office.db.read() as conn:
        content = await prepare.opened(conn, office, draft)
    if content and copied(words, content.text.plain()):
        return "That is copied from the handoff. Say it in your own words."
    return ""


def copied(words: str, handoff: str) -> bool:
    """Whether most of it stands in the handoff word for word, in whatever order it was put together."""
    runs = _runs(words)
    return bool(runs) and len(runs & _runs(handoff)) > len(runs) / 2


def _runs(text: str) -> set[tuple[str, ...]]:
    """Every four words in a row."""
    words = _words(text)
    return {tuple(words[i : i + 4]) for i in range(len(words) - 3)}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


async def _receiving(office: Office, press: Press) -> Desk | Reply:
    """The desk of somebody who may accept this handoff now, or what to say instead."""
    desk = await look_up(office, press)
    if isinstance(desk, Notice):
        return desk
    draft, staff = desk.draft, desk.staff
    acceptance = office.shelf[draft.skill].approval.acceptance
    if acceptance is None or draft.state is not State.FILED or draft.recalled_at:
        return Notice("There is nothing to accept here (any more).", Tone.WARNING)
    if draft.accepted_at:
        names = present.names(office, draft)
        return Notice(f"Already accepted by {names.accepted_by} at {names.at(draft.accepted_at)}.", Tone.INFO)
    if draft.returned_at:
        return Notice("It went back to its sender, because nobody accepted in time. Ask the sender.", Tone.WARNING)
    sender = draft.decided_by or draft.asked_by
    in_team = draft.team in staff.teams
    answer = may_accept(
        desk.stand, acceptance, sender=sender, named=draft.to_staff, in_team=in_team, now=office.clock()
    )
    if not answer.allowed:
        return await refuse(office, press, staff, draft, answer)
    async with office.db.read() as conn:
        seen = await records.reviewed(conn, draft.id, draft.version, staff.id)
    if not seen and press.action in {Action.ACCEPT, Action.ASK}:
        return await review(office, press)
    if not seen:
        words = "Please review the whole handoff first (all pages), then accept it."
        return Notice(words, Tone.WARNING)
    return desk


# Questions and answers


async def ask(office: Office, press: Press) -> Reply:
    desk = await _receiving(office, press)
    if not isinstance(desk, Desk):
        return desk
    field = Field("question", "Your question", max_length=2000)
    intro = "It goes to the sender, who answers before you accept. Both are filed with your read-back."
    title = f"Ask about {desk.draft.alias}"[:24]
    return Form(Action.SAVE_ASK, title, intro, (field,), "Ask", desk.draft.id, desk.draft.version)


async def save_ask(office: Office, press: Press) -> Reply:
    desk = await _receiving(office, press)
    if not isinstance(desk, Desk):
        return desk
    words = press.values.get("question", "").strip()
    if not words:
        return Notice("There was no question in it.", Tone.WARNING)
    draft = desk.draft
    asked = Notice("Your question is with the sender; you are told when it is answered.")
    said = Exchange(_said_once(press), draft.id, "question", desk.staff.id, words, office.clock())
    async with office.db.write() as conn:
        if not await _say(conn, office, said, file=False):
            return asked
        about = trail.about_draft(draft)
        await trail.note(conn, office, Audited.HANDOFF_QUESTION, desk.staff, about, who=press.who, place=press.place)
        await tell.soon(conn, tell.About.QUESTION, said.id, draft.decided_by or draft.asked_by)
        await present.redraw_all(conn, draft)
    return asked


async def answer(office: Office, press: Press) -> Reply:
    """The sender's answer form. `subject` is the question."""
    found = await _question(office, press)
    if not isinstance(found, Exchange):
        return found
    field = Field("answer", "Your answer", max_length=2000)
    return Form(Action.SAVE_ANSWER, "Answer", f"Question: {found.words}", (field,), "Answer", found.id, 0)


async def save_answer(office: Office, press: Press) -> Reply:
    found = await _question(office, press)
    words = press.values.get("answer", "").strip()
    if not isinstance(found, Exchange) or not words:
        return found if not isinstance(found, Exchange) else Notice("There was no answer in it.", Tone.WARNING)
    staff = office.people.by_chat(press.who)
    async with office.db.write() as conn:
        draft = await records.draft(conn, found.draft_id)
        assert draft is not None
        assert staff is not None
        said = Exchange(_said_once(press), draft.id, "answer", staff.id, words, office.clock())
        if not await _say(conn, office, said, file=False):
            return Notice("Your answer is with the receiver.")
        about = trail.about_draft(draft)
        await trail.note(conn, office, Audited.HANDOFF_ANSWER, staff, about, who=press.who, place=press.place)
        await tell.soon(conn, tell.About.ANSWER, said.id, found.staff_id)
        await present.redraw_all(conn, draft)
    return Notice("Your answer is with the receiver.")


async def _question(office: Office, press: Press) -> Exchange | Reply:
    async with office.db.read() as conn:
        said = await records.exchange(conn, office.seal, press.subject)
    if said is None or said.kind != "question":
        return Notice("This question is not here any more.", Tone.WARNING)
    desk = await look_up(office, press, draft_id=said.draft_id)
    if isinstance(desk, Notice):
        return desk
    if desk.staff.id not in {desk.draft.decided_by, desk.draft.asked_by}:
        other = Answer(allowed=False, rule="answer.other", sentence="The question is for the sender of the handoff.")
        return await refuse(office, press, desk.staff, desk.draft, other)
    return said


# Recall


async def recall(office: Office, press: Press) -> Reply:
    desk = await _recalling(office, press)
    return desk if not isinstance(desk, Desk) else reason_form(Action.SAVE_RECALL, "Recall", desk.draft)


async def save_recall(office: Office, press: Press) -> Reply:
    """Nothing is deleted: an addendum in the chart says that it is recalled, by whom and why."""
    desk = await _recalling(office, press)
    if not isinstance(desk, Desk):
        return desk
    words = press.values.get("reason", "").strip()
    if len(words) < 3:
        error = "Say why in a few words: it is filed as an addendum."
        return reason_form(Action.SAVE_RECALL, "Recall", desk.draft, typed=words, error=error)
    draft, staff, now = desk.draft, desk.staff, office.clock()
    async with office.db.write() as conn:
        values = {"recalled_by": staff.id, "recalled_at": now}
        if await records.set_once(conn, draft.id, now, empty=("recalled_at",), **values):
            await _say(conn, office, Exchange(new_id(), draft.id, "recall", staff.id, words, now), file=True)
            about = trail.about_draft(draft)
            await trail.note(conn, office, Audited.RECALLED, staff, about, who=press.who, place=press.place)
            receiver = draft.accepted_by or draft.to_staff
            if receiver:
                await tell.soon(conn, tell.About.RECALLED, draft.id, receiver)
            await present.redraw_all(conn, draft)
    return await current(office, draft.id)


async def _recalling(office: Office, press: Press) -> Desk | Reply:
    desk = await look_up(office, press)
    if isinstance(desk, Notice):
        return desk
    if desk.draft.state is not State.FILED or desk.draft.recalled_at:
        return Notice("There is nothing to recall here (any more).", Tone.WARNING)
    approval = office.shelf[desk.draft.skill].approval
    allowed = may_decide(desk.stand, approval, asked_by=desk.draft.asked_by, now=office.clock(), approving=False)
    return desk if allowed.allowed else await refuse(office, press, desk.staff, desk.draft, allowed)


async def _say(conn: AsyncConnection, office: Office, said: Exchange, *, file: bool) -> bool:
    """False: it was said already."""
    new = await records.add_exchange(conn, office.seal, said)
    if file and new:
        await jobs.enqueue(conn, "file_words", said.id, lane=EHR_LANE, dedup=f"file_words:{said.id}")
    return new


def _said_once(press: Press) -> str:
    """The id of what one delivery says: handled twice, after a crash or on request, it is said once."""
    delivery = f"{press.who}\n{press.action}\n{press.subject}\n{press.key}"
    return hashlib.sha256(delivery.encode()).hexdigest()[:16] if press.key else new_id()
