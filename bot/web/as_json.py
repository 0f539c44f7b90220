"""A view as text and back, for a board that lives in a database.

Every object names its own class, because shapes alone do not tell a `Title` from a `Text` or a date from a time.
Only the classes listed here are ever built from text.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum

from bot.chat import (
    Action,
    Button,
    CardView,
    Confirm,
    Detail,
    Field,
    Form,
    Home,
    HomeLine,
    Notice,
    Option,
    Picker,
    Status,
    Style,
)
from skills.kit import Banner, Card, Line, LineKind, Passage, Picture, Row, Rows, Source, Sourced, Text, Title, Tone

type View = CardView | Notice | Picker | Form | Detail | Home

VIEWS = (CardView, Notice, Picker, Form, Detail, Home)
_BLOCKS = (Title, Text, Row, Rows, Picture, Banner, Sourced, Passage, Line, Source)
_PARTS = (Button, Confirm, Status, Option, Field, HomeLine, Card)
_RECORDS: dict[str, Callable[..., object]] = {kind.__name__: kind for kind in (*VIEWS, *_PARTS, *_BLOCKS)}
_WORDS: dict[str, type[Enum]] = {kind.__name__: kind for kind in (Action, Style, Tone, LineKind)}


def to_json(view: View) -> str:
    return json.dumps(_plain(view), ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> View:
    """The view that `to_json` was given, equal in every field. Raises ValueError for any other text."""
    try:
        view = _built(json.loads(text))
    except (KeyError, TypeError, ValueError) as err:
        raise ValueError("This text is not a stored view.") from err
    if not isinstance(view, VIEWS):
        raise ValueError("This text is not a stored view.")  # noqa: TRY004  one error for every text that is not ours
    return view


def _plain(value: object) -> object:
    match value:
        case Enum():
            return {"is": type(value).__name__, "value": value.value}
        case None | str() | int() | float():
            return value
        case datetime() | date():
            return {"is": type(value).__name__, "value": value.isoformat()}
        case tuple():
            return [_plain(each) for each in value]
        case Mapping():
            return {"is": "map", "value": {str(key): _plain(each) for key, each in value.items()}}
        case _ if is_dataclass(value) and type(value).__name__ in _RECORDS:
            return {"is": type(value).__name__} | {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
        case _:
            raise TypeError(f"A view cannot hold a {type(value).__name__}.")


def _built(value: object) -> object:
    match value:
        case list():
            return tuple(_built(each) for each in value)
        case dict():
            return _named(value)
        case _:
            return value


def _named(value: dict[str, object]) -> object:
    match value:
        case {"is": "datetime", "value": str(text)}:
            return datetime.fromisoformat(text)
        case {"is": "date", "value": str(text)}:
            return date.fromisoformat(text)
        case {"is": "map", "value": dict(pairs)}:
            return {key: _built(each) for key, each in pairs.items()}
        case {"is": str(name), "value": word, **rest} if name in _WORDS and not rest:
            return _WORDS[name](word)
        case {"is": str(name), **parts}:
            return _RECORDS[name](**{key: _built(part) for key, part in parts.items()})
        case _:
            raise ValueError("An object without a name.")
