"""The kinds of news a digest knows, most urgent first, and what may be done about each with one tap."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

type Tap = Literal["open_draft", "make_task", "message_owner"]


@dataclass(frozen=True, slots=True)
class Kind:
    """`needs`: which right it takes to see a line of it, as the privacy policy names rights."""

    name: str
    needs: Literal["measures", "schedule", "notes_full", "plan", "safety"]
    tap: Tap = "message_owner"
    safety: bool = False  # never retired, never snoozed for longer than a day


KINDS: Final = (
    Kind("item9", "measures", safety=True),
    Kind("risk_screen", "measures", safety=True),
    Kind("item9_not_on_file", "measures"),
    Kind("discharge_48h", "schedule", "make_task"),
    Kind("level_change", "measures"),
    Kind("missed_visit", "schedule", "make_task"),
    Kind("not_filed", "schedule", "open_draft"),
    Kind("draft_waits", "schedule", "open_draft"),
    Kind("message", "notes_full"),
    Kind("discharge_7d", "schedule", "make_task"),
    Kind("overdue_task", "plan", "make_task"),
    Kind("overdue_referral", "plan", "make_task"),
    Kind("unsigned_note", "notes_full"),
    Kind("discharge_30d", "schedule", "make_task"),
    Kind("cancelled_visit", "schedule", "make_task"),
    Kind("alert", "safety"),
    Kind("referral_moved", "plan"),
    Kind("milestone", "plan"),
    Kind("assessment", "measures"),
    Kind("note", "notes_full"),
)
ORDER: Final[Mapping[str, int]] = {kind.name: place for place, kind in enumerate(KINDS)}
BY_NAME: Final[Mapping[str, Kind]] = {kind.name: kind for kind in KINDS}
SAFETY: Final = frozenset(kind.name for kind in KINDS if kind.safety)
