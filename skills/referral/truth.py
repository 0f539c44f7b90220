"""Where the EHR says that a referral stands: its order, the tasks that fulfill it, its visits and its report. Pure.

The words are those of FHIR R4 workflow (ServiceRequest.status, Task.status) and of HL7 BSeR, Bidirectional Services
eReferral, whose TaskBusinessStatusCS is `BY_BUSINESS` below. What neither says is not known; it is never guessed.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

from skills.kit import Appointment, LoopTask, Note, Referral
from skills.kit.words import as_day
from skills.referral.steps import NOT_KNOWN, Closure, Evidence, EvidenceKind, Standing, Step, next_of

BY_BUSINESS: Final[Mapping[str, Step]] = {  # HL7 BSeR TaskBusinessStatusCS, 2.0.0-ballot
    "2.0": Step.SENT,  # Service Request Created
    "3.0": Step.ACCEPTED,  # Service Request Accepted
    "4.0": Step.DECLINED,  # Service Request Declined
    "5.1.1": Step.SCHEDULED,  # Service Request Event Scheduled
    "5.1.2": Step.NO_SHOW,  # Scheduled Service Request Event Unattended
    "5.1.3": Step.ACCEPTED,  # Scheduled Service Request Event Cancelled: accepted, without a date again
    "5.1.4": Step.KEPT,  # Service Request Event Completed
    "7.0": Step.KEPT,  # Service Request Fulfillment Completed: kept; closed only with its report
}
BY_OUR_BUSINESS: Final[Mapping[str, Step]] = {  # what BSeR has no code for; codes.REFERRAL_STEP of the EHR client
    "unreachable": Step.UNREACHABLE,
    "redirected": Step.REDIRECTED,
    "received": Step.RECEIVED,
}
BY_STATUS: Final[Mapping[str, Step]] = {  # FHIR R4 task-status; "in-progress" and "on-hold" say too little alone
    "draft": Step.DRAFTED,
    "requested": Step.SENT,
    "received": Step.RECEIVED,
    "accepted": Step.ACCEPTED,
    "ready": Step.ACCEPTED,
    "rejected": Step.DECLINED,
}
_UNREACHED = ("unreachable", "unable to reach", "no contact")
_UNSEEN = frozenset({Step.DECLINED, Step.REDIRECTED})  # said by the receiver; a report may say it as well
_OVER = frozenset({"completed", "revoked"})


def standing_of(
    referral: Referral,
    *,
    now: datetime,
    visits: Sequence[Appointment] = (),
    reports: Sequence[Note] = (),
) -> Standing:
    """Where the EHR says that it stands. `visits` and `reports`: of the client; those linked to the order count."""
    kept, report = _kept(referral, visits, now), _report(referral, reports)
    step = _step(referral, visits, kept, report, now)
    closure = _closure_in(referral, step, kept, report)
    if closure:
        step = Step.CLOSED
    us, receiver = referral.requester or NOT_KNOWN, referral.to or (referral.task and referral.task.owner) or NOT_KNOWN
    owes, who, words = next_of(step, kept=kept is not None, us=us, receiver=receiver)
    return Standing(
        referral_id=referral.id,
        step=step,
        since=_since(referral),
        owes=owes,
        who_owes=who,
        next_step=words,
        evidence=_evidence(referral, kept, report),
        kept=kept,
        report=report,
        refusal=_refusal(referral, step, closure),
        closure=closure,
        visit=_visit(referral, visits, now) if step is Step.SCHEDULED else None,
    )


def _step(
    referral: Referral,
    visits: Sequence[Appointment],
    kept: Evidence | None,
    report: Evidence | None,
    now: datetime,
) -> Step | None:
    """A refusal, else the furthest step that is documented: by a report, a visit, or the task's own word."""
    said = _said(referral.task) if referral.task else None
    if said in _UNSEEN and not kept:
        return said
    if report:
        return Step.REPORT_BACK
    if kept:
        return Step.KEPT
    if referral.task is None:
        return Step.DRAFTED if referral.status == "draft" else None
    return _booked(referral, visits, now) or said


