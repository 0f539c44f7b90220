"""What a card says, as Block Kit: pure, and literal. No text is ever given to Slack as markup.

Words travel as `plain_text` or as rich text elements, so that `*`, `_`, `<@U123>` or `<!channel>` in a note stay what
they are.
Nothing is cut: what is longer than a block takes several.
"""

from collections.abc import Iterable, Sequence
from typing import Any, assert_never

from bot.chat import Button, Confirm, Style
from bot.slack import limits, wire
from skills.kit import Banner, Block, Line, LineKind, Passage, Picture, Row, Rows, Sourced, Text, Title, Tone, cited

type Json = dict[str, Any]  # a piece of Block Kit: checked against Slack's own schema in the tests

SYMBOLS = {Tone.INFO: "ℹ️", Tone.WARNING: "⚠️", Tone.STOP: "⛔", Tone.DONE: "✅"}
ROWS_IN_BLOCK = 20


def drawn(blocks: Iterable[Block]) -> list[Json]:
    return [piece for block in blocks for piece in _drawn(block)]


def _drawn(block: Block) -> list[Json]:
    match block:
        case Title(text=text):
            return _title(text)
        case Text(text=text):
            return paragraphs(text)
        case Banner(tone=tone, text=text):
            return toned(tone, text)
        case Rows(rows=rows):
            return _rows(rows)
        case Picture(table=table):  # without an upload of its own: the same in words
            return _rows(table)
        case Sourced(passage=passage):
            return _passage(passage)
        case _:
            assert_never(block)


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text, "emoji": False}


def paragraphs(text: str) -> list[Json]:
    return [{"type": "section", "text": plain(piece)} for piece in _visible(text, limits.SECTION_TEXT)]


def toned(tone: Tone, text: str) -> list[Json]:
    return paragraphs(f"{SYMBOLS[tone]} {text}")


def context(texts: Iterable[str]) -> list[Json]:
    """Small print, ten pieces to a block."""
    pieces = [plain(piece) for text in texts for piece in _visible(text, limits.CONTEXT_TEXT)]
    size = limits.CONTEXT_ELEMENTS
    return [{"type": "context", "elements": pieces[at : at + size]} for at in range(0, len(pieces), size)]


def _title(text: str) -> list[Json]:
    if not text.strip():
        return []
    if limits.width(text) <= limits.HEADER_TEXT:
        return [{"type": "header", "text": plain(text)}]
    return [_rich([[_words(piece, bold=True)]]) for piece in _visible(text, limits.SECTION_TEXT)]


def _rows(rows: Sequence[Row]) -> list[Json]:
    """As many rows to a block as fit; a long value goes on in the next block."""
    blocks: list[list[list[Json]]] = [[]]
    room = limits.SECTION_TEXT
    for elements in (elements for row in rows for elements in _row(row)):
        cost = sum(limits.width(element["text"]) for element in elements)
        if blocks[-1] and (cost > room or len(blocks[-1]) == ROWS_IN_BLOCK):
            blocks.append([])
            room = limits.SECTION_TEXT
        blocks[-1].append(elements)
        room -= cost
    return [_rich(sections) for sections in blocks if sections]


def _row(row: Row) -> list[list[Json]]:
    label = f"{row.label}: " if row.label.strip() else ""
    if limits.width(label) + limits.width(row.value) <= limits.SECTION_TEXT:
        bold = [_words(label, bold=True)] if label else []
        return [[*bold, _words(row.value if row.value.strip() else "—")]]
    labels = [[_words(piece, bold=True)] for piece in _visible(label, limits.SECTION_TEXT)]
    return [*labels, *([_words(piece)] for piece in _visible(row.value, limits.SECTION_TEXT))]


def _passage(passage: Passage) -> list[Json]:
    heading = [_rich([[_words(piece, bold=True)]]) for piece in _visible(passage.title, limits.SECTION_TEXT)]
    return [*heading, *(piece for line in passage.lines for piece in _line(line))]


def _line(line: Line) -> list[Json]:
    """The statement, and its sources right beneath it."""
    mark, without_source = _kind(line.kind)
    said = [_rich([[_words(piece)]]) for piece in _visible(f"{mark} {line.text}", limits.SECTION_TEXT)]
    return [*said, *context([cited(source) for source in line.sources] or [without_source])]


def _kind(kind: LineKind) -> tuple[str, str]:
    """The mark before a statement, and what is said beneath it when it has no source."""
    match kind:
        case LineKind.FACT:
            return "•", "No source given."
        case LineKind.MISSING:
            return "○", ""
        case LineKind.ACTION:
            return "☐", ""
        case LineKind.EDITED:
            return "✎", "A person's own words, without a source."
        case LineKind.ABOUT:
            return "–", ""
        case _:
            assert_never(kind)


def actions(buttons: Sequence[Button], places: "Places") -> list[Json]:
    """Rows of at most three buttons."""
    drawn_buttons = [button(each, places) for each in buttons]
    size = limits.ACTIONS_IN_ROW
    return [{"type": "actions", "elements": drawn_buttons[at : at + size]} for at in range(0, len(buttons), size)]


class Places:
    """Numbers repeated actions of one view, because an action_id may stand in a view only once."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def action_id(self, action: str) -> str:
        self._seen[action] = count = self._seen.get(action, 0) + 1
        return wire.action_id(action, count)


def button(of: Button, places: Places) -> Json:
    made: Json = {
        "type": "button",
        "text": plain(limits.short(of.label, limits.BUTTON_TEXT)),
        "action_id": places.action_id(of.action),
        "value": wire.button_value(of),
    }
    if of.style is not Style.PLAIN:
        made["style"] = of.style.value
    if of.confirm:
        made["confirm"] = _confirm(of.confirm)
    return made


def _confirm(confirm: Confirm) -> Json:
    return {
        "title": plain(limits.short(confirm.title, limits.CONFIRM_TITLE)),
        "text": plain(limits.short(confirm.text, limits.CONFIRM_TEXT)),
        "confirm": plain(limits.short(confirm.yes, limits.CONFIRM_ANSWER)),
        "deny": plain(limits.short(confirm.no, limits.CONFIRM_ANSWER)),
    }


def _visible(text: str, limit: int) -> list[str]:
    """Slack refuses a block of nothing but blanks."""
    return [piece for piece in limits.chunks(text, limit) if piece.strip()]


def _words(text: str, *, bold: bool = False) -> Json:
    made: Json = {"type": "text", "text": text}
    return {**made, "style": {"bold": True}} if bold else made


def _rich(sections: Iterable[list[Json]]) -> Json:
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": elements} for elements in sections],
    }
