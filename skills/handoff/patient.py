"""P: who this is in care for, how it has gone, what is being done, and how it measures."""

import re
from collections.abc import Iterator

from skills.handoff import visits
from skills.handoff.facts import HandoffFacts
from skills.handoff.quotes import Progress
from skills.handoff.say import absent, cite, fact, missing, noted, sources
from skills.kit import Assessment, Goal, Line, Plan, Problem, Section
from skills.kit.fit import Weighed
from skills.kit.instruments import band, change, item_nine
from skills.kit.words import as_day, bare, closed, day, listed, one_line, plural, quoted, untagged

PLACE = "patient"
NAMED_DIAGNOSES = 6
_EXPECTED = ("PHQ-9", "GAD-7")
_BEHAVIORAL = re.compile(
    r"depress|anxi|ptsd|traum|bipolar|mania|schizo|psycho|substance|alcohol|opioid|cannabis|stimulant|cocaine|nicotine|insomnia|adhd|attention"
    r"|autis|eating|bulimi|anorexi|personality|stress|suicid|panic|obsess|adjust|grief|dissoci|conduct|tic\b|gambling|dement",
    re.IGNORECASE,
)
_LANGUAGES = {
    "es": "Spanish",
    "zh": "Chinese",
    "vi": "Vietnamese",
    "ar": "Arabic",
    "ru": "Russian",
    "fr": "French",
    "pt": "Portuguese",
    "ht": "Haitian Creole",
    "ko": "Korean",
}


def patient(facts: HandoffFacts) -> Iterator[Weighed]:
    for line, weight in _lines(facts):
        yield Weighed(PLACE, line, weight)


def _lines(facts: HandoffFacts) -> Iterator[tuple[Line, int]]:
    yield _reason(facts), 1
    yield from _diagnoses(facts)
    yield from _course(facts)
    yield _treatment(facts), 2
    yield from _measures(facts)
    yield from ((line, 2) for line in _attendance(facts))
    yield from ((line, 5) for line in _goals(facts))
    yield from ((_progress(each), 8) for each in facts.progress if each.quotes)
    yield from _people(facts)


def _reason(facts: HandoffFacts) -> Line:
    for plan in facts.plans:
        if plan.problem:
            return fact(f"Reason for care: {closed(_problem(plan.problem))}", plan.source)
    for quote in facts.said.reason:
        return cite("Reason for care", quote)
    for plan in facts.plans:
        if ":" in plan.title:
            return fact(
                f"Reason for care: not documented as such; the plan is titled {quoted(plan.title)}.", plan.source
            )
    return missing("Reason for care")


def _problem(text: str) -> str:
    """Some plans write who took part behind the problem; that is another matter."""
    return one_line(text).split(" Participation:")[0]


def _diagnoses(facts: HandoffFacts) -> Iterator[tuple[Line, int]]:
    """Behavioral health first; a long problem list does not bury the reason for care."""
    if not facts.problems:
        yield absent(facts, Section.PROBLEMS, "Diagnoses"), 1
        return
    ordered = sorted(facts.problems, key=_rank)
    first = [problem for problem in ordered if _behavioral(problem)][:NAMED_DIAGNOSES] or ordered[:NAMED_DIAGNOSES]
    rest = [problem for problem in ordered if problem not in first]
    yield _problems("Diagnoses", first), 1
    if rest:
        yield _problems("Also on the problem list", rest), 7


def _problems(label: str, problems: list[Problem]) -> Line:
    named = [f"{bare(untagged(problem.text))}{_not_active(problem)}" for problem in problems]
    return fact(f"{label}: {'; '.join(dict.fromkeys(named))}.", *(problem.source for problem in problems))


def _behavioral(problem: Problem) -> bool:
    return (problem.code or "").startswith("F") or bool(_BEHAVIORAL.search(problem.text))


def _rank(problem: Problem) -> int:
    """Disorders before findings; the chart's own order within each."""
    disorder = (problem.code or "").startswith("F") or "disorder" in problem.text.lower()
    return (0 if disorder else 1) if _behavioral(problem) else (2 if disorder else 3)


def _not_active(problem: Problem) -> str:
    return f" ({problem.status})" if problem.status in {"remission", "recurrence", "relapse"} else ""


def _course(facts: HandoffFacts) -> Iterator[tuple[Line, int]]:
    """The newest note's judgement first; older ones when there is room."""
    if not facts.said.course:
        if not facts.notes:
            yield absent(facts, Section.NOTES, "Course"), 2
        return
    newest = facts.said.course[0].source.ref
    for place, quote in enumerate(facts.said.course):
        yield cite("Course", quote), _course_weight(place, newest=quote.source.ref == newest)


def _course_weight(place: int, *, newest: bool) -> int:
    if place == 0:
        return 2
    return 4 if newest and place == 1 else 6


def _treatment(facts: HandoffFacts) -> Line:
    done = [(plan, each) for plan in facts.plans for each in plan.interventions]
    if not done:
        return absent(facts, Section.PLAN, "Current treatment by plan")
    named = [", ".join(filter(None, (bare(untagged(each.text)), each.frequency))) for _, each in done]
    return fact(f"Treatment: {'; '.join(dict.fromkeys(named))}.", *dict.fromkeys(plan.source for plan, _ in done))


def _measures(facts: HandoffFacts) -> Iterator[tuple[Line, int]]:
    if facts.gap(Section.ASSESSMENTS):
        yield absent(facts, Section.ASSESSMENTS, "Measures"), 1
        return
    for name in _EXPECTED:
        taken = facts.latest(name)
        yield (_trend(name, taken), 2 if name == "PHQ-9" else 3) if taken else (missing(name), 3)
    others = dict.fromkeys(
        each.instrument for each in facts.assessments if each.instrument not in {*_EXPECTED, "C-SSRS"}
    )
    for name in others:
        yield _trend(name, facts.latest(name)), 6


