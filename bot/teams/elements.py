"""The few Adaptive Card 1.5 elements that our cards are made of.

All words stand in text runs: Teams reads Markdown in TextBlocks and FactSets, but never in a TextRun, so nothing that a
chart or a person says can turn into a link, a heading or a mention.
"""

import json
import re
from collections.abc import Iterable, Sequence
from itertools import batched
from typing import Any, Literal

from skills.kit import Tone

MESSAGE_BYTES = 28_000  # a message up to here is shown by every Teams client
STATEMENT_BYTES = 12_000
ACTIONS_PER_SET = 6
MOST_PARAGRAPHS = 20
WORD_JOINER = "\u2060"

type Json = dict[str, Any]
type Spacing = Literal["None", "Small", "Medium", "Large"]

TONES: dict[Tone, tuple[str, str]] = {
    Tone.INFO: ("", "emphasis"),
    Tone.WARNING: ("Please note: ", "warning"),
    Tone.STOP: ("Attention: ", "attention"),
    Tone.DONE: ("Done: ", "good"),
}


def card(body: Iterable[Json]) -> Json:
    schema = "http://adaptivecards.io/schemas/adaptive-card.json"
    return {"$schema": schema, "type": "AdaptiveCard", "version": "1.5", "body": list(body)}


def size(drawn: object) -> int:
    """Bytes on the wire."""
    return len(json.dumps(drawn, ensure_ascii=False, separators=(",", ":")).encode())


def paragraph(*runs: Json, spacing: Spacing = "Small") -> Json:
    return {"type": "RichTextBlock", "spacing": spacing, "inlines": list(runs)}


def paragraphs(text: str, **look: Any) -> list[Json]:
    """One block a line, since a text run does not keep line breaks; of a great many lines, one block with marks."""
    lines = [line for line in text.splitlines() if line.strip()]
    lines = lines if len(lines) <= MOST_PARAGRAPHS else [" ⏎ ".join(lines)]
    return [paragraph(run(line, **look)) for line in lines]


def run(text: str, **look: Any) -> Json:
    return {"type": "TextRun", "text": plain(text), **look}


def heading(text: str) -> Json:
    return paragraph(run(text, weight="Bolder", size="Medium"), spacing="Medium")


def toned(tone: Tone, text: str) -> Json:
    """Colour is never the only sign: a word says the same."""
    word, style = TONES[tone]
    said = paragraph(*([run(word, weight="Bolder")] if word else []), run(text), spacing="None")
    return {"type": "Container", "style": style, "spacing": "Small", "items": [said]}


def actions(drawn: Sequence[Json]) -> list[Json]:
    """Teams shows six actions of a set and hides the rest."""
    return [{"type": "ActionSet", "actions": list(some)} for some in batched(drawn, ACTIONS_PER_SET)]


def plain(text: str) -> str:
    """Words as they are, but no control characters, and no `{{DATE(...)}}`, which cards compute even in text runs."""
    shown = "".join(" " if ord(character) < 32 or character == "\x7f" else character for character in text)
    whole = re.sub(r"\{(?=\{)", "{" + WORD_JOINER, shown)
    if size(whole) <= STATEMENT_BYTES:
        return whole or " "
    return f"(This statement has {len(text)} characters and is too long for Teams. Read it whole in the web console.)"
