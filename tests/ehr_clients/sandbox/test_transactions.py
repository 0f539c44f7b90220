"""Batch: each entry for itself. Transaction: all or nothing."""

from typing import Any

import pytest

from tests.ehr_clients.sandbox.visitor import Visitor, communication


def bundle(kind: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def get(url: str) -> dict[str, Any]:
    return {"request": {"method": "GET", "url": url}}


def post(resource: dict[str, Any], full_url: str = "", **request: str) -> dict[str, Any]:
    asked = {"method": "POST", "url": resource["resourceType"]} | request
    return {"resource": resource, "request": asked} | ({"fullUrl": full_url} if full_url else {})


def put(resource: dict[str, Any], **request: str) -> dict[str, Any]:
    asked = {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"} | request
    return {"resource": resource, "request": asked}


def statuses(reply: Any) -> list[str]:
    return [entry["response"]["status"] for entry in reply.json["entry"]]


async def test_a_batch_answers_each_entry_for_itself_in_order(visitor: Visitor) -> None:
    reply = await visitor.post(
        "/",
        bundle(
            "batch",
            get("Patient/c1"), get("Patient/nobody"), get("Observation?patient=c1&_sort=-date&_count=1"),
            post(communication()), post(communication(status="done")), get("Robot"), {"request": "?"}, get("metadata"),
        ),
    )  # fmt: skip
    assert reply.json["type"] == "batch-response"
    assert statuses(reply) == ["200", "404", "200", "201", "400", "404", "400", "200"]
    assert reply.json["entry"][2]["resource"]["entry"][0]["resource"]["id"] == "phq-3"
    assert reply.json["entry"][4]["response"]["outcome"]["resourceType"] == "OperationOutcome"
    assert len(visitor.server.resources_written()) == 1


async def test_a_transaction_points_its_own_references_and_stores_all(visitor: Visitor) -> None:
    document = {
        "resourceType": "DocumentReference", "status": "current", "subject": {"reference": "Patient/c1"},
        "content": [{"attachment": {"data": "SGk="}}],
    }  # fmt: skip
    provenance = {
        "resourceType": "Provenance", "recorded": "2026-03-01T00:00:00Z", "target": [{"reference": "urn:uuid:d"}],
        "agent": [{"who": {"reference": "Practitioner/s1"}}],
    }  # fmt: skip
    patient = (await visitor.get("/Patient/c2")).json | {"active": True}
    reply = await visitor.post(
        "",
        bundle(
            "transaction",
            post(provenance),
            post(document, "urn:uuid:d"),
            put(patient, ifMatch='W/"1"'),
            get("Patient/c2"),
        ),
    )
    assert statuses(reply) == ["201", "201", "200", "200"]
    target = reply.json["entry"][0]["resource"]["target"][0]["reference"]
    assert target == "DocumentReference/" + reply.json["entry"][1]["resource"]["id"]
    assert (await visitor.get("/" + target)).status == 200
    assert reply.json["entry"][3]["resource"]["active"] is True


CONDITION = "identifier=urn:baton|job"
FAILING: list[tuple[dict[str, Any], int]] = [
    (post(communication(status="done")), 400),
    (post(communication(subject={"reference": "urn:uuid:nowhere"})), 422),
    (post(communication(), url="Robot"), 404),
    (put(communication(id="unknown")), 405),
    (put({"resourceType": "Patient", "id": "c1"}, ifMatch='W/"9"'), 412),
    (post(communication(), ifNoneExist="shoe-size=44"), 400),
    ({"request": {"method": "DELETE", "url": "Patient/c1"}}, 400),
    ({"resource": communication()}, 400),
    (get("Patient/nobody"), 404),
    (post(communication(sender={"reference": "Practitioner?identifier=x|y"})), 412),
]


@pytest.mark.parametrize(("failing", "status"), FAILING)
async def test_one_bad_entry_and_nothing_is_stored(visitor: Visitor, failing: dict[str, Any], status: int) -> None:
    reply = await visitor.post("", bundle("transaction", post(communication()), failing))
    assert (reply.status, reply.json["resourceType"]) == (status, "OperationOutcome")
    assert visitor.server.resources_written() == []


async def test_conditional_creates_inside_a_transaction(visitor: Visitor) -> None:
    mine = post(
        communication(identifier=[{"system": "urn:baton", "value": "job"}]), "urn:uuid:m", ifNoneExist=CONDITION
    )
    reply_to = post(communication(partOf=[{"reference": "urn:uuid:m"}]))
    first = await visitor.post("", bundle("transaction", mine, reply_to))
    second = await visitor.post("", bundle("transaction", mine, reply_to))
    assert (statuses(first), statuses(second)) == (["201", "201"], ["200", "201"])
    original = first.json["entry"][0]["resource"]["id"]
    assert second.json["entry"][1]["resource"]["partOf"] == [{"reference": f"Communication/{original}"}]
    assert (await visitor.post("", bundle("transaction", mine, mine))).status == 400


async def test_a_conditional_reference_becomes_the_one_it_finds(visitor: Visitor) -> None:
    looked_up = communication(subject={"reference": "Patient?identifier=urn:clinic:mrn|100"})
    reply = await visitor.post("", bundle("transaction", post(looked_up)))
    assert reply.json["entry"][0]["resource"]["subject"] == {"reference": "Patient/c1"}


@pytest.mark.parametrize(
    "body",
    [{"resourceType": "Bundle", "type": "history"}, {"resourceType": "Patient"}, {"resourceType": "Bundle", "type": "batch", "entry": {}},
     {"resourceType": "Bundle", "type": "transaction", "entry": [None, 1]}],
)  # fmt: skip
async def test_what_is_no_batch_is_refused(visitor: Visitor, body: dict[str, Any]) -> None:
    assert (await visitor.post("", body)).status == 400
