"""What a rule about medications found: two places that do not go together, and nobody told what to do about it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import cast

from ehr_clients.models import Allergy, Assessment, Medication, Note, Problem, Section, Source
from skills.kit.drugs import table
from skills.kit.words import bare, day, one_line, untagged


@dataclass(frozen=True, slots=True)
class Lab:
    """One result. `name`: lithium, anc, egfr, a1c, glucose, lipids, weight; ANC per microliter."""

    name: str
    value: float | None  # None: it is mentioned, its value is not
    when: date | None
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class OnFile:
    """All that the rules look at. `labs` None: laboratory results are not read; what notes mention counts all the same.

    `unread` are sections without an answer: where one of them could hold the other side, a rule does not claim absence.
    """

    medications: tuple[Medication, ...]
    today: date
    problems: tuple[Problem, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    notes: tuple[Note, ...] = ()
    labs: tuple[Lab, ...] | None = None
    client: Source | None = None
    birth_date: date | None = None
    sex: str | None = None  # as FHIR has it; anything but male and female is not known
    unread: frozenset[Section] = frozenset()

    @property
    def age(self) -> int | None:
        if self.birth_date is None:
            return None
        born, now = self.birth_date, self.today
        return now.year - born.year - ((now.month, now.day) < (born.month, born.day))


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands, in words, and its source. Without a source: what is not on file."""

    words: str
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Two places that do not go together. `ingredients` are what the rule is about, sorted."""

    rule: str
    ingredients: tuple[str, ...]
    x: Place
    y: Place
    more: str = ""  # what the label or the regulator says beside it

    @property
    def why(self) -> str:
        return _said(self.rule)["why"]

    @property
    def citation(self) -> str:
        return _said(self.rule)["citation"]

    @property
    def sentence(self) -> str:
        """Both places; of what is on file nowhere, that it is not."""
        joined = " and " if self.y.source else "; "
        return f"Possible conflict, documented in {self.x.words}{joined}{self.y.words}; review."

    @property
    def key(self) -> str:
        """The same as long as rule, ingredients and the versions of both sources are: shown once for each."""
        versions = sorted(f"{place.source.ref}@{place.source.version}" for place in (self.x, self.y) if place.source)
        return hashlib.sha256("|".join([self.rule, *self.ingredients, *versions]).encode()).hexdigest()


def of_order(medication: Medication) -> Place:
    """Medication order "Sertraline 100 mg", its dose and status, since when."""
    status = medication.status or "status not documented"
    since = f" since {day(medication.started)}" if medication.started else ""
    dose = f", {bare(one_line(medication.dose))}" if medication.dose else ", dose not documented"
    return Place(f"the medication list ({bare(one_line(medication.name))}{dose}, {status}{since})", medication.source)


def of_problem(problem: Problem) -> Place:
    status = problem.status or "status not documented"
    return Place(f"the problem list ({bare(untagged(one_line(problem.text)))}, {status})", problem.source)


def of_note(source: Source, words: str) -> Place:
    return Place(f"the note of {day(source.when)} (“{one_line(words)}”)", source)


def of_lab(lab: Lab, words: str) -> Place:
    return Place(f"{lab.source.title.lower()} of {day(lab.when)} ({words})", lab.source)


def of_client(on_file: OnFile) -> Place:
    age = "age not on file" if on_file.age is None else f"age {on_file.age}"
    return Place(f"the client's record ({age})", on_file.client)


def nowhere(what: str, on_file: OnFile) -> Place:
    """No more can be said than that it is not on file: it may have been done elsewhere, and not all of it is read."""
    unread = "notes could not be read" if Section.NOTES in on_file.unread else ""
    no_labs = "laboratory results are not read, only what notes say of them" if on_file.labs is None else ""
    why = unread or no_labs
    return Place(f"{what} on file{f' ({why})' if why else ''}")


@cache
def _rules() -> Mapping[str, Mapping[str, str]]:
    listed = {entry["id"]: entry for entry in (*table()["pairs"], *table()["conditions"])}
    return cast("Mapping[str, Mapping[str, str]]", {**listed, **table()["rules"]})


def _said(rule: str) -> Mapping[str, str]:
    return _rules()[rule]


def rules() -> tuple[str, ...]:
    """The id of every rule there is."""
    return tuple(_rules())
