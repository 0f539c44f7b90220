"""Whether a sentence asserts what its sources assert: "denies" stays a denial, "not assessed" never becomes one.

Of suicide, violence and the like each single mention must be read in a source the same way; a topic that no source names
is no topic of the sentence either. Of all else it is enough that some source can be read so.
"""

import re
from collections.abc import Sequence

from bot.drafting.checks.scope import RISK, Reading, Status, readings
from bot.drafting.checks.words import concept, folded, spoken

_GENERAL = frozenset(concept(word) for word in ("means", "threat", "kill", "intent", "ideation", "cutting"))
_LEVELS_WORDS = """
    minimal mild moderate moderately severe low high imminent elevated stable watcher urgent acute chronic passive
    fleeting
"""
LEVELS = frozenset(_LEVELS_WORDS.split())
_MEANINGFUL = re.compile(r"\b(?:clinically )?(?:meaningful|significant)(?:ly)?\b")
_SHORT_OF = re.compile(
    r"\b(?:no|not|never|neither|without|below|under|less|smaller|short|beneath|nor)(?: \w+){0,4} $|\bin$"
)
_NOT_A_LEVEL = re.compile(r"\b(?:highly|high school|severe weather|low income|low carb)\b")


def wrong(sentence: str, sources: Sequence[str]) -> bool:
    held: dict[str, set[Status]] = {}
    for source in sources:
        for name, mentions in readings(source).items():
            held.setdefault(name, set()).update(*mentions)
    return any(_differs(name, mentions, held) for name, mentions in readings(sentence).items())


def _differs(name: str, mentions: Sequence[Reading], held: dict[str, set[Status]]) -> bool:
    if name not in held:
        return name in RISK and name not in _GENERAL
    return any(not each & held[name] for each in mentions)


def level_wrong(sentence: str, sources: Sequence[str]) -> bool:
    """Whether a grade such as "moderate" or "urgent" is in no source."""
    held = {level for source in sources for level in levels(source)}
    return not held.issuperset(levels(sentence)) or _made_meaningful(sentence, sources)


def _made_meaningful(sentence: str, sources: Sequence[str]) -> bool:
    """Whether a change that every source calls less than meaningful is called meaningful."""
    said, held = _meaningful(sentence), {each for source in sources for each in _meaningful(source)}
    return bool(held) and True in said and True not in held


def _meaningful(text: str) -> frozenset[bool]:
    """Of each mention of a meaningful change, whether it says that there was one."""
    line = spoken(folded(text))
    return frozenset(not _SHORT_OF.search(line[: found.start()]) for found in _MEANINGFUL.finditer(line))


def levels(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]+", _NOT_A_LEVEL.sub(" ", spoken(folded(text))))) & LEVELS
