"""What the calendar begins: forgetting what is over, and proving every day that the audit trail is whole."""

from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clinic import Clinic
from bot.digest import making, schedule
from bot.ehr_events import records as ehr_records
from bot.flow import calls, contradictions
from bot.flow.office import Office
from bot.privacy import audit
from bot.referral import asks
from bot.store import inbox, jobs, slots
from bot.store.jobs import Finish, Job
from scheduler.job import CalendarJob, CatchUp

CALENDAR: Final = (
    CalendarJob(name="forget", hour="3", minute="20", catch_up=CatchUp.RUN_ONCE),
    CalendarJob(name="audit_anchor", hour="4", minute="5", catch_up=CatchUp.RUN_ONCE),
    CalendarJob(name="referral_watch", hour="14", minute="0", catch_up=CatchUp.RUN_ONCE),
    CalendarJob(name="crisis_watch", minute="*", catch_up=CatchUp.RUN_ONCE),
    CalendarJob(name="crisis_look", minute="*", catch_up=CatchUp.RUN_ONCE),
)
_log = structlog.get_logger(__name__)


def calendar(clinic: Clinic) -> tuple[CalendarJob, ...]:
    """With the digests of its teams."""
    return (*CALENDAR, *schedule.calendar(clinic))


async def forget(office: Office, job: Job) -> Finish:
    """Finished jobs, handled deliveries and old slots go; their keys stay longer than anybody repeats himself.

    So does what was sent to a model and answered, after the days the settings say.
    """

    async def finish(conn: AsyncConnection) -> None:
        count = await jobs.purge(conn), await inbox.purge(conn), await slots.purge(conn)
        old = office.clock() - timedelta(days=office.drafter.kept_days)
        emptied = await calls.purge(conn, before=old)
        emptied += await contradictions.forget(conn, office.clock())
        emptied += await making.forget(conn, office.clock())
        emptied += await asks.forget(conn, office.clock())
        emptied += await ehr_records.forget(conn, office.clock())
        _log.info("forgot", jobs=count[0], messages=count[1], count=sum(count) + emptied)

    return finish


async def audit_anchor(office: Office, job: Job) -> Finish:
    """Verify the whole trail and write down its head, in the trail and in the log, which is kept elsewhere."""
    async with office.db.read() as conn:
        verdict, head = await audit.verify(conn), await audit.head(conn)

    async def finish(conn: AsyncConnection) -> None:
        await audit.append(conn, _anchored(verdict, head))
        say = _log.info if verdict.ok else _log.error
        say("audit_anchor", events=verdict.events, count=len(verdict.faults), code=head.hash, ok=verdict.ok)

    return finish


def _anchored(verdict: audit.Verdict, head: audit.Head) -> audit.Event:
    return audit.Event(
        action=audit.Action.AUDIT_VERIFIED,
        object=audit.Object(type="audit_trail", id=str(head.count), version_hash=head.hash),
        output_hash=head.hash,
        counts={"events": verdict.events, "faults": len(verdict.faults)},
        outcome=audit.Outcome.SUCCESS if verdict.ok else audit.Outcome.FAILED,
        error_code=None if verdict.ok else verdict.faults[0].kind.value,
    )
