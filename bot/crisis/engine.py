"""The jobs of escalations: a step that is due, a page that goes out, the state shown where people were paged.

Whether a page is still needed is decided when it is sent, not when it was planned. A page that is not taken moves its
escalation on at once and is tried again all the same, until it arrives or somebody has answered.
"""

import asyncio
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import ChatRefused, ChatUnavailable, Place
from bot.crisis import cards, moves, records, sentences
from bot.crisis.events import TimeUp
from bot.crisis.policy import WayName
from bot.crisis.recipients import treating_of
from bot.crisis.records import OPEN_PAGES, PageRow, PageState, Stored
from bot.crisis.ways.chat import ChannelWay, ChatWay, Draw, plain
from bot.crisis.ways.port import Delivery, Page, Unavailable, Undelivered, Ways
from bot.flow.office import Office
from bot.privacy.audit import Outcome
from bot.store.jobs import Finish, Job, Later

SEND_S: Final = 10.0
CARE_TEAM_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
_log = structlog.get_logger(__name__)


def ways(office: Office, draw: Draw = plain) -> Ways:
    """Chat always; SMS and voice where a provider is configured."""
    return {
        WayName.CHAT: ChatWay(office.chats, draw=draw),
        WayName.CHANNEL: ChannelWay(office.chats, draw=draw),
        **office.ways,
    }


# A step is due


async def due(office: Office, job: Job) -> Finish | None:
    """`ref` is `number:turn`; of a turn that is over nothing is left to do.

    The queue says when it is time: its clock is one for all processes. By the clock of a process that is behind, or
    of one that was ahead when it set the time, it may look early; the step is due all the same.
    """
    number, turn = (int(part) for part in job.ref.split(":"))
    async with office.db.read() as conn:
        stored = await records.one(conn, number)
    if stored is None or stored.now.turn != turn or stored.now.due_at is None:
        return None
    treating = await _treating(office, stored)

    async def finish(conn: AsyncConnection) -> None:
        fresh = await records.one(conn, number, lock=True)
        if fresh is not None and fresh.now.turn == turn and fresh.now.due_at is not None:
            at = max(office.clock(), fresh.now.due_at)
            await moves.move(conn, office, fresh, TimeUp(), treating=treating, at=at)

    return finish


async def _treating(office: Office, stored: Stored) -> tuple[str, ...]:
    """() when nobody can say just now: whoever is on call stands in. A page never waits for the EHR."""
    if stored.treating or not stored.client_id:
        return stored.treating
    try:
        care_team = await office.memberships.of(stored.client_id, within_s=CARE_TEAM_S)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the EHR, the page goes to who is known without it
        _log.warning("crisis_care_team_unknown", code=type(error).__name__)
        return ()
    return treating_of(office.clinic, stored.team, care_team)


# A page goes out


async def page(office: Office, job: Job) -> Finish | None:
    """One person, one way, one time."""
    async with office.db.read() as conn:
        found = await records.page_and_whose(conn, job.ref)
    if found is None or found[0].state not in OPEN_PAGES:
        return None
    row, stored = found
    if stored.now.due_at is None or row.epoch != stored.now.epoch:
        return lambda conn: _stopped(conn, office, row, job)
    try:
        delivery = await _sent(office, stored, row, job)
    except Undelivered as error:
        reason = error.reason
        return lambda conn: _not_delivered(conn, office, row, PageState.UNDELIVERED, reason, job)
    except Unavailable as error:
        async with office.db.write() as conn:
            await _not_delivered(conn, office, row, PageState.LATE, error.reason, job)
        wait_s = error.retry_after_s or min(2.0 * job.attempt, LONGEST_PAUSE_S)
        raise Later(error.reason[:64], after_s=wait_s) from error
    return lambda conn: _delivered(conn, office, stored, row, delivery, job)


