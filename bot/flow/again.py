"""A person asks to try a dead letter again: what it was for is opened again with it, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.drafts import State
from bot.flow import present, records
from bot.privacy import audit
from bot.store import jobs
from bot.store import tables as t
from bot.store.sealed import Seal

REOPENED = {"prepare": "reading", "caseload": "picking"}  # kind of job -> the request's state that it works on


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Ids and codes only."""

    id: int
    kind: str
    ref: str
    attempts: int
    code: str
    died: datetime


async def dead_letters(conn: AsyncConnection, *, limit: int = 50) -> Sequence[DeadLetter]:
    """Newest first."""
    chosen = select(t.jobs).where(t.jobs.c.state == "dead").order_by(t.jobs.c.finished.desc()).limit(limit)
    return [
        DeadLetter(row.id, row.kind, row.ref, row.attempt, row.error or "", datetime.fromtimestamp(row.finished, UTC))
        for row in await conn.execute(chosen)
    ]


async def try_again(conn: AsyncConnection, seal: Seal, job_id: int, now: datetime) -> bool:
    """False: there is no dead letter of that number, or what it was for has been settled otherwise meanwhile."""
    found = select(t.jobs.c.kind, t.jobs.c.ref).where(t.jobs.c.id == job_id, t.jobs.c.state == "dead")
    letter = (await conn.execute(found)).one_or_none()
    if letter is None or not await _opened_again(conn, seal, letter.kind, letter.ref, now):
        return False
    await audit.append(conn, _requeued(job_id))
    return await jobs.requeue(conn, job_id)


async def _opened_again(conn: AsyncConnection, seal: Seal, kind: str, ref: str, now: datetime) -> bool:
    """A job that gave up has closed what it was for; the same job would find nothing to do there."""
    match kind:
        case "file":
            draft = await records.draft(conn, ref)
            if draft is None or draft.state is not State.FILING_FAILED:
                return False
            await records.move(conn, draft, State.APPROVED, now, trouble=None)
            await present.redraw_all(conn, draft)
        case "prepare" | "caseload":
            asked = await records.request(conn, seal, ref)
            if asked is None or asked.state != "refused":
                return False
            await records.set_request(conn, ref, state=REOPENED[kind], reason=None)
        case "post_card":
            await records.set_card(conn, ref, dead=False)
        case _:
            pass
    return True


def _requeued(job_id: int) -> audit.Event:
    return audit.Event(action=audit.Action.JOB_REQUEUED, object=audit.Object(type="job", id=str(job_id)))
