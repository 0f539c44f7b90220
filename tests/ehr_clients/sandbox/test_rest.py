"""Reading and writing single resources, and every way it is refused."""

import asyncio
import io
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ehr_clients.sandbox.visitor import Visitor, communication


async def test_create_read_update_and_history(visitor: Visitor) -> None:
    created = await visitor.post("/Communication", communication(id="mine"))
    path = "/Communication/" + created.json["id"]
    assert created.status == 201
    assert created.json["id"] != "mine"
    assert created.headers["ETag"] == 'W/"1"'
    assert created.headers["Location"] == f"{visitor.server.base_url}{path}/_history/1"
    assert (await visitor.get(path)).json == created.json

    updated = await visitor.put(path, created.json | {"status": "entered-in-error"}, {"If-Match": 'W/"1"'})
    assert (updated.status, updated.json["meta"]["versionId"], updated.headers["ETag"]) == (200, "2", 'W/"2"')
    assert (await visitor.get(path + "/_history/1")).json == created.json
    history = await visitor.get(path + "/_history")
    assert [entry["response"]["etag"] for entry in history.json["entry"]] == ['W/"2"', 'W/"1"']
    assert visitor.server.resources_written() == [updated.json]


async def test_an_update_on_an_old_version_is_refused_and_changes_nothing(visitor: Visitor) -> None:
    created = await visitor.post("/Communication", communication())
    path = "/Communication/" + created.json["id"]
    assert (await visitor.put(path, created.json, {"If-Match": 'W/"7"'})).status == 412
    assert (await visitor.get(path)).json == created.json
    assert (await visitor.put(path, created.json)).status == 200


async def test_resources_written_is_newest_first_without_the_charts(visitor: Visitor) -> None:
    assert visitor.server.resources_written() == []
    first = await visitor.post("/Communication", communication())
    second = await visitor.post("/Communication", communication())
    await visitor.put("/Communication/" + first.json["id"], first.json)
    assert [each["id"] for each in visitor.server.resources_written()] == [first.json["id"], second.json["id"]]


async def test_not_modified_and_minimal_answers_have_no_body(visitor: Visitor) -> None:
    same = await visitor.get("/Patient/c1", {"If-None-Match": 'W/"1"'})
    assert (same.status, same.json) == (304, {})
    minimal = await visitor.post("/Communication", communication(), {"Prefer": "return=minimal"})
    assert (minimal.status, minimal.json) == (201, {})
    assert "Location" in minimal.headers


async def test_conditional_create_stores_once(visitor: Visitor) -> None:
    mine = communication(identifier=[{"system": "urn:baton", "value": "job-1"}])
    condition = {"If-None-Exist": "identifier=urn:baton|job-1"}
    first = await visitor.post("/Communication", mine, condition)
    second = await visitor.post("/Communication", mine, condition)
    assert (first.status, second.status) == (201, 200)
    assert first.json == second.json
    await visitor.post("/Communication", mine)
    assert (await visitor.post("/Communication", mine, condition)).status == 412


async def test_parallel_identical_conditional_creates_store_one(visitor: Visitor) -> None:
    mine = communication(identifier=[{"system": "urn:baton", "value": "job-2"}])
    posts = [visitor.post("/Communication", mine, {"If-None-Exist": "identifier=urn:baton|job-2"}) for _ in range(20)]
    replies = await asyncio.gather(*posts)
    assert sorted(reply.status for reply in replies) == [200] * 19 + [201]
    assert (await visitor.get("/Communication", identifier="urn:baton|job-2")).json["total"] == 1


async def test_a_condition_nobody_understands_creates_nothing(visitor: Visitor) -> None:
    for condition in ("shoe-size=44", "", "_count=1"):
        reply = await visitor.post("/Communication", communication(), {"If-None-Exist": condition})
        assert reply.status in {400, 412}
    assert visitor.server.resources_written() == []


async def test_references_to_this_server_are_kept_relative(visitor: Visitor) -> None:
    absolute = {"reference": f"{visitor.server.base_url}/Patient/c1"}
    created = await visitor.post("/Communication", communication(subject=absolute))
    assert created.json["subject"] == {"reference": "Patient/c1"}


REFUSED = [
    (communication(status=None), 400, "required"),
    (communication(status="done"), 400, "code-invalid"),
    (communication(payload=[{}]), 400, "required"),
    (communication(subject={"reference": "Patient/nobody"}), 422, "not-found"),
    (communication(sender={"reference": "urn:uuid:0"}), 422, "not-found"),
    (communication(subject={"reference": "Robot/1"}), 400, "invalid"),
    (communication(resourceType="Task"), 400, "invalid"),
    (communication(meta="x"), 400, "invalid"),
    ([], 400, "invalid"),
]


