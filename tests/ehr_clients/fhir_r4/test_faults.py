"""The bad moments: an answer lost after it was stored, a busy server, a poisoned link, a text that came back changed."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from ehr_clients.errors import EhrRefused, EhrUnavailable, OutcomeUnknown
from ehr_clients.fhir_r4 import FhirR4, FhirR4Settings
from ehr_clients.http import Limits
from ehr_clients.models import Missing, Read, Section, Why
from ehr_clients.port import DocumentWrite, Op, ProvenanceWrite, Receipt, Write
from ehr_clients.sandbox import SandboxServer
from ehr_clients.smart_auth import ClientSecret, SmartBackend
from tests.contract.conftest import CLIENT, SECRET, THERAPIST, clinic
from tests.contract.test_chart_writer import writes
from tests.ehr_clients.fhir_r4.scripted import Scripted, outcome, says

LIMITS = Limits(attempt_s=0.4, connect_s=0.2, budget_s=2, backoff_s=0.01)
WRITE = DocumentWrite(
    client_id=CLIENT,
    type_code="34785-6",
    type_text="Handoff",
    title="Handoff",
    text="Approved text.",
    author=THERAPIST,
    when=datetime(2026, 11, 23, 15, tzinfo=UTC),
)


@pytest.fixture(scope="module")
def charts() -> list[dict[str, Any]]:
    return clinic()


@pytest.fixture
async def server(charts: list[dict[str, Any]]) -> AsyncIterator[SandboxServer]:
    async with SandboxServer(bundles=charts, client_secret=SECRET) as sandbox:
        yield sandbox


def settings(server: SandboxServer, **more: Any) -> FhirR4Settings:
    auth = SmartBackend(ClientSecret("baton", SECRET), base_url=server.base_url, token_url=server.token_url)
    return FhirR4Settings(base_url=server.base_url, auth=auth, **({"limits": LIMITS} | more))


@pytest.fixture
async def ehr(server: SandboxServer) -> AsyncIterator[FhirR4]:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.sleep(0)

    async with FhirR4(settings(server), sleep=sleep) as client:
        await client.capabilities()
        yield client


def documents(server: SandboxServer, key: str) -> list[dict[str, Any]]:
    return [item for item in server.resources_written() if key in str(item.get("identifier"))]


async def test_an_answer_lost_after_storing_is_found_and_not_stored_twice(server: SandboxServer, ehr: FhirR4) -> None:
    server.faults.drop_answers(4, resource_type="DocumentReference", method="POST")  # the lookup and its repeats
    with pytest.raises(EhrUnavailable):
        await ehr.apply(WRITE, key="k")
    server.faults.clear()
    receipt = await ehr.apply(WRITE, key="k")
    assert not receipt.repeated
    assert len(documents(server, "k")) == 1


class OneAnswerLost:
    """In front of the sandbox: drops the answer of the next create after it was stored."""

    def __init__(self, server: SandboxServer, *, conditional: bool, visible: bool = True) -> None:
        self.server, self.conditional, self.visible, self.creates = server, conditional, visible, 0
        self.lose = True

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        import aiohttp  # noqa: PLC0415

        path, body = request.path.removeprefix("/fhir"), await request.read()
        headers = {
            k: v
            for k, v in request.headers.items()
            if k in {"Authorization", "Content-Type", "Prefer", "If-None-Exist"}
        }
        async with aiohttp.ClientSession() as session:
            url = f"{self.server.base_url}{path}"
            async with session.request(
                request.method, url, params=request.query, data=body or None, headers=headers
            ) as answer:
                content = await answer.read()
        if path == "/metadata" and not self.conditional:
            content = content.replace(b'"conditionalCreate": true', b'"conditionalCreate": false')
        creating = request.method == "POST" and path == "/DocumentReference"
        self.creates += creating
        if path == "/DocumentReference/_search" and not self.visible:
            content = b'{"resourceType": "Bundle", "type": "searchset"}'
        if creating and self.lose:
            self.lose = False
            assert request.transport is not None
            request.transport.abort()
        kept = {k: v for k, v in answer.headers.items() if k in {"Location", "ETag"}}
        return web.Response(status=answer.status, body=content, content_type="application/fhir+json", headers=kept)


async def through(server: SandboxServer, door: OneAnswerLost, act: Callable[[FhirR4], Awaitable[Receipt]]) -> Receipt:
    async with Scripted([door]) as front:
        auth = SmartBackend(ClientSecret("baton", SECRET), base_url=server.base_url, token_url=server.token_url)
        async with FhirR4(FhirR4Settings(base_url=front.base_url, auth=auth, limits=LIMITS)) as ehr:
            return await act(ehr)


@pytest.mark.parametrize("conditional", [True, False])
async def test_a_lost_answer_to_a_create_is_reconciled(server: SandboxServer, conditional: bool) -> None:  # noqa: FBT001 - the case
    door = OneAnswerLost(server, conditional=conditional)
    receipt = await through(server, door, lambda ehr: ehr.apply(WRITE, key="k"))
    assert receipt.sent_hash == receipt.readback_hash
    assert door.creates == 1, "sent again without a look"
    assert len(documents(server, "k")) == 1


@pytest.mark.parametrize("write", writes(), ids=lambda write: type(write).__name__)
async def test_without_conditional_create_each_kind_of_write_is_found_by_its_key(
    server: SandboxServer, write: Write
) -> None:
    """The lookup alone must do: every type of resource, also those with a tag in place of an identifier."""
    door = OneAnswerLost(server, conditional=False)
    door.lose = False

    async def twice(ehr: FhirR4) -> Receipt:
        assert await ehr.stored(write, key="k-once") is None
        first = await ehr.apply(write, key="k-once")
        again = await ehr.apply(write, key="k-once")
        assert (again.ref, again.repeated) == (first.ref, True)
        return again

    receipt = await through(server, door, twice)
    stored = [item for item in server.resources_written() if "k-once" in str(item)]
    assert [f"{item['resourceType']}/{item['id']}" for item in stored] == [receipt.ref]


async def test_a_lookup_that_cannot_see_everything_refuses_to_store() -> None:
    statement = {
        "rest": [
            {
                "resource": [
                    {
                        "type": "DocumentReference",
                        "interaction": [{"code": c} for c in ("read", "create", "search-type")],
                    }
                ]
            }
        ]
    }
    creates = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal creates
        creates += request.method == "POST" and request.path.endswith("/DocumentReference")
        if request.path.endswith("/metadata"):
            return web.json_response(statement)
        return web.json_response(
            {"resourceType": "Bundle", "link": [{"relation": "next", "url": "DocumentReference?page=1"}]}
        )

    async with Scripted([endless]) as stub, FhirR4(FhirR4Settings(base_url=stub.base_url)) as ehr:
        with pytest.raises(EhrRefused, match="too many"):
            await ehr.apply(WRITE, key="k")
    assert creates == 0


async def test_not_found_after_a_lost_answer_is_unknown_and_the_next_call_looks_again(server: SandboxServer) -> None:
    door = OneAnswerLost(server, conditional=False, visible=False)

    async def twice(ehr: FhirR4) -> Receipt:
        with pytest.raises(OutcomeUnknown):
            await ehr.apply(WRITE, key="k")
        door.visible = True
        return await ehr.apply(WRITE, key="k")

    receipt = await through(server, door, twice)
    assert receipt.repeated
    assert len(documents(server, "k")) == 1


@pytest.mark.parametrize("retry_after_s", [None, 1.0])
@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_moment_is_waited_out(
    server: SandboxServer, ehr: FhirR4, status: int, retry_after_s: float | None
) -> None:
    server.faults.fail_next(2, status, resource_type="DocumentReference", retry_after_s=retry_after_s)
    assert (await ehr.apply(WRITE, key="k")).op is Op.NATIVE
    server.faults.fail_next(2, status, resource_type="Condition", retry_after_s=retry_after_s)
    chart = await ehr.read(CLIENT, {Section.PROBLEMS})
    assert isinstance(chart.sections[Section.PROBLEMS], Read)


async def test_a_section_that_stays_down_is_missing_and_the_others_are_not(server: SandboxServer) -> None:
    for batch in (False, True):
        server.faults.clear()
        server.faults.fail_next(None, 503, resource_type="Condition")
        async with FhirR4(settings(server, batch=batch)) as ehr:
            chart = await ehr.read(CLIENT, {Section.PROBLEMS, Section.ALLERGIES})
            answer = chart.sections[Section.PROBLEMS]
            assert isinstance(answer, Missing)
            assert answer.why is Why.UNAVAILABLE
            assert "problems" in answer.sentence
            assert isinstance(chart.sections[Section.ALLERGIES], Read)
            with pytest.raises(EhrUnavailable):
                await ehr.versions(CLIENT, {Section.PROBLEMS, Section.ALLERGIES})


async def test_a_batch_that_is_listed_and_refused_is_done_without(server: SandboxServer) -> None:
    server.faults.fail_next(1, 403, resource_type="Bundle")
    async with FhirR4(settings(server, batch=True)) as ehr:
        for _ in range(2):
            chart = await ehr.read(CLIENT, {Section.PROBLEMS})
            assert isinstance(chart.sections[Section.PROBLEMS], Read)


async def test_a_client_record_that_cannot_be_read_is_an_error(server: SandboxServer, ehr: FhirR4) -> None:
    server.faults.fail_next(None, 503, resource_type="Patient")
    with pytest.raises(EhrUnavailable):
        await ehr.read(CLIENT, {Section.NOTES})
    server.faults.clear()
    server.faults.fail_next(1, 403, resource_type="Patient", code="4131")
    with pytest.raises(EhrRefused, match="Break-the-Glass"):
        await ehr.read(CLIENT, {Section.NOTES})


async def test_a_half_answer_and_a_hang_never_read_as_nothing_on_file(server: SandboxServer) -> None:
    server.faults.cut_answers(None, resource_type="Flag")
    server.faults.hang(None, resource_type="Condition")
    async with FhirR4(settings(server, batch=False)) as ehr:
        chart = await ehr.read(CLIENT, {Section.ALERTS, Section.PROBLEMS})
    assert all(isinstance(chart.sections[s], Missing) for s in (Section.ALERTS, Section.PROBLEMS))


@pytest.mark.parametrize("code", ["4119", "4134", "59133", "4127"])
async def test_what_the_ehr_calls_incomplete_is_said_to_the_reader(
    server: SandboxServer, ehr: FhirR4, code: str
) -> None:
    server.faults.warn_next(1, code, resource_type="Condition")
    answer = (await ehr.read(CLIENT, {Section.PROBLEMS})).sections[Section.PROBLEMS]
    assert isinstance(answer, Read)
    assert answer.items
    assert answer.incomplete is not None
    assert "complete" in answer.incomplete


@pytest.mark.parametrize("code", ["4130", "4131"])
async def test_a_search_behind_glass_is_refused_even_inside_a_good_answer(
    server: SandboxServer, ehr: FhirR4, code: str
) -> None:
    server.faults.warn_next(1, code, resource_type="Condition")
    answer = (await ehr.read(CLIENT, {Section.PROBLEMS})).sections[Section.PROBLEMS]
    assert isinstance(answer, Missing)
    assert answer.why is Why.REFUSED


async def test_a_token_that_dies_midway_is_replaced(server: SandboxServer, ehr: FhirR4) -> None:
    await ehr.client(CLIENT)
    server.revoke_tokens()
    chart = await ehr.read(CLIENT, {Section.NOTES, Section.PLAN, Section.ASSESSMENTS})
    assert all(isinstance(answer, Read) for answer in chart.sections.values())


async def test_tokens_of_fifteen_seconds_are_enough(charts: list[dict[str, Any]]) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    ticks = 0.0
    async with SandboxServer(bundles=charts, client_secret=SECRET, token_lifetime_s=15, clock=lambda: now) as server:
        credentials = ClientSecret("baton", SECRET)
        auth = SmartBackend(credentials, base_url=server.base_url, token_url=server.token_url, clock=lambda: ticks)
        async with FhirR4(FhirR4Settings(base_url=server.base_url, auth=auth)) as ehr:
            for _ in range(5):
                await ehr.client(CLIENT)
                now, ticks = now + timedelta(seconds=11), ticks + 11


async def test_a_poisoned_next_link_refuses_the_section(server: SandboxServer) -> None:
    page = {
        "resourceType": "Bundle",
        "type": "searchset",
        "link": [{"relation": "next", "url": "https://evil.example/fhir?page=2"}],
        "entry": [{"resource": {"resourceType": "Condition", "id": "1", "subject": {"reference": "Patient/p"}}}],
    }
    answer = await one_section(Section.PROBLEMS, page)
    assert isinstance(answer, Missing)
    assert "another server" in answer.sentence


async def one_section(section: Section, page: dict[str, Any], client_id: str = "p") -> Any:
    kinds = ["Condition", "Patient", "DocumentReference", "CarePlan", "MedicationRequest"]
    statement = {
        "resourceType": "CapabilityStatement",
        "rest": [
            {
                "mode": "server",
                "resource": [{"type": k, "interaction": [{"code": "read"}, {"code": "search-type"}]} for k in kinds],
            }
        ],
    }

    async def fhir(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/metadata"):
            return web.json_response(statement)
        if "/Patient/" in request.path:
            return web.json_response({"resourceType": "Patient", "id": client_id})
        return web.json_response(page)

    async with Scripted([fhir]) as stub, FhirR4(FhirR4Settings(base_url=stub.base_url, limits=LIMITS)) as ehr:
        return (await ehr.read(client_id, {section})).sections[section]


async def test_records_of_anybody_else_are_left_out_and_it_is_said() -> None:
    subjects = [
        {"reference": "Patient/p"},
        {"reference": "Patient/somebody-else"},
        None,
        {"reference": "http://x/fhir/Patient/p/_history/2"},
    ]
    entries = [{"resource": {"resourceType": "Condition", "id": str(n), "subject": s}} for n, s in enumerate(subjects)]
    answer = await one_section(Section.PROBLEMS, {"resourceType": "Bundle", "entry": entries})
    assert isinstance(answer, Read)
    assert {item.source.ref for item in answer.items} == {"Condition/0", "Condition/3"}
    assert "not marked as this client's" in (answer.incomplete or "")


async def test_a_fatal_outcome_inside_an_answer_is_not_swallowed() -> None:
    entries = [{"resource": outcome(None, severity="fatal"), "search": {"mode": "outcome"}}]
    answer = await one_section(Section.PROBLEMS, {"resourceType": "Bundle", "entry": entries})
    assert isinstance(answer, Read)
    assert answer.incomplete


async def test_a_text_that_comes_back_changed_is_refused(server: SandboxServer) -> None:
    class Rewrites(OneAnswerLost):
        async def __call__(self, request: web.Request) -> web.StreamResponse:
            answer = await super().__call__(request)
            assert isinstance(answer, web.Response)
            assert isinstance(answer.body, bytes)
            there = base64.b64encode(b"Approved text.")
            answer.body = answer.body.replace(there, base64.b64encode(b"Approved test."))
            return answer

    door = Rewrites(server, conditional=True)
    door.lose = False
    with pytest.raises(EhrRefused, match="differs"):
        await through(server, door, lambda ehr: ehr.apply(WRITE, key="k"))


async def test_two_records_with_one_key_need_a_person() -> None:
    kept = {
        "resourceType": "DocumentReference",
        "identifier": [{"system": "https://baton.care/fhir/write", "value": "k"}],
        "subject": {"reference": "Patient/p"},
    }
    statement = {
        "rest": [
            {
                "resource": [
                    {
                        "type": "DocumentReference",
                        "interaction": [{"code": c} for c in ("read", "create", "search-type")],
                    }
                ]
            }
        ]
    }
    page = {"resourceType": "Bundle", "entry": [{"resource": kept | {"id": "1"}}, {"resource": kept | {"id": "2"}}]}
    async with (
        Scripted([says(200, statement), says(200, page)]) as stub,
        FhirR4(FhirR4Settings(base_url=stub.base_url)) as ehr,
    ):
        with pytest.raises(EhrRefused, match="more than one"):
            await ehr.apply(WRITE, key="k")


async def test_an_ambiguous_conditional_create_needs_a_person(server: SandboxServer, ehr: FhirR4) -> None:
    server.faults.fail_next(1, 412, resource_type="DocumentReference", method="POST")
    with pytest.raises(EhrRefused):
        await ehr.apply(WRITE, key="k")


async def test_a_server_that_ignores_the_key_in_a_search_is_not_believed(server: SandboxServer) -> None:
    class Ignores(OneAnswerLost):
        async def __call__(self, request: web.Request) -> web.StreamResponse:
            if request.path.endswith("/DocumentReference/_search"):
                page = {
                    "resourceType": "Bundle",
                    "entry": [{"resource": {"resourceType": "DocumentReference", "id": "any"}}],
                }
                return web.json_response(page)
            return await super().__call__(request)

    door = Ignores(server, conditional=True)
    door.lose = False
    receipt = await through(server, door, lambda ehr: ehr.apply(WRITE, key="k"))
    assert receipt.ref != "DocumentReference/any"
    assert not receipt.repeated


@pytest.mark.parametrize("key", ["", "a b", "a|b", "x" * 129, "ä"])
async def test_a_key_that_could_be_read_as_a_search_is_a_mistake_of_the_caller(ehr: FhirR4, key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        await ehr.apply(WRITE, key=key)


async def test_a_reference_by_name_is_a_mistake_of_the_caller(ehr: FhirR4) -> None:
    write = ProvenanceWrite(client_id=CLIENT, targets=("@document",), verifier=THERAPIST, when=WRITE.when)
    with pytest.raises(ValueError, match="earlier write"):
        await ehr.apply(write, key="k")


async def test_an_ehr_that_does_not_say_what_it_can_do_is_unavailable() -> None:
    for answer in (says(404), says(200, {"resourceType": "CapabilityStatement"}), says(503)):
        async with Scripted([answer]) as stub, FhirR4(FhirR4Settings(base_url=stub.base_url, limits=LIMITS)) as ehr:
            with pytest.raises(EhrUnavailable):
                await ehr.capabilities()
