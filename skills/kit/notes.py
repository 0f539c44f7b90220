"""A progress note as its parts, lines and sentences: DAP, SOAP, BIRP, GIRP, or headings of any kind.

Nothing is rewritten. A sentence is a stretch of its line, character for character: it can be quoted and found again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    DATA = "data"  # also subjective, objective, behavior
    GOAL = "goal"
    INTERVENTION = "intervention"
    RESPONSE = "response"
    ASSESSMENT = "assessment"
    PLAN = "plan"
    OTHER = "other"  # before any heading, or under one that no note form knows


@dataclass(frozen=True, slots=True)
class Sentence:
    """`text` is found as it stands in line `line` of the note (from 1, by `str.splitlines`)."""

    text: str
    line: int
    part: Part


_HEADINGS = {
    Part.DATA: ("data", "d", "subjective", "s", "objective", "o", "behavior", "behaviour", "b", "presentation"),
    Part.GOAL: ("goal", "goals", "g"),
    Part.INTERVENTION: ("intervention", "interventions", "i"),
    Part.RESPONSE: ("response", "r"),
    Part.ASSESSMENT: ("assessment", "a", "impression", "assessment and plan", "assessment & plan", "assessment/plan"),
    Part.PLAN: ("plan", "p", "next steps"),
}
_PART_OF = {word: part for part, words in _HEADINGS.items() for word in words}
_COLON = re.compile(r"\s*(?:#+\s*|\*\*)?([A-Za-z][A-Za-z &/]{0,24}?)(?:\*\*)?\s*:(?:\*\*)?(?=\s|$)")
_ALONE = re.compile(r"\s*(#+\s*)?([A-Za-z][A-Za-z &/]*?)\s*$")
_LONGEST_HEADING = 60
_BULLET = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s+")
_STOP = re.compile(r"[.!?]+[\"”’')\]]*(?=\s)")
_NOT_A_STOP = re.compile(
    r"(?:\b(?:Dr|Drs|Mr|Mrs|Ms|Mx|St|Jr|Sr|Rev|Prof|vs|approx|appt|[Pp]t|[Pp]ts|[Hh]x|[Tt]x|[Dd]x|e\.g|i\.e)"
    r"|(?<![^\s(])[A-Z])\.$"
)
_LONGEST_ABBREVIATION = 8
_OPENS = re.compile(r"\s*[\"“‘'(\[]?[A-Z0-9\"“]")


def sentences(note: str) -> tuple[Sentence, ...]:
    """Every sentence of a note in order; what is not a sentence (a heading, a bullet's dash) is left out."""
    found: list[Sentence] = []
    part = Part.OTHER
    for number, line in enumerate(note.splitlines(), start=1):
        part, start = _heading(line, part)
        found.extend(Sentence(line[begin:end], number, part) for begin, end in stretches(line, start))
    return tuple(found)


def stretches(line: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Where each sentence of a line begins and ends. Together they hold every character but the blanks between them."""
    begin = seen = start
    straight = curly = 0
    for stop in _STOP.finditer(line, start):
        straight += line.count('"', seen, stop.end())
        curly += line.count("“", seen, stop.end()) - line.count("”", seen, stop.end())
        seen = stop.end()
        goes_on = (straight % 2 == 1 and line.rfind('"') >= seen) or (curly > 0 and line.rfind("”") >= seen)
        if not goes_on and _ends(line, begin, seen):
            yield from _trimmed(line, begin, seen)
            begin = seen
    yield from _trimmed(line, begin, len(line))


def _heading(line: str, current: Part) -> tuple[Part, int]:
    """The part a line belongs to, and where its own words begin."""
    if (before_colon := _COLON.match(line)) and (part := _PART_OF.get(before_colon[1].lower().strip())):
        return part, before_colon.end()
    if (
        len(line) <= _LONGEST_HEADING
        and (alone := _ALONE.match(line))
        and (alone[1] or alone[2].isupper() or alone[2].istitle())
    ):
        known = _PART_OF.get(alone[2].lower())
        if known or alone[1]:
            return known or Part.OTHER, len(line)
    bullet = _BULLET.match(line)
    return current, bullet.end() if bullet else 0


def _ends(line: str, begin: int, stop: int) -> bool:
    """A full stop ends a sentence where the next one opens, unless it belongs to an abbreviation."""
    abbreviated = _NOT_A_STOP.search(line, max(begin, stop - _LONGEST_ABBREVIATION), stop)
    return not abbreviated and _OPENS.match(line, stop) is not None


def _trimmed(line: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    stretch = line[begin:end]
    if stretch.strip():
        lead = len(stretch) - len(stretch.lstrip())
        yield begin + lead, begin + len(stretch.rstrip())
