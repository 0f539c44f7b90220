"""Other people's charts in the sandbox: each visiting client gets a care team of the sandbox's staff, so that
the demo's clinicians may work with them. Nothing else is added, and nothing is changed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ehr_clients.sandbox.bundles import read_folder

MEMBERS = ("sb-p-vega", "sb-p-osei", "sb-p-raman", "sb-p-whitaker")


def with_care_teams(folder: Path) -> list[dict[str, Any]]:
    """The folder's bundles, then one care team a client. Raises ChartsUnreadable; ValueError when nobody is in it."""
    found = read_folder(folder)
    clients = sorted({patient["id"] for content in found for patient in _patients(content) if "id" in patient})
    if not clients:
        raise ValueError("There is no client in this folder: it needs FHIR R4 bundles with Patient resources.")
    return [*found, {"resourceType": "Bundle", "type": "collection", "entry": [_entry(id_) for id_ in clients]}]


def _patients(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    resources = [entry.get("resource", {}) for entry in content.get("entry", [])] or [content]
    return (resource for resource in resources if resource.get("resourceType") == "Patient")


def _entry(client_id: str) -> dict[str, Any]:
    members = [{"member": {"reference": f"Practitioner/{id_}"}} for id_ in MEMBERS]
    return {
        "resource": {
            "resourceType": "CareTeam",
            "id": f"demo-{client_id}"[:64],
            "status": "active",
            "name": "Demo care team",
            "subject": {"reference": f"Patient/{client_id}"},
            "participant": members,
        }
    }
