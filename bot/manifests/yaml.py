"""Writes plain data as YAML: texts in double quotes as JSON has them, a reason beside an item where there is one."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Self


class Noted(str):
    """A text with a reason, which is written as a comment beside it."""

    __slots__ = ("reason",)

    reason: str

    def __new__(cls, text: str, reason: str) -> Self:
        noted = super().__new__(cls, text)
        noted.reason = reason
        return noted


def written(content: Mapping[str, Any], *, header: str) -> str:
    return "\n".join([f"# {header}", *_lines(content, ""), ""])


def _lines(node: Any, margin: str) -> Iterator[str]:
    match node:
        case Mapping():
            for key, value in node.items():
                yield from _entry(f"{margin}{key}:", value, margin + "  ")
        case list():
            for item in node:
                yield from _item(item, margin)
        case _:
            yield f"{margin}{_plain(node)}"


def _entry(head: str, value: Any, margin: str) -> Iterator[str]:
    if isinstance(value, Mapping | list) and value:
        yield head
        yield from _lines(value, margin)
    else:
        yield f"{head} {_plain(value)}"


def _item(item: Any, margin: str) -> Iterator[str]:
    first, *rest = _lines(item, margin + "  ")
    yield f"{margin}- {first.lstrip()}"
    yield from rest


def _plain(value: Any) -> str:
    told = json.dumps(value, ensure_ascii=False)
    return f"{told}  # {value.reason}" if isinstance(value, Noted) else told
