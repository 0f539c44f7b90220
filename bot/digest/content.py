"""What one digest says, as it is kept sealed: its lines, most urgent first, and what could not be read."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import TypeAdapter


class Does(StrEnum):
    """The one tap that a line offers first."""

    OPEN_DRAFT = "open_draft"
    MAKE_TASK = "make_task"
    MESSAGE_OWNER = "message_owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestLine:
    """One piece of news. `what` is minimum necessary, for a channel; `detail` is for one authorised person."""

    key: str  # of what changed and its version: the same news always has the same key
    kind: str  # what sort of news it is: retired as a whole
    client_id: str
    alias: str
    what: str
    at: datetime | None
    detail: tuple[str, ...] = ()
    owner: str | None = None  # staff id of who has to do something about it
    draft: tuple[str, int] | None = None  # id and version
    does: Does = Does.MAKE_TASK
    safety: bool = False  # item 9 or a suicide risk screen: never retired, never snoozed for longer than a day
    part2: bool = False  # rests on records under 42 CFR Part 2
    refs: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()  # ids of those of the team who may see it, by role, care team and consent
    channel: bool = False  # everybody in the channel may


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    lines: tuple[DigestLine, ...] = ()
    trends: tuple[str, ...] = ()  # of a weekly one, figures only
    gaps: tuple[str, ...] = ()  # what could not be read, in words
    clients: int = 0
    trips: int = 0  # round trips to the EHR

    @property
    def silent(self) -> bool:
        """Nothing changed, and that is known: what could not be read is never silence."""
        return not (self.lines or self.gaps or self.trends)


_AS_JSON: Final = TypeAdapter(Content)


def to_json(content: Content) -> str:
    return _AS_JSON.dump_json(content).decode()


def from_json(text: str) -> Content:
    return _AS_JSON.validate_json(text)


def by_kind(content: Content) -> dict[str, int]:
    kinds = [line.kind for line in content.lines]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}
