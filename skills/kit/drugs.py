"""A medication order as its ingredients, their classes and its daily dose: by RxNorm ingredient code, else by name.

An order's code is often that of a product, so its text is read too: both count, and a combination has several
ingredients. What the table does not know has none, and no rule speaks about it.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from ehr_clients.models import Medication

OVER: Final = frozenset({"stopped", "completed", "cancelled", "entered-in-error", "ended", "draft", "on-hold"})
_TABLE = Path(__file__).with_name("contradictions.toml")
_TIMES = (
    (
        re.compile(r"\b(?:four times (?:a|per) day|four times daily|qid|every (?:6|six) hours|q6h)\b", re.IGNORECASE),
        4.0,
    ),
    (
        re.compile(
            r"\b(?:three times (?:a|per) day|three times daily|tid|every (?:8|eight) hours|q8h)\b", re.IGNORECASE
        ),
        3.0,
    ),
    (re.compile(r"\b(?:twice|two times|2 times|bid|every 12 hours|every twelve hours|q12h)\b", re.IGNORECASE), 2.0),
    (re.compile(r"\b(?:every other day|every second day|qod)\b", re.IGNORECASE), 0.5),
)
_NOT_DAILY = re.compile(
    r"\bweek(?:ly|s)?\b|\bmonth(?:ly|s)?\b|\bevery \d+ days\b|\binject|\bmuscle\b|\bpatch\b", re.IGNORECASE
)
_TOTAL = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*mg\s*(?:/|per |a |each )\s*day", re.IGNORECASE)
_MG = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*mg\b", re.IGNORECASE)
_PIECES = re.compile(
    r"\b(\d+(?:\.\d+)?|one|two|three|four|half a?)\s+(?:tablet|capsule|film|tab|cap)s?\b", re.IGNORECASE
)
_NUMBER = {"one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "half": 0.5, "half a": 0.5}


@dataclass(frozen=True, slots=True)
class Drug:
    """One ingredient of one order."""

    name: str  # the ingredient's
    order: Medication


def current(medication: Medication) -> bool:
    """Taken, as far as the list says: a status that is not on file does not mean ended."""
    return medication.status not in OVER


def ended_within(medication: Medication, days: int, today: date) -> bool:
    """Ended so many days ago or fewer. When it ended is not on file: not known, so no."""
    return not current(medication) and medication.changed is not None and 0 <= (today - medication.changed).days <= days


def ingredients(words: str, rxnorm: str | None = None) -> tuple[str, ...]:
    """The ingredients a text names, by generic or brand name, and the one the code stands for; sorted."""
    named = {name for match in _names().finditer(words) for name in _ingredients_of()[match.group(0).lower()]}
    coded = {_by_code()[rxnorm]} if rxnorm and rxnorm in _by_code() else set()
    return tuple(sorted(named | coded))


def drugs(medication: Medication) -> tuple[Drug, ...]:
    return tuple(Drug(name, medication) for name in ingredients(medication.name, medication.rxnorm))


def members(group: str) -> frozenset[str]:
    """The ingredients of a group, a class, or the one ingredient of that name."""
    if group in table()["ingredients"]:
        return frozenset({group})
    parts = table()["groups"].get(group)
    if parts is not None:
        return frozenset(name for part in parts for name in members(part))
    found = frozenset(name for name, entry in table()["ingredients"].items() if entry.get("class") == group)
    if not found:
        raise KeyError(f"contradictions.toml knows no ingredient, class or group {group}")
    return found


def class_of(ingredient: str) -> str | None:
    kind: str | None = table()["ingredients"][ingredient].get("class")
    return kind


def daily_mg(medication: Medication) -> float | None:
    """Milligrams a day; None when the order does not say, or is not taken by the day."""
    return dose_of(medication.dose or medication.name, strength=medication.name)


def dose_of(words: str, *, strength: str = "") -> float | None:
    """The daily dose that words state: "100 mg in the morning and 250 mg at bedtime" is 350."""
    if _NOT_DAILY.search(words):
        return None
    if total := _TOTAL.search(words):
        return _number(total[1])
    single = _single(words, strength)
    times = next((factor for pattern, factor in _TIMES if pattern.search(words)), 1.0)
    return None if single is None else single * times


def _single(words: str, strength: str) -> float | None:
    stated = [_number(found) for found in _MG.findall(words)]
    if stated:
        return sum(stated) if re.search(r"\d\s*mg\b.*\b(?:and|plus)\b.*\d\s*mg\b", words, re.IGNORECASE) else stated[0]
    pieces, each = _PIECES.search(words), _MG.search(strength)
    return _pieces(pieces[1].lower()) * _number(each[1]) if pieces and each else None


def _pieces(words: str) -> float:
    return _NUMBER[words] if words in _NUMBER else float(words)


def _number(digits: str) -> float:
    return float(digits.replace(",", ""))


@cache
def table() -> Mapping[str, Any]:
    """The file as it stands, read once."""
    return tomllib.loads(_TABLE.read_text(encoding="utf-8"))


@cache
def _ingredients_of() -> Mapping[str, frozenset[str]]:
    """Generic or brand name -> ingredients: a brand may be a combination."""
    found: dict[str, set[str]] = {}
    for name, entry in table()["ingredients"].items():
        for word in (name, *entry.get("names", ())):
            found.setdefault(word, set()).add(name)
    return {word: frozenset(names) for word, names in found.items()}


@cache
def _names() -> re.Pattern[str]:
    longest_first = sorted(_ingredients_of(), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(word) for word in longest_first)})(?!\w)", re.IGNORECASE)


@cache
def _by_code() -> Mapping[str, str]:
    entries = table()["ingredients"].items()
    return {code: name for name, entry in entries for code in (entry.get("rxnorm"), *entry.get("salts", ())) if code}