@pytest.mark.parametrize(("body", "status", "issue"), REFUSED)
async def test_a_careless_create_is_refused_with_an_outcome(
    visitor: Visitor, body: Any, status: int, issue: str
) -> None:
    reply = await visitor.post("/Communication", body)
    assert (reply.status, reply.issue) == (status, issue)
    assert "nobody" not in json.dumps(reply.json)
    assert visitor.server.resources_written() == []


GOOD = json.dumps(communication(note="HERE")).encode()
BROKEN = [
    b"", b"{", b"\xff\xfe", b"[" * 100_000, GOOD[:-1], GOOD.replace(b'"HERE"', b"NaN"), GOOD.replace(b'"HERE"', b"1e999"),
    GOOD.replace(b'"HERE"', b'"\\ud800"'), GOOD.replace(b'"HERE"', b'{"a":' * 90 + b"1" + b"}" * 90), GOOD.replace(b"HERE", b"\xff"),
]  # fmt: skip


@pytest.mark.parametrize("body", BROKEN)
async def test_a_broken_body_is_a_400(visitor: Visitor, body: bytes) -> None:
    as_json = {"Content-Type": "application/fhir+json"}
    reply = await visitor.send("POST", "/Communication", data=body, headers=as_json)
    assert (reply.status, reply.issue) == (400, "invalid")
    assert (await visitor.send("POST", "/Communication", data=GOOD, headers=as_json)).status == 201


async def test_a_huge_body_is_a_413(visitor: Visitor) -> None:
    big = io.BytesIO(json.dumps(communication(payload=[{"contentString": "x" * (5 * 1024 * 1024)}])).encode())
    reply = await visitor.send("POST", "/Communication", data=big, headers={"Content-Type": "application/fhir+json"})
    assert (reply.status, reply.issue) == (413, "too-long")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/Robot", 404), ("GET", "/Robot/1", 404), ("GET", "/Patient/nobody", 404), ("GET", "/Patient/c1/_history/9", 404),
        ("GET", "/Patient/c1/Observation", 405), ("GET", "/Patient/$everything", 404), ("GET", "/Patient/%00", 404),
        ("GET", "/Patient/" + "x" * 65, 404), ("DELETE", "/Patient/c1", 405), ("PATCH", "/Patient/c1", 405), ("GET", "/", 400),
        ("GET", "", 400), ("PUT", "/Patient", 405), ("DELETE", "/Patient", 405), ("GET", "/../../etc", 404), ("TRACE", "/Patient/c1", 405),
    ],
)  # fmt: skip
async def test_what_is_not_offered_is_refused_with_an_outcome(
    visitor: Visitor, method: str, path: str, status: int
) -> None:
    body: dict[str, Any] = {"json": {}} if method == "PUT" else {}
    reply = await visitor.send(method, path, **body)
    assert (reply.status, reply.json["resourceType"]) == (status, "OperationOutcome")


async def test_ids_are_the_servers_to_give(visitor: Visitor) -> None:
    assert (await visitor.put("/Communication/mine", communication(id="mine"))).status == 405
    assert (await visitor.put("/Patient/c1", {"resourceType": "Patient", "id": "c2"})).status == 400


async def test_only_json_is_spoken(visitor: Visitor) -> None:
    assert (await visitor.get("/Patient/c1", {"Accept": "application/fhir+xml"})).status == 406
    assert (
        await visitor.send("POST", "/Communication", data=b"<a/>", headers={"Content-Type": "text/xml"})
    ).status == 415


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["reference", "coding", "code", "system", "value", "start", "identifier", "event", "repeat", "url"]), inner, max_size=3
    ),
    max_leaves=8,
)  # fmt: skip
_ELEMENTS = st.sampled_from(
    ["identifier", "subject", "status", "sent", "category", "payload", "meta", "sender", "partOf", "id"]
)


@given(elements=st.dictionaries(_ELEMENTS, _JSON, max_size=5))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_shape_of_resource_breaks_the_server(visitor: Visitor, elements: dict[str, Any]) -> None:
    reply = await visitor.post("/Communication", communication(**elements))
    assert reply.status in {201, 400, 422}
    found = await visitor.send(
        "GET", "/Communication?patient=c1&sent=2026&status=completed&identifier=x&_sort=-sent,status,sender"
    )
    assert found.status == 200


@given(path=st.text(max_size=20), query=st.dictionaries(st.text(max_size=12), st.text(max_size=12), max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_address_breaks_the_server(visitor: Visitor, path: str, query: dict[str, str]) -> None:
    def encodable(text: str) -> str:
        return text.encode("utf-8", "ignore").decode()

    clean = {encodable(name): encodable(value) for name, value in query.items()}
    assert (await visitor.get("/Patient", **clean)).status in {200, 400, 406}
    assert (await visitor.get("/Patient/" + encodable(path).replace("?", "").replace("#", ""))).status < 500
