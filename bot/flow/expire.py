"""Time passes: a draft nobody decided expires, a handoff nobody accepted goes back, an approval that hangs is told.

Expiry never approves and never sends. Each is a job with a due time; the row decides when it comes.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.crisis import drafting
from bot.drafts import Draft, State
from bot.flow import present, records, tell, trail
from bot.flow.office import Office
from bot.privacy.audit import Action as Audited
from bot.store import jobs
from bot.store.jobs import Finish, Job, Later


async def expire(office: Office, job: Job) -> Finish | None:
    draft = await _draft(office, job.ref)
    if draft is None or draft.state is not State.WAITING:
        return None
    _not_before(draft.expires_at, office.clock())

    async def finish(conn: AsyncConnection) -> None:
        fresh, now = await records.draft(conn, draft.id), office.clock()
        if fresh is None or fresh.state is not State.WAITING or now < fresh.expires_at:
            return
        if office.shelf[fresh.skill].approval.escalates:
            await _ask_again(conn, office, fresh, now)
        elif await records.move(conn, fresh, State.EXPIRED, now):
            await trail.note(conn, office, Audited.DRAFT_EXPIRED, None, trail.about_draft(fresh))
            await records.purge(conn, office.seal, draft.id)
            await present.redraw_all(conn, fresh)

    return finish


async def _ask_again(conn: AsyncConnection, office: Office, draft: Draft, now: datetime) -> None:
    """A draft of a crisis cannot expire: whoever may decide is told once more, and again after the same time."""
    after = office.shelf[draft.skill].approval.expires_after
    if await records.move(conn, draft, State.WAITING, now, expires_at=now + after):
        occasion = (now + after).isoformat()
        for staff in {s.id for s in await drafting.whom_to_ask(conn, office, draft)} | {draft.asked_by}:
            await tell.soon(conn, tell.About.CRISIS_WAITS, draft.id, staff, occasion=occasion)
        key = f"expire:{draft.id}:{occasion}"
        await jobs.enqueue(conn, "expire", draft.id, lane="clock", delay_s=after.total_seconds(), dedup=key)
        await present.redraw_all(conn, draft)


async def give_back(office: Office, job: Job) -> Finish | None:
    """Not accepted within the team's time: the sender stays responsible and is told."""
    draft = await _draft(office, job.ref)
    if draft is None or draft.accept_by is None or draft.accepted_at or draft.returned_at or draft.recalled_at:
        return None
    _not_before(draft.accept_by, office.clock())

    async def finish(conn: AsyncConnection) -> None:
        now = office.clock()
        still_open = ("accepted_at", "returned_at", "recalled_at")
        if not await records.set_once(conn, draft.id, now, empty=still_open, returned_at=now):
            return
        await trail.note(conn, office, Audited.HANDOFF_RETURNED, None, trail.about_draft(draft))
        sender = draft.decided_by or draft.asked_by
        await tell.soon(conn, tell.About.RETURNED, draft.id, sender, occasion=str(draft.accept_by))
        await present.redraw_all(conn, draft)

    return finish


async def not_filed(office: Office, job: Job) -> Finish | None:
    """Approved a while ago and still not in the chart: the people concerned are told, the job keeps trying."""
    draft = await _draft(office, job.ref)
    if draft is None or draft.state is not State.APPROVED:
        return None

    async def finish(conn: AsyncConnection) -> None:
        for staff_id in {draft.asked_by, draft.decided_by or draft.asked_by}:
            await tell.soon(conn, tell.About.NOT_FILED, draft.id, staff_id, occasion=f"late:{draft.version}")
        await present.redraw_all(conn, draft)

    return finish


async def _draft(office: Office, draft_id: str) -> Draft | None:
    async with office.db.read() as conn:
        return await records.draft(conn, draft_id)


def _not_before(moment: datetime, now: datetime) -> None:
    if now < moment:
        raise Later("too_early", after_s=(moment - now).total_seconds())
