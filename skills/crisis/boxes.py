"""Check boxes on a line: which words are ticked, which are offered and left, and what a ticked yes or no answers."""

import re
from dataclasses import dataclass

_BOX = re.compile(r"\[ ?(?P<tick>[x✓✔*]?) ?\]|\( ?(?P<round>x) ?\)|\((?P<empty> +|)\)|(?P<sign>[☐☑☒✓✔□■])")
_NO = re.compile(r"[\s:]*(?:no|none|denies|denied|n|negative|absent|not present|n/a|not endorsed)\b")
_YES = re.compile(r"[\s:]*(?:yes|y|present|positive|endorsed|active|passive|current)\b")


@dataclass(frozen=True, slots=True)
class Ticked:
    """The words from `start` to `end` (of the line) and whether their box is ticked."""

    start: int
    end: int
    yes: bool


def ticked(line: str) -> tuple[Ticked, ...]:
    """What each box of a line says; () for a line without boxes. `line` is plain."""
    boxes = list(_BOX.finditer(line))
    if not boxes:
        return ()
    if not line[boxes[-1].end() :].strip(" .,;"):
        return _after_words(line, boxes)
    ends = [*(box.start() for box in boxes[1:]), len(line)]
    options = [Ticked(box.end(), end, _is_ticked(box)) for box, end in zip(boxes, ends, strict=True)]
    return (*_answered(line, boxes[0].start(), options), *options)


def _after_words(line: str, boxes: list[re.Match[str]]) -> tuple[Ticked, ...]:
    """The box follows its words: `SI [ ]  HI [x]`."""
    starts = [0, *(box.end() for box in boxes[:-1])]
    return tuple(Ticked(start, box.start(), _is_ticked(box)) for start, box in zip(starts, boxes, strict=True))


def _answered(line: str, end: int, options: list[Ticked]) -> tuple[Ticked, ...]:
    """The words before the boxes are a question: `SI: [ ] yes [x] no`. Left open, it says nothing here."""
    for option in options:
        if option.yes and _NO.match(line, option.start):
            return (Ticked(0, end, yes=False),)
        if option.yes and _YES.match(line, option.start):
            return (Ticked(0, end, yes=True),)
    return ()


def _is_ticked(box: re.Match[str]) -> bool:
    return bool(box["tick"] or box["round"]) or (box["sign"] or "☐") not in "☐□"
