"""Walks a resource along dotted element paths: `participant.member`, `telecom[system=email].value`.

Lists are walked through; a missing or oddly shaped element yields nothing. That is all search needs of FHIRPath.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

_STEP = re.compile(r"(\w+)(?:\[(\w+)=([^\]]+)\])?")


class Step(NamedTuple):
    name: str
    key: str | None
    wanted: str | None


def values(resource: Any, path: str) -> Iterator[Any]:
    """Every value at the end of `path`, in document order."""
    return _walk(resource, _steps(path))


def _walk(node: Any, steps: tuple[Step, ...]) -> Iterator[Any]:
    if isinstance(node, list):
        for item in node:
            yield from _walk(item, steps)
    elif not steps:
        if node is not None:
            yield node
    elif isinstance(node, dict) and steps[0].name in node:
        yield from _walk(_kept(node[steps[0].name], steps[0]), steps[1:])


def _kept(node: Any, step: Step) -> Any:
    if step.key is None:
        return node
    items = node if isinstance(node, list) else [node]
    return [item for item in items if isinstance(item, dict) and item.get(step.key) == step.wanted]


@cache
def _steps(path: str) -> tuple[Step, ...]:
    return tuple(Step(*match.groups()) for match in _STEP.finditer(path))
