"""Of many clients at once: who they are, what changed since, what is open. One search for each type of record.

However large a team is, it takes the same number of searches; only their pages grow, a thousand records each. The names
of staff are not looked up and texts kept elsewhere are not fetched: a digest shows neither.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from ehr_clients.capabilities import PATIENT_PARAMS, Abilities
from ehr_clients.errors import EhrError, EhrRefused
from ehr_clients.fhir_r4 import mapping, people
from ehr_clients.fhir_r4.consents import consents
from ehr_clients.fhir_r4.coordination import appointments, messages
from ehr_clients.fhir_r4.labels import labels_of
from ehr_clients.fhir_r4.material import Material, clients_of, sift, written_by_baton
from ehr_clients.fhir_r4.plans import plans
from ehr_clients.fhir_r4.referrals import referrals
from ehr_clients.fhir_r4.searching import Found, NotOffered, Search, Searcher
from ehr_clients.fhir_r4.sections import CODES
from ehr_clients.fhir_r4.treatment import alerts
from ehr_clients.fhir_r4.values import (
    Json,
    codes,
    day,
    instant,
    moment,
    pick,
    ref_of,
    reference,
    references,
    source,
    string,
    words,
)
from ehr_clients.models import Changes, Client, InCare, Recent, Stay, Todo

PAGE: Final = 1000
ROUNDED: Final = timedelta(milliseconds=1)
BACK: Final = timedelta(days=31)  # visits and stays this old still bear on a clock that runs
INPATIENT: Final = frozenset({"IMP", "ACUTE", "NONAC"})  # v3-ActCode of Encounter.class
OPEN_TASKS: Final = "draft,requested,received,accepted,ready,in-progress,on-hold"
NEWS: Final[Mapping[str, str]] = {  # what is asked for by when it was stored, and what it is called
    "Observation": "assessments",
    "QuestionnaireResponse": "questionnaires",
    "DocumentReference": "notes",
    "Communication": "messages",
    "Flag": "alerts",
    "Goal": "goals",
}
STANDING: Final[Mapping[str, str]] = {  # what is asked for as it stands
    "Appointment": "visits",
    "ServiceRequest": "referrals",
    "Task": "tasks",
    "Encounter": "stays",
    "Consent": "consents",
}


# Who


async def in_care(searcher: Searcher, abilities: Abilities, practitioners: Collection[str]) -> list[InCare]:
    """Clients on whose active care teams any of them is. Raises NotOffered, EhrRefused, EhrUnavailable."""
    if not practitioners:
        return []
    offered = abilities.offer("CareTeam").params
    if offered and "participant" not in offered:
        raise NotOffered("This EHR cannot list the clients of a team.")
    by = (("participant", ",".join(sorted(practitioners))), ("status", "active"))
    found = await searcher.run(Search("CareTeam", by, include=("CareTeam:subject", "CareTeam:patient"), page=PAGE))
    if found.incomplete:
        raise EhrRefused("The EHR did not tell the whole caseload.")
    teams = people.active_teams(found.resources)
    members: dict[str, set[str]] = {}
    for team in teams:
        members.setdefault(reference(team.get("subject")) or "", set()).update(_staff(team))
    ours = {ref: refs for ref, refs in members.items() if ref.startswith("Patient/") and refs & set(practitioners)}
    if lost := [ref for ref in ours if ref not in found.beside]:
        by_id = (("_id", ",".join(ref.removeprefix("Patient/") for ref in lost)),)
        patients = await searcher.run(Search("Patient", by_id, page=PAGE))
        found.beside.update({ref_of(each): each for each in patients.resources})
    known = [(found.beside[ref], refs) for ref, refs in sorted(ours.items()) if ref in found.beside]
    return [InCare(people.client(patient), frozenset(refs)) for patient, refs in known]


def _staff(team: Json) -> set[str]:
    return {ref for ref in people.members(team) if ref.startswith("Practitioner/")}


# What changed, and what is open


async def changes(
    searcher: Searcher, abilities: Abilities, clients: Collection[Client], since: datetime, until: datetime
) -> Changes:
    """As the port promises. Raises EhrUnavailable when the EHR answered nothing of it."""
    ids = sorted({client.id for client in clients})
    if not ids:
        return Changes({})
    asked = _Asked(searcher, abilities, ids)
    news = [_news(kind, since) for kind in NEWS]
    await asyncio.gather(*(asked.run(search) for search in [*news, *_standing(until)]))
    await asked.earlier_assessments()
    if len(asked.failed) == len(NEWS) + len(STANDING):
        raise next(iter(asked.failed.values()))
    by_client = {client: _recent(client, asked.of(client), since) for client in ids}
    gaps = tuple(sorted(asked.gaps))
    return Changes(by_client, gaps, "Consent" not in asked.failed and not asked.partial("Consent"), asked.trips)


def _news(kind: str, since: datetime) -> Search:
    said = since.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    narrowed = (("code", CODES),) if kind == "Observation" else ()
    return Search(kind, (("_lastUpdated", f"ge{said}"), *narrowed), page=PAGE)


def _standing(until: datetime) -> list[Search]:
    from_day = (until - BACK).date().isoformat()
    narrowed = {
        "Appointment": (("date", f"ge{from_day}"),),
        "ServiceRequest": (("status", "draft,active,on-hold"),),
        "Encounter": (("date", f"ge{from_day}"), ("class", ",".join(sorted(INPATIENT)))),
    }
    return [Search(kind, narrowed.get(kind, ()), page=PAGE) for kind in STANDING]


@dataclass(slots=True)
class _Asked:
    """The answers so far, by client; what failed, by type; and what to say about it."""

    searcher: Searcher
    abilities: Abilities
    ids: list[str]
    trips: int = 0
    failed: dict[str, EhrError] = field(default_factory=dict)
    gaps: set[str] = field(default_factory=set)
    _partial: set[str] = field(default_factory=set)
    _found: dict[str, dict[str, dict[str, Json]]] = field(default_factory=dict)  # client -> type -> ref -> resource

    async def run(self, search: Search, of: Collection[str] | None = None) -> None:
        """A failure is told and does not spoil the others. `of`: some of the clients only."""
        try:
            self._keep(search.kind, await self._search(search, self.ids if of is None else of))
        except EhrError as error:
            self.failed[search.kind] = error
            if not isinstance(error, NotOffered) or search.kind in NEWS:
                self.gaps.add(f"{_called(search.kind)} could not be read")

    async def earlier_assessments(self) -> None:
        """Where there is a new one, those before it: a score has moved from somewhere."""
        fresh = {"Observation", "QuestionnaireResponse"}
        moved = sorted(client for client, kinds in self._found.items() if kinds.keys() & fresh)
        if moved and "Observation" not in self.failed:
            await self.run(Search("Observation", (("code", CODES),), page=PAGE), moved)

    def of(self, client_id: str) -> dict[str, list[Json]]:
        return {kind: list(refs.values()) for kind, refs in self._found.get(client_id, {}).items()}

    def partial(self, kind: str) -> bool:
        return kind in self._partial

    async def _search(self, search: Search, ids: Collection[str]) -> Found:
        """By the list of clients; a server that refuses lists is asked for what is new of anybody."""
        offer = self.abilities.offer(search.kind)
        asks_when = any(name == "_lastUpdated" for name, _ in search.params)
        if asks_when and offer.params and "_lastUpdated" not in offer.params:
            raise NotOffered(f"This EHR cannot say which {_called(search.kind)} are new.")
        by = next((name for name in PATIENT_PARAMS if name in offer.params), None if offer.params else "patient")
        listed = search._replace(params=((by, _list(by, ids)), *search.params)) if by else None
        try:
            if listed is not None:
                return await self._counted(listed)
        except EhrRefused as refused:
            if isinstance(refused, NotOffered) or not asks_when:
                raise
        if not asks_when:
            raise NotOffered(f"This EHR offers no search of {search.kind} by client.")
        return await self._counted(search)

    async def _counted(self, search: Search) -> Found:
        found = await self.searcher.run(search)
        self.trips += 1 + len(found.resources) // PAGE
        return found

    def _keep(self, kind: str, found: Found) -> None:
        if found.incomplete:
            self._partial.add(kind)
            self.gaps.add(f"{_called(kind)} may not be complete")
        ours = set(self.ids)
        for resource in found.resources:
            for client in {ref.removeprefix("Patient/") for ref in clients_of(resource)} & ours:
                self._found.setdefault(client, {}).setdefault(kind, {})[ref_of(resource)] = resource


def _list(by: str, ids: Collection[str]) -> str:
    return ",".join(ids if by == "patient" else (f"Patient/{client}" for client in ids))


def _called(kind: str) -> str:
    return NEWS.get(kind) or STANDING.get(kind) or kind


# One client of them


def _recent(client_id: str, found: Mapping[str, list[Json]], since: datetime) -> Recent:
    sifted = {kind: sift(resources, client_id) for kind, resources in found.items()}
    kept = {kind: each.kept for kind, each in sifted.items()}
    loop, others = _tasks(kept.get("Task", []))
    material = Material({**kept, "Task": loop})
    return Recent(
        assessments=tuple(mapping.chart_assessments(material)),
        notes=tuple(mapping.chart_notes(material)),
        messages=tuple(messages(material)),
        appointments=tuple(appointments(material)),
        alerts=tuple(alerts(material)),
        plans=tuple(plans(material)),
        referrals=tuple(referrals(material)),
        todos=tuple(_todo(each) for each in others if string(each.get("status")) in OPEN_TASKS.split(",")),
        stays=tuple(_stays(material.of("Encounter"))),
        consents=tuple(consents(material)),
        new=_new((each for resources in kept.values() for each in resources), since),
        dropped=sum(each.dropped for each in sifted.values()),
    )


def _new(resources: Iterable[Json], since: datetime) -> dict[str, datetime]:
    """What Baton wrote itself is nobody's news."""
    new: dict[str, datetime] = {}
    for resource in resources:
        at = instant(pick(resource, "meta", "lastUpdated"))
        if at is not None and at >= since - ROUNDED and not written_by_baton(resource):
            new[ref_of(resource)] = at
    return new


