"""From a kept request to a draft that waits for a decision: the caseload picker, the chart, the first version."""

import re
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Notice, Option, Picker, Place, Press, Reply
from bot.clinic import StaffMember
from bot.crisis import drafting
from bot.drafts import Draft, State
from bot.flow import changes, contradictions, present, records, tell, trail
from bot.flow.intake import may_stand
from bot.flow.office import EHR_LANE, Office, new_id
from bot.flow.reading import Drawn, Order, draw_up
from bot.flow.records import Asked, CardRow, Content
from bot.flow.standing import standing
from bot.flow.wording import counts, worded
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import VERSION, Answer, may_ask
from bot.referral import asks
from bot.rollout.phase import client_refused, held
from bot.store import jobs
from bot.store.jobs import Finish, Job, Later, Never
from ehr_clients.errors import EhrError, EhrUnavailable
from ehr_clients.models import Client
from ehr_clients.port import ClientQuery
from skills.kit import Skill, Tone

ALIAS = re.compile(r"C-\d{1,9}", re.IGNORECASE)
RETRY_AFTER_S = 30.0
LATER_RETRY_AFTER_S = 300.0
READ_AGAIN_AFTER_S = 120.0
NOT_YOURS = Answer(
    allowed=False, rule="picker.other", sentence="This list was made for somebody else. Ask for your own."
)
NOT_ACTIVE = Answer(allowed=False, rule="identity.inactive", sentence="You are no longer active in the clinic file.")


# A client is picked


async def caseload(office: Office, job: Job) -> Finish | None:
    """Offer the person's own caseload, to them only. What they typed narrows it, and never reveals anybody else."""
    asked, staff = await _asked(office, job.ref)
    if asked is None or staff is None or asked.state != "picking":
        return None
    try:
        clients = await office.ehr.caseload(staff.practitioner)
        named = await _by_alias(office, asked.words, clients)
    except EhrUnavailable as error:
        raise await _come_back(office, asked, job, error) from error
    except EhrError as error:
        return _refusal(office, asked, staff, Answer(allowed=False, rule="ehr.refused", sentence=str(error)))
    if named is not None:
        return partial(_named, office, asked, named)
    matching = [c for c in clients if asked.words and asked.words.casefold() in c.name.casefold()]
    options = await _offer(office, asked, matching or clients)
    await present.whisper(office, asked.who, asked.place, _picker(asked, options, known=bool(matching)))
    return None


async def _by_alias(office: Office, words: str, clients: list[Client]) -> Client | None:
    """The client whose alias in the EHR was typed. Who may see them is decided when the chart is read."""
    if not ALIAS.fullmatch(words):
        return None
    mine = next((c for c in clients if (c.alias or "").upper() == words.upper()), None)
    return mine or next(iter(await office.ehr.find(ClientQuery(alias=words.upper()))), None)


async def _named(office: Office, asked: Asked, client: Client, conn: AsyncConnection) -> None:
    await records.alias_for(conn, client.id, client.alias)
    await records.set_request(conn, asked.id, client_id=client.id, state="reading")
    await jobs.enqueue(conn, "prepare", asked.id, lane=EHR_LANE, dedup=f"prepare:{asked.id}")


async def _offer(office: Office, asked: Asked, clients: list[Client]) -> tuple[Option, ...]:
    """Keep which choice means which client; names stay out of the database."""
    by_id = {client.id: client for client in clients}
    async with office.db.write() as conn:
        offered = await records.offered(conn, office.seal, asked.id) or {new_id(): c.id for c in clients}
        await records.offer(conn, office.seal, asked.id, offered)
        known = {value: by_id[client_id] for value, client_id in offered.items() if client_id in by_id}
        labels = {value: await records.alias_for(conn, c.id, c.alias) for value, c in known.items()}
    named = (Option(value, f"{labels[value]} · {_short_name(client)}"[:75]) for value, client in known.items())
    return tuple(sorted(named, key=lambda option: option.label))


def _picker(asked: Asked, options: tuple[Option, ...], *, known: bool) -> Picker | Notice:
    if not options:
        return Notice("You have no clients on your caseload in the EHR. A care team in the EHR makes it.", Tone.WARNING)
    unknown = "" if known or not asked.words else "I do not know that client. "
    return Picker(f"{unknown}Which client? This is your own caseload; only you see it.", options, asked.id)


def _short_name(client: Client) -> str:
    given = client.given[0] if client.given else ""
    return f"{given} {client.family[:1]}." if client.family and given else client.name


