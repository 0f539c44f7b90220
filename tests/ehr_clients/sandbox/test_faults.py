"""What a test or a demo can make go wrong, and that it goes wrong exactly so."""

import asyncio
import logging
import time
from typing import Any

import aiohttp
import pytest

from ehr_clients.sandbox import SandboxServer
from tests.ehr_clients.sandbox.visitor import SECRET, Visitor, communication


async def test_the_next_requests_fail_and_then_it_works(visitor: Visitor) -> None:
    visitor.server.faults.fail_next(2, 503)
    assert [(await visitor.get("/Patient/c1")).status for _ in range(3)] == [503, 503, 200]
    assert visitor.server.faults.fired == 2


async def test_busy_with_and_without_a_hint(visitor: Visitor) -> None:
    visitor.server.faults.fail_next(1, 429, retry_after_s=2.5)
    visitor.server.faults.fail_next(1, 429)
    hinted, bare = await visitor.get("/Patient/c1"), await visitor.get("/Patient/c1")
    assert (hinted.status, hinted.headers["Retry-After"]) == (429, "3")
    assert (bare.status, bare.headers.get("Retry-After")) == (429, None)


async def test_a_fault_keeps_to_its_type_and_method(visitor: Visitor) -> None:
    visitor.server.faults.fail_next(None, 500, resource_type="Observation")
    visitor.server.faults.fail_next(1, 403, resource_type="Communication", method="POST", code="4130")
    assert (await visitor.get("/Patient/c1")).status == 200
    assert (await visitor.get("/Communication")).status == 200
    refused = await visitor.post("/Communication", communication())
    assert (refused.status, refused.json["issue"][0]["details"]["coding"][0]["code"]) == (403, "4130")
    assert [(await visitor.get("/Observation")).status for _ in range(3)] == [500] * 3
    visitor.server.faults.clear()
    assert (await visitor.get("/Observation")).status == 200


async def test_a_fault_by_type_reaches_into_a_batch(visitor: Visitor) -> None:
    visitor.server.faults.fail_next(None, 503, resource_type="Observation")
    entries = [{"request": {"method": "GET", "url": url}} for url in ("Patient/c1", "Observation?patient=c1")]
    reply = await visitor.post("", {"resourceType": "Bundle", "type": "batch", "entry": entries})
    assert [entry["response"]["status"] for entry in reply.json["entry"]] == ["200", "503"]


async def test_the_token_endpoint_can_fail_too(visitor: Visitor) -> None:
    visitor.server.faults.fail_next(1, 503, resource_type="oauth")
    assert (await visitor.get("/Patient/c1")).status == 200
    async with visitor.session.post(visitor.server.token_url, data={}) as response:
        assert response.status == 503


async def test_a_dropped_answer_is_stored_and_never_told(visitor: Visitor) -> None:
    visitor.server.faults.drop_answers(1, method="POST", resource_type="Communication")
    with pytest.raises(aiohttp.ClientError):
        await visitor.post("/Communication", communication())
    assert len(visitor.server.resources_written()) == 1
    assert (await visitor.get("/Communication")).json["total"] == 1


async def test_a_cut_answer_ends_in_the_middle(visitor: Visitor) -> None:
    visitor.server.faults.cut_answers(1)
    with pytest.raises(aiohttp.ClientError):
        await visitor.get("/Observation")
    assert (await visitor.get("/Observation")).status == 200


async def test_a_delay_delays(visitor: Visitor) -> None:
    visitor.server.faults.delay(0.2, times=1)
    started = time.monotonic()
    assert (await visitor.get("/Patient/c1")).status == 200
    assert time.monotonic() - started >= 0.2


async def test_a_hanging_request_stores_nothing_and_is_let_go(visitor: Visitor) -> None:
    visitor.server.faults.hang(1)
    waiting = asyncio.ensure_future(visitor.post("/Communication", communication()))
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert not done
    visitor.server.faults.clear()
    with pytest.raises(aiohttp.ClientError):
        await waiting
    assert visitor.server.resources_written() == []


async def test_a_hanging_request_does_not_hold_up_the_end(visitor: Visitor) -> None:
    visitor.server.faults.hang(1)
    waiting = asyncio.ensure_future(visitor.get("/Patient/c1"))
    await asyncio.sleep(0.05)
    started = time.monotonic()
    await visitor.server.stop()
    assert time.monotonic() - started < 1
    with pytest.raises(aiohttp.ClientError):
        await waiting


async def test_a_search_can_warn_that_it_is_incomplete(visitor: Visitor) -> None:
    visitor.server.faults.warn_next(1, "4119", resource_type="Observation")
    reply = await visitor.get("/Observation", patient="c1")
    assert len(reply.ids()) == 3
    warning = reply.json["entry"][-1]
    assert warning["search"]["mode"] == "outcome"
    assert warning["resource"]["issue"][0]["severity"] == "warning"
    assert warning["resource"]["issue"][0]["details"]["coding"][0]["code"] == "4119"


async def test_no_log_line_holds_a_body_or_a_search_value(
    small_chart: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)  # before the start: aiohttp decides then whether to write an access log
    async with (
        SandboxServer(bundles=[small_chart], client_secret=SECRET) as server,
        aiohttp.ClientSession() as session,
    ):
        visitor = Visitor(server, session)
        await visitor.sign_in()
        await visitor.get("/Patient", name="Ureña-secret")
        await visitor.post("/Communication", communication(status="secret"))
        await visitor.send("POST", "/Communication", data=b"{secret", headers={"Content-Type": "application/json"})
        server._rest._pages = None  # type: ignore[assignment]  # a bug, so that something nobody expected is raised
        broken = await visitor.get("/Observation", _count="1", patient="c1", code="secret,44261-6")
    assert (broken.status, broken.issue) == (500, "exception")
    assert "sandbox_request_failed" in caplog.text
    assert "secret" not in caplog.text
