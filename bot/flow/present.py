"""Cards on platforms: put up once, redrawn from the database whenever the draft changes, wherever they stand."""

from dataclasses import replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import CardRef, CardView, Chat, ChatRefused, ChatUnavailable, Notice, Place, Platform, Postable, Who
from bot.clinic import StaffMember
from bot.drafts import Draft
from bot.flow import records, trail, views
from bot.flow.intake import may_stand
from bot.flow.office import Office, chat_lane
from bot.flow.pace import messages_in
from bot.flow.records import CardRow
from bot.flow.views import Names
from bot.privacy import minimum
from bot.privacy.audit import Action as Audited
from bot.privacy.consent import holds_protected
from bot.privacy.policy import Answer
from bot.rollout import phase as rollout
from bot.store import jobs
from bot.store.jobs import Finish, Job, Later, Never
from skills.kit import Banner, Block, Card, Row, Rows, Title, Tone

UNAVAILABLE, OUTCOME_UNKNOWN, PACED, OFF = "chat_unavailable", "outcome_unknown", "paced", "platform_off"
NOT_SENT: Final = frozenset({UNAVAILABLE, PACED, OFF})  # attempts that ended so have certainly posted nothing
JUST_AFTER_S: Final = 0.05
CLOSED, OUTSIDERS = "channel.closed", "channel.outsiders"  # rules by which a card may not stand where it should
TAKEN_DOWN: Final = Notice("A card stood here. It was taken down, because others could read along.", Tone.WARNING)


async def put_up(conn: AsyncConnection, card: CardRow) -> None:
    """Post this card, once: its row is the promise, the job keeps it."""
    if await records.add_card(conn, card):
        await jobs.enqueue(conn, "post_card", card.key, lane=_lane(card), dedup=f"post:{card.key}")


def _lane(card: CardRow) -> str:
    """A person's own conversation has no name before it is opened: the person's id stands in."""
    return chat_lane(replace(card.place, conversation=card.place.conversation or card.to_staff or ""))


async def put_up_for(
    conn: AsyncConnection, office: Office, draft: Draft, staff_id: str, prefer: Platform | None
) -> bool:
    """Post the card into one person's own conversation. False: they cannot be reached on any running platform."""
    staff = office.people.by_id(staff_id)
    who = office.identity(staff, prefer) if staff else None
    if who is None:
        return False
    place = Place(who.platform, who.tenant, "", personal=True)
    key = f"card-{draft.id}-{staff_id}"
    await put_up(conn, CardRow(key=key, draft_id=draft.id, place=place, to_staff=staff_id, message=None))
    return True


async def redraw_all(conn: AsyncConnection, draft: Draft) -> None:
    """Every copy of the card shows the present state soon, whichever surface changed it."""
    for card in await records.cards_of(conn, draft.id):
        await jobs.enqueue(conn, "redraw_card", card.key, lane=_lane(card))


async def post_card(office: Office, job: Job) -> Finish | None:
    async with office.db.read() as conn:
        card = await records.card(conn, job.ref)
        draft = await records.draft(conn, card.draft_id) if card else None
    if card is None or draft is None or card.message is not None:
        return None
    chat = _chat(office, card)
    place = await _place(office, chat, card)
    if rule := await _closed(office, chat, place):
        return lambda conn: _shut_out(conn, office, card, draft, rule)
    try:
        ref = await _stands_already(office, chat, place, job) or await _post(office, chat, card, draft, place, job)
    except ChatRefused:
        return lambda conn: _give_up(conn, office, card, draft)

    async def finish(conn: AsyncConnection) -> None:
        await records.set_card(conn, card.key, message=ref.message, conversation=ref.conversation)
        about = trail.about_draft(draft)
        await trail.note(conn, office, Audited.MESSAGE_POSTED, None, about, place=place)
        fresh = await records.draft(conn, draft.id)
        if fresh != draft or job.attempt > 1:  # what an earlier attempt posted may show what was so then
            await jobs.enqueue(conn, "redraw_card", card.key, lane=_lane(card))

    return finish


async def redraw_card(office: Office, job: Job) -> Finish | None:
    async with office.db.read() as conn:
        card = await records.card(conn, job.ref)
        draft = await records.draft(conn, card.draft_id) if card else None
    ref = card.ref() if card else None
    if card is None or draft is None or ref is None:
        return None
    chat = _chat(office, card)
    rule = await _closed(office, chat, card.place)
    if rule == CLOSED:
        return lambda conn: _shut_out(conn, office, card, draft, rule)
    try:
        await _in_turn(office, card.place, job)
        moved = await chat.replace(ref, TAKEN_DOWN if rule else await card_view(office, draft))
    except ChatUnavailable as error:
        raise await _not_now(office, card.place, job, error) from error
    except ChatRefused:
        return lambda conn: _give_up(conn, office, card, draft)
    if rule:
        return lambda conn: _shut_out(conn, office, card, draft, rule)
    if moved == ref:
        return None
    return lambda conn: records.set_card(conn, card.key, message=moved.message, conversation=moved.conversation)


