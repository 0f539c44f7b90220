"""Which resources a search finds, in which order, and which others come with them.

Knows no resource type: a new search parameter is a new row in params.py.
"""

import unicodedata
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from ehr_clients.sandbox import dates, references
from ehr_clients.sandbox.outcome import FhirError, Resource
from ehr_clients.sandbox.params import TYPES, Kind, Param, param_of, references_of
from ehr_clients.sandbox.paths import values
from ehr_clients.sandbox.query import Beside, Criterion, Plan, SortKey, asked_span
from ehr_clients.sandbox.store import Key, Store, identifier_values


def run(store: Store, plan: Plan) -> list[Key]:
    """Every match, in the order asked for; else in the order they were first stored."""
    found = [key for key, resource in _candidates(store, plan) if all(_holds(c, resource) for c in plan.criteria)]
    for sort in reversed(plan.sort):
        found = _sorted(store, found, sort)
    return found


def beside(store: Store, plan: Plan, page: Sequence[Key]) -> list[Key]:
    """What `_include` and `_revinclude` bring along for one page of matches: each resource once, none that is on the
    page.
    """
    seen = dict.fromkeys(page)
    newest: Collection[Key] = page
    first = True
    while newest:
        newest = [key for key in _next_ring(store, plan, newest, first=first) if key not in seen]
        seen.update(dict.fromkeys(newest))
        first = False
    return list(seen)[len(page) :]


# Finding


def _candidates(store: Store, plan: Plan) -> Iterator[tuple[Key, Resource]]:
    narrowed = [ids for criterion in plan.criteria if (ids := _indexed(store, plan.type, criterion)) is not None]
    ids = min(narrowed, key=len) if narrowed else store.ids(plan.type)
    for resource_id in ids:
        key = Key(plan.type, resource_id)
        version = store.latest(key)
        if version:
            yield key, version.resource()


def _indexed(store: Store, resource_type: str, criterion: Criterion) -> Collection[str] | None:
    """Ids an index offers for this criterion; None when no index knows, never fewer than match."""
    param, modifier = criterion.param, criterion.modifier
    if param.paths == ("id",) and modifier is None:
        return dict.fromkeys(criterion.wanted)
    if param is param_of(resource_type, "identifier") and modifier is None:
        lookups = [] if any(text.endswith("|") for text in criterion.wanted) else list(criterion.wanted)
    elif param.kind is Kind.REFERENCE and (modifier is None or modifier in TYPES):
        lookups = [target for text in criterion.wanted for target in _targets(param, modifier, text)]
    else:
        return None
    if not lookups:
        return None
    return dict.fromkeys(
        i for path in param.paths for text in lookups for i in store.pointing(resource_type, path, text)
    )


def _targets(param: Param, modifier: str | None, wanted: str) -> list[str]:
    """The `Type/id` forms a wanted reference may have: `C1` with the parameter's own types, `Patient/C1` as it is."""
    if modifier in TYPES:
        return [f"{modifier}/{wanted}"]
    key = references.local(wanted)
    if key:
        return ["/".join(key)]
    return [f"{each}/{wanted}" for each in sorted(param.targets or TYPES)]


def _holds(criterion: Criterion, resource: Resource) -> bool:
    found = [value for path in criterion.param.paths for value in values(resource, path)]
    if criterion.modifier == "missing":
        return (criterion.wanted == ("true",)) == (not found)
    if criterion.modifier == "not":
        return not any(_token_matches(text, value) for text in criterion.wanted for value in found)
    return any(_matches(criterion, text, value) for text in criterion.wanted for value in found)


def _matches(criterion: Criterion, wanted: str, value: Any) -> bool:
    match criterion.param.kind:
        case Kind.TOKEN if criterion.modifier == "text":
            return any(_folded(text).startswith(_folded(wanted)) for text in _shown(value))
        case Kind.TOKEN:
            return _token_matches(wanted, value)
        case Kind.REFERENCE:
            return _reference_matches(criterion, wanted, value)
        case Kind.DATE:
            asked = asked_span(wanted)
            prefix = dates.split_prefix(wanted)[0]
            return asked is not None and any(dates.agrees(prefix, asked, found) for found in dates.spans(value))
        case Kind.STRING:
            return any(_string_matches(criterion.modifier, wanted, text) for text in _strings(value))
        case Kind.URI:
            return isinstance(value, str) and wanted in {value, value.partition("|")[0]}


def _token_matches(wanted: str, value: Any) -> bool:
    system, bar, code = wanted.rpartition("|")
    for found_system, found_code in _tokens(value):
        same_system = not bar or found_system == system or (found_system is None and isinstance(value, str))
        if same_system and (code == found_code or (bar and not code)):
            return True
    return False


