"""The six views as Slack payloads. Pure functions; the last case of each match is `assert_never`.

A message shows a CardView, a Notice or a Picker; a modal can show any reply; Home is the app's own tab.
The notification text of a card is `card.notice` and nothing else.
"""

import zlib
from collections.abc import Sequence
from itertools import batched
from typing import assert_never

from bot.chat import CardView, Detail, Field, Form, Home, HomeLine, Notice, Option, Picker, Postable, Reply
from bot.slack import limits, wire
from bot.slack.blocks import Json, Places, actions, button, context, drawn, paragraphs, plain, toned
from bot.slack.wire import Anchor, TooLarge
from skills.kit import Tone

MORE_ON_CARD = "More of this card does not fit here. Press Review to read all of it."
MORE_ON_PAGE = "More of this page does not fit here. Open the web console to read all of it before you decide."
MORE_AT_HOME = "More is waiting than fits here. Open the web console to see all of it."
NOTHING_TO_CHOOSE = "There is nothing to choose from."
NOTHING_HERE = "Nothing."
WORKING = Notice("Working on it. The answer will appear here.")
CHOICE = "Choose…"


def message(view: Postable) -> Json:
    """`text` is for notifications and screen readers, `blocks` for the conversation."""
    match view:
        case CardView():
            return {"text": _escaped(view.card.notice), "blocks": _card_blocks(view)}
        case Notice():
            return {"text": _escaped(view.text), "blocks": _notice_blocks(view, limits.MESSAGE_BLOCKS)}
        case Picker():
            return {"text": _escaped(view.prompt), "blocks": _picker_blocks(view, limits.MESSAGE_BLOCKS)}
        case _:
            assert_never(view)


def ephemeral(view: Postable) -> Json:
    """For the answer to a slash command or for a response_url."""
    return {"response_type": "ephemeral", **message(view)}


def modal(reply: Reply, anchor: Anchor) -> Json:
    match reply:
        case Form():
            return _form(reply, anchor)
        case Detail():
            return _detail(reply, anchor)
        case Notice():
            return _outcome(_notice_blocks(reply, limits.VIEW_BLOCKS), anchor)
        case Picker():
            return _outcome(_picker_blocks(reply, limits.VIEW_BLOCKS), anchor)
        case CardView():
            said = Notice(reply.status.text, reply.status.tone)
            return _outcome(_notice_blocks(said, limits.VIEW_BLOCKS), anchor)
        case _:
            assert_never(reply)


def home(view: Home) -> Json:
    places = Places()
    body = paragraphs(view.greeting)
    for title, lines in view.sections:
        body += [{"type": "header", "text": plain(limits.short(title, limits.HEADER_TEXT))}]
        body += [piece for line in lines for piece in _home_line(line, places)] or context([NOTHING_HERE])
    return {"type": "home", "blocks": _identified(_fitted(body, [], limits.VIEW_BLOCKS, MORE_AT_HOME), "home")}


def _card_blocks(view: CardView) -> list[Json]:
    tail = [*toned(view.status.tone, view.status.text), *actions(view.buttons, Places())]
    blocks = _fitted(drawn(view.card.summary), tail, limits.MESSAGE_BLOCKS, MORE_ON_CARD)
    return _identified(blocks, f"{view.draft_id[:100]}.{view.version}.{_mark(view.status, view.buttons)}")


def _notice_blocks(view: Notice, limit: int) -> list[Json]:
    tail = actions(view.buttons, Places())
    return _identified(_fitted(toned(view.tone, view.text), tail, limit, MORE_ON_PAGE), f"notice.{_mark(view)}")


def _picker_blocks(view: Picker, limit: int) -> list[Json]:
    """Up to a hundred options in one menu; more in groups named by their first and last option."""
    menus = list(batched(view.options, limits.OPTIONS * limits.OPTION_GROUPS))
    places = Places()
    tail = [
        {"type": "actions", "block_id": wire.select_id(view, part), "elements": [_menu(view, menu, places)]}
        for part, menu in enumerate(menus, start=1)
    ]
    body = paragraphs(view.prompt) or paragraphs(CHOICE)
    return _identified(_fitted(body, tail or context([NOTHING_TO_CHOOSE]), limit, MORE_ON_PAGE), "picker")


def _menu(view: Picker, options: Sequence[Option], places: Places) -> Json:
    made: Json = {"type": "static_select", "action_id": places.action_id(view.action), "placeholder": plain(CHOICE)}
    if len(options) <= limits.OPTIONS:
        return {**made, "options": [_option(option) for option in options]}
    groups = batched(options, limits.OPTIONS)
    return {**made, "option_groups": [_group(group) for group in groups]}


