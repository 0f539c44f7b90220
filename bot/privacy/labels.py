"""What words give away: whether a text speaks of substance use. For charts that hold protected records (42 CFR Part 2).

An EHR labels codes; the same story stands unlabelled in notes, plans and reasons. Where no consent covers the one, the
other stays back too. Better one note too many left out, and counted on the card, than one sentence too many shown.
"""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import StrEnum
from typing import Any

from ehr_clients.codes import sud_condition, sud_medication
from ehr_clients.models import ChartData, Item, Label, Note, Read, Recent


class Part2Status(StrEnum):
    """Pending (looks like it, unlabelled) is treated as protected."""

    PROTECTED = "protected"
    PENDING = "pending"
    NOT_PART2 = "not_part2"


PROTECTED = frozenset({Label.PART2, Label.PART2_PENDING})
_SPOKEN = re.compile(
    r"\b(alcohol\w*|drink(s|ing|ers?)?|drank|drunk(en)?|beers?|wine|vodka|whiske?y|liquor|booze|hung ?over|hangovers?"
    r"|sober|sobriety|abstinen\w+|dry (days?|weeks?|months?)|opioids?|opiates?|heroin|fentanyl|cocaine|crack|speedball"
    r"|(meth)?amphetamines?|crystal meth|cannabis|marijuana|weed|edibles|kratom|xylazine"
    r"|substance (use|misuse|abuse)|drug (use|misuse|abuse|screens?|tests?)|uds|detox\w*|rehab|cravings?"
    r"|narcan|naloxone|overdos\w+|twelve[- ]step|12[- ]step|recovery (house|coach|meeting)s?|home ?group"
    r"|use disorder)\b",
    re.IGNORECASE,
)
_ABBREVIATED = re.compile(r"\b(SUD|AUD|OUD|MAT|MOUD|OTP|AA|NA|UDS|EtOH|ETOH)\b")


def protected(item: Item) -> bool:
    """Labelled by the EHR, or by its codes."""
    return bool(item.labels & PROTECTED)


def status(item: Item) -> Part2Status:
    if Label.PART2 in item.labels:
        return Part2Status.PROTECTED
    return Part2Status.PENDING if Label.PART2_PENDING in item.labels else Part2Status.NOT_PART2


def status_of(data: ChartData) -> Part2Status:
    """The strictest of everything that was read."""
    found = {status(i) for a in data.sections.values() if isinstance(a, Read) for i in a.items}
    return next((s for s in Part2Status if s in found), Part2Status.NOT_PART2)


def of_program(data: ChartData, staff: frozenset[str]) -> ChartData:
    """What the staff of a Part 2 program wrote is a record of that program (42 CFR 2.11), labelled or not: pending.

    `staff`: references of those whose home is such a program.
    """
    sections = {
        section: replace(answer, items=tuple(_of_program(item, staff) for item in answer.items))
        if isinstance(answer, Read)
        else answer
        for section, answer in data.sections.items()
    }
    return replace(data, sections=sections)


def recent_of_program(recent: Recent, staff: frozenset[str]) -> Recent:
    """The same for what a digest reads of a client."""
    return replace(recent, notes=tuple(_of_program(each, staff) for each in recent.notes))


def _of_program[T: Item](item: T, staff: frozenset[str]) -> T:
    theirs = isinstance(item, Note) and item.author_ref in staff and not item.labels & PROTECTED
    return replace(item, labels=item.labels | {Label.PART2_PENDING}) if theirs else item


def speaks_of_substances(text: str) -> bool:
    """Whether a text speaks of alcohol, drugs or their treatment, as notes do. Leans to yes."""
    named = sud_medication([], text) or sud_condition([], text)
    return named or _SPOKEN.search(text) is not None or _ABBREVIATED.search(text) is not None


def tells(item: Item) -> bool:
    """Whether an item's own words speak of it, whatever its labels."""
    return speaks_of_substances("\n".join(_words(item)))


def _words(value: Any) -> Iterator[str]:
    """Every word in an item but where it comes from: references are no statement about anybody."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _words(part)
    elif is_dataclass(value):
        for field in fields(value):
            if field.name not in {"source", "labels"}:
                yield from _words(getattr(value, field.name))
