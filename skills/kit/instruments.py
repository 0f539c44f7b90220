"""Bands and meaningful change of the instruments whose cut-offs are published. Never a score from free text.

PHQ-9: Kroenke, Spitzer and Williams 2001 (bands), Löwe and others 2004 (change of 5). GAD-7: Spitzer and others 2006
(bands), Toussaint and others 2020 (change of 4). An instrument that is not here is shown as its number alone.
"""

from dataclasses import dataclass

from ehr_clients.models import Assessment


@dataclass(frozen=True, slots=True)
class Instrument:
    name: str
    bands: tuple[tuple[int, str], ...]  # up to and including, word
    meaningful: int


PHQ9 = Instrument(
    "PHQ-9", ((4, "minimal"), (9, "mild"), (14, "moderate"), (19, "moderately severe"), (27, "severe")), 5
)
GAD7 = Instrument("GAD-7", ((4, "minimal"), (9, "mild"), (14, "moderate"), (21, "severe")), 4)
KNOWN = {instrument.name: instrument for instrument in (PHQ9, GAD7)}
CSSRS_ALL_NO = "no to every question asked"
CSSRS_YES = "answered yes, no level on file"
CSSRS_UNKNOWN = "taken, no level on file"
ITEM_NINE = ("not at all", "several days", "more than half the days", "nearly every day")


def band(instrument: str, total: float) -> str | None:
    """The published word for a total; None for an instrument without bands or a total outside its range."""
    known = KNOWN.get(instrument)
    if known is None or total < 0:
        return None
    return next((word for top, word in known.bands if total <= top), None)


def change(instrument: str, before: float, now: float) -> str:
    """Such as "up 6, a meaningful change", "down 2, less than a meaningful change" or "unchanged"."""
    step = now - before
    if step == 0:
        return "unchanged"
    said = f"{'up' if step > 0 else 'down'} {abs(step):g}"
    known = KNOWN.get(instrument)
    if known is None:
        return said
    return f"{said}, {'a' if abs(step) >= known.meaningful else 'less than a'} meaningful change"


def worse(instrument: str, before: float, now: float) -> bool:
    """Whether a total rose by a meaningful change; never for an instrument whose meaningful change is not published."""
    known = KNOWN.get(instrument)
    return known is not None and now - before >= known.meaningful


def item_nine(value: int | None) -> str:
    """PHQ-9 item 9 in words. None is said, and never reads as zero."""
    if value is None:
        return "item 9 not on file"
    word = ITEM_NINE[value] if 0 <= value < len(ITEM_NINE) else "outside the instrument's range"
    return f"item 9: {value} ({word})"


def cssrs_level(screen: Assessment) -> str:
    """The level as reported or answered. "No to every question asked" needs a no to 1, 2 and 6, and a yes nowhere."""
    if screen.level:
        return screen.level
    answers = {answer.number: answer.value for answer in screen.answers if answer.number is not None}
    if any((value or 0) >= 1 for value in answers.values()):
        return CSSRS_YES
    asked = answers.get(1) == 0 and answers.get(2) == 0 and any(v == 0 for n, v in answers.items() if n >= 6)
    return CSSRS_ALL_NO if asked else CSSRS_UNKNOWN
