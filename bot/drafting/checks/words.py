"""Text as the checks see it: folded, cut into tokens, and each word brought to the form it shares with its synonyms."""

import re
import unicodedata
from functools import lru_cache

from bot.drafting.checks.lexicon import FORMS, LABELS, NEUTRAL, PHRASES, SYNONYMS

TAG = re.compile(r"\[([A-Z][A-Z_]*_?\d+)[^\]\n]*\]")
_FOLD = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "‑": "-", "−": "-"}
)
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ue000-\uf8ff]")
_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+(?:[.:]\d+)*|[.;:!?,()\"/]")
_ENDINGS = (("ies", "y"), ("ied", "y"), ("sses", "ss"), ("ing", ""), ("edly", ""), ("ed", ""), ("ly", ""), ("s", ""))
_SHORTEST_STEM = 3
_MEASURES = {"phq": ("depression", "screen"), "gad": ("anxiety", "screen"), "ssrs": ("suicide", "screen")}


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """One spelling for what looks the same: quotation marks, dashes, width, blanks. Case and words stay."""
    visible = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return " ".join(visible.translate(_FOLD).split())


@lru_cache(maxsize=4096)
def spoken(text: str) -> str:
    """Lower case, with contractions, abbreviations and set phrases written as the plain words they stand for."""
    words = folded(text)
    for pattern, plain in PHRASES:
        words = pattern.sub(plain, words)
    return words.lower()


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[str, ...]:
    """Words, numbers and marks in order; tags are no words."""
    return tuple(_TOKEN.findall(spoken(TAG.sub(" ", text))))


@lru_cache(maxsize=16384)
def concept(word: str) -> str:
    """The word's common form: "improving", "improved" and "better" are one concept."""
    base = stem(word)
    return SYNONYMS.get(word) or SYNONYMS.get(base) or base


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    bare = word.removesuffix("'s").replace("'", "")
    if bare in FORMS:
        return _settled(FORMS[bare])
    for ending, instead in _ENDINGS:
        if (
            bare.endswith(ending)
            and len(bare) - len(ending) >= _SHORTEST_STEM
            and not bare.endswith(("ss", "us", "is"))
        ):
            return _settled(bare[: -len(ending)] + instead)
    return _settled(bare)


def _settled(base: str) -> str:
    """Without a doubled last letter and without a silent e: "stopp" and "stop", "increase" and "increas" are one."""
    if len(base) > _SHORTEST_STEM and base[-1] == base[-2] and base[-1] not in "lsz":
        return base[:-1]
    return base.removesuffix("e") if len(base) > _SHORTEST_STEM else base


def is_word(token: str) -> bool:
    return token[0].isalpha()


@lru_cache(maxsize=4096)
def content(text: str) -> frozenset[str]:
    """The concepts a text is about: no numbers, no marks, no words that say nothing of their own."""
    found = (concept(token) for token in tokens(text) if is_word(token) and not neutral(token))
    implied = (concept(word) for name, words in _MEASURES.items() if name in tokens(text) for word in words)
    return frozenset(
        each for each in (*found, *implied) if len(each) > 1 and each not in NEUTRAL and each not in LABELS
    )


@lru_cache(maxsize=4096)
def labels(text: str) -> frozenset[str]:
    """The labels of the template that a text names: "alert", "treatment"."""
    return frozenset(concept(token) for token in tokens(text) if is_word(token)) & LABELS


def neutral(token: str) -> bool:
    return token in NEUTRAL or stem(token) in _NEUTRAL_STEMS


_NEUTRAL_STEMS = frozenset(stem(word) for word in NEUTRAL)
