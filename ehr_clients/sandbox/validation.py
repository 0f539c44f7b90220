"""What a resource must have before it is stored: the edge where a strict server stops a careless client.

Not the whole of R4: the elements R4 makes mandatory for the types Baton and its neighbours write, the status codes,
and that every reference to this server points at something. Charts loaded from bundles are not held to it: real
charts have gaps.
"""

import json
from collections.abc import Callable
from typing import Any

from ehr_clients.sandbox import references
from ehr_clients.sandbox.outcome import FhirError, Resource, invalid
from ehr_clients.sandbox.params import TYPES
from ehr_clients.sandbox.paths import values
from ehr_clients.sandbox.store import Key

DEEPEST = 60

_MEDICATION = "medicationCodeableConcept|medicationReference"

MANDATORY = {
    "AllergyIntolerance": ("patient",),
    "Appointment": ("status", "participant", "participant.status"),
    "AuditEvent": ("type", "recorded", "agent", "agent.requestor", "source", "source.observer"),
    "CarePlan": ("status", "intent", "subject"),
    "ClinicalImpression": ("status", "subject"),
    "Communication": (
        "status",
        "payload.contentString|payload.contentAttachment|payload.contentReference",
    ),
    "CommunicationRequest": (
        "status",
        "payload.contentString|payload.contentAttachment|payload.contentReference",
    ),
    "Composition": ("status", "type", "date", "author", "title"),
    "Condition": ("subject",),
    "Consent": ("status", "scope", "category"),
    "Coverage": ("status", "beneficiary", "payor"),
    "CoverageEligibilityRequest": ("status", "purpose", "patient", "created", "insurer"),
    "DetectedIssue": ("status",),
    "DiagnosticReport": ("status", "code"),
    "DocumentReference": ("status", "content", "content.attachment", "relatesTo.code", "relatesTo.target"),
    "Encounter": ("status", "class"),
    "EpisodeOfCare": ("status", "patient"),
    "Flag": ("status", "code", "subject"),
    "Goal": ("lifecycleStatus", "description", "subject"),
    "Group": ("type", "actual"),
    "Immunization": ("status", "vaccineCode", "patient", "occurrenceDateTime|occurrenceString"),
    "List": ("status", "mode"),
    "Media": ("status", "content"),
    "MedicationAdministration": ("status", "subject", _MEDICATION, "effectiveDateTime|effectivePeriod"),
    "MedicationDispense": ("status", _MEDICATION),
    "MedicationRequest": ("status", "intent", "subject", _MEDICATION),
    "MedicationStatement": ("status", "subject", _MEDICATION),
    "Observation": ("status", "code"),
    "Procedure": ("status", "subject"),
    "Provenance": ("target", "recorded", "agent", "agent.who"),
    "Questionnaire": ("status",),
    "QuestionnaireResponse": ("status", "item.linkId"),
    "RelatedPerson": ("patient",),
    "RiskAssessment": ("status", "subject"),
    "Schedule": ("actor",),
    "ServiceRequest": ("status", "intent", "subject"),
    "Slot": ("schedule", "status", "start", "end"),
    "Subscription": ("status", "reason", "criteria", "channel"),
    "Task": ("status", "intent"),
}
"""Type -> elements; `a|b` is a choice; `agent.who` is asked of every agent there is."""

_EVENT = "preparation in-progress not-done on-hold stopped completed entered-in-error unknown"
_REQUEST = "draft active on-hold revoked completed entered-in-error unknown"
_OBSERVATION = "registered preliminary final amended corrected cancelled entered-in-error unknown"
_INTENT = "proposal plan directive order original-order reflex-order filler-order instance-order option"