async def pick(office: Office, press: Press) -> Reply:
    """A choice from a picker: one of what was offered to this person, or nothing."""
    staff = office.people.by_chat(press.who)
    async with office.db.write() as conn:
        asked = await records.request(conn, office.seal, press.subject)
        if asked is None or staff is None or asked.staff_id != staff.id:
            about = trail.About("request", asked.id if asked else "unknown")
            await trail.note(
                conn, office, Audited.ACCESS_REFUSED, staff, about, who=press.who, place=press.place, answer=NOT_YOURS
            )
            return Notice(NOT_YOURS.sentence, Tone.STOP)
        if asked.state != "picking":
            return Notice("You chose already; the draft is on its way or here.")
        offered = await records.offered(conn, office.seal, asked.id)
        client_id = offered.get(press.values.get("choice", ""))
        if client_id is None:
            return Notice("That choice is not on your list.", Tone.STOP)
        await records.set_request(conn, asked.id, client_id=client_id, state="reading", options=None)
        await jobs.enqueue(conn, "prepare", asked.id, lane=EHR_LANE, dedup=f"prepare:{asked.id}")
        about = trail.About("request", asked.id, None, client_id)
        await trail.note(conn, office, Audited.CLIENT_PICKED, staff, about, who=press.who, place=press.place)
        alias = await records.alias_for(conn, client_id, None)
    return Notice(f"Reading the chart of {alias}. The draft comes here for a decision.")


# The chart is read and a draft is made


async def prepare(office: Office, job: Job) -> Finish | None:
    """Check, read, draft, keep. Nothing is shown to anybody before all of it is kept."""
    asked, staff = await _asked(office, job.ref)
    if asked is None or asked.client_id is None or asked.state != "reading":
        return None
    if staff is None:
        return _refusal(office, asked, None, NOT_ACTIVE)
    try:
        answer = await _may_ask(office, asked, staff, asked.client_id)
        if not answer.allowed:
            return _refusal(office, asked, staff, answer)
        order = await order_of(office, asked, staff)
        if untried := client_refused(office, asked.skill, asked.team, asked.client_id, order.alias):
            return _refusal(office, asked, staff, untried)
        drawn = await worded(office, order, await draw_up(office, order, by=staff, answer=answer))
    except EhrUnavailable as error:
        raise await _come_back(office, asked, job, error) from error
    except EhrError as error:
        refused = Answer(allowed=False, rule="ehr.refused", sentence=str(error))
        return _refusal(office, asked, staff, refused)
    return lambda conn: _keep_draft(conn, office, asked, staff, order, drawn)


async def _may_ask(office: Office, asked: Asked, staff: StaffMember, client_id: str) -> Answer:
    """Whoever answered an escalation may have its draft: Baton asks for it in their name, and nobody else can."""
    if drafting.number_of(asked.id) is not None:
        return drafting.OWNER
    return may_ask(await standing(office, staff, client_id, fresh=True), office.clinic)


async def order_of(office: Office, asked: Asked, staff: StaffMember) -> Order:
    assert asked.client_id is not None
    async with office.db.write() as conn:
        alias = await records.alias_for(conn, asked.client_id, None)
    return Order(
        request_id=asked.id,
        skill=office.shelf[asked.skill],
        client_id=asked.client_id,
        alias=alias,
        team=asked.team,
        asked_by=staff,
        to=office.people.by_id(asked.to_staff) if asked.to_staff else None,
        asked_at=asked.created_at,
        context=await drafting.context(office, asked.id) or await asks.context(office, asked.id),
    )


async def _keep_draft(
    conn: AsyncConnection, office: Office, asked: Asked, staff: StaffMember, order: Order, drawn: Drawn
) -> None:
    now = office.clock()
    draft = Draft(
        id=new_id(),
        request_id=asked.id,
        skill=order.skill.name,
        alias=order.alias,
        client_id=order.client_id,
        team=order.team,
        asked_by=staff.id,
        to_staff=order.to.id if order.to else None,
        state=State.WAITING,
        version=1,
        trouble=None,
        decided_by=None,
        decided_at=None,
        filed_at=None,
        accept_by=None,
        accepted_by=None,
        accepted_at=None,
        returned_at=None,
        recalled_by=None,
        recalled_at=None,
        expires_at=now + order.skill.approval.expires_after,
        created_at=now,
    )
    await supersede_older(conn, office, draft)
    await records.add_draft(conn, draft)
    await _keep_version(conn, office, draft, drawn, made_by="baton")
    await records.set_request(conn, asked.id, state="drafted", draft_id=draft.id)
    await records.forget_words(conn, office.seal, asked.id)
    about = trail.about_draft(draft, drawn.text.content_hash())
    await _note_withheld(conn, office, draft, staff, drawn)
    await _note_made(conn, office, about, drawn)
    await _show(conn, office, asked, draft)
    await _wind_up(conn, order.skill, draft.id, draft.version, drawn)
    if held(office, draft) is None:
        await contradictions.soon(conn, draft, order.skill)


