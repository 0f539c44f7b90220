"""Whether the kept sentences carry a source sentence: citing it is not enough, its drugs, doses and statements must be there."""

from collections.abc import Sequence

from bot.drafting.checks.binding import doses
from bot.drafting.checks.dates import days
from bot.drafting.checks.drugs import drugs
from bot.drafting.checks.polarity import levels
from bot.drafting.checks.scope import RISK, Status, readings
from bot.drafting.checks.words import content, labels

ENOUGH = 0.25  # of the concepts of a source sentence


def carried(source: str, sentences: Sequence[str]) -> bool:
    """Whether the sentences that cite `source` say together what it says."""
    if not sentences:
        return False
    together = " ".join(sentences)
    return (
        drugs(source) <= drugs(together)
        and set(doses(source)) <= set(doses(together))
        and levels(source) <= levels(together)
        and _said(source) <= _said(together)
        and _same_day(source, together)
        and _enough(source, together)
    )


def _said(text: str) -> frozenset[tuple[str, Status]]:
    """What a text asserts about risk."""
    return frozenset(
        (name, status)
        for name, each in readings(text).items()
        if name in RISK
        for reading in each
        for status in reading
    )


def _same_day(source: str, together: str) -> bool:
    """Sentences that name days name one of the source's."""
    named, said = [each.day for each in days(source)], [each.day for each in days(together)]
    return not named or not said or any(day.fits(other) for day in said for other in named)


def _enough(source: str, together: str) -> bool:
    words = content(source) or labels(source)
    return not words or len(words & (content(together) | labels(together))) / len(words) >= ENOUGH
