"""Which EHR this process talks to: the embedded sandbox clinic, or a FHIR R4 server from the settings."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bot.settings import EhrSettings
from ehr_clients.fhir_r4.client import FhirR4, FhirR4Settings
from ehr_clients.port import Ehr
from ehr_clients.sandbox import SandboxServer
from ehr_clients.sandbox import clinic as sandbox_clinic
from ehr_clients.sandbox.visitors import with_care_teams
from ehr_clients.smart_auth import DEFAULT_SCOPE, ClientSecret, PrivateKey, SmartBackend

SANDBOX_CLIENT = "baton"


@dataclass(frozen=True, slots=True)
class Charts:
    """An open EHR; `sandbox` is its server when it is the embedded one."""

    ehr: Ehr
    sandbox: SandboxServer | None


@asynccontextmanager
async def opened(settings: EhrSettings, *, state_file: Path | None, bundles: Path | None) -> AsyncIterator[Charts]:
    """Open the EHR that the settings name. `state_file` and `bundles` are the sandbox's."""
    if settings.kind == "fhir_r4":
        async with FhirR4(FhirR4Settings(base_url=settings.base_url or "", auth=auth_of(settings))) as ehr:
            yield Charts(ehr, None)
        return
    secret = secrets.token_urlsafe(24)
    staff, *clients = sandbox_clinic.bundles(date.today())  # noqa: DTZ011 - charts age in local days
    charts = [staff, *(with_care_teams(bundles) if bundles else clients)]
    server = SandboxServer(state_file=state_file, bundles=charts, client_id=SANDBOX_CLIENT, client_secret=secret)
    async with server:
        credentials = ClientSecret(SANDBOX_CLIENT, secret)
        auth = SmartBackend(credentials, base_url=server.base_url, token_url=server.token_url)
        async with FhirR4(FhirR4Settings(base_url=server.base_url, auth=auth)) as ehr:
            yield Charts(ehr, server)


def auth_of(settings: EhrSettings) -> SmartBackend:
    """How Baton signs in to a FHIR server. Raises OSError or ValueError where the private key cannot be used."""
    client_id = settings.client_id or ""
    if settings.private_key_file:
        credentials: ClientSecret | PrivateKey = PrivateKey(
            client_id, settings.key_id or "", settings.private_key_file.read_bytes()
        )
    else:
        assert settings.client_secret is not None
        credentials = ClientSecret(client_id, settings.client_secret.get_secret_value())
    return SmartBackend(
        credentials,
        base_url=settings.base_url or "",
        token_url=settings.token_url,
        scope=settings.scope or DEFAULT_SCOPE,
    )
