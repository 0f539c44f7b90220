"""Who and what the record names, however it is written: order, initials, nicknames, possessives, slips of the pen, bad scans."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import OSA

from bot.privacy.recognizers import lists
from bot.privacy.recognizers.context import TITLES
from bot.privacy.recognizers.folding import Token, spelled
from bot.privacy.recognizers.spans import KNOWN, Found, Kind
from bot.privacy.record import KnownPerson

_WORDS: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_JOINTS: Final = re.compile(r"[ .,'/-]{0,3}|,?\s{1,2}")
_CREDENTIALS: Final = frozenset(
    "md do phd psyd lcsw lmsw lmhc lpc lmft rn np aprn pmhnp pa dr mr mrs ms jr sr ii iii".split()
)
_PARTICLES: Final = frozenset("de la le du del da di van von der den al el bin st mac mc y e of the and".split())
_ALIKE: Final = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l", "5": "s", "8": "b", "!": "l"})
_BEFORE_SMALL: Final = frozenset(
    "pt patient client ct called mr mrs ms dr for with saw met and re w from to by member resident consumer".split()
)
_SHORT: Final = frozenset("dr jr sr st".split())
_MODALS: Final = frozenset("may might can could will would shall should must".split())
_SAYS: Final = frozenset(
    "to is was has had says said states stated reports reported called calls will would may can could did does denies denied asked agreed"
    " attended came went left joined arrived presented met told feels felt wants wanted and noted also".split()
)
_PERSON_ACTS: Final = frozenset(
    "participated shared attended spoke arrived said states stated called came left joined presented met told agreed asked engaged"
    " completed practiced practised identified described discussed expressed listened processed appeared attends participates shares".split()
)
_RISK: Final = frozenset("si hi sib sh avh ah vh sa nssi od".split())
_FAITHS: Final = frozenset(
    "christian catholic jewish german english french irish young short long rich strong wise small".split()
)

_CHANGES: Final = frozenset(
    "increased decreased improved reduced limited remains related based needed noted restored expressed".split()
)
_DID: Final = frozenset(
    "lost slept ate drank ran fell broke got made kept sent spoke thought brought found knew saw wrote began quit hit put drove paid"
    " sat stood heard won held hung rode sang sold threw wore woke chose bought caught forgot read".split()
)
_THINGS: Final = frozenset("young park short long mark page art grant case chance price rose will".split())


@dataclass(frozen=True, slots=True)
class _Part:
    """One word of somebody's name. `common`: an everyday word too, so a small letter or a sentence start is not enough."""

    who: frozenset[str]
    common: bool


class KnownNames:
    """The people of a record, compiled once per request."""

    def __init__(self, people: Iterable[KnownPerson]) -> None:
        self._parts: dict[str, _Part] = {}
        self._initials: dict[str, frozenset[str]] = {}
        self._scanned: dict[str, str] = {}
        for person in people:
            self._add(person)
        self._long = [part for part in self._parts if len(part) >= 4]

    def _add(self, person: KnownPerson) -> None:
        words = [w for w in _WORDS.findall(spelled(person.name)) if w not in _CREDENTIALS]
        for word in words:
            self._learn(word, person.key)
        for word in (w for other in person.others for w in _WORDS.findall(spelled(other))):
            self._learn(word, person.key)
        for nickname in {n for w in words for n in lists.nicknames().get(w, ())}:
            if nickname not in lists.english() or nickname in lists.first_names():
                self._learn(nickname, person.key)
        for letters in _initials(words):
            self._initials[letters] = self._initials.get(letters, frozenset()) | {person.key}

    def _learn(self, word: str, key: str) -> None:
        if len(word) < 2 or word in _PARTICLES:
            return
        known = self._parts.get(word)
        self._parts[word] = _Part((known.who if known else frozenset()) | {key}, word in lists.english())
        if len(word) >= 4:
            self._scanned[word.translate(_ALIKE)] = word

    def find(self, folded: str, tokens: Sequence[Token]) -> Iterator[Found]:
        """Runs of words that belong to people of the record."""
        run: list[tuple[Token, _Part]] = []
        for at, token in enumerate(tokens):
            part = self._part(token)
            if (run and not (part or self._initial(token))) or (run and not _joined(folded, run[-1][0], token)):
                yield from self._run(folded, tokens, run)
                run = []
            if part:
                run.append((token, part))
            elif run and self._initial(token):
                run.append((token, run[-1][1]))
            elif (who := self._by_initials(folded, tokens, at)) is not None:
                yield who
        if run:
            yield from self._run(folded, tokens, run)

    def _part(self, token: Token) -> _Part | None:
        low = token.low
        found = self._parts.get(low)
        if found is None and low.endswith("s") and (token.owns or token.capital):
            found = self._parts.get(low[:-1])
        if found is None and low not in lists.safe() and low not in lists.names() and len(low) >= 4 and "'" not in low:
            found = self._misspelt(low)
        return found

    def _misspelt(self, low: str) -> _Part | None:
        """One slip in four or five letters, two above; a scanner's confusions count for nothing."""
        if (word := self._scanned.get(low.translate(_ALIKE))) is not None:
            return self._parts[word]
        for word in self._long:
            most = 1 if len(word) <= 5 else 2
            if abs(len(word) - len(low)) <= most and OSA.distance(word, low, score_cutoff=most) <= most:
                return self._parts[word]
        return None

    def _initial(self, token: Token) -> bool:
        return len(token.text) == 1 and token.capital

    def _by_initials(self, folded: str, tokens: Sequence[Token], at: int) -> Found | None:
        """WDH, A.W.: letters in capitals that stand for somebody here and for nothing else."""
        token = tokens[at]
        if token.shouted and token.low in self._initials and _stands_for_person(folded, tokens, at):
            return _found(token.start, token.end, self._initials[token.low])
        if not self._initial(token) or (at and folded[token.start - 1 : token.start] == "."):
            return None
        letters, end = token.low, token.end
        for later in tokens[at + 1 : at + 4]:
            if not self._initial(later) or folded[end : later.start] not in {".", ". "}:
                break
            letters, end = letters + later.low, later.end
        if len(letters) >= 2 and letters in self._initials:
            return _found(token.start, end + (folded[end : end + 1] == "."), self._initials[letters])
        return None

    def _run(self, folded: str, tokens: Sequence[Token], run: list[tuple[Token, _Part]]) -> Iterator[Found]:
        while (
            len(run) > 1
            and self._initial(run[-1][0])
            and folded[run[-1][0].end : run[-1][0].end + 1] not in {".", ",", ""}
        ):
            run = run[:-1]
        run = _trimmed(run)
        if _all_small(run):
            if len(run) < 2 or not _small_name(tokens, run):
                return
        elif len(run) == 1 and not _means_person(folded, tokens, *run[0]):
            return
        who = frozenset.intersection(*(part.who for _, part in run))
        end = run[-1][0].end
        yield _found(run[0][0].start, end + (self._initial(run[-1][0]) and folded[end : end + 1] == "."), who)


