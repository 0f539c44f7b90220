"""A: what is to be done. Each with owner, due and done-when, and "not documented" where the chart does not say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from skills.handoff import visits
from skills.handoff.facts import HandoffFacts
from skills.handoff.quotes import Quote
from skills.handoff.say import absent, noted
from skills.handoff.severity import OLD_ITEM_NINE_DAYS
from skills.handoff.situation import current_plan
from skills.kit import Assessment, Line, LineKind, Plan, Referral, Section, Source
from skills.kit.safety import lint
from skills.kit.words import (
    NOT_DOCUMENTED,
    as_day,
    closed,
    day,
    days_between,
    listed,
    moment,
    one_line,
    quoted,
    stated_day,
)

REVIEW_SOON_DAYS = 30
_OPEN = frozenset({None, "draft", "active", "on-hold"})
_NUMBER = r"(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve)"
_WHEN = re.compile(
    rf"\b(?:in|within)\s+(?:the next\s+)?{_NUMBER}(?:\s*(?:-|to)\s*{_NUMBER})?\s+(?:day|week|month)s?\b"
    r"|\b(?:at\s+(?:the\s+)?)?next\s+(?:visit|session|week|month|appointment)\b|\b(?:same day|today|tonight|tomorrow)\b"
    r"|\b(?:by|on|before)\s+(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b",
    re.IGNORECASE,
)
_AT_ONCE = frozenset({"same day", "today", "tonight", "tomorrow"})
_UNTIL = re.compile(r"\b(?:until|once|done when)\s+[^.;]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Action:
    what: str
    sources: tuple[Source, ...]
    owner: str | None = None
    due: str | None = None
    done_when: str | None = None

    def line(self) -> Line:
        named = {"Owner": self.owner, "Due": self.due, "Done when": self.done_when}
        known = [f"{label}: {closed(value)}" for label, value in named.items() if value]
        unknown = [label.lower() for label, value in named.items() if not value]
        rest = [f"{listed(unknown).capitalize()}: {NOT_DOCUMENTED}."] if unknown else []
        return Line(one_line(" ".join([closed(self.what), *known, *rest])), self.sources, LineKind.ACTION)


def actions(facts: HandoffFacts) -> tuple[Line, ...]:
    """Safety first, then the next visit, the notes' own steps, then what has fallen due."""
    found = [
        *_unanswered_item_nine(facts),
        *_after_a_missed_visit(facts),
        *_next_visit(facts),
        *(_step(facts, quote) for quote in facts.said.steps),
        *_labs(facts),
        *_safety_plan(facts),
        *_reviews(facts),
        *_referrals(facts),
    ]
    return (*(action.line() for action in found), *_gaps(facts))


def _unanswered_item_nine(facts: HandoffFacts) -> Iterator[Action]:
    """A positive item 9 without a C-SSRS on or after its day."""
    known = [each for each in facts.latest("PHQ-9") if each.answer(9) is not None]
    screens = [
        each
        for each in facts.latest("C-SSRS")
        if each.when and known and known[0].when and as_day(each.when) >= as_day(known[0].when)
    ]
    if known and (known[0].answer(9) or 0) >= 1 and not screens:
        positive = f"PHQ-9 item 9 was {known[0].answer(9)} on {day(known[0].when)}"
        yield Action(
            f"Clinician review and C-SSRS: {positive} and no C-SSRS is on file since",
            (known[0].source,),
            due="same day" if _this_year(facts, known[0]) else None,
            done_when="C-SSRS and the clinician's disposition are in the chart",
        )


def _this_year(facts: HandoffFacts, sitting: Assessment) -> bool:
    return sitting.when is None or days_between(sitting.when, facts.at) <= OLD_ITEM_NINE_DAYS


def _after_a_missed_visit(facts: HandoffFacts) -> Iterator[Action]:
    """Missed, and no note since says that anyone got through."""
    last = next(iter(visits.settled(facts)), None)
    if last is None or not visits.missed(last) or last.start is None or facts.gap(Section.NOTES):
        return
    since = [note for note in facts.notes if note.source.when and as_day(note.source.when) >= as_day(last.start)]
    if not since:
        yield Action(
            f"Reach the client: visit of {day(last.start)} missed, no contact on file since",
            (last.source,),
            done_when="the outcome is in the chart",
        )