async def look_again(office: Office, place: Place) -> None:
    """Who can read along there has changed: every card that stands there is looked at, and taken down where it must."""
    async with office.db.write() as conn:
        for card in await records.cards_at(conn, place):
            await jobs.enqueue(conn, "redraw_card", card.key, lane=_lane(card))


async def _closed(office: Office, chat: Chat, place: Place) -> str | None:
    """By which rule nothing about clients may stand there. Raises Later when the platform cannot be asked."""
    if not may_stand(office, place):
        return CLOSED
    try:
        return OUTSIDERS if await chat.refuses(place) else None
    except ChatUnavailable as error:
        raise Later(UNAVAILABLE, after_s=error.retry_after_s) from error


async def _post(office: Office, chat: Chat, card: CardRow, draft: Draft, place: Place, job: Job) -> CardRef:
    view = await card_view(office, draft)
    await _in_turn(office, place, job, count=messages_in(view, place.platform))
    try:
        return await chat.post(view, place, key=card.key)
    except ChatUnavailable as error:
        raise await _not_now(office, place, job, error) from error


async def _stands_already(office: Office, chat: Chat, place: Place, job: Job) -> CardRef | None:
    """An attempt that ended in the dark may have posted it: look before a second one is posted."""
    if job.attempt == 1:
        return None
    async with office.db.read() as conn:
        before = await jobs.error_of(conn, job)
    return None if before in NOT_SENT else await chat.find(place, key=job.ref)


async def _in_turn(office: Office, place: Place, job: Job, *, count: int = 1) -> None:
    """Raises Later, for the whole lane, when this conversation has been told enough for the moment."""
    if wait_s := office.pace.take(place, count=count):
        await _hold_lane(office, job, wait_s)
        raise Later(PACED, after_s=wait_s)


async def _not_now(office: Office, place: Place, job: Job, error: ChatUnavailable) -> Later:
    """A platform that says how long to wait means the conversation, not the one message."""
    if error.retry_after_s:
        office.pace.hold(place, for_s=error.retry_after_s)
        await _hold_lane(office, job, error.retry_after_s)
    return Later(OUTCOME_UNKNOWN if error.sent else UNAVAILABLE, after_s=error.retry_after_s)


async def _hold_lane(office: Office, job: Job, wait_s: float) -> None:
    """The others wait a moment longer than the one that asked, so that it stays the first."""
    async with office.db.write() as conn:
        await jobs.hold(conn, job.lane, wait_s + JUST_AFTER_S)


async def _give_up(conn: AsyncConnection, office: Office, card: CardRow, draft: Draft) -> None:
    """The place is gone or closed: the asker gets the card in person instead, unless that was the place."""
    await records.set_card(conn, card.key, dead=True)
    await trail.note(conn, office, Audited.MESSAGE_FAILED, None, trail.about_draft(draft), place=card.place)
    if card.to_staff != draft.asked_by:
        await put_up_for(conn, office, draft, draft.asked_by, card.place.platform)


async def _shut_out(conn: AsyncConnection, office: Office, card: CardRow, draft: Draft, rule: str) -> None:
    """The asker gets it in person, and learns why."""
    answer = Answer(allowed=False, rule=rule)
    await trail.note(
        conn, office, Audited.ACCESS_REFUSED, None, trail.about_draft(draft), place=card.place, answer=answer
    )
    if rule == OUTSIDERS and not card.place.personal:  # as `tell.soon` does it: telling rests on this module
        ref = f"shut_out:{draft.id}:{draft.asked_by}"
        await jobs.enqueue(conn, "tell", ref, lane=f"tell:{draft.asked_by}", dedup=f"tell:{ref}:{card.key}")
    await _give_up(conn, office, card, draft)


async def gave_up(conn: AsyncConnection, office: Office, card_key: str) -> None:
    """The platform did not answer for too long: the card is shown to its asker in person, where that is elsewhere."""
    card = await records.card(conn, card_key)
    draft = await records.draft(conn, card.draft_id) if card else None
    if card is not None and draft is not None:
        await _give_up(conn, office, card, draft)


def _chat(office: Office, card: CardRow) -> Chat:
    chat = office.chats.get(card.place.platform)
    if chat is None:
        raise Later(OFF)
    return chat


async def _place(office: Office, chat: Chat, card: CardRow) -> Place:
    if card.place.conversation:
        return card.place
    staff = office.people.by_id(card.to_staff or "")
    who = office.identity(staff, card.place.platform) if staff else None
    if who is None or who.platform is not card.place.platform:
        raise Never("nobody_to_reach")
    return await personal_place(chat, who)


