"""Each minute: whose chart has changed? Those charts are read for signals, and a signal opens its escalation.

The watermark moves only with the rows that promise each reading, so nothing seen is lost: a reading is a job that is
tried until it is done. Where the EHR cannot say what changed, one caseload after the other is read, a minute each.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clinic import Clinic
from bot.crisis.opening import open_escalation
from bot.crisis.recipients import treating_of
from bot.flow import records, trail
from bot.flow.office import Office
from bot.flow.reading import LONGEST_READING_S
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import READING, YES_TEAM, programs
from bot.store import jobs, slots
from bot.store import tables as t
from bot.store.jobs import Finish, Job, Later
from bot.store.queue import clock
from bot.store.session import insert_into
from ehr_clients.errors import ClientNotFound, EhrError, EhrRefused, EhrUnavailable
from ehr_clients.models import Appointment, Assessment, ChartData, Item, Message, Missing, Note, Read, Section, Why
from skills.crisis.signals import Seen, Signal, signals
from skills.crisis.states import policy_of

LOOK, READ, REFERRALS = "crisis_look", "crisis_read", "referral_changed"
LANE: Final = "look"  # not of the crisis lanes: an EHR that hangs must take no place from pages
OVERLAP: Final = timedelta(minutes=2)  # the EHR's clock is not ours
LATE_ENTRIES: Final = timedelta(days=3)  # what is stored now may be dated by the day it was about
TOO_OLD: Final = timedelta(minutes=10)
REFERRALS_S: Final = 10.0  # beside the crisis look, within the time of one job
KEPT_S: Final = 3600.0
READS: Final = frozenset(
    {Section.CLIENT, Section.ASSESSMENTS, Section.NOTES, Section.MESSAGES, Section.APPOINTMENTS}
)  # consents are not asked: nothing is shown, and a page carries no content
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Whose:
    """The team a client is in the care of, and who treats them there."""

    team: str
    treating: tuple[str, ...]


# Whose chart has changed


async def look(office: Office, job: Job) -> Finish | None:
    """The job of the calendar. The very first look only begins: what was there before Baton is nobody's news."""
    now = office.clock()
    async with office.db.read() as conn:
        mark = (await conn.execute(select(t.crisis_looks))).mappings().first()
    if mark is None:
        return lambda conn: _begin(conn, now)
    since = max(mark["seen_up_to"] - OVERLAP, mark["begun_at"])
    try:
        clients = await _changed(office, since, now)
    except (EhrError, TimeoutError) as error:
        _log.warning("crisis_look_failed", code=type(error).__name__)
        return None  # the watermark stays, and the next minute looks again
    moved = await _referrals(office, since)

    async def finish(conn: AsyncConnection) -> None:
        await promise_reading(conn, clients, now)
        await promise_referrals(conn, moved, now)
        w = t.crisis_looks.c
        await conn.execute(update(t.crisis_looks).where(w.seen_up_to < now).values(seen_up_to=now))
        await _forget_old_looks(conn)

    return finish


async def now(office: Office) -> None:
    """Begin to look, if nobody has; else look at once instead of at the next full minute."""
    at = office.clock()
    async with office.db.write() as conn:
        await _begin(conn, at)
        await look_at_once(conn, at)


async def look_at_once(conn: AsyncConnection, at: datetime) -> None:
    await jobs.enqueue(conn, LOOK, f"@{at.isoformat()}", lane=LANE, dedup=f"{LOOK}:{at.isoformat()}")


async def _changed(office: Office, since: datetime, now: datetime) -> frozenset[str]:
    """Raises EhrError or TimeoutError when neither the EHR nor a caseload can say."""
    async with asyncio.timeout(LONGEST_READING_S):
        try:
            return await office.ehr.changed(since)
        except EhrRefused:
            whose = _in_turn(office.clinic, now)
            return frozenset(client.id for client in await office.ehr.caseload(whose)) if whose else frozenset()


async def _referrals(office: Office, since: datetime) -> frozenset[str]:
    """None where the EHR cannot say: a referral is read daily too, and when somebody asks. No page waits for it."""
    try:
        async with asyncio.timeout(REFERRALS_S):
            return await office.ehr.referrals_changed(since)
    except (EhrError, TimeoutError) as error:
        _log.info("referrals_not_looked_at", code=type(error).__name__)
        return frozenset()


