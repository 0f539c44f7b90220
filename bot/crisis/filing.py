"""A disposition goes into the chart: its document and the follow-up tasks, read back; then it counts as documented.

They are a clinician's own words, so nobody else has to approve them. Each write has a key that never changes.
"""

from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clinic import StaffMember
from bot.crisis import moves, records, verbs
from bot.crisis.disposition import Disposition, Kind
from bot.crisis.escalation import State
from bot.crisis.recipients import rules
from bot.crisis.records import Happened, Stored
from bot.crisis.sentences import name
from bot.flow import trail
from bot.flow.office import Office
from bot.privacy.audit import Action as Audited
from bot.privacy.audit import Adapter
from bot.privacy.notices import attached
from bot.store.jobs import Finish, Job, Later, Never
from ehr_clients.errors import ClientNotFound, EhrRefused, EhrUnavailable, OutcomeUnknown
from ehr_clients.port import AuditWrite, DocumentWrite, Receipt, TaskWrite, Write
from skills.kit import Purpose

SUMMARY = ("34133-9", "Summary of episode note")
RETRY_AFTER_S = 30.0
REFUSED_RETRY_AFTER_S = 300.0


async def file(office: Office, job: Job) -> Finish | None:
    async with office.db.read() as conn:
        stored = await records.one(conn, int(job.ref))
        story = await records.story(conn, int(job.ref))
    if stored is None or stored.now.state is not State.DISPOSITION:
        return None
    author = office.people.by_id(stored.now.disposition_by or "")
    if author is None:
        raise Never("author_unknown")
    try:
        receipts = [await _apply(office, stored, author, one, job) for one in _writes(office, stored, story, author)]
        audited = _audit_record(stored, author, receipts, story[-1].at)
        await _apply(office, stored, author, ("audit", audited), job)
    except (EhrUnavailable, OutcomeUnknown) as error:
        after = error.retry_after_s if isinstance(error, EhrUnavailable) else None
        raise Later("ehr_unavailable", after_s=after or RETRY_AFTER_S) from error
    except (EhrRefused, ClientNotFound) as error:  # a person must look, and is paged by the clock until it is in
        raise Later("ehr_refused", after_s=REFUSED_RETRY_AFTER_S) from error
    return lambda conn: _documented(conn, office, stored, author, receipts[0])


async def _documented(
    conn: AsyncConnection, office: Office, stored: Stored, author: StaffMember, receipt: Receipt
) -> None:
    await verbs.documented(conn, office, author, stored.code, receipt.ref)


async def _apply(office: Office, stored: Stored, author: StaffMember, write: tuple[str, Write], job: Job) -> Receipt:
    """Announced in the audit trail before it leaves, and confirmed after it was read back."""
    step, what = write
    key = f"{stored.code}-{stored.now.opened_at:%Y%m%d%H%M%S}-{step}"
    op = type(what).__name__
    async with office.db.write() as conn:
        sent = Adapter(vendor="fhir_r4", op=op, attempt=job.attempt, idempotency_key=key)
        await trail.note(conn, office, Audited.WRITE_SENT, author, moves.about(stored), adapter=sent)
    receipt = await office.ehr.apply(what, key=key)
    async with office.db.write() as conn:
        got = Adapter(vendor="fhir_r4", op=receipt.op.value, external_id=receipt.ref, idempotency_key=key)
        hashed = receipt.readback_hash
        about = moves.about(stored)
        await trail.note(conn, office, Audited.WRITE_CONFIRMED, None, about, adapter=got, output_hash=hashed)
    return receipt


# What is written


def _writes(office: Office, stored: Stored, story: list[Happened], author: StaffMember) -> list[tuple[str, Write]]:
    """The same at every attempt: times and words are those of the disposition."""
    last = next(one for one in reversed(story) if one.kind in {"disposition", "dismissal_confirmed"})
    form = _form(office, stored, last)
    part2 = office.clinic.team(stored.team).part2_program  # a program's own words are its record (42 CFR 2.11)
    text = _text(office, stored, story, last, form)
    document = DocumentWrite(
        client_id=stored.client_id,
        type_code=SUMMARY[0],
        type_text=SUMMARY[1],
        title="Crisis disposition",
        text=attached(text) if part2 else text,
        author=author.practitioner,
        when=last.at,
        generated=False,
        part2=part2,
    )
    return [("disposition", document), *_follow_ups(office, stored, author, form, last.at)]