async def _wind_up(conn: AsyncConnection, skill: Skill[Any], draft_id: str, version: int, drawn: Drawn) -> None:
    """The timers of a version: when it expires, and when what could not be read is tried again."""
    expires = skill.approval.expires_after / timedelta(seconds=1)
    await jobs.enqueue(conn, "expire", draft_id, lane="clock", delay_s=expires, dedup=f"expire:{draft_id}:{version}")
    if drawn.gaps:
        await jobs.enqueue(conn, "read_again", draft_id, lane=EHR_LANE, delay_s=READ_AGAIN_AFTER_S)


async def _keep_version(conn: AsyncConnection, office: Office, draft: Draft, drawn: Drawn, *, made_by: str) -> None:
    first = Content(
        version=draft.version,
        facts=drawn.facts,
        text=drawn.text,
        base=drawn.text,
        changes=(),
        sources=drawn.sources,
        unread=drawn.gaps,
        content_hash=drawn.text.content_hash(),
        consent_hash=drawn.consent_hash,
        made_by=made_by,
        how=drawn.how,
    )
    await records.add_version(conn, office.seal, draft.id, first, policy=VERSION, now=office.clock())


async def _note_made(conn: AsyncConnection, office: Office, about: trail.About, drawn: Drawn) -> None:
    """How the text came about, and for a model's words whose they are and what they cost."""
    how, counted = drawn.how, {"counts": counts(drawn.how)} if drawn.use and drawn.how else {}
    path = f"wording.{how.reason or how.path}" if how else None
    await trail.note(
        conn,
        office,
        Audited.DRAFT_MADE,
        None,
        about,
        output_hash=about.version_hash,
        model=drawn.use,
        reason=path,
        **counted,
    )


async def supersede_older(conn: AsyncConnection, office: Office, newer: Draft) -> None:
    """One waiting draft per client and skill: an older one steps back, visibly."""
    for older in await records.open_drafts(conn, client_id=newer.client_id, skill=newer.skill):
        if older.state is State.WAITING and await records.move(conn, older, State.SUPERSEDED, office.clock()):
            await trail.note(conn, office, Audited.DRAFT_SUPERSEDED, None, trail.about_draft(older))
            await present.redraw_all(conn, older)
            await records.purge(conn, office.seal, older.id)


async def _note_withheld(
    conn: AsyncConnection, office: Office, draft: Draft, staff: StaffMember | None, drawn: Drawn
) -> None:
    about = trail.about_draft(draft)
    if drawn.withheld:
        answer = Answer(allowed=False, rule=drawn.ruling.rule)
        await trail.note(conn, office, Audited.SECTION_WITHHELD, staff, about, answer=answer, part2_flag=True)
    if drawn.dropped_notes:
        counts = {"notes": drawn.dropped_notes}
        await trail.note(conn, office, Audited.BLOCKED_PSYCHOTHERAPY_NOTE, staff, about, counts=counts)


async def _show(conn: AsyncConnection, office: Office, asked: Asked, draft: Draft) -> None:
    """Where it was asked for; to the asker alone when that place may not carry it any more."""
    if may_stand(office, asked.place):
        await present.put_up(conn, _card_at(asked.place, draft))
    else:
        await present.put_up_for(conn, office, draft, asked.staff_id, asked.place.platform)
    if drafting.number_of(asked.id) is not None:
        for approver in await drafting.whom_to_ask(conn, office, draft):
            await present.put_up_for(conn, office, draft, approver.id, None)


def _card_at(place: Place, draft: Draft) -> CardRow:
    to_staff = draft.asked_by if place.personal else None
    return CardRow(key=f"card-{draft.id}-0", draft_id=draft.id, place=place, to_staff=to_staff, message=None)


# The chart is read again


async def read_again(office: Office, job: Job) -> Finish | None:
    """Draw a waiting draft up again. Changes nothing unless the chart or the consent changed."""
    async with office.db.read() as conn:
        draft = await records.draft(conn, job.ref)
        content = await opened(conn, office, draft)
    if draft is None or content is None or draft.state is not State.WAITING:
        return None
    try:
        order = await order_for(office, draft)
        drawn = await draw_up(office, order, by=None)
    except EhrUnavailable as error:
        raise Later("ehr_unavailable", after_s=pause_s(job.attempt, error)) from error
    if drawn.same_chart(content.sources, content.unread) and drawn.consent_hash == content.consent_hash:
        if drawn.gaps:
            raise Later("still_unread", after_s=pause_s(job.attempt))
        return None
    drawn = await worded(office, order, drawn, before=content)
    return lambda conn: renew(conn, office, draft, content, drawn, trouble=None)


