import json
from pathlib import Path
from typing import Any

import pytest

from ehr_clients.capabilities import Abilities, matrix, parse, route, searchable_by_client
from ehr_clients.port import Op

FIXTURES = Path(__file__).parents[2] / "fixtures" / "capability"


def of(name: str) -> Abilities:
    return parse(json.loads((FIXTURES / name).read_text()))


def offering(*kinds: str) -> Abilities:
    entries = [{"type": kind, "interaction": [{"code": "create"}, {"code": "read"}]} for kind in kinds]
    return parse({"rest": [{"mode": "server", "resource": entries}]})


@pytest.mark.parametrize(
    ("write", "offered", "op", "kind"),
    [
        ("DocumentWrite", ("DocumentReference", "Communication"), Op.NATIVE, "DocumentReference"),
        ("DocumentWrite", ("Communication",), Op.FALLBACK, "Communication"),
        ("DocumentWrite", (), None, None),
        ("CommunicationWrite", ("Communication",), Op.NATIVE, "Communication"),
        ("CommunicationWrite", ("DocumentReference",), Op.FALLBACK, "DocumentReference"),
        ("CommunicationWrite", (), Op.OWN_STORE, None),
        ("TaskWrite", ("Task", "Communication"), Op.NATIVE, "Task"),
        ("TaskWrite", ("Communication",), Op.FALLBACK, "Communication"),
        ("TaskWrite", ("DocumentReference",), Op.OWN_STORE, None),
        ("ProvenanceWrite", ("Provenance",), Op.NATIVE, "Provenance"),
        ("ProvenanceWrite", ("DocumentReference",), Op.OWN_STORE, None),
        ("AuditWrite", ("AuditEvent",), Op.NATIVE, "AuditEvent"),
        ("AuditWrite", ("DocumentReference",), Op.OWN_STORE, None),
    ],
)
def test_each_write_takes_the_best_route_offered(
    write: str, offered: tuple[str, ...], op: Op | None, kind: str | None
) -> None:
    found = route(write, offering(*offered))
    assert (found.op, found.kind) == (op, kind)


def test_audit_records_become_documents_only_when_configured() -> None:
    found = route("AuditWrite", offering("DocumentReference"), audit_as_document=True)
    assert (found.op, found.kind) == (Op.FALLBACK, "DocumentReference")


def test_what_cannot_be_read_back_is_not_offered() -> None:
    blind = parse({"rest": [{"resource": [{"type": "Communication", "interaction": [{"code": "create"}]}]}]})
    assert route("CommunicationWrite", blind).op is Op.OWN_STORE


def test_epic_as_captured() -> None:
    epic = of("epic-r4-2026-05.json")
    assert epic.software == "Epic"
    assert {"batch", "transaction"} & epic.system == set()
    assert not [kind for kind, offer in epic.types.items() if offer.conditional_create]
    assert epic.can("DocumentReference", "create")
    assert not epic.can("Task", "create")
    assert epic.can("Task", "update")
    assert "Provenance:target" in epic.offer("Observation").revincludes
    assert {line.kind: line.op for line in matrix(epic)}["TaskWrite"] is Op.FALLBACK


def test_athenahealth_as_captured() -> None:
    athena = of("athenahealth-r4-2022.json")
    assert [kind for kind, offer in athena.types.items() if "create" in offer.interactions] == ["QuestionnaireResponse"]
    said = {line.kind: line for line in matrix(athena)}
    assert said["DocumentWrite"].op is None
    assert "nothing can be filed" in said["DocumentWrite"].how
    assert said["read alerts"].op is None
    assert not searchable_by_client("Appointment", athena)
    assert searchable_by_client("Observation", athena)


@pytest.mark.parametrize(
    "odd", [{}, {"rest": None}, {"rest": "x"}, {"rest": [{"resource": [None, 3, {}]}]}, {"rest": [{"mode": "client"}]}]
)
def test_an_odd_statement_offers_nothing(odd: Any) -> None:
    found = parse(odd)
    assert not any(offer.interactions for offer in found.types.values())
    assert route("DocumentWrite", found).op is None
