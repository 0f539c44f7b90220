"""A card, described once. Each platform draws it with one pure function that ends in `assert_never`.

`notice` is what a lock screen may show and never holds PHI. `summary` is minimum necessary and may stand in a channel.
`detail` is shown to one person after an authorisation check. Buttons are not blocks: the running app adds them.
"""

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum

from ehr_clients.models import Source


class LineKind(StrEnum):
    FACT = "fact"  # stated by the sources beside it
    MISSING = "missing"  # says that something is not documented or could not be read
    ACTION = "action"  # something to do: owner, due, done-when
    EDITED = "edited"  # a person's own words
    ABOUT = "about"  # about the draft itself, never about the client: as-of times, the read-back, a notice


@dataclass(frozen=True, slots=True)
class Line:
    """One statement. A FACT has at least one source."""

    text: str
    sources: tuple[Source, ...] = ()
    kind: LineKind = LineKind.FACT


@dataclass(frozen=True, slots=True)
class Passage:
    """One section of a draft: what a person edits as a whole."""

    key: str
    title: str
    lines: tuple[Line, ...]

    def plain(self) -> str:
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class DraftText:
    """The text of a communication, section by section. What is approved and filed is exactly `plain()`."""

    heading: str
    passages: tuple[Passage, ...]

    def plain(self) -> str:
        parts = [f"{passage.title.upper()}\n{passage.plain()}" for passage in self.passages]
        return "\n\n".join([self.heading, *parts]) + "\n"

    @property
    def lines(self) -> tuple[Line, ...]:
        """Of all passages, in their order."""
        return tuple(line for passage in self.passages for line in passage.lines)

    def refs(self) -> tuple[str, ...]:
        """References of all that its lines rest on, each once."""
        return tuple(dict.fromkeys(source.ref for line in self.lines for source in line.sources))

    def content_hash(self) -> str:
        """sha256 (hex) of `plain()` as UTF-8."""
        return hashlib.sha256(self.plain().encode()).hexdigest()

    def edited(self, changes: dict[str, str]) -> "DraftText":
        """The text with whole passages replaced by a person's words; a line left as it was keeps its sources."""
        return replace(self, passages=tuple(_edited(p, changes.get(p.key)) for p in self.passages))


def _edited(passage: Passage, words: str | None) -> Passage:
    if words is None:
        return passage
    known = {line.text: line for line in passage.lines}
    wanted = [line.strip() for line in words.replace("\r\n", "\n").split("\n")]
    lines = tuple(known.get(text, Line(text, kind=LineKind.EDITED)) for text in wanted if text)
    return replace(passage, lines=lines)


class Tone(StrEnum):
    INFO = "info"
    WARNING = "warning"
    STOP = "stop"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Title:
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """Plain words. Platforms escape them: nothing in them is markup."""

    text: str


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Rows:
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Banner:
    tone: Tone
    text: str


@dataclass(frozen=True, slots=True)
class Sourced:
    """A passage drawn with the source of each line beside or beneath it."""

    passage: Passage


@dataclass(frozen=True, slots=True)
class Picture:
    """Counts as an image, never anything about one person. `png` is base64; `table` says the same in words, always."""

    png: str
    alt: str
    table: tuple[Row, ...]


type Block = Title | Text | Rows | Banner | Sourced | Picture


@dataclass(frozen=True, slots=True)
class Card:
    notice: str
    summary: tuple[Block, ...]
    detail: tuple[Block, ...]
