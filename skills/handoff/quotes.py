"""Which sentences of the notes a colleague would read out. By rule, newest first, word for word, each used once."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace

from skills.kit import Goal, Medication, Note, Source
from skills.kit.notes import Part, Sentence, sentences
from skills.kit.retrieval import relevant
from skills.kit.safety import rated, said
from skills.kit.stops import says_stopped
from skills.kit.words import as_day, count, stated_day

LAST_NOTES = 3
PER_GOAL = 3  # sentences of the last notes for each goal


@dataclass(frozen=True, slots=True)
class Quote:
    """One sentence of one note. The source's `line` is the line it stands in."""

    text: str
    source: Source
    unsigned: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the last notes say about each element of a handoff. () when they say nothing about it."""

    reason: tuple[Quote, ...] = ()
    course: tuple[Quote, ...] = ()
    safety: tuple[Quote, ...] = ()
    watch: tuple[Quote, ...] = ()
    steps: tuple[Quote, ...] = ()
    told: tuple[Quote, ...] = ()
    labs: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """A note says that a medication was stopped while the list still carries it as active."""

    medication: Medication
    quote: Quote


@dataclass(frozen=True, slots=True)
class Progress:
    """What the last notes say about one goal of the treatment plan: the sentences that speak to it most, best first."""

    goal: Goal
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    note: Note
    sentence: Sentence

    @property
    def text(self) -> str:
        return self.sentence.text

    @property
    def key(self) -> tuple[str, str]:
        return self.note.source.ref, self.text

    def quote(self) -> Quote:
        return Quote(self.text, replace(self.note.source, line=self.sentence.line), self.note.signed is False)


_REASON = re.compile(
    r"\b(?:referred (?:by|for|to|after)|(?:presents?|presenting) (?:with|for)|presenting (?:problem|concern)"
    r"|chief complaint|seeking (?:help|care|treatment)"
    r"|reason for (?:care|visit|referral))\b",
    re.IGNORECASE,
)
_WATCH = re.compile(
    r"\b(?:if|expect(?:s|ing)?|expected to|is expected|watch (?:for|out)|in case|at risk (?:of|for)|risk of"
    r"|should (?:she|he|they|symptoms|mood|sleep)"
    r"|worsen\w*|relapse|trigger\w*|anniversary|warning signs?|monitor\w*|may (?:stop|miss|become|lead|need))\b",
    re.IGNORECASE,
)
_SPOKEN = re.compile(r'"[^"]*"|“[^”]*”')
_CLIENT = r"(?:the\s+)?(?:client|patient|pt|her|him|them|family|parents?|mother|father|guardian)"
_TOLD = re.compile(
    rf"^(?:discussed|explained|reviewed)\b(?! with (?!{_CLIENT}\b))"
    rf"|\b(?:told|informed|explained to|discussed with|reviewed with|let)\s+{_CLIENT}\b"
    r"|\b(?:client|patient|pt|she|he|they)\s+"
    r"(?:agree[sd]?|(?:is|was) aware|(?:was|were) (?:told|informed)|understands?|knows)\b",
    re.IGNORECASE,
)
_MOVE = re.compile(
    r"\b(?:transfer\w*|hand(?:ed|ing)?[- ]?(?:off|over)|warm handoff|tak(?:e|es|ing) over|new (?:therapist"
    r"|clinician|provider|counselor)"
    r"|change of (?:therapist|clinician|provider)|caseload|will (?:introduce|join|be seen by)"
    r"|joint (?:session|visit))\b",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"^(?:(?:also|then|again)\s+)?(?!need\b|feed\b|proceed\b)[a-z]+ed\b"
    r"|\b(?:informed|notified|updated|renewed|checked|reviewed|completed|scheduled|arranged|drove|went|came"
    r"|took|gave|made|sent|told|met"
    r"|saw|spoke|wrote|written|filed|faxed|mailed|confirmed|brought|left|called|agreed)\b|\bnot needed\b"
    r"|^(?:client|patient|she|he|they) (?:has"
    r"|have|had|is|are|was|were)\b|^no changes?\b",
    re.IGNORECASE,
)
_FUTURE = re.compile(r"\b(?:will|to be|next|plan to|going to|needs? to|should|due)\b", re.IGNORECASE)
_A_RESULT = re.compile(r"\b(?:PHQ|GAD|PCL|AUDIT|DAST)-?\w* ?(?:was |is |of |today |now |fell |rose )*\d", re.IGNORECASE)
_LABS = re.compile(
    r"\b(?:labs?|lithium level|level due|BMP|CMP|CBC|ANC|TSH|A1c|HbA1c|lipids?|LFTs?|blood draw|E[CK]G|UDS"
    r"|urine drug)\b|\b(?:repeat|draw|check|order)\w*\s+(?:\w+\s+)?levels?\b",
    re.IGNORECASE,
)
_ON_HAND = (Part.ASSESSMENT, Part.PLAN, Part.OTHER, Part.RESPONSE)


def last(notes: Iterable[Note]) -> tuple[Note, ...]:
    """The newest notes about the client's care: an earlier handoff of ours is no witness of its own."""
    return tuple(note for note in notes if not _handoff(note))[:LAST_NOTES]


