"""An approved draft is written into the EHR, one write at a time, read back and compared; only then it is "filed".

Each write has a key that never changes between attempts, so any attempt may die anywhere. Before the first write the
approval is checked again: the person, the licence, the care team, the consent, the chart. What changed asks again.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clinic import StaffMember
from bot.drafts import Draft, State
from bot.flow import prepare, present, records, tell, trail
from bot.flow.disclosed import check_notice, note_disclosure
from bot.flow.office import EHR_LANE, Office
from bot.flow.reading import Drawn, draw_up, sections
from bot.flow.records import Content
from bot.flow.standing import standing
from bot.flow.wording import worded
from bot.people import person
from bot.privacy.audit import Action as Audited
from bot.privacy.audit import Adapter, Outcome
from bot.privacy.consent import rests_on_none
from bot.privacy.notices import attached
from bot.privacy.policy import may_decide
from bot.rollout.phase import held
from bot.store import jobs
from bot.store import tables as t
from bot.store.jobs import Finish, Job, Later, Never
from ehr_clients.errors import ClientNotFound, EhrRefused, EhrUnavailable, OutcomeUnknown
from ehr_clients.port import (
    AuditWrite,
    CarePlanWrite,
    CommunicationWrite,
    DocumentWrite,
    FlagWrite,
    OrderStatusWrite,
    ProvenanceWrite,
    Receipt,
    TaskStatusWrite,
    TaskWrite,
    Write,
)
from skills.kit import Purpose, Signed, Step

FILED_WORDS = frozenset({"read_back", "recall"})  # the exchanges that go into the chart


@dataclass(frozen=True, slots=True)
class Void:
    """Why an approval no longer holds: a code of views.TROUBLES."""

    code: str


async def file(office: Office, job: Job) -> Finish | None:
    """The next write of an approved draft."""
    async with office.db.read() as conn:
        draft = await records.draft(conn, job.ref)
        content = await prepare.opened(conn, office, draft)
        done = {step: str(row["ref"]) for step, row in (await records.receipts(conn, job.ref)).items()}
    if draft is None or content is None or draft.state is not State.APPROVED or held(office, draft):
        return None
    try:
        if not done and (finish := await _not_yet(office, draft, content)):
            return finish
        step = next((s for s in plan(office, draft, content) if s.name not in done), None)
        if step is None:
            return lambda conn: _filed(conn, office, draft)
        check_notice(step.write)
        receipt = await _write(office, draft, step, done, attempt=job.attempt)
    except (EhrUnavailable, OutcomeUnknown) as error:
        await _mark(office, draft, "ehr_unavailable" if isinstance(error, EhrUnavailable) else "outcome_unknown")
        after = error.retry_after_s if isinstance(error, EhrUnavailable) else 2.0
        raise Later(_code(error), after_s=after) from error
    except (EhrRefused, ClientNotFound) as error:
        raise Never(_code(error)) from error
    return lambda conn: _stored(conn, office, draft, content, step, receipt)


def plan(office: Office, draft: Draft, content: Content) -> tuple[Step, ...]:
    """The skill's writes, then one audit record in the EHR for each clinical write. The same at every attempt."""
    approver = office.people.by_id(draft.decided_by or "")
    if approver is None or draft.decided_at is None:
        raise Never("approver_unknown")
    skill = office.shelf[draft.skill]
    steps: tuple[Step, ...] = skill.writes(content.facts, content.text, Signed(person(approver), draft.decided_at))
    clinical = [s for s in steps if not isinstance(s.write, ProvenanceWrite | AuditWrite)]
    return (*steps, *(_audit_record(draft, step, approver, skill.purpose, draft.decided_at) for step in clinical))


def _audit_record(draft: Draft, step: Step, approver: StaffMember, purpose: Purpose, when: datetime) -> Step:
    write = AuditWrite(
        client_id=draft.client_id,
        event_id=f"{draft.id}-{draft.version}-{step.name}",
        action="write_confirmed",
        who=approver.practitioner,
        purpose=purpose.value,
        when=when,
        about=(f"@{step.name}",),
    )
    return Step(f"audit-{step.name}", write)


