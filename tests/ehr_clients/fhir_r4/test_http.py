import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from ehr_clients.errors import EhrError, EhrRefused, EhrUnavailable, OutcomeUnknown
from ehr_clients.http import FhirHttp, Limits, retry_after
from tests.ehr_clients.fhir_r4.scripted import Answer, Scripted, hangs, hangs_up, outcome, says, says_text

QUICK = Limits(attempt_s=0.25, connect_s=0.2, budget_s=5, backoff_s=0.01, answer_bytes=10_000)
NOTE = {"resourceType": "DocumentReference", "subject": {"reference": "Patient/secret-id"}}


async def asked(answers: list[Answer], ask: Callable[[FhirHttp], Awaitable[object]]) -> tuple[Scripted, object]:
    async with Scripted(answers) as server, FhirHttp(server.base_url, limits=QUICK, sleep=server.sleep) as http:
        try:
            return server, await ask(http)
        except EhrError as error:
            return server, error


def read(http: FhirHttp) -> Awaitable[object]:
    return http.get("Patient/secret-id")


def create(http: FhirHttp) -> Awaitable[object]:
    return http.create("DocumentReference", NOTE)


def create_conditionally(http: FhirHttp) -> Awaitable[object]:
    return http.create("DocumentReference", NOTE, if_none_exist="identifier=x|y")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_a_busy_server_is_asked_again_for_a_read(status: int) -> None:
    server, answer = await asked([says(status), says()], read)
    assert not isinstance(answer, EhrError)
    assert (len(server.asked), len(server.slept)) == (2, 1)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 412, 422, 501])
async def test_a_refusal_is_final(status: int) -> None:
    server, answer = await asked([says(status)], read)
    assert isinstance(answer, EhrRefused)
    assert answer.status == status
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [425, 429, 503])
async def test_a_plain_create_is_sent_again_where_the_server_did_nothing(status: int) -> None:
    server, answer = await asked([says(status), says(201)], create)
    assert not isinstance(answer, EhrError)
    assert len(server.asked) == 2


@pytest.mark.parametrize("answer", [says(500), says(502), says(504), says(408), hangs_up, hangs])
async def test_a_plain_create_without_a_usable_answer_is_unknown_and_sent_once(answer: Answer) -> None:
    server, found = await asked([answer], create)
    assert isinstance(found, OutcomeUnknown)
    assert len(server.asked) == 1


async def test_a_conditional_create_that_was_declined_unread_is_sent_again() -> None:
    server, found = await asked([says(503), says(200)], create_conditionally)
    assert not isinstance(found, EhrError)
    assert len(server.asked) == 2
    assert all(headers["If-None-Exist"] == "identifier=x|y" for _, _, headers, _ in server.asked)


@pytest.mark.parametrize("answer", [says(500), hangs_up])
async def test_a_conditional_create_without_a_usable_answer_is_unknown_and_sent_once(answer: Answer) -> None:
    """Some servers promise If-None-Exist and store twice all the same: it is looked up first."""
    server, found = await asked([answer, says(200)], create_conditionally)
    assert isinstance(found, OutcomeUnknown)
    assert len(server.asked) == 1


async def test_busy_to_the_end_of_all_attempts_is_unavailable_with_a_time_to_come_back() -> None:
    server, found = await asked([says(503, Retry_After="1")], read)
    assert isinstance(found, EhrUnavailable)
    assert found.retry_after_s == 1
    assert len(server.asked) == QUICK.attempts
    assert server.slept == [1, 1, 1]


async def test_a_wait_longer_than_the_budget_is_handed_to_the_caller() -> None:
    server, found = await asked([says(429, Retry_After="60")], read)
    assert isinstance(found, EhrUnavailable)
    assert found.retry_after_s == 60
    assert server.slept == []


async def test_the_quota_of_a_day_is_not_tried_again_today() -> None:
    server, found = await asked([says(503, outcome("4135"))], read)
    assert isinstance(found, EhrUnavailable)
    assert found.retry_after_s == 24 * 3600
    assert len(server.asked) == 1


