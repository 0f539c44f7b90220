"""A person reads, approves, edits or rejects. All is checked at the click; compare-and-set decides who was first.

Nobody approves what they have not seen: pressing Approve before the whole of this version was shown shows it instead.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Action, CardView, Field, Form, Notice, Press, Reply, Typed
from bot.clinic import StaffMember
from bot.crisis import drafting
from bot.drafting.sources import own_words, sourced_blocks
from bot.drafts import Draft, Stale, State, stale
from bot.flow import prepare, present, records, tell, trail, views
from bot.flow.intake import STRANGER as WHO_ARE_YOU
from bot.flow.intake import may_stand
from bot.flow.office import EHR_LANE, Office, PageSize
from bot.flow.reading import reader_ruling, sections
from bot.flow.records import Content
from bot.flow.standing import CLICK_WAIT_S, standing
from bot.privacy import minimum
from bot.privacy.audit import Action as Audited
from bot.privacy.consent import holds_protected
from bot.privacy.fields import Asking, grant
from bot.privacy.partial import seen_by
from bot.privacy.policy import VERSION, Answer, Standing, may_decide, may_read, may_read_part
from bot.privacy.recheck import CONFIRMED, Finding, confirmed, findings
from bot.rollout.phase import held
from bot.store import jobs
from ehr_clients.errors import EhrError
from skills.kit import Block, DraftText, Sourced, Title, Tone

_APPROVING = frozenset({Action.APPROVE, Action.SAVE_APPROVE})
MEANT = "meant"  # the field in which somebody says that an addition is meant
NOT_FILED_ALERT_S = 15 * 60.0
GONE = Notice("This draft is not here any more. Ask for a fresh one.", Tone.WARNING)
CLOSED = Answer(
    allowed=False, rule="channel.closed", sentence="This channel may not carry client information (any more)."
)
STRANGER = Notice(WHO_ARE_YOU, Tone.STOP)
MOVED_ON = "The draft changed while you wrote. Your words are here; sections you left alone show the newer text."


@dataclass(frozen=True, slots=True)
class Desk:
    """Who pressed, on what, and how they stand to the client: looked up once per press."""

    staff: StaffMember
    draft: Draft
    stand: Standing


async def look_up(office: Office, press: Press, *, draft_id: str | None = None) -> Desk | Notice:
    """Identify the person and the draft. A Notice says why not, and shows nothing."""
    staff = office.people.by_chat(press.who)
    async with office.db.read() as conn:
        draft = await records.draft(conn, draft_id or press.subject)
    if staff is None:
        answer = Answer(allowed=False, rule="identity.unknown")
        await refuse(office, press, None, draft, answer)
        return STRANGER
    if draft is None:
        return GONE
    named = addressed_to(draft, staff)
    try:
        stand = await standing(office, staff, draft.client_id, named_receiver=named, within_s=CLICK_WAIT_S)
    except EhrError:
        return Notice("The EHR does not answer, so I cannot check the care team. Try again in a minute.", Tone.WARNING)
    return Desk(staff, draft, stand)


def addressed_to(draft: Draft, staff: StaffMember) -> bool:
    """Whether this person is, or is in the team of, the receiver of a handoff that lies with its receiver.

    Not before it is filed: nothing reaches a receiver without a yes. Not after it was recalled or went back.
    """
    went_back = draft.returned_at is not None and draft.accepted_at is None
    if draft.state is not State.FILED or draft.recalled_at or went_back:
        return False
    return draft.to_staff == staff.id if draft.to_staff else draft.team in staff.teams


async def refuse(
    office: Office, press: Press, staff: StaffMember | None, draft: Draft | None, answer: Answer
) -> Notice:
    """Refusals are audited and show no content."""
    about = trail.about_draft(draft) if draft else trail.About("draft", "unknown")
    async with office.db.write() as conn:
        action = Audited.APPROVAL_REFUSED if press.action in _APPROVING else Audited.ACCESS_REFUSED
        await trail.note(conn, office, action, staff, about, who=press.who, place=press.place, answer=answer)
    return Notice(answer.sentence, Tone.STOP)


# Read


async def review(office: Office, press: Press) -> Reply:
    """One page of the whole content. Seeing the last page counts as having seen this version."""
    desk = await look_up(office, press)
    if isinstance(desk, Notice):
        return desk
    answer = may_read(desk.stand)
    if not answer.allowed and may_read_part(desk.stand).allowed:
        return await _show_part(office, press, desk)
    if not answer.allowed:
        return await refuse(office, press, desk.staff, desk.draft, answer)
    return await _show(office, press, desk, answer)


async def _show_part(office: Office, press: Press, desk: Desk) -> Reply:
    """The lines that this role may have, without a way to decide. It does not count as having seen the draft."""
    draft = desk.draft
    if withheld := await _withheld(office, press, desk):
        return withheld
    async with office.db.read() as conn:
        content = await prepare.opened(conn, office, draft)
    if content is None:  # it was purged: what is left says where it is
        return await _show(office, press, desk, may_read_part(desk.stand))
    part = grant(_asking(office, desk))
    text, left_out = seen_by(content.text, part)
    blocks: list[Block] = [Title(text.heading), minimum.limited(part, left_out), *map(Sourced, text.passages)]
    size = office.page_sizes.get(press.place.platform, PageSize(lines=20, characters=8000))
    page = views.detail(draft, blocks, f"Part of {draft.alias}", size, _page(press, draft))
    async with office.db.write() as conn:
        about = trail.about_draft(draft, content.content_hash)
        await trail.note(
            conn,
            office,
            Audited.DETAIL_VIEWED,
            desk.staff,
            about,
            who=press.who,
            place=press.place,
            answer=Answer(allowed=True, rule=part.rule),
            field_classes=tuple(sorted(part.classes)),
            counts={"lines_not_shown": left_out},
        )
    return replace(page, buttons=tuple(b for b in page.buttons if b.action is Action.REVIEW))


def _asking(office: Office, desk: Desk) -> Asking:
    return Asking(
        roles=frozenset(desk.staff.roles),
        purpose=office.shelf[desk.draft.skill].purpose,
        assigned=desk.stand.on_care_team or desk.stand.supervises or desk.stand.named_receiver,
        broke_glass=desk.stand.broke_glass,
        consent=True,  # whom no consent covers is shown nothing at all
    )


async def _show(office: Office, press: Press, desk: Desk, answer: Answer) -> Reply:
    draft = desk.draft
    if withheld := await _withheld(office, press, desk):
        return withheld
    blocks = await present.detail_blocks(office, draft)
    size = office.page_sizes.get(press.place.platform, PageSize(lines=20, characters=8000))
    title = f"{office.shelf[draft.skill].title} {draft.alias}"
    page = views.detail(draft, blocks, title, size, _page(press, draft), sourced=_sourced(blocks))
    async with office.db.write() as conn:
        version_hash = await records.hash_of(conn, draft.id, draft.version)
        about = trail.about_draft(draft, version_hash)
        await trail.note(
            conn, office, Audited.DETAIL_VIEWED, desk.staff, about, who=press.who, place=press.place, answer=answer
        )
        if page.page == page.pages:
            await records.mark_reviewed(conn, draft.id, draft.version, desk.staff.id, office.clock())
    return page


def _sourced(blocks: Sequence[Block]) -> bool:
    """Whether there are lines to lay beside their sources: not where the content was purged."""
    return any(isinstance(block, Sourced) for block in blocks)


async def sources(office: Office, press: Press) -> Reply:
    """One page of the lines beside their sources' own words. It does not count as having seen the draft."""
    desk = await look_up(office, press)
    if isinstance(desk, Notice):
        return desk
    answer = may_read(desk.stand)
    if not answer.allowed:
        return await refuse(office, press, desk.staff, desk.draft, answer)
    if withheld := await _withheld(office, press, desk):
        return withheld
    async with office.db.read() as conn:
        content = await prepare.opened(conn, office, desk.draft)
    if content is None:
        return GONE
    size = office.page_sizes.get(press.place.platform, PageSize(lines=20, characters=8000))
    about = trail.about_draft(desk.draft, content.content_hash)
    async with office.db.write() as conn:
        await trail.note(
            conn, office, Audited.DETAIL_VIEWED, desk.staff, about, who=press.who, place=press.place, answer=answer
        )
    blocks = sourced_blocks(content.text, own_words(content.facts))
    return views.sources(desk.draft, blocks, size, _page(press, desk.draft))


