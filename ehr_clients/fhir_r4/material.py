"""What was read for one client, and what of it may be shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ehr_clients.codes import WRITE
from ehr_clients.fhir_r4.labels import never_surfaces
from ehr_clients.fhir_r4.values import Json, codes, display, kind, many, reference, string


@dataclass(frozen=True, slots=True)
class Material:
    """Everything read for one client, ready to be put into words."""

    resources: Mapping[str, list[Json]]  # by resource type, what `sift` kept
    beside: Mapping[str, Json] = field(default_factory=dict)  # included or fetched resources by reference
    names: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)  # note texts that were kept elsewhere

    def of(self, wanted: str) -> list[Json]:
        return self.resources.get(wanted, [])

    def named(self, value: Any) -> str | None:
        """The name behind a Reference: as displayed, else as looked up."""
        return display(value) or self.names.get(reference(value) or "")


@dataclass(frozen=True, slots=True)
class Sifted:
    """`kept` may be shown; `dropped` counts what never surfaces; `strangers` what is not marked as this client's."""

    kept: list[Json]
    dropped: int
    strangers: int


def sift(resources: Iterable[Json], client_id: str) -> Sifted:
    """Leaves out errors, what never surfaces, and records of anybody else (a server may ignore a search parameter)."""
    kept: list[Json] = []
    dropped = strangers = 0
    for resource in resources:
        if _entered_in_error(resource):
            continue
        if f"Patient/{client_id}" not in clients_of(resource):
            strangers += 1
        elif never_surfaces(resource):
            dropped += 1
        else:
            kept.append(resource)
    return Sifted(kept, dropped, strangers)


def _entered_in_error(resource: Json) -> bool:
    states = [
        string(resource.get("status")),
        string(resource.get("docStatus")),
        *codes(resource.get("verificationStatus")),
    ]
    return "entered-in-error" in states


def written_by_baton(resource: Json) -> bool:
    return any(string(each.get("system")) == WRITE for each in many(resource.get("identifier")))


def clients_of(resource: Json) -> list[str]:
    """References of whom it says it is about; those of others at an appointment among them."""
    if kind(resource) == "Appointment":
        return [found for item in many(resource.get("participant")) if (found := reference(item.get("actor")))]
    return [found for name in ("subject", "patient", "beneficiary", "for") if (found := reference(resource.get(name)))]