def _trend(name: str, taken: tuple[Assessment, ...]) -> Line:
    """Last result with its band, the change, the results before it, and for PHQ-9 always what item 9 says."""
    days = _by_day(taken)
    now, earlier = days[0], days[1:]
    told = [f"{name}: {_total(now)} on {day(now.when)}"]
    if earlier and now.total is not None and earlier[0].total is not None:
        told.append(change(name, earlier[0].total, now.total))
    if earlier:
        told.append("before: " + listed([f"{_number(each)} ({day(each.when)})" for each in earlier]))
    if name == "PHQ-9":
        told.append(item_nine(_ninth(taken, now)))
    return fact("; ".join(told) + ".", *(each.source for each in taken))


def _by_day(taken: tuple[Assessment, ...]) -> list[Assessment]:
    """One result a day, the one with a total first. A second, different one of that day is told as a disagreement."""
    best: dict[object, Assessment] = {}
    for each in taken:
        key = as_day(each.when) if each.when else None
        if key not in best or (best[key].total is None and each.total is not None):
            best[key] = each
    return list(best.values())


def _ninth(taken: tuple[Assessment, ...], now: Assessment) -> int | None:
    """Item 9 of that day, from whichever record of the sitting holds it; the graver when they differ."""
    known = [each.answer(9) for each in taken if day(each.when) == day(now.when)]
    return max((value for value in known if value is not None), default=None)


def _total(each: Assessment) -> str:
    if each.total is None:
        return each.level or "taken, no total on file"
    word = band(each.instrument, each.total)
    return f"{each.total:g} ({word})" if word else f"{each.total:g}"


def _number(each: Assessment) -> str:
    return f"{each.total:g}" if each.total is not None else each.level or "no total"


def _attendance(facts: HandoffFacts) -> Iterator[Line]:
    seen = visits.settled(facts)
    if not seen:
        yield absent(facts, Section.APPOINTMENTS, "Visits kept and missed")
    else:
        yield _engagement(facts)
    if not any(visits.kept(visit) for visit in seen) and facts.notes:
        newest = facts.notes[0]
        yield fact(f"Last note: {day(newest.source.when)}, {newest.kind}.", newest.source)
    if open_ended := visits.without_outcome(facts):
        days = listed([day(visit.start) for visit in open_ended])
        yield fact(f"Outcome not on file for the visit booked {days}.", *(visit.source for visit in open_ended))


def _engagement(facts: HandoffFacts) -> Line:
    seen = visits.settled(facts)
    came = [visit for visit in seen if visits.kept(visit)]
    away = [visit for visit in seen if visits.missed(visit)]
    last = f"{day(came[0].start)}{_kind(came[0].kind)}" if came else "none on file"
    told = f"Last visit kept: {last}; kept {len(came)} of {plural(len(seen), 'visit')} in the past year"
    gone = f"; missed {listed([day(visit.start) for visit in away[:3]])}" if away else ""
    return fact(f"{told}{gone}.", *(visit.source for visit in seen))


def _kind(kind: str | None) -> str:
    return f", {kind}" if kind else ""


def _goals(facts: HandoffFacts) -> Iterator[Line]:
    if not facts.plans:
        yield absent(facts, Section.PLAN, "Treatment plan")
        return
    goals = [(plan, goal) for plan in facts.plans for goal in plan.goals]
    for plan, goal in goals:
        yield _goal(plan, goal)
    if not goals:
        yield missing("Goals with baseline and target")


def _goal(plan: Plan, goal: Goal) -> Line:
    numbers = [
        _baseline(goal),
        f"target {goal.target or 'not documented'}",
        f"due {day(goal.due)}" if goal.due else "due date not documented",
    ]
    return fact(
        f"Goal: {bare(goal.text)} ({', '.join([*numbers, *([goal.achievement] if goal.achievement else [])])}).",
        goal.source,
    )


def _progress(progress: Progress) -> Line:
    """What the notes say about one goal, word for word; no verdict of ours whether it was reached."""
    said = [f"{noted(quote)} {quoted(quote.text)}" for quote in progress.quotes]
    label = f"Notes on the goal {bare(progress.goal.text)}"
    return fact(closed(f"{label}: {'; '.join(said)}"), progress.goal.source, *sources(progress.quotes))


def _baseline(goal: Goal) -> str:
    """Some charts keep a number, some a sentence that begins with the word itself."""
    if not goal.baseline:
        return "baseline not documented"
    words = bare(one_line(goal.baseline))
    return words[0].lower() + words[1:] if words.lower().startswith("baseline") else f"baseline {words}"


def _people(facts: HandoffFacts) -> Iterator[tuple[Line, int]]:
    if facts.language and not facts.language.lower().startswith("en"):
        yield (
            fact(
                f"Preferred language: {_LANGUAGES.get(facts.language.lower()[:2], facts.language)}.",
                facts.client_source,
            ),
            2,
        )
    if not facts.care_team:
        yield absent(facts, Section.CARE_TEAM, "Care team"), 6
        return
    named = [
        f"{member.name or 'name not on file'}{f' ({member.role})' if member.role else ''}" for member in facts.care_team
    ]
    yield (
        fact(
            f"Care team: {'; '.join(dict.fromkeys(named))}.",
            *dict.fromkeys(member.source for member in facts.care_team),
        ),
        6,
    )