def _page(press: Press, draft: Draft) -> int:
    """A page of an earlier version leads to the first page of this one: nobody skips what they have not seen."""
    words = press.values.get("page", "1")
    return int(words) if press.version == draft.version and words.isdecimal() and len(words) < 5 else 1


async def _withheld(office: Office, press: Press, desk: Desk, *, reader: StaffMember | None = None) -> Reply | None:
    """Protected records are shown to nobody whom the consent on file does not cover now (42 CFR 2.31, 2.33)."""
    async with office.db.read() as conn:
        content = await prepare.opened(conn, office, desk.draft)
    if content is None or not holds_protected(content.consent_hash):
        return None
    try:
        ruling = await reader_ruling(office, desk.draft, reader or desk.staff, within_s=CLICK_WAIT_S)
    except EhrError:
        return Notice("The EHR does not answer, so I cannot check the consent. Try again in a minute.", Tone.WARNING)
    if ruling.allowed:
        return None
    whom = "you" if reader is None or reader is desk.staff else "its receiver"
    words = f"This draft holds records protected by 42 CFR Part 2, and no consent on file covers {whom}. "
    words += "Nothing is shown." if whom == "you" else "Nothing was sent; I read the chart again."
    return await refuse(office, press, desk.staff, desk.draft, Answer(allowed=False, rule=ruling.rule, sentence=words))


