"""Tags such as [NAME_3] stand for what was masked: a sentence may use only those that its sources hold."""

import re
from collections.abc import Sequence

from bot.drafting.checks.words import TAG, folded

_LIKE_A_TAG = re.compile(r"\[[^\]\n]*[A-Za-z]+[ _-]?\d+[^\]\n]*\]|\b[A-Z]{3,}_\d+\b")


def wrong(sentence: str, sources: Sequence[str]) -> bool:
    """Whether a tag is not in the sources, or something looks like a tag and is none."""
    known = {tag for source in sources for tag in TAG.findall(folded(source))}
    text = folded(sentence)
    if not known.issuperset(TAG.findall(text)):
        return True
    return any(not _in(mark, sources) for mark in _LIKE_A_TAG.findall(TAG.sub(" ", text)))


def _in(mark: str, sources: Sequence[str]) -> bool:
    return any(mark in folded(source) for source in sources)
