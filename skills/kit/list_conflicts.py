"""Where the medication list and another source differ: stopped, allergic, another dose, twice of a class."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from ehr_clients.models import Medication, Note, Source
from skills.kit.drugs import Drug, class_of, current, daily_mg, dose_of, drugs, ingredients, members, table
from skills.kit.findings import Finding, OnFile, Place, of_note, of_order
from skills.kit.notes import Sentence, sentences
from skills.kit.stops import says_stopped
from skills.kit.words import as_day, bare, one_line, untagged

TIMES_APART = 2.0
_NO_ALLERGY_ANY_MORE = frozenset({"inactive", "resolved", "entered-in-error", "refuted"})
_ONE_IS_ENOUGH = ("ssri", "snri", "tca", "maoi", "benzodiazepine", "sga", "fga", "nsaid", "ace_inhibitor", "arb")
_NOT_NOW = re.compile(
    r"\b(?:if|consider\w*|may|might|could|plan\w*|target|goal|max\w*|history|previous\w*|past|prior|was on|used to"
    r"|tried|from|taper\w*|titrat\w*|until|next|in \w+ weeks?|overdose\w*|took|extra|years? ago|will|toward)\b",
    re.IGNORECASE,
)
_GROUP_WORDS = {
    "nsaids": "nsaid",
    "nsaid": "nsaid",
    "opioids": "opioid",
    "opiates": "opioid",
    "benzodiazepines": "benzodiazepine",
    "penicillins": "penicillin_class",
    "penicillin": "penicillin_class",
    "ssris": "ssri",
    "ssri": "ssri",
    "ace inhibitors": "ace_inhibitor",
    "ace inhibitor": "ace_inhibitor",
}


def list_conflicts(on_file: OnFile) -> Iterator[Finding]:
    yield from _stopped(on_file)
    yield from _duplicates(on_file)
    yield from _allergies(on_file)
    yield from _doses(on_file)


def _stopped(on_file: OnFile) -> Iterator[Finding]:
    """Told by the newest note after the order's last change; an order renewed since then is the newer word."""
    for order in (each for each in on_file.medications if each.status == "active"):
        for note, sentence in _later(on_file.notes, order):
            if any(says_stopped(sentence.text, name) for name in _called(order)):
                yield _beside("list.stopped", order, note, sentence)
                break


def _called(order: Medication) -> tuple[str, ...]:
    """The order's first word, and every name its ingredients go by."""
    known = table()["ingredients"]
    names = [name for each in drugs(order) for name in (each.name, *known[each.name].get("names", ()))]
    return tuple(dict.fromkeys([*order.name.split()[:1], *names]))


def _later(notes: tuple[Note, ...], order: Medication) -> Iterator[tuple[Note, Sentence]]:
    changed = order.changed or order.started
    for note in notes:
        if changed is None or note.when is None or as_day(note.when) > changed:
            yield from ((note, sentence) for sentence in sentences(note.text))


def _beside(rule: str, order: Medication, note: Note, sentence: Sentence) -> Finding:
    names = tuple(drug.name for drug in drugs(order)) or (one_line(order.name).lower(),)
    return Finding(rule=rule, ingredients=names, x=of_order(order), y=of_note(at_line(note, sentence), sentence.text))


def at_line(note: Note, sentence: Sentence) -> Source:
    return replace(note.source, line=sentence.line)


def _duplicates(on_file: OnFile) -> Iterator[Finding]:
    """Two ingredients of one class. Two strengths of one ingredient are one medication."""
    now = [drug for order in on_file.medications if current(order) for drug in drugs(order)]
    for one, other in combinations([drug for drug in now if class_of(drug.name) in _ONE_IS_ENOUGH], 2):
        if one.name != other.name and one.order != other.order and class_of(one.name) == class_of(other.name):
            names = tuple(sorted((one.name, other.name)))
            yield Finding(
                rule="list.duplicate_class", ingredients=names, x=of_order(one.order), y=of_order(other.order)
            )


def _allergies(on_file: OnFile) -> Iterator[Finding]:
    for allergy in (each for each in on_file.allergies if each.status not in _NO_ALLERGY_ANY_MORE):
        for order in filter(current, on_file.medications):
            if meant := _allergic(allergy.substance, order):
                reaction = f", {bare(one_line(allergy.reaction))}" if allergy.reaction else ", reaction not documented"
                place = Place(f"the allergy list ({untagged(one_line(allergy.substance))}{reaction})", allergy.source)
                yield Finding(rule="list.allergy", ingredients=meant, x=of_order(order), y=place)


def _allergic(substance: str, order: Medication) -> tuple[str, ...]:
    """The ingredients of an order that an allergy names, itself or by its group; else the word both begin with."""
    words = untagged(one_line(substance)).lower()
    group = members(_GROUP_WORDS[words]) if words in _GROUP_WORDS else frozenset()
    named = frozenset(ingredients(words)) | group
    shared = tuple(drug.name for drug in drugs(order) if drug.name in named)
    same_word = words.split()[:1] == order.name.lower().split()[:1] != []
    return shared or ((words.split()[0],) if same_word else ())


def _doses(on_file: OnFile) -> Iterator[Finding]:
    for order in (each for each in on_file.medications if each.status == "active"):
        for drug in drugs(order):
            listed = _listed(drug, on_file)
            for note, sentence in _later(on_file.notes, order):
                if listed and _far(stated_dose(sentence.text, _called(order)), listed):
                    yield _beside("list.dose", order, note, sentence)
                    break


def _listed(drug: Drug, on_file: OnFile) -> tuple[float, ...]:
    """What the list may be read to say: each order's dose, what is taken at once, and all of it together."""
    orders = [o for o in on_file.medications if current(o) and drug.name in {each.name for each in drugs(o)}]
    daily = [daily_mg(order) for order in orders]
    if not daily or any(dose is None for dose in daily):
        return ()
    known = [dose for dose in daily if dose is not None]
    return (*known, sum(known), *(at_once for order in orders if (at_once := _at_once(order.dose or order.name))))


def _at_once(words: str) -> float | None:
    found = re.search(r"(\d[\d,]*(?:\.\d+)?)\s*mg\b", words, re.IGNORECASE)
    return float(found[1].replace(",", "")) if found else None


def stated_dose(sentence: str, names: tuple[str, ...]) -> float | None:
    """What a note says is taken now; None for plans, wishes and the past, and where no dose follows the name."""
    named = "|".join(re.escape(name) for name in names)
    found = re.search(rf"\b(?:{named})\b(?: \w+){{0,2}}? (\d[\d,.]*\s*mg\b[^.;,]*)", sentence, re.IGNORECASE)
    return None if found is None or _NOT_NOW.search(sentence) else dose_of(found[1])


def _far(dose: float | None, listed: tuple[float, ...]) -> bool:
    return dose is not None and all(dose > TIMES_APART * each or each > TIMES_APART * dose for each in listed)