async def _not_yet(office: Office, draft: Draft, content: Content) -> Finish | None:
    """Before the first write. None: go on. Else what to commit instead of writing.

    A call that died may have stored it: then it is in the chart, as approved and as checked when it left.
    """
    if found := await _stored_before(office, draft, content):
        step, receipt = found
        return lambda conn: _stored(conn, office, draft, content, step, receipt)
    approver = office.people.by_id(draft.decided_by or "")
    order = await prepare.order_for(office, draft)
    drawn = await draw_up(office, order, by=approver)
    if set(drawn.gaps) - set(content.unread):
        raise EhrUnavailable("Part of the chart cannot be read, so the approval cannot be checked.")
    void = await _void(office, draft) or await _moved(office, draft, content, drawn)
    if void is None:
        return None
    fresh = await worded(office, order, drawn, before=content)
    return lambda conn: prepare.renew(conn, office, draft, content, fresh, trouble=void.code)


async def _stored_before(office: Office, draft: Draft, content: Content) -> tuple[Step, Receipt] | None:
    """The first write, if it is in the chart although nobody wrote down that it is."""
    if office.people.by_id(draft.decided_by or "") is None:
        return None
    first = plan(office, draft, content)[0]
    receipt = await office.ehr.stored(resolved(first.write, {}), key=key_of(draft, first))
    return (first, receipt) if receipt else None


async def _moved(office: Office, draft: Draft, content: Content, drawn: Drawn) -> Void | None:
    """Whether what the approval rests on is still so. Raises EhrUnavailable when only this reading was not whole."""
    if drawn.consent_hash != content.consent_hash:
        return Void("consent_changed")
    if drawn.same_chart(content.sources, content.unread):
        return None
    asked_for = sections(office.shelf[draft.skill], office.people.by_id(draft.asked_by))
    if not content.unread and dict(await office.ehr.versions(draft.client_id, asked_for)) == dict(content.sources):
        raise EhrUnavailable("Part of the chart was not read, so the approval cannot be checked.")
    return Void("chart_changed")


async def _void(office: Office, draft: Draft) -> Void | None:
    """Whether the approver may still approve: active, licensed, on the care team."""
    approver = office.people.by_id(draft.decided_by or "")
    if approver is None or not approver.active:
        return Void("approver_inactive")
    stand = await standing(office, approver, draft.client_id, fresh=True)
    approval = office.shelf[draft.skill].approval
    answer = may_decide(stand, approval, asked_by=draft.asked_by, now=office.clock(), approving=True)
    if answer.allowed:
        return None
    return Void("approver_licence" if answer.rule == "licence.decide" else "approver_membership")


async def _write(office: Office, draft: Draft, step: Step, done: dict[str, str], *, attempt: int) -> Receipt:
    """One write, announced in the audit trail before it leaves: if the trail fails, nothing is sent."""
    key, write = key_of(draft, step), resolved(step.write, done)
    approver = office.people.by_id(draft.decided_by or "")
    async with office.db.write() as conn:
        await _announce(conn, office, draft, approver, write, key, attempt=attempt)
    return await office.ehr.apply(write, key=key)


async def _announce(
    conn: AsyncConnection,
    office: Office,
    draft: Draft,
    author: StaffMember | None,
    write: Write,
    key: str,
    *,
    attempt: int,
) -> None:
    adapter = Adapter(vendor="fhir_r4", op=type(write).__name__, attempt=attempt, idempotency_key=key)
    await trail.note(conn, office, Audited.WRITE_SENT, author, trail.about_draft(draft), adapter=adapter)


def key_of(draft: Draft, step: Step) -> str:
    """Stable per draft, version and step: what the EHR is searched for before anything is sent twice."""
    return f"{draft.id}-{draft.version}-{step.name}"


