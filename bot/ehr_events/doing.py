"""What an event leads to: whose record it is, under our own scope, and from there the ways that a poll takes too."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.crisis import looking
from bot.ehr_events import records
from bot.flow.office import Office
from bot.store.jobs import Finish, Job, Later
from ehr_clients.errors import ClientNotFound, EhrRefused, EhrUnavailable

LOOP: Final = ("ServiceRequest/", "Task/")


async def do(office: Office, job: Job) -> Finish | None:
    async with office.db.read() as conn:
        kept = await records.one(conn, job.ref)
    if kept is None:
        return None
    if not kept.refs:
        await looking.now(office)
        return None
    found = [(ref, await _whose(office, ref)) for ref in kept.refs]
    clients = frozenset(client for _, whose in found for client in whose)
    of_loop = frozenset(client for ref, whose in found for client in whose if ref.startswith(LOOP))

    async def finish(conn: AsyncConnection) -> None:
        at = office.clock()
        await looking.promise_reading(conn, clients, at)
        await looking.promise_referrals(conn, of_loop, at)

    return finish


async def _whose(office: Office, ref: str) -> frozenset[str]:
    """Nobody: it is gone, or none of ours, or not for us. Raises Later while the EHR is away."""
    try:
        return await office.ehr.clients_of(ref)
    except ClientNotFound:
        return frozenset()
    except EhrRefused:
        return frozenset()
    except EhrUnavailable as error:
        raise Later("ehr_unavailable", after_s=error.retry_after_s or 15) from error