async def _sent(office: Office, stored: Stored, row: PageRow, job: Job) -> Delivery:
    """Raises Undelivered, Unavailable; whatever else goes wrong in a way is only that it does not work now."""
    staff = office.people.by_id(row.staff_id) if row.staff_id else None
    if row.staff_id and (staff is None or not staff.active):
        raise Undelivered("not_active")
    channel = next((one for one in office.clinic.channels if one.id == row.channel), None)
    way = ways(office, lambda one: cards.paged(stored, one.text)).get(row.way)
    if way is None:
        raise Undelivered("way_off")
    out = Page(
        code=stored.code,
        alias=stored.alias,
        level=stored.now.tier.words,
        text=sentences.page(stored, row.label),
        to=staff,
        place=Place(channel.platform, channel.tenant, channel.external_id) if channel else None,
        attempt=job.attempt,
        since=row.created_at,
    )
    try:
        async with asyncio.timeout(SEND_S):
            return await way.page(out, key=row.key)
    except (Undelivered, Unavailable):
        raise
    except Exception as error:
        raise Unavailable(type(error).__name__) from error


async def _delivered(
    conn: AsyncConnection, office: Office, stored: Stored, row: PageRow, delivery: Delivery, job: Job
) -> None:
    at, ref = office.clock(), delivery.ref[:255] or None
    if await records.settle_page(conn, row.key, PageState.SENT, at, attempts=job.attempt, ref=ref, card=delivery.card):
        await moves.paged(conn, office, stored, row, Outcome.SUCCESS)


async def _stopped(conn: AsyncConnection, office: Office, row: PageRow, job: Job) -> None:
    before = job.attempt - 1
    await records.settle_page(conn, row.key, PageState.STOPPED, office.clock(), attempts=before, reason="answered")


async def _not_delivered(
    conn: AsyncConnection, office: Office, row: PageRow, state: PageState, reason: str, job: Job
) -> None:
    at = office.clock()
    fresh = await records.one(conn, row.escalation, lock=True)
    settled = await records.settle_page(conn, row.key, state, at, attempts=job.attempt, reason=reason[:64])
    if fresh is None or not settled:
        return
    if state is PageState.UNDELIVERED:
        await moves.paged(conn, office, fresh, row, Outcome.FAILED)
    await _move_on_if_unreached(conn, office, fresh, row)


async def not_delivered(conn: AsyncConnection, office: Office, ref: str, reason: str) -> bool:
    """For a provider's callback: the page it calls `ref` did not arrive after all. False: there is no such page out."""
    row = await records.page_by_ref(conn, ref)
    fresh = await records.one(conn, row.escalation, lock=True) if row else None
    if row is None or fresh is None or not await records.take_back_delivery(conn, row.key, reason):
        return False
    await moves.paged(conn, office, fresh, row, Outcome.FAILED)
    await _move_on_if_unreached(conn, office, fresh, row)
    return True


async def _move_on_if_unreached(conn: AsyncConnection, office: Office, fresh: Stored, row: PageRow) -> None:
    """No way of this step has led, or may still lead at once, to this person."""
    if row.staff_id is None or row.epoch != fresh.now.epoch:
        return
    theirs = [
        one
        for one in await records.pages(conn, fresh.number)
        if (one.epoch, one.label, one.staff_id) == (row.epoch, row.label, row.staff_id)
    ]
    if all(one.state in {PageState.UNDELIVERED, PageState.LATE} for one in theirs):
        await moves.move_on(conn, office, fresh, row.label)


# The state, shown where people were paged


async def redraw(office: Office, job: Job) -> None:
    """As it stands when it is drawn. A message that is gone is passed over."""
    number = int(job.ref.partition(":")[0])
    async with office.db.read() as conn:
        stored = await records.one(conn, number)
        rows = await records.pages(conn, number)
    if stored is None:
        return
    view = cards.standing(stored, office.clinic)
    for card in [row.card() for row in rows]:
        chat = office.chats.get(card.platform) if card else None
        if chat is None or card is None:
            continue
        try:
            await chat.replace(card, view)
        except ChatUnavailable as error:
            raise Later("chat_unavailable", after_s=error.retry_after_s) from error
        except ChatRefused:
            continue