# Approve


async def approve(office: Office, press: Press) -> Reply:
    desk = await look_up(office, press)
    if isinstance(desk, Notice):
        return desk
    if outdated := await _outdated(office, desk.draft, press.version):
        return outdated
    approval = office.shelf[desk.draft.skill].approval
    if press.action is Action.SAVE_APPROVE and not approval.escalates:
        return await current(
            office, desk.draft.id
        )  # a code is asked for in a crisis only: elsewhere it decides nothing
    answer = may_decide(desk.stand, approval, asked_by=desk.draft.asked_by, now=office.clock(), approving=True)
    if answer.allowed and not may_stand(office, press.place):
        answer = CLOSED
    if not answer.allowed:
        return await refuse(office, press, desk.staff, desk.draft, answer)
    async with office.db.read() as conn:
        seen = await records.reviewed(conn, desk.draft.id, desk.draft.version, desk.staff.id)
    if not seen:
        return await _show(office, press, desk, answer)
    if await chart_moved(office, desk.draft, within_s=CLICK_WAIT_S):
        return await _ask_again(office, desk.draft)
    if uncovered := await _uncovered(office, press, desk):
        return uncovered
    if approval.escalates and (asked := await drafting.code_missing(office, press, desk.draft)):
        return asked
    return await _approved(office, press, desk, answer)


async def approve_by_code(office: Office, words: Typed, draft_id: str, code: str) -> Reply:
    """Typed `approve E-17`, for phones where buttons fail. The same checks; who has not read it is shown it first."""
    async with office.db.read() as conn:
        draft = await records.draft(conn, draft_id)
    if draft is None:
        return GONE
    values = {"code": code}
    return await approve(
        office, Press(Action.SAVE_APPROVE, draft.id, draft.version, words.who, words.place, values, key=words.key)
    )


async def _uncovered(office: Office, press: Press, desk: Desk) -> Reply | None:
    """A consent may also end by the calendar, with the chart unchanged: for who approves, and for who receives."""
    receiver = office.people.by_id(desk.draft.to_staff) if desk.draft.to_staff else None
    for reader in (desk.staff, *([receiver] if receiver else [])):
        if stopped := await _withheld(office, press, desk, reader=reader):
            async with office.db.write() as conn:
                await jobs.enqueue(conn, "read_again", desk.draft.id, lane=EHR_LANE)
            return stopped
    return None


async def chart_moved(office: Office, draft: Draft, *, within_s: float) -> bool:
    """Whether the sources changed since this version. No answer in time means no: filing asks again."""
    async with office.db.read() as conn:
        content = await prepare.opened(conn, office, draft)
    if content is None:
        return False
    try:
        async with asyncio.timeout(within_s):
            asked_for = sections(office.shelf[draft.skill], office.people.by_id(draft.asked_by))
            return dict(await office.ehr.versions(draft.client_id, asked_for)) != dict(content.sources)
    except (EhrError, TimeoutError):
        return False


async def _ask_again(office: Office, draft: Draft) -> Notice:
    async with office.db.write() as conn:
        await jobs.enqueue(conn, "read_again", draft.id, lane=EHR_LANE)
    words = (
        "The chart changed since this draft was made. I read it again; the card will show what changed and ask again."
    )
    return Notice(words, Tone.WARNING)


