"""Stable, watcher or urgent: rules over what is on file, each with its reason and its source.

"Stable" is a finding and needs evidence of its own; the absence of bad news is not evidence. Without it the severity
is not stated, and the draft says what is lacking. The rules grade a handoff for a colleague's attention: they are no
assessment of risk and replace none.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from skills.handoff.facts import HandoffFacts
from skills.handoff.visits import kept, missed, settled
from skills.kit import Alert, Assessment, Line, Section, Source
from skills.kit.instruments import CSSRS_ALL_NO, CSSRS_UNKNOWN, CSSRS_YES, band, cssrs_level, item_nine, worse
from skills.kit.safety import Said, rated, said
from skills.kit.words import as_day, bare, day, days_between, one_line

type Word = Literal["urgent", "watcher", "stable"]

FRESH_SCREEN_DAYS = 90
FRESH_NOTE_DAYS = 60
DEPRESSION_DAYS = 180
OLD_ITEM_NINE_DAYS = 365
DISCHARGED_WITHIN_DAYS = 30
VISIT_AFTER_DISCHARGE_DAYS = 7
_ORDER: tuple[Word, ...] = ("urgent", "watcher")
_GRAVE = frozenset({"moderate", "high"})
_SAFETY_ALERT = re.compile(r"suicid|self[- ]?harm|safety|violen|homicid|overdos|\bC-SSRS\b|\brisk\b", re.IGNORECASE)
_HIGH_ALERT = re.compile(
    r"\b(?:high|imminent|acute)\b[^.;]{0,40}\b(?:risk|suicid)|\b(?:risk|suicid\w*)\b[^.;]{0,25}\b(?:high|imminent)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason, of one weight. `text` has no full stop."""

    word: Word
    text: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Severity:
    """`word` None: it cannot be stated, and `lacking` says why."""

    word: Word | None
    why: tuple[Signal, ...] = ()
    lacking: tuple[str, ...] = ()


def severity(facts: HandoffFacts) -> Severity:
    signals = [signal for rule in RULES for signal in rule(facts)]
    for word in _ORDER:
        if any(signal.word == word for signal in signals):
            return Severity(word, tuple(sorted(signals, key=lambda signal: _ORDER.index(signal.word))))
    evidence, lacking = _evidence(facts)
    return Severity(None, lacking=lacking) if lacking else Severity("stable", evidence)


def cssrs(facts: HandoffFacts) -> list[Signal]:
    """The last level on file stands until a later one replaces it, however old. The graver of two on one day counts."""
    latest = _last_day(_with_result(facts))
    grave = [each for each in latest if each.level in _GRAVE] or [each for each in latest if _any_yes(each)]
    return [
        Signal(_cssrs_word(each), f"C-SSRS {cssrs_level(each)} on {day(each.when)}", (each.source,))
        for each in grave[:1]
    ]


def nine(facts: HandoffFacts) -> list[Signal]:
    """The last known answer to item 9: 1 or more asks for a C-SSRS the same day, whatever the total.

    Without one it is urgent; after a year it is still watched, for nobody ever answered it.
    """
    known = [each for each in facts.latest("PHQ-9") if each.answer(9) is not None]
    positive = [each for each in _last_day(known) if (each.answer(9) or 0) >= 1]
    return [_item_nine(facts, each) for each in positive[:1]]


def missed_at_risk(facts: HandoffFacts) -> list[Signal]:
    """A missed visit after a moderate or high screen, and none kept since."""
    visits = settled(facts)
    grave = [each for each in _last_day(_with_result(facts)) if each.level in _GRAVE]
    if not grave or not visits or not missed(visits[0]):
        return []
    return [
        Signal(
            "urgent",
            f"last visit missed ({day(visits[0].start)}) with C-SSRS {grave[0].level} standing",
            (visits[0].source, grave[0].source),
        )
    ]


def missed_twice(facts: HandoffFacts) -> list[Signal]:
    visits = settled(facts)[:2]
    if len(visits) < 2 or not all(missed(visit) for visit in visits):
        return []
    days = f"{day(visits[1].start)} and {day(visits[0].start)}"
    return [Signal("watcher", f"the last two visits were missed ({days})", tuple(visit.source for visit in visits))]


def discharged(facts: HandoffFacts) -> list[Signal]:
    """A discharge summary among the last notes: watched for a month, urgent when no visit followed within a week."""
    signals: list[Signal] = []
    for note in facts.notes:
        when = note.source.when
        if (
            when
            and "discharge" in f"{note.kind} {note.source.title}".lower()
            and _days_ago(facts, when) <= DISCHARGED_WITHIN_DAYS
        ):
            signals.append(_discharge(facts, note.source, as_day(when)))
    return signals[:1]


