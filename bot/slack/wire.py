"""What rides on Slack's ids and comes back in a click: opaque references only, written and read side by side.

| carrier | holds |
|---|---|
| action_id | the action's name, and a number when the action stands twice in one view |
| button value | subject, version, whether a modal follows, small constants |
| block_id of a select | subject and version of its picker |
| private_metadata | action, subject, version, and which message the modal was opened from |
| block_id of an input | version, which part of how many, how the part is joined on, the field's key |
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.chat import Action, Button, Form, Picker
from bot.slack import limits

WORDS = "words"  # action_id of every input
JOINTS = {"n": "\n", "s": " ", "x": ""}
INPUT, SELECT = "input", "select"


class Malformed(Exception):
    """Signed by Slack, and yet not something that we drew or that Slack documents. Answered with 400."""


class TooLarge(Exception):
    """A view that Slack would refuse, and that must not be cut. The person is sent to the web console."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The message that a modal was opened from, by Slack's ids. All empty for one opened from the Home tab."""

    conversation: str = ""
    message: str = ""
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Meant:
    """What a click means, before anybody checked whether it may."""

    action: Action
    subject: str
    version: int
    opens: bool = False
    values: Mapping[str, str] = field(default_factory=dict)


def action_id(action: str, count: int) -> str:
    return action if count == 1 else f"{action}:{count}"


def read_action(wire_name: str) -> Action:
    try:
        return Action(wire_name.partition(":")[0])
    except ValueError:
        raise Malformed("an unknown action") from None


def button_value(button: Button) -> str:
    made: dict[str, Any] = {"s": button.subject, "v": button.version}
    if button.opens:
        made["o"] = 1
    if button.values:
        made["x"] = dict(button.values)
    return _compact(made, limits.BUTTON_VALUE)


def read_button(name: str, value: str) -> Meant:
    fields = _object(value)
    return Meant(
        read_action(name), _text(fields, "s"), _number(fields, "v"), bool(fields.get("o")), _texts(fields.get("x", {}))
    )


def select_id(picker: Picker, part: int) -> str:
    return _compact([SELECT, picker.subject, picker.version, part], 255)


def read_select(name: str, block_id: str, choice: str) -> Meant:
    match _json(block_id):
        case ["select", str(subject), int(version), int()]:
            return Meant(read_action(name), subject, version, opens=False, values={"choice": choice})
        case _:
            raise Malformed("a menu that is not ours")


def metadata(anchor: Anchor, form: Form | None = None) -> str:
    made: dict[str, Any] = {"c": anchor.conversation, "m": anchor.message, "t": anchor.thread}
    if form is not None:
        made |= {"a": form.action, "s": form.subject, "v": form.version}
    return _compact({key: value for key, value in made.items() if value != ""}, limits.METADATA)


def read_anchor(private_metadata: str) -> Anchor:
    fields = _object(private_metadata) if private_metadata else {}
    return Anchor(*(_text(fields, key) if key in fields else "" for key in ("c", "m", "t")))


def read_form(private_metadata: str, state: Mapping[str, Any]) -> Meant:
    fields = _object(private_metadata)
    return Meant(
        read_action(_text(fields, "a")),
        _text(fields, "s"),
        _number(fields, "v"),
        opens=False,
        values=read_inputs(state),
    )


@dataclass(frozen=True, slots=True)
class Part:
    """One input's share of a long text. `joint` says what stood between it and the part before."""

    joint: str
    text: str


def parts(text: str) -> list[Part]:
    """Cut a text into what one input holds each, at line ends where possible. `joined` puts it together again."""
    made: list[Part] = []
    joint = "x"
    while (room := limits.head(text, limits.INPUT_TEXT)) < len(text):
        cut, following = _cut(text, room)
        made.append(Part(joint, text[:cut]))
        text, joint = text[cut + len(JOINTS[following]) :], following
    return [*made, Part(joint, text)]


def _cut(text: str, room: int) -> tuple[int, str]:
    for joint in ("n", "s"):
        if (at := text.rfind(JOINTS[joint], 1, min(room + 1, len(text) - 1))) > 0:
            return at, joint
    return room, "x"


def joined(of: Iterable[Part]) -> str:
    """A part that was emptied takes its joint with it."""
    text = ""
    for part in of:
        text += (JOINTS[part.joint] if text else "") + part.text if part.text else ""
    return text


def input_id(key: str, version: int, number: int, of: int, joint: str) -> str:
    return _compact([INPUT, version, number, of, joint, key], 255)


def read_inputs(state: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, dict[int, Part]] = {}
    for block_id, elements in state.items():
        match _json(block_id):
            case ["input", int(), int(number), int(), str(joint), str(key)] if joint in JOINTS:
                found.setdefault(key, {})[number] = Part(joint, _typed(elements))
            case _:
                raise Malformed("an input that is not ours")
    return {key: joined(each[number] for number in sorted(each)) for key, each in found.items()}


def _typed(elements: object) -> str:
    match elements:
        case {"words": {"value": str(text)}}:
            return text
        case {"words": {"value": None}} | {"words": {"type": _}}:
            return ""
        case _:
            raise Malformed("an input without words")


def _compact(value: object, limit: int) -> str:
    made = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if limits.width(made) > limit:
        raise TooLarge("a reference is longer than Slack carries")
    return made


def _json(text: object) -> object:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None


def _object(text: str) -> dict[str, Any]:
    fields = _json(text)
    if not isinstance(fields, dict):
        raise Malformed("a reference that is not ours")
    return fields


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str):
        raise Malformed("a reference without its words")
    return value


def _number(fields: Mapping[str, Any], key: str) -> int:
    value = fields.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Malformed("a reference without its version")
    return value


def _texts(values: object) -> dict[str, str]:
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise Malformed("a reference with strange constants")
    return values