def _tasks(tasks: Iterable[Json]) -> tuple[list[Json], list[Json]]:
    """Those of referrals, and the others."""
    loop: list[Json] = []
    others: list[Json] = []
    for task in tasks:
        refs = [reference(task.get("focus")), *references(task.get("basedOn"))]
        (loop if any((ref or "").startswith("ServiceRequest/") for ref in refs) else others).append(task)
    return loop, others


def _todo(task: Json) -> Todo:
    return Todo(
        source=source(task, "Task", task.get("authoredOn")),
        labels=labels_of(task),
        what=string(task.get("description")) or words(task.get("code")) or "task not described",
        due=day(pick(task, "restriction", "period", "end")),
        owner_ref=reference(task.get("owner")),
        status=string(task.get("status")),
    )


def _stays(encounters: Iterable[Json]) -> Iterable[Stay]:
    for each in encounters:
        ended = moment(pick(each, "period", "end"))
        inside = string(pick(each, "class", "code")) in INPATIENT or bool(set(codes(each.get("class"))) & INPATIENT)
        if inside and ended is not None and string(each.get("status")) == "finished":
            yield Stay(
                source=source(each, "Stay", pick(each, "period", "end")),
                labels=labels_of(each),
                kind=words(each.get("type")),
                ended=ended,
            )
