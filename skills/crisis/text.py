"""The draft: the message to the treatment team, then a safety plan of six steps from the chart with what it lacks."""

from collections.abc import Iterator

from skills.crisis.facts import CrisisFacts
from skills.kit import DraftText, Item, Line, LineKind, Passage, Person, Section
from skills.kit.part2_notice import SHORT, scopes
from skills.kit.safety import STEPS, lint, step
from skills.kit.words import NOT_DOCUMENTED, as_day, bare, day, moment, one_line

MESSAGE = ("escalation", "signals", "asked")
TIERS = ("now", "same_day", "follow_up")
IN_WORDS = {"now": "now", "same_day": "same day", "follow_up": "follow-up"}


def compose(facts: CrisisFacts) -> DraftText:
    passages = (
        Passage("escalation", "Escalation", tuple(_escalation(facts))),
        Passage("signals", "What was signalled", tuple(_signals(facts))),
        Passage("asked", "What is asked of whom", tuple(_asked(facts))),
        Passage("known", "From the chart", tuple(_known(facts))),
        Passage("check", "Safety plan: completeness", tuple(_check(facts))),
        *(_step(facts, number) for number in range(1, len(STEPS) + 1)),
        Passage("confidentiality", "Confidentiality", tuple(_confidentiality(facts))),
    )
    heading = f"Crisis escalation of {facts.alias}, to the treatment team, {day(facts.at)}"
    return DraftText(heading, tuple(passage for passage in passages if passage.lines))


def named(person: Person) -> str:
    return f"{person.name}, {person.title}" if person.title else person.name


def _about(text: str) -> Line:
    return Line(one_line(text), kind=LineKind.ABOUT)


def _fact(text: str, item: Item) -> Line:
    return Line(one_line(text), (item.source,))


def _missing(facts: CrisisFacts, section: Section, what: str) -> Line:
    """The EHR had nothing, or could not be asked: the two never read alike."""
    return Line(one_line(f"{what}: {facts.gap(section) or f'{NOT_DOCUMENTED}.'}"), kind=LineKind.MISSING)


def _escalation(facts: CrisisFacts) -> Iterator[Line]:
    yield from (_about(words) for words in facts.context)
    yield _about(f"Responsible: {named(facts.owner)}, until a colleague accepts it from them.")


def _signals(facts: CrisisFacts) -> Iterator[Line]:
    for found in facts.signals:
        yield Line(one_line(f"Level {IN_WORDS[found.tier]}: {found.sentence}"), (found.source,))
    yield from (Line(one_line(each.sentence), (each.source,)) for each in facts.unanswered)
    for section in (Section.ASSESSMENTS, Section.NOTES, Section.APPOINTMENTS):
        if facts.gap(section):
            yield _missing(facts, section, f"Signals in {section.value}")
    if not facts.signals:
        words = "In the chart of the last 30 days no signal was found. That answers no question about risk."
        yield Line(words, kind=LineKind.MISSING)


def _asked(facts: CrisisFacts) -> Iterator[Line]:
    """Each with owner, due and done-when. The clocks are the escalation's own."""
    owner = named(facts.owner)
    yield _action(f"{owner}: see or reach the client and assess, now. Done when the assessed level is recorded.")
    yield _action(f"{owner}: means counselling and the safety plan below, with the client, before the disposition.")
    yield _action("Treating clinicians: tell the owner today what you know that is not in the chart.")
    yield _action("Everyone on the team: a contact of the client goes to the owner first until this is closed.")


def _action(text: str) -> Line:
    """Asked because of the escalation, not stated by the chart."""
    return _about(text)


def _known(facts: CrisisFacts) -> Iterator[Line]:
    yield from (_fact(f"Alert: {each.text}", each) for each in facts.alerts)
    yield from (_fact(f"Problem: {bare(each.text)}.", each) for each in facts.problems)
    yield from (_fact(f"Medication: {bare(each.name)}{_dose(each.dose)}.", each) for each in facts.medications)
    if facts.next_visit and facts.next_visit.start:
        yield _fact(f"Next visit: {moment(facts.next_visit.start)}.", facts.next_visit)
    else:
        yield _missing(facts, Section.APPOINTMENTS, "Next visit")
    for section, what, there in (
        (Section.ALERTS, "Alerts", facts.alerts),
        (Section.PROBLEMS, "Problems", facts.problems),
        (Section.MEDICATIONS, "Medications", facts.medications),
    ):
        if not there:
            yield _missing(facts, section, what)


def _dose(dose: str | None) -> str:
    return f", {bare(dose)}" if dose else ""


# The safety plan (Stanley and Brown 2012)


def _check(facts: CrisisFacts) -> Iterator[Line]:
    """What a reader should know is wrong with the plan on file."""
    if facts.plan is None:
        yield _missing(facts, Section.SAFETY_PLAN, "Safety plan")
        return
    yield _fact(f"Safety plan of {day(facts.plan.when)}, as the chart has it; to be gone through again.", facts.plan)
    yield from (_fact(f"To complete: {phrase}.", facts.plan) for phrase in lint(facts.plan, as_day(facts.at)))


def _step(facts: CrisisFacts, number: int) -> Passage:
    text = step(facts.plan, number) if facts.plan else None
    lines = (
        tuple(_fact(words, facts.plan) for words in text.splitlines() if words.strip()) if text and facts.plan else ()
    )
    title = f"Step {number}: {STEPS[number - 1]}"
    return Passage(f"step{number}", title, lines or (_missing(facts, Section.SAFETY_PLAN, f"Step {number}"),))


def _confidentiality(facts: CrisisFacts) -> Iterator[Line]:
    if facts.part2:
        yield _about(SHORT)
        yield from (_fact(words, consent) for words, consent in scopes(facts.consents))
