"""What the builders make is valid FHIR R4 and carries what a chart reader or an auditor needs."""

import base64
import importlib
import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from ehr_clients.errors import EhrRefused
from ehr_clients.fhir_r4.builders import as_sent, build, clinical_content, content_hash, has_key, key_search
from ehr_clients.port import AuditWrite, CommunicationWrite, DocumentWrite, ProvenanceWrite, TaskWrite, Write

type Json = dict[str, Any]
NOW = datetime(2026, 11, 23, 10, 4, 5, 600000, tzinfo=timezone(timedelta(hours=-5)))
DOCUMENT = DocumentWrite(
    client_id="p", type_code="34785-6", type_text="Handoff", title="Handoff", text="Text Ω", author="Practitioner/a", when=NOW,
    appends="DocumentReference/d", part2=True,
)  # fmt: skip
MESSAGE = CommunicationWrite(
    client_id="p", sender="Practitioner/a", recipients=("CareTeam/t",), text="Text Ω", when=NOW,
    about=("DocumentReference/d", "own-store/k0"), answers="Communication/c", part2=True,
)  # fmt: skip
TASK = TaskWrite(
    client_id="p", what="Call", requester="Practitioner/a", owner="Practitioner/b", due=date(2026, 11, 25), when=NOW,
    focus="ServiceRequest/s", part2=True,
)  # fmt: skip
PROVENANCE = ProvenanceWrite(
    client_id="p", targets=("DocumentReference/d",), verifier="Practitioner/a", when=NOW, sources=("Observation/o",),
    policy="https://baton.care/policy/1",
)  # fmt: skip
AUDIT = AuditWrite(
    client_id="p", event_id="e1", action="write_confirmed", who="Practitioner/a", purpose="TREAT", when=NOW,
    about=("DocumentReference/d",),
)  # fmt: skip
SHAPES: list[tuple[Write, str]] = [
    (DOCUMENT, "DocumentReference"),
    (DOCUMENT, "Communication"),
    (MESSAGE, "Communication"),
    (MESSAGE, "DocumentReference"),
    (TASK, "Task"),
    (TASK, "Communication"),
    (PROVENANCE, "Provenance"),
    (AUDIT, "AuditEvent"),
    (AUDIT, "DocumentReference"),
]


@pytest.mark.parametrize(
    ("write", "kind"), SHAPES, ids=lambda value: value if isinstance(value, str) else type(value).__name__
)
def test_every_shape_is_valid_r4_and_carries_its_key(write: Write, kind: str) -> None:
    made = build(write, kind, key="k-1")
    model = getattr(importlib.import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
    model.model_validate_json(json.dumps(made))
    assert made["resourceType"] == kind
    assert has_key(made, "k-1")
    assert not has_key(made, "k-2")
    assert key_search(kind, "k-1")[1] == "https://baton.care/fhir/write|k-1"


def test_a_document_is_labelled_signed_and_linked() -> None:
    made = build(DOCUMENT, "DocumentReference", key="k")
    assert [label["code"] for label in made["meta"]["security"]] == ["AIAST", "R", "SUD", "42CFRPart2", "NORDSCLCD"]
    assert made["docStatus"] == "final"
    assert made["category"][0]["coding"][0]["code"] == "clinical-note"
    assert made["relatesTo"] == [{"code": "appends", "target": {"reference": "DocumentReference/d"}}]
    attachment = made["content"][0]["attachment"]
    assert attachment["contentType"] == "text/plain; charset=utf-8"
    assert base64.b64decode(attachment["data"]).decode() == "Text Ω"


def test_a_plain_document_carries_no_labels() -> None:
    plain = DocumentWrite(
        client_id="p",
        type_code="x",
        type_text="x",
        title="x",
        text="x",
        author="Practitioner/a",
        when=NOW,
        final=False,
        generated=False,
    )
    made = build(plain, "DocumentReference", key="k")
    assert "security" not in made.get("meta", {})
    assert made["docStatus"] == "preliminary"


def test_provenance_names_the_software_as_author_and_the_person_as_verifier() -> None:
    agents = {
        agent["type"]["coding"][0]["code"]: agent["who"] for agent in build(PROVENANCE, "Provenance", key="k")["agent"]
    }
    assert agents["author"]["type"] == "Device"
    assert agents["verifier"] == {"reference": "Practitioner/a"}


def test_an_audit_event_has_the_shape_of_balp() -> None:
    made = build(AUDIT, "AuditEvent", key="k", ehr_address="ehr.example")
    assert made["type"]["code"] == "rest"
    assert [item["code"] for item in made["subtype"]] == ["create", "write_confirmed"]
    assert (made["action"], made["outcome"]) == ("C", "0")
    agents = {agent["type"]["coding"][0]["code"]: agent for agent in made["agent"]}
    assert agents["110153"]["network"]["address"] == "baton"  # a create: the client is the source
    assert agents["110152"]["network"]["address"] == "ehr.example"
    assert agents["IRCP"]["requestor"] is True
    assert agents["IRCP"]["purposeOfUse"][0]["coding"][0]["code"] == "TREAT"
    patient = made["entity"][0]
    assert (patient["what"]["reference"], patient["type"]["code"], patient["role"]["code"]) == ("Patient/p", "1", "1")


def test_what_only_our_own_store_holds_is_referred_to_by_its_key() -> None:
    about = build(MESSAGE, "Communication", key="k")["about"]
    assert about == [
        {"reference": "DocumentReference/d"},
        {"identifier": {"system": "https://baton.care/fhir/write", "value": "k0"}},
    ]


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_text_is_refused(text: str) -> None:
    for kind in ("Communication", "DocumentReference"):
        empty = CommunicationWrite(client_id="p", sender="Practitioner/a", recipients=(), text=text, when=NOW)
        with pytest.raises(EhrRefused, match="no text"):
            build(empty, kind, key="k")


def hashed(stored: Json, sent: Json) -> str:
    content = clinical_content(as_sent(stored, sent) | {"resourceType": sent["resourceType"]})
    assert content is not None
    return content_hash(content)


def test_a_server_may_add_and_respell_but_not_change() -> None:
    sent = build(TASK, "Task", key="k")
    same = json.loads(json.dumps(sent)) | {
        "id": "1",
        "meta": {"versionId": "1", "lastUpdated": "2026-11-23T15:04:06Z"},
        "text": {"status": "generated"},
        "authoredOn": NOW.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "requester": {"reference": "https://ehr.example/fhir/Practitioner/a", "display": "A. Nurse"},
    }
    assert hashed(same, sent) == hashed(sent, sent)


@pytest.mark.parametrize(
    "change",
    [
        {"description": "Call again"},
        {"owner": {"reference": "Practitioner/c"}},
        {"owner": None},
        {"restriction": {"period": {"end": "2026-11-26"}}},
        {"authoredOn": "2026-11-23T10:04:06-05:00"},
        {"for": {"reference": "Patient/q"}},
        {"identifier": []},
    ],
)
def test_a_changed_element_shows_in_the_hash(change: Json) -> None:
    sent = build(TASK, "Task", key="k")
    assert hashed(sent | change, sent) != hashed(sent, sent)


def test_the_hash_of_a_text_is_that_of_its_bytes() -> None:
    for kind in ("DocumentReference", "Communication"):
        assert clinical_content(build(DOCUMENT, kind, key="k")) == "Text Ω".encode()
