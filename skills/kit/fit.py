"""Keep a summary within its words and drop nothing: a statement that does not fit stands further down, whole."""

from collections.abc import Sequence
from dataclasses import dataclass

from skills.kit.card import Line
from skills.kit.words import count


@dataclass(frozen=True, slots=True)
class Weighed:
    """A line that asks for a place. `weight` 0 is the most important; equal weights keep their order."""

    place: str  # the key of its passage
    line: Line
    weight: int


@dataclass(frozen=True, slots=True)
class Fitted:
    kept: tuple[Weighed, ...]
    left: tuple[Weighed, ...]

    def lines(self, place: str) -> tuple[Line, ...]:
        return tuple(weighed.line for weighed in self.kept if weighed.place == place)


def fit(candidates: Sequence[Weighed], words: int) -> Fitted:
    """The weightiest lines that fit into `words` together, and the rest; both in the order given."""
    kept: set[int] = set()
    room = words
    for index, weighed in sorted(enumerate(candidates), key=lambda pair: pair[1].weight):
        length = count(weighed.line.text)
        if length <= room:
            kept.add(index)
            room -= length
    sides = [tuple(c for i, c in enumerate(candidates) if (i in kept) is side) for side in (True, False)]
    return Fitted(*sides)
