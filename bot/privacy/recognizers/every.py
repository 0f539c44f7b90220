"""All layers over one text, the surest first. What they find is merged; each stays where it stands in the original."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from bot.privacy.recognizers import addresses, context, dates, gate, numbers
from bot.privacy.recognizers.compiled import compiled
from bot.privacy.recognizers.folding import Token, fold, tokens
from bot.privacy.recognizers.institutions import institutions, whole_place
from bot.privacy.recognizers.ner import Ner, recognised
from bot.privacy.recognizers.shapes import Starts
from bot.privacy.recognizers.singular import singular
from bot.privacy.recognizers.spans import GATE, SHAPE, Found, Kind, merged
from bot.privacy.record import Record
from bot.privacy.tags import PLACEHOLDER

_BRIDGES: Final = re.compile(r"[,.]?\s{1,2}|,?\s+(?:in|at|of|on)\s+|[\s,.\n]{1,4}", re.IGNORECASE)

_HYPHENS: Final = re.compile(r"-(?:on|en|sur|upon|under|am|an|der|la|le|les|aux|by|the|by-the|sous|de|in)-")
_NAMED: Final = frozenset({Kind.NAME, Kind.LOCATION, Kind.TERM})
_NICKNAME: Final = re.compile(r""" ["'(][A-Z][\w-]*["')] """)


class Finder:
    """The recognizers with one record, compiled once and used for every part of a request."""

    def __init__(self, record: Record | None, *, ner: Ner | None = None, gate: bool = True) -> None:
        self._known = compiled(record or Record())
        self._ner, self._gate = ner, gate

    def find(self, text: str) -> tuple[Found, ...]:
        """Every identifier of `text`, in order, without overlaps."""
        folded = fold(text)
        words = tokens(folded, text)
        sure = merged([*self._known.find(folded, words), *_shapes(folded, words)])
        found = [*sure, *context.announced(folded, words), *self._listed(folded, words, sure)]
        if self._ner:
            found += recognised(text, self._ner)
        whole = [whole_place(folded, f) for f in merged(found)]
        return _bridged(folded, merged(whole))

    def known_in(self, text: str) -> bool:
        """Is anything that the record names still in this text?"""
        folded = fold(text)
        return any(True for _ in self._known.find(folded, tokens(PLACEHOLDER.sub(_blank, folded))))

    def _listed(self, folded: str, words: Sequence[Token], sure: Sequence[Found]) -> Iterator[Found]:
        yield from addresses.towns(folded, words)
        yield from institutions(folded, words)
        masks = gate.unsure(folded, words)
        yield from addresses.chains(folded, words, masks)
        for each in gate.closed(folded, words, masks):
            if self._gate or each.trust > GATE:
                yield each


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _shapes(folded: str, words: Sequence[Token]) -> Iterator[Found]:
    starts = Starts(words)
    for match in PLACEHOLDER.finditer(folded):
        yield Found(match.start(), match.end(), Kind.TERM, SHAPE + 5)
    yield from dates.dates(folded, starts)
    yield from dates.ages(folded, starts)
    yield from numbers.numbers(folded, starts)
    yield from addresses.addresses(folded)
    yield from singular(folded)


def _bridged(folded: str, found: tuple[Found, ...]) -> tuple[Found, ...]:
    """A clinic and its town are one place; a first name beside a surname is one name."""
    whole: list[Found] = []
    for each in found:
        if whole and _goes_on(folded, whole[-1], each):
            one = whole[-1]
            whole[-1] = Found(one.start, each.end, one.kind, one.trust, one.who if one.who == each.who else None)
        else:
            whole.append(each)
    return tuple(whole)


def _goes_on(folded: str, one: Found, other: Found) -> bool:
    between = folded[one.end : other.start]
    joint = _HYPHENS.fullmatch(between) or _NICKNAME.fullmatch(between)
    if joint and {one.kind, other.kind} <= _NAMED and not (one.who or other.who):
        return True
    if one.kind is other.kind is Kind.LOCATION:
        return _BRIDGES.fullmatch(between) is not None
    if {one.kind, other.kind} == {Kind.NAME, Kind.TERM}:
        return between in {" ", "-", ""} and not (one.who or other.who)
    return one.kind is other.kind is Kind.NAME and between in {" ", "-"} and one.who == other.who
