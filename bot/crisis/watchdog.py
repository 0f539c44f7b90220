"""An auditor, every minute: finds whatever is due and not done, repairs it, and says so to people and machines.

It trusts nothing but rows: each open escalation needs a living job for its present turn, each page that still has to go
out a living job of its own, and the next 14 days somebody on call. Only when it found nothing does it report to the
dead-man's switch outside, so that its silence is an alarm too.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.crisis import coverage, looking, moves, records
from bot.crisis.recipients import rules
from bot.crisis.records import OPEN_PAGES, PageState, Stored
from bot.flow import tell, trail
from bot.flow.office import Office
from bot.privacy.audit import Action as Audited
from bot.store import jobs, slots
from bot.store import tables as t
from bot.store.jobs import Finish, Job
from bot.store.queue import clock
from bot.store.session import insert_into

KIND: Final = "crisis_watch"
PATIENCE: Final = timedelta(seconds=60)
KEPT_S: Final = 3600.0
LIVING: Final = ("due", "running")
ALERTED: Final = ("crisis_due", "crisis_page")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` is what is wrong; `repaired`: it is being done now."""

    code: str
    subject: str  # E-17, or a team
    repaired: bool = False


async def watch(office: Office, job: Job) -> Finish:
    """The job of the calendar. The switch outside hears of it only if nothing at all was found."""
    async with office.db.read() as conn:
        found = [*await _look(conn, office), *_uncovered(office), *await _behind(conn, office)]
    if not found and office.heartbeat is not None:
        await office.heartbeat()

    async def finish(conn: AsyncConnection) -> None:
        repaired = [await _repaired(conn, office, one) for one in found]
        await _remember(conn, office.clock(), repaired)
        await _alert(conn, office, repaired)
        await _forget_old_watches(conn)

    return finish


# Looking


async def _look(conn: AsyncConnection, office: Office) -> list[Finding]:
    found: list[Finding] = []
    for stored in await records.open_ones(conn):
        found += await _of(conn, stored, office.clock())
    return found


async def _of(conn: AsyncConnection, stored: Stored, at: datetime) -> list[Finding]:
    now, found = stored.now, list[Finding]()
    if now.due_at is None:
        found.append(Finding("never_due", stored.code))
    elif not await _alive(conn, moves.DUE, f"{stored.number}:{now.turn}"):
        found.append(Finding("no_due_row", stored.code))
    elif at - now.due_at > PATIENCE:
        found.append(Finding("overdue", stored.code))
    for page in await records.pages(conn, stored.number):
        if page.state not in OPEN_PAGES:
            continue
        if not await _alive(conn, moves.PAGE, page.key):
            found.append(Finding("page_without_job", stored.code))
        elif page.state is PageState.DUE and at - page.created_at > PATIENCE:
            found.append(Finding("page_overdue", stored.code))
    return list(dict.fromkeys(found))


async def _alive(conn: AsyncConnection, kind: str, ref: str) -> bool:
    found = select(t.jobs.c.id).where(t.jobs.c.kind == kind, t.jobs.c.ref == ref, t.jobs.c.state.in_(LIVING)).limit(1)
    return (await conn.execute(found)).first() is not None


def _uncovered(office: Office) -> list[Finding]:
    return [Finding("nobody_on_call", gap.team) for gap in coverage.gaps(office.clinic, office.clock())]


async def _behind(conn: AsyncConnection, office: Office) -> list[Finding]:
    """Signals may wait in the EHR unseen. The look repairs itself as soon as the EHR answers."""
    return [Finding("look_behind", "signals in the EHR")] if await looking.behind(conn, office.clock()) else []


# Repairing


