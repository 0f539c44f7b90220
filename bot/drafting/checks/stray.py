"""A clause that shares no word with any source was not drafted from them, however short it is."""

import re
from collections.abc import Sequence

_END = re.compile(r"[;.!?](?:\s|$)")
_WORD = re.compile(r"[^\W\d_]{4,}")
_STEM = 4
FEWEST = 2  # words: less is an abbreviation's full stop


def wrong(sentence: str, sources: Sequence[str]) -> bool:
    """Whether one clause of several stands for itself."""
    clauses = [clause for clause in _END.split(sentence) if len(clause.split()) >= FEWEST]
    held = {stem for source in sources for stem in _stems(source)}
    return len(clauses) > 1 and any(
        not _stems(clause) & held and not re.search(r"[\d\[]", clause) for clause in clauses
    )


def _stems(text: str) -> set[str]:
    return {word[:_STEM].casefold() for word in _WORD.findall(text)}
