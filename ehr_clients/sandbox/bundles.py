"""Reads charts: folders and bundles of FHIR R4 JSON, made into one clinic whose references hold together.

Takes what generators and exports write: Bundles of type transaction, batch, collection, searchset or document, and
bare resources. Given ids are kept; a resource without one is known by its urn:uuid, else by its content, so that
loading the same charts again finds them again. Nothing that is already in the store is touched.
"""

import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from ehr_clients.sandbox import validation
from ehr_clients.sandbox.outcome import FhirError, Resource
from ehr_clients.sandbox.params import TYPES
from ehr_clients.sandbox.references import ID, local, mentioned, repointed
from ehr_clients.sandbox.store import Key, Put, Store, as_text, identifier_values

_BUNDLES = {"transaction", "batch", "collection", "searchset", "document"}
_NAMESPACE = uuid.UUID("5b9b8a6e-6f0c-4c0f-9a75-6d1c4f0f6a11")


class ChartsUnreadable(Exception):
    """A file of the charts is broken. Names its place in the folder only: file names carry people's names."""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What loading came to. `dangling` references stay as they were; of `conflicting` copies the first counts."""

    files: int
    """That held FHIR."""
    loaded: int
    already_there: int
    conflicting: int
    dangling: int


class Piece(NamedTuple):
    """One resource on its way in: which bundle it came in, and by what name that bundle's references call it."""

    bundle: int
    full_url: str
    key: Key
    resource: Resource


def read_folder(folder: Path) -> list[Resource]:
    """The bundles and resources of every *.json in `folder` and below, by name; other JSON, such as an index, is
    passed over.
    """
    found = []
    files = sorted(folder.rglob("*.json"))
    for number, file in enumerate(files, start=1):
        content = _json(file, f"File {number} of {len(files)} in the folder of charts is not valid JSON.")
        if _is_fhir(content):
            found.append(content)
    return found


def load(store: Store, sources: Iterable[Path | Resource], *, now: datetime) -> LoadReport:
    """Store what is not there yet, in one commit. A Path is a folder or one file. Raises ChartsUnreadable."""
    bundles = [bundle for source in sources for bundle in _bundles(source)]
    pieces = [piece for number, bundle in enumerate(bundles) for piece in _pieces(number, bundle)]
    first: dict[Key, Piece] = {}
    for piece in pieces:
        first.setdefault(piece.key, piece)
    conflicting = sum(piece.resource != first[piece.key].resource for piece in pieces)
    names = _Names(pieces)
    new = [Put("POST", piece.key, names.resolved(piece)) for piece in first.values() if store.latest(piece.key) is None]
    store.commit(new, now=now, origin="charts")
    dangling = sum(_dangles(store, reference) for put in new for reference in mentioned(put.resource))
    return LoadReport(len(bundles), len(new), len(first) - len(new), conflicting, dangling)


class _Names:
    """What references are called: by bundle first, for two bundles may use one urn for two things."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self._in_bundle: dict[tuple[int, str], str] = {}
        self._anywhere: dict[str, str] = {}
        self._by_identifier: dict[tuple[str, str], str] = {}
        for piece in pieces:
            if piece.full_url:
                self._in_bundle.setdefault((piece.bundle, piece.full_url), str(piece.key))
                self._anywhere.setdefault(piece.full_url, str(piece.key))
            for identifier in _identifiers(piece.resource):
                self._by_identifier.setdefault((piece.key.type, identifier), str(piece.key))

    def resolved(self, piece: Piece) -> Resource:
        return repointed(piece.resource, lambda reference: self._target(piece.bundle, reference))

    def _target(self, bundle: int, reference: str) -> str:
        target = self._in_bundle.get((bundle, reference)) or self._anywhere.get(reference)
        return target or self._conditional(reference) or reference

    def _conditional(self, reference: str) -> str | None:
        """`Practitioner?identifier=system|value`, as Synthea's own exporter writes references across files."""
        resource_type, _, identifier = reference.partition("?identifier=")
        return self._by_identifier.get((resource_type, identifier))


def _bundles(source: Path | Resource) -> list[Resource]:
    if isinstance(source, dict):
        return [source]
    if source.is_dir():
        return read_folder(source)
    content = _json(source, "The file of charts is not valid JSON.")
    return [content] if _is_fhir(content) else []


def _json(file: Path, otherwise: str) -> Any:
    try:
        return json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        raise ChartsUnreadable(otherwise) from None


def _is_fhir(content: Any) -> bool:
    return isinstance(content, dict) and (content.get("resourceType") in TYPES)


def _pieces(number: int, bundle: Resource) -> Iterator[Piece]:
    if bundle["resourceType"] != "Bundle" or bundle.get("type") not in _BUNDLES:
        yield _piece(number, {}, bundle)
        return
    for entry in bundle.get("entry", []):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if resource is not None and _is_fhir(resource):
            yield from (
                _pieces(number, resource) if resource["resourceType"] == "Bundle" else [_piece(number, entry, resource)]
            )


def _piece(number: int, entry: dict[str, Any], resource: Resource) -> Piece:
    try:
        whole = validation.parsed(as_text(resource))
    except (FhirError, ValueError):
        raise ChartsUnreadable(f"Bundle {number + 1} of the charts holds a resource that cannot be stored.") from None
    if not isinstance(whole.get("meta", {}), dict):
        raise ChartsUnreadable(f"Bundle {number + 1} of the charts holds a resource whose meta is not an object.")
    full_url = entry.get("fullUrl")
    key = Key(whole["resourceType"], _id(entry, whole))
    return Piece(number, full_url if isinstance(full_url, str) else "", key, whole)


def _id(entry: dict[str, Any], resource: Resource) -> str:
    request = entry.get("request")
    url = request.get("url") if isinstance(request, dict) and request.get("method") == "PUT" else None
    named = local(url)
    candidates = [resource.get("id"), named[1] if named else None, _last_part(entry.get("fullUrl"))]
    for candidate in candidates:
        if isinstance(candidate, str) and ID.fullmatch(candidate):
            return candidate
    return str(uuid.uuid5(_NAMESPACE, as_text(resource).decode()))


def _last_part(full_url: Any) -> str | None:
    if not isinstance(full_url, str):
        return None
    return full_url.removeprefix("urn:uuid:") if full_url.startswith("urn:uuid:") else full_url.rpartition("/")[2]


def _identifiers(resource: Resource) -> Iterator[str]:
    given = resource.get("identifier")
    for identifier in given if isinstance(given, list) else [given]:
        yield from identifier_values(identifier)


def _dangles(store: Store, reference: str) -> bool:
    """Whether it points into this clinic and at nothing there."""
    key = local(reference)
    return reference.startswith("urn:") or "?" in reference or (key is not None and store.latest(Key(*key)) is None)
