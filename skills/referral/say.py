"""How the two messages about a referral word their lines: a fact with its source, or that something is missing."""

from collections.abc import Iterator

from skills.kit import Item, Line, LineKind, Passage, Person, Section
from skills.kit.part2_notice import SHORT, scopes
from skills.kit.words import NOT_DOCUMENTED, one_line
from skills.referral.facts import ReferralFacts
from skills.referral.steps import Evidence


def about(text: str) -> Line:
    return Line(one_line(text), kind=LineKind.ABOUT)


def fact(text: str, item: Item) -> Line:
    return Line(one_line(text), (item.source,))


def missing(text: str) -> Line:
    return Line(one_line(text), kind=LineKind.MISSING)


def named(person: Person) -> str:
    return f"{person.name}, {person.title}" if person.title else person.name


def none_found(facts: ReferralFacts) -> Passage:
    """No referral to speak of: the EHR had none, or could not be asked. The two never read alike."""
    why = facts.gap(Section.REFERRALS)
    words = f"Referral: {why}" if why else f"An open referral: {NOT_DOCUMENTED}."
    return Passage("referral", "Referral", (missing(words),))


def told(evidence: Evidence) -> str:
    """Such as: Norwood Sleep Center, “seen today” (call)."""
    words = f", “{evidence.words.strip()}”" if evidence.words.strip() else ""
    return f"{evidence.said_by}{words} ({evidence.kind.value})"


def confidentiality(facts: ReferralFacts) -> Iterator[Line]:
    if facts.part2:
        yield about(SHORT)
        yield from (fact(words, consent) for words, consent in scopes(facts.consents))
