"""De-identification: what leaves for a model holds placeholders instead of people, and only `scrub` can say so.

Every word of a text is either recognised as an identifier, known to be harmless, or masked because nobody knows it.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

from bot.drafting.untrusted import unmarked
from bot.privacy.dates_apart import days
from bot.privacy.recognizers.every import Finder
from bot.privacy.recognizers.ner import Ner
from bot.privacy.recognizers.residual import residual_kinds
from bot.privacy.recognizers.spans import Found, Kind
from bot.privacy.record import Record
from bot.privacy.tags import Tags, UnknownTag

__all__ = ["CannotVouch", "RawPrompt", "SafePrompt", "Tags", "UnknownTag", "find", "residue", "scrub"]

LONGEST: Final = 400_000  # characters of one part: more is not a passage for a draft


class CannotVouch(Exception):
    """Nobody can say that this text is free of identifiers: take the template path. `code` says why, never what."""

    def __init__(self, code: str) -> None:
        super().__init__("the text could not be de-identified, so no model may see it")
        self.code = code


@dataclass(frozen=True, slots=True)
class RawPrompt:
    """`instructions` are ours and hold nobody's data; every one of the `parts` may."""

    instructions: str
    parts: tuple[str, ...]


_SCRUBBED: Final = object()


class SafePrompt:
    """The only thing a model port takes. Same parts in the same order, de-identified; made by `scrub` alone."""

    __slots__ = ("instructions", "parts", "tags")

    instructions: str
    parts: tuple[str, ...]
    tags: Tags

    def __init__(self, instructions: str, parts: tuple[str, ...], tags: Tags, *, by: object = None) -> None:
        if by is not _SCRUBBED:
            raise TypeError("only scrub() makes a SafePrompt")
        for name, value in (("instructions", instructions), ("parts", parts), ("tags", tags)):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise TypeError("a SafePrompt does not change")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a SafePrompt is neither copied nor pickled")

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("a SafePrompt has no other kinds")

    def __repr__(self) -> str:
        return f"SafePrompt({len(self.parts)} parts, {self.tags!r})"


def scrub(raw: RawPrompt, record: Record | None, *, ner: Ner | None = None, gate: bool = True) -> SafePrompt:
    """`raw` without identifiers. Raises CannotVouch (with the gate on) when a text cannot be vouched for."""
    if gate:
        for part in raw.parts:
            _readable(part)
    finder = Finder(record, ner=ner, gate=gate)
    found = [finder.find(part) for part in raw.parts]
    tags = Tags()
    write = _writer(tags, record, raw.parts, found)
    parts = tuple("".join(write(part, spans)) for part, spans in zip(raw.parts, found, strict=True))
    if gate and any(finder.known_in(part) for part in parts):
        raise CannotVouch("residue")
    return SafePrompt(raw.instructions, parts, tags, by=_SCRUBBED)


def find(text: str, record: Record | None, *, ner: Ner | None = None, gate: bool = True) -> tuple[Found, ...]:
    """Where the identifiers of `text` stand, in order, without overlaps."""
    return Finder(record, ner=ner, gate=gate).find(text)


def residue(body: bytes, tags: Tags, record: Record | None) -> tuple[str, ...]:
    """The kinds of identifiers that are still in a finished request body, sorted; () when it is clean.

    The body is read as JSON where it is JSON, so an escaped letter hides nothing, and as text where it is not.
    """
    return tuple(sorted({kind for text in _texts(body) for kind in residual_kinds(unmarked(text), tags, record)}))


def _readable(part: str) -> None:
    if len(part) > LONGEST:
        raise CannotVouch("too_long")
    if any("\ud800" <= char <= "\udfff" or char == "\x00" for char in part):
        raise CannotVouch("not_text")


type _Write = Callable[[str, tuple[Found, ...]], Iterator[str]]


def _writer(tags: Tags, record: Record | None, parts: tuple[str, ...], found: list[tuple[Found, ...]]) -> _Write:
    """Writes parts with placeholders, all counted from the same day and numbered as one."""
    names = {person.key: person.name for person in record.people} if record else {}
    apart = days(
        [part[f.start : f.end] for part, spans in zip(parts, found, strict=True) for f in spans if f.kind is Kind.DATE],
        record.births if record else (),
        record.day_zero if record else None,
    )

    def write(part: str, spans: tuple[Found, ...]) -> Iterator[str]:
        at = 0
        for each in spans:
            original = part[each.start : each.end]
            tag = tags.issue(each.kind, original, who=each.who, full=names.get(each.who or ""))
            yield part[at : each.start] + f"[{tag}{_note(each.kind, apart.get(original))}]"
            at = each.end
        yield part[at:]

    return write


def _note(kind: Kind, apart: int | None) -> str:
    if kind is Kind.AGE:
        return " (90+)"
    return f" ({apart:+d}d)" if kind is Kind.DATE and apart is not None else ""


def _texts(body: bytes) -> Iterator[str]:
    text = body.decode("utf-8", errors="replace")
    try:
        yield from _strings(json.loads(text))
    except (ValueError, RecursionError):
        yield text


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for key, inner in value.items():
                yield from _strings(key)
                yield from _strings(inner)
        case list():
            for inner in value:
                yield from _strings(inner)
        case bool() | None:
            pass
        case _:
            yield str(value)
