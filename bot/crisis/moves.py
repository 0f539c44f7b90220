"""One change of an escalation, in the caller's transaction: state, story, audit line, pages and the next due time.

Whoever changes an escalation does it here, so that nothing of the five is ever without the others.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Place, Who
from bot.clinic import StaffMember
from bot.crisis import drafting, records
from bot.crisis import events as ev
from bot.crisis.escalation import Escalation, PageThese, Refused, State, apply
from bot.crisis.policy import WayName
from bot.crisis.recipients import resolve, ways_to
from bot.crisis.records import PageRow, PageState, Stored
from bot.flow import trail
from bot.flow.office import Office
from bot.privacy.audit import Action as Audited
from bot.privacy.audit import Outcome
from bot.store import jobs
from bot.store import tables as t
from bot.store.queue import clock

DUE, PAGE, REDRAW = "crisis_due", "crisis_page", "crisis_redraw"


def about(stored: Stored) -> trail.About:
    return trail.About("escalation", stored.code, client_id=stored.client_id or None)


async def move(
    conn: AsyncConnection,
    office: Office,
    was: Stored,
    event: ev.Event,
    *,
    staff: StaffMember | None = None,
    who: Who | None = None,
    place: Place | None = None,
    treating: Sequence[str] | None = None,
    words: str = "",
    at: datetime | None = None,
    **body: object,
) -> Stored | Refused:
    """`was` is locked by this transaction. `treating` None: those known when it opened. `words` are kept sealed.

    `at` None: now, by this process's clock.
    """
    at = at or office.clock()
    outcome = apply(was.now, event, at)
    if isinstance(outcome, Refused):
        return outcome
    now = replace(was, now=outcome.now)
    if not await records.save(conn, was, now.now, at):
        raise RuntimeError("an escalation was changed by somebody who did not hold its lock")
    kind, audited = _named(event, was.now, now.now)
    told = {"state": now.now.state.value, "tier": now.now.tier.value, **_said(event), **body}
    staff_id = staff.id if staff else None
    await records.add_event(conn, office.seal, was.number, kind, at, staff_id=staff_id, words=words, **told)
    if audited is not None:
        await trail.note(conn, office, audited, staff, about(now), who=who, place=place)
    for pages in outcome.pages:
        now = await page_these(conn, office, now, pages, was.treating if treating is None else treating)
    left_s = await _left_s(conn, was) if now.now.due_at == was.now.due_at else None
    await wake(conn, office, now, at=at, left_s=left_s)
    await _redraw(conn, was, now)
    await drafting.papers(conn, office, event, now)
    return now


async def wake(
    conn: AsyncConnection,
    office: Office,
    now: Stored,
    *,
    at: datetime | None = None,
    left_s: float | None = None,
    again: str = "",
) -> None:
    """Keep the promise of `due_at`: a job for this very turn. `again` sets a lost one anew.

    How long it waits is counted by the queue, which has one clock for all: from `at`, the moment `due_at` was counted
    from, or `left_s` as it stands there already. A process whose own clock is wrong makes nothing late.
    """
    if now.now.due_at is None:
        return
    ref = f"{now.number}:{now.now.turn}"
    wait_s = left_s if left_s is not None else (now.now.due_at - (at or office.clock())).total_seconds()
    await jobs.enqueue(conn, DUE, ref, lane=jobs.CRISIS, delay_s=max(0.0, wait_s), dedup=f"{DUE}:{ref}{again}")


async def _left_s(conn: AsyncConnection, was: Stored) -> float | None:
    """How long the job of this turn still waits, by the queue's clock; None when there is none."""
    j = t.jobs.c
    mine = select(j.due - clock()).where(j.kind == DUE, j.ref == f"{was.number}:{was.now.turn}", j.state == "due")
    return (await conn.execute(mine.order_by(j.due).limit(1))).scalar_one_or_none()


# Pages


async def page_these(
    conn: AsyncConnection, office: Office, now: Stored, pages: PageThese, treating: Sequence[str]
) -> Stored:
    """A row and a job for each person and way. Who cannot be reached by any of them moves the escalation on at once."""
    at = office.clock()
    people = resolve(office.clinic, now.team, pages, treating, at)
    if people.stand_ins:
        await records.add_event(conn, office.seal, now.number, "stood_in", at, codes=list(people.stand_ins))
    unreached, rows = False, list[PageRow]()
    for staff in people.staff:
        ways = ways_to(staff, pages.ways)
        unreached |= not ways
        rows += [_page_row(now, pages.label, at, way=way, staff_id=staff.id) for way in ways]
        if not ways:
            await records.add_event(conn, office.seal, now.number, "no_way", at, whom=staff.id, label=pages.label)
    if WayName.CHANNEL in pages.ways:
        rows += _to_channels(office, now, pages.label, at)
    await _send(conn, rows)
    return await move_on(conn, office, now, pages.label) if unreached else now


