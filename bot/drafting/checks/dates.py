"""Dates in every shape: a day named in a sentence is a day of its sources, and "last week" needs a source that says so."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from bot.drafting.checks.words import folded, spoken

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NAME = (
    r"(?P<{0}>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_NTH = r"(?:st|nd|rd|th)?"
_LEAD = r"(?:in|since|by|until|till|during|of|from|through|last|next|early|late|mid|before|after|for|this)[ -]"
_SHAPES = tuple(
    re.compile(shape)
    for shape in (
        r"\b(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?\b",
        r"\b(?P<m>\d{1,2})[/.-](?P<d>\d{1,2})[/.-](?P<y>\d{4}|\d{2})\b",
        rf"\b{_NAME.format('name')} (?P<d>\d{{1,2}}){_NTH}(?:,? (?P<y>\d{{4}}))?\b",
        rf"\b(?P<d>\d{{1,2}}){_NTH} (?:of )?{_NAME.format('name')}(?:,? (?P<y>\d{{4}}))?\b",
        rf"\b{_NAME.format('name')},? (?:of )?(?P<y>\d{{4}})\b",
        rf"\b(?:{_LEAD}){_NAME.format('name')}(?![a-z])",
        r"(?<![\w/.-])(?P<y>(?:19|20)\d\d)(?![\w/-]|\.\d)",
    )
)
_SHORT = re.compile(r"(?<![\w/.-])(?P<m>1[0-2]|0?[1-9])/(?P<d>3[01]|[12]\d|0?[1-9])(?![\w/]|\.\d)")
_CLOCK = re.compile(
    r"\b(\d{1,2})(?::(\d\d))?(?::\d\d)?\s*([ap])\.?m\b\.?|\b(\d{1,2}):(\d\d)\b|\butc(?:[+-]\d\d:\d\d)?", re.IGNORECASE
)
_ZONE = re.compile(r"\bUTC(?:[+-]\d\d:\d\d)?")
_RELATIVE = re.compile(
    r"\b(?:yesterday|today|tomorrow|tonight|overnight|ago|weekend|(?:last|past|next|this|previous|coming) (?:night"
    r"|morning|afternoon|evening|week|month|year|spring|summer|fall|autumn|winter))\b"
)
_WEEKDAY = re.compile(rf"\b({'|'.join(_DAYS)})s?\b")


@dataclass(frozen=True, slots=True)
class Day:
    """A date as far as it is written; None where it is left open."""

    year: int | None
    month: int | None
    day: int | None

    def fits(self, other: "Day") -> bool:
        """Whether `other`, from a source, states all of this."""
        return all(
            mine is None or mine == theirs
            for mine, theirs in ((self.year, other.year), (self.month, other.month), (self.day, other.day))
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A date and where it stands in the folded text."""

    day: Day
    begin: int
    end: int


def wrong(sentence: str, sources: Sequence[str]) -> bool:
    """Whether a date, a time of day, a weekday or a relative date of the sentence is in no source."""
    held = [found.day for source in sources for found in days(source)]
    if any(not any(found.day.fits(day) for day in held) for found in days(sentence)):
        return True
    return _clock_wrong(sentence, sources) or _relative_wrong(sentence, sources) or _weekday_wrong(sentence, sources)


@lru_cache(maxsize=4096)
def days(text: str) -> tuple[Found, ...]:
    """Every date, in order. 11/9 alone is not here: it may be a score, and is read as a date only beside one."""
    line = _ZONE.sub(lambda zone: " " * len(zone[0]), folded(text))
    found: list[Found] = []
    for shape in _SHAPES:
        for match in shape.finditer(line):
            read = _read(match)
            if read and not any(each.begin < match.end() and match.start() < each.end for each in found):
                found.append(Found(read, match.start(), match.end()))
    return tuple(sorted(found, key=lambda each: each.begin))


def masked(text: str, beside: Sequence[str]) -> str:
    """The folded text with dates and times blanked out, and 11/9 too where a source has that day."""
    line = folded(text)
    spans = [(found.begin, found.end) for found in days(text)]
    spans += [match.span() for match in _CLOCK.finditer(line)]
    held = [found.day for source in beside for found in days(source)]
    for match in _SHORT.finditer(line):
        short = Day(None, int(match["m"]), int(match["d"]))
        if any(short.fits(day) for day in held):
            spans.append(match.span())
    for begin, end in spans:
        line = line[:begin] + " " * (end - begin) + line[end:]
    return line


def _read(match: re.Match[str]) -> Day | None:
    parts = match.groupdict()
    month = _MONTHS.index(parts["name"][:3].lower()) + 1 if parts.get("name") else _number(parts.get("m"))
    year = _number(parts.get("y"))
    year = year + 2000 if year is not None and year < 100 else year
    day = _number(parts.get("d"))
    possible = (month is None or 1 <= month <= 12) and (day is None or 1 <= day <= 31)
    return Day(year, month, day) if possible else None


def _number(digits: str | None) -> int | None:
    return int(digits) if digits else None


def _clock_wrong(sentence: str, sources: Sequence[str]) -> bool:
    held = {time for source in sources for time in _times(source)}
    return not held.issuperset(_times(sentence))


def _times(text: str) -> set[tuple[int, int]]:
    """Times of day on the 24-hour clock; zones are no times."""
    found = set()
    for hour12, minute12, half, hour24, minute24 in _CLOCK.findall(_ZONE.sub(" ", folded(text))):
        if half:
            found.add((int(hour12) % 12 + (12 if half in "pP" else 0), int(minute12 or 0)))
        elif hour24:
            found.add((int(hour24), int(minute24)))
    return found


def _relative_wrong(sentence: str, sources: Sequence[str]) -> bool:
    held = {words for source in sources for words in _RELATIVE.findall(spoken(source))}
    return not held.issuperset(_RELATIVE.findall(spoken(sentence)))


def _weekday_wrong(sentence: str, sources: Sequence[str]) -> bool:
    """A weekday is named in a source, or is that of a whole date in one."""
    held = {name for source in sources for name in _WEEKDAY.findall(spoken(source))}
    held |= {name for source in sources for found in days(source) if (name := _weekday(found.day))}
    return not held.issuperset(_WEEKDAY.findall(spoken(sentence)))


def _weekday(day: Day) -> str | None:
    if day.year is None or day.month is None or day.day is None:
        return None
    try:
        return _DAYS[date(day.year, day.month, day.day).weekday()]
    except ValueError:
        return None
