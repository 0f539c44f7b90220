"""The draft without a model: I-PASS in order, then what behavioral health adds, then everything that did not fit above.

Illness severity, patient summary and situation awareness together keep to 200 words, titles and heading counted.
Nothing is dropped or cut for it: what does not fit stands under "More from the chart", whose title says how many.
"""

from collections.abc import Iterable, Iterator

from skills.handoff import actions, medicines, patient, severity, situation
from skills.handoff.facts import HandoffFacts
from skills.kit import DraftText, Line, LineKind, Passage, Person, Section
from skills.kit.fit import Fitted, Weighed, fit
from skills.kit.words import count, day, moment, one_line, plural

WORDS = 200
SEVERITY, PATIENT, SITUATION, MORE = "severity", patient.PLACE, situation.PLACE, "more"
SUMMARY = {
    SEVERITY: "I: Illness severity",
    PATIENT: "P: Patient summary",
    SITUATION: "S: Situation awareness",
}


def compose(facts: HandoffFacts) -> DraftText:
    heading = f"Handoff summary for {facts.alias}, from {named(facts.sender)}, to {receiver(facts)}, {day(facts.at)}"
    fitted = fit(tuple(_candidates(facts)), WORDS - count(heading) - count(" ".join(SUMMARY.values())))
    return DraftText(heading, tuple(passage for passage in _passages(facts, fitted) if passage.lines))


def named(person: Person) -> str:
    return f"{person.name}, {person.title}" if person.title else person.name


def receiver(facts: HandoffFacts) -> str:
    return named(facts.to) if facts.to else f"the {facts.team} team"


def _candidates(facts: HandoffFacts) -> Iterator[Weighed]:
    yield from _severity(facts)
    yield from patient.patient(facts)
    yield from situation.situation(facts)


def _severity(facts: HandoffFacts) -> Iterator[Weighed]:
    found = severity.severity(facts)
    basis = tuple(dict.fromkeys(source for signal in found.why for source in signal.sources))
    kind = LineKind.FACT if found.word else LineKind.MISSING
    yield Weighed(SEVERITY, Line(severity.first_line(found), basis, kind), 0)
    for place, line in enumerate(severity.reasons(found)):
        yield Weighed(SEVERITY, line, 1 if place < 4 else 4)


def _passages(facts: HandoffFacts, fitted: Fitted) -> Iterator[Passage]:
    yield _summary(SEVERITY, fitted)
    yield _summary(PATIENT, fitted)
    yield Passage("actions", "A: Action list", actions.actions(facts))
    yield _summary(SITUATION, fitted)
    yield _passage("medications", "Medications", medicines.medications(facts))
    yield _passage("allergies", "Allergies", medicines.allergies(facts))
    yield _passage("consents", "Consents and confidentiality", medicines.consents(facts))
    yield _passage("told", "What the client was told", medicines.told(facts))
    yield _passage(
        MORE,
        f"More from the chart ({plural(len(fitted.left), 'statement')})",
        (weighed.line for weighed in fitted.left),
    )
    yield _passage("as_of", "As of", _as_of(facts))
    yield _passage("synthesis", "S: Synthesis by receiver", _synthesis(facts))


def _summary(place: str, fitted: Fitted) -> Passage:
    return Passage(place, SUMMARY[place], fitted.lines(place))


def _passage(key: str, title: str, lines: Iterable[Line]) -> Passage:
    return Passage(key, title, tuple(lines))


def _as_of(facts: HandoffFacts) -> Iterator[Line]:
    """When each section was read, and what the EHR itself said was left out. Sections read together share a line."""
    times = dict.fromkeys(moment(read.at) for read in facts.as_of)
    for time in times:
        together = [_name(read.section) for read in facts.as_of if moment(read.at) == time]
        yield Line(f"Read {time}: {', '.join(together)}.", kind=LineKind.ABOUT)
    for read in facts.as_of:
        if read.incomplete:
            yield Line(one_line(f"Not whole: {_name(read.section)}. {read.incomplete}"), kind=LineKind.ABOUT)
    if facts.gaps:
        yield Line(f"Not read: {', '.join(_name(gap.section) for gap in facts.gaps)}.", kind=LineKind.ABOUT)


def _name(section: Section) -> str:
    return section.value.replace("_", " ")


def _synthesis(facts: HandoffFacts) -> Iterator[Line]:
    yield Line(
        f"Read-back by {receiver(facts)}, in their own words, with its time and any questions: recorded on acceptance.",
        kind=LineKind.ABOUT,
    )
    yield Line(f"Until then {facts.sender.name} keeps the care of {facts.alias}.", kind=LineKind.ABOUT)
