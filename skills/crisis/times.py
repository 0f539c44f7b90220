"""When a thing was, as a sentence says it: within 30 days of the writing, longer ago, or not said.

A day of the month without a year counts as the last such day before the writing, and as recent when the day of the
writing is not known. Whatever can be read either way is recent.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from skills.crisis.ruleset import time_words

RECENT_DAYS = 30
_WORDS = (
    ("a", "an", "one", "un", "una"),
    ("two", "couple", "dos"),
    ("three", "few", "tres"),
    ("four", "cuatro"),
    ("five", "cinco"),
    ("six",),
    ("seven", "several"),
    ("eight",),
    ("nine",),
    ("ten", "many"),
    (),
    ("twelve",),
)
_NUMBERS = {word: number for number, words in enumerate(_WORDS, start=1) for word in words}
_UNIT_DAYS = {"h": 0, "d": 1, "n": 1, "w": 7, "s": 7, "m": 30, "y": 365, "a": 365}  # by first letter, also Spanish
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time named in a text, and whether it is within 30 days of the writing."""

    start: int
    end: int
    recent: bool


def moments(text: str, written: date | None) -> tuple[Moment, ...]:
    """In order. `text` is plain."""
    return tuple(sorted([*_spans(text), *_words(text), *_dates(text, written)], key=lambda moment: moment.start))


def _spans(text: str) -> Iterator[Moment]:
    for found in time_words().ago.finditer(text):
        number, unit = found["number"] or found["numero"], found["unit"] or found["unidad"]
        days = _number(number) * _UNIT_DAYS[unit[0]]
        yield Moment(found.start(), found.end(), days <= RECENT_DAYS)


def _number(word: str) -> int:
    known = word.removeprefix("a ").removesuffix(" of")
    return int(known) if known.isdigit() else _NUMBERS[known]


def _words(text: str) -> Iterator[Moment]:
    counted = [(found.start(), found.end()) for found in time_words().ago.finditer(text)]
    for pattern, recent in ((time_words().lately, True), (time_words().long_ago, False)):
        for found in pattern.finditer(text):
            if not any(start <= found.end() and found.start() <= end for start, end in counted):
                yield Moment(found.start(), found.end(), recent)


def _dates(text: str, written: date | None) -> Iterator[Moment]:
    for found in time_words().dated.finditer(text):
        recent = _recent(found, written)
        if recent is not None:
            yield Moment(found.start(), found.end(), recent)


def _recent(found: re.Match[str], written: date | None) -> bool | None:
    """None for what is no date after all, such as 24/7."""
    if found["iso"]:
        year, month, day = (int(part) for part in found["iso"].split("-"))
        return _within(year, month, day, written)
    if found["m"]:
        return _within(_year(found["y"]), int(found["m"]), int(found["d"]), written)
    if found["month"]:
        return _within(_year(found["year"]), _month(found["month"]), int(found["day"]), written)
    if found["moonyear"]:
        return _within_month(int(found["moonyear"]), _month(found["moon"]), written)
    if found["bare"]:
        return written is None or (written.month - _month(found["bare"])) % 12 <= 1
    return written is not None and int(found["alone"]) >= written.year and not found[0].endswith("s")


def _within(year: int | None, month: int, day: int, written: date | None) -> bool | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    if written is None:
        return year is None
    on = min(day, 28)
    then = date(year or written.year, month, on)
    if year is None and then > written:
        then = date(written.year - 1, month, on)
    return (written - then).days <= RECENT_DAYS + (day - on)


def _within_month(year: int, month: int, written: date | None) -> bool:
    return written is not None and (written.year - year) * 12 + written.month - month <= 1


def _year(written: str | None) -> int | None:
    if written is None:
        return None
    return int(written) if len(written) == 4 else 2000 + int(written)


def _month(name: str) -> int:
    return _MONTHS.index(name[:3]) + 1