def _group(options: Sequence[Option]) -> Json:
    first, last = (limits.short(option.label, 35) for option in (options[0], options[-1]))
    return {"label": plain(f"{first} – {last}"), "options": [_option(option) for option in options]}


def _option(option: Option) -> Json:
    return {"text": plain(limits.short(option.label, limits.OPTION_TEXT)), "value": option.value}


def _form(view: Form, anchor: Anchor) -> Json:
    """Nothing of a form may be left out: it raises TooLarge rather than drop a field."""
    said = [*(toned(Tone.STOP, view.error) if view.error.strip() else []), *paragraphs(view.intro)]
    blocks = [*said, *(piece for each in view.fields for piece in _inputs(each, view.version))]
    if len(blocks) > limits.VIEW_BLOCKS:
        raise TooLarge("this form has more fields than Slack shows")
    return {
        **_modal(view.title, _identified(blocks, f"form.{view.version}"), wire.metadata(anchor, view)),
        "callback_id": view.action.value,
        "submit": plain(limits.short(view.submit, limits.MODAL_TITLE)),
        "close": plain("Cancel"),
    }


def _inputs(of: Field, version: int) -> list[Json]:
    """One input, or several for a text that one cannot hold, plus room to write on where the field allows it."""
    filled = wire.parts(of.value)
    spare = [wire.Part("n", "")] if of.max_length > limits.INPUT_TEXT * len(filled) else []
    shown = [*filled, *spare]
    error = toned(Tone.STOP, of.error) if of.error.strip() else []
    return [*error, *(_input(of, version, number, len(shown), part) for number, part in enumerate(shown, start=1))]


def _input(of: Field, version: int, number: int, count: int, part: wire.Part) -> Json:
    label = limits.short(of.label, limits.INPUT_LABEL - 20)
    made: Json = {
        "type": "input",
        "block_id": wire.input_id(of.key, version, number, count, part.joint),
        "label": plain(label if count == 1 else f"{label} ({number} of {count})"),
        "element": _element(of, part.text),
        "optional": not of.required or number > 1,
    }
    if of.hint.strip() and number == 1:
        made["hint"] = plain(limits.short(of.hint, limits.INPUT_LABEL))
    return made


def _element(of: Field, text: str) -> Json:
    longest = max(1, limits.width(text), min(of.max_length, limits.INPUT_TEXT))
    multiline = of.multiline or "\n" in text
    made: Json = {
        "type": "plain_text_input",
        "action_id": wire.WORDS,
        "multiline": multiline,
        "max_length": longest,
    }
    return {**made, "initial_value": text} if text else made


def _detail(view: Detail, anchor: Anchor) -> Json:
    page = context([f"Page {view.page} of {view.pages}"]) if view.pages > 1 else []
    tail = [*page, *actions(view.buttons, Places())]
    blocks = _fitted(drawn(view.blocks) or context([NOTHING_HERE]), tail, limits.VIEW_BLOCKS, MORE_ON_PAGE)
    marked = _identified(blocks, f"detail.{view.subject[:100]}.{view.page}")
    return {**_modal(view.title, marked, wire.metadata(anchor)), "close": plain("Close")}


def _outcome(blocks: list[Json], anchor: Anchor) -> Json:
    """The last view of a modal: closing it closes whatever lies beneath, which is out of date by now."""
    return {**_modal("Baton", blocks, wire.metadata(anchor)), "close": plain("Close"), "clear_on_close": True}


def _modal(title: str, blocks: list[Json], metadata: str) -> Json:
    shown = plain(limits.short(title, limits.MODAL_TITLE))
    return {"type": "modal", "title": shown, "blocks": blocks, "private_metadata": metadata}


def _home_line(line: HomeLine, places: Places) -> list[Json]:
    said = paragraphs(f"{line.label}\n{line.status}")
    if said and line.button is not None:
        said[-1]["accessory"] = button(line.button, places)
    return said


def _fitted(body: list[Json], tail: list[Json], limit: int, sentence: str) -> list[Json]:
    """The last resort for what nobody paged: whole blocks are left out, and it says so. The tail always stays."""
    room = limit - len(tail)
    if len(body) <= room:
        return [*body, *tail]
    return [*body[: room - 1], *toned(Tone.WARNING, sentence), *tail]


def _identified(blocks: list[Json], prefix: str) -> list[Json]:
    """Slack keeps the old look of a block whose id did not change, so every redraw brings new ids."""
    return [{"block_id": f"{prefix}.{number}", **block} for number, block in enumerate(blocks, start=1)]


def _mark(*parts: object) -> str:
    return f"{zlib.crc32(repr(parts).encode(errors='replace')):08x}"


def _escaped(text: str) -> str:
    """Top-level text is the one place that Slack reads as markup."""
    text = limits.short(text, limits.NOTIFICATION_TEXT)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
