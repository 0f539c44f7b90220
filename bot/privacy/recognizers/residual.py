"""What must not be in a finished request: everything that was masked, everything the record names, and numbers by their shape."""

import re
from collections.abc import Iterator
from typing import Final

from bot.privacy.recognizers import lists
from bot.privacy.recognizers.compiled import compiled
from bot.privacy.recognizers.folding import fold, spelled, tokens
from bot.privacy.recognizers.spans import Kind
from bot.privacy.record import Record
from bot.privacy.tags import PLACEHOLDER, Tags

_STRICT: Final = (
    (Kind.EMAIL, re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*[a-z]", re.IGNORECASE)),
    (Kind.PHONE, re.compile(r"(?<![\w.-])(?:\+?1[\s.-])?(?:\(\d{3}\)\s?|\d{3}[\s.-])\d{3}[\s.-]\d{4}(?![\w-])")),
    (Kind.ID, re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")),
)


def residual_kinds(text: str, tags: Tags, record: Record | None) -> Iterator[Kind]:
    """The kinds of identifiers that stand in `text` in the clear."""
    folded = PLACEHOLDER.sub(" ", fold(text))
    yield from (kind for kind, shape in _STRICT if shape.search(folded))
    yield from _masked(folded, tags)
    if record:
        yield from (found.kind for found in compiled(record).find(folded, tokens(folded)))


def _masked(folded: str, tags: Tags) -> Iterator[Kind]:
    """What was masked in one place may not stand in another. Everyday words are left to the other checks."""
    for kind in Kind:
        if any(_stands(folded, original) for original in tags.originals(kind) if _telling(kind, original)):
            yield kind


def _telling(kind: Kind, original: str) -> bool:
    words = spelled(original).split()
    if kind is Kind.AGE or len(original) < 4:
        return False
    return any(word not in lists.safe() for word in words) and (
        kind is not Kind.DATE or sum(map(str.isdigit, original)) > 3
    )


def _stands(folded: str, original: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(fold(original))}(?!\w)", folded) is not None
