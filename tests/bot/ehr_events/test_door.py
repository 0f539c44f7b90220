"""POST /ehr/events: who may knock, what is kept once, what it leads to, and what never comes back or out."""

import asyncio
import hashlib
import hmac
import io
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from bot import doors
from bot.ehr_events import door, records
from bot.store import tables as t
from ehr_clients.errors import EhrUnavailable
from ehr_clients.events import LARGEST, read
from tests.ehr_clients.test_events import BASE, bundle, event, status
from tests.fakes.office import Work, at_work

SECRET = "a-secret-of-the-webhook"
HEADERS = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/fhir+json"}
PHI = "QUOKKA"
type Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def work(tmp_path: Any) -> AsyncIterator[Work]:
    async with at_work(tmp_path, working=False) as work:
        yield work


@pytest.fixture
def refusals() -> list[str]:
    return []


@pytest.fixture
async def ehr(work: Work, refusals: list[str]) -> AsyncIterator[Client]:
    """The EHR's side of the door."""

    async def note(name: str, rule: str) -> None:
        refusals.append(f"{name} {rule}")

    app = web.Application(client_max_size=1024 * 1024, middlewares=[doors.watched(note)])
    app.add_routes(door.routes(work.office, secret=SECRET, base_url=BASE))
    async with TestClient(TestServer(app)) as client:
        yield client


def told(number: int, ref: str, *, of: int | None = None) -> bytes:
    return bundle(status("event-notification", event(str(number), ref), told=str(of or number)))


async def kept(work: Work) -> list[str]:
    async with work.office.db.read() as conn:
        return list(await conn.scalars(select(t.ehr_events.c.key).order_by(t.ehr_events.c.key)))


async def waiting(work: Work, kind: str) -> list[str]:
    async with work.office.db.read() as conn:
        return list(await conn.scalars(select(t.jobs.c.ref).where(t.jobs.c.kind == kind, t.jobs.c.state == "due")))


async def post(ehr: Client, body: bytes, **headers: str) -> int:
    async with ehr.post("/ehr/events", data=body, headers={**HEADERS, **headers}) as answer:
        assert PHI not in await answer.text()
        return answer.status


# Who may knock


@pytest.mark.parametrize("given_secret", ["", "Bearer ", "Bearer wrong", f"Basic {SECRET}", f"Bearer {SECRET}x"])
async def test_without_the_secret_nothing_is_read_and_it_is_recorded(
    ehr: Client, work: Work, refusals: list[str], given_secret: str
) -> None:
    assert await post(ehr, told(1, "Task/1"), Authorization=given_secret) == 401
    assert await kept(work) == []
    assert refusals == ["ehr ehr.signature"]


async def test_a_signed_body_needs_no_bearer_and_another_body_is_not_signed(ehr: Client) -> None:
    body = told(1, "Task/1")
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    signed = {"Authorization": "", "X-Hub-Signature-256": signature}
    assert await post(ehr, body, **signed) == 200
    assert await post(ehr, told(2, "Task/1"), **signed) == 401


# Kept once


async def test_an_event_is_kept_once_however_often_it_comes(ehr: Client, work: Work) -> None:
    statuses = await asyncio.gather(*(post(ehr, told(1, "Task/1")) for _ in range(5)))
    assert statuses == [200] * 5
    assert await kept(work) == ["0.s1:1"]
    assert len(await waiting(work, "ehr_event")) == 1


async def test_numbers_that_are_missing_make_us_look_for_ourselves(ehr: Client, work: Work) -> None:
    await post(ehr, told(1, "Task/1"))
    await post(ehr, told(2, "Task/1"))
    assert await waiting(work, "crisis_look") == []
    await post(ehr, told(5, "Task/1"))
    assert len(await waiting(work, "crisis_look")) == 1
    async with work.office.db.read() as conn:
        (subscribed,) = await records.subscribed(conn)
    assert (subscribed.told, subscribed.gaps) == (5, 1)


async def test_an_ehr_that_begins_to_count_anew_is_heard_again_and_looked_into(ehr: Client, work: Work) -> None:
    for number in (1, 2, 3):
        await post(ehr, told(number, "Task/1"))
    await post(ehr, bundle(status("handshake", told="0")))
    assert len(await waiting(work, "crisis_look")) == 1, "what happened meanwhile is looked for"
    await post(ehr, told(1, "Task/2"))
    await post(ehr, told(1, "Task/2"))
    assert await kept(work) == ["0.s1:1", "0.s1:2", "0.s1:3", "1.s1:1"]