async def _repaired(conn: AsyncConnection, office: Office, finding: Finding) -> Finding:
    """Looked at again under lock: meanwhile it may have been done."""
    number = records.number_of(finding.subject)
    stored = await records.one(conn, number, lock=True) if number is not None else None
    if stored is None or finding.code not in [one.code for one in await _of(conn, stored, office.clock())]:
        return finding
    match finding.code:
        case "never_due":
            stored = await _due_now(conn, office, stored)
            await moves.wake(conn, office, stored, again=_again(office))
        case "no_due_row":
            await moves.wake(conn, office, stored, again=_again(office))
        case "page_without_job":
            await _page_again(conn, office, stored)
        case "overdue" | "page_overdue":
            await _hurry(conn, stored)
        case _:
            return finding
    await _record(conn, office, stored, finding.code)
    return replace(finding, repaired=True)


async def _due_now(conn: AsyncConnection, office: Office, stored: Stored) -> Stored:
    now = replace(stored.now, due_at=office.clock(), turn=stored.now.turn + 1)
    await records.save(conn, stored, now, office.clock())
    return replace(stored, now=now)


async def _page_again(conn: AsyncConnection, office: Office, stored: Stored) -> None:
    for page in await records.pages(conn, stored.number):
        if page.state in OPEN_PAGES and not await _alive(conn, moves.PAGE, page.key):
            lane = f"{jobs.CRISIS}:{page.way}"
            await jobs.enqueue(conn, moves.PAGE, page.key, lane=lane, dedup=f"{moves.PAGE}:{page.key}{_again(office)}")


async def _hurry(conn: AsyncConnection, stored: Stored) -> None:
    """A job that was put off after a fault is due now."""
    refs = [f"{stored.number}:{stored.now.turn}"]
    refs += [page.key for page in await records.pages(conn, stored.number) if page.state is PageState.DUE]
    late = update(t.jobs).where(t.jobs.c.ref.in_(refs), t.jobs.c.kind.in_(ALERTED), t.jobs.c.state == "due")
    await conn.execute(late.where(t.jobs.c.due > clock()).values(due=clock()))


def _again(office: Office) -> str:
    return f":again:{office.clock():%Y%m%dT%H%M%S}"


async def _record(conn: AsyncConnection, office: Office, stored: Stored, code: str) -> None:
    at = office.clock()
    await records.add_event(conn, office.seal, stored.number, "repaired", at, rule=code)
    await trail.note(conn, office, Audited.ESCALATION_REPAIRED, None, moves.about(stored), error_code=code)


# Telling


async def _remember(conn: AsyncConnection, at: datetime, found: list[Finding]) -> None:
    """One row, for `/metrics`: when it looked last, when it last found nothing, and what it found."""
    counts = dict(Counter(one.code for one in found))
    repaired = sum(one.repaired for one in found)
    w = t.crisis_watches.c
    row = insert_into(conn, t.crisis_watches).values(
        id=1, looked_at=at, passed_at=None if found else at, findings=counts, repaired=repaired
    )
    passed = {} if found else {"passed_at": at}
    again = {"looked_at": at, "findings": counts, "repaired": w.repaired + repaired, **passed}
    await conn.execute(row.on_conflict_do_update(index_elements=["id"], set_=again))


async def _alert(conn: AsyncConnection, office: Office, found: list[Finding]) -> None:
    """The log at once; the last resort's people once an hour for each subject."""
    if not found:
        return
    codes = tuple(sorted({one.code for one in found}))
    _log.error("crisis_watch_found", codes=codes, count=len(found), jobs=sum(one.repaired for one in found))
    hour = f"{office.clock():%Y%m%dT%H}"
    for subject in {one.subject for one in found}:
        for staff_id in rules(office.clinic).last_resort:
            await tell.soon(conn, tell.About.CRISIS_WATCH, subject, staff_id, occasion=hour)


async def _forget_old_watches(conn: AsyncConnection) -> None:
    """It leaves a slot and a job each minute; both are of no use to anybody after an hour."""
    await slots.purge(conn, keep_s=KEPT_S, job=KIND)
    old = delete(t.jobs).where(t.jobs.c.kind == KIND, t.jobs.c.state == "done", t.jobs.c.finished < clock() - KEPT_S)
    await conn.execute(old)