async def _approved(office: Office, press: Press, desk: Desk, answer: Answer) -> Reply:
    draft, now = desk.draft, office.clock()
    async with office.db.write() as conn:
        values = {"decided_by": desk.staff.id, "decided_at": now, "trouble": None}
        first = await records.move(conn, draft, State.APPROVED, now, **values)
        if first:
            version_hash = await records.hash_of(conn, draft.id, draft.version)
            about = trail.about_draft(draft, version_hash)
            await trail.note(
                conn, office, Audited.DRAFT_APPROVED, desk.staff, about, who=press.who, place=press.place, answer=answer
            )
            if held(office, draft) is None:
                await start_filing(conn, draft)
            await present.redraw_all(conn, draft)
    return await (current(office, draft.id) if first else _overtaken(office, draft.id, draft.version))


async def start_filing(conn: AsyncConnection, draft: Draft) -> None:
    await jobs.enqueue(conn, "file", draft.id, lane=EHR_LANE)
    alert = f"not_filed:{draft.id}:{draft.version}"
    await jobs.enqueue(conn, "not_filed", draft.id, lane="clock", delay_s=NOT_FILED_ALERT_S, dedup=alert)


# Edit


async def edit(office: Office, press: Press) -> Reply:
    """The form: one field per section."""
    desk = await _deciding(office, press)
    if not isinstance(desk, Desk):
        return desk
    if withheld := await _withheld(office, press, desk):
        return withheld
    async with office.db.read() as conn:
        content = await prepare.opened(conn, office, desk.draft)
    if content is None:
        return GONE
    return _edit_form(desk.draft, content, {}, "")


def _edit_form(draft: Draft, content: Content, typed: dict[str, str], error: str) -> Form:
    fields = tuple(
        Field(p.key, p.title, typed.get(p.key, p.plain()), required=False, max_length=20_000)
        for p in content.text.passages
    )
    intro = "One field per section. A line you leave as it is keeps its source; your own words are marked as yours."
    return Form(Action.SAVE_EDIT, f"Edit {draft.alias}"[:24], intro, fields, "Save", draft.id, draft.version, error)


async def save_edit(office: Office, press: Press) -> Reply:
    """A new version that waits. Nothing typed is lost when the draft moved on meanwhile: the form comes back."""
    desk = await _deciding(office, press, any_version=True)
    if not isinstance(desk, Desk):
        return desk
    if withheld := await _withheld(office, press, desk):
        return withheld
    async with office.db.read() as conn:
        content = await prepare.opened(conn, office, desk.draft)
    if content is None:
        return GONE
    if press.version != desk.draft.version:
        return _edit_form(desk.draft, content, await _changed_words(office, press, desk.draft), MOVED_ON)
    keys = {p.key for p in content.text.passages}
    typed = {key: words for key, words in press.values.items() if key in keys}
    text = content.text.edited(typed)
    if not any(p.lines for p in text.passages):
        return _edit_form(desk.draft, content, typed, "Everything was deleted. Reject the draft instead.")
    if text == content.text:
        return await current(office, desk.draft.id)
    found = _brought_in(office, desk.draft, content, text)
    if found and not _may_stay(found, press):
        return await _checked_again(office, press, desk, content, typed, found)
    fresh = replace(content, text=text, content_hash=text.content_hash())
    return await _edited(office, press, desk, fresh, found)


def _brought_in(office: Office, draft: Draft, content: Content, text: DraftText) -> tuple[Finding, ...]:
    """What a person's own words bring into a draft that policy had not let in."""
    colleagues = [member.name for member in office.clinic.staff]
    stamp = content.consent_hash
    return findings(content.text, text, base=content.base, stamp=stamp, alias=draft.alias, staff=colleagues)


def _may_stay(found: tuple[Finding, ...], press: Press) -> bool:
    return all(each.may_stay for each in found) and confirmed(press.values.get(MEANT, ""))


