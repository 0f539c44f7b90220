"""What an EHR says it can do (/metadata), and what Baton does when it cannot.

Each kind of write has its routes, best first; the first one the EHR offers is taken. An EHR that takes neither a
document nor a message cannot be filed to at all, and that is said before anyone drafts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ehr_clients.models import Section
from ehr_clients.port import Capability, Op, Write

_OWN_STORE = "kept in Baton's own store; this EHR takes no such record"


@dataclass(frozen=True, slots=True)
class Offer:
    """What is offered for one resource type. Empty `params`: the server does not list them."""

    interactions: frozenset[str] = frozenset()
    params: frozenset[str] = frozenset()
    includes: frozenset[str] = frozenset()
    revincludes: frozenset[str] = frozenset()
    conditional_create: bool = False

    def includes_(self, path: str) -> bool:
        return bool({path, "*"} & self.includes)


@dataclass(frozen=True, slots=True)
class Abilities:
    software: str
    types: Mapping[str, Offer]
    system: frozenset[str]  # "batch", "transaction" ...

    def can(self, kind: str, interaction: str) -> bool:
        return interaction in self.offer(kind).interactions

    def offer(self, kind: str) -> Offer:
        return self.types.get(kind, Offer())


@dataclass(frozen=True, slots=True)
class Route:
    """How one kind of write goes: as which resource type (None: own store, or nowhere when `op` is None)."""

    op: Op | None
    kind: str | None
    how: str
    changes: bool = False  # changes what the EHR holds, instead of adding to it


_ROUTES: dict[str, tuple[Route, ...]] = {
    "DocumentWrite": (
        Route(Op.NATIVE, "DocumentReference", "stored as a DocumentReference"),
        Route(Op.FALLBACK, "Communication", "stored as a Communication; this EHR takes no documents"),
        Route(None, None, "nothing can be filed: this EHR takes neither documents nor messages"),
    ),
    "CommunicationWrite": (
        Route(Op.NATIVE, "Communication", "stored as a Communication"),
        Route(Op.FALLBACK, "DocumentReference", "stored as a DocumentReference; this EHR takes no messages"),
        Route(Op.OWN_STORE, None, _OWN_STORE),
    ),
    "TaskWrite": (
        Route(Op.NATIVE, "Task", "stored as a Task"),
        Route(Op.FALLBACK, "Communication", "told to the team as a Communication; this EHR creates no tasks"),
        Route(Op.OWN_STORE, None, _OWN_STORE),
    ),
    "TaskStatusWrite": (
        Route(Op.NATIVE, "Task", "changed in the Task itself, over the version that was read", changes=True),
        Route(Op.FALLBACK, "Communication", "told to the team as a Communication; this EHR changes no tasks"),
        Route(Op.OWN_STORE, None, _OWN_STORE),
    ),
    "OrderStatusWrite": (
        Route(Op.NATIVE, "ServiceRequest", "changed in the ServiceRequest itself, over the version read", changes=True),
        Route(Op.FALLBACK, "Communication", "told to the team as a Communication; this EHR changes no orders"),
        Route(Op.OWN_STORE, None, _OWN_STORE),
    ),
    "FlagWrite": (
        Route(Op.NATIVE, "Flag", "stored as a Flag"),
        Route(Op.FALLBACK, "Communication", "told to the team as a Communication; this EHR creates no alerts"),
        Route(Op.OWN_STORE, None, _OWN_STORE),
    ),
    "CarePlanWrite": (
        Route(Op.NATIVE, "CarePlan", "stored as a CarePlan in draft"),
        Route(Op.FALLBACK, "DocumentReference", "stored as a preliminary document; this EHR creates no care plans"),
        Route(Op.FALLBACK, "Communication", "told to the team as a Communication; this EHR takes no such document"),
        Route(Op.OWN_STORE, None, _OWN_STORE),
    ),
    "ProvenanceWrite": (
        Route(Op.NATIVE, "Provenance", "stored as a Provenance"),
        Route(Op.OWN_STORE, None, _OWN_STORE),
    ),
    "AuditWrite": (
        Route(Op.NATIVE, "AuditEvent", "stored as an AuditEvent"),
        Route(Op.FALLBACK, "DocumentReference", "stored as a DocumentReference of the audit record, as configured"),
        Route(Op.OWN_STORE, None, _OWN_STORE),
    ),
}

READS: dict[Section, str] = {
    Section.CLIENT: "Patient",
    Section.PROBLEMS: "Condition",
    Section.NOTES: "DocumentReference",
    Section.PLAN: "CarePlan",
    Section.ASSESSMENTS: "Observation",
    Section.MEDICATIONS: "MedicationRequest",
    Section.ALLERGIES: "AllergyIntolerance",
    Section.ALERTS: "Flag",
    Section.SAFETY_PLAN: "CarePlan",
    Section.CARE_TEAM: "CareTeam",
    Section.APPOINTMENTS: "Appointment",
    Section.COVERAGE: "Coverage",
    Section.REFERRALS: "ServiceRequest",
    Section.CONSENTS: "Consent",
    Section.MESSAGES: "Communication",
}
_WATCHED = ("Observation", "QuestionnaireResponse", "DocumentReference", "Communication", "Appointment")
PATIENT_PARAMS = ("patient", "subject", "beneficiary")


def parse(statement: Mapping[str, Any]) -> Abilities:
    """A CapabilityStatement as it came. Odd or missing parts offer nothing."""
    software = statement.get("software")
    name = str(software.get("name", "unnamed")) if isinstance(software, dict) else "unnamed"
    servers = [rest for rest in _dicts(statement.get("rest")) if rest.get("mode", "server") == "server"]
    types: dict[str, Offer] = {}
    for entry in (entry for rest in servers for entry in _dicts(rest.get("resource"))):
        types[str(entry.get("type"))] = _offer(entry)
    return Abilities(name, types, frozenset(code for rest in servers for code in _codes(rest)))


def _offer(entry: Mapping[str, Any]) -> Offer:
    return Offer(
        interactions=frozenset(_codes(entry)),
        params=frozenset(str(param.get("name")) for param in _dicts(entry.get("searchParam"))),
        includes=frozenset(_strings(entry.get("searchInclude"))),
        revincludes=frozenset(_strings(entry.get("searchRevInclude"))),
        conditional_create=entry.get("conditionalCreate") is True,
    )


def route(write: type[Write] | str, abilities: Abilities, *, audit_as_document: bool = False) -> Route:
    """The best way this EHR offers for one kind of write. Only what can also be read back counts."""
    name = write if isinstance(write, str) else write.__name__
    for candidate in _ROUTES[name]:
        if candidate.kind is None:
            return candidate
        if name == "AuditWrite" and candidate.op is Op.FALLBACK and not audit_as_document:
            continue
        stores = "update" if candidate.changes else "create"
        if abilities.can(candidate.kind, stores) and abilities.can(candidate.kind, "read"):
            return candidate
    raise AssertionError(f"the routes of {name} have no last resort")


def searchable_by_client(kind: str, abilities: Abilities) -> bool:
    offer = abilities.offer(kind)
    if "search-type" not in offer.interactions:
        return False
    return not offer.params or bool(offer.params & set(PATIENT_PARAMS))


def watched(abilities: Abilities) -> tuple[str, ...]:
    """The types a crisis signal may come from, as far as this EHR shows them at all."""
    return tuple(kind for kind in _WATCHED if searchable_by_client(kind, abilities))


def tells_changes(abilities: Abilities) -> bool:
    """Whether all of them can be searched by when they changed. One that cannot would be a hole."""
    kinds = watched(abilities)
    return bool(kinds) and all("_lastUpdated" in abilities.offer(kind).params for kind in kinds)


def lists_caseloads(abilities: Abilities) -> bool:
    by = (("CareTeam", "participant"), ("Patient", "general-practitioner"))
    return any(param in abilities.offer(kind).params for kind, param in by)


def matrix(abilities: Abilities, *, audit_as_document: bool = False) -> list[Capability]:
    """Reads by section, then writes, each with a sentence."""
    return [*_reads(abilities), _changes(abilities), *_writes(abilities, audit_as_document=audit_as_document)]


def _reads(abilities: Abilities) -> Iterator[Capability]:
    for section, kind in READS.items():
        able = abilities.can(kind, "read") if kind == "Patient" else searchable_by_client(kind, abilities)
        how = f"read from {kind}" if able else f"this EHR offers no {kind} by client"
        yield Capability(f"read {section.value}", Op.NATIVE if able else None, how)


def _changes(abilities: Abilities) -> Capability:
    if tells_changes(abilities):
        return Capability("changes", Op.NATIVE, "searched by _lastUpdated, each minute, for crisis signals")
    if lists_caseloads(abilities):
        how = "this EHR cannot say what changed: the charts of the caseloads are read in turn for crisis signals"
        return Capability("changes", Op.FALLBACK, how)
    return Capability("changes", None, "this EHR says neither what changed nor who is in care: use /crisis")


def _writes(abilities: Abilities, *, audit_as_document: bool) -> Iterator[Capability]:
    for name in _ROUTES:
        way = route(name, abilities, audit_as_document=audit_as_document)
        yield Capability(name, way.op, way.how + _belt(way, abilities))


def _belt(way: Route, abilities: Abilities) -> str:
    """What keeps a repeated write from being stored twice."""
    if way.kind is None:
        return ""
    if way.changes:
        return "; refused when somebody changed it since"
    once = abilities.offer(way.kind).conditional_create
    return "; stored once by conditional create" if once else "; looked up by key before it is stored"


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _codes(entry: Mapping[str, Any]) -> Iterator[str]:
    return (str(item.get("code")) for item in _dicts(entry.get("interaction")))
