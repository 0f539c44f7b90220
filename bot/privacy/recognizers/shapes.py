"""A shape is looked for only where it can begin: at a figure, or at one of a few words. That is what makes it fast."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.privacy.recognizers.folding import Token

FIGURE: Final = "0"  # a word that begins with a figure
MIXED: Final = "a0"  # one that begins with a letter and has a figure in it
SHOUT: Final = "AAA"  # three letters in capitals


@dataclass(frozen=True, slots=True)
class Shape:
    """`begins`: the words (small letters) or kinds of word a match begins with."""

    begins: frozenset[str]
    pattern: re.Pattern[str]

    def found(self, folded: str, starts: "Starts") -> Iterator[re.Match[str]]:
        for begin in self.begins:
            for at in starts.at(begin):
                match = self.pattern.match(folded, at)
                if match:
                    yield match


def shape(begins: Iterable[str] | str, pattern: str, flags: int = re.IGNORECASE) -> Shape:
    words = begins.split() if isinstance(begins, str) else begins
    return Shape(frozenset(words), re.compile(pattern, flags))


class Starts:
    """Where the words of a text begin, by word."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._at: dict[str, list[int]] = {}
        for token in tokens:
            self._add(token.low, token.start)
            if token.text[0].isdigit():
                self._add(FIGURE, token.start)
            elif any(map(str.isdigit, token.text)):
                self._add(MIXED, token.start)
            elif len(token.text) == 3 and token.shouted:
                self._add(SHOUT, token.start)

    def _add(self, key: str, start: int) -> None:
        self._at.setdefault(key, []).append(start)

    def at(self, begin: str) -> Sequence[int]:
        return self._at.get(begin, ())
