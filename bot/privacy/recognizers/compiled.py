"""A record made ready to look for: compiled once, then used for every text of a request and for the check of its body.

Only the last few are kept, in memory alone: a draft looks for the same record many times within a second.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from bot.privacy.recognizers.folding import Token
from bot.privacy.recognizers.known import KnownNames
from bot.privacy.recognizers.known_numbers import KnownNumbers, KnownPlaces
from bot.privacy.recognizers.spans import Found
from bot.privacy.record import Record


class Compiled:
    """Everything one record names."""

    def __init__(self, record: Record) -> None:
        self._names, self._numbers = KnownNames(record.people), KnownNumbers(record)
        self._places = KnownPlaces(record.places, record.addresses)

    def find(self, folded: str, words: Sequence[Token]) -> Iterator[Found]:
        yield from self._numbers.find(folded)
        yield from self._places.find(words)
        yield from self._names.find(folded, words)


@lru_cache(maxsize=8)
def compiled(record: Record) -> Compiled:
    """The same for the same record. Nothing in it changes while it is used."""
    return Compiled(record)
