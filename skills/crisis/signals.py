"""What opens an escalation: answers, levels, listed phrases, missed visits and a staff member's word. Never a model.

Each signal says what it rests on: instrument, item, answer, date and source. Nothing is summed, weighed or taken back:
a zero beside a positive answer cancels nothing. What is not known is an open question, never a signal and never a zero.

PHQ-9 item 9: any answer of 1 or more (Kroenke, Spitzer and Williams 2001). C-SSRS: Columbia's triage of the screener
(Posner and others 2011; The Columbia Lighthouse Project), by single answers. A state's policy pack may switch phrase
detection off; answers, levels, missed visits and `/crisis` stay on everywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from skills.crisis.language import Mention, alerts
from skills.crisis.ruleset import Assertion
from skills.kit import Appointment, Assessment, Message, Note, Source
from skills.kit.instruments import CSSRS_UNKNOWN, cssrs_level, item_nine
from skills.kit.words import as_day, cited, day, one_line, plural, quoted


class Kind(StrEnum):
    COMMAND = "command"
    C_SSRS = "c_ssrs"
    ITEM_NINE = "item_nine"
    PHRASE = "phrase"
    MISSED_VISIT = "missed_visit"


class Tier(StrEnum):
    """How soon a person must look."""

    NOW = "now"
    SAME_DAY = "same_day"
    FOLLOW_UP = "follow_up"


@dataclass(frozen=True, slots=True)
class StatePolicy:
    """What a state's policy pack decides here."""

    phrases: bool = True


@dataclass(frozen=True, slots=True)
class Called:
    """A staff member typed `/crisis`. `ref` is the request's id: a second delivery of it is the same call."""

    ref: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read of one client, newest first. The level that stands is looked for in all of `assessments`."""

    assessments: tuple[Assessment, ...] = ()
    notes: tuple[Note, ...] = ()
    messages: tuple[Message, ...] = ()
    appointments: tuple[Appointment, ...] = ()
    calls: tuple[Called, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One reason to escalate. `key` is the same whenever the same version of the same source is read again.

    `sentence` may quote the chart: it is for those who may see the chart, never for a notification or a log.
    `rule` may be logged.
    """

    key: str
    kind: Kind
    tier: Tier
    sentence: str
    rule: str
    source: Source
    when: date | None
    instrument: str | None = None
    item: int | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """A safety question that nobody answered: it is shown, and it is neither a yes nor a no."""

    source: Source
    sentence: str


def signals(seen: Seen, *, since: datetime, policy: StatePolicy = StatePolicy()) -> tuple[Signal, ...]:
    """Everything at or after `since`, gravest first. What has no date cannot be called old, and is always included."""
    found = [*_calls(seen), *_screens(seen), *_item_nines(seen), *_missed(seen)]
    if policy.phrases:
        found += [*_notes(seen), *_messages(seen)]
    fresh = {signal.key: signal for signal in found if _fresh(signal.when, since)}
    return tuple(sorted(fresh.values(), key=lambda signal: _TIERS.index(signal.tier)))


def unanswered(seen: Seen, *, since: datetime) -> tuple[Open, ...]:
    """Instruments at or after `since` whose safety question has no known answer."""
    lately = [each for each in seen.assessments if _fresh(each.when, since)]
    return tuple(
        Open(each.source, f"{each.instrument} of {day(each.when)}: {words}. It stays open until somebody asks.")
        for each in lately
        if (words := _not_known(each))
    )


def columbia(screen: Assessment) -> str | None:
    """The C-SSRS level by single answers, or the one on file if that is graver. None: no yes that is known.

    Items as coded: 1-5, 6 is behavior ever, 7 is behavior in the past 3 months. Behavior whose time nobody answered
    counts as recent, unless the EHR reports a level: whoever set it knew.
    """
    answers = {each.number: each.value for each in screen.answers}
    levels = {screen.level, _by_answers(answers, timed=screen.level is not None)}
    return next((level for level in _LEVELS if level in levels), None)


_TIERS = (Tier.NOW, Tier.SAME_DAY, Tier.FOLLOW_UP)
_LEVELS = ("high", "moderate", "low")
_GRAVE_LEVELS = frozenset({"high", "moderate"})
_MISSED = frozenset({"noshow", "no-show", "no_show"})
_ACTS = frozenset(
    {
        "suicide_plan_intent",
        "suicide_attempt",
        "overdose",
        "preparatory",
        "means_access",
        "homicidal_violence",
        "command_hallucination",
    }
)
_NOT_ASSESSED = "doubt.not_assessed"


def _by_answers(answers: dict[int | None, int | None], *, timed: bool) -> str | None:
    yes = {number for number, value in answers.items() if (value or 0) >= 1}
    perhaps_recent = 6 in yes and answers.get(7) is None and not timed
    if yes & {4, 5, 7} or perhaps_recent:
        return "high"
    if yes & {3, 6}:
        return "moderate"
    return "low" if yes & {1, 2} else None


def _calls(seen: Seen) -> Iterator[Signal]:
    for call in seen.calls:
        yield Signal(
            key=f"{Kind.COMMAND}:{call.ref}",
            kind=Kind.COMMAND,
            tier=Tier.NOW,
            sentence=f"{call.by} called a crisis on {day(call.at)} at {call.at:%H:%M}.",
            rule="staff_command",
            source=Source(call.ref, "1", "Staff command", call.at, call.by),
            when=as_day(call.at),
        )


