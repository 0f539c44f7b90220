"""Draws a view as Adaptive Cards 1.5: pure, one function a view, none over what every Teams client shows.

`draw` gives one card, except for long pickers and home pages. A card answered to a click is seen by that person alone,
so `answer` adds the way back to the shared card.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from bot.chat import (
    Action,
    Button,
    CardView,
    Detail,
    Field,
    Form,
    Home,
    Notice,
    Picker,
    Press,
    Reply,
    Style,
    pages,
)
from bot.teams.controls import buttons, choice, choices, execute, field, field_size, in_parts, tiles
from bot.teams.elements import (
    Json,
    actions,
    card,
    heading,
    paragraph,
    paragraphs,
    run,
    size,
    toned,
)
from skills.kit import Banner, Block, Line, LineKind, Picture, Rows, Source, Sourced, Text, Title, Tone, cited

PAGE_LINES = 16
PAGE_CHARACTERS = 2500  # of any script: a character is up to four bytes
FEW_OPTIONS = 6  # buttons up to here: forms fail on some phones
OPTIONS_PER_CARD = 100
FIELDS_PER_CARD = 50
SOURCES_PER_LINE = 12
KINDS = {
    LineKind.FACT: "",
    LineKind.MISSING: "Not known: ",
    LineKind.ACTION: "To do: ",
    LineKind.EDITED: "In own words: ",
    LineKind.ABOUT: "",
}


def draw(view: Reply | Home) -> tuple[Json, ...]:
    """The cards of a view, in order; never none."""
    match view:
        case CardView():
            return (card_view(view),)
        case Notice():
            return (card([toned(view.tone, view.text), *actions(buttons(view.buttons))]),)
        case Picker():
            return picker(view)
        case Form():
            return (form(view),)
        case Detail():
            return (detail(view),)
        case Home():
            return home(view)
    assert_never(view)


def answer(view: Reply, press: Press) -> Json:
    """The card to show in place of the pressed one, to the person who pressed."""
    drawn = form(view, _part(press)) if isinstance(view, Form) else draw(view)[0]
    back = not isinstance(view, CardView | Picker) and press.action is not Action.PICK and press.origin is not None
    return {**drawn, "body": [*drawn["body"], *actions([_back(press)])]} if back else drawn


def card_view(view: CardView) -> Json:
    """A summary that is too long for one message shows its first page and says where the rest is."""
    first, *rest = pages(view.card.summary, lines=PAGE_LINES, characters=PAGE_CHARACTERS)
    more = [paragraph(run("The rest of this summary is in Review.", isSubtle=True))] if rest else []
    return card([*_blocks(first), *more, toned(view.status.tone, view.status.text), *actions(buttons(view.buttons))])


def detail(view: Detail) -> Json:
    page = f"{view.title}, page {view.page} of {view.pages}" if view.pages > 1 else view.title
    blocks = (block for block in view.blocks if block != Title(view.title))
    return card([heading(page), *_blocks(blocks), *actions(buttons(view.buttons))])


def form(view: Form, part: int = 1) -> Json:
    """One part of a long form; it is saved by itself, and a button shows the next."""
    parts = form_parts(view)
    shown = parts[min(max(part, 1), len(parts)) - 1]
    send = Button(view.action, view.submit, view.subject, view.version, Style.PRIMARY)
    body = [heading(view.title), *paragraphs(view.intro)]
    body += [toned(Tone.STOP, view.error)] if view.error else []
    body += [element for asked in shown for element in field(asked)]
    return card([*body, *actions([execute(send, inputs=True), *_further(view, part, len(parts))])])


def form_parts(view: Form) -> tuple[tuple[Field, ...], ...]:
    """Fields by card. Where there are several, a field with an error comes first, so that it is not overlooked."""
    parts = in_parts(view.fields, field_size, most=FIELDS_PER_CARD)
    if len(parts) == 1:
        return parts
    return in_parts(sorted(view.fields, key=lambda asked: not asked.error), field_size, most=FIELDS_PER_CARD)


def picker(view: Picker) -> tuple[Json, ...]:
    if len(view.options) <= FEW_OPTIONS:
        return (card([*paragraphs(view.prompt, weight="Bolder"), *tiles(view)]),)
    parts = in_parts(view.options, lambda option: size(choice(option)), most=OPTIONS_PER_CARD)
    return tuple(
        choices(view, part, f" ({n} of {len(parts)})" if len(parts) > 1 else "") for n, part in enumerate(parts, 1)
    )


def home(view: Home) -> tuple[Json, ...]:
    lines: list[list[Json]] = [[heading(view.greeting)]]
    for title, section in view.sections:
        lines.append([paragraph(run(title, weight="Bolder"), spacing="Medium")])
        lines += [
            [_row(line.label, line.status), *actions(buttons([line.button] if line.button else []))] for line in section
        ]
        lines += [] if section else [[paragraph(run("Nothing.", isSubtle=True))]]
    parts = in_parts(lines, size, most=50)
    return tuple(card(element for line in part for element in line) for part in parts)


def _blocks(blocks: Iterable[Block]) -> list[Json]:
    return [element for block in blocks for element in _block(block)]


def _block(block: Block) -> list[Json]:
    match block:
        case Title(text=text):
            return [heading(text)]
        case Text(text=text):
            return paragraphs(text)
        case Banner(tone=tone, text=text):
            return [toned(tone, text)]
        case Rows(rows=rows):
            return [_row(row.label, row.value) for row in rows]
        case Picture(png=png, alt=alt, table=table):
            image = {"type": "Image", "url": f"data:image/png;base64,{png}", "altText": alt, "size": "Stretch"}
            return [image, *(_row(row.label, row.value) for row in table)]
        case Sourced(passage=passage):
            title = paragraph(run(passage.title, weight="Bolder"), spacing="Medium")
            return [title, *(element for line in passage.lines for element in _line(line))]
    assert_never(block)


def _row(label: str, value: str) -> Json:
    return paragraph(run(f"{label}: ", weight="Bolder"), run(value))


def _line(line: Line) -> list[Json]:
    kind = KINDS[line.kind]
    said = paragraph(*([run(kind, italic=True)] if kind else []), run(line.text))
    if not line.sources:
        return [said]
    named = [_source(source) for source in line.sources[:SOURCES_PER_LINE]]
    unnamed = len(line.sources) - len(named)
    named += [f"and {unnamed} more"] if unnamed else []
    return [said, paragraph(run("; ".join(named), isSubtle=True, size="Small"), spacing="None")]


def _source(source: Source) -> str:
    return cited(replace(source, title=_label(source.title), author=_label(source.author or "")))


def _label(name: str) -> str:
    return name if len(name) <= 40 else name[:39] + "…"


def _back(press: Press) -> Json:
    return execute(Button(Action.SHOW, "Back to the card", press.subject, press.version))


def _further(view: Form, part: int, parts: int) -> list[Json]:
    """Asks for the form again, from the action that opens it."""
    opens = view.action.removeprefix("save_")
    if parts == 1 or opens not in set(Action):
        return []
    following = part % parts + 1
    again = Button(Action(opens), f"Part {following} of {parts}", view.subject, view.version)
    return [execute(replace(again, values={"part": str(following)}))]


def _part(press: Press) -> int:
    asked = press.values.get("part", "1")
    return int(asked) if asked.isdecimal() and len(asked) < 4 else 1
