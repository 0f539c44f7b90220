"""A caseload as a skill sees it: many clients, of each the few records that changed or are open. Read once, frozen.

There is no name, birth date or number in it: a client is an alias. Which of its lines a reader may see is decided by
whoever shows them, per client and per reader; a line carries the labels that this takes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from ehr_clients.models import Recent


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One client. `client_id` is the EHR's and goes into no text."""

    client_id: str
    alias: str
    recent: Recent


@dataclass(frozen=True, slots=True)
class Caseload:
    """`since`, `now`: aware. `gaps`: sentences about what could not be read; never silence."""

    rows: tuple[CaseRow, ...]
    since: datetime
    now: datetime
    zone: ZoneInfo
    gaps: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[CaseRow]:
        return iter(self.rows)

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def moment(self, when: datetime | date | None) -> datetime | None:
        """By the team's clock; a day without an hour is its noon."""
        if when is None or isinstance(when, datetime):
            return when.replace(tzinfo=self.zone) if when is not None and when.tzinfo is None else when
        return datetime.combine(when, time(12), tzinfo=self.zone)
