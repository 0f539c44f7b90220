"""The compiled clinic, opened for reading: by client, by kind, by id."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from ehr_clients.sandbox.clinic import bundles

type Resource = dict[str, Any]

TODAY = date(2026, 11, 23)  # a Monday


@dataclass(frozen=True, slots=True)
class Shelf:
    bundles: list[Resource]

    @classmethod
    def on(cls, today: date) -> "Shelf":
        return cls(bundles(today))

    def every(self, kind: str = "") -> list[Resource]:
        found = [entry["resource"] for bundle in self.bundles for entry in bundle["entry"]]
        return [resource for resource in found if kind in ("", resource["resourceType"])]

    def of(self, alias: str, kind: str = "") -> list[Resource]:
        client = client_id(alias)
        bundle = next(bundle for bundle in self.bundles if bundle["id"] == f"{client}-bundle")
        found = [entry["resource"] for entry in bundle["entry"]]
        return [resource for resource in found if kind in ("", resource["resourceType"])]

    def one(self, alias: str, kind: str) -> Resource:
        (only,) = self.of(alias, kind)
        return only

    def aliases(self) -> list[str]:
        return [patient["identifier"][0]["value"] for patient in self.every("Patient")]


def client_id(alias: str) -> str:
    return f"sb-{alias.lower().replace('-', '')}"


def codes(concept: Resource) -> set[str]:
    return {coding["code"] for coding in concept.get("coding", [])}


def observations(resources: list[Resource], code: str) -> list[Resource]:
    """Newest first."""
    found = [resource for resource in resources if code in codes(resource["code"])]
    return sorted(found, key=lambda resource: str(resource["effectiveDateTime"]), reverse=True)


def text(document: Resource) -> str:
    return base64.b64decode(document["content"][0]["attachment"]["data"]).decode()


def progress_notes(resources: list[Resource]) -> list[Resource]:
    """Oldest first."""
    found = [resource for resource in resources if "34904-3" in codes(resource.get("type", {}))]
    return sorted(found, key=lambda resource: str(resource["date"]))


def labels(resource: Resource) -> set[str]:
    return {label["code"] for label in resource["meta"].get("security", [])}


def strings(node: Any) -> Iterator[str]:
    """Every string in a resource, with the text of its documents in the clear."""
    if isinstance(node, dict):
        if node.get("resourceType") == "DocumentReference":
            yield text(node)
        for value in node.values():
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)
    elif isinstance(node, str):
        yield node


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield node["reference"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)
