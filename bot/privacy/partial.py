"""A draft as somebody may see it whose role opens only parts of a chart: line by line, by what each line rests on.

45 CFR 164.514(d)(2). A line whose source is not known, a person's own words, and a line that speaks of substance use
are not shown: better one line too many left out. Of safety a coordinator sees that there is a plan, and its date.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bot.privacy.fields import FieldClass, Grant
from bot.privacy.labels import speaks_of_substances
from ehr_clients.models import Source
from skills.kit import DraftText, Line, LineKind, Passage
from skills.kit.words import day

F = FieldClass
_OF_RESOURCE: Final = {
    "Patient": F.IDENTITY,
    "Condition": F.DX,
    "DocumentReference": F.NOTES_FULL,
    "CarePlan": F.PLAN,
    "Goal": F.PLAN,
    "Observation": F.MEASURES,
    "QuestionnaireResponse": F.MEASURES,
    "MedicationRequest": F.MEDS,
    "MedicationStatement": F.MEDS,
    "AllergyIntolerance": F.MEDS,
    "Flag": F.SAFETY,
    "CareTeam": F.CONTACT,
    "Appointment": F.SCHEDULE,
    "Encounter": F.SCHEDULE,
    "Coverage": F.COVERAGE,
    "ServiceRequest": F.PLAN,
    "Task": F.PLAN,
}


def seen_by(text: DraftText, grant: Grant) -> tuple[DraftText, int]:
    """What the grant opens of a text, and how many lines it does not."""
    passages = [replace(passage, lines=tuple(_lines(passage, grant))) for passage in text.passages]
    kept = tuple(passage for passage in passages if passage.lines)
    before = sum(len(passage.lines) for passage in text.passages)
    return replace(text, passages=kept), before - sum(len(passage.lines) for passage in kept)


def _lines(passage: Passage, grant: Grant) -> Iterator[Line]:
    for line in passage.lines:
        if line.kind is LineKind.ABOUT and not line.sources and not speaks_of_substances(line.text):
            yield line
        elif line.kind is not LineKind.EDITED and line.sources and not speaks_of_substances(line.text):
            yield from _of(line, grant)


def _of(line: Line, grant: Grant) -> Iterator[Line]:
    """The whole line, its title and date, or nothing: as the strictest of its sources says."""
    wanted = {_class(source) for source in line.sources}
    if None in wanted or not wanted <= grant.classes:
        return
    if not wanted & grant.level_only:
        yield line
    else:
        said = dict.fromkeys(f"{source.title}, {day(source.when)}" for source in line.sources)
        yield replace(line, text=f"{'; '.join(said)}: on file.")


def _class(source: Source) -> FieldClass | None:
    """None: not known, so nobody with a part of the chart sees it."""
    kind = source.ref.split("/", 1)[0]
    if kind == "DocumentReference" and "safety plan" in source.title.casefold():
        return F.SAFETY
    return _OF_RESOURCE.get(kind)
