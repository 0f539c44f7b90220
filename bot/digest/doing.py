"""What follows a press on a line: a task in the chart, a word to its owner, a proposal to the supervisors.

A task needs no second approval: its author has every word of it before them in the form, and sends it as it stands.
What a draft's approval adds, reading before deciding, is the same act here. Role and care team are checked at the
press and again right before it is written; it is written once, read back and recorded.
"""

import hashlib
from datetime import date, datetime
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Action, Button, Notice
from bot.clinic import StaffMember
from bot.digest import cards, content, marks, records
from bot.digest.content import DigestLine
from bot.digest.records import Digest, Mark, Marked
from bot.digest.rights import may_act
from bot.flow import trail
from bot.flow.office import EHR_LANE, Office
from bot.flow.present import personal_place, whisper
from bot.privacy.audit import Action as Audited
from bot.privacy.audit import Adapter
from bot.store import jobs
from bot.store.jobs import Finish, Job, Later, Never
from ehr_clients.errors import ClientNotFound, EhrRefused, EhrUnavailable, OutcomeUnknown
from ehr_clients.port import Receipt, TaskWrite
from skills.digest import SAFETY
from skills.kit import Tone

TASK, SAY = "digest_task", "digest_say"
RETRY_S: Final = 30.0


class Wanted(BaseModel):
    """A task as it was typed, kept sealed with its mark until it is in the chart."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest_id: str
    number: int
    what: str
    owner: str  # staff id
    due: date


def mark_id(digest: Digest, line: DigestLine, staff: StaffMember, mark: Mark, words: str = "") -> str:
    """The same for the same press: a second one finds the first."""
    parts = (digest.id, line.key, staff.id, mark.value, words)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def marked(
    digest: Digest, line: DigestLine, staff: StaffMember, mark: Mark, at: datetime, *, words: str = ""
) -> Marked:
    named = {"team": digest.team, "line": line.key, "kind": line.kind, "staff_id": staff.id}
    return Marked(id=mark_id(digest, line, staff, mark, words), mark=mark, until=None, at=at, **named)


# A task


async def ask_for_task(
    conn: AsyncConnection, office: Office, digest: Digest, line: DigestLine, staff: StaffMember, wanted: Wanted
) -> bool:
    """False: the very same was asked for already."""
    words = wanted.model_dump_json()
    mark = marked(digest, line, staff, Mark.TASK, office.clock(), words=words)
    if not await records.add_mark(conn, office.seal, mark, words):
        return False
    return await jobs.enqueue(conn, TASK, mark.id, lane=EHR_LANE, dedup=f"{TASK}:{mark.id}")


async def task(office: Office, job: Job) -> Finish | None:
    """Into the chart, by whoever still may. Tells the author what came of it."""
    async with office.db.read() as conn:
        found = await records.mark_and_reason(conn, office.seal, job.ref)
        wanted = Wanted.model_validate_json(found[1]) if found and found[1] else None
        digest = await records.one(conn, wanted.digest_id) if wanted else None
    line = line_of(office, digest, wanted.number) if digest and wanted else None
    author = office.people.by_id(found[0].staff_id) if found else None
    if found is None or wanted is None or digest is None or line is None or author is None or not author.active:
        raise Never("task_gone")
    try:
        receipt = await _write(office, digest, line, author, wanted, found[0], job)
    except (EhrUnavailable, OutcomeUnknown) as error:
        after = error.retry_after_s if isinstance(error, EhrUnavailable) else None
        raise Later("ehr_unavailable", after_s=after or RETRY_S) from error
    except (EhrRefused, ClientNotFound, PermissionError):
        return lambda conn: _say(conn, f"task_failed:{job.ref}:{author.id}")
    return lambda conn: _confirmed(conn, office, digest, line, author, receipt, job)


async def _write(
    office: Office, digest: Digest, line: DigestLine, author: StaffMember, wanted: Wanted, mark: Marked, job: Job
) -> Receipt:
    """Announced before it leaves. Raises PermissionError when the author has left the care team."""
    if not may_act(office, author, await office.memberships.fresh(line.client_id)).allowed:
        raise PermissionError
    owner = office.people.by_id(wanted.owner) or author
    key = f"digest-{mark.id}"
    async with office.db.write() as conn:
        sent = Adapter(vendor="fhir_r4", op="TaskWrite", attempt=job.attempt, idempotency_key=key)
        await trail.note(conn, office, Audited.WRITE_SENT, author, _about(digest, line), adapter=sent)
    write = TaskWrite(
        client_id=line.client_id,
        what=wanted.what,
        requester=author.practitioner,
        owner=owner.practitioner,
        due=wanted.due,
        when=mark.at,
        focus=next(iter(line.refs), None),
        part2=line.part2 or office.clinic.team(digest.team).part2_program,
    )
    return await office.ehr.apply(write, key=key)


async def _confirmed(
    conn: AsyncConnection,
    office: Office,
    digest: Digest,
    line: DigestLine,
    author: StaffMember,
    receipt: Receipt,
    job: Job,
) -> None:
    key = f"digest-{job.ref}"
    got = Adapter(vendor="fhir_r4", op=receipt.op.value, external_id=receipt.ref, idempotency_key=key)
    hashed = receipt.readback_hash
    await trail.note(conn, office, Audited.WRITE_CONFIRMED, None, _about(digest, line), adapter=got, output_hash=hashed)
    await _say(conn, f"task_done:{job.ref}:{author.id}")


# A word to one person


async def ask_owner(
    conn: AsyncConnection, office: Office, digest: Digest, number: int, line: DigestLine, staff: StaffMember
) -> bool:
    """False: this person asked already."""
    mark = marked(digest, line, staff, Mark.TOLD, office.clock(), words=str(number))
    if not await records.add_mark(conn, office.seal, mark, f"{digest.id}.{number}"):
        return False
    await _say(conn, f"owner:{mark.id}:{line.owner}")
    return True


async def propose(conn: AsyncConnection, office: Office, digest: Digest) -> None:
    """To the team's supervisors, with its weekly digest: kinds of lines that nobody acts on."""
    weeks, now = office.clinic.team(digest.team).digest.retire_after_weeks, office.clock()
    since = digest.due_at - (weeks + 2) * marks.WEEK
    known = await records.of_team(conn, digest.team, since)
    done = await records.marks(conn, digest.team, since=since)
    for one in marks.proposals(known, done, now=now, weeks=weeks, safety=SAFETY):
        for supervisor in sorted(cards.supervisors(office, digest.team)):
            await _say(conn, f"retire:{digest.id}/{one.kind}:{supervisor}")


