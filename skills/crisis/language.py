"""What a text says about risk, mention by mention: which words, which rule, and whether a person must look now.

Rules are data (`rules/*.toml`). A phrase names a risk; what stands around it in its clause or sentence says whether it
is denied, past, somebody else's, advice, or there. What no rule claims counts as present. In doubt it alerts: a mention
is only ever set aside by a rule that can be named, nothing is added up to a score, and nothing here closes anything.

The idea is ConText's (Harkema and others 2009). medspaCy (sensitivity .40 on the sentences it was measured with) and
negspacy (.37) were not taken: their stock scopes misread "denies intent; SI remains", "no longer denies", "cannot rule
out", "SI: denied", "SI (-)" and check boxes, they know no conditional threats and no slang, and they bring spaCy with
them. What they would save is a loop; the rules would have to be written either way.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from skills.crisis.boxes import Ticked, ticked
from skills.crisis.plain import clauses, plain, sentences
from skills.crisis.ruleset import Assertion, Phrase, Scope, ruleset
from skills.crisis.times import Moment, moments

_BARE_WORDS = 3  # a time with so few words beside it belongs to what was said before it
_MOST_MENTIONS = 24  # more in one sentence than anybody writes: it is not weighed but shown, and costs no time
_HEDGED = "hedged"  # the one doubt that a date may settle
_LEADS_IN = re.compile(
    r"(?:[\s']|\b(?:will|ll|would|can|could|going|gonna|to|wants?|wanted|is|was|has|just|might|may|like|need)\b)*"
)
ALERTING = frozenset({Assertion.PRESENT, Assertion.UNCERTAIN, Assertion.RECENT_HISTORY, Assertion.CONDITIONAL_THREAT})


@dataclass(frozen=True, slots=True)
class Mention:
    """One phrase found. `words` is `text[start:end]`; `rule` names the phrase's rule and the scope's."""

    concept: str
    assertion: Assertion
    alert: bool
    start: int
    end: int
    words: str
    rule: str


@dataclass(frozen=True, slots=True)
class _Found:
    phrase: Phrase
    start: int
    end: int


def read(text: str, *, written: date | None = None) -> tuple[Mention, ...]:
    """Every mention of risk in `text`, in order. `written` is the day of the note: "recent" is counted from it."""
    simple = plain(text)
    return tuple(
        mention for begin, end in sentences(simple) for mention in _sentence(text, simple[begin:end], begin, written)
    )


def alerts(text: str, *, written: date | None = None) -> tuple[Mention, ...]:
    """The mentions a person must look at now."""
    return tuple(mention for mention in read(text, written=written) if mention.alert)


def _sentence(text: str, sentence: str, begin: int, written: date | None) -> Iterator[Mention]:
    found = _phrases(sentence)
    if not found:
        return
    around = _Around(sentence, [each for each in found if each.phrase.concept != "not_risk"], written)
    for each in found:
        assertion, why = around.says(each) if len(found) <= _MOST_MENTIONS else (Assertion.UNCERTAIN, "crowded")
        start, end = begin + each.start, begin + each.end
        rule = f"{each.phrase.id} > {why}" if why else each.phrase.id
        yield Mention(each.phrase.concept, assertion, assertion in ALERTING, start, end, text[start:end], rule)


def _phrases(sentence: str) -> list[_Found]:
    """The phrases of a sentence in order, the longest where several share words; what a mask hides is the mask."""
    rules = ruleset()
    if not (named := _every(rules.phrases, sentence)):
        return []
    masks = _every(rules.masks, sentence)
    hidden = [each for each in named if any(_hides(mask, each, sentence) for mask in masks)]
    used = [mask for mask in masks if any(_hides(mask, each, sentence) for each in hidden)]
    kept: list[_Found] = []
    for each in sorted(used, key=_size) + sorted((each for each in named if each not in hidden), key=_size):
        if not any(each.start < other.end and other.start < each.end for other in kept):
            kept.append(each)
    return sorted(kept, key=lambda each: each.start)


def _every(phrases: tuple[Phrase, ...], sentence: str) -> list[_Found]:
    return [
        _Found(phrase, match.start(), match.end())
        for phrase in phrases
        for match in phrase.pattern.finditer(sentence)
        if match.end() > match.start()
    ]


def _hides(mask: _Found, found: _Found, sentence: str) -> bool:
    """A mask hides what lies within it; an auxiliary verb may stand before it ("will | shoot him an email")."""
    if not mask.start < found.end <= mask.end:
        return False
    return found.start >= mask.start or bool(_LEADS_IN.fullmatch(sentence, found.start, mask.start))


def _size(found: _Found) -> tuple[int, int]:
    return (found.start - found.end, found.start)


class _Around:
    """One sentence with its mentions, and what stands around each of them."""

    def __init__(self, sentence: str, found: list[_Found], written: date | None) -> None:
        self._sentence, self._found = sentence, found
        self._clauses = list(clauses(sentence))
        self._boxes = ticked(sentence)
        self._moments_named = moments(sentence, written)

    def says(self, mention: _Found) -> tuple[Assertion, str]:
        """The assertion and the id of the rule that decided; "" when none did and the mention stands as present."""
        if mention.phrase.concept == "not_risk":
            return Assertion.NOT_RISK, ""
        if (box := self._box(mention)) is not None and not box.yes:
            return Assertion.NEGATED, "box.not_ticked"
        decided = self._by_scope(mention)
        if decided is None or decided[0] is Assertion.HISTORICAL or decided[1] == _HEDGED:
            return self._by_time(mention) or decided or (Assertion.PRESENT, "")
        return decided

    def _by_scope(self, mention: _Found) -> tuple[Assertion, str] | None:
        begin, end = self._clause(mention)
        views = {"clause": self._view(mention, begin, end), "sentence": self._view(mention, 0, len(self._sentence))}
        own = self._sentence[mention.start : mention.end]
        for scope in ruleset().scopes:
            if _fits(scope, mention, own, views):
                return scope.says, scope.id
        return None

    def _by_time(self, mention: _Found) -> tuple[Assertion, str] | None:
        """Recent outweighs long ago: a mention with both is for a person to read."""
        near = list(self._moments(mention))
        if any(moment.recent for moment in near):
            return Assertion.RECENT_HISTORY, "time.recent"
        return (Assertion.HISTORICAL, "time.long_ago") if near else None

    def _moments(self, mention: _Found) -> Iterator[Moment]:
        """The times that belong to this mention, and every recent one of its clause that follows it."""
        for moment in self._moments_named:
            named = self._named_with(moment)
            before = [each for each in named if each.start <= moment.start]
            nearest = before[-1:] or named[:1]
            if mention in nearest or (moment.recent and mention in before):
                yield moment

    def _named_with(self, moment: Moment) -> list[_Found]:
        """The mentions a time can belong to: those of its clause; for a bare "last in 2016" those of the sentence."""
        begin, end = next((at for at in self._clauses if at[0] <= moment.start < at[1]), (0, len(self._sentence)))
        inside = [each for each in self._found if begin <= each.start < end]
        beside = f"{self._sentence[begin : moment.start]} {self._sentence[moment.end : end]}"
        return inside or (self._found if len(re.findall(r"\w+", beside)) <= _BARE_WORDS else [])

    def _view(self, mention: _Found, begin: int, end: int) -> str:
        """The words from `begin` to `end` with § for this mention and ¤ for each other one."""
        pieces: list[str] = []
        at = begin
        for each in self._found:
            if begin <= each.start < end:
                pieces += [self._sentence[at : each.start], "§" if each is mention else "¤"]
                at = each.end
        return "".join([*pieces, self._sentence[at:end]])

    def _clause(self, mention: _Found) -> tuple[int, int]:
        for begin, end in self._clauses:
            if begin <= mention.start < end:
                return begin, max(end, mention.end)
        return 0, len(self._sentence)

    def _box(self, mention: _Found) -> Ticked | None:
        return next((box for box in self._boxes if box.start <= mention.start < box.end), None)


def _fits(scope: Scope, mention: _Found, own: str, views: dict[str, str]) -> bool:
    if scope.only and mention.phrase.id not in scope.only:
        return False
    if scope.own and not scope.own.search(own):
        return False
    if not scope.pattern.search(views[scope.over]):
        return False
    return not (scope.unless and scope.unless.search(views["sentence"]))
