"""Draws what a person can press and fill in. What a button carries is opaque: an action, a subject and a version."""

from collections.abc import Callable, Sequence

from bot.chat import Button, Field, Option, Picker, Style
from bot.teams.elements import Json, actions, card, paragraph, paragraphs, plain, run, size, toned
from bot.teams.inbound import INPUT
from skills.kit import Tone

PART_BYTES = 18_000  # of options or fields in one card
STYLES = {Style.PLAIN: "default", Style.PRIMARY: "positive", Style.DANGER: "destructive"}


def buttons(buttons: Sequence[Button]) -> list[Json]:
    return [_confirmed(button) if button.confirm else execute(button) for button in buttons]


def _confirmed(button: Button) -> Json:
    """Teams asks nothing by itself: the press opens the question, and the real button is inside."""
    assert button.confirm is not None
    asked = button.confirm
    question = card(
        [paragraph(run(asked.title, weight="Bolder")), *paragraphs(asked.text), *actions([execute(button, asked.yes)])]
    )
    return {"type": "Action.ShowCard", "title": button.label, "style": STYLES[button.style], "card": question}


def execute(button: Button, label: str | None = None, *, inputs: bool = False) -> Json:
    """A client that cannot execute submits: the same data arrives as a message."""
    carried = {
        "action": button.action,
        "subject": button.subject,
        "version": button.version,
        "values": dict(button.values),
    }
    common = {"title": label or button.label, "data": carried, "style": STYLES[button.style]}
    common |= {} if inputs else {"associatedInputs": "none"}
    fallback = {"type": "Action.Submit", **common}
    return {"type": "Action.Execute", "verb": button.action, **common, "fallback": fallback}


def field_size(asked: Field) -> int:
    return size(field(asked))


def field(asked: Field) -> list[Json]:
    entry = {
        "type": "Input.Text",
        "id": INPUT + asked.key,
        "label": plain(asked.label),
        "value": asked.value,
        "isMultiline": asked.multiline,
        "isRequired": asked.required,
        "maxLength": max(asked.max_length, len(asked.value)),  # a client must not cut what is there
    }
    entry |= {"placeholder": asked.hint} if asked.hint else {}
    entry |= {"errorMessage": f"{asked.label} is needed."} if asked.required else {}
    return [*([toned(Tone.STOP, asked.error)] if asked.error else []), entry]


def tiles(view: Picker) -> list[Json]:
    options = [
        Button(view.action, option.label, view.subject, view.version, values={"choice": option.value})
        for option in view.options
    ]
    return actions([execute(option) for option in options])


def choices(view: Picker, options: Sequence[Option], which: str) -> Json:
    choices = {
        "type": "Input.ChoiceSet",
        "id": f"{INPUT}choice",
        "label": plain(view.prompt + which),
        "style": "filtered",
        "isRequired": True,
        "errorMessage": "Choose one.",
        "choices": [choice(option) for option in options],
    }
    choose = Button(view.action, "Choose", view.subject, view.version, Style.PRIMARY)
    return card([choices, *actions([execute(choose, inputs=True)])])


def choice(option: Option) -> Json:
    return {"title": plain(option.label), "value": option.value}


def in_parts[T](things: Sequence[T], cost: Callable[[T], int], *, most: int) -> tuple[tuple[T, ...], ...]:
    """Split in order, each part within PART_BYTES; a single thing above that stands alone. () gives one empty part."""
    parts: list[list[T]] = [[]]
    room = PART_BYTES
    for thing in things:
        if parts[-1] and (cost(thing) > room or len(parts[-1]) == most):
            parts.append([])
            room = PART_BYTES
        parts[-1].append(thing)
        room -= cost(thing)
    return tuple(tuple(part) for part in parts)
