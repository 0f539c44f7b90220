"""When a draft is made, the client's prescribers learn in private where the chart's medications do not go together.

Each finding once for each prescriber and each change of its sources. It is read for them alone, under the consent that
covers them; the message names the alias and a number, and what was found opens after a check of who asks (`overrides`).
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Action, Button, Notice, Style
from bot.clinic import StaffMember
from bot.drafts import Draft
from bot.flow import records, trail
from bot.flow.office import EHR_LANE, Office, new_id
from bot.flow.present import personal_place, whisper
from bot.flow.reading import LONGEST_READING_S, Order, ruling_of
from bot.privacy.audit import Action as Audited
from bot.privacy.consent import NOTHING_PROTECTED, Ruling, withhold
from bot.privacy.policy import YES_TEAM, programs
from bot.store import jobs
from bot.store import tables as t
from bot.store.jobs import Finish, Job, Later, Never
from ehr_clients.errors import EhrError, EhrUnavailable
from ehr_clients.models import ChartData, Section
from skills.kit import Chart, Role, Skill, Tone, items
from skills.kit.contradictions import find
from skills.kit.findings import Finding, OnFile
from skills.kit.words import plural

UNANSWERED: Final = timedelta(days=30)
FINDING: Final[TypeAdapter[Finding]] = TypeAdapter(Finding)
READS: Final = frozenset(
    {
        Section.CLIENT,
        Section.PROBLEMS,
        Section.NOTES,
        Section.ASSESSMENTS,
        Section.MEDICATIONS,
        Section.ALLERGIES,
        Section.CONSENTS,
    }
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one prescriber's reading of the chart found, and the ruling under which they were shown it."""

    prescriber: StaffMember
    findings: tuple[Finding, ...]
    ruling: Ruling


async def soon(conn: AsyncConnection, draft: Draft, skill: Skill[Any]) -> None:
    """Look once for each draft of a skill that reads medications."""
    if Section.MEDICATIONS in skill.reads:
        await jobs.enqueue(conn, "conflicts", draft.id, lane=EHR_LANE, dedup=f"conflicts:{draft.id}")


async def look(office: Office, job: Job) -> Finish | None:
    """Read the chart for each prescriber of the client; keep what they have not been shown."""
    async with office.db.read() as conn:
        draft = await records.draft(conn, job.ref)
    if draft is None:
        return None
    try:
        team = await office.memberships.of(draft.client_id)
        prescribers = prescribers_of(office, team)
        raw = await _read(office, draft, prescribers) if prescribers else None
    except EhrUnavailable as error:
        raise Later("ehr_unavailable", after_s=30) from error
    except EhrError as error:
        raise Never("ehr_refused") from error
    if raw is None:
        return None
    seen = [_seen_by(office, draft, prescriber, raw, team) for prescriber in prescribers]
    return lambda conn: _keep(conn, office, draft, seen)


def prescribers_of(office: Office, team: frozenset[str]) -> tuple[StaffMember, ...]:
    """Active staff with the role prescriber who are on the client's care team by name; nobody stands in for them."""
    return tuple(staff for staff in office.people.with_role(Role.PRESCRIBER) if staff.practitioner in team)


async def _read(office: Office, draft: Draft, prescribers: tuple[StaffMember, ...]) -> ChartData:
    """Recorded before anything is made of it, as every reading is: once for each person it is made for."""
    try:
        async with asyncio.timeout(LONGEST_READING_S):
            raw = await office.ehr.read(draft.client_id, READS)
    except TimeoutError as error:
        raise EhrUnavailable("The EHR took too long.") from error
    async with office.db.write() as conn:
        for prescriber in prescribers:
            await _note_reading(conn, office, draft, raw, prescriber)
    return raw


async def _note_reading(
    conn: AsyncConnection, office: Office, draft: Draft, raw: ChartData, prescriber: StaffMember
) -> None:
    await trail.note(
        conn,
        office,
        Audited.CHART_READ,
        None,
        trail.about_draft(draft),
        answer=YES_TEAM,
        on_behalf_of=prescriber.id,
        purpose=office.shelf[draft.skill].purpose.value,
        field_classes=tuple(sorted(section.value for section in raw.sections)),
        source_refs=tuple(sorted(raw.versions())),
    )