def choose(notes: tuple[Note, ...]) -> Chosen:
    """Sort the sentences of all notes (newest first). Safety comes first: nothing else may take its sentences."""
    witnesses = tuple(note for note in notes if not _handoff(note))
    recent = [found for note in last(witnesses) for found in _read(note)]
    older = [found for note in witnesses[LAST_NOTES:] for found in _read(note)]
    taken: set[tuple[str, str]] = set()
    take = _taker(taken)
    return Chosen(
        safety=take(recent, lambda f: said(f.text) is not None or rated(f.text) is not None),
        told=take([*recent, *older], lambda f: _told(f, recent)),
        labs=take(recent, lambda f: f.sentence.part is Part.PLAN and bool(_LABS.search(f.text))),
        watch=take(recent, lambda f: f.sentence.part in _ON_HAND and bool(_WATCH.search(_SPOKEN.sub("", f.text)))),
        steps=take(_newest_plans(recent), _ahead),
        reason=take([*recent, *older], lambda f: bool(_REASON.search(f.text)))[:1],
        course=take(_gist(recent), lambda f: count(f.text) > 0),
    )


def progress(notes: tuple[Note, ...], goals: Iterable[Goal], elsewhere: Chosen) -> tuple[Progress, ...]:
    """For each goal what the last notes say about it, unless that is quoted `elsewhere`; () when they say nothing."""
    told = [found for note in last(notes) for found in _read(note)]
    quoted = {(quote.source.ref, quote.text) for quote in _all(elsewhere)}
    taken: set[tuple[str, str]] = set()
    return tuple(
        Progress(goal, _taker(taken)(_speaking_to(goal, told), lambda f: f.key not in quoted)) for goal in goals
    )


def _speaking_to(goal: Goal, told: list[_Found]) -> list[_Found]:
    by_sentence = {id(found.sentence): found for found in told}
    best = relevant(goal.text, [found.sentence for found in told], most=PER_GOAL)
    return [by_sentence[id(each.sentence)] for each in best]


def _all(chosen: Chosen) -> Iterator[Quote]:
    for field in fields(chosen):
        yield from getattr(chosen, field.name)


def stops(notes: tuple[Note, ...], medications: tuple[Medication, ...]) -> tuple[Stop, ...]:
    """Active medications that a note written after their last change calls stopped, by its newest such sentence."""
    told = [found for note in notes if not _handoff(note) for found in _read(note)]
    active = [medication for medication in medications if medication.status == "active"]
    first = ((med, next((found for found in told if _calls_stopped(found, med)), None)) for med in active)
    return tuple(Stop(medication, found.quote()) for medication, found in first if found)


def _calls_stopped(found: _Found, medication: Medication) -> bool:
    """A change of dose is written on the day of the new order, so only a later note can contradict the list."""
    changed = medication.changed or medication.started
    later = changed is None or found.note.when is None or as_day(found.note.when) > changed
    return later and says_stopped(found.text, medication.name)


def _taker(taken: set[tuple[str, str]]) -> Callable[[Iterable[_Found], Callable[[_Found], bool]], tuple[Quote, ...]]:
    def take(candidates: Iterable[_Found], wanted: Callable[[_Found], bool]) -> tuple[Quote, ...]:
        quotes: list[Quote] = []
        for found in candidates:
            if found.key not in taken and wanted(found):
                taken.add(found.key)
                quotes.append(found.quote())
        return tuple(quotes)

    return take


def _read(note: Note) -> list[_Found]:
    return [_Found(note, sentence) for sentence in sentences(note.text) if not sentence.text.endswith(":")]


def _handoff(note: Note) -> bool:
    words = f"{note.kind} {note.source.title}".lower()
    return "handoff" in words or "transfer summary" in words


def _told(found: _Found, recent: list[_Found]) -> bool:
    """What was said about the change of hands counts however old; anything else only from the last notes."""
    if not _TOLD.search(found.text):
        return False
    return found in recent or bool(_MOVE.search(found.text))


def _newest_plans(recent: list[_Found]) -> list[_Found]:
    """The plan of each author's newest note: a prescriber's plan stands beside a therapist's, not behind it."""
    newest: dict[str | None, str] = {}
    planned = [found for found in recent if found.sentence.part is Part.PLAN]
    for found in planned:
        newest.setdefault(found.note.author, found.note.source.ref)
    return [found for found in planned if newest[found.note.author] == found.note.source.ref]


def _ahead(found: _Found) -> bool:
    """Something still to do: not what was done in the visit, and not a bullet of what was prescribed or performed."""
    if _listed_as_done(found):
        return False
    later = stated_day(found.text)
    written = found.note.when
    dated_ahead = later is not None and written is not None and later > as_day(written)
    return dated_ahead or bool(_FUTURE.search(found.text)) or not _PAST.search(found.text)


def _listed_as_done(found: _Found) -> bool:
    """Bullets under "The following procedures were conducted:" report; they do not ask."""
    above = found.note.text.splitlines()[: found.sentence.line - 1]
    lead = next(
        (line for line in reversed(above) if line.strip() and not line.lstrip().startswith(("-", "*", "•"))), ""
    )
    line = found.note.text.splitlines()[found.sentence.line - 1]
    bullet = line.lstrip().startswith(("-", "*", "•"))
    return bullet and bool(re.search(r"\b(?:conducted|prescribed|performed|completed|given)\b.*:$", lead.strip()))


def _gist(recent: list[_Found]) -> list[_Found]:
    """What clinicians made of it, newest first; then how notes begin that judge nothing. Scores have their own line."""
    refs = list(dict.fromkeys(found.note.source.ref for found in recent))
    judged = [
        found for found in recent if found.sentence.part in {Part.ASSESSMENT, Part.RESPONSE} and _judges(found.text)
    ]
    silent = [ref for ref in refs if ref not in {found.note.source.ref for found in judged}]
    openings = [found for ref in silent for found in [each for each in recent if each.note.source.ref == ref][:2]]
    return [*judged, *openings]


def _judges(text: str) -> bool:
    """Words of the clinician: neither a score nor only what the client said."""
    return not _A_RESULT.search(text) and bool(_SPOKEN.sub("", text).strip(" .,;"))