def _said(task: LoopTask) -> Step | None:
    """What the newest task says: its business status, else its status where that says enough alone."""
    if task.business:
        return BY_BUSINESS.get(task.business) or BY_OUR_BUSINESS.get(task.business)
    if task.business_text and any(words in task.business_text.lower() for words in _UNREACHED):
        return Step.UNREACHABLE
    return BY_STATUS.get(task.status or "")


def _booked(referral: Referral, visits: Sequence[Appointment], now: datetime) -> Step | None:
    """What the newest linked appointment says: ahead, or missed. One that is over and still booked says nothing."""
    linked = [each for each in visits if referral.source.ref in each.for_referrals and each.start]
    newest = max(linked, key=lambda each: each.start or now, default=None)
    match newest.status if newest else None:
        case "noshow":
            return Step.NO_SHOW
        case "booked" | "pending" if newest and newest.start and newest.start > now:
            return Step.SCHEDULED
        case _:
            return None


def _visit(referral: Referral, visits: Sequence[Appointment], now: datetime) -> date | None:
    """The day of the next linked visit, in the zone the EHR gave."""
    starts = [each.start for each in visits if referral.source.ref in each.for_referrals and each.start]
    return min((as_day(start) for start in starts if start > now), default=None)


def _kept(referral: Referral, visits: Sequence[Appointment], now: datetime) -> Evidence | None:
    for each in visits:
        if referral.source.ref in each.for_referrals and each.status in {"fulfilled", "checked-in", "arrived"}:
            return Evidence(
                kind=EvidenceKind.VISIT, said_by=each.with_ or "the EHR", when=each.start, ref=each.source.ref
            )
    task = referral.task
    if task and task.business in {"5.1.4", "7.0"}:
        return _of_task(task, EvidenceKind.VISIT)
    return None


def _report(referral: Referral, reports: Sequence[Note]) -> Evidence | None:
    for task in referral.tasks:
        for report in task.reports:
            return Evidence(
                kind=EvidenceKind.REPORT,
                said_by=task.owner or referral.to or "the EHR",
                when=task.modified,
                ref=report.ref or task.ref,
                words=report.text or "",
            )
    for note in reports:
        if referral.source.ref in note.for_referrals:
            said_by = note.author or "the EHR"
            return Evidence(kind=EvidenceKind.REPORT, said_by=said_by, when=note.when, ref=note.source.ref)
    return None


def _closure_in(
    referral: Referral, step: Step | None, kept: Evidence | None, report: Evidence | None
) -> Closure | None:
    """Closed in the EHR: the order is over, and what it rests on is there."""
    if referral.status not in _OVER:
        return None
    if kept and report:
        return Closure.VISIT_AND_REPORT
    reason = bool(referral.task and (referral.task.reason or referral.task.notes))
    if step is Step.DECLINED and reason:
        return Closure.REFUSAL
    return Closure.REDIRECT if step is Step.REDIRECTED and reason else None


def _refusal(referral: Referral, step: Step | None, closure: Closure | None) -> Evidence | None:
    refused = step in {Step.DECLINED, Step.REDIRECTED} or closure in {Closure.REFUSAL, Closure.REDIRECT}
    task = referral.task
    return _of_task(task) if refused and task and (task.reason or task.notes) else None


def _of_task(task: LoopTask, kind: EvidenceKind = EvidenceKind.TASK) -> Evidence:
    words = task.reason or "".join(task.notes[-1:]) or task.business_text or task.status or ""
    return Evidence(kind=kind, said_by=task.owner or "the EHR", when=task.modified, ref=task.ref, words=words)


def _evidence(referral: Referral, kept: Evidence | None, report: Evidence | None) -> tuple[Evidence, ...]:
    order = Evidence(
        kind=EvidenceKind.ORDER,
        said_by=referral.requester or "the EHR",
        when=referral.when,
        ref=referral.source.ref,
        words=referral.status or "",
    )
    told = (_of_task(referral.task),) if referral.task else ()
    return (order, *told, *(each for each in (kept, report) if each and each not in told))


def _since(referral: Referral) -> date | None:
    task = referral.task
    when = (task.modified or task.authored) if task else referral.when
    return as_day(when) if when else None
