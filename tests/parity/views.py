"""A view as statements and buttons, whoever draws it: what each platform must show, and what a person can press.

Names that differ by nature (random ids, the platform's own name) are masked, so that two offices can be compared.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from bot.chat import Button, CardView, Detail, Form, Notice, Picker, Reply
from skills.kit import Banner, Block, Picture, Rows, Sourced, Text, Title

IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{16,64}\b")
PLATFORM_NAMES = re.compile(r"\bSlack\b|\bMicrosoft Teams\b|\bthe web console\b")  # `/baton whoami` says where one is
CHANNELS = re.compile(r"\bharbor-(?:console|care-teams|care)\b")  # the same team's channel on each


@dataclass(frozen=True, slots=True)
class Key:
    """One button as a person means it; its version is whatever was drawn last."""

    action: str
    subject: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Drawn:
    """A button that stands somewhere, and all that pressing it there takes."""

    key: Key
    version: int
    handle: object


def key(action: str, subject: str, values: Mapping[str, str]) -> Key:
    return Key(action, subject, tuple(sorted(values.items())))


def buttons(view: Reply) -> Iterator[tuple[Key, int, str]]:
    """What can be pressed on it, with version and label."""
    match view:
        case CardView(buttons=all_) | Notice(buttons=all_) | Detail(buttons=all_):
            for button in all_:
                yield _meant(button), button.version, button.label
        case Picker():
            for option in view.options:
                yield key(view.action, view.subject, {"choice": option.value}), view.version, option.label
        case Form():
            return
        case _:
            assert_never(view)


def _meant(button: Button) -> Key:
    return key(button.action, button.subject, button.values)


def statements(view: Reply) -> Iterator[str]:
    """Every sentence and label that a person must be able to read."""
    match view:
        case CardView():
            for block in view.card.summary:
                yield from _of(block)
            yield view.status.text
        case Notice():
            yield view.text
        case Picker():
            yield view.prompt
        case Form():
            yield from (view.title, view.intro, view.submit, view.error)
            for field in view.fields:
                yield from (field.label, field.hint, field.error, *field.value.splitlines())
        case Detail():
            for block in view.blocks:
                yield from _of(block)
        case _:
            assert_never(view)
    for _, _, label in buttons(view):
        yield label


def _of(block: Block) -> Iterator[str]:
    match block:
        case Title(text) | Text(text) | Banner(_, text):
            yield text
        case Rows(rows):
            for row in rows:
                yield from (row.label, row.value)
        case Sourced(passage):
            yield passage.title
            yield from (line.text for line in passage.lines)
        case Picture():
            return  # Slack draws its table, the others the image: tests/bot/*/test_render looks at each
        case _:
            assert_never(block)


def read(text: str) -> str:
    """Letters and digits alone: what is left when emphasis, escapes and layout are taken away."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def unread(view: Reply, drawn: str) -> list[str]:
    """Statements of the view that do not stand in what was drawn."""
    there = f" {read(drawn)} "
    return [said for said in statements(view) if said.strip() and f" {read(said)} " not in there]


def masked(text: object) -> str:
    return CHANNELS.sub("<channel>", PLATFORM_NAMES.sub("<platform>", IDS.sub("<id>", str(text))))