def alerts(facts: HandoffFacts) -> list[Signal]:
    return [
        Signal(
            "urgent" if _HIGH_ALERT.search(alert.text) else "watcher",
            f"active safety alert{_since(alert)}",
            (alert.source,),
        )
        for alert in facts.alerts
        if _about_safety(alert)
    ]


def statements(facts: HandoffFacts) -> list[Signal]:
    """What the last notes say, unless it is a plain denial or advice. The sentence itself is quoted further down."""
    signals: list[Signal] = []
    for quote in facts.said.safety:
        word = _statement(quote.text)
        fresh = quote.source.when is None or _days_ago(facts, quote.source.when) <= FRESH_SCREEN_DAYS
        if word and fresh and not any(signal.text.endswith(day(quote.source.when)) for signal in signals):
            level = rated(quote.text)
            text = (
                f"risk written as {level} in the note of {day(quote.source.when)}"
                if level
                else _not_plain(quote.source)
            )
            signals.append(Signal(word, text, (quote.source,)))
    return signals


def depression(facts: HandoffFacts) -> list[Signal]:
    sittings = [each for each in facts.latest("PHQ-9") if each.total is not None]
    if not sittings or sittings[0].total is None or _older(facts, sittings[0], DEPRESSION_DAYS):
        return []
    now = sittings[0]
    signals = []
    if band("PHQ-9", sittings[0].total) == "severe":
        signals.append(Signal("watcher", f"PHQ-9 {now.total:g} (severe) on {day(now.when)}", (now.source,)))
    before = next((each for each in sittings if day(each.when) != day(now.when)), None)
    if before and before.total is not None and worse("PHQ-9", before.total, sittings[0].total):
        signals.append(
            Signal(
                "watcher",
                f"PHQ-9 rose from {before.total:g} to {now.total:g} by {day(now.when)}",
                (now.source, before.source),
            )
        )
    return signals


RULES: tuple[Callable[[HandoffFacts], list[Signal]], ...] = (
    cssrs,
    nine,
    missed_at_risk,
    discharged,
    alerts,
    statements,
    missed_twice,
    depression,
)


def _evidence(facts: HandoffFacts) -> tuple[tuple[Signal, ...], tuple[str, ...]]:
    """What "stable" rests on: all that could say otherwise was read whole, a screen, and a clinician's statement."""
    partial = {as_of.section for as_of in facts.as_of if as_of.incomplete}
    unread = [f"{name} could not be read" for section, name in _MUST_READ if facts.gap(section)]
    unread += [f"{name} were not read whole" for section, name in _MUST_READ if section in partial]
    screen, no_screen = _screen(facts)
    statement, no_statement = _statement_on_file(facts)
    return (*screen, *statement), (*unread, *no_screen, *no_statement)


_MUST_READ = (
    (Section.ASSESSMENTS, "assessments"),
    (Section.ALERTS, "alerts"),
    (Section.NOTES, "notes"),
    (Section.APPOINTMENTS, "appointments"),
)


def _screen(facts: HandoffFacts) -> tuple[list[Signal], list[str]]:
    """A fresh C-SSRS of at most "low", or a zero on item 9 of the latest PHQ-9: an earlier zero proves nothing now."""
    if facts.gap(Section.ASSESSMENTS):
        return [], []
    latest = _last_day(facts.latest("PHQ-9"))
    screens = [each for each in _last_day(_with_result(facts)) if _low(each) and _fresh(facts, each)]
    zeros = [each for each in latest if each.answer(9) == 0 and _fresh(facts, each)]
    if latest and not zeros and not any(_since_day(screen, latest[0]) for screen in screens):
        return [], [f"{item_nine(None)} in the latest PHQ-9 ({day(latest[0].when)}) and no C-SSRS on file since"]
    found = [_evident(f"C-SSRS {cssrs_level(each)}", each) for each in screens[:1]]
    found += [_evident(f"PHQ-9 {item_nine(0)}", each) for each in zeros[:1]]
    return found, [] if found else [f"no C-SSRS and no PHQ-9 item 9 on file from the last {FRESH_SCREEN_DAYS} days"]


