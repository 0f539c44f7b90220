"""Reads texts with marked identifiers: what stands where, what must survive, and the record of the client.

Two shapes of file: JSON lines `{id, text, spans: [{start, end, type, score, known}], record?}`, and one JSON object
`{records, cases}` whose cases also say which strings must survive. A span with `score: false` counts neither way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.privacy.record import KnownPerson, Record


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