async def _checked_again(
    office: Office, press: Press, desk: Desk, content: Content, typed: dict[str, str], found: tuple[Finding, ...]
) -> Form:
    """The form comes back with every word in it and says what is wrong; where it may stay, it asks for a yes."""
    rule = f"edit.{found[0].concern}"
    async with office.db.write() as conn:
        await trail.note(
            conn,
            office,
            Audited.DRAFT_BLOCKED,
            desk.staff,
            trail.about_draft(desk.draft, content.content_hash),
            who=press.who,
            place=press.place,
            answer=Answer(allowed=False, rule=rule),
            counts={each.concern.value: 1 for each in found},
        )
    form = _edit_form(desk.draft, content, typed, " ".join(each.sentence for each in found))
    if not all(each.may_stay for each in found):
        return form
    hint = f"Write {CONFIRMED} if it belongs there for the receiver. Else change the text above."
    sure = Field(MEANT, "Is this meant?", press.values.get(MEANT, ""), multiline=False, required=False, hint=hint)
    return replace(form, fields=(sure, *form.fields))


async def _changed_words(office: Office, press: Press, draft: Draft) -> dict[str, str]:
    """The sections in which somebody who edited an earlier version wrote something of their own."""
    async with office.db.read() as conn:
        shown = await prepare.opened(conn, office, draft, press.version)
    keys = {p.key for p in shown.text.passages} if shown else set()
    typed = {key: words for key, words in press.values.items() if key in keys}
    return {key: words for key, words in typed.items() if shown and shown.text.edited({key: words}) != shown.text}


async def _edited(office: Office, press: Press, desk: Desk, content: Content, meant: tuple[Finding, ...] = ()) -> Reply:
    draft, now = desk.draft, office.clock()
    fresh = replace(content, version=draft.version + 1, changes=(), made_by=desk.staff.id)
    async with office.db.write() as conn:
        first = await records.move(conn, draft, State.WAITING, now, version=fresh.version, trouble=None)
        if first:
            await records.add_version(conn, office.seal, draft.id, fresh, policy=VERSION, now=now)
            await records.mark_reviewed(conn, draft.id, fresh.version, desk.staff.id, now)
            about = trail.about_draft(draft, fresh.content_hash)
            await trail.note(
                conn,
                office,
                Audited.DRAFT_EDITED,
                desk.staff,
                about,
                who=press.who,
                place=press.place,
                answer=Answer(allowed=True, rule="edit.confirmed" if meant else "edit.nothing_new"),
                counts={each.concern.value: 1 for each in meant},
            )
            await present.redraw_all(conn, draft)
    return await (current(office, draft.id) if first else save_edit(office, press))


# Reject


async def reject(office: Office, press: Press) -> Reply:
    desk = await _deciding(office, press)
    return desk if not isinstance(desk, Desk) else reason_form(Action.SAVE_REJECT, "Reject", desk.draft)


def reason_form(action: Action, verb: str, draft: Draft, *, typed: str = "", error: str = "") -> Form:
    field = Field("reason", "Why", typed, hint="A few words for the record.", max_length=1000, error=error)
    intro = "The reason is kept with the draft and in the audit trail's protected part."
    return Form(action, f"{verb} {draft.alias}"[:24], intro, (field,), verb, draft.id, draft.version)


async def save_reject(office: Office, press: Press) -> Reply:
    desk = await _deciding(office, press)
    if not isinstance(desk, Desk):
        return desk
    reason = press.values.get("reason", "").strip()
    if len(reason) < 3:
        return reason_form(Action.SAVE_REJECT, "Reject", desk.draft, typed=reason, error="Say why in a few words.")
    draft, now = desk.draft, office.clock()
    async with office.db.write() as conn:
        sealed = office.seal.seal(reason, context=f"drafts.reason/{draft.id}")
        values = {"decided_by": desk.staff.id, "decided_at": now, "reason": sealed}
        first = await records.move(conn, draft, State.REJECTED, now, **values)
        if first:
            about = trail.about_draft(draft, await records.hash_of(conn, draft.id, draft.version))
            await trail.note(conn, office, Audited.DRAFT_REJECTED, desk.staff, about, who=press.who, place=press.place)
            await records.purge(conn, office.seal, draft.id)
            await present.redraw_all(conn, draft)
    return await (current(office, draft.id) if first else _overtaken(office, draft.id, draft.version))


