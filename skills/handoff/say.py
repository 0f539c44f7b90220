"""How a handoff words one line: a fact with its sources, a quotation with its date, or that something is missing."""

from collections.abc import Iterable

from skills.handoff.facts import HandoffFacts
from skills.handoff.quotes import Quote
from skills.kit import Line, LineKind, Section, Source
from skills.kit.words import NOT_DOCUMENTED, day, one_line, quoted


def fact(text: str, *sources: Source) -> Line:
    return Line(one_line(text), sources)


def missing(what: str) -> Line:
    return Line(f"{what}: {NOT_DOCUMENTED}.", kind=LineKind.MISSING)


def absent(facts: HandoffFacts, section: Section, what: str) -> Line:
    """Nothing to say about `what`: the EHR had nothing, or could not be asked. The two never read alike."""
    why = facts.gap(section)
    return Line(one_line(f"{what}: {why}"), kind=LineKind.MISSING) if why else missing(what)


def cite(label: str, quote: Quote) -> Line:
    """Such as Course, 11/09/2026: “Responding.” The label, the note's date, and its own words."""
    return fact(f"{label}, {noted(quote)}: {quoted(quote.text)}", quote.source)


def noted(quote: Quote) -> str:
    return f"{day(quote.source.when)}{' (unsigned note)' if quote.unsigned else ''}"


def sources(quotes: Iterable[Quote]) -> tuple[Source, ...]:
    return tuple(quote.source for quote in quotes)
