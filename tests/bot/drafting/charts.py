"""Every chart of the sandbox clinic, read once: its facts, its template draft, its prompt and whom it names."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from bot.privacy.record import Record, record_of
from ehr_clients.fhir_r4 import FhirR4, FhirR4Settings
from ehr_clients.models import ChartData
from ehr_clients.sandbox import SandboxServer
from ehr_clients.smart_auth import ClientSecret, SmartBackend
from skills.handoff import SKILL
from skills.handoff.prompt import prompt
from skills.kit import Chart, DraftText, Person, Prompt, Request
from tests.fakes.office import SECRET, charts, example_clinic

NOW = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
VEGA = Person("Practitioner/sb-p-vega", "Marisol Vega", "LCSW")


@dataclass(frozen=True, slots=True)
class Case:
    alias: str
    data: ChartData
    template: DraftText
    prompt: Prompt
    record: Record


@cache
def cases() -> tuple[Case, ...]:
    return asyncio.run(_cases())


async def _cases() -> tuple[Case, ...]:
    staff, by_client = charts()
    async with SandboxServer(bundles=[staff, *by_client.values()], client_secret=SECRET) as server:
        auth = SmartBackend(ClientSecret("baton", SECRET), base_url=server.base_url, token_url=server.token_url)
        async with FhirR4(FhirR4Settings(base_url=server.base_url, auth=auth)) as ehr:
            return tuple([_case(await ehr.read(f"sb-{name}", SKILL.reads)) for name in by_client])


def _case(data: ChartData) -> Case:
    alias = data.client.alias or data.client.id
    request = Request("r1", "handoff", VEGA, "Harbor", None, NOW)
    facts = SKILL.gather(request, Chart(alias, data, SKILL.reads, NOW))
    return Case(alias, data, SKILL.compose(facts), prompt(facts), record_of(data, example_clinic().staff))