def _seen_by(office: Office, draft: Draft, prescriber: StaffMember, raw: ChartData, team: frozenset[str]) -> Seen:
    order = Order(
        request_id=draft.request_id,
        skill=office.shelf[draft.skill],
        client_id=draft.client_id,
        alias=draft.alias,
        team=draft.team,
        asked_by=prescriber,
        to=prescriber,
        asked_at=draft.created_at,
    )
    ruling = ruling_of(office, raw, order, programs(office.clinic, team))
    data, _ = withhold(raw, ruling)
    today = office.clock().astimezone(office.clinic.zone(draft.team))
    return Seen(prescriber, find(_on_file(Chart(draft.alias, data, READS, today))), ruling)


def _on_file(chart: Chart) -> OnFile:
    """No EHR gives us laboratory results yet: `labs` stays None, and findings say so."""
    return OnFile(
        medications=items(chart.medications),
        problems=items(chart.problems),
        allergies=items(chart.allergies),
        assessments=items(chart.assessments),
        notes=items(chart.notes),
        client=chart.client.source,
        birth_date=chart.client.birth_date,
        sex=chart.client.gender,
        unread=frozenset(section for section, _ in chart.gaps()),
        today=chart.now.date(),
    )


async def _keep(conn: AsyncConnection, office: Office, draft: Draft, seen: list[Seen]) -> None:
    for each in seen:
        fresh = [finding for finding in each.findings if not await _known(conn, draft, each.prescriber, finding)]
        for finding in fresh:
            await _add(conn, office, draft, each, finding)
        if fresh:
            ref = f"{draft.id}:{each.prescriber.id}"
            lane = f"tell:{each.prescriber.id}"
            await jobs.enqueue(conn, "tell_conflicts", ref, lane=lane, dedup=f"tell_conflicts:{ref}")


async def _known(conn: AsyncConnection, draft: Draft, prescriber: StaffMember, finding: Finding) -> bool:
    c = t.conflicts.c
    same = (c.client_id == draft.client_id, c.staff_id == prescriber.id, c.key == finding.key)
    return (await conn.execute(select(c.id).where(*same))).first() is not None


async def _add(conn: AsyncConnection, office: Office, draft: Draft, seen: Seen, finding: Finding) -> None:
    row_id, sealed_text = new_id(), FINDING.dump_json(finding).decode()
    await conn.execute(
        insert(t.conflicts).values(
            id=row_id,
            client_id=draft.client_id,
            staff_id=seen.prescriber.id,
            key=finding.key,
            draft_id=draft.id,
            finding=office.seal.seal(sealed_text, context=f"conflicts.finding/{row_id}"),
            part2=seen.ruling != NOTHING_PROTECTED,
            found_at=office.clock(),
        )
    )


async def forget(conn: AsyncConnection, now: datetime) -> int:
    """What nobody answered for a month is forgotten; that it was shown is kept, so that it is not shown again."""
    c = t.conflicts.c
    old = (c.finding.is_not(None), c.found_at < now - UNANSWERED)
    return (await conn.execute(update(t.conflicts).where(*old).values(finding=None))).rowcount


async def tell(office: Office, job: Job) -> Finish | None:
    """A sentence to the prescriber alone: how many, about which alias. What they are opens with the button."""
    draft_id, _, staff_id = job.ref.partition(":")
    staff = office.people.by_id(staff_id)
    who = office.identity(staff) if staff else None
    async with office.db.read() as conn:
        draft = await records.draft(conn, draft_id)
        number = await _waiting(conn, draft_id, staff_id)
    if who is None:
        raise Later("nobody_to_reach")
    if draft is None or not number:
        return None
    await whisper(office, who, await personal_place(office.chats[who.platform], who), _notice(draft, number))
    return None


async def _waiting(conn: AsyncConnection, draft_id: str, staff_id: str) -> int:
    c = t.conflicts.c
    mine = (c.draft_id == draft_id, c.staff_id == staff_id, c.finding.is_not(None))
    return await conn.scalar(select(func.count()).where(*mine)) or 0


def _notice(draft: Draft, number: int) -> Notice:
    what = plural(number, "possible conflict")
    words = f"{what} between sources in the chart of {draft.alias}, shown to you as its prescriber; please review."
    button = Button(
        Action.CONFLICTS, "Review", draft.id, draft.version, Style.PRIMARY, opens=True, values={"page": "1"}
    )
    return Notice(words, Tone.WARNING, (button,))