def _in_turn(clinic: Clinic, now: datetime) -> str | None:
    """Whose caseload is due this minute: everybody's comes round in as many minutes as there are clinicians."""
    staff = sorted(one.practitioner for one in clinic.staff if one.active and set(one.roles) & READING)
    return staff[int(now.timestamp()) // 60 % len(staff)] if staff else None


async def _begin(conn: AsyncConnection, now: datetime) -> None:
    row = insert_into(conn, t.crisis_looks).values(id=1, begun_at=now, seen_up_to=now, passed_over=0)
    await conn.execute(row.on_conflict_do_nothing(index_elements=["id"]))


async def promise_reading(conn: AsyncConnection, clients: frozenset[str], now: datetime) -> None:
    """A row and a job for each; what was promised long ago and is not done gets its job anew."""
    r = t.crisis_reads.c
    old = set(await conn.scalars(select(r.client_id).where(r.asked_at < now - TOO_OLD)))
    for client in sorted(clients):
        row = insert_into(conn, t.crisis_reads).values(client_id=client, asked_at=now)
        await conn.execute(row.on_conflict_do_nothing(index_elements=["client_id"]))
    for client in sorted(clients | old):
        if not await _under_way(conn, client):
            await jobs.enqueue(conn, READ, client, lane=LANE, dedup=f"{READ}:{client}:{now.isoformat()}")


async def promise_referrals(conn: AsyncConnection, clients: frozenset[str], now: datetime) -> None:
    """Of clients with an order or a task that changed: whoever looks after the referral is told."""
    for client in sorted(clients):
        if not await _under_way(conn, client, REFERRALS):
            await jobs.enqueue(conn, REFERRALS, client, lane=LANE, dedup=f"{REFERRALS}:{client}:{now.isoformat()}")


async def _under_way(conn: AsyncConnection, client: str, kind: str = READ) -> bool:
    """A job that has not begun, or waits for another try, will see what is new too."""
    found = select(t.jobs.c.id).where(t.jobs.c.kind == kind, t.jobs.c.ref == client, t.jobs.c.state == "due").limit(1)
    return (await conn.execute(found)).first() is not None


async def _forget_old_looks(conn: AsyncConnection) -> None:
    """They leave a slot a minute and a job each; both are of no use to anybody after an hour."""
    await slots.purge(conn, keep_s=KEPT_S, job=LOOK)
    done = (t.jobs.c.kind.in_((LOOK, READ)), t.jobs.c.state == "done", t.jobs.c.finished < clock() - KEPT_S)
    await conn.execute(delete(t.jobs).where(*done))


# One chart


async def read(office: Office, job: Job) -> Finish | None:
    """Open what this chart signals. It is tried until the whole of it could be read."""
    client, now = job.ref, office.clock()
    try:
        whose = await _whose(office, client)
        data = await _read(office, client) if whose else None
    except ClientNotFound:
        return lambda conn: _settle(conn, client, now)
    except EhrUnavailable as error:
        raise Later("ehr_unavailable", after_s=30) from error
    except EhrRefused as error:
        raise Later("ehr_refused", after_s=300) from error
    if whose is None or data is None:
        return lambda conn: _pass_over(conn, client, now)
    found = await _found(office, client, data, now)
    if any(isinstance(a, Missing) and a.why is Why.UNAVAILABLE for a in data.sections.values()):
        async with office.db.write() as conn:
            await _open(conn, office, data, whose, found)
        raise Later("ehr_incomplete", after_s=30)

    async def finish(conn: AsyncConnection) -> None:
        await _open(conn, office, data, whose, found)
        await _settle(conn, client, now)

    return finish


async def _whose(office: Office, client: str) -> Whose | None:
    """None: in the care of none of our teams."""
    care_team = await office.memberships.of(client, within_s=LONGEST_READING_S)
    theirs = programs(office.clinic, care_team)
    team = next((one.id for one in office.clinic.teams if one.id in theirs), None)
    return Whose(team, treating_of(office.clinic, team, care_team)) if team else None


async def _read(office: Office, client: str) -> ChartData:
    """Recorded before anything is made of it, as every reading is."""
    try:
        async with asyncio.timeout(LONGEST_READING_S):
            data = await office.ehr.read(client, READS)
    except TimeoutError as error:
        raise EhrUnavailable("The EHR took too long.") from error
    async with office.db.write() as conn:
        more: dict[str, Any] = {"answer": YES_TEAM, "purpose": "TREAT", "reason": "crisis_signals"}
        more["field_classes"] = tuple(sorted(section.value for section in data.sections))
        more["source_refs"] = tuple(sorted(data.versions()))
        await trail.note(conn, office, Audited.CHART_READ, None, trail.About("client", client, None, client), **more)
    return data


async def _found(office: Office, client: str, data: ChartData, now: datetime) -> tuple[Signal, ...]:
    """In a thread: the rules take their time over long notes, and pages must not wait for them."""
    refs = [item.source.ref for answer in data.sections.values() if isinstance(answer, Read) for item in answer.items]
    async with office.db.read() as conn:
        ours = await _ours(conn, client, refs)
        asked = await conn.scalar(select(t.crisis_reads.c.asked_at).where(t.crisis_reads.c.client_id == client))
    since = (asked or now) - LATE_ENTRIES  # asked: an EHR that was down for days loses nothing
    policy = policy_of(office.clinic.clinic.state)
    return await asyncio.to_thread(signals, _seen(data, ours), since=since, policy=policy)


async def _ours(conn: AsyncConnection, client: str, refs: Sequence[str]) -> set[str]:
    """What Baton filed: approved drafts, and the disposition of an escalation."""
    r, e, happened = t.receipts.c, t.escalations.c, t.escalation_events.c
    filed = set(await conn.scalars(select(r.ref).where(r.ref.in_(refs)))) if refs else set[str]()
    documented = select(happened.body).join(t.escalations, e.number == happened.escalation)
    bodies = await conn.scalars(documented.where(e.client_id == client, happened.kind == "documented"))
    return filed | {str(body.get("receipt")) for body in bodies}


def _seen(data: ChartData, ours: set[str]) -> Seen:
    """Without what Baton wrote itself: it rests on sources that were looked at."""
    items = [one for one in _items(data) if one.source.ref not in ours]
    return Seen(
        assessments=tuple(one for one in items if isinstance(one, Assessment)),
        notes=tuple(one for one in items if isinstance(one, Note)),
        messages=tuple(one for one in items if isinstance(one, Message)),
        appointments=tuple(one for one in items if isinstance(one, Appointment)),
    )


def _items(data: ChartData) -> Iterator[Item]:
    for answer in data.sections.values():
        yield from answer.items if isinstance(answer, Read) else ()


async def _open(conn: AsyncConnection, office: Office, data: ChartData, whose: Whose, found: Sequence[Signal]) -> None:
    """Each once, however often it is seen."""
    if not found:
        return
    alias = await records.alias_for(conn, data.client.id, data.client.alias)
    for signal in found:
        await open_escalation(conn, office, signal, data.client.id, alias, whose.team, treating=whose.treating)


async def _settle(conn: AsyncConnection, client: str, began: datetime) -> None:
    """Unless it was asked for again meanwhile."""
    r = t.crisis_reads.c
    await conn.execute(delete(t.crisis_reads).where(r.client_id == client, r.asked_at <= began))


async def _pass_over(conn: AsyncConnection, client: str, began: datetime) -> None:
    """In no care of ours: not read, and counted."""
    await conn.execute(update(t.crisis_looks).values(passed_over=t.crisis_looks.c.passed_over + 1))
    await _settle(conn, client, began)


# How far behind


async def seen_up_to(conn: AsyncConnection) -> datetime | None:
    """Everything stored before this was looked at. None: nobody has begun."""
    mark = await conn.scalar(select(t.crisis_looks.c.seen_up_to))
    oldest = await conn.scalar(select(func.min(t.crisis_reads.c.asked_at)))
    return min(mark, oldest) if mark and oldest else mark


async def behind(conn: AsyncConnection, now: datetime) -> bool:
    up_to = await seen_up_to(conn)
    return up_to is not None and now - up_to > TOO_OLD
