"""Which sentences of the notes speak to an objective of the treatment plan: by shared words, and by what they mean.

BM25 over stemmed words finds little: plans say "depressive symptoms", notes say "cried twice". So `synonyms.toml` tells
which words name a topic and how it looks in a note. No model, no network; the same input gives the same order.
"""

import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from skills.kit.notes import Sentence

LONGEST_PHRASE: Final = 5  # words
SATURATION, BY_LENGTH = 1.2, 0.35  # k1 and b of BM25; sentences differ little in length
OWN_WORD, NAMED, SIGNED = 1.0, 1.0, 0.35  # weight of a word itself, and of a topic an objective names or only shows
SIGN, WEAK, LONGER = 0.9, 0.4, 0.25  # how sure a word of a topic is: its sign, a common word, each word of a phrase
AS_IF: Final = 20  # sentences
SECOND_SIGN: Final = 0.35  # what each further word of a topic adds to its first

_WORD = re.compile(r"[a-z0-9]+")
_TABLE = Path(__file__).with_name("synonyms.toml")
_SUFFIXES = ("ational", "ations", "ation", "ating", "ated", "ates", "ate", "ments", "ment", "ness", "ously", "ingly")


@dataclass(frozen=True, slots=True)
class Found:
    """A sentence that speaks to an objective. `words` are the words of the sentence that matched, in its order."""

    sentence: Sentence
    score: float
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    names: frozenset[str]
    signs: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Read:
    """A text as stemmed phrases of up to five words, each with the words it stands for."""

    stems: tuple[str, ...]
    phrases: Mapping[str, str]


def relevant(objective: str, sentences: Sequence[Sentence], *, most: int = 5) -> tuple[Found, ...]:
    """The sentences that speak to an objective, best first; of equals the one that came first. () when none does."""
    asked = _read(objective)
    read = [_read(sentence.text) for sentence in sentences]
    scored = ((_score(asked, each, read), sentence) for each, sentence in zip(read, sentences, strict=True))
    found = [Found(sentence, round(score, 4), words) for (score, words), sentence in scored if score > 0]
    return tuple(sorted(found, key=lambda each: -each.score)[:most])


def _score(asked: _Read, read: _Read, among: Sequence[_Read]) -> tuple[float, tuple[str, ...]]:
    terms = {stem for stem in asked.stems if stem not in _idle()} & set(read.stems)
    own = sum(_own(term) * _rarity(_holding(term, among), len(among)) * _tf(read, term, among) for term in terms)
    topics = [(weight, _topics()[name]) for name, weight in _about(asked).items()]
    hits = [(weight, topic, _hits(topic, read)) for weight, topic in topics]
    meant = sum(weight * _topical(topic, words, among) for weight, topic, words in hits if words)
    matched = terms | {phrase for _, _, phrases in hits for phrase in phrases}
    return own + meant, tuple(words for phrase, words in read.phrases.items() if phrase in matched)


def _own(term: str) -> float:
    return OWN_WORD * (WEAK if term in _weak() else 1.0)


def _topical(topic: Topic, words: frozenset[str], among: Sequence[_Read]) -> float:
    """The surest word counts in full, each further one a little; more where few sentences are about the topic."""
    about = sum(bool(_hits(topic, each) - _weak()) for each in among)
    surest, *more = sorted((_sure(topic, word) for word in words), reverse=True)
    return _rarity(about, len(among)) * (surest + SECOND_SIGN * sum(more))


def _sure(topic: Topic, phrase: str) -> float:
    """A phrase says more surely than a word what is meant; a topic's name more than its signs."""
    if phrase in _weak():
        return WEAK
    return (1.0 if phrase in topic.names else SIGN) + LONGER * phrase.count(" ")


def _hits(topic: Topic, read: _Read) -> frozenset[str]:
    return frozenset((topic.names | topic.signs) & read.phrases.keys())


def _about(objective: _Read) -> dict[str, float]:
    """The topics of an objective and their weights. A name many topics share says less than one that is its own."""
    said = _longest(objective)
    named = {name: _claim(topic.names & said, "names") for name, topic in _topics().items()}
    shown = {name: _claim(topic.signs & said - _weak() - _idle(), "signs") for name, topic in _topics().items()}
    most = max(named.values()) or 1.0
    weights = {name: max(named[name] / most * NAMED, min(shown[name], 1.0) * SIGNED) for name in named}
    return {name: weight for name, weight in weights.items() if weight}


