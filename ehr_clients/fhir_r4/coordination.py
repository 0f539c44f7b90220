"""Between people: appointments, coverage, messages. Newest first. Referrals have a file of their own."""

from ehr_clients.fhir_r4.labels import labels_of
from ehr_clients.fhir_r4.material import Material
from ehr_clients.fhir_r4.values import (
    Json,
    codes,
    day,
    instant,
    many,
    moment,
    newest_first,
    pick,
    reference,
    references,
    source,
    string,
    words,
)
from ehr_clients.models import Appointment, Coverage, Message


def appointments(material: Material) -> list[Appointment]:
    return [_appointment(item, material) for item in newest_first(material.of("Appointment"), lambda a: a.get("start"))]


def _appointment(resource: Json, material: Material) -> Appointment:
    actors = [item.get("actor") for item in many(resource.get("participant"))]
    staff = [actor for actor in actors if (reference(actor) or "").startswith("Practitioner")]
    reason = (
        words(resource.get("cancelationReason")) or words(resource.get("reasonCode")) or string(resource.get("comment"))
    )
    return Appointment(
        source=source(resource, "Appointment", resource.get("start")),
        labels=labels_of(resource),
        start=instant(resource.get("start")),
        status=string(resource.get("status")),
        kind=words(resource.get("serviceType")) or words(resource.get("appointmentType")),
        with_=next((name for actor in staff if (name := material.named(actor))), None),
        reason=reason or string(resource.get("description")),
        for_referrals=tuple(ref for ref in references(resource.get("basedOn")) if ref.startswith("ServiceRequest/")),
    )


def coverages(material: Material) -> list[Coverage]:
    return [
        _coverage(item, material)
        for item in newest_first(material.of("Coverage"), lambda c: pick(c, "period", "start"))
    ]


def _coverage(resource: Json, material: Material) -> Coverage:
    classes = many(resource.get("class"))
    plan = next((string(item.get("name")) for item in classes if "plan" in codes(item.get("type"))), None)
    return Coverage(
        source=source(resource, "Coverage", pick(resource, "period", "start")),
        labels=labels_of(resource),
        payer=material.named(resource.get("payor")),
        plan=plan or words(resource.get("type")),
        status=string(resource.get("status")),
        ends=day(pick(resource, "period", "end")),
    )


def messages(material: Material) -> list[Message]:
    found = [item for item in material.of("Communication") if string(item.get("status")) != "not-done"]
    return [_message(item, material) for item in newest_first(found, _sent)]


def _sent(resource: Json) -> str | None:
    return string(resource.get("sent")) or string(resource.get("received"))


def _message(resource: Json, material: Material) -> Message:
    texts = [string(payload.get("contentString")) for payload in many(resource.get("payload"))]
    sender = material.named(resource.get("sender"))
    return Message(
        source=source(resource, words(resource.get("topic")) or "Message", _sent(resource), sender),
        labels=labels_of(resource),
        when=moment(_sent(resource)),
        sender=sender,
        from_client=_from_client(reference(resource.get("sender"))),
        text="\n".join(text for text in texts if text) or "(this message has no text; open it in the EHR)",
    )


def _from_client(sender: str | None) -> bool | None:
    return None if sender is None else sender.startswith(("Patient/", "RelatedPerson/"))