CODES = {
    (
        "Appointment",
        "status",
    ): "proposed pending booked arrived fulfilled cancelled noshow entered-in-error checked-in waitlist",
    ("AuditEvent", "action"): "C R U D E",
    ("AuditEvent", "outcome"): "0 4 8 12",
    ("CarePlan", "status"): _REQUEST,
    ("CarePlan", "intent"): "proposal plan order option",
    ("CareTeam", "status"): "proposed active suspended inactive entered-in-error",
    ("Communication", "status"): _EVENT,
    ("Communication", "priority"): "routine urgent asap stat",
    ("CommunicationRequest", "status"): _REQUEST,
    ("Composition", "status"): "preliminary final amended entered-in-error",
    ("Consent", "status"): "draft proposed active rejected inactive entered-in-error",
    ("Coverage", "status"): "active cancelled draft entered-in-error",
    ("DetectedIssue", "status"): _OBSERVATION,
    ("DiagnosticReport", "status"): f"{_OBSERVATION} partial appended",
    ("DocumentReference", "status"): "current superseded entered-in-error",
    ("DocumentReference", "docStatus"): "preliminary final amended entered-in-error",
    ("Encounter", "status"): "planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown",
    ("Flag", "status"): "active inactive entered-in-error",
    ("Goal", "lifecycleStatus"): (
        "proposed planned accepted active on-hold completed cancelled entered-in-error rejected"
    ),
    ("Observation", "status"): _OBSERVATION,
    ("QuestionnaireResponse", "status"): "in-progress completed amended entered-in-error stopped",
    ("RiskAssessment", "status"): _OBSERVATION,
    ("ServiceRequest", "status"): _REQUEST,
    ("ServiceRequest", "intent"): _INTENT,
    ("ServiceRequest", "priority"): "routine urgent asap stat",
    ("Task", "status"): (
        "draft requested received accepted rejected ready cancelled in-progress on-hold failed completed "
        "entered-in-error"
    ),
    ("Task", "intent"): f"unknown {_INTENT}",
    ("Task", "priority"): "routine urgent asap stat",
}


def parsed(body: bytes) -> Resource:
    """The JSON object of a request body, or FhirError 400. Nothing in it can surprise the code behind."""
    try:
        found = json.loads(body.decode(), parse_constant=_refuse_constant)
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise invalid("The body is not valid JSON in UTF-8.") from None
    if not isinstance(found, dict):
        raise invalid("The body must be one JSON object.")
    if _deeper_than(found, DEEPEST):
        raise invalid("The body is nested too deeply.")
    return found


def check(resource: Resource, key: Key | None, resource_type: str, known: Callable[[Key], bool]) -> None:
    """Raises FhirError: 400 for a resource that is not what R4 wants here, 422 for a reference to nothing on this
    server.
    """
    _check_shape(resource, key, resource_type)
    _check_mandatory(resource, resource_type)
    _check_codes(resource, resource_type)
    for reference in references.mentioned(resource):
        _check_reference(reference, known)


def _check_shape(resource: Resource, key: Key | None, resource_type: str) -> None:
    if resource.get("resourceType") != resource_type:
        raise invalid(f"The body must be a resource of type {resource_type}.")
    if not isinstance(resource.get("meta", {}), dict):
        raise invalid("The element meta must be an object.")
    if key is not None and resource.get("id") != key.id:
        raise invalid("The id in the body must be the id in the address.")


def _check_mandatory(resource: Resource, resource_type: str) -> None:
    for element in MANDATORY.get(resource_type, ()):
        parent, names = _split(element)
        owners = list(values(resource, parent)) if parent else [resource]
        if any(not _has_one_of(owner, names) for owner in owners):
            raise FhirError(400, "required", f"{resource_type} needs the element {element.replace('|', ' or ')}.")


def _split(element: str) -> tuple[str, list[str]]:
    choices = [choice.rpartition(".") for choice in element.split("|")]
    return choices[0][0], [name for _, _, name in choices]


def _has_one_of(owner: Any, names: list[str]) -> bool:
    """A boolean false counts as there; an empty string, list or object does not."""
    return isinstance(owner, dict) and any(owner.get(name) not in (None, "", [], {}) for name in names)


def _check_codes(resource: Resource, resource_type: str) -> None:
    for (owner, element), codes in CODES.items():
        code = resource.get(element) if owner == resource_type else None
        if code is not None and code not in codes.split():
            raise FhirError(400, "code-invalid", f"{resource_type}.{element} has a code R4 does not know.")


def _check_reference(reference: str, known: Callable[[Key], bool]) -> None:
    if reference.startswith("urn:uuid:"):
        raise FhirError(422, "not-found", "A reference by urn:uuid has nothing to point at in this request.")
    found = references.local(reference)
    if found is None:
        return
    if found[0] not in TYPES:
        raise invalid("A reference names a resource type R4 does not know.")
    if not known(Key(*found)):
        raise FhirError(422, "not-found", f"A reference points at a {found[0]} that is not on this server.")


def _deeper_than(found: Any, limit: int) -> bool:
    ring = [found]
    for _ in range(limit):
        ring = [child for node in ring for child in _children(node)]
        if not ring:
            return False
    return True


def _children(node: Any) -> list[Any]:
    inside = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [child for child in inside if isinstance(child, dict | list)]


def _refuse_constant(name: str) -> float:
    raise ValueError(name)
