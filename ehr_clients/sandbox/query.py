"""Reads the query of a search into a Plan, and judges it.

What the server does not know is refused when the client asked for strict handling and otherwise said beside the
results: a parameter that was silently ignored would make "all of them" look like "these".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ehr_clients.sandbox import dates
from ehr_clients.sandbox.interaction import Query
from ehr_clients.sandbox.outcome import invalid, not_supported
from ehr_clients.sandbox.params import TYPES, Kind, Param, param_of, references_of

DEFAULT_COUNT = 50
LARGEST_COUNT = 500
_QUIET = frozenset({"_format", "_pretty"})
_MODIFIERS = {
    Kind.TOKEN: {"not", "text"},
    Kind.REFERENCE: {"identifier"},
    Kind.DATE: set[str](),
    Kind.STRING: {"exact", "contains"},
    Kind.URI: set[str](),
}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One parameter of the query: any of `wanted` will do, and all criteria must hold."""

    param: Param
    modifier: str | None
    wanted: tuple[str, ...]


class Beside(NamedTuple):
    """One `_include` or `_revinclude`: the parameter `name` of `source`, its targets limited to `target` if given."""

    source: str
    name: str
    target: str | None
    iterate: bool


class SortKey(NamedTuple):
    param: Param
    descending: bool


@dataclass(slots=True)
class Plan:
    type: str
    criteria: list[Criterion] = field(default_factory=list)
    sort: list[SortKey] = field(default_factory=list)
    include: list[Beside] = field(default_factory=list)
    revinclude: list[Beside] = field(default_factory=list)
    elements: frozenset[str] = frozenset()
    count: int = DEFAULT_COUNT
    only_total: bool = False
    with_total: bool = True
    understood: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    """A sentence for each part of the query that was left out of account."""


def parse(resource_type: str, query: Query, *, strict: bool) -> Plan:
    """Raises FhirError 400 for a value that makes no sense, a modifier nobody knows and, if `strict`, anything
    unknown.
    """
    plan = Plan(resource_type)
    for name, value in query:
        before = len(plan.ignored)
        if name not in _QUIET:
            _read(plan, name, value)
        if len(plan.ignored) == before:
            plan.understood.append((name, value))
    if strict and plan.ignored:
        raise not_supported(" ".join(plan.ignored))
    return plan


def _read(plan: Plan, name: str, value: str) -> None:
    bare, _, modifier = name.partition(":")
    if bare in {"_include", "_revinclude"}:
        _read_beside(plan, bare, modifier, value)
    elif bare in _CONTROLS and not modifier:
        _CONTROLS[bare](plan, value)
    elif param := param_of(plan.type, bare):
        _read_criterion(plan, param, bare, modifier or None, value)
    else:
        plan.ignored.append(f"The search parameter {_named(bare)} is not supported for {plan.type}.")


def _read_criterion(plan: Plan, param: Param, name: str, modifier: str | None, value: str) -> None:
    if value == "":
        plan.ignored.append(f"The search parameter {name} came without a value.")
        return
    if modifier == "missing":
        _check(value in {"true", "false"}, f"The search parameter {name}:missing takes true or false.")
    elif modifier is not None and modifier not in _MODIFIERS[param.kind] and not _is_type(param, modifier):
        raise not_supported(f"The search parameter {name} does not take this modifier.")
    wanted = tuple(_alternatives(value))
    if param.kind is Kind.DATE and modifier is None:
        _check(all(asked_span(text) for text in wanted), f"The search parameter {name} needs a FHIR date.")
    plan.criteria.append(Criterion(param, modifier, wanted))


def _read_beside(plan: Plan, name: str, modifier: str, value: str) -> None:
    source, _, rest = value.partition(":")
    param, _, target = rest.partition(":")
    if modifier not in {"", "iterate"} or source not in TYPES or param not in references_of(source):
        plan.ignored.append(f"This {name} is not supported.")
        return
    getattr(plan, name.removeprefix("_")).append(Beside(source, param, target or None, modifier == "iterate"))


def _read_count(plan: Plan, value: str) -> None:
    _check(re.fullmatch(r"[0-9]{1,9}", value) is not None, "_count takes a whole number.")
    plan.count = min(int(value), LARGEST_COUNT)
    plan.only_total = plan.only_total or plan.count == 0


def _read_sort(plan: Plan, value: str) -> None:
    for text in value.split(","):
        param = param_of(plan.type, text.removeprefix("-"))
        if param is None:
            plan.ignored.append(f"Sorting {plan.type} by {_named(text.removeprefix('-'))} is not supported.")
        else:
            plan.sort.append(SortKey(param, text.startswith("-")))


def _read_summary(plan: Plan, value: str) -> None:
    if value == "count":
        plan.only_total = True
    elif value != "false":
        plan.ignored.append("Of _summary only count and false are supported.")


def _read_total(plan: Plan, value: str) -> None:
    _check(value in {"none", "estimate", "accurate"}, "_total takes none, estimate or accurate.")
    plan.with_total = value != "none"


def _read_elements(plan: Plan, value: str) -> None:
    plan.elements = plan.elements | frozenset(filter(None, value.split(",")))


_CONTROLS = {
    "_count": _read_count,
    "_sort": _read_sort,
    "_summary": _read_summary,
    "_total": _read_total,
    "_elements": _read_elements,
}
CONTROLS = (*_CONTROLS, "_include", "_revinclude")


def _check(holds: bool, otherwise: str) -> None:  # noqa: FBT001  reads as a sentence
    if not holds:
        raise invalid(otherwise)


def _named(name: str) -> str:
    """A parameter's name as we may repeat it: a client that mixes up name and value must not see it in a log."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z_\-]{0,30}(\.[A-Za-z_\-]{1,30})?", name) else "of that name"


def _alternatives(value: str) -> Iterator[str]:
    for part in re.split(r"(?<!\\),", value):
        yield re.sub(r"\\([,|$\\])", r"\1", part)


def _is_type(param: Param, modifier: str) -> bool:
    return param.kind is Kind.REFERENCE and modifier in TYPES and (not param.targets or modifier in param.targets)


def asked_span(text: str) -> dates.Span | None:
    """The time a search value such as `ge2026-03` speaks of, its prefix aside."""
    return dates.span(dates.split_prefix(text)[1])
