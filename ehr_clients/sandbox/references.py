"""References between resources: finding them, and pointing them somewhere else."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from ehr_clients.sandbox.outcome import Resource

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_LOCAL = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")


def local(reference: Any) -> tuple[str, str] | None:
    """(type, id) of a relative reference, its version left out; None for anything else."""
    match = _LOCAL.fullmatch(reference) if isinstance(reference, str) else None
    return (match[1], match[2]) if match else None


def mentioned(node: Any) -> Iterator[str]:
    """Every literal reference in the resource, in document order."""
    if isinstance(node, list):
        for item in node:
            yield from mentioned(item)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name == "reference" and isinstance(value, str):
                yield value
            else:
                yield from mentioned(value)


def repointed(resource: Resource, new: Callable[[str], str]) -> Resource:
    """A copy in which each literal reference, and each attachment url that is a urn, is what `new` makes of it."""
    copy: Resource = _repoint(resource, new)
    return copy


def relative_to(base_url: str) -> Callable[[str], str]:
    """Absolute references to this very server become relative: they must outlive its address."""
    prefix = base_url.rstrip("/") + "/"
    return lambda reference: reference.removeprefix(prefix)


def _repoint(node: Any, new: Callable[[str], str]) -> Any:
    if isinstance(node, list):
        return [_repoint(item, new) for item in node]
    if not isinstance(node, dict):
        return node
    return {name: new(value) if _points(name, value) else _repoint(value, new) for name, value in node.items()}


def _points(name: str, value: Any) -> bool:
    return isinstance(value, str) and (name == "reference" or (name == "url" and value.startswith("urn:uuid:")))