async def move_on(conn: AsyncConnection, office: Office, now: Stored, label: str) -> Stored:
    """Somebody of this step cannot be reached just now: the next step is due at once, if there is one."""
    moved = await move(conn, office, now, ev.Unreached(label))
    return now if isinstance(moved, Refused) else moved


def _to_channels(office: Office, now: Stored, label: str, at: datetime) -> list[PageRow]:
    ours = [one for one in office.clinic.channels if one.team == now.team and one.phi]
    listening = [one.id for one in ours if one.platform in office.chats]
    return [_page_row(now, label, at, way=WayName.CHANNEL, channel=channel) for channel in listening]


def _page_row(
    now: Stored, label: str, at: datetime, *, way: WayName, staff_id: str | None = None, channel: str | None = None
) -> PageRow:
    return PageRow(
        key=f"{now.code}:{now.now.epoch}:{label}:{staff_id or channel}:{way}",
        escalation=now.number,
        epoch=now.now.epoch,
        label=label,
        staff_id=staff_id,
        channel=channel,
        way=way,
        state=PageState.DUE,
        created_at=at,
    )


async def _send(conn: AsyncConnection, rows: Sequence[PageRow]) -> None:
    """What was sent before has its row and its job already, and gets neither again."""
    await records.add_pages(conn, rows)
    wanted = [jobs.Wanted(PAGE, row.key, f"{jobs.CRISIS}:{row.way}", f"{PAGE}:{row.key}") for row in rows]
    await jobs.enqueue_all(conn, wanted)


async def _redraw(conn: AsyncConnection, was: Stored, now: Stored) -> None:
    """Every responder sees who is responsible now, wherever they were paged by chat."""
    shown = [(one.now.state, one.now.owner, one.now.offered_to, one.now.dismissed_by) for one in (was, now)]
    if shown[0] != shown[1] and was.now.state is not State.OPENED:
        ref = f"{now.number}:{now.now.turn}"
        await jobs.enqueue(conn, REDRAW, ref, lane=f"tell:{now.code}", dedup=f"{REDRAW}:{ref}")


# The story


def _named(event: ev.Event, was: Escalation, now: Escalation) -> tuple[str, Audited | None]:  # noqa: C901, PLR0912 - one case an event
    """What it is called in the story, and in the audit trail where it has a line of its own."""
    match event:
        case ev.TimeUp():
            return _time_named(was)
        case ev.Unreached():
            return "moved_on", None
        case ev.SignalAdded():
            return "signal_added", Audited.ESCALATION_SIGNAL_ADDED
        case ev.Acknowledged():
            return "acknowledged", Audited.ESCALATION_ACKNOWLEDGED
        case ev.HandOverOffered():
            return "hand_over_offered", None
        case ev.HandOverAccepted():
            return "hand_over_accepted", Audited.ESCALATION_HANDED_OVER
        case ev.HandOverDeclined():
            return "hand_over_declined", None
        case ev.Assessed():
            return "assessed", Audited.ESCALATION_ASSESSED
        case ev.Disposed():
            return "disposition", Audited.ESCALATION_DISPOSITION
        case ev.Dismissed():
            return "dismissed", Audited.ESCALATION_DISMISSED
        case ev.DismissalConfirmed():
            return "dismissal_confirmed", Audited.ESCALATION_DISPOSITION
        case ev.Documented():
            return "documented", Audited.ESCALATION_DOCUMENTED
        case ev.Closed():
            return "closed", Audited.ESCALATION_CLOSED
        case _:
            assert_never(event)


def _time_named(was: Escalation) -> tuple[str, Audited | None]:
    if was.state is State.ACKNOWLEDGED:
        return "decayed", Audited.ESCALATION_DECAYED
    return ("paged" if was.state in {State.OPENED, State.PAGED} else "reminded"), None


def _said(event: ev.Event) -> dict[str, str]:
    match event:
        case ev.HandOverOffered(to=to):
            return {"to": to}
        case ev.Assessed(level=level):
            return {"level": level.value}
        case ev.Disposed(disposition=disposition):
            return {"disposition": disposition.kind.value, "level": disposition.level.value}
        case ev.Documented(receipt=receipt):
            return {"receipt": receipt}
        case ev.Unreached(label=label):
            return {"label": label}
        case _:
            return {}


async def paged(conn: AsyncConnection, office: Office, now: Stored, row: PageRow, outcome: Outcome) -> None:
    """The audit line of one page."""
    await trail.note(
        conn,
        office,
        Audited.ESCALATION_PAGED,
        None,
        about(now),
        recipient=row.staff_id or row.channel,
        reason=row.way.value,
        outcome=outcome,
    )