async def personal_place(chat: Chat, who: Who) -> Place:
    try:
        return await chat.personal(who)
    except ChatUnavailable as error:
        raise Later(UNAVAILABLE, after_s=error.retry_after_s) from error
    except ChatRefused as error:
        raise Never("conversation_refused") from error


async def whisper(office: Office, who: Who, place: Place, view: Postable) -> None:
    """Say it to one person. Raises Later when the platform does not answer; gives up quietly when it declines."""
    chat = office.chats.get(place.platform)
    if chat is None:
        raise Later(OFF)
    if wait_s := office.pace.take(place):
        raise Later(PACED, after_s=wait_s)
    try:
        await chat.whisper(view, who, place)
    except ChatUnavailable as error:
        office.pace.hold(place, for_s=error.retry_after_s or 0)
        raise Later(UNAVAILABLE, after_s=error.retry_after_s) from error
    except ChatRefused as error:
        raise Never("whisper_refused") from error


# What a card shows


async def card_view(office: Office, draft: Draft) -> CardView:
    """The card as it stands now, from the database."""
    skill = office.shelf[draft.skill]
    async with office.db.read() as conn:
        content = await records.content(conn, office.seal, skill, draft.id, draft.version)
        done = len(await records.receipts(conn, draft.id))
        talk = await records.exchanges(conn, office.seal, draft.id)
    card = (
        views.with_changes(views.with_how(skill.card(content.facts, content.text), content.how), content)
        if content
        else _pointer(draft)
    )
    card = _with_talk(
        card, len([e for e in talk if e.kind == "question"]), len([e for e in talk if e.kind == "answer"])
    )
    if content:
        to = names(office, draft).to if skill.approval.acceptance else None
        card = replace(card, summary=(*card.summary, minimum.goes_to(skill.reads, content.consent_hash, to)))
    gaps = content is not None and bool(content.unread)
    accepts = skill.approval.acceptance is not None
    view = views.card_view(draft, card, names(office, draft), gaps=gaps, accepts=accepts, steps_done=done)
    return rollout.shown(office, draft, view)


def _pointer(draft: Draft) -> Card:
    """A card whose content was purged: the alias, and that the chart has it."""
    title = Title(f"{draft.skill.replace('_', ' ').capitalize()} {draft.alias}")
    return Card(f"Baton: {draft.skill} {draft.alias}", (title,), (title,))


def _with_talk(card: Card, questions: int, answers: int) -> Card:
    if not questions:
        return card
    words = f"{questions} question{'s' if questions > 1 else ''} of the receiver, {answers} answered: see Review."
    return Card(card.notice, (*card.summary, Banner(Tone.INFO, words)), card.detail)


def names(office: Office, draft: Draft) -> Names:
    def called(staff_id: str | None) -> str:
        staff = office.people.by_id(staff_id) if staff_id else None
        return f"{staff.name}, {staff.title}" if staff else "somebody who left"

    team = office.clinic.team(draft.team)
    return Names(
        zone=office.clinic.zone(draft.team),
        now=office.clock(),
        asked_by=called(draft.asked_by),
        to=called(draft.to_staff) if draft.to_staff else f"the {team.name} team",
        decided_by=called(draft.decided_by),
        accepted_by=called(draft.accepted_by),
        recalled_by=called(draft.recalled_by),
    )


async def detail_blocks(office: Office, draft: Draft, version: int | None = None) -> tuple[Block, ...]:
    """The whole content for one authorised reader: the draft, then what sender and receiver said."""
    skill = office.shelf[draft.skill]
    async with office.db.read() as conn:
        content = await records.content(conn, office.seal, skill, draft.id, version or draft.version)
        stored = await records.receipts(conn, draft.id)
        talk = await records.exchanges(conn, office.seal, draft.id)
    if content is None:
        refs = tuple((step, row["ref"]) for step, row in stored.items())
        return views.purged(draft, names(office, draft), refs)
    card = views.with_changes(views.with_how(skill.card(content.facts, content.text), content.how), content)
    said = tuple(_said(office, e.kind, e.staff_id, e.words) for e in talk)
    to = names(office, draft).to if skill.approval.acceptance else None
    stamp = content.consent_hash
    goes = minimum.in_detail(skill.reads, stamp, to, carried=holds_protected(stamp))
    return (*card.detail, *((Rows(said),) if said else ()), *goes)


def _said(office: Office, kind: str, staff_id: str, words: str) -> Row:
    staff: StaffMember | None = office.people.by_id(staff_id)
    return Row(f"{kind.replace('_', ' ').capitalize()}, {staff.name if staff else 'somebody'}", words)
