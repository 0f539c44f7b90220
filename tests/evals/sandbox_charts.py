"""The handoffs of all 18 clients of the sandbox clinic, drawn up without a model: real lines to rest sentences on."""

import asyncio
from datetime import UTC, date, datetime

from ehr_clients.fhir_r4 import FhirR4, FhirR4Settings
from ehr_clients.models import Client
from ehr_clients.sandbox import SandboxServer
from ehr_clients.sandbox.clinic import bundles
from ehr_clients.smart_auth import ClientSecret, SmartBackend
from skills.handoff import SKILL
from skills.kit import Chart, DraftText, Person, Request

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
SECRET = "not-a-secret-in-tests"
VEGA = Person("Practitioner/sb-p-vega", "Marisol Vega", "LCSW")
OSEI = Person("Practitioner/sb-p-osei", "Daniel Osei", "LPC")


def handoffs() -> dict[str, DraftText]:
    """By alias, in order."""
    return asyncio.run(_handoffs())


async def _handoffs() -> dict[str, DraftText]:
    async with SandboxServer(bundles=bundles(TODAY), client_secret=SECRET) as server:
        auth = SmartBackend(ClientSecret("baton", SECRET), base_url=server.base_url, token_url=server.token_url)
        async with FhirR4(FhirR4Settings(base_url=server.base_url, auth=auth)) as ehr:
            clients = [await ehr.client(f"sb-c{number}") for number in range(101, 119)]
            return {client.alias or client.id: await _handoff(ehr, client) for client in clients}


async def _handoff(ehr: FhirR4, client: Client) -> DraftText:
    data = await ehr.read(client.id, SKILL.reads)
    request = Request("r1", "handoff", VEGA, "Harbor", OSEI, NOW)
    facts = SKILL.gather(request, Chart(client.alias or client.id, data, SKILL.reads, NOW))
    return SKILL.compose(facts)
