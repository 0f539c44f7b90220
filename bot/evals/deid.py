"""How much of what identifies a person is masked, in any file of texts with marked identifiers; and what it costs.

Two shapes of file: JSON lines `{id, text, spans: [{start, end, type, raw, score, known}], record?}`, and one JSON object
`{records, cases}` whose cases also say which strings must survive. A span with `score: false` counts neither way.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.privacy.deid import find
from bot.privacy.record import KnownPerson, Record
from bot.privacy.recognizers.ner import Ner
from bot.privacy.recognizers.spans import Kind

type Masks = list[tuple[int, int]]
type System = Callable[[str, Record | None], Masks]

_SEEN_ALONE: Final = "_-'"  # joins letters inside an identifier; other marks between words tell nothing


class BadCase(Exception):
    """A line of the file cannot be read. The message says which, and holds no text of it."""


class _Given(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Span(_Given):
    start: int
    end: int
    type: str
    score: bool = True
    known: bool | None = None


class _Patient(_Given):
    first: str | None = None
    middle: str | None = None
    last: str | None = None
    preferred: str | None = None
    dob: str | None = None
    mrn: str | None = None
    phone: str | None = None
    email: str | None = None
    address: str | None = None
    city: str | None = None
    zip: str | None = None
    employer: str | None = None
    school: str | None = None


class _Relative(_Given):
    name: str | None = None
    phone: str | None = None


class _Chart(_Given):
    patient: _Patient = _Patient()
    family: tuple[_Relative, ...] = ()
    providers: tuple[_Relative, ...] = ()


class _Case(_Given):
    id: str
    text: str
    spans: tuple[Span, ...] = ()
    record: _Chart | str | int | None = None
    must_keep: tuple[str, ...] = ()


class _Collection(_Given):
    records: Mapping[str, _Chart] = {}
    cases: tuple[_Case, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One text, what stands in it, what must survive, and the record of the client it is about."""

    id: str
    text: str
    spans: tuple[Span, ...]
    must_keep: tuple[str, ...]
    record: Record | None = None


@dataclass(slots=True)
class Tally:
    """Counts of one run. `misses` names case and kind, never the text."""

    docs: int = 0
    hit: dict[str, int] = field(default_factory=dict)
    of: dict[str, int] = field(default_factory=dict)
    masked_right: int = 0
    masked: int = 0
    kept: int = 0
    keep: int = 0
    misses: list[dict[str, str]] = field(default_factory=list)
    characters: int = 0
    cpu_s: float = 0.0

    def scores(self) -> dict[str, Any]:  # JSON-ready: what the command prints
        found, all_of = sum(self.hit.values()), sum(self.of.values())
        return {
            "docs": self.docs,
            "span_recall": _share(found, all_of),
            "char_precision": _share(self.masked_right, self.masked),
            "by_type": {kind: _share(self.hit.get(kind, 0), number) for kind, number in sorted(self.of.items())},
            "must_keep_damaged": _share(self.keep - self.kept, self.keep) if self.keep else 0.0,
            "kb_per_cpu_s": round(self.characters / 1000 / self.cpu_s, 1) if self.cpu_s else None,
            "misses": self.misses,
        }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0


def read(path: Path) -> tuple[Case, ...]:
    """The cases of a file. Raises BadCase with the number of the line that cannot be read."""
    content = path.read_text(encoding="utf-8")
    try:
        return _collected(_Collection.model_validate_json(content))
    except ValidationError:
        pass
    return tuple(_line(number, line) for number, line in enumerate(content.splitlines(), 1) if line.strip())


def _line(number: int, line: str) -> Case:
    try:
        case = _Case.model_validate_json(line)
        return _case(case, case.record if isinstance(case.record, _Chart) else None)
    except (ValidationError, ValueError) as wrong:
        raise BadCase(f"line {number}: {_places(wrong)}") from None


def _places(wrong: ValueError) -> str:
    """Which fields are wrong, without what stands in them."""
    if isinstance(wrong, ValidationError):
        return "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'line'}: {e['type']}" for e in wrong.errors(include_input=False)
        )
    return "a span lies outside of its text, or a date cannot be read"


def _collected(given: _Collection) -> tuple[Case, ...]:
    try:
        return tuple(_case(case, given.records.get(str(case.record))) for case in given.cases)
    except ValueError as wrong:
        raise BadCase(_places(wrong)) from None


def _case(case: _Case, chart: _Chart | None) -> Case:
    if any(not 0 <= span.start < span.end <= len(case.text) for span in case.spans):
        raise ValueError("span")
    return Case(case.id, case.text, case.spans, case.must_keep, _record(chart) if chart else None)


def _record(chart: _Chart) -> Record:
    """What the chart of a case would know by name. What is missing is simply not known."""
    patient = chart.patient
    name = " ".join(part for part in (patient.first, patient.middle, patient.last) if part)
    others = (patient.preferred,) if patient.preferred else ()
    people = [*chart.family, *chart.providers]
    return Record(
        people=(
            KnownPerson("client", name, others),
            *(KnownPerson(f"p{number}", person.name) for number, person in enumerate(people) if person.name),
        ),
        phones=_given(patient.phone, *(person.phone for person in people)),
        ids=_given(patient.mrn),
        emails=_given(patient.email),
        places=_given(patient.city, patient.zip, patient.employer, patient.school),
        addresses=_given(patient.address),
        births=(date.fromisoformat(patient.dob),) if patient.dob else (),
    )


def _given(*values: str | None) -> tuple[str, ...]:
    return tuple(value for value in values if value)


def baton(*, with_record: bool = True, ner: Ner | None = None, gate: bool = True) -> System:
    """Baton itself, as one system among others."""

    def masks(text: str, record: Record | None) -> Masks:
        return [(f.start, f.end) for f in find(text, record if with_record else None, ner=ner, gate=gate)]

    return masks


def score(cases: Iterable[Case], system: System) -> dict[str, Any]:
    """The figures of one system over these cases, as the command prints them."""
    tally = Tally()
    for case in cases:
        began = time.process_time()
        masks = system(case.text, case.record)
        tally.cpu_s += time.process_time() - began
        _count(tally, case, masks)
    return tally.scores()


def _count(tally: Tally, case: Case, masks: Masks) -> None:
    tally.docs += 1
    tally.characters += len(case.text.encode())
    covered = {at for start, end in masks for at in range(start, end)}
    for span in case.spans:
        if span.score:
            _one(tally, case, span, covered)
    marked = {at for span in case.spans for at in range(span.start, span.end)}
    telling = {at for at in covered if _tells(case.text[at])}
    tally.masked += len(telling)
    tally.masked_right += len(telling & marked)
    for words in case.must_keep:
        _keep(tally, case.text, words, covered - marked)


def _one(tally: Tally, case: Case, span: Span, covered: set[int]) -> None:
    """Found is the whole identifier: every letter and figure of it."""
    tally.of[span.type] = tally.of.get(span.type, 0) + 1
    if all(at in covered for at in range(span.start, span.end) if _tells(case.text[at])):
        tally.hit[span.type] = tally.hit.get(span.type, 0) + 1
    else:
        tally.misses.append({"id": case.id, "type": span.type})


def _tells(char: str) -> bool:
    return char.isalnum() or char in _SEEN_ALONE


def _keep(tally: Tally, text: str, words: str, covered: set[int]) -> None:
    at = text.find(words)
    while at >= 0:
        tally.keep += 1
        tally.kept += not any(place in covered for place in range(at, at + len(words)))
        at = text.find(words, at + 1)
