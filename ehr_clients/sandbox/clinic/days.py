"""The clinic's calendar: charts say "12 days ago" and so never age; this turns that into days the office was open."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_WRITTEN_DAY = re.compile(r"\{([+-]\d+)\}")


@dataclass(frozen=True, slots=True)
class Calendar:
    today: date
    zone: ZoneInfo

    def day(self, offset: int) -> date:
        """The working day `offset` days from today. A weekend moves away from today: back to Friday, on to Monday."""
        day = self.today + timedelta(days=offset)
        weekend = day.weekday() - 4
        if weekend <= 0:
            return day
        return day + timedelta(days=3 - weekend) if offset > 0 else day - timedelta(days=weekend)

    def moment(self, offset: int, at: str, *, minutes: int = 0) -> str:
        """An instant with the clinic's own UTC offset, as FHIR writes it; `at` is wall time such as `14:30`."""
        wall = datetime.combine(self.day(offset), time.fromisoformat(at)) + timedelta(minutes=minutes)
        return wall.replace(tzinfo=self.zone).isoformat()

    def birthday(self, age: int, month_day: str) -> date:
        """The birth date of someone who is `age` today and has their birthday on `month_day` (`MM-DD`, never 02-29)."""
        month, day = (int(part) for part in month_day.split("-"))
        had_it = (self.today.month, self.today.day) >= (month, day)
        return date(self.today.year - age - (0 if had_it else 1), month, day)

    def written(self, text: str) -> str:
        """Prose with its days filled in: `{-12}` becomes the date twelve days ago, as a clinician writes it."""
        return _WRITTEN_DAY.sub(lambda found: f"{self.day(int(found[1])):%m/%d/%Y}", text).strip()