def _longest(objective: _Read) -> frozenset[str]:
    """What an objective names, without what is only part of a longer name: "sleep hygiene" is not hygiene."""
    known = [phrase for phrase in objective.phrases if phrase in _shared("names") or phrase in _shared("signs")]
    return frozenset(each for each in known if not any(each != other and _within(each, other) for other in known))


def _within(phrase: str, other: str) -> bool:
    return f" {phrase} " in f" {other} "


def _claim(phrases: Iterable[str], tier: str) -> float:
    return sum(1 / _shared(tier)[phrase] for phrase in phrases)


@cache
def _shared(tier: str) -> Counter[str]:
    """In how many topics each phrase stands."""
    return Counter(phrase for topic in _topics().values() for phrase in getattr(topic, tier))


def _rarity(holding: int, of: int) -> float:
    """As if among a few more sentences: in one short note, what is said twice is not yet common."""
    of += AS_IF
    return math.log(1 + (of - holding + 0.5) / (holding + 0.5))


def _holding(term: str, among: Sequence[_Read]) -> int:
    return sum(term in each.stems for each in among)


def _tf(read: _Read, term: str, among: Sequence[_Read]) -> float:
    times = Counter(read.stems)[term]
    average = sum(len(each.stems) for each in among) / len(among)
    length = 1 - BY_LENGTH + BY_LENGTH * len(read.stems) / average
    return times * (SATURATION + 1) / (times + SATURATION * length)


@cache
def _read(text: str) -> _Read:
    words = _WORD.findall(text.lower().replace("'", "").replace("’", ""))
    stems = tuple(stem(word) for word in words)
    spans = ((i, i + n) for n in range(1, LONGEST_PHRASE + 1) for i in range(len(stems) - n + 1))
    return _Read(stems, {" ".join(stems[i:j]): " ".join(words[i:j]) for i, j in sorted(spans)})


@cache
def _topics() -> Mapping[str, Topic]:
    table = _table()["topics"]
    return {name: Topic(_phrases(entry["names"]), _phrases(entry["signs"])) for name, entry in table.items()}


@cache
def _weak() -> frozenset[str]:
    return _phrases(_table()["weak"])


@cache
def _idle() -> frozenset[str]:
    """Small words, and what plans say whatever they are about: neither says what an objective is about."""
    return _phrases([*_table()["small"], *_table()["plan_talk"]])


def _phrases(listed: Iterable[str]) -> frozenset[str]:
    return frozenset(" ".join(stem(word) for word in _WORD.findall(phrase)) for phrase in listed)


@cache
def stem(word: str) -> str:
    """A light English stemmer: plurals, -ing, -ed, -ation, -ment, -ness; irregular forms from the table."""
    word = _irregular().get(word, word)
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 4:
            return word.removesuffix(suffix)
    return _without_e(_without_ending(_singular(word)))


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word.removesuffix("ies") + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word.removesuffix("es")
    return word.removesuffix("s") if len(word) > 3 and not word.endswith(("ss", "us", "is")) else word


def _without_ending(word: str) -> str:
    for suffix in ("ing", "ed", "ly"):
        rest = word.removesuffix(suffix)
        if rest != word and len(rest) >= 3 and re.search("[aeiouy]", rest):
            doubled = rest[-1] == rest[-2] and rest[-1] not in "lsz"
            return rest[:-1] if doubled else rest
    return word


def _without_e(word: str) -> str:
    if word.endswith("y"):
        return word.removesuffix("y") + "i"
    return word.removesuffix("e") if len(word) > 3 else word


@cache
def _irregular() -> Mapping[str, str]:
    forms: Mapping[str, str] = _table()["irregular"]
    return forms


@cache
def _table() -> Mapping[str, Any]:
    """The file as it stands; read once, when the first objective is looked up."""
    return tomllib.loads(_TABLE.read_text(encoding="utf-8"))