def _all_small(run: Sequence[tuple[Token, _Part]]) -> bool:
    """Everyday words in small letters only."""
    return all(part.common and not token.capital for token, part in run)


def _small_name(tokens: Sequence[Token], run: Sequence[tuple[Token, _Part]]) -> bool:
    """Small letters throughout: pt will hope no showed is about Will Hope, she will hope is not."""
    at = tokens.index(run[0][0])
    return (at == 0 or tokens[at].opens or tokens[at - 1].low in _BEFORE_SMALL) and len({t.low for t, _ in run}) > 1


def _trimmed(run: list[tuple[Token, _Part]]) -> list[tuple[Token, _Part]]:
    """Without everyday words in small letters at either end of a name in capitals."""
    while len(run) > 1 and run[0][1].common and not run[0][0].capital and run[1][0].capital:
        run = run[1:]
    while len(run) > 1 and run[-1][1].common and not run[-1][0].capital and run[0][0].capital:
        run = run[:-1]
    return run


def _found(start: int, end: int, who: frozenset[str]) -> Found:
    return Found(start, end, Kind.NAME, KNOWN, next(iter(who)) if len(who) == 1 else None)


def _joined(folded: str, one: Token, other: Token) -> bool:
    between = folded[one.end : other.start]
    if "." in between and len(one.text) > 1 and one.low not in _SHORT:
        return False
    return (
        not one.owns
        and len(between) <= 3
        and "\n" not in between
        and _JOINTS.fullmatch(between) is not None
        and between != "/"
    )


def _means_person(folded: str, tokens: Sequence[Token], token: Token, part: _Part) -> bool:
    """A word of somebody's name that is an everyday word too: only the words around it can tell."""
    if not part.common:
        return True
    if not token.capital:
        return False
    at = tokens.index(token)
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    before = tokens[at - 1] if at else None
    if (
        token.low in _FAITHS
        and before is not None
        and before.low in {"is", "are", "was", "a", "an", "very", "being", "as"}
    ):
        return False
    if before is not None and before.low in TITLES:
        return True
    if folded[token.end : token.end + 3].lstrip()[:1] in {"=", ":"}:
        return False
    if not token.opens:
        return not (token.shouted and before is not None and before.shouted)
    if token.owns or after is None:
        return True
    if token.low in _MODALS and after.low not in _SAYS:
        return False
    if _does(token, after):
        return True
    return after.low in _SAYS or after.capital or folded[token.end : token.end + 1] in {",", ")", "\n"}


def _does(token: Token, after: Token) -> bool:
    """Summer raised the dose, Autumn visits: whoever begins a sentence and does something is somebody."""
    low = after.low
    if token.low in _FAITHS or low in _CHANGES:
        return False
    return (
        low.endswith("ed")
        or low in _DID
        or (
            low.endswith("s")
            and not low.endswith(("ss", "us", "is"))
            and token.low in lists.first_names()
            and token.low not in _THINGS
        )
    )


def _stands_for_person(folded: str, tokens: Sequence[Token], at: int) -> bool:
    """Initials that are an abbreviation too stand for somebody only where somebody acts: "SH shared", not "SH, SI denied"."""
    low = tokens[at].low
    if low not in lists.abbreviations():
        return True
    if at + 1 >= len(tokens) or folded[tokens[at].end : tokens[at + 1].start] not in {" ", "'s "}:
        return False
    return tokens[at + 1].low in (_PERSON_ACTS if low in _RISK else _PERSON_ACTS | _SAYS | _DID)


def _initials(words: Sequence[str]) -> set[str]:
    letters = "".join(word[0] for word in words)
    if len(letters) < 2:
        return set()
    pairs = {letters[0] + other for other in letters[1:]}
    return {letters, letters[-1] + letters[0], letters[-1] + letters[:-1]} | pairs
