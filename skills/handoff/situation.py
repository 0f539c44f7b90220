"""S: what may go wrong and what to do then; safety as it was last asked, the safety plan, alerts, and who stands by."""

from collections.abc import Iterator

from skills.handoff.disagree import disagreements
from skills.handoff.facts import HandoffFacts
from skills.handoff.say import absent, cite, fact, missing
from skills.kit import Alert, Consent, Contact, Line, SafetyPlan, Section
from skills.kit.fit import Weighed
from skills.kit.instruments import cssrs_level
from skills.kit.safety import Said, lint, said, step
from skills.kit.words import bare, closed, day, listed, one_line

PLACE = "situation"


def situation(facts: HandoffFacts) -> Iterator[Weighed]:
    for line, weight in _lines(facts):
        yield Weighed(PLACE, line, weight)


def _lines(facts: HandoffFacts) -> Iterator[tuple[Line, int]]:
    clashes = disagreements(facts)
    yield from ((line, 1) for line in clashes)
    yield _level(facts), 1
    yield from _statements(facts, told=" ".join(line.text for line in clashes))
    yield from ((line, 1) for line in _plan(facts))
    yield from ((line, 2) for line in _alerts(facts))
    yield from _contingencies(facts)
    yield _supports(facts), 5


def _level(facts: HandoffFacts) -> Line:
    taken = facts.latest("C-SSRS")
    if not taken:
        return absent(facts, Section.ASSESSMENTS, "Safety level (C-SSRS)")
    told = [f"{cssrs_level(each)} on {day(each.when)}" for each in taken[:2]]
    return fact(f"Safety level (C-SSRS): {', before that '.join(told)}.", *(each.source for each in taken[:2]))


def _statements(facts: HandoffFacts, told: str) -> Iterator[tuple[Line, int]]:
    """The newest statement always; then whatever is no plain denial; older denials when there is room."""
    for place, quote in enumerate(facts.said.safety):
        label = "Safety not assessed" if said(quote.text) is Said.NOT_ASSESSED else "Safety as noted"
        open_to_doubt = said(quote.text) in {Said.MENTIONED, Said.NOT_ASSESSED}
        weight = 1 if place == 0 else 2 if open_to_doubt else 6
        yield cite(label, quote), 6 if quote.text in told else weight
    if not facts.said.safety and not facts.gap(Section.NOTES):
        yield missing("Safety in the last notes"), 1


def _plan(facts: HandoffFacts) -> Iterator[Line]:
    current = current_plan(facts)
    if current is None:
        yield absent(facts, Section.SAFETY_PLAN, "Safety plan")
        return
    wrong = lint(current, facts.at.date())
    dated = f" of {day(current.when)}" if current.when else ""
    yield fact(f"Safety plan{dated}{_status(current)}: {listed(wrong) or 'all six steps on file'}.", current.source)


def current_plan(facts: HandoffFacts) -> SafetyPlan | None:
    """The newest plan in force; else the newest of all, whose status is then told."""
    in_force = [plan for plan in facts.safety_plans if plan.status in {None, "active"}]
    return next(iter([*in_force, *facts.safety_plans]), None)


def _status(plan: SafetyPlan) -> str:
    return "" if plan.status in {None, "active"} else f" ({plan.status}, none in force)"


def _alerts(facts: HandoffFacts) -> Iterator[Line]:
    if not facts.alerts:
        yield absent(facts, Section.ALERTS, "Alerts")
    for alert in facts.alerts:
        yield _alert(alert)


def _alert(alert: Alert) -> Line:
    since = f", since {day(alert.since)}" if alert.since else ""
    return fact(f"Alert{since}: {closed(alert.text)}", alert.source)


def _contingencies(facts: HandoffFacts) -> Iterator[tuple[Line, int]]:
    for place, quote in enumerate(facts.said.watch):
        yield cite("What may go wrong", quote), (2, 3)[place] if place < 2 else 6
    plan = current_plan(facts)
    signs, response = (step(plan, 1), _response(plan)) if plan else (None, None)
    if plan and signs:
        then = response or "what to do then is not documented"
        yield (
            fact(
                f"If warning signs show ({bare(one_line(signs))}), then by the safety plan: {closed(then)}", plan.source
            ),
            4,
        )
    if not facts.said.watch and not signs:
        yield missing("What may go wrong, then do what"), 2


def _response(plan: SafetyPlan) -> str | None:
    found = [text for text in (step(plan, 2), step(plan, 5)) if text]
    return "; then ".join(bare(one_line(text)) for text in found) or None


def _supports(facts: HandoffFacts) -> Line:
    """Who stands by, and whether a release lets us talk to them. A contact is no release."""
    if not facts.contacts:
        return missing("Supports and release status")
    told = [_contact(facts, contact) for contact in facts.contacts]
    releases = [consent.source for contact in facts.contacts for consent in _releases(facts, contact)]
    return fact(
        f"Supports: {'; '.join(told)}.", *dict.fromkeys([*(contact.source for contact in facts.contacts), *releases])
    )


def _contact(facts: HandoffFacts, contact: Contact) -> str:
    found = _releases(facts, contact)
    status = f"release {found[0].status}, {day(found[0].when)}" if found else "release not documented"
    return f"{contact.name}{f', {contact.relationship}' if contact.relationship else ''} ({status})"


def _releases(facts: HandoffFacts, contact: Contact) -> list[Consent]:
    """Consents that name the contact, by name or by relationship."""
    words = [contact.name.lower(), *((contact.relationship or "").lower().split(",")[:1])]
    return [consent for consent in facts.consents if any(word and word in _names(consent) for word in words)]


def _names(consent: Consent) -> str:
    actors = sorted(consent.rule.actors) if consent.rule else []
    return " ".join(filter(None, (consent.source.title, consent.category, consent.scope, *actors))).lower()
