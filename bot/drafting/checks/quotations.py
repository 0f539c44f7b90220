"""What stands in quotation marks is in the sources, word for word."""

import re
from collections.abc import Sequence

from bot.drafting.checks.words import folded

_QUOTED = re.compile(r"\"([^\"]+)\"|(?<![\w])'([^']{2,}(?:'\w[^']*)*)'(?!\w)")
_CUT = re.compile(r"\s*(?:\.\.\.|\[\.\.\.\]|…)\s*")
_EDGE = " .,;:!?'\""


def wrong(sentence: str, sources: Sequence[str]) -> bool:
    """Whether a quotation is not verbatim. Left out with dots, each part is; the first letter's case is free."""
    held = [_even(source) for source in sources]
    return any(not any(part in source for source in held) for quote in quotations(sentence) for part in _parts(quote))


def quotations(text: str) -> list[str]:
    return [double or single for double, single in _QUOTED.findall(folded(text))]


def _parts(quote: str) -> list[str]:
    return [even for part in _CUT.split(quote) if (even := _even(part).strip(_EDGE))]


def _even(text: str) -> str:
    """Lower case and one kind of quotation mark: a quotation within a quotation may change its marks."""
    return folded(text).replace('"', "'").lower()
