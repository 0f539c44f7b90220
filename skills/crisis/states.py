"""What a state leaves on of the signals, as its policy pack says (`rules/states.toml`); counsel reviews every line."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import TypedDict, cast

from skills.crisis.signals import StatePolicy


class _Entry(TypedDict):
    phrases: bool
    note: str


def policy_of(state: str) -> StatePolicy:
    """By the two letters of the state, in either case; a state without a line of its own has the default."""
    pack = _pack()
    return StatePolicy(phrases=pack.get(state.strip().upper(), pack["default"])["phrases"])


@cache
def _pack() -> dict[str, _Entry]:
    written = files(__package__).joinpath("rules", "states.toml").read_text("utf-8")
    return cast("dict[str, _Entry]", tomllib.loads(written))
