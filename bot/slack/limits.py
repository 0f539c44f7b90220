"""Slack's limits, and cutting words to them without losing a character.

Lengths are counted in UTF-16 units, as Slack's own clients count: an emoji is two.
"""

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
ACTIONS_IN_ROW = 3  # more wrap badly on a phone
CONTEXT_ELEMENTS = 10
CONTEXT_TEXT = 2000
SECTION_TEXT = 3000
HEADER_TEXT = 150
INPUT_TEXT = 3000
INPUT_LABEL = 2000
BUTTON_TEXT = 75
BUTTON_VALUE = 2000
OPTION_TEXT = 75
OPTIONS = 100
OPTION_GROUPS = 100
MODAL_TITLE = 24
CONFIRM_TITLE, CONFIRM_TEXT, CONFIRM_ANSWER = 100, 300, 30
METADATA = 3000
NOTIFICATION_TEXT = 3000

# A page of a Detail made by `bot.chat.pages(blocks, lines=PAGE_LINES, characters=PAGE_CHARACTERS)` always fits a modal.
# Worst case of 20 statements: a title, a text and a source block each, 4 more for length, 15 more for many sources.
PAGE_LINES = 20
PAGE_CHARACTERS = 12_000


def width(text: str) -> int:
    return len(text) + sum(letter > "\uffff" for letter in text)


def head(text: str, limit: int) -> int:
    """How many characters from the start are at most `limit` wide."""
    if len(text) * 2 <= limit:
        return len(text)
    used = 0
    for index, letter in enumerate(text):
        used += 2 if letter > "\uffff" else 1
        if used > limit:
            return index
    return len(text)


def chunks(text: str, limit: int) -> list[str]:
    """Pieces of at most `limit`, cut after a line or a word where there is one. Joined they are the text again."""
    pieces: list[str] = []
    while (room := head(text, limit)) < len(text):
        cut = max(text.rfind("\n", 0, room), text.rfind(" ", 0, room)) + 1 or room
        pieces.append(text[:cut])
        text = text[cut:]
    return [*pieces, text]


def short(text: str, limit: int) -> str:
    """For labels, where an ellipsis loses no fact; "–" when there is nothing to show."""
    text = text.strip() or "–"
    return text if width(text) <= limit else text[: head(text, limit - 1)] + "…"
