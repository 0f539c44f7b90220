"""Words that weigh: a sentence that speaks of risk, consent, discharge or approval rests on a source that does too.

Half of a sentence may be paraphrase; these may not be, however short the clause that they came in with.
"""

import re
from collections.abc import Sequence

_CONCEPTS = tuple(
    re.compile(rf"\b(?:{words})", re.IGNORECASE)
    for words in (
        r"risk\w*|danger\w*|safe\b|safety|concerns?\b|urgent|stable\b",
        r"suicid\w*|si\b|self[- ]harm\w*|kill\w*|wish(?:es|ed|ing)? to be dead|not wak\w+ up|want\w* to die",
        r"homicid\w*|hi\b|threat\w*|violen\w*|weapons?\b|firearms?\b|hand ?guns?\b|guns?\b",
        r"consent\w*|releas\w+|roi\b|waive\w*|confidential\w*|authori[sz]\w*",
        r"discharg\w*|clos(?:e|ed|ing) (?:\w+ )?(?:case|chart|file)\b|no (?:further )?follow-up|deceased|died\b",
        r"approv\w*|sign(?:ed|s)? (?:off|by)\b|no (?:further )?(?:human )?review",
        r"arrest\w*|parole\w*|probation\w*|convict\w*|custody",
    )
)


def wrong(sentence: str, sources: Sequence[str]) -> bool:
    """Whether it speaks of something that weighs, and none of the sources does."""
    return any(concept.search(sentence) and not any(map(concept.search, sources)) for concept in _CONCEPTS)
