"""Medications with their last change and what labs are due; allergies; consents; what the client was told."""

from collections.abc import Iterator
from datetime import date

from skills.handoff.facts import HandoffFacts
from skills.handoff.say import absent, cite, fact, missing
from skills.kit import Allergy, Consent, Line, LineKind, Medication, Section
from skills.kit.part2_notice import SHORT, scopes
from skills.kit.words import bare, closed, day, listed, untagged

PART2_NOTICE = SHORT
_OVER = frozenset({"stopped", "completed", "cancelled", "entered-in-error", "ended"})


def medications(facts: HandoffFacts) -> Iterator[Line]:
    if not facts.medications:
        yield absent(facts, Section.MEDICATIONS, "Medications")
    else:
        current = [medication for medication in facts.medications if medication.status not in _OVER]
        yield from (
            (_medication(orders) for orders in _by_name(current)) if current else (missing("Current medications"),)
        )
        yield _last_change(facts.medications)
    yield from (cite("Labs", quote) for quote in facts.said.labs)
    if not facts.said.labs:
        yield absent(facts, Section.NOTES, "Labs due")


def _by_name(current: list[Medication]) -> list[list[Medication]]:
    """Orders of the same medication, dose and status are one line: a renewal is no second medication."""
    groups: dict[tuple[str | None, ...], list[Medication]] = {}
    for order in current:
        groups.setdefault((order.name.lower(), order.dose, order.status, order.reason), []).append(order)
    return list(groups.values())


def _medication(orders: list[Medication]) -> Line:
    medication = orders[0]
    told = [
        bare(medication.name),
        bare(medication.dose) if medication.dose else "dose not documented",
        *([f"since {day(medication.started)}"] if medication.started else []),
        *([medication.prescriber] if medication.prescriber else []),
        *([] if medication.status == "active" else [medication.status or "status not documented"]),
        *([f"ordered {len(orders)} times"] if len(orders) > 1 else []),
    ]
    reason = f" Reason: {closed(medication.reason)}" if medication.reason else ""
    return fact(f"{', '.join(told)}.{reason}", *(order.source for order in orders))


def _last_change(listed_meds: tuple[Medication, ...]) -> Line:
    events = [event for medication in listed_meds for event in _events(medication)]
    if not events:
        return missing("Last medication change")
    newest = max(when for when, _, _ in events)
    of_that_day = [(what, medication) for when, what, medication in events if when == newest]
    return fact(
        f"Last change, {day(newest)}: {'; '.join(what for what, _ in of_that_day)}.",
        *(medication.source for _, medication in of_that_day),
    )


def _events(medication: Medication) -> Iterator[tuple[date, str, Medication]]:
    if medication.started:
        yield medication.started, f"{bare(medication.name)} started", medication
    if medication.changed and medication.changed != medication.started:
        what = medication.status if medication.status not in {None, "active"} else "changed"
        yield (
            medication.changed,
            f"{bare(medication.name)} {what}{f' ({bare(medication.reason)})' if medication.reason else ''}",
            medication,
        )


def allergies(facts: HandoffFacts) -> Iterator[Line]:
    if not facts.allergies:
        yield absent(facts, Section.ALLERGIES, "Allergies")
    yield from (_allergy(allergy) for allergy in facts.allergies)


def _allergy(allergy: Allergy) -> Line:
    told = [allergy.reaction, f"{allergy.criticality} criticality" if allergy.criticality else None]
    detail = ", ".join(filter(None, told))
    return fact(f"{bare(untagged(allergy.substance))}{f': {detail}' if detail else ''}.", allergy.source)


def consents(facts: HandoffFacts) -> Iterator[Line]:
    if facts.part2:
        yield Line(PART2_NOTICE, kind=LineKind.ABOUT)
        yield from (fact(words, consent.source) for words, consent in scopes(facts.consents))
    if not facts.consents:
        yield absent(facts, Section.CONSENTS, "Consents")
    yield from (_consent(consent) for consent in facts.consents)


def _consent(consent: Consent) -> Line:
    what = consent.category or consent.scope or consent.source.title
    ends = f", ends {day(consent.rule.ends)}" if consent.rule and consent.rule.ends else ""
    signed = f", signed {day(consent.when)}" if consent.when else ", date not documented"
    covers = ["42 CFR Part 2 records"] if consent.part2 else []
    refused = ["does not permit"] if consent.rule and not consent.rule.permit else []
    extra = f" ({listed([*covers, *refused])})" if covers or refused else ""
    return fact(f"{bare(what)}{extra}: {consent.status}{signed}{ends}.", consent.source)


def told(facts: HandoffFacts) -> Iterator[Line]:
    """Only what a note records; that the client knows of the change of hands is never assumed."""
    yield from (cite("Told", quote) for quote in facts.said.told)
    if not facts.said.told:
        yield absent(facts, Section.NOTES, "What the client was told")
