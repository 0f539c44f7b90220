"""Each implementation of the EHR port as a `World`: the same chart of one client, and how to look behind the door."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import aiohttp
import pytest

from ehr_clients.fhir_r4 import FhirR4, FhirR4Settings
from ehr_clients.port import Ehr
from ehr_clients.sandbox import SandboxServer
from ehr_clients.sandbox.clinic import bundles
from ehr_clients.smart_auth import ClientSecret, SmartBackend
from tests.contract import sekmet, stated

type Json = dict[str, Any]
SECRET = "not-a-secret-in-tests"
TODAY = date(2026, 11, 23)
CLIENT = "sb-c102"
OTHER_CLIENT = "sb-c106"  # has psychotherapy notes
THERAPIST = "Practitioner/sb-p-vega"


@dataclass
class World:
    name: str
    ehr: Ehr
    stored: Callable[[str], Awaitable[list[Json]]]  # key -> resources that carry it
    has_care_teams: bool = True


@cache
def clinic() -> list[Json]:
    """The charts of two clients, and the clinic itself. Servers copy what they keep."""
    return [bundle for bundle in bundles(TODAY) if _belongs(bundle)]


def _belongs(bundle: Json) -> bool:
    clients = {entry["resource"]["id"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Patient"}
    return not clients or bool(clients & {CLIENT, OTHER_CLIENT})


@pytest.fixture
async def sandbox() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(bundles=clinic(), client_secret=SECRET) as server:
        yield server


@pytest.fixture(scope="session")
def sekmet_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sekmet.Sekmet]:
    with sekmet.running(tmp_path_factory.mktemp("sekmet")) as server:
        charts = [entry["resource"] for bundle in clinic() for entry in bundle["entry"]]
        with ThreadPoolExecutor(1) as beside:  # a loop of its own: this one is taken by the test that asked first
            beside.submit(lambda: asyncio.run(sekmet.load(server, charts))).result()
        yield server


def settings(base_url: str, token_url: str, **more: Any) -> FhirR4Settings:
    auth = SmartBackend(ClientSecret("baton", SECRET), base_url=base_url, token_url=token_url)
    return FhirR4Settings(base_url=base_url, auth=auth, **more)


@pytest.fixture(params=["sandbox", "sandbox in one batch", "sekmet", "epic", "athena"])
async def world(request: pytest.FixtureRequest, sandbox: SandboxServer) -> AsyncIterator[World]:
    match request.param:
        case "sandbox" | "sandbox in one batch":
            batch = request.param != "sandbox"
            async with FhirR4(settings(sandbox.base_url, sandbox.token_url, batch=batch)) as ehr:
                yield World("sandbox", ehr, lambda key: _written(sandbox, key))
        case "sekmet":
            server: sekmet.Sekmet = request.getfixturevalue("sekmet_server")
            async with FhirR4(FhirR4Settings(base_url=server.base_url, auth=server.auth())) as ehr:
                yield World("sekmet", ehr, lambda key: _on_sekmet(server, key), has_care_teams=False)
        case vendor:
            door = stated.epic(sandbox) if vendor == "epic" else stated.athena(sandbox)
            async with door, FhirR4(settings(door.base_url, sandbox.token_url)) as ehr:
                yield World(vendor, ehr, lambda key: _written(sandbox, key))


async def _written(server: SandboxServer, key: str) -> list[Json]:
    return [resource for resource in server.resources_written() if key in str(resource)]


async def _on_sekmet(server: sekmet.Sekmet, key: str) -> list[Json]:
    found: list[Json] = []
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": await server.auth().authorization(session) or ""}
        for kind in ("DocumentReference", "Communication", "Task", "Flag", "CarePlan", "Provenance", "AuditEvent"):
            by = "_tag" if kind in {"Provenance", "AuditEvent"} else "identifier"
            query = {by: f"https://baton.care/fhir/write|{key}"}
            async with session.get(f"{server.base_url}/{kind}", params=query, headers=headers) as answer:
                found += [entry["resource"] for entry in (await answer.json()).get("entry", [])]
    return found