def _statement_on_file(facts: HandoffFacts) -> tuple[list[Signal], list[str]]:
    """The newest day that safety was written about decides: "not assessed" is not outweighed by an older denial."""
    if facts.gap(Section.NOTES):
        return [], []
    dated = [quote for quote in facts.said.safety if quote.source.when]
    newest = [quote for quote in dated if day(quote.source.when) == day(dated[0].source.when)]
    if any(said(quote.text) is Said.NOT_ASSESSED for quote in newest):
        return [], [f"safety was not assessed on {day(newest[0].source.when)}"]
    for quote in newest:
        plain = said(quote.text) is Said.DENIED or rated(quote.text) == "low"
        if plain and quote.source.when and _days_ago(facts, quote.source.when) <= FRESH_NOTE_DAYS:
            what = "suicidal thoughts denied" if said(quote.text) is Said.DENIED else "risk written as low"
            return [Signal("stable", f"{what} in the note of {day(quote.source.when)}", (quote.source,))], []
    return [], [f"no note of the last {FRESH_NOTE_DAYS} days records that safety was asked about and denied"]


def _evident(what: str, sitting: Assessment) -> Signal:
    return Signal("stable", f"{what} on {day(sitting.when)}", (sitting.source,))


def _fresh(facts: HandoffFacts, sitting: Assessment) -> bool:
    return sitting.when is not None and _days_ago(facts, sitting.when) <= FRESH_SCREEN_DAYS


def _since_day(sitting: Assessment, other: Assessment) -> bool:
    """Whether a sitting was on or after the day of another; not when either is undated."""
    return sitting.when is not None and other.when is not None and as_day(sitting.when) >= as_day(other.when)


def _with_result(facts: HandoffFacts) -> list[Assessment]:
    """A screen without any result replaces nothing."""
    return [each for each in facts.latest("C-SSRS") if cssrs_level(each) != CSSRS_UNKNOWN]


def _last_day(sittings: Iterable[Assessment]) -> list[Assessment]:
    """All results of the newest day: two of one day may disagree, and the graver one counts."""
    every = list(sittings)
    return [each for each in every if day(each.when) == day(every[0].when)]


def _cssrs_word(sitting: Assessment) -> Word:
    return "urgent" if sitting.level == "high" else "watcher"


def _any_yes(sitting: Assessment) -> bool:
    return cssrs_level(sitting) == CSSRS_YES


def _low(sitting: Assessment) -> bool:
    return sitting.instrument == "C-SSRS" and cssrs_level(sitting) in {"low", CSSRS_ALL_NO}


def _item_nine(facts: HandoffFacts, sitting: Assessment) -> Signal:
    since = [each for each in facts.latest("C-SSRS") if _since_day(each, sitting)]
    said_so = f"PHQ-9 {item_nine(sitting.answer(9))} on {day(sitting.when)}"
    if since:
        return Signal("watcher", f"{said_so}, C-SSRS done {day(since[0].when)}", (sitting.source, since[0].source))
    word: Word = "watcher" if _older(facts, sitting, OLD_ITEM_NINE_DAYS) else "urgent"
    return Signal(word, f"{said_so}, no C-SSRS on file since", (sitting.source,))


def _older(facts: HandoffFacts, sitting: Assessment, days: int) -> bool:
    """A result without a date counts as new."""
    return sitting.when is not None and _days_ago(facts, sitting.when) > days


def _discharge(facts: HandoffFacts, source: Source, when: date) -> Signal:
    after = [visit for visit in settled(facts) if kept(visit) and visit.start and as_day(visit.start) > when]
    late = not after and _days_ago(facts, when) > VISIT_AFTER_DISCHARGE_DAYS and not facts.gap(Section.APPOINTMENTS)
    text = f"discharge summary of {day(when)}"
    return (
        Signal("urgent", f"{text}, no kept visit on file since", (source,))
        if late
        else Signal("watcher", text, (source,))
    )


def _about_safety(alert: Alert) -> bool:
    return alert.category == "safety" or bool(_SAFETY_ALERT.search(alert.text))


def _since(alert: Alert) -> str:
    return f" since {day(alert.since)}" if alert.since else ", start not documented"


def _statement(text: str) -> Word | None:
    match rated(text):
        case "high" | "imminent":
            return "urgent"
        case "moderate" | "elevated":
            return "watcher"
        case "low":
            return None
        case _:
            return "watcher" if said(text) is Said.MENTIONED else None


def _not_plain(source: Source) -> str:
    return f"safety statement that is not a plain denial, note of {day(source.when)}"


def _days_ago(facts: HandoffFacts, when: date) -> int:
    return days_between(when, facts.at)


def first_line(found: Severity) -> str:
    """The word alone: the reasons stand below it, each with its source."""
    return (
        f"{found.word.capitalize()}."
        if found.word
        else f"Severity cannot be stated from the chart: {'; '.join(found.lacking)}."
    )


def reasons(found: Severity) -> list[Line]:
    return [Line(_sentence(signal.text), signal.sources) for signal in found.why]


def _sentence(text: str) -> str:
    return f"Why: {bare(one_line(text))}."
