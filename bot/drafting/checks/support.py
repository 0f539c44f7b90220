"""Whether the sources hold what a sentence talks about at all: an invention without numbers has only its words to give it away."""

import re
from collections.abc import Sequence

from bot.drafting.checks.words import content, folded, labels, spoken

ENOUGH = 0.5  # of the concepts of a sentence
NEW_IN_A_PART = 2  # concepts of one part of a sentence: an addition, not a paraphrase
MOSTLY = 0.7
MANY = 6
_CONDITION = re.compile(
    r"\b(?:schizo|bipolar|borderline|narciss|antisocial|posttraum|panic|obsess|compuls|anorex|bulimi|autis|dement|delusion|psychosis"
    r"|psychot|dissoci|oppositional|hyperactiv|postpartum|cannabis|cocaine|opioid|stimulant|nicotine|diabet|hypertens|epilep|seizure"
    r"|migraine|asthma|cancer|pregnan|hepatit|arthrit|hypothyroid)"
)
_PART = re.compile(r"[;:.,](?=\s)|\b(?:and|but|while|because|so|although|which|who)\b")


def wrong(sentence: str, sources: Sequence[str]) -> bool:
    held = frozenset[str]().union(*(content(source) for source in sources))
    said = content(sentence)
    if not said and not labels(sentence) <= frozenset[str]().union(*(labels(source) for source in sources)):
        return True
    share = len(said & held) / len(said) if said else 1.0
    if share < ENOUGH or (share == ENOUGH and len(said) >= MANY) or _condition_new(sentence, sources):
        return True
    return any(_all_new(content(part), held) for part in _PART.split(folded(sentence)))


def _all_new(said: frozenset[str], held: frozenset[str]) -> bool:
    return len(said) >= NEW_IN_A_PART and len(said - held) > len(said) * MOSTLY


def _condition_new(sentence: str, sources: Sequence[str]) -> bool:
    """Whether a condition is named that no source names."""
    held = {name for source in sources for name in _CONDITION.findall(spoken(source))}
    return not held.issuperset(_CONDITION.findall(spoken(sentence)))
