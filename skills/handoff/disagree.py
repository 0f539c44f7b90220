"""Where two sources say different things, both are shown. Nobody is picked, and neither is toned down."""

from collections.abc import Iterator
from itertools import combinations, product

from skills.handoff.facts import HandoffFacts
from skills.handoff.quotes import Stop
from skills.handoff.say import fact
from skills.kit import Assessment, Line, Source
from skills.kit.instruments import item_nine
from skills.kit.safety import Said, said
from skills.kit.words import bare, closed, day, one_line, quoted


def disagreements(facts: HandoffFacts) -> tuple[Line, ...]:
    """Each with its sources: safety first, one line a day, then measures, then medications."""
    found = [
        *_safety(facts),
        *_same_day_results(facts),
        *(_stop(stop) for stop in facts.stops),
        *_allergic_to(facts),
    ]
    return tuple(dict.fromkeys(found))


def _safety(facts: HandoffFacts) -> Iterator[Line]:
    """Of each day the denial, and what other sources of that day say: the first statement and every result."""
    denials = {day(q.source.when): q for q in reversed(facts.said.safety) if said(q.text) is Said.DENIED}
    for when, denial in denials.items():
        against = [each for each in _contrary(facts) if day(each[1].when) == when and each[1].ref != denial.source.ref]
        stated = [each for each in against if each[0].startswith("“")][:1]
        measured = [each for each in against if not each[0].startswith("“")]
        if against:
            yield _clash(f"Sources disagree on {when}", ((quoted(denial.text), denial.source), *stated, *measured))


def _contrary(facts: HandoffFacts) -> Iterator[tuple[str, Source]]:
    """All that does not sit beside a denial: another statement, a question left open, a positive answer or level."""
    for quote in facts.said.safety:
        if said(quote.text) in {Said.MENTIONED, Said.NOT_ASSESSED}:
            yield quoted(quote.text), quote.source
    for each in facts.latest("PHQ-9"):
        if (each.answer(9) or 0) >= 1:
            yield f"PHQ-9 {item_nine(each.answer(9))}", each.source
    for each in facts.latest("C-SSRS"):
        if each.level in {"moderate", "high"}:
            yield f"C-SSRS {each.level}", each.source


def _same_day_results(facts: HandoffFacts) -> Iterator[Line]:
    for one, other in combinations(facts.assessments, 2):
        if one.instrument == other.instrument and one.when and other.when and day(one.when) == day(other.when):
            yield from _results(one, other)


def _results(one: Assessment, other: Assessment) -> Iterator[Line]:
    pairs = (
        (one.total, other.total, "total"),
        (one.level, other.level, "level"),
        (one.answer(9), other.answer(9), "item 9"),
    )
    for mine, yours, what in pairs:
        if mine is not None and yours is not None and mine != yours:
            name = f"{one.instrument} {what}"
            sides = ((f"{name} {_value(mine)}", one.source), (f"{name} {_value(yours)}", other.source))
            yield _clash(f"Sources disagree on {day(one.when)}", sides)


def _stop(stop: Stop) -> Line:
    medication, quote = stop.medication, stop.quote
    active = f"the medication list carries {one_line(medication.name)} as active"
    text = f"Sources disagree: {active}; the note of {day(quote.source.when)} says {quoted(quote.text)}"
    return fact(closed(text), medication.source, quote.source)


def _allergic_to(facts: HandoffFacts) -> Iterator[Line]:
    """An active medication whose first word is a substance on the allergy list."""
    for allergy, medication in product(facts.allergies, facts.medications):
        name = allergy.substance.split()[:1]
        if medication.status == "active" and name and name[0].lower() == medication.name.lower().split(" ")[0]:
            reaction = f" ({bare(allergy.reaction)})" if allergy.reaction else ""
            active = f"the medication list carries {medication.name} as active"
            text = f"Sources disagree: {active}; the allergy list names {allergy.substance}{reaction}."
            yield fact(text, medication.source, allergy.source)


def _clash(label: str, sides: tuple[tuple[str, Source], ...]) -> Line:
    named = [f"{words} ({source.title})" for words, source in sides]
    return fact(f"{label}: {'; '.join(named)}.", *(source for _, source in sides))


def _value(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float | int) else value