def _tokens(value: Any) -> Iterator[tuple[str | None, str]]:
    """(system, code) of a coded value; the system is "" when a coding has none and None when the element has no room
    for one.
    """
    if isinstance(value, bool):
        yield None, "true" if value else "false"
    elif isinstance(value, str):
        yield None, value
    elif isinstance(value, dict):
        codings = value.get("coding", [value])
        for coding in codings if isinstance(codings, list) else []:
            code = (coding.get("code") or coding.get("value")) if isinstance(coding, dict) else None
            if isinstance(code, str):
                yield str(coding.get("system") or ""), code


def _shown(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        codings = value.get("coding")
        displays = (
            [each.get("display") for each in codings if isinstance(each, dict)] if isinstance(codings, list) else []
        )
        yield from (text for text in [value.get("text"), value.get("display"), *displays] if isinstance(text, str))


def _reference_matches(criterion: Criterion, wanted: str, value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if criterion.modifier == "identifier":
        return wanted in identifier_values(value.get("identifier"))
    key = references.local(value.get("reference"))
    if key is None:
        return value.get("reference") == wanted
    allowed = not criterion.param.targets or key[0] in criterion.param.targets
    return allowed and "/".join(key) in _targets(criterion.param, criterion.modifier, wanted)


def _string_matches(modifier: str | None, wanted: str, text: str) -> bool:
    if modifier == "exact":
        return text == wanted
    if modifier == "contains":
        return _folded(wanted) in _folded(text)
    return _folded(text).startswith(_folded(wanted))


def _strings(value: Any) -> Iterator[str]:
    """The words of a name, an address or a text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name not in {"use", "type", "period", "extension"}:
                yield from _strings(item)


def _folded(text: str) -> str:
    """Without case and accents, as FHIR's string search wants it."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


# Order


def _sorted(store: Store, keys: list[Key], sort: SortKey) -> list[Key]:
    """Stable; resources without the element come last either way."""
    ranked = [(key, _rank(store, key, sort)) for key in keys]
    present = [(key, rank) for key, rank in ranked if rank is not None]
    present.sort(key=lambda pair: pair[1], reverse=sort.descending)
    return [key for key, _ in present] + [key for key, rank in ranked if rank is None]


def _rank(store: Store, key: Key, sort: SortKey) -> Any:
    version = store.latest(key)
    resource = version.resource() if version else {}
    found = [value for path in sort.param.paths for value in values(resource, path)]
    ranks = sorted(rank for value in found for rank in _ranks(sort.param.kind, value))
    return (ranks[-1] if sort.descending else ranks[0]) if ranks else None


def _ranks(kind: Kind, value: Any) -> Iterator[Any]:
    match kind:
        case Kind.DATE:
            yield from (span.start for span in dates.spans(value))
        case Kind.TOKEN:
            yield from (code for _, code in _tokens(value))
        case Kind.REFERENCE:
            yield from (
                [value["reference"]] if isinstance(value, dict) and isinstance(value.get("reference"), str) else []
            )
        case Kind.STRING | Kind.URI:
            yield from (_folded(text) for text in _strings(value))


# What comes along


def _next_ring(store: Store, plan: Plan, keys: Collection[Key], *, first: bool) -> Iterator[Key]:
    for step in plan.include:
        if first or step.iterate:
            yield from _pointed_at(store, step, keys)
    for step in plan.revinclude:
        if first or step.iterate:
            yield from _pointing_at(store, step, keys)


def _pointed_at(store: Store, step: Beside, keys: Collection[Key]) -> Iterator[Key]:
    param = references_of(step.source)[step.name]
    for key in keys:
        version = store.latest(key)
        if version is None or key.type != step.source:
            continue
        for value in (value for path in param.paths for value in values(version.resource(), path)):
            found = references.local(value.get("reference")) if isinstance(value, dict) else None
            if found and _wanted_target(param, step, found[0]) and store.latest(Key(*found)):
                yield Key(*found)


def _pointing_at(store: Store, step: Beside, keys: Collection[Key]) -> Iterator[Key]:
    param = references_of(step.source)[step.name]
    for key in keys:
        if _wanted_target(param, step, key.type):
            for path in param.paths:
                yield from (Key(step.source, i) for i in store.pointing(step.source, path, str(key)))


def _wanted_target(param: Param, step: Beside, resource_type: str) -> bool:
    return step.target in {None, resource_type} and (not param.targets or resource_type in param.targets)


def strictly_one(found: Sequence[Key]) -> Key | None:
    """For a condition on a write: no match, the one match, or 412."""
    if len(found) > 1:
        raise FhirError(412, "multiple-matches", "More than one resource meets the condition.")
    return found[0] if found else None
