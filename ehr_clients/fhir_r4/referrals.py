"""Referrals: orders, with the tasks that ask somebody to fulfill them. Newest first; the codes stay the EHR's own."""

from ehr_clients.codes import BSER_BUSINESS_STATUS, WRITE
from ehr_clients.fhir_r4.labels import condition_looks_sud, labels_of
from ehr_clients.fhir_r4.material import Material
from ehr_clients.fhir_r4.treatment import ordered
from ehr_clients.fhir_r4.values import (
    Json,
    codes,
    day,
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
from ehr_clients.models import LinkedReport, LoopTask, Referral, Source

FULFILL = "fulfill"  # of the code system task-code


def referrals(material: Material) -> list[Referral]:
    """Orders with the step of their loop. The step comes from the task that fulfills the order."""
    tasks: dict[str, list[Json]] = {}
    for task in newest_first(material.of("Task"), lambda task: task.get("lastModified") or task.get("authoredOn")):
        tasks.setdefault(reference(task.get("focus")) or _based_on(task) or "", []).append(task)
    found = newest_first(material.of("ServiceRequest"), ordered)
    return [_referral(item, tasks.get(ref_of(item), []), material) for item in found]


def _based_on(task: Json) -> str | None:
    """Some name the order only there."""
    refs = [reference(each) for each in many(task.get("basedOn"))]
    return next((ref for ref in refs if ref and ref.startswith("ServiceRequest/")), None)


def _referral(resource: Json, tasks: list[Json], material: Material) -> Referral:
    requester = material.named(resource.get("requester"))
    base = source(resource, "Referral", ordered(resource), requester)
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
        to_ref=reference(pick(resource, "performer")),
        requester=requester,
        requester_ref=reference(resource.get("requester")),
        urgency=string(resource.get("priority")),
        needed_by=day(pick(resource, "occurrencePeriod", "end")) or day(resource.get("occurrenceDateTime")),
        question=words(resource.get("reasonCode")),
        notes=_notes(resource),
        number=_number(resource),
        version=version_of(resource),
        tasks=tuple(_task(task, material) for task in tasks if _of_the_loop(task)),
    )


def _number(order: Json) -> str | None:
    """The placer's number, else any number of the order's that is not a key of ours."""
    marks = [mark for mark in many(order.get("identifier")) if mark.get("system") != WRITE]
    placed = [mark for mark in marks if "PLAC" in codes(mark.get("type"))]
    return next((value for mark in [*placed, *marks] if (value := string(mark.get("value")))), None)


def _of_the_loop(task: Json) -> bool:
    """Whether it asks for the order to be fulfilled. Other tasks about an order are a team's own reminders."""
    coded = task.get("code")
    return not coded or FULFILL in codes(coded) or bool(task.get("businessStatus"))


def _task(task: Json, material: Material) -> LoopTask:
    return LoopTask(
        ref=ref_of(task),
        version=version_of(task),
        status=string(task.get("status")),
        business=_business(task),
        business_text=words(task.get("businessStatus")),
        owner=material.named(task.get("owner")),
        owner_ref=reference(task.get("owner")),
        authored=moment(task.get("authoredOn")),
        modified=moment(task.get("lastModified")),
        due=day(pick(task, "restriction", "period", "end")),
        reason=words(task.get("statusReason")),
        notes=_notes(task),
        reports=tuple(_reports(task)),
    )


def _business(task: Json) -> str | None:
    """BSeR's code where there is one, else whatever the EHR uses."""
    coded = task.get("businessStatus")
    return next(iter([*codes(coded, BSER_BUSINESS_STATUS), *codes(coded)]), None)


def _notes(resource: Json) -> tuple[str, ...]:
    """The newest last, as they were added."""
    return tuple(text for note in many(resource.get("note")) if (text := string(note.get("text"))))


def _reports(task: Json) -> list[LinkedReport]:
    found = [
        (reference(each.get("valueReference")), string(each.get("valueString"))) for each in many(task.get("output"))
    ]
    return [LinkedReport(ref, text) for ref, text in found if ref or text]
