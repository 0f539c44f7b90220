"""Whose chart has changed: one search by `_lastUpdated` for each type that a crisis signal may come from."""

import asyncio
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from ehr_clients.capabilities import Abilities, tells_changes, watched
from ehr_clients.errors import EhrRefused
from ehr_clients.fhir_r4.material import clients_of, written_by_baton
from ehr_clients.fhir_r4.searching import INCOMPLETE, TRUNCATED, NotOffered, Search, Searcher
from ehr_clients.fhir_r4.sections import CODES
from ehr_clients.fhir_r4.values import Json, moment, pick

LOOP: Final = ("ServiceRequest", "Task")
_ROUNDED: Final = timedelta(milliseconds=1)
_NARROWED: Final = {"Observation": (("code", CODES),), "Appointment": (("status", "noshow"),)}


async def changed(
    searcher: Searcher, abilities: Abilities, since: datetime, clients: Collection[str] | None
) -> frozenset[str]:
    """As the port promises. Raises NotOffered, EhrRefused, EhrUnavailable."""
    if not tells_changes(abilities):
        return _any_of(clients, NotOffered("This EHR cannot say whose chart has changed."))
    answers = await asyncio.gather(*(searcher.run(_search(kind, since)) for kind in watched(abilities)))
    if any({TRUNCATED, INCOMPLETE} & set(answer.incomplete) for answer in answers):
        return _any_of(clients, EhrRefused("More has changed than this EHR tells at once."))
    found = {client for answer in answers for each in answer.resources for client in _about(each, since)}
    return frozenset(found if clients is None else found & set(clients))


async def of_loop(searcher: Searcher, abilities: Abilities, since: datetime) -> frozenset[str]:
    """Of orders and of the tasks that fulfill them. Raises NotOffered, EhrRefused, EhrUnavailable."""
    if not all("_lastUpdated" in abilities.offer(kind).params for kind in LOOP):
        raise NotOffered("This EHR cannot say which referrals have changed.")
    answers = await asyncio.gather(*(searcher.run(_search(kind, since)) for kind in LOOP))
    if any({TRUNCATED, INCOMPLETE} & set(answer.incomplete) for answer in answers):
        raise EhrRefused("More has changed than this EHR tells at once.")
    return frozenset(client for answer in answers for each in answer.resources for client in _about(each, since))


def _any_of(clients: Collection[str] | None, unless_named: EhrRefused) -> frozenset[str]:
    """Nobody is left out: where it cannot be told, each of those asked for may have changed."""
    if clients is None:
        raise unless_named
    return frozenset(clients)


def _search(kind: str, since: datetime) -> Search:
    moment_said = since.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Search(kind, (("_lastUpdated", f"ge{moment_said}"), *_NARROWED.get(kind, ())))


def _about(resource: Json, since: datetime) -> Iterator[str]:
    """Its clients, unless Baton wrote it or the server ignored the question."""
    if written_by_baton(resource):
        return
    when = moment(pick(resource, "meta", "lastUpdated"))
    if isinstance(when, datetime) and when < since - _ROUNDED:
        return
    yield from (ref.removeprefix("Patient/") for ref in clients_of(resource) if ref.startswith("Patient/"))