def _next_visit(facts: HandoffFacts) -> Iterator[Action]:
    for visit in visits.ahead(facts)[:2]:
        kind = f", {visit.kind}" if visit.kind else ""
        yield Action(
            f"Next visit{kind}",
            (visit.source,),
            owner=visit.with_,
            due=moment(visit.start) if visit.start else None,
            done_when="the visit is kept",
        )


def _step(facts: HandoffFacts, quote: Quote) -> Action:
    """A sentence of a plan. Who wrote it is told; who does it is not for us to say."""
    author = quote.source.author
    who = f"{author}, {noted(quote)}" if author else f"note of {noted(quote)}"
    until = _UNTIL.search(quote.text)
    return Action(
        f"{quoted(quote.text)} ({who})",
        (quote.source,),
        due=_due(quote, facts.at.date()),
        done_when=quoted(until[0]) if until else None,
    )


def _due(quote: Quote, today: date) -> str | None:
    if stated := stated_day(quote.text):
        return f"{day(stated)}{' (past)' if stated < today else ''}"
    if (words := _WHEN.search(quote.text)) is None:
        return None
    written = quote.source.when
    over = words[0].lower() in _AT_ONCE and written is not None and days_between(written, today) > 1
    return f"{quoted(words[0])}, written {day(written)}{' (past)' if over else ''}"


def _labs(facts: HandoffFacts) -> Iterator[Action]:
    yield from (_step(facts, quote) for quote in facts.said.labs if "not needed" not in quote.text.lower())


def _safety_plan(facts: HandoffFacts) -> Iterator[Action]:
    plan = current_plan(facts)
    wrong = lint(plan, facts.at.date()) if plan else ()
    if plan is None and not facts.gap(Section.SAFETY_PLAN) and (at_risk := _at_risk(facts)):
        yield Action(
            "Make a safety plan with the client: none is on file", at_risk, done_when="a dated plan is on file"
        )
    if plan and wrong:
        yield Action(
            f"Go over the safety plan with the client: {listed(wrong)}",
            (plan.source,),
            done_when="a dated plan with all six steps is on file",
        )


def _at_risk(facts: HandoffFacts) -> tuple[Source, ...]:
    """What calls for a safety plan: a moderate or high screen, or a positive item 9, among the results told here."""
    grave = [each for each in facts.latest("C-SSRS") if each.level in {"moderate", "high"}]
    positive = [each for each in facts.latest("PHQ-9") if (each.answer(9) or 0) >= 1]
    return tuple(each.source for each in [*grave, *positive])


def _reviews(facts: HandoffFacts) -> Iterator[Action]:
    for plan in facts.plans:
        if plan.review and days_between(facts.at, plan.review) <= REVIEW_SOON_DAYS:
            yield Action(
                _review(plan, facts.at.date()),
                (plan.source,),
                due=day(plan.review),
                done_when="the reviewed plan is signed and on file",
            )


def _review(plan: Plan, today: date) -> str:
    late = days_between(plan.review, today) if plan.review else 0
    return f"Review the plan {quoted(plan.title)}{f', {late} days overdue' if late > 0 else ''}"


def _referrals(facts: HandoffFacts) -> Iterator[Action]:
    for referral in facts.referrals:
        if referral.status in _OPEN:
            yield Action(
                f"Follow the referral: {_referral(referral)}",
                (referral.source,),
                done_when="the visit is kept and the report is on file",
            )


def _referral(referral: Referral) -> str:
    step = referral.step or referral.status or "status not documented"
    to = f" to {referral.to}" if referral.to else ""
    ordered = f", ordered {day(referral.when)}" if referral.when else ""
    return f"{referral.what}{to} ({step}{ordered})"


def _gaps(facts: HandoffFacts) -> Iterator[Line]:
    if not visits.ahead(facts):
        yield absent(facts, Section.APPOINTMENTS, "Next visit")
    if not facts.said.steps:
        yield absent(facts, Section.NOTES, "Steps ahead in the last notes")
    if facts.gap(Section.REFERRALS):
        yield absent(facts, Section.REFERRALS, "Referrals")
