"""Tolerant readers of raw FHIR JSON: each takes anything at all and answers with a value or None, never an exception.

Real servers leave out required elements, send one object where a list belongs, and dates of every precision.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from ehr_clients.models import Source

type Json = dict[str, Any]

_WHOLE_DAY = re.compile(r"\d{4}-\d{2}-\d{2}$")
_VERSIONED = re.compile(r"/_history/[^/]+$")
_REFERENCE = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,128})$")


def many(value: Any) -> list[Json]:
    """The objects of a list; one object counts as a list of one."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def pick(value: Any, *path: str) -> Any:
    """The first value along a path of names; lists are entered at their first object."""
    for name in path:
        found = many(value)
        value = found[0].get(name) if found else None
    return value


def string(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def strings(value: Any) -> list[str]:
    return [text for item in (value if isinstance(value, list) else [value]) if (text := string(item))]


def boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def number(value: Any) -> float | None:
    """A finite number, also one written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def shown_number(value: Any) -> str | None:
    found = number(value)
    return None if found is None else f"{found:g}" if abs(found) < 1e6 else f"{found:.0f}"


def codings(concept: Any) -> list[tuple[str, str]]:
    """(system, code) of a CodeableConcept, or of a Coding on its own."""
    found = [coding for item in many(concept) for coding in [*many(item.get("coding")), item]]
    return [(string(item.get("system")) or "", code) for item in found if (code := string(item.get("code")))]


def codes(concept: Any, system: str | None = None) -> list[str]:
    return [code for coded_in, code in codings(concept) if system is None or coded_in in {system, ""}]


def words(concept: Any) -> str | None:
    """What a person would read: the text, else the first display, else the first code."""
    for item in many(concept):
        displays = [string(coding.get("display")) for coding in many(item.get("coding"))]
        candidates = [string(item.get("text")), *displays, string(item.get("display")), *codes(item)]
        if found := next((text for text in candidates if text), None):
            return found
    return None


def all_words(*concepts: Any) -> str:
    """Every text and display, for classification."""
    found: list[str | None] = []
    for item in (item for concept in concepts for item in many(concept)):
        found += [string(item.get("text")), string(item.get("display"))]
        found += [string(coding.get("display")) for coding in many(item.get("coding"))]
    return " · ".join(text for text in found if text)


def moment(value: Any) -> datetime | date | None:
    """A point in time with its zone, or a day. "2026" and "2026-11" name no day, so they are not known; no guessing."""
    text = string(value)
    if text is None:
        return None
    try:
        if _WHOLE_DAY.match(text):
            return date.fromisoformat(text)
        found = datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        return _its_day(text)
    return found if found is None or found.tzinfo else found.date()


def _its_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if "T" in text else None
    except ValueError:
        return None


def day(value: Any) -> date | None:
    found = moment(value)
    return found.date() if isinstance(found, datetime) else found


def instant(value: Any) -> datetime | None:
    found = moment(value)
    return found if isinstance(found, datetime) else None


def newest_first(resources: list[Json], when: Callable[[Json], Any]) -> list[Json]:
    """By their own date text, whatever its precision; those without a date last, in the order they came."""
    return sorted(resources, key=lambda resource: _sortable(when(resource)), reverse=True)


def _sortable(value: Any) -> tuple[str, str]:
    text = string(value) or ""
    found = moment(text)
    if isinstance(found, datetime):
        text = _utc(found)
    return (text[:10], text[10:])


def _utc(when: datetime) -> str:
    try:
        return when.astimezone(UTC).isoformat()
    except (OverflowError, ValueError):
        return when.isoformat()


def same_instant(value: Any) -> str | None:
    """A text that two spellings of one point in time share."""
    found = moment(value)
    return _utc(found) if isinstance(found, datetime) else found.isoformat() if found else string(value)


def reference(value: Any) -> str | None:
    """What a Reference points at as "Type/id", absolute and versioned ones included; None for anything else."""
    text = string(pick(value, "reference"))
    found = _REFERENCE.search(_VERSIONED.sub("", text)) if text else None
    return f"{found[1]}/{found[2]}" if found else None


def references(value: Any) -> list[str]:
    return [found for item in many(value) if (found := reference(item))]


def display(value: Any) -> str | None:
    return string(pick(value, "display"))


def kind(resource: Json) -> str:
    return string(resource.get("resourceType")) or "Unknown"


def ref_of(resource: Json) -> str:
    return f"{kind(resource)}/{string(resource.get('id')) or 'unidentified-' + digest(resource)[:16]}"


def version_of(*resources: Json) -> str:
    """The version of one resource, or one that changes when any of several does. Opaque."""
    versions = sorted(f"{ref_of(resource)}@{_version(resource)}" for resource in resources)
    return (
        _version(resources[0]) if len(versions) == 1 else hashlib.sha256("\n".join(versions).encode()).hexdigest()[:32]
    )


def _version(resource: Json) -> str:
    meta = resource.get("meta")
    return string(pick(meta, "versionId")) or string(pick(meta, "lastUpdated")) or digest(resource)[:32]


def digest(value: Any) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def source(resource: Json, title: str, when: Any = None, author: str | None = None) -> Source:
    return Source(ref_of(resource), version_of(resource), title, moment(when), author)


def extensions(element: Any, ending: str) -> Iterator[Json]:
    for extension in many(pick(element, "extension")):
        if (string(extension.get("url")) or "").endswith(ending):
            yield extension


def security_codes(resource: Json) -> frozenset[str]:
    labels = [*many(pick(resource, "meta", "security")), *many(resource.get("securityLabel"))]
    return frozenset(code for label in labels for code in codes(label))


def human_name(value: Any) -> str | None:
    """The official name, else the first, in reading order."""
    names = many(value)
    chosen = next((name for name in names if name.get("use") == "official"), names[0] if names else {})
    parts = [*strings(chosen.get("given")), *strings(chosen.get("family"))]
    full = " ".join(parts) or string(chosen.get("text"))
    suffix = ", ".join(strings(chosen.get("suffix")))
    return f"{full}, {suffix}" if full and suffix else full
