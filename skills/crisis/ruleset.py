"""The rules of `rules/*.toml`, read once and compiled. Who changes a rule changes data, and its example is its test."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Literal, cast


class Assertion(StrEnum):
    """What a sentence says about a risk it names."""

    PRESENT = "present"
    UNCERTAIN = "uncertain"  # hedged, contradicted, not answered or not assessed: for a person to read
    RECENT_HISTORY = "recent_history"  # within 30 days of the writing
    CONDITIONAL_THREAT = "conditional_threat"
    NEGATED = "negated"
    HISTORICAL = "historical"
    FAMILY = "family"
    THIRD_PARTY = "third_party"
    HYPOTHETICAL = "hypothetical"  # advice, teaching, a question, a goal
    NOT_RISK = "not_risk"  # an idiom, another meaning of an abbreviation, the name of a thing


@dataclass(frozen=True, slots=True)
class Phrase:
    """One way of naming a risk, or (concept "not_risk") of only seeming to."""

    id: str
    concept: str
    pattern: re.Pattern[str]
    example: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What the words around a mention make of it. `§` is the mention, `¤` any other one."""

    id: str
    says: Assertion
    over: Literal["clause", "sentence"]
    pattern: re.Pattern[str]
    own: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    only: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ruleset:
    phrases: tuple[Phrase, ...]
    masks: tuple[Phrase, ...]
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class TimeWords:
    ago: re.Pattern[str]
    lately: re.Pattern[str]
    long_ago: re.Pattern[str]
    dated: re.Pattern[str]


type _Entry = Mapping[str, str | list[str]]


@cache
def ruleset() -> Ruleset:
    concepts, words = _file("concepts")
    understated, _ = _file("understated")
    masks, _ = _file("not_risk")
    scopes, around = _file("scopes")
    return Ruleset(
        tuple(_phrase(each, words, "") for each in (*concepts, *understated)),
        tuple(_phrase(each, words, "not_risk") for each in masks),
        tuple(_scope(each, around) for each in scopes),
    )


@cache
def time_words() -> TimeWords:
    document = cast("dict[str, dict[str, str]]", _document("times"))
    ago, lately, long_ago, dated = (
        re.compile(document[name]["pattern"]) for name in ("ago", "lately", "long_ago", "dated")
    )
    return TimeWords(ago, lately, long_ago, dated)


def _file(name: str) -> tuple[list[_Entry], dict[str, str]]:
    """The rules of a file and the words its patterns are written in."""
    document = _document(name)
    return cast("list[_Entry]", document["rule"]), cast("dict[str, str]", document.get("words", {}))


def _document(name: str) -> dict[str, object]:
    return tomllib.loads(files(__package__).joinpath("rules", f"{name}.toml").read_text("utf-8"))


def _phrase(entry: _Entry, words: Mapping[str, str], concept: str) -> Phrase:
    named = concept or str(entry["concept"])
    return Phrase(str(entry["id"]), named, _pattern(str(entry["pattern"]), words), str(entry["example"]))


def _scope(entry: _Entry, words: Mapping[str, str]) -> Scope:
    own, unless = entry.get("own"), entry.get("unless")
    return Scope(
        str(entry["id"]),
        Assertion(str(entry["says"])),
        "sentence" if entry.get("over") == "sentence" else "clause",
        _pattern(str(entry["pattern"]), words),
        _pattern(str(own), words) if own else None,
        _pattern(str(unless), words) if unless else None,
        frozenset(entry.get("only", ())),
    )


def _pattern(written: str, words: Mapping[str, str]) -> re.Pattern[str]:
    for name, meaning in words.items():
        written = written.replace(f"<{name}>", meaning)
        written = written.replace(f"{{{name}}}", meaning)
    return re.compile(written, re.DOTALL)