def resolved(write: Write, done: dict[str, str]) -> Write:
    """The write with "@name" replaced by the reference that the earlier step got."""

    def real(refs: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(done[ref[1:]] if ref.startswith("@") else ref for ref in refs)

    match write:
        case CommunicationWrite():
            return replace(write, about=real(write.about), answers=_one(write.answers, done))
        case ProvenanceWrite():
            return replace(write, targets=real(write.targets))
        case AuditWrite():
            return replace(write, about=real(write.about))
        case DocumentWrite():
            return replace(write, appends=_one(write.appends, done))
        case TaskWrite():
            return replace(write, focus=_one(write.focus, done))
        case TaskStatusWrite():
            return replace(write, report_ref=_one(write.report_ref, done))
        case FlagWrite() | CarePlanWrite() | OrderStatusWrite():
            return write


def _one(ref: str | None, done: dict[str, str]) -> str | None:
    return done[ref[1:]] if ref is not None and ref.startswith("@") else ref


async def _stored(
    conn: AsyncConnection, office: Office, draft: Draft, content: Content, step: Step, receipt: Receipt
) -> None:
    """The receipt, its audit line, the record of the disclosure and the next write, in one commit."""
    key = key_of(draft, step)
    await keep_receipt(conn, office, draft, step.name, key, receipt)
    await note_disclosure(conn, office, draft, content, step, key, receipt.readback_hash)
    await jobs.enqueue(conn, "file", draft.id, lane=EHR_LANE)


async def keep_receipt(
    conn: AsyncConnection, office: Office, draft: Draft, step: str, key: str, receipt: Receipt
) -> None:
    new = await records.insert_once(
        conn,
        t.receipts,
        key=key,
        draft_id=draft.id,
        step=step,
        ref=receipt.ref,
        version=receipt.version,
        op=receipt.op.value,
        sent_hash=receipt.sent_hash,
        readback_hash=receipt.readback_hash,
        at=office.clock(),
    )
    if new:
        external = Adapter(vendor="fhir_r4", op=receipt.op.value, external_id=receipt.ref, idempotency_key=key)
        about = trail.about_draft(draft)
        hashed = receipt.readback_hash
        await trail.note(conn, office, Audited.WRITE_CONFIRMED, None, about, adapter=external, output_hash=hashed)


async def _filed(conn: AsyncConnection, office: Office, draft: Draft) -> None:
    """Everything is in the chart. Where a receiver must accept, the clock starts and they get the card."""
    now = office.clock()
    skill = office.shelf[draft.skill]
    minutes = office.clinic.team(draft.team).handoff_sla_minutes
    accept_by = now + timedelta(minutes=minutes) if skill.approval.acceptance else None
    if not await records.move(conn, draft, State.FILED, now, filed_at=now, accept_by=accept_by, trouble=None):
        return
    version_hash = await records.hash_of(conn, draft.id, draft.version)
    await trail.note(conn, office, Audited.FILED, None, trail.about_draft(draft, version_hash))
    if accept_by is None:
        await records.purge(conn, office.seal, draft.id)
    else:
        await _to_receiver(conn, office, draft)
        key = f"give_back:{draft.id}:{accept_by.isoformat()}"
        await jobs.enqueue(conn, "give_back", draft.id, lane="clock", delay_s=minutes * 60, dedup=key)
    await present.redraw_all(conn, draft)


async def _to_receiver(conn: AsyncConnection, office: Office, draft: Draft) -> None:
    """The named receiver gets the card in person. A whole team sees it where it was asked for."""
    if draft.to_staff:
        asked = await records.request(conn, office.seal, draft.request_id)
        prefer = asked.place.platform if asked else None
        await present.put_up_for(conn, office, draft, draft.to_staff, prefer)


async def _mark(office: Office, draft: Draft, trouble: str) -> None:
    """The card says why it is not filed yet, while the job keeps trying."""
    if draft.trouble == trouble:
        return
    async with office.db.write() as conn:
        if await records.move(conn, draft, State.APPROVED, office.clock(), trouble=trouble):
            await present.redraw_all(conn, draft)


async def filing_gave_up(conn: AsyncConnection, office: Office, draft_id: str, code: str) -> None:
    """The job is a dead letter: the card says that it is not filed and offers another try."""
    draft = await records.draft(conn, draft_id)
    if draft is None or draft.state is not State.APPROVED:
        return
    trouble = code.split(":", 1)[0]
    await records.move(conn, draft, State.FILING_FAILED, office.clock(), trouble=trouble)
    about = trail.about_draft(draft)
    await trail.note(conn, office, Audited.FILING_FAILED, None, about, outcome=Outcome.FAILED, error_code=code)
    await present.redraw_all(conn, draft)
    occasion = str(office.clock())
    for staff_id in {draft.asked_by, draft.decided_by or draft.asked_by}:
        await tell.soon(conn, tell.About.FAILED, draft.id, staff_id, occasion=occasion)


def _code(error: Exception) -> str:
    match error:
        case EhrRefused(status=status):
            return f"ehr_refused:{status}" if status else "ehr_refused"
        case ClientNotFound():
            return "client_not_found"
        case OutcomeUnknown():
            return "outcome_unknown"
        case _:
            return "ehr_unavailable"


# Words that follow a filed draft into the chart: the receiver's read-back, a recall


async def file_words(office: Office, job: Job) -> Finish | None:
    """Write one exchange (ref: exchange id) into the chart, in its author's name."""
    async with office.db.read() as conn:
        said = await records.exchange(conn, office.seal, job.ref)
        draft = await records.draft(conn, said.draft_id) if said else None
        done = {s: str(r["ref"]) for s, r in (await records.receipts(conn, draft.id)).items()} if draft else {}
        talk = await records.exchanges(conn, office.seal, draft.id) if draft else []
    author = office.people.by_id(said.staff_id) if said else None
    if said is None or draft is None or author is None or said.kind in done:
        return None
    async with office.db.write() as conn:
        part2 = not rests_on_none(await records.stamp_of(conn, draft.id, draft.version))
        write = _words_write(office, draft, said, author, done, talk, part2=part2)
        key = f"{draft.id}-{said.id}"
        await _announce(conn, office, draft, author, write, key, attempt=job.attempt)
    try:
        receipt = await office.ehr.apply(write, key=key)
    except (EhrUnavailable, OutcomeUnknown) as error:
        raise Later(_code(error), after_s=getattr(error, "retry_after_s", None)) from error
    except (EhrRefused, ClientNotFound) as error:
        raise Never(_code(error)) from error

    async def finish(conn: AsyncConnection) -> None:
        await keep_receipt(conn, office, draft, said.kind, key, receipt)
        if not {e.kind for e in talk if e.kind in FILED_WORDS} - {said.kind, *done}:
            await records.purge(conn, office.seal, draft.id)
        await present.redraw_all(conn, draft)

    return finish


def _words_write(
    office: Office,
    draft: Draft,
    said: records.Exchange,
    author: StaffMember,
    done: dict[str, str],
    talk: list[records.Exchange],
    *,
    part2: bool,
) -> Write:
    sender = office.people.by_id(draft.decided_by or draft.asked_by)
    noticed = attached if part2 else str  # 42 CFR 2.32: what is said about protected records carries it as well
    if said.kind == "recall":
        return DocumentWrite(
            client_id=draft.client_id,
            type_code="81218-0",
            type_text="Addendum",
            title="Recall of a handoff",
            text=noticed(
                f"ADDENDUM: this handoff is recalled by {author.name}, {author.title}.\nReason: {said.words}\n"
            ),
            author=author.practitioner,
            when=said.at,
            generated=False,
            appends=done.get("document"),
            part2=part2,
        )
    asked = [f"{e.kind.capitalize()}: {e.words}" for e in talk if e.kind in {"question", "answer"}]
    return CommunicationWrite(
        client_id=draft.client_id,
        sender=author.practitioner,
        recipients=(sender.practitioner,) if sender else (),
        text=noticed("\n".join([f"Handoff accepted. Read-back: {said.words}", *asked])),
        when=said.at,
        about=(done["document"],) if "document" in done else (),
        answers=done.get("communication"),
        part2=part2,
    )


async def words_gave_up(conn: AsyncConnection, office: Office, exchange_id: str) -> None:
    """The EHR declined them: their author is told, and they stay where authorised people can read them."""
    said = await records.exchange(conn, office.seal, exchange_id)
    if said is not None:
        await tell.soon(conn, tell.About.WORDS_LOST, said.id, said.staff_id)