def _form(office: Office, stored: Stored, last: Happened) -> Disposition | None:
    words = records.words_of(office.seal, stored.number, last) if last.kind == "disposition" else None
    return Disposition.model_validate_json(words) if words is not None else None


def _text(office: Office, stored: Stored, story: list[Happened], last: Happened, form: Disposition | None) -> str:
    """What was decided, then who did what when. What was signalled stands in its own sources, so it is not repeated."""
    zone = office.clinic.zone(stored.team)
    upto = [one for one in story if one.seq <= last.seq and one.staff_id]
    deeds = [
        f"{one.at.astimezone(zone):%Y-%m-%d %H:%M}  {one.kind.replace('_', ' ')} by {name(office.clinic, one.staff_id)}"
        for one in upto
    ]
    decided = _decided(office, form) if form else _dismissed(office, stored, story)
    head = f"Crisis escalation {stored.code}, {stored.alias}, level {stored.now.tier.words}."
    return "\n".join([head, "", *decided, "", "WHO DID WHAT", *deeds]) + "\n"


def _decided(office: Office, form: Disposition) -> list[str]:
    plan = f"{form.safety_plan_on:%Y-%m-%d}" if form.safety_plan_on else f"none: {form.no_safety_plan_because}"
    contact = f"{form.next_contact_at:%Y-%m-%d %H:%M}" if form.next_contact_at else "not documented"
    because = f": {form.means_because}" if form.means_because else ""
    told = [f"Notified: {one.who}. Legal basis: {one.legal_basis}" for one in form.notified or ()]
    rows = [
        f"Assessed by: {name(office.clinic, form.assessor)}",
        f"Level: {form.level}",
        f"Disposition: {form.kind.replace('_', ' ')}",
        f"Means counselling: {(form.means or 'not known').replace('_', ' ')}{because}",
        f"Safety plan: {plan}",
        f"Next contact: {contact}",
        f"Contacts: {'; '.join(form.contacts) or 'not documented'}",
        *(told or ["Notified: nobody"]),
        f"Duty to warn, decision: {form.duty_to_warn or 'not documented'}",
    ]
    return [*rows, *([form.words] if form.words else [])]


def _dismissed(office: Office, stored: Stored, story: list[Happened]) -> list[str]:
    """Two people said that it was no crisis: who, and why."""
    said = next((one for one in reversed(story) if one.kind == "dismissed" and one.words), None)
    why = (said and records.words_of(office.seal, stored.number, said)) or "not documented"
    by, second = name(office.clinic, stored.now.disposition_by), name(office.clinic, stored.now.confirmed_by)
    return [f"Not a crisis, says {by}: {why}", f"Confirmed by {second}."]


def _follow_ups(
    office: Office, stored: Stored, author: StaffMember, form: Disposition | None, at: datetime
) -> list[tuple[str, Write]]:
    """Contact in 24 to 72 h and a visit within 7 days, as the clinic's policy has them. None where it was no crisis."""
    if form is None or form.kind is Kind.NOT_A_CRISIS:
        return []
    rule, owner = rules(office.clinic).follow_up, office.people.by_id(stored.now.owner or "") or author
    zone = office.clinic.zone(stored.team)

    def task(what: str, within_s: int) -> TaskWrite:
        due: date = (at + timedelta(seconds=within_s)).astimezone(zone).date()
        return TaskWrite(
            client_id=stored.client_id,
            what=f"{what} after {stored.code}",
            requester=author.practitioner,
            owner=owner.practitioner,
            due=due,
            when=at,
            part2=office.clinic.team(stored.team).part2_program,
        )

    contacts = [
        (f"contact-{n}", task("Contact", within_s)) for n, within_s in enumerate(rule.contact_within_s, start=1)
    ]
    return [*contacts, ("visit", task("Visit", rule.visit_within_s))]


def _audit_record(stored: Stored, author: StaffMember, receipts: list[Receipt], at: datetime) -> AuditWrite:
    return AuditWrite(
        client_id=stored.client_id,
        event_id=f"{stored.code}-{stored.now.opened_at:%Y%m%d%H%M%S}",
        action="escalation_disposition",
        who=author.practitioner,
        purpose=Purpose.TREATMENT.value,
        when=at,
        about=tuple(one.ref for one in receipts),
    )
