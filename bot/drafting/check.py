"""Each drafted sentence against the sources it cites, by rule: what they do not support is taken out whole, counted.

Nothing is softened or repaired. Where a sentence is taken out, and where the kept ones do not carry a safety or
medication fact, the template's own line stands instead. Works on masked text and on text with the names put back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.drafting.checks import (
    binding,
    coverage,
    dates,
    direction,
    drugs,
    frequency,
    numbers,
    people,
    placeholders,
    polarity,
    quotations,
    stray,
    support,
    weighty,
)
from skills.kit.prompt import Evidence, Prompt, Sentence, Topic

COVERED = frozenset({Topic.SAFETY, Topic.MEDICATION})


class Reason(StrEnum):
    """Why a sentence was taken out: the first rule that it broke."""

    NO_SOURCE = "no_source"
    UNKNOWN_SOURCE = "unknown_source"
    PLACEHOLDER = "placeholder"
    QUOTE = "quote"  # in quotation marks, and not verbatim
    POLARITY = "polarity"
    DIRECTION = "direction"
    DRUG = "drug"
    DOSE = "dose"
    DATE = "date"
    NUMBER = "number"
    PERSON = "person"
    UNSUPPORTED = "unsupported"  # the sources do not speak of it


@dataclass(frozen=True, slots=True)
class Removed:
    sentence: Sentence
    reason: Reason


@dataclass(frozen=True, slots=True)
class Checked:
    """`uncovered`: safety and medication sources that no kept sentence carries."""

    kept: tuple[Sentence, ...]
    removed: tuple[Removed, ...]
    uncovered: tuple[Evidence, ...]


type Rule = Callable[[str, Sequence[str]], bool]

RULES: tuple[tuple[Reason, Rule], ...] = (
    (Reason.PLACEHOLDER, placeholders.wrong),
    (Reason.QUOTE, quotations.wrong),
    (Reason.DRUG, drugs.wrong),
    (Reason.DOSE, numbers.dose_wrong),
    (Reason.DOSE, binding.dose_wrong),
    (Reason.DOSE, frequency.wrong),
    (Reason.DATE, dates.wrong),
    (Reason.NUMBER, numbers.wrong),
    (Reason.NUMBER, binding.wrong),
    (Reason.POLARITY, polarity.wrong),
    (Reason.POLARITY, polarity.level_wrong),
    (Reason.DIRECTION, direction.wrong),
    (Reason.PERSON, people.wrong),
    (Reason.UNSUPPORTED, support.wrong),
    (Reason.UNSUPPORTED, weighty.wrong),
    (Reason.UNSUPPORTED, stray.wrong),
)


def check(sentences: Sequence[Sentence], prompt: Prompt) -> Checked:
    """Sort the sentences, in order. A sentence is judged by the evidence it cites and by nothing else."""
    judged = [(sentence, why_not(sentence, prompt)) for sentence in sentences]
    kept = tuple(sentence for sentence, reason in judged if reason is None)
    removed = tuple(Removed(sentence, reason) for sentence, reason in judged if reason is not None)
    return Checked(kept, removed, uncovered(kept, prompt))


def why_not(sentence: Sentence, prompt: Prompt) -> Reason | None:
    """The first rule the sentence breaks; None when the sources it cites support it."""
    if not sentence.cites or not sentence.text.strip():
        return Reason.NO_SOURCE
    cited = prompt.cited(sentence.cites)
    if {each.id for each in cited} != set(sentence.cites):
        return Reason.UNKNOWN_SOURCE
    sources = tuple(each.text for each in cited)
    return next((reason for reason, broken in RULES if broken(sentence.text, sources)), None)


def uncovered(kept: Sequence[Sentence], prompt: Prompt) -> tuple[Evidence, ...]:
    """Safety and medication sources that the kept sentences do not carry, in the order of the prompt."""
    due = (each for each in prompt.evidence if each.topic in COVERED)
    return tuple(each for each in due if not coverage.carried(each.text, _citing(each, kept)))


def _citing(evidence: Evidence, kept: Sequence[Sentence]) -> list[str]:
    return [sentence.text for sentence in kept if evidence.id in sentence.cites]