async def test_break_the_glass_is_a_refusal_with_its_code() -> None:
    _, found = await asked([says(403, outcome("4130"))], read)
    assert isinstance(found, EhrRefused)
    assert found.code == "4130"
    assert "Break-the-Glass" in str(found)


async def test_a_server_that_is_not_there_is_unavailable_even_for_a_create() -> None:
    async with Scripted([says()]) as server:
        gone = server.base_url
    async with FhirHttp(gone, limits=QUICK, sleep=server.sleep) as http:
        with pytest.raises(EhrUnavailable, match="reached"):
            await http.create("DocumentReference", NOTE)


async def test_a_hanging_server_ends_in_unavailable() -> None:
    _, found = await asked([hangs], read)
    assert isinstance(found, EhrUnavailable)


@pytest.mark.parametrize("text", ["", "<html>", '{"resourceType": "Pat', "[1, 2]", "[" * 100_000])
async def test_an_unreadable_answer_is_unavailable(text: str) -> None:
    async with Scripted([says_text(text)]) as server, FhirHttp(server.base_url) as http:
        with pytest.raises(EhrUnavailable, match="readable"):
            (await http.get("Patient/1")).json()


async def test_an_answer_that_is_too_large_is_refused() -> None:
    _, found = await asked([says_text("x" * 20_000)], read)
    assert isinstance(found, EhrRefused)
    assert "larger" in str(found)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/fhir?page=2",
        "http://127.0.0.1:1/fhir",
        "//evil.example/x",
        "http://u:p@{base}/x",
        "file:///etc",
        "http://[",
    ],
)
async def test_a_link_to_another_origin_is_not_followed(link: str) -> None:
    link = link.replace("{base}", "127.0.0.1")
    server, found = await asked([says()], lambda http: http.follow(link))
    assert isinstance(found, EhrRefused)
    assert server.asked == []


async def test_relative_and_absolute_links_of_the_same_origin_are_followed() -> None:
    async with Scripted([says()]) as server, FhirHttp(server.base_url) as http:
        await http.follow("Patient?page=2")
        await http.follow(f"{server.base_url}?page=3")
        assert [path for _, path, _, _ in server.asked] == ["/fhir/Patient?page=2", "/fhir?page=3"]


async def test_a_redirect_is_a_refusal_and_takes_no_token_along() -> None:
    server, found = await asked([says(302, Location="https://evil.example")], read)
    assert isinstance(found, EhrRefused)
    assert "merged" in str(found)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "answer", [says(400, outcome()), says(403, outcome("4131")), says(503, outcome()), hangs_up, hangs]
)
async def test_neither_errors_nor_logs_hold_what_was_asked_or_answered(
    answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        _, found = await asked([answer], read)
    assert isinstance(found, EhrError)
    told = f"{found!r} {found} {found.__cause__!r} {found.__context__!r} {caplog.text}"
    assert not [secret for secret in ("secret-id", "Lindholm", "127.0.0.1", "1988") if secret in told]


async def test_no_more_than_the_bound_at_once() -> None:
    import asyncio  # noqa: PLC0415

    now = most = 0

    async def counted(request: web.Request) -> web.StreamResponse:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return web.json_response({})

    async with Scripted([counted]) as server, FhirHttp(server.base_url, limits=Limits(concurrency=3)) as http:
        await asyncio.gather(*(http.get("Patient/1") for _ in range(12)))
    assert most == 3


async def test_an_update_names_the_version_it_changes() -> None:
    server, _ = await asked([says()], lambda http: http.update("Task/1", {"resourceType": "Task"}, if_match='W/"a-b"'))
    assert server.asked[0][2]["If-Match"] == 'W/"a-b"'


NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": format_datetime(NOW + timedelta(seconds=30), usegmt=True)}, 30),
        ({"Retry-After": format_datetime(NOW - timedelta(seconds=30), usegmt=True)}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"RateLimit": '"default";r=0;t=12'}, 12),
        ({"RateLimit": "limit=10, remaining=0, reset=3"}, None),
        ({"Retry-After": "2", "RateLimit": "t=12"}, 2),
        ({}, None),
    ],
)
def test_the_server_says_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds
