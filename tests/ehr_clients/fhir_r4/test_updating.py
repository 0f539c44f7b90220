"""The bad moments of a change: its answer lost after it was stored, before it was stored, or stored as something else."""

import importlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from ehr_clients.capabilities import parse, route
from ehr_clients.errors import EhrRefused, OutcomeUnknown
from ehr_clients.fhir_r4.builders import build, changed
from ehr_clients.fhir_r4.updating import CHANGED, DIFFERS, Updater, merged
from ehr_clients.http import FhirHttp, Limits
from ehr_clients.port import Op, OrderStatusWrite, TaskStatusWrite
from tests.ehr_clients.fhir_r4.scripted import Answer, Scripted, hangs_up, says

type Json = dict[str, Any]
WHEN = datetime(2026, 11, 23, 15, tzinfo=UTC)
WRITE = TaskStatusWrite(
    client_id="p",
    task="Task/t",
    version="1",
    status="accepted",
    note="Accepted: desk.",
    author="Practitioner/a",
    when=WHEN,
)
KEY = {"system": "https://baton.care/fhir/write", "value": "k"}
HELD: Json = {
    "resourceType": "Task",
    "id": "t",
    "meta": {"versionId": "1"},
    "status": "requested",
    "for": {"reference": "Patient/p"},
    "note": [{"text": "Two faxes."}],
}
NOTE = {
    "authorReference": {"reference": "Practitioner/a"},
    "time": "2026-11-23T10:00:00-05:00",
    "text": "Accepted: desk.",
}
STORED = HELD | {
    "meta": {"versionId": "2"},
    "status": "accepted",
    "identifier": [KEY],
    "note": [{"text": "Two faxes."}, NOTE],
    "lastModified": "2026-11-23T15:00:00Z",
}
MOVED_ON = HELD | {"meta": {"versionId": "2"}, "status": "rejected"}
OLD, NEW = says(body=HELD, ETag='W/"1"'), says(body=STORED, ETag='W/"2"')


async def applied(*answers: Answer) -> tuple[Any, list[tuple[str, str, dict[str, str], bytes]]]:
    """What came of it (the receipt or the error), and what was sent."""
    async with Scripted(list(answers)) as server:
        limits = Limits(attempt_s=0.4, connect_s=0.2, budget_s=2, backoff_s=0.01, attempts=2)
        async with FhirHttp(server.base_url, limits=limits, sleep=server.sleep) as http:
            try:
                return await Updater(http).apply(WRITE, key="k"), server.asked
            except (EhrRefused, OutcomeUnknown) as error:
                return error, server.asked


async def test_it_is_put_over_the_version_that_was_read_and_read_back() -> None:
    receipt, asked = await applied(OLD, says(200, STORED), NEW)
    assert (receipt.op, receipt.ref, receipt.version, receipt.repeated) == (Op.NATIVE, "Task/t", "2", False)
    _, put, _ = asked
    assert (put[0], put[2]["If-Match"]) == ("PUT", 'W/"1"')
    sent = json.loads(put[3])
    assert (sent["id"], sent["for"], sent["note"][0]) == ("t", HELD["for"], {"text": "Two faxes."})


async def test_an_answer_lost_after_it_was_stored_is_found_to_be_ours() -> None:
    receipt, asked = await applied(OLD, hangs_up, says(412, {}), NEW)  # the repeat meets our own new version
    assert receipt.sent_hash == receipt.readback_hash
    assert [method for method, *_ in asked] == ["GET", "PUT", "PUT", "GET", "GET"]


def every_put_is_lost(then: Answer) -> Answer:
    """However often it is sent: the HTTP library repeats a PUT as well. What is read changes after the first."""
    puts: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "PUT":
            puts.append(request.path)
            return await hangs_up(request)
        return await (then if puts else OLD)(request)

    return answer


async def test_an_answer_that_never_came_and_found_stored_is_stored() -> None:
    receipt, _ = await applied(every_put_is_lost(then=NEW))
    assert receipt.version == "2"


