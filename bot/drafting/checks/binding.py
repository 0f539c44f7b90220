"""Numbers stay with what they belong to: a dose with its drug, a score with its instrument, a value with its date."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from bot.drafting.checks import dates, drugs
from bot.drafting.checks.numbers import INSTRUMENT, WORDS, Quantity, quantities
from bot.drafting.checks.polarity import LEVELS
from bot.drafting.checks.words import folded

_LEVEL = re.compile(rf"\b(?:{'|'.join(sorted(LEVELS - {'stable', 'acute', 'chronic'}))})\b", re.IGNORECASE)
_SHARE = re.compile(r"\b(\w+) ?(?:of|/|out of) ?(?:the )?(\w+)\b")
_APART = re.compile(r"[;.>]|\d{2}/|\b(?:between|from|since|by|until|and|to)\b")
_PART_OF_DAY = re.compile(
    r"\W*(?:mg|mcg|g)?(?: by mouth| orally)? (?:in the|every|each|at|before) (morning|evening|bedtime|night|noon)\b"
)
_EVENT = re.compile(
    r"\b(discharge|admi(?:t|ssion)|overdose|attempt|revo[kc]|renew|sign|reverse|refill|hospitali[sz])\w*", re.IGNORECASE
)
_BREATH = re.compile(
    r"[;.,:]|\b(?:and|but|after|before|since|until|through|within|high|low|moderate|due)\b", re.IGNORECASE
)
_BETWEEN = 42  # characters from a value to its date: "15 (moderately severe) on 11/02/2026"


def dose_wrong(sentence: str, sources: Sequence[str]) -> bool:
    """Whether a drug has a dose that its sources give to another."""
    held: dict[str, set[float]] = {}
    for source in sources:
        for drug, dose in doses(source):
            held.setdefault(drug, set()).add(dose)
    if any(drug in held and dose not in held[drug] for drug, dose in doses(sentence)):
        return True
    return _crossed(by_part_of_day(sentence), [pair for source in sources for pair in by_part_of_day(source)])


def wrong(sentence: str, sources: Sequence[str]) -> bool:
    """Whether a score stands with another instrument, or a value with another date, than in the sources."""
    if _crossed(shares(sentence), [pair for source in sources for pair in shares(source)]):
        return True
    if _crossed(events(sentence), [pair for source in sources for pair in events(source)]):
        return True
    return _crossed(scores(sentence), [pair for source in sources for pair in scores(source, wide=True)]) or _crossed(
        [(day, value) for value, day in dated(sentence)],
        [(day, value) for source in sources for value, day in dated(source)],
    )


def _crossed(said: Iterable[tuple[str, str]], held: Iterable[tuple[str, str]]) -> bool:
    known: dict[str, set[str]] = {}
    for anchor, value in held:
        known.setdefault(anchor, set()).add(value)
    return any(anchor in known and value not in known[anchor] for anchor, value in said)


@lru_cache(maxsize=4096)
def doses(text: str) -> tuple[tuple[str, float], ...]:
    """Each drug with every dose that stands right before it, or behind it and before the next drug."""
    line = folded(text)
    placed = drugs.placed(text)
    measured = [each for each in quantities(text) if each.kind == "g"]
    out: list[tuple[str, float]] = []
    for dose in measured:
        name = _before(dose, placed, line) or _behind(dose, placed)
        out += [(each, round(dose.number * dose.scale, 9)) for each in _together(name, placed, line)]
    return tuple(dict.fromkeys(out))


@lru_cache(maxsize=4096)
def by_part_of_day(text: str) -> tuple[tuple[str, str], ...]:
    """Each part of the day with the dose right before it: 300 mg in the morning is not 300 mg at bedtime."""
    line = folded(text).lower()
    return tuple(
        ("bedtime" if found[1] == "night" else found[1], f"{dose.number * dose.scale:g}")
        for dose in quantities(text)
        if dose.kind == "g" and (found := _PART_OF_DAY.match(line, dose.end))
    )


def _before(dose: Quantity, placed: Sequence[tuple[str, int]], line: str) -> tuple[str, int] | None:
    """“150 mg of sertraline”."""
    for name, place in placed:
        gap = line[dose.end : place] if place > dose.end else None
        if gap is not None and re.fullmatch(r"\s?(?:mg|mcg|g)?(?:/\w+)?(?: of| dose of)? ", gap, re.IGNORECASE):
            return name, place
    return None


def _behind(dose: Quantity, placed: Sequence[tuple[str, int]]) -> tuple[str, int] | None:
    return next(((name, place) for name, place in reversed(placed) if place < dose.begin), None)


def _together(found: tuple[str, int] | None, placed: Sequence[tuple[str, int]], line: str) -> list[str]:
    """A drug and those it is combined with: "buprenorphine 8 mg / naloxone 2 mg" is one film."""
    if found is None:
        return []
    near = [
        name
        for name, place in placed
        if "/" in line[min(place, found[1]) : max(place, found[1])] and abs(place - found[1]) < 30
    ]
    return [found[0], *near]


@lru_cache(maxsize=4096)
def scores(text: str, *, wide: bool = False) -> tuple[tuple[str, str], ...]:
    """Each instrument with the first number behind it; `wide`: with all numbers up to the next instrument."""
    line = folded(text)
    named = [match for match in INSTRUMENT.finditer(line) if "-" in match[0] or match[0][-1].isdigit()]
    out: list[tuple[str, str]] = []
    for place, match in enumerate(named):
        end = named[place + 1].start() if place + 1 < len(named) else len(line)
        if not wide and re.fullmatch(r"(?:,| and| or|/)\s*(?:the )?", line[match.end() : end]):
            return ()
        values = [
            f"{each.number:g}" for each in quantities(text) if match.end() <= each.begin < end and not each.measured
        ]
        out += [(match[0].upper().replace("CSSRS", "C-SSRS"), value) for value in (values if wide else values[:1])]
    return tuple(dict.fromkeys(out))


@lru_cache(maxsize=4096)
def events(text: str) -> tuple[tuple[str, str], ...]:
    """Each event with the first whole date behind it in the same breath: "discharged from the unit 11/18/2026"."""
    line = folded(text)
    days = [each for each in dates.days(text) if each.day.month and each.day.day]
    out = []
    for found in _EVENT.finditer(line):
        behind = [each for each in days if found.end() <= each.begin <= found.end() + _BETWEEN]
        if behind and not _BREATH.search(line, found.end(), behind[0].begin):
            out.append((found[1].lower(), f"{behind[0].day.month}/{behind[0].day.day}"))
    return tuple(out)


@lru_cache(maxsize=4096)
def dated(text: str) -> tuple[tuple[str, str], ...]:
    """Each bare number or level that a date follows closely, with that date as far as it is written."""
    line = folded(text)
    values = [(f"{each.number:g}", each.end) for each in quantities(text) if not each.measured]
    values += [(match[0].lower(), match.end()) for match in _LEVEL.finditer(line)]
    out = _between(text, values)
    for found in dates.days(text):
        near = [(end, value) for value, end in values if 0 < found.begin - end <= _BETWEEN]
        near = [(end, value) for end, value in near if not _APART.search(line, end, found.begin)]
        if found.day.month and found.day.day and near:
            numbers = [pair for pair in near if pair[1][0].isdigit()]
            out.append((max(numbers or near)[1], f"{found.day.month}/{found.day.day}"))
    return tuple(out)


def _between(text: str, values: Sequence[tuple[str, int]]) -> list[tuple[str, str]]:
    """“12 -> 15 between Oct 19 and Nov 2”: the first value is of the first day."""
    found = [each for each in dates.days(text) if each.day.month and each.day.day]
    if len(found) != 2 or not re.search(r"\bbetween\b|\bfrom\b", folded(text)[: found[0].begin][-12:]):
        return []
    before = sorted((end, value) for value, end in values if end <= found[0].begin and value[0].isdigit())[-2:]
    days = [f"{each.day.month}/{each.day.day}" for each in found]
    return [(value, day) for (_, value), day in zip(before, days, strict=True)] if len(before) == 2 else []


@lru_cache(maxsize=4096)
def shares(text: str) -> tuple[tuple[str, str], ...]:
    """“6 of 7 visits”, in digits or words: the whole, and the part of it."""
    pairs = [(_value(part), _value(whole)) for part, whole in _SHARE.findall(dates.masked(text, ()).lower())]
    return tuple((f"{whole:g}", f"{part:g}") for part, whole in pairs if part is not None and whole is not None)


def _value(word: str) -> float | None:
    return float(word) if word.isdecimal() else WORDS.get(word)