async def renew(
    conn: AsyncConnection, office: Office, draft: Draft, old: Content, drawn: Drawn, *, trouble: str | None
) -> None:
    """A new version that waits and shows what changed. An approval of the old one is void."""
    now, skill = office.clock(), office.shelf[draft.skill]
    templates = (skill.compose(old.facts), drawn.template)
    renewed = changes.renew(old.base, old.text, drawn.text, templates=templates)
    values: dict[str, Any] = {"version": draft.version + 1, "trouble": trouble, "decided_by": None, "decided_at": None}
    if draft.state is State.APPROVED:
        values["expires_at"] = now + skill.approval.expires_after
    if not await records.move(conn, draft, State.WAITING, now, **values):
        return
    fresh = Content(
        version=draft.version + 1,
        facts=drawn.facts,
        text=renewed.text,
        base=drawn.text,
        changes=renewed.changes or changes.changed_sources(old.sources, drawn.sources) or ("The consent changed.",),
        sources=drawn.sources,
        unread=drawn.gaps,
        content_hash=renewed.text.content_hash(),
        consent_hash=drawn.consent_hash,
        made_by="baton",
        how=drawn.how,
    )
    await records.add_version(conn, office.seal, draft.id, fresh, policy=VERSION, now=now)
    await trail.note(conn, office, Audited.DRAFT_SUPERSEDED, None, trail.about_draft(draft, old.content_hash))
    await _note_made(conn, office, trail.about_draft(draft, fresh.content_hash), drawn)
    await _note_withheld(conn, office, draft, None, drawn)
    await _wind_up(conn, skill, draft.id, fresh.version, drawn)
    await present.redraw_all(conn, draft)
    if draft.decided_by:
        await tell.soon(conn, tell.About.ASKS_AGAIN, draft.id, draft.decided_by, occasion=str(draft.version))


async def order_for(office: Office, draft: Draft) -> Order:
    """The order of an existing draft."""
    asked_by, to = office.people.by_id(draft.asked_by), draft.to_staff
    if asked_by is None:
        raise Never("asker_unknown")
    return Order(
        request_id=draft.request_id,
        skill=office.shelf[draft.skill],
        client_id=draft.client_id,
        alias=draft.alias,
        team=draft.team,
        asked_by=asked_by,
        to=office.people.by_id(to) if to else None,
        asked_at=draft.created_at,
        context=await drafting.context(office, draft.request_id) or await asks.context(office, draft.request_id),
    )


async def opened(
    conn: AsyncConnection, office: Office, draft: Draft | None, version: int | None = None
) -> Content | None:
    """The content of a draft's current (or given) version; None when purged."""
    if draft is None:
        return None
    skill = office.shelf[draft.skill]
    return await records.content(conn, office.seal, skill, draft.id, version or draft.version)


# When it does not work


async def _asked(office: Office, request_id: str) -> tuple[Asked | None, StaffMember | None]:
    async with office.db.read() as conn:
        asked = await records.request(conn, office.seal, request_id)
    staff = office.people.by_id(asked.staff_id) if asked else None
    return asked, staff if staff and staff.active else None


def _refusal(office: Office, asked: Asked, staff: StaffMember | None, answer: Answer) -> Finish:
    async def finish(conn: AsyncConnection) -> None:
        await records.set_request(conn, asked.id, state="refused", reason=answer.rule)
        await trail.note(
            conn,
            office,
            Audited.ACCESS_REFUSED,
            staff,
            trail.about_request(asked),
            who=asked.who,
            place=asked.place,
            answer=answer,
        )
        await tell.soon(conn, tell.About.REFUSED, asked.id, asked.staff_id)

    return finish


async def _come_back(office: Office, asked: Asked, job: Job, error: EhrUnavailable) -> Later:
    """Tell the person once that the EHR does not answer and that the request is kept; then try again."""
    async with office.db.write() as conn:
        await tell.soon(conn, tell.About.EHR_DOWN, asked.id, asked.staff_id)
    return Later("ehr_unavailable", after_s=pause_s(job.attempt, error))


def pause_s(attempt: int, error: EhrUnavailable | None = None) -> float:
    """Twice a minute at first, then every five minutes; never sooner than the EHR asked for."""
    ours = RETRY_AFTER_S if attempt <= 10 else LATER_RETRY_AFTER_S
    return max(ours, (error.retry_after_s if error else None) or 0.0)


async def gave_up(conn: AsyncConnection, office: Office, request_id: str, code: str) -> None:
    """Tried for too long: the request ends, and the person is told that it did."""
    asked = await records.request(conn, office.seal, request_id)
    if asked is not None and asked.state in {"reading", "picking"}:
        reason = "ehr.gave_up" if code == "ehr_unavailable" else "fault"
        await records.set_request(conn, asked.id, state="refused", reason=reason)
        await tell.soon(conn, tell.About.REFUSED, asked.id, asked.staff_id)
