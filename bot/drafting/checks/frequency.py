"""How often: daily, twice a week, every three months, as needed. Part of a dose, and as easily got wrong."""

import re
from collections.abc import Sequence
from functools import lru_cache

from bot.drafting.checks.numbers import WORDS, quantities
from bot.drafting.checks.words import folded

_TIMES = {
    "once": 1.0,
    "one time": 1.0,
    "twice": 2.0,
    "two times": 2.0,
    "thrice": 3.0,
    "three times": 3.0,
    "four times": 4.0,
}
_SHORT = {
    "bid": "2/day", "b.i.d.": "2/day", "tid": "3/day", "t.i.d.": "3/day", "qid": "4/day", "qd": "1/day", "qhs": "bedtime",
    "qam": "morning", "prn": "asneeded", "as needed": "asneeded", "if needed": "asneeded", "when needed": "asneeded",
    "daily": "1/day", "nightly": "bedtime", "weekly": "1/week", "monthly": "1/month", "biweekly": "1/2week", "fortnightly": "1/2week",
    "quarterly": "1/3month", "yearly": "1/year", "annually": "1/year", "at bedtime": "bedtime", "at night": "bedtime",
    "in the morning": "morning", "in the evening": "evening", "mornings": "morning", "evenings": "evening",
}  # fmt: skip
_SHAPE = re.compile(
    r"\b(?P<times>once|twice|thrice|(?:one|two|three|four|\d+) times?)[ -]?(?:a|per|each|every)?[ -](?P<per>day|week|month|year|daily|weekly|monthly)\b"
    r"|\b(?:every|each|per) (?:(?P<every>\d+|other|\w+) )?(?P<unit>day|week|month|year|night|bedtime|morning|evening|hour)s?\b"
    r"|\b(?P<count>\d+|one|two|three)(?: \w+)?/(?P<slash>day|week|month)\b"
    rf"|(?<!\w)(?P<short>{'|'.join(re.escape(word) for word in sorted(_SHORT, key=len, reverse=True))})(?!\w)"
)
_PER = {"daily": "day", "weekly": "week", "monthly": "month"}
_PART_OF_DAY = {
    "evening": "evening",
    "morning": "morning",
    "night": "bedtime",
    "nights": "bedtime",
    "bedtime": "bedtime",
}
_RATE = re.compile(r"\b(?!times?\b|once\b|twice\b)[a-z]+ (?:a|per|each) (day|week|month)\b|[a-z]/(day|week|month)\b")
_SO_MANY = re.compile(
    r"\b(\d+|one|two|three|four|five|six|seven) (?:(?:visit|session|group|meeting|call|film|tablet|capsule|dose)s? )?"
    r"(?:a|per|each) (day|week|month)\b"
)
_WORD = re.compile(r"[a-z]+")
_IMPLIES = {"bedtime": "1/day", "morning": "1/day", "evening": "1/day"}


def wrong(sentence: str, sources: Sequence[str]) -> bool:
    """Whether the sentence says how often in a way that no source does."""
    held = {each for source in sources for each in frequencies(source)}
    held |= {_PART_OF_DAY[word] for source in sources for word in _WORD.findall(source.lower()) if word in _PART_OF_DAY}
    held |= {f"1/{unit or slash}" for source in sources for unit, slash in _RATE.findall(source.lower())}
    held |= {_IMPLIES[each] for each in held if each in _IMPLIES}
    return not held.issuperset(frequencies(sentence)) or _rate_wrong(sentence, sources)


def _rate_wrong(sentence: str, sources: Sequence[str]) -> bool:
    """Whether so many a week are other than the sources' so many a week."""
    held = {rate for source in sources for rate in _rates(source)}
    bare = {each.number for source in sources for each in quantities(source) if not each.measured}
    return bool(held) and any(rate not in held and rate[0] not in bare for rate in _rates(sentence))


def _rates(text: str) -> frozenset[tuple[float, str]]:
    return frozenset((_count(many), per) for many, per in _SO_MANY.findall(folded(text).lower()))


@lru_cache(maxsize=4096)
def frequencies(text: str) -> frozenset[str]:
    return frozenset(_one(match) for match in _SHAPE.finditer(folded(text).lower()))


def _one(match: re.Match[str]) -> str:
    if match["times"]:
        words = match["times"].replace("times", "time") if match["times"].startswith("one") else match["times"]
        times = _TIMES.get(words) or float(words.split()[0])
        return f"{times:g}/{_PER.get(match['per'], match['per'])}"
    if match["unit"]:
        return _every(match["every"], match["unit"])
    if match["count"]:
        return f"{_count(match['count']):g}/{match['slash']}"
    return _SHORT[match["short"]]


def _every(every: str | None, unit: str) -> str:
    if unit in {"night", "bedtime", "morning", "evening"}:
        return "bedtime" if unit == "night" else unit
    count = 2.0 if every == "other" else _count(every) if every else 1.0
    return f"1/{count:g}{unit}" if count != 1 else f"1/{unit}"


def _count(word: str) -> float:
    return float(word) if word.isdecimal() else WORDS.get(word, 1.0)