async def test_a_header_that_is_no_text_is_refused_as_any_wrong_secret(ehr: Client) -> None:
    reader, writer = await asyncio.open_connection(ehr.host, ehr.port)
    head = b"POST /ehr/events HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n"
    writer.write(head + b"Authorization: Bearer \xff\xfe\r\nX-Hub-Signature-256: \xff\r\n\r\n")
    answer = await reader.read(64)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 401")


async def test_a_heartbeat_that_counts_further_than_we_do_is_a_gap_too(ehr: Client, work: Work) -> None:
    await post(ehr, told(1, "Task/1"))
    await post(ehr, bundle(status("heartbeat", told="3")))
    assert len(await waiting(work, "crisis_look")) == 1


async def test_a_record_elsewhere_is_not_kept_as_one_and_we_look_for_ourselves(ehr: Client, work: Work) -> None:
    assert await post(ehr, told(1, "http://169.254.169.254/Task/1")) == 200
    async with work.office.db.read() as conn:
        assert list(await conn.scalars(select(t.ehr_events.c.refs))) == [[]]
    assert len(await waiting(work, "crisis_look")) == 1


async def test_a_database_that_is_away_asks_for_it_again(
    ehr: Client, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> int:
        raise OperationalError("insert", {}, ConnectionRefusedError())

    monkeypatch.setattr(door, "keep", away)
    async with ehr.post("/ehr/events", data=told(1, "Task/1"), headers=HEADERS) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")


async def test_it_is_answered_while_the_ehr_hangs(ehr: Client, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs(ref: str) -> frozenset[str]:
        await asyncio.sleep(60)
        return frozenset()

    monkeypatch.setattr(type(work.office.ehr), "clients_of", hangs, raising=False)
    begun = time.monotonic()
    assert await post(ehr, told(1, "Task/1")) == 200
    assert time.monotonic() - begun < 2


# What it leads to


async def test_what_it_names_is_read_under_our_own_scope(tmp_path: Any) -> None:
    async with at_work(tmp_path) as work:
        order = (await work.office.ehr.read("sb-c102", ["referrals"])).sections["referrals"].items[0]  # type: ignore[list-item,index,union-attr]  # plain names
        notice = read(told(1, order.source.ref), base_url=BASE)
        await door.keep(work.office, notice)
        await work.settled()
        done = await work.rows("jobs")
    about = {(row["kind"], row["ref"]) for row in done}
    assert {("crisis_read", "sb-c102"), ("referral_changed", "sb-c102")} <= about


async def test_an_ehr_that_is_away_is_asked_again(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.ehr_events import doing  # noqa: PLC0415 - beside the fault it is given
    from bot.store.jobs import Job, Later  # noqa: PLC0415 - as above

    async def away(self: object, ref: str) -> frozenset[str]:
        raise EhrUnavailable("away")

    monkeypatch.setattr(type(work.office.ehr), "clients_of", away, raising=False)
    await door.keep(work.office, read(told(1, "Task/1"), base_url=BASE))
    (event_id,) = await waiting(work, "ehr_event")
    with pytest.raises(Later):
        await doing.do(work.office, Job(1, "ehr_event", event_id, "ehr", 1))


# Whatever comes


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=300)
    | st.dictionaries(st.text(max_size=5), st.text(max_size=5)).map(lambda odd: json.dumps(odd).encode())
    | st.integers().map(lambda number: told(abs(number), f"Task/{number}")),
    kind=st.sampled_from(["application/fhir+json", "application/json", "text/plain", "multipart/form-data"]),
)
async def test_nothing_that_is_sent_gets_a_fault(ehr: Client, body: bytes, kind: str) -> None:
    assert await post(ehr, body, **{"Content-Type": kind}) in {200, 400, 413, 415}


async def test_what_is_too_large_or_of_another_type_is_turned_away(ehr: Client, work: Work) -> None:
    async with ehr.post("/ehr/events", data=io.BytesIO(b"x" * (LARGEST + 1)), headers=HEADERS) as answer:
        assert answer.status == 413
    assert await post(ehr, told(1, "Task/1"), **{"Content-Type": "text/html"}) == 415
    assert await kept(work) == []


async def test_no_row_and_no_log_line_holds_what_came(ehr: Client, work: Work) -> None:
    body = json.dumps({"resourceType": "Task", "id": "t1", "description": PHI}).encode()
    assert await post(ehr, body) == 200
    assert await post(ehr, b'{"resourceType": "QUOKKA"}') == 400
    await work.kill()
    assert PHI.encode() not in work.database_file.read_bytes()
    assert PHI not in str(work.log)