async def test_an_answer_that_never_came_and_not_found_is_unknown_until_the_next_look() -> None:
    error, _ = await applied(every_put_is_lost(then=OLD))
    assert isinstance(error, OutcomeUnknown)


async def test_somebody_else_was_first_at_the_last_moment() -> None:
    error, asked = await applied(OLD, says(412, {}), says(body=MOVED_ON))
    assert str(error) == CHANGED
    assert [method for method, *_ in asked] == ["GET", "PUT", "GET"]


async def test_somebody_else_was_first_before_anything_was_sent() -> None:
    error, asked = await applied(says(body=MOVED_ON))
    assert str(error) == CHANGED
    assert [method for method, *_ in asked] == ["GET"]


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "requested"},
        {"note": [{"text": "Two faxes."}]},
        {"note": [{"text": "Two faxes."}, NOTE | {"text": "Accepted."}]},
        {"identifier": []},
    ],
    ids=["status", "note left out", "note reworded", "key left out"],
)
async def test_what_is_stored_differently_goes_to_a_person(changed: Json) -> None:
    error, _ = await applied(OLD, says(200, {}), says(body=STORED | changed))
    assert isinstance(error, EhrRefused)
    assert str(error) == DIFFERS


async def test_a_second_time_nothing_is_sent() -> None:
    receipt, asked = await applied(NEW)
    assert receipt.repeated
    assert [method for method, *_ in asked] == ["GET"]


def test_lists_are_added_to_and_nothing_else_is_touched() -> None:
    change = {"resourceType": "Task", "status": "accepted", "note": [{"text": "ours"}], "identifier": [KEY]}
    found = merged(HELD | {"priority": "urgent"}, change)
    assert found["note"] == [{"text": "Two faxes."}, {"text": "ours"}]
    assert (found["status"], found["priority"], found["for"]) == ("accepted", "urgent", HELD["for"])
    assert HELD["note"] == [{"text": "Two faxes."}]


@pytest.mark.parametrize(
    ("offered", "op"),
    [
        ([{"code": "update"}, {"code": "read"}], Op.NATIVE),
        ([{"code": "update"}], Op.FALLBACK),  # what cannot be read back is not changed
        ([{"code": "create"}, {"code": "read"}], Op.FALLBACK),
    ],
)
def test_an_ehr_that_changes_no_tasks_is_told_in_a_message(offered: list[Json], op: Op) -> None:
    message = {"type": "Communication", "interaction": [{"code": "create"}, {"code": "read"}]}
    found = parse({"rest": [{"mode": "server", "resource": [{"type": "Task", "interaction": offered}, message]}]})
    assert route(TaskStatusWrite, found).op is op
    assert route(TaskStatusWrite, parse({})).op is Op.OWN_STORE


def test_the_message_in_its_place_says_what_to_enter() -> None:
    write = replace(WRITE, business=("urn:x", "3.0", "Service Request Accepted"))
    made = build(write, "Communication", key="k")
    assert made["payload"] == [{"contentString": "Referral status: Service Request Accepted\nAccepted: desk."}]
    assert made["about"] == [{"reference": "Task/t"}]
    order = OrderStatusWrite(
        client_id="p",
        order="ServiceRequest/r",
        version="1",
        status="revoked",
        note="Closed on refusal.",
        author="Practitioner/a",
        when=WHEN,
    )
    assert build(order, "Communication", key="k")["payload"][0]["contentString"].startswith(
        "Referral status: revoked\n"
    )
    with pytest.raises(EhrRefused, match="no text"):
        build(replace(order, note=" "), "Communication", key="k")


def test_what_would_be_sent_is_valid_r4() -> None:
    full = replace(WRITE, business=("urn:x", "3.0", "Accepted"), reason="r", report="Seen.", owner="Practitioner/b")
    model = importlib.import_module("fhir.resources.R4B.task").Task
    model.model_validate(merged(HELD | {"intent": "order"}, changed(full, "k")))