def _screens(seen: Seen) -> Iterator[Signal]:
    for screen in seen.assessments:
        if screen.instrument != "C-SSRS" or (level := columbia(screen)) is None:
            continue
        yes = [each.number for each in screen.answers if each.number and (each.value or 0) >= 1]
        items = f" (yes to {_items(yes)})" if yes else " (as reported, no item answers on file)"
        yield Signal(
            key=_key(Kind.C_SSRS, screen.source),
            kind=Kind.C_SSRS,
            tier=Tier.NOW if level == "high" else Tier.SAME_DAY,
            sentence=f"C-SSRS on {day(screen.when)}: {level}{items}. Source: {cited(screen.source)}.",
            rule=f"c_ssrs.{level}",
            source=screen.source,
            when=_day(screen.when),
            instrument="C-SSRS",
            item=max(yes, default=None),
            answer=level,
        )


def _items(numbers: list[int]) -> str:
    names = {6: "6 ever", 7: "6 in the past 3 months"}
    return ", ".join(names.get(number, str(number)) for number in sorted(numbers))


def _item_nines(seen: Seen) -> Iterator[Signal]:
    for sitting in seen.assessments:
        answer = sitting.answer(9) if sitting.instrument == "PHQ-9" else None
        if answer is None or answer < 1:
            continue
        yield Signal(
            key=_key(Kind.ITEM_NINE, sitting.source),
            kind=Kind.ITEM_NINE,
            tier=Tier.SAME_DAY,
            sentence=f"PHQ-9 {item_nine(answer)} on {day(sitting.when)}, whatever the total. "
            f"Source: {cited(sitting.source)}.",
            rule="phq9.item_9",
            source=sitting.source,
            when=_day(sitting.when),
            instrument="PHQ-9",
            item=9,
            answer=str(answer),
        )


def _notes(seen: Seen) -> Iterator[Signal]:
    """A note that the EHR calls unsigned waits for its signature; one of which it does not say is read."""
    for note in seen.notes:
        if note.signed is not False:
            yield from _phrases(note.source, note.when, note.text, f"{note.kind} of {day(note.when)}")


def _messages(seen: Seen) -> Iterator[Signal]:
    for message in seen.messages:
        yield from _phrases(message.source, message.when, message.text, f"Message of {day(message.when)}")


def _phrases(source: Source, when: datetime | date | None, text: str, what: str) -> Iterator[Signal]:
    """One signal for each text, by the gravest of its mentions. The others are counted."""
    found = sorted(alerts(text, written=_day(when)), key=_gravity)
    if not found:
        return
    first, more = found[0], len(found) - 1
    others = f" and {plural(more, 'further mention')}" if more else ""
    read_as = f"{_words(first.concept)}, {_words(first.assertion)}; rule {first.rule}"
    said = f"{quoted(one_line(first.words))} ({read_as})"
    yield Signal(
        key=_key(Kind.PHRASE, source),
        kind=Kind.PHRASE,
        tier=_TIERS[_gravity(first)],
        sentence=f"{what}: {said}{others}. Source: {cited(source)}.",
        rule=first.rule,
        source=source,
        when=_day(when),
    )


def _gravity(mention: Mention) -> int:
    """The place of the mention's tier: acts, plans, threats and voices now; a question left open as a follow-up."""
    if mention.assertion is Assertion.CONDITIONAL_THREAT:
        return 0
    if mention.assertion is Assertion.PRESENT and mention.concept in _ACTS:
        return 0
    return 2 if mention.rule.endswith(_NOT_ASSESSED) else 1


def _missed(seen: Seen) -> Iterator[Signal]:
    """A missed visit while the last C-SSRS before it stands at moderate or high."""
    for visit in seen.appointments:
        if (visit.status or "").lower() not in _MISSED or (screen := _standing(seen, visit)) is None:
            continue
        level = columbia(screen)
        yield Signal(
            key=_key(Kind.MISSED_VISIT, visit.source),
            kind=Kind.MISSED_VISIT,
            tier=Tier.SAME_DAY,
            sentence=f"Visit of {day(visit.start)} missed with C-SSRS {level} of {day(screen.when)} standing. "
            f"Sources: {cited(visit.source)}; {cited(screen.source)}.",
            rule="missed_visit.at_risk",
            source=visit.source,
            when=_day(visit.start),
            instrument="C-SSRS",
            answer=level,
        )


def _standing(seen: Seen, visit: Appointment) -> Assessment | None:
    """The last C-SSRS with a result up to the day of the visit, if moderate or high; the graver of one day's two.

    A screen without a result, or without a known yes and no, replaces nothing. An undated one is taken to stand.
    """
    results = [each for each in seen.assessments if each.instrument == "C-SSRS" and cssrs_level(each) != CSSRS_UNKNOWN]
    before = [each for each in results if _up_to(each.when, visit.start)]
    newest = max((as_day(each.when) for each in before if each.when), default=None)
    last = [each for each in before if each.when is None or as_day(each.when) == newest]
    grave = [each for each in last if columbia(each) in _GRAVE_LEVELS]
    return min(grave, key=lambda each: _LEVELS.index(columbia(each) or "low"), default=None)


def _not_known(sitting: Assessment) -> str | None:
    match sitting.instrument:
        case "PHQ-9":
            return item_nine(None) if sitting.answer(9) is None else None
        case "C-SSRS":
            return cssrs_level(sitting) if cssrs_level(sitting) == CSSRS_UNKNOWN else None
        case _:
            return None


def _up_to(when: datetime | date | None, visit: datetime | None) -> bool:
    return when is None or visit is None or as_day(when) <= as_day(visit)


def _fresh(when: datetime | date | None, since: datetime) -> bool:
    return when is None or as_day(when) >= as_day(since)


def _key(kind: Kind, source: Source) -> str:
    return f"{kind}:{source.ref}:{source.version}"


def _day(when: datetime | date | None) -> date | None:
    return as_day(when) if when else None


def _words(name: str) -> str:
    return name.replace("_", " ")
