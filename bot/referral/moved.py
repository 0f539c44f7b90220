"""The EHR says that something changed, or a day has passed: read again, keep, tell the owner."""

from functools import partial
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Notice
from bot.flow import records as flow
from bot.flow import trail
from bot.flow.office import EHR_LANE, Office
from bot.flow.present import personal_place, whisper
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import YES_TEAM
from bot.referral import cards, keeping, reading, records
from bot.referral.reading import Reading
from bot.store import jobs
from bot.store.jobs import Finish, Job, Later
from ehr_clients.errors import ClientNotFound, EhrError, EhrUnavailable

WATCH: Final = "referral_watch"
TEAM: Final = "referral_team"
RETRY_S: Final = 60.0


async def changed(office: Office, job: Job) -> Finish | None:
    """A Task or ServiceRequest of this client changed: `job.ref` is the client's id in the EHR."""
    try:
        read = await reading.of_client(office, job.ref)
    except ClientNotFound:
        return None
    except EhrError as error:
        raise _later(error) from error
    return partial(_kept, office, read)


async def watch(office: Office, job: Job) -> Finish:
    """Once a day, each team for itself."""

    async def finish(conn: AsyncConnection) -> None:
        for team in office.clinic.teams:
            if keeping.live(office, team.id):
                await jobs.enqueue(conn, TEAM, team.id, lane=EHR_LANE, dedup=f"{TEAM}:{team.id}:{job.ref}")

    return finish


async def team(office: Office, job: Job) -> Finish:
    try:
        read = await reading.of_team(office, job.ref)
    except EhrError as error:
        raise _later(error) from error
    return partial(_kept, office, read)


async def _kept(office: Office, read: Reading, conn: AsyncConnection) -> None:
    for client in sorted({one.client_id for one in read.found}):
        refs = tuple(sorted(one.referral.source.ref for one in read.found if one.client_id == client))
        about = trail.About("client", client, None, client)
        more = {"answer": YES_TEAM, "purpose": "TREAT", "source_refs": refs}
        await trail.note(conn, office, Audited.CHART_READ, None, about, **more)
    await keeping.keep(conn, office, read)


def _later(error: EhrError) -> Later:
    after = error.retry_after_s if isinstance(error, EhrUnavailable) else None
    return Later("ehr_unavailable", after_s=after or RETRY_S)


async def tell(office: Office, job: Job) -> Finish | None:
    """To the owner, one to one: a number, an alias and a step; all else after a press."""
    what, number, arg, staff_id = job.ref.split(":", 3)
    staff = office.people.by_id(staff_id)
    who = office.identity(staff) if staff and staff.active else None
    async with office.db.read() as conn:
        row = await records.one(conn, int(number))
        alias = (await flow.aliases_for(conn, {row.client_id: None}))[row.client_id] if row else ""
    if row is None or who is None or (what == "waits" and row.prompted != int(arg)):
        return None
    place = await personal_place(office.chats[who.platform], who)
    view: Notice = cards.moved(row, alias) if what == "moved" else cards.waits(row, alias, int(arg))
    await whisper(office, who, place, view)
    return None
