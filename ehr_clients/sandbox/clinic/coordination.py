"""Everything between people: ServiceRequest and Task (the referral loop), Consent, Communication."""

from dataclasses import dataclass

from ehr_clients.sandbox.clinic.desk import Desk
from ehr_clients.sandbox.clinic.sources import Consent, LoopState, Message, Referral
from ehr_clients.sandbox.clinic.terms import (
    ACT_CODE,
    ACT_REASON,
    LOINC,
    LOOP_STATE,
    PART2_LABELS,
    PLACER,
    Resource,
    coding,
    concept,
    filled,
    ref,
)

_HL7 = "http://terminology.hl7.org/CodeSystem"


@dataclass(frozen=True, slots=True)
class LoopStep:
    """One step of the loop in FHIR's words. A step without a task has not left the clinic."""

    order: str
    task: str | None
    business: tuple[str, str] | None


_LOOP: dict[LoopState, LoopStep] = {
    "drafted": LoopStep("draft", None, None),
    "sent": LoopStep("active", "requested", ("2.0", "Service Request Created")),
    "accepted": LoopStep("active", "accepted", ("3.0", "Service Request Accepted")),
    "declined": LoopStep("revoked", "rejected", ("4.0", "Service Request Declined")),
    "scheduled": LoopStep("active", "in-progress", ("5.1.1", "Appointment Scheduled")),
    "no_show": LoopStep("active", "in-progress", ("5.1.2", "No Show")),
    "cancelled": LoopStep("active", "on-hold", ("5.1.3", "Appointment Cancelled")),
    "kept": LoopStep("active", "in-progress", ("5.1.4", "Service Event Completed")),
    "closed": LoopStep("completed", "completed", ("7.0", "Service Request Fulfillment Completed")),
    "unreachable": LoopStep("active", "failed", None),
}


def coordination(desk: Desk) -> list[Resource]:
    chart = desk.chart
    made = [
        resource for number, item in enumerate(chart.referrals, start=1) for resource in _referral(desk, number, item)
    ]
    made += [_consent(desk, number, item) for number, item in enumerate(chart.consents, start=1)]
    return made + [_message(desk, number, item) for number, item in enumerate(chart.messages, start=1)]


def _referral(desk: Desk, number: int, item: Referral) -> list[Resource]:
    step = _LOOP[item.state]
    body = filled(
        identifier=[
            {
                "type": concept(coding(f"{_HL7}/v2-0203", "PLAC")),
                "system": PLACER,
                "value": f"{desk.chart.client_id}-{number}",
            }
        ],
        status=step.order,
        intent="order",
        priority=item.urgency,
        code=concept(text=item.what),
        subject=desk.client,
        authoredOn=desk.date(-item.days_ago),
        occurrencePeriod={"end": desk.date(item.needed_in_days)} if item.needed_in_days else None,
        requester=desk.person(item.by),
        performer=[{"display": item.to}],
        reasonCode=[concept(text=desk.calendar.written(item.why))],
    )
    order = desk.resource("ServiceRequest", f"referral-{number}", body)
    return [order, _task(desk, number, item, step)] if step.task else [order]


def _task(desk: Desk, number: int, item: Referral, step: LoopStep) -> Resource:
    """The loop closes only with an output; until then the outcome, if any, is a remark."""
    outcome = desk.calendar.written(item.outcome) if item.outcome else None
    report = {"type": concept(text="Consultation report"), "valueString": outcome}
    body = filled(
        status=step.task,
        businessStatus=concept(coding(LOOP_STATE, *step.business))
        if step.business
        else concept(text="Client unreachable"),
        statusReason=concept(text=outcome)
        if item.state in {"declined", "unreachable", "cancelled"} and outcome
        else None,
        intent="order",
        priority=item.urgency,
        code=concept(coding("http://hl7.org/fhir/CodeSystem/task-code", "fulfill")),
        focus=ref("ServiceRequest", f"{desk.chart.client_id}-referral-{number}"),
        for_=desk.client,
        authoredOn=desk.date(-item.days_ago),
        lastModified=desk.date(-item.updated_days_ago),
        requester=desk.person(item.by),
        owner=desk.person(item.owner) if item.owner else {"display": item.to},
        restriction={"period": {"end": desk.date(item.needed_in_days)}} if item.needed_in_days else None,
        note=[{"text": outcome}] if outcome and item.state != "closed" else [],
        output=[report] if item.state == "closed" else [],
    )
    return desk.resource("Task", f"task-{number}", body)


def _consent(desk: Desk, number: int, item: Consent) -> Resource:
    """The shape of IHE PCF: one provision, the recipient as IRCP, Part 2 records named by their security labels."""
    ended = -item.ended_days_ago if item.ended_days_ago else item.ends_in_days
    period = filled(start=desk.date(-item.signed_days_ago), end=desk.date(ended) if ended else None)
    recipient = coding("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP", "information recipient")
    provision = filled(
        type="permit" if item.permit else "deny",
        period=period,
        actor=[{"role": concept(recipient), "reference": {"display": item.recipient}}],
        purpose=[coding(ACT_REASON, purpose) for purpose in item.purposes],
        securityLabel=[coding(*label) for label in PART2_LABELS[1:]] if item.kind == "part2_tpo" else [],
    )
    body = filled(
        extension=[_remark(desk.calendar.written(item.note))] if item.note else [],
        status=item.status,
        scope=concept(coding(f"{_HL7}/consentscope", "patient-privacy", "Privacy Consent")),
        category=[
            concept(coding(LOINC, "59284-0", "Consent Document"), text=item.title),
            concept(coding(ACT_CODE, "INFA", "information access")),
        ],
        patient=desk.client,
        dateTime=desk.date(-item.signed_days_ago),
        performer=[desk.client],
        organization=[ref("Organization", "sb-clinic")],
        policyRule=_policy(item),
        provision=provision,
    )
    return desk.resource("Consent", f"consent-{number}", body, label="none")


def _policy(item: Consent) -> Resource:
    if item.kind == "part2_tpo":
        return concept(
            coding(ACT_CODE, "42CFRPart2", "42 CFR Part2"),
            text="42 CFR Part 2, consent for treatment, payment and operations",
        )
    return concept(coding(ACT_CODE, "HIPAAAuth", "HIPAA Authorization Disclosure"))


def _remark(text: str) -> Resource:
    return {"url": "https://baton.care/fhir/consent-remark", "valueString": text}


def _message(desk: Desk, number: int, item: Message) -> Resource:
    body = {
        "status": "completed",
        "subject": desk.client,
        "topic": concept(text=item.topic),
        "sent": desk.calendar.moment(-item.days_ago, item.at),
        "sender": desk.person(item.sender),
        "recipient": [desk.person(slug) for slug in item.to],
        "payload": [{"contentString": desk.calendar.written(item.text)}],
    }
    return desk.resource("Communication", f"message-{number}", body)
