"""Telephone and record numbers, birth dates, addresses and towns that the record names, in any spelling a scan may give them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import product
from typing import Final

from bot.privacy.recognizers import lists
from bot.privacy.recognizers.folding import Token, spelled, tokens
from bot.privacy.recognizers.spans import KNOWN, Found, Kind
from bot.privacy.record import Record

# Figures as a poor scan shows them, with what may stand between: at least four of them.
_RUN: Final = re.compile(r"(?<!\w)[(+]{0,2}(?:[A-Z]{1,4}[ ./-]?)?[0-9OolISBZ](?:[ ./()-]{0,3}[0-9OolISBZ]){3,17}(?!\w)")
_SCANNED: Final = str.maketrans({"O": "0", "o": "0", "l": "1", "I": "1", "S": "5", "B": "8", "Z": "2"})
_FIGURES: Final = re.compile(r"[0-9OolISBZ]+")


class KnownNumbers:
    """The numbers of a record, as figures only."""

    def __init__(self, record: Record) -> None:
        phones = [_figures(phone) for phone in record.phones]
        self._kinds: dict[str, Kind] = {
            p: Kind.PHONE for phone in phones for p in (phone[-10:], phone[-7:]) if len(p) >= 7
        }
        self._kinds |= {_figures(number): Kind.ID for number in record.ids if len(_figures(number)) >= 4}
        self._kinds |= {written: Kind.DATE for birth in record.births for written in _written(birth)}
        self._words = [(Kind.EMAIL, mail.lower()) for mail in record.emails] + [
            (Kind.ID, number.lower()) for number in record.ids if len(_figures(number)) < 4
        ]

    def find(self, folded: str) -> Iterator[Found]:
        for match in _RUN.finditer(folded):
            kind = self._kind(match[0])
            if kind:
                yield Found(match.start(), match.end(), kind, KNOWN)
        low = folded.lower() if self._words else ""
        for kind, words in self._words:
            at = low.find(words)
            while at >= 0:
                yield Found(at, at + len(words), kind, KNOWN)
                at = low.find(words, at + 1)

    def _kind(self, run: str) -> Kind | None:
        """A number is the one of the record when its figures end or begin with it; short ones must be all there is."""
        figures = "".join(_FIGURES.findall(run)).translate(_SCANNED)
        if not any(map(str.isdigit, run)):
            return None
        exact = self._kinds.get(figures) or self._kinds.get(figures.lstrip("850"))
        return exact or next(
            (kind for number, kind in self._kinds.items() if len(number) >= 6 and number in figures), None
        )


def _figures(number: str) -> str:
    return re.sub(r"\D", "", number)


def _written(day: date) -> set[str]:
    """A date in figures, in every order, with and without zeros and century."""
    years, months, days = (
        {str(day.year), f"{day.year % 100:02d}"},
        {str(day.month), f"{day.month:02d}"},
        {str(day.day), f"{day.day:02d}"},
    )
    orders = [*product(months, days, years), *product(days, months, years), *product(years, months, days)]
    return {written for order in orders if len(written := "".join(order)) >= 5}


class KnownPlaces:
    """Towns, street lines, employers and schools of a record, word by word."""

    def __init__(self, places: Iterable[str], streets: Iterable[str]) -> None:
        self._begin: dict[str, list[tuple[str, ...]]] = {}
        self._whole: set[tuple[str, ...]] = set()
        for place in (*places, *streets):
            words = tuple(token.low for token in tokens(spelled(place)))
            self._whole.add(words)
            for beginning in _ways(words, street=place in streets):
                self._begin.setdefault(beginning[0], []).append(beginning)

    def find(self, tokens: Sequence[Token]) -> Iterator[Found]:
        for at, token in enumerate(tokens):
            for words in self._begin.get(token.low, ()):
                inside = tokens[at : at + len(words)]
                if tuple(each.low for each in inside) == words and _meant(inside, whole=words in self._whole):
                    yield Found(token.start, inside[-1].end, Kind.LOCATION, KNOWN)


def _ways(words: tuple[str, ...], *, street: bool) -> Iterator[tuple[str, ...]]:
    """The whole, and how people shorten it: house number and street, the first word of an employer."""
    if not words or (len(words) == 1 and len(words[0]) < 3):
        return
    yield words
    if street and len(words) > 2:
        yield words[:2]
    elif len(words) > 1 and len(words[0]) >= 4 and words[0] not in lists.safe() and not words[0][0].isdigit():
        yield words[:1]
    elif len(words) > 2 and not words[0][0].isdigit():
        yield words[:2]


def _meant(inside: Sequence[Token], *, whole: bool) -> bool:
    """One everyday word is a place only with a capital inside of a sentence; half an employer's, only in capitals."""
    if len(inside) > 1 and not whole:
        return all(token.capital or token.text[0].isdigit() or token.low not in lists.safe() for token in inside)
    if len(inside) > 1 or inside[0].low not in lists.safe():
        return True
    return inside[0].text[0].isdigit() or (inside[0].capital and not inside[0].opens)
