"""An EHR over FHIR R4: the port of Baton on top of what this server's /metadata offers."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from ehr_clients.capabilities import Abilities, matrix, parse
from ehr_clients.codes import ALIAS
from ehr_clients.errors import EhrRefused, EhrUnavailable
from ehr_clients.fhir_r4 import caseloads, changes, people
from ehr_clients.fhir_r4.material import clients_of, sift
from ehr_clients.fhir_r4.reading import Reader
from ehr_clients.fhir_r4.searching import NotOffered, Search, Searcher
from ehr_clients.fhir_r4.values import Json, kind, many, pick, reference, string
from ehr_clients.fhir_r4.writing import Writer
from ehr_clients.http import FhirHttp, Limits
from ehr_clients.models import Changes, ChartData, Client, InCare, Section
from ehr_clients.port import Capability, ClientQuery, Receipt, Write
from ehr_clients.smart_auth import Auth, NoAuth

_MOST_FOUND = 50
_REPLACED = frozenset({"replaced-by"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FhirR4Settings:
    """`batch`, `post_search`: None takes what is offered. `audit_as_document`: file audit records as documents."""

    base_url: str
    auth: Auth = field(default_factory=NoAuth)
    limits: Limits = field(default_factory=Limits)
    batch: bool | None = None
    post_search: bool | None = None
    audit_as_document: bool = False


@dataclass(frozen=True, slots=True)
class _Connected:
    """What can only be built once the server has said what it can do."""

    abilities: Abilities
    searcher: Searcher
    reader: Reader
    writer: Writer


class FhirR4:
    """Implements `ehr_clients.port.Ehr`. Open with `async with`."""

    def __init__(self, settings: FhirR4Settings, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._settings = settings
        self._http = FhirHttp(settings.base_url, auth=settings.auth, limits=settings.limits, sleep=sleep)
        self._connected: _Connected | None = None
        self._connecting = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.__aexit__(*exc)

    async def capabilities(self) -> list[Capability]:
        async with self._connecting:
            abilities = await self._abilities()
            if self._connected is None or self._connected.abilities != abilities:
                self._connected = self._connect(abilities)
        return matrix(abilities, audit_as_document=self._settings.audit_as_document)

    async def client(self, client_id: str) -> Client:
        return await (await self._ready()).reader.client(client_id)

    async def read(self, client_id: str, sections: Collection[Section]) -> ChartData:
        return await (await self._ready()).reader.read(client_id, sections)

    async def versions(self, client_id: str, sections: Collection[Section]) -> Mapping[str, str]:
        return await (await self._ready()).reader.versions(client_id, sections)

    async def apply(self, write: Write, *, key: str) -> Receipt:
        return await (await self._ready()).writer.apply(write, key=key)

    async def stored(self, write: Write, *, key: str) -> Receipt | None:
        return await (await self._ready()).writer.stored(write, key=key)

    async def find(self, query: ClientQuery) -> list[Client]:
        params = _patient_params(query)
        if not params:
            raise ValueError("A search for clients needs at least one field.")
        ready = await self._ready()
        offered = ready.abilities.offer("Patient").params
        if offered and any(name not in offered for name, _ in params):
            raise EhrRefused("This EHR cannot search clients that way.")
        found = await ready.searcher.run(Search("Patient", tuple(params), enough=_MOST_FOUND))
        clients = [client for client in _clients(found.resources) if _matches(client, query)]
        return sorted(clients, key=_by_family)[:_MOST_FOUND]

    async def caseload(self, practitioner: str) -> list[Client]:
        ready = await self._ready()
        if "participant" in ready.abilities.offer("CareTeam").params:
            patients = await self._by_care_team(ready, practitioner)
        elif "general-practitioner" in ready.abilities.offer("Patient").params:
            by = (("general-practitioner", practitioner),)
            patients = (await ready.searcher.run(Search("Patient", by))).resources
        else:
            raise NotOffered("This EHR cannot list the clients of a staff member.")
        return sorted(_clients(patients), key=lambda client: (client.alias or "~", _by_family(client)))

    async def changed(self, since: datetime, clients: Collection[str] | None = None) -> frozenset[str]:
        ready = await self._ready()
        return await changes.changed(ready.searcher, ready.abilities, since, clients)

    async def clients_of(self, ref: str) -> frozenset[str]:
        try:
            found = await self._get(ref)
        except EhrRefused as refused:
            if refused.status in {404, 410}:
                return frozenset()
            raise
        if kind(found) == "Patient":
            return frozenset({string(found.get("id")) or ref.removeprefix("Patient/")})
        return frozenset(each.removeprefix("Patient/") for each in clients_of(found) if each.startswith("Patient/"))

    async def referrals_changed(self, since: datetime) -> frozenset[str]:
        ready = await self._ready()
        return await changes.of_loop(ready.searcher, ready.abilities, since)

    async def in_care(self, practitioners: Collection[str]) -> list[InCare]:
        ready = await self._ready()
        return await caseloads.in_care(ready.searcher, ready.abilities, practitioners)

    async def changes(self, clients: Collection[Client], since: datetime, *, until: datetime) -> Changes:
        ready = await self._ready()
        return await caseloads.changes(ready.searcher, ready.abilities, clients, since, until)

    async def care_team(self, client_id: str) -> frozenset[str]:
        ready = await self._ready()
        _, found = await asyncio.gather(
            ready.reader.patient(client_id), ready.searcher.run(Search("CareTeam"), client_id)
        )
        teams = people.active_teams(sift(found.resources, client_id).kept)
        members = [ref for team in teams for ref in people.members(team)]
        roles = [ref for ref in members if ref.startswith("PractitionerRole/")]
        behind = [reference((await self._get(ref)).get("practitioner")) for ref in roles]
        return frozenset(ref for ref in [*members, *behind] if ref and ref.startswith("Practitioner/"))

    async def _get(self, path: str) -> Json:
        return (await self._http.get(path)).json()

    async def _by_care_team(self, ready: _Connected, practitioner: str) -> list[Json]:
        by = (("participant", practitioner), ("status", "active"))
        found = await ready.searcher.run(Search("CareTeam", by, include=("CareTeam:subject", "CareTeam:patient")))
        teams = [team for team in people.active_teams(found.resources) if practitioner in people.members(team)]
        subjects = dict.fromkeys(ref for team in teams if (ref := reference(team.get("subject"))))
        refs = [ref for ref in subjects if ref.startswith("Patient/")]
        fetched = await asyncio.gather(*(self._get(ref) for ref in refs if ref not in found.beside))
        return [*(found.beside[ref] for ref in refs if ref in found.beside), *fetched]

    async def _ready(self) -> _Connected:
        async with self._connecting:
            if self._connected is None:
                self._connected = self._connect(await self._abilities())
            return self._connected

    async def _abilities(self) -> Abilities:
        try:
            statement = (await self._http.get("metadata")).json()
        except EhrRefused:
            raise EhrUnavailable("The EHR did not say what it can do.") from None
        abilities = parse(statement)
        if not abilities.types:
            raise EhrUnavailable("The EHR did not say what it can do.")
        return abilities

    def _connect(self, abilities: Abilities) -> _Connected:
        settings = self._settings
        searcher = Searcher(self._http, abilities, post=settings.post_search)
        batch = "batch" in abilities.system if settings.batch is None else settings.batch
        reader = Reader(self._http, searcher, batch=batch)
        writer = Writer(
            self._http, abilities, searcher, client_exists=reader.patient, audit_as_document=settings.audit_as_document
        )
        return _Connected(abilities, searcher, reader, writer)


def _patient_params(query: ClientQuery) -> list[tuple[str, str]]:
    identifiers = [query.mrn] if query.mrn else []
    identifiers += [f"{ALIAS}|{query.alias}"] if query.alias else []
    by = [("name", query.name)] if query.name else []
    by += [("birthdate", query.birth_date.isoformat())] if query.birth_date else []
    return by + [("identifier", value) for value in identifiers]


def _matches(client: Client, query: ClientQuery) -> bool:
    """An identifier search may hit any system; a number of another kind is no match."""
    return (not query.mrn or client.mrn == query.mrn) and (not query.alias or client.alias == query.alias)


def _clients(patients: list[Json]) -> list[Client]:
    merged = [item for item in patients if _is_merged(item)]
    return [people.client(item) for item in patients if item not in merged]


def _is_merged(patient: Json) -> bool:
    return any(string(pick(link, "type")) in _REPLACED for link in many(patient.get("link")))


def _by_family(client: Client) -> tuple[str, tuple[str, ...]]:
    return ((client.family or "").casefold(), tuple(given.casefold() for given in client.given))
