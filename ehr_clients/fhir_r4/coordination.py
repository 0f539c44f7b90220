"""Between people: appointments, coverage, referrals, messages. Newest first."""

from ehr_clients.fhir_r4.labels import condition_looks_sud, labels_of
from ehr_clients.fhir_r4.material import Material
from ehr_clients.fhir_r4.treatment import ordered
from ehr_clients.fhir_r4.values import (
    Json,
    codes,
    day,
    instant,
    many,
    moment,
    newest_first,
    pick,
    ref_of,
    reference,
    source,
    string,
    version_of,
    words,
)
from ehr_clients.models import Appointment, Coverage, Message, Referral, Source


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


def referrals(material: Material) -> list[Referral]:
    """Orders with the step of their loop. The step comes from the task that fulfills the order."""
    tasks: dict[str, list[Json]] = {}
    for task in newest_first(material.of("Task"), lambda task: task.get("lastModified") or task.get("authoredOn")):
        tasks.setdefault(reference(task.get("focus")) or "", []).append(task)
    found = newest_first(material.of("ServiceRequest"), ordered)
    return [_referral(item, tasks.get(ref_of(item), []), material) for item in found]


def _referral(resource: Json, tasks: list[Json], material: Material) -> Referral:
    base = source(resource, "Referral", ordered(resource), material.named(resource.get("requester")))
    owners = [material.named(task.get("owner")) for task in tasks]
    return Referral(
        source=Source(base.ref, version_of(resource, *tasks), base.title, base.when, base.author),
        labels=labels_of(resource, *tasks, looks_sud=condition_looks_sud(resource)),
        what=words(resource.get("code")) or "referral not described",
        status=string(resource.get("status")),
        step=next(
            (step for task in tasks if (step := words(task.get("businessStatus")) or string(task.get("status")))), None
        ),
        to=material.named(resource.get("performer")) or next((owner for owner in owners if owner), None),
        when=day(ordered(resource)),
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
        text="\n".join(text for text in texts if text) or "(this message has no text; open it in the EHR)",
    )
