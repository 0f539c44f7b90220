"""How many days lie between the dates of one request: what a draft needs of them, and all that a model is told."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

from bot.privacy.recognizers.folding import fold

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMERIC: Final = re.compile(r"(\d{1,2})\s?[/.-]\s?(\d{1,2})\s?[/.-]\s?(\d{4}|\d{2})(?!\d)")
_ISO: Final = re.compile(r"(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(?!\d)|\b((?:19|20)\d\d)(\d\d)(\d\d)")
_NAMED: Final = re.compile(r"([a-z]{3,9})\.?\s*(?:the\s+)?(\d{1,2})(?:st|nd|rd|th)?,?\s*(?:of\s+)?((?:19|20)\d\d)\b")
_TURNED: Final = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th)?[\s-]*(?:day\s+)?(?:of\s+)?([a-z]{3,9})\.?[\s,-]*((?:19|20)\d\d)\b"
)


def days(written: Iterable[str], births: Iterable[date], zero: date | None) -> dict[str, int]:
    """Each date as it is written -> days after `zero` (after the earliest of them, without one).

    Only whole dates count. Birth dates do not: their distance to a visit is an age in days.
    """
    read = {text: day for text in written if (day := _read(text)) and day not in set(births)}
    start = zero or min(read.values(), default=None)
    return {text: (day - start).days for text, day in read.items()} if start else {}


def _read(text: str) -> date | None:
    folded = fold(text).lower()
    try:
        if match := _ISO.search(folded):
            return date(int(match[1] or match[4]), int(match[2] or match[5]), int(match[3] or match[6]))
        if match := _NUMERIC.search(folded):
            return _american(int(match[1]), int(match[2]), match[3])
        if match := _NAMED.search(folded):
            return date(int(match[3]), _month(match[1]), int(match[2]))
        if match := _TURNED.search(folded):
            return date(int(match[3]), _month(match[2]), int(match[1]))
    except ValueError:
        return None
    return None


def _american(month: int, day: int, year: str) -> date:
    """Month first, unless only the other order is a date. Two figures: this century up to 2068."""
    whole = int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 69 else 1900)
    return date(whole, day, month) if month > 12 else date(whole, month, day)


def _month(name: str) -> int:
    return _MONTHS.index(name[:3]) + 1
