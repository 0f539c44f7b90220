"""Real subscriptions of a real server: its handshake, its id-only events and its plain rest-hooks reach our door.

The server is `sekmet-fhir`, which speaks R4 Subscriptions Backport. Some notifications are dropped on the way on
purpose: what was lost is noticed by its number.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from bot.ehr_events import door, records
from bot.store import tables as t
from ehr_clients.fhir_r4 import FhirR4
from tests.contract.conftest import CLIENT
from tests.contract.sekmet import Sekmet
from tests.fakes.office import Work, at_work

type Json = dict[str, Any]
SECRET = "a-secret-of-the-webhook"
TOPIC = "http://sekmet.dev/fhir/SubscriptionTopic/servicerequest-new"
PAYLOAD = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content"
PROFILE = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription"
PATIENCE_S = 20.0


@dataclass
class Ear:
    """Our door, behind a wire that may lose what it carries."""

    work: Work
    url: str = ""
    lose: int = 0
    statuses: list[int] = field(default_factory=list)

    @web.middleware
    async def wire(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.lose and b"event-notification" in await request.read():
            self.lose -= 1
            return web.Response(status=200)  # as if it had arrived: nobody sends it again
        answer: web.StreamResponse = await handler(request)
        self.statuses.append(answer.status)
        return answer

    async def until(self, good: Callable[[], Any]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not await good():  # noqa: ASYNC110 - another process tells
                await asyncio.sleep(0.05)

    async def refs(self) -> list[list[str]]:
        async with self.work.office.db.read() as conn:
            return list(await conn.scalars(select(t.ehr_events.c.refs).order_by(t.ehr_events.c.at)))

    async def gaps(self) -> int:
        async with self.work.office.db.read() as conn:
            return sum(one.gaps for one in await records.subscribed(conn))


@pytest.fixture
async def ear(tmp_path: Path, sekmet_server: Sekmet) -> AsyncIterator[Ear]:
    async with at_work(tmp_path, working=False) as work:
        ear = Ear(work)
        app = web.Application(client_max_size=1024 * 1024, middlewares=[ear.wire])
        app.add_routes(door.routes(work.office, secret=SECRET, base_url=sekmet_server.base_url))
        async with TestServer(app) as server:
            ear.url = str(server.make_url("/ehr/events"))
            yield ear


async def send(server: Sekmet, method: str, path: str, body: Json | None = None) -> Json:
    async with aiohttp.ClientSession() as session:
        token = await server.auth().authorization(session)
        headers = {"Authorization": token or "", "Content-Type": "application/fhir+json"}
        data = json.dumps(body) if body else None
        async with session.request(method, f"{server.base_url}/{path}", data=data, headers=headers) as answer:
            assert answer.status < 300, (await answer.text())[:400]
            found: Json = await answer.json(content_type=None)
            return found


def subscription(ear: Ear, *, topic: bool) -> Json:
    channel: Json = {
        "type": "rest-hook",
        "endpoint": ear.url,
        "payload": "application/fhir+json",
        "header": [f"Authorization: Bearer {SECRET}"],
    }
    body: Json = {"resourceType": "Subscription", "status": "requested", "reason": "referrals", "channel": channel}
    if not topic:
        return {**body, "criteria": f"ServiceRequest?patient=Patient/{CLIENT}"}
    channel["_payload"] = {"extension": [{"url": PAYLOAD, "valueCode": "id-only"}]}
    return {**body, "criteria": TOPIC, "meta": {"profile": [PROFILE]}}


def order() -> Json:
    about = {"reference": f"Patient/{CLIENT}"}
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "subject": about,
        "code": {"text": "Sleep study"},
    }


async def test_a_topic_shakes_hands_and_names_the_record_alone(ear: Ear, sekmet_server: Sekmet) -> None:
    begun = await send(sekmet_server, "POST", "Subscription", subscription(ear, topic=True))
    try:
        await ear.until(lambda: _true(ear.statuses == [200]))
        made = await send(sekmet_server, "POST", "ServiceRequest", order())
        await ear.until(ear.refs)
        assert await ear.refs() == [[f"ServiceRequest/{made['id']}"]]
        assert set(ear.statuses) == {200}
    finally:
        await send(sekmet_server, "DELETE", f"Subscription/{begun['id']}")


async def test_what_was_lost_on_the_way_is_noticed_and_looked_for(ear: Ear, sekmet_server: Sekmet) -> None:
    begun = await send(sekmet_server, "POST", "Subscription", subscription(ear, topic=True))
    try:
        await ear.until(lambda: _true(ear.statuses == [200]))
        ear.lose = 1
        await send(sekmet_server, "POST", "ServiceRequest", order())
        await ear.until(lambda: _true(ear.lose == 0))
        await send(sekmet_server, "POST", "ServiceRequest", order())
        await ear.until(ear.gaps)
        async with ear.work.office.db.read() as conn:
            looks = list(await conn.scalars(select(t.jobs.c.kind).where(t.jobs.c.kind == "crisis_look")))
        assert looks == ["crisis_look"], "the EHR is asked what changed since we last looked"
    finally:
        await send(sekmet_server, "DELETE", f"Subscription/{begun['id']}")


async def test_a_plain_rest_hook_is_taken_too(ear: Ear, sekmet_server: Sekmet) -> None:
    begun = await send(sekmet_server, "POST", "Subscription", subscription(ear, topic=False))
    try:
        made = await send(sekmet_server, "POST", "ServiceRequest", order())
        await ear.until(ear.refs)
        assert [f"ServiceRequest/{made['id']}"] in await ear.refs()
    finally:
        await send(sekmet_server, "DELETE", f"Subscription/{begun['id']}")


async def test_whom_a_record_is_about_is_read_under_our_own_scope(ear: Ear, sekmet_server: Sekmet) -> None:
    made = await send(sekmet_server, "POST", "ServiceRequest", order())
    async with _ehr(sekmet_server) as ehr:
        assert await ehr.clients_of(f"ServiceRequest/{made['id']}") == {CLIENT}
        assert await ehr.clients_of("ServiceRequest/never-there") == frozenset()


def _ehr(server: Sekmet) -> FhirR4:
    from ehr_clients.fhir_r4 import FhirR4Settings  # noqa: PLC0415 - only here

    return FhirR4(FhirR4Settings(base_url=server.base_url, auth=server.auth()))


async def _true(so: bool) -> bool:  # noqa: FBT001 - what is waited for
    return so
