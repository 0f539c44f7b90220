"""What was not drafted from the sources, however short: orders, words that nobody knows, a clause that stands alone."""

import re
from calendar import day_abbr, day_name, month_abbr, month_name
from collections.abc import Sequence

from bot.drafting.orders import orders
from bot.privacy.recognizers import lists

_CLAUSE = re.compile(r"[;!?](?:\s|$)|\.(?:\s|$)(?=(?:\W*\w+\W+\w))")
_WORD = re.compile(r"[^\W\d_]+")
_NAME = re.compile(r"(?<=[a-z,;:)] )[^\W\d_a-z][^\W\d_]{2,}")
_MARKUP = re.compile(r"!\[|\]\(|<[a-z/!]|://|`{3}|[{}]", re.IGNORECASE)
_CALENDAR = frozenset(word.casefold() for word in (*month_name, *month_abbr, "Sept", *day_name, *day_abbr) if word)
_FIGURES = frozenset({"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "once", "twice"})
_OWN_CHECKS = _CALENDAR | _FIGURES
_STEM = 4
_TITLE = 3  # "Mrs" is no clause
_SHORTEST = 3  # letters of a word that says something


def wrong(sentence: str, sources: Sequence[str]) -> bool:
    held = {stem for source in sources for stem in _stems(source)}
    ordered = orders(sentence) and not any(map(orders, sources))
    drawn = _MARKUP.search(sentence) is not None and not any(map(_MARKUP.search, sources))
    return ordered or drawn or _unknown(sentence, held) or _alone(sentence, held)


def _unknown(sentence: str, held: set[str]) -> bool:
    """A name, or a word that no list knows, which is in no source. Dates and figures have checks of their own."""
    words = {word.casefold() for word in _WORD.findall(sentence) if len(word) >= _SHORTEST}
    named = {name.casefold() for name in _NAME.findall(sentence)} & lists.names()
    return any(word[:_STEM] not in held for word in ((words - lists.safe()) | named) - _OWN_CHECKS)


def _alone(sentence: str, held: set[str]) -> bool:
    """One clause of several that shares no word with a source; figures and placeholders are checked elsewhere."""
    clauses = [clause for clause in _CLAUSE.split(sentence) if len(clause) > _TITLE and _WORD.search(clause)]
    return len(clauses) > 1 and any(not _stems(each) & held and not re.search(r"[\d\[]", each) for each in clauses)


def _stems(text: str) -> set[str]:
    return {word[:_STEM].casefold() for word in _WORD.findall(text) if len(word) >= _SHORTEST}