async def say(office: Office, job: Job) -> Finish | None:
    """One notice to one person, without anything of a chart beyond an alias."""
    about, what, staff_id = job.ref.split(":", 2)
    staff = office.people.by_id(staff_id)
    who = office.identity(staff) if staff and staff.active else None
    if who is None or staff is None:
        raise Never("nobody_to_reach")
    notice = await _notice(office, about, what)
    if notice is None:
        return None
    place = await personal_place(office.chats[who.platform], who)
    await whisper(office, who, place, notice)
    return None


async def _notice(office: Office, about: str, what: str) -> Notice | None:
    async with office.db.read() as conn:
        if about == "retire":
            return await _proposal(conn, office, what)
        found = await records.mark_and_reason(conn, office.seal, what)
        if found is None or not found[1]:
            return None
        mark, reason = found
        digest_id, number = _where(about, reason)
        digest = await records.one(conn, digest_id)
    line = line_of(office, digest, number) if digest else None
    if digest is None or line is None:
        return None
    match about:
        case "task_done":
            return Notice(f"Your task for {line.alias} is in the chart.", Tone.DONE)
        case "task_failed":
            words = f"Your task for {line.alias} could NOT be filed. Enter it in the EHR, or ask who may."
            return Notice(words, Tone.STOP)
    sender = office.people.by_id(mark.staff_id)
    look = Button(Action.DIGEST_LINE, "Open", cards.subject(digest, number), 0, opens=True)
    words = f"{sender.name if sender else 'A colleague'} asks you to look at {line.alias} in the digest."
    return Notice(words, Tone.INFO, (look,))


def _where(about: str, reason: str) -> tuple[str, int]:
    if about == "owner":
        digest_id, _, number = reason.partition(".")
        return digest_id, int(number)
    wanted = Wanted.model_validate_json(reason)
    return wanted.digest_id, wanted.number


async def _proposal(conn: AsyncConnection, office: Office, what: str) -> Notice | None:
    """With the figures as they are now; None when somebody acted or decided meanwhile."""
    digest_id, _, kind = what.partition("/")
    digest = await records.one(conn, digest_id)
    if digest is None:
        return None
    weeks = office.clinic.team(digest.team).digest.retire_after_weeks
    since = digest.due_at - (weeks + 2) * marks.WEEK
    known, done = await records.of_team(conn, digest.team, since), await records.marks(conn, digest.team, since=since)
    found = marks.proposals(known, done, now=office.clock(), weeks=weeks, safety=SAFETY)
    return next((cards.proposal(digest.team, one) for one in found if one.kind == kind), None)


async def _say(conn: AsyncConnection, ref: str) -> None:
    await jobs.enqueue(conn, SAY, ref, lane=f"tell:{ref.rpartition(':')[2]}", dedup=f"{SAY}:{ref}")


def line_of(office: Office, digest: Digest, number: int) -> DigestLine | None:
    """None: there is no such line, or its content was purged."""
    kept = records.opened(office.seal, digest)
    lines = content.from_json(kept).lines if kept is not None else ()
    return lines[number - 1] if 0 < number <= len(lines) else None


def _about(digest: Digest, line: DigestLine) -> trail.About:
    return trail.About("digest", digest.id, None, line.client_id)
