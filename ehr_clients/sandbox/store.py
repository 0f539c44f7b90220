"""Every version of every resource, in memory as JSON text, with the indexes that keep a large clinic quick.

A commit is synchronous from check to disk: on one event loop nothing can come between a condition and its write, so
parallel identical conditional creates store one. The price, a file sync on the loop, is right for a sandbox and
wrong for a real EHR.
"""

import json
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from ehr_clients.sandbox import params, paths, references
from ehr_clients.sandbox.journal import Entry, Journal, Origin
from ehr_clients.sandbox.outcome import FhirError, Resource


class Key(NamedTuple):
    type: str
    id: str

    @classmethod
    def new(cls, resource_type: str) -> "Key":
        return cls(resource_type, str(uuid.uuid4()))

    def __str__(self) -> str:
        return f"{self.type}/{self.id}"


@dataclass(frozen=True, slots=True)
class Version:
    """One version. `resource()` is a fresh copy each time: nobody can change what is stored by holding it."""

    key: Key
    number: int
    method: str
    text: bytes

    def resource(self) -> Resource:
        copy: Resource = json.loads(self.text)
        return copy

    @property
    def etag(self) -> str:
        return f'W/"{self.number}"'


class Put(NamedTuple):
    method: str
    key: Key
    resource: Resource


class Store:
    def __init__(self, journal: Journal | None = None) -> None:
        self._versions: dict[str, dict[str, list[Version]]] = defaultdict(dict)
        self._pointers: dict[tuple[str, str, str], list[str]] = {}
        self._written: dict[Key, None] = {}
        self._journal = journal
        if journal:
            self._replay(journal)

    def latest(self, key: Key) -> Version | None:
        versions = self._versions[key.type].get(key.id) if key.type in self._versions else None
        return versions[-1] if versions else None

    def history(self, key: Key) -> Sequence[Version]:
        """Oldest first; empty when unknown."""
        return tuple(self._versions[key.type].get(key.id, ())) if key.type in self._versions else ()

    def ids(self, resource_type: str) -> Collection[str]:
        """In the order they were first stored."""
        return self._versions[resource_type].keys() if resource_type in self._versions else ()

    def pointing(self, resource_type: str, path: str, value: str) -> Collection[str]:
        """Ids of the resources whose reference at `path` is `Type/id`, or whose identifier there is `value` or
        `system|value`.
        """
        return self._pointers.get((resource_type, path, value), ())

    def written(self) -> Iterator[Version]:
        """The latest version of everything a client created or updated, newest first."""
        return (self._versions[key.type][key.id][-1] for key in reversed(self._written))

    def counts(self) -> dict[str, int]:
        return {resource_type: len(by_id) for resource_type, by_id in self._versions.items() if by_id}

    def commit(self, puts: Sequence[Put], *, now: datetime, origin: Origin = "client") -> list[Version]:
        """Store all of it or nothing. The server's own `meta.versionId` and `meta.lastUpdated` replace what came."""
        versions = [self._next_version(put, now) for put in puts]
        if self._journal and versions:
            self._on_disk(self._journal, origin, versions)
        self._remember(origin, versions)
        return versions

    def close(self) -> None:
        if self._journal:
            self._journal.close()

    def _replay(self, journal: Journal) -> None:
        try:
            for origin, put in journal.replay():
                self._remember(origin, [_read_back(method, resource) for method, resource in put])
        except BaseException:
            journal.close()
            raise

    def _next_version(self, put: Put, now: datetime) -> Version:
        number = len(self.history(put.key)) + 1
        meta = {"versionId": str(number), "lastUpdated": instant(now)}
        given = {name: value for name, value in put.resource.get("meta", {}).items() if name not in meta}
        head = {"resourceType": put.key.type, "id": put.key.id, "meta": meta | given}
        return Version(put.key, number, put.method, as_text(head | _without(put.resource, head)))

    def _on_disk(self, journal: Journal, origin: Origin, versions: Sequence[Version]) -> None:
        try:
            journal.append(origin, [Entry(version.method, version.text) for version in versions])
        except OSError:
            raise FhirError(503, "exception", "The sandbox clinic could not write its state file.") from None

    def _remember(self, origin: Origin, versions: Sequence[Version]) -> None:
        for version in versions:
            self._forget_pointers(self.latest(version.key))
            self._versions[version.key.type].setdefault(version.key.id, []).append(version)
            for pointer in set(_pointers(version)):
                self._pointers.setdefault(pointer, []).append(version.key.id)
            if origin == "client":
                self._written.pop(version.key, None)
                self._written[version.key] = None

    def _forget_pointers(self, version: Version | None) -> None:
        if version is None:
            return
        for pointer in set(_pointers(version)):
            self._pointers[pointer].remove(version.key.id)


def instant(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_text(resource: Resource) -> bytes:
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()


def identifier_values(value: Any) -> Iterator[str]:
    """How an Identifier is indexed: by its value, by `system|value`, and by `|value` when it has no system."""
    if isinstance(value, dict) and isinstance(value.get("value"), str):
        yield value["value"]
        yield f"{value.get('system') or ''}|{value['value']}"


def _pointers(version: Version) -> Iterator[tuple[str, str, str]]:
    resource = version.resource()
    for path in _indexed_paths(version.key.type):
        for value in paths.values(resource, path):
            reference = references.local(value.get("reference")) if isinstance(value, dict) else None
            if reference:
                yield version.key.type, path, "/".join(reference)
            for text in identifier_values(value):
                yield version.key.type, path, text


@cache
def _indexed_paths(resource_type: str) -> frozenset[str]:
    indexed = params.references_of(resource_type)
    identifier = params.param_of(resource_type, "identifier")
    return frozenset(path for param in [*indexed.values(), *filter(None, [identifier])] for path in param.paths)


def _without(resource: Resource, head: Resource) -> Resource:
    return {name: value for name, value in resource.items() if name not in head}


def _read_back(method: str, resource: Resource) -> Version:
    key = Key(resource["resourceType"], resource["id"])
    return Version(key, int(resource["meta"]["versionId"]), method, as_text(resource))
