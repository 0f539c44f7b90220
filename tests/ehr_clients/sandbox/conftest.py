from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ehr_clients.sandbox import SandboxServer
from tests.ehr_clients.sandbox.visitor import SECRET, Visitor

LOINC = "http://loinc.org"


@pytest.fixture
def cohort() -> Path:
    return Path(__file__).parents[2] / "fixtures" / "cohort"


@pytest.fixture
def small_chart() -> dict[str, Any]:
    """Two clients, one clinician, three scores, a task: enough to tell a right answer from a wrong one."""
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in _resources()]}


@pytest.fixture
async def visitor(small_chart: dict[str, Any]) -> AsyncIterator[Visitor]:
    async with (
        SandboxServer(bundles=[small_chart], client_secret=SECRET) as server,
        aiohttp.ClientSession() as session,
    ):
        visitor = Visitor(server, session)
        await visitor.sign_in()
        yield visitor


def _resources() -> list[dict[str, Any]]:
    def score(score_id: str, when: str, value: int, **more: Any) -> dict[str, Any]:
        return {
            "resourceType": "Observation", "id": score_id, "status": "final", "subject": {"reference": "Patient/c1"},
            "code": {"coding": [{"system": LOINC, "code": "44261-6"}], "text": "PHQ-9 total"},
            "effectiveDateTime": when, "valueInteger": value, "performer": [{"reference": "Practitioner/s1"}],
        } | more  # fmt: skip

    return [
        {"resourceType": "Organization", "id": "o1", "name": "Harbor", "active": True},
        {"resourceType": "Practitioner", "id": "s1", "name": [{"family": "Okafor", "given": ["Ngozi"]}]},
        {
            "resourceType": "Patient", "id": "c1", "active": True, "birthDate": "1990-05-17",
            "identifier": [{"system": "urn:clinic:mrn", "value": "100"}, {"value": "bare"}],
            "name": [{"family": "Ureña", "given": ["José", "Luis"]}],
            "generalPractitioner": [{"reference": "Practitioner/s1"}],
            "telecom": [{"system": "phone", "value": "555-0100"}, {"system": "email", "value": "j@example.org"}],
        },
        {
            "resourceType": "Patient", "id": "c2", "active": False, "birthDate": "2010-01-02",
            "identifier": [{"system": "urn:clinic:mrn", "value": "200"}], "name": [{"family": "Stone", "given": ["Rose"]}],
        },
        score("phq-1", "2026-01-10T09:00:00Z", 18),
        score("phq-2", "2026-02-10", 12, meta={"tag": [{"system": "urn:tags", "code": "derived"}]}),
        score("phq-3", "2026-03-10T23:30:00-05:00", 7, status="preliminary"),
        {
            "resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"},
            "subject": {"reference": "Patient/c1"}, "period": {"start": "2026-02-01", "end": "2026-02-03"},
            "participant": [{"individual": {"reference": "Practitioner/s1"}}],
        },
        {
            "resourceType": "Encounter", "id": "e2", "status": "in-progress", "class": {"code": "AMB"},
            "subject": {"reference": "Patient/c2"}, "period": {"start": "2026-02-10"},
        },
        {
            "resourceType": "CareTeam", "id": "t1", "status": "active", "subject": {"reference": "Patient/c1"},
            "participant": [{"member": {"reference": "Practitioner/s1"}}],
        },
        {
            "resourceType": "Task", "id": "k1", "status": "requested", "intent": "order",
            "for": {"reference": "Patient/c1"}, "focus": {"reference": "Encounter/e1"},
            "owner": {"reference": "Practitioner/s1"}, "authoredOn": "2026-02-01T10:00:00Z",
        },
        {
            "resourceType": "DocumentReference", "id": "d1", "status": "current", "date": "2026-02-03T10:00:00Z",
            "subject": {"reference": "Patient/c1"}, "author": [{"reference": "Practitioner/s1/_history/1"}],
            "content": [{"attachment": {"contentType": "text/plain", "data": "SGVsbG8="}}],
        },
        {
            "resourceType": "Provenance", "id": "v1", "recorded": "2026-02-03T10:00:00Z",
            "target": [{"reference": "DocumentReference/d1"}], "agent": [{"who": {"reference": "Practitioner/s1"}}],
        },
    ]  # fmt: skip