async def _deciding(office: Office, press: Press, *, any_version: bool = False) -> Desk | Reply:
    """The desk of somebody who may edit or reject this version now, or what to say instead."""
    desk = await look_up(office, press)
    if isinstance(desk, Notice):
        return desk
    if outdated := await _outdated(office, desk.draft, desk.draft.version if any_version else press.version):
        return outdated
    approval = office.shelf[desk.draft.skill].approval
    answer = may_decide(desk.stand, approval, asked_by=desk.draft.asked_by, now=office.clock(), approving=False)
    if not answer.allowed:
        return await refuse(office, press, desk.staff, desk.draft, answer)
    return desk


# When the press comes too late


async def _outdated(office: Office, draft: Draft, version: int) -> Reply | None:
    """What to say when a press on `version` no longer counts: who was first, or the present card."""
    found = stale(draft, version, office.clock())
    if found is Stale.EXPIRED and office.shelf[draft.skill].approval.escalates:
        return None  # it is late, and still asks
    match found:
        case None:
            return None
        case Stale.DECIDED:
            return Notice(_already(office, draft), Tone.INFO)
        case Stale.OTHER_VERSION:
            return await current(office, draft.id)
        case Stale.EXPIRED:
            return Notice("This draft expired. Nothing was filed; ask again for a fresh one.", Tone.WARNING)


async def _overtaken(office: Office, draft_id: str, version: int) -> Reply:
    """What to say to somebody who pressed at the same moment as somebody else, and was second."""
    async with office.db.read() as conn:
        draft = await records.draft(conn, draft_id)
    return GONE if draft is None else await _outdated(office, draft, version) or await current(office, draft_id)


def _already(office: Office, draft: Draft) -> str:
    """Says who was first and when."""
    names = present.names(office, draft)
    if draft.decided_by is None:
        return f"This draft is {draft.state.replace('_', ' ')}; your press changed nothing."
    verb = "rejected" if draft.state is State.REJECTED else "approved"
    return f"Already {verb} by {names.decided_by} at {names.at(draft.decided_at)}. Your press changed nothing."


async def current(office: Office, draft_id: str) -> CardView:
    """The card as it stands after a press."""
    async with office.db.read() as conn:
        draft = await records.draft(conn, draft_id)
    assert draft is not None
    return await present.card_view(office, draft)


async def show(office: Office, press: Press) -> Reply:
    """The card again, where a form or the detail took its place. Minimum necessary: any known person may see it."""
    desk = await look_up(office, press)
    return desk if isinstance(desk, Notice) else await current(office, desk.draft.id)


async def retry(office: Office, press: Press) -> Reply:
    """Try again: read a waiting draft's chart again, file a failed one again, or send a returned one again."""
    desk = await look_up(office, press)
    if isinstance(desk, Notice):
        return desk
    approval = office.shelf[desk.draft.skill].approval
    answer = may_decide(desk.stand, approval, asked_by=desk.draft.asked_by, now=office.clock(), approving=False)
    if not answer.allowed:
        return await refuse(office, press, desk.staff, desk.draft, answer)
    async with office.db.write() as conn:
        match desk.draft.state:
            case State.WAITING:
                await jobs.enqueue(conn, "read_again", desk.draft.id, lane=EHR_LANE)
                return Notice("Reading the chart again. The card changes when there is something new.")
            case State.FILING_FAILED:
                if await records.move(conn, desk.draft, State.APPROVED, office.clock(), trouble=None):
                    about = trail.about_draft(desk.draft)
                    await trail.note(
                        conn, office, Audited.FILING_RETRIED, desk.staff, about, who=press.who, place=press.place
                    )
                    await start_filing(conn, desk.draft)
                    await present.redraw_all(conn, desk.draft)
            case State.FILED if desk.draft.returned_at:
                await send_again(conn, office, desk.draft)
            case _:
                pass
    return await current(office, desk.draft.id)


async def send_again(conn: AsyncConnection, office: Office, draft: Draft) -> None:
    """A returned handoff is offered to its receiver once more, with a fresh clock."""
    now = office.clock()
    minutes = office.clinic.team(draft.team).handoff_sla_minutes
    accept_by = now + timedelta(minutes=minutes)
    if not await records.offer_again(conn, draft, now, accept_by):
        return
    await jobs.enqueue(conn, "give_back", draft.id, lane="clock", delay_s=minutes * 60)
    await present.redraw_all(conn, draft)
    if draft.to_staff:
        await tell.soon(conn, tell.About.OFFERED_AGAIN, draft.id, draft.to_staff, occasion=str(accept_by))
