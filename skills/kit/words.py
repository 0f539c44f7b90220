"""How drafts speak: dates, times, lists, plurals, quotation marks. One spelling everywhere, and no locale."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from ehr_clients.models import Source

NOT_DOCUMENTED = "not documented"


def as_day(when: datetime | date) -> date:
    """The calendar day in the zone the EHR gave."""
    return when.date() if isinstance(when, datetime) else when


def day(when: datetime | date | None) -> str:
    """11/09/2026, as United States charts write it."""
    return f"{as_day(when):%m/%d/%Y}" if when else "date not documented"


def cited(source: Source) -> str:
    """Progress note, 11/09/2026, Dana Reyes, LCSW, line 4: what is not known is left out."""
    when = day(source.when) if source.when else "undated"
    line = f"line {source.line}" if source.line is not None else ""
    return ", ".join(part for part in (source.title, when, source.author or "", line) if part)


def moment(when: datetime) -> str:
    """Such as 11/09/2026 15:30 UTC-05:00. No zone name: a name does not survive storage, and the text must."""
    return f"{when:%m/%d/%Y %H:%M} {_offset(when.utcoffset())}".rstrip()


def days_between(earlier: datetime | date, later: datetime | date) -> int:
    return (as_day(later) - as_day(earlier)).days


_DATE = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b|\b(\d{4})-(\d{2})-(\d{2})\b")


def stated_day(text: str) -> date | None:
    """The first full date written in a text, as 11/09/2026 or 2026-11-09; None when there is none that exists."""
    if (found := _DATE.search(text)) is None:
        return None
    month, on, year = (found[1], found[2], found[3]) if found[1] else (found[5], found[6], found[4])
    try:
        return date(int(year), int(month), int(on))
    except ValueError:
        return None


def plural(number: int, one: str, many: str | None = None) -> str:
    """One "note", three "notes": the number stands before its noun."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def listed(parts: Sequence[str], last: str = "and") -> str:
    """Parts as a sentence lists them: "a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def one_line(text: str) -> str:
    """Text from a chart as one line: a field with line breaks in it cannot pose as another section."""
    return " ".join(text.split())


_TAG = re.compile(r" \((?:finding|disorder|situation|procedure|regime/therapy|substance|organism|person|event)\)")


def untagged(text: str) -> str:
    """A SNOMED CT name without the tag that says what kind of concept it is: "Stress (finding)" is stress."""
    return _TAG.sub("", text)


def quoted(text: str) -> str:
    """Someone else's words, marked as such."""
    return f"“{text}”"


def closed(text: str) -> str:
    """The text with its full stop."""
    return text if text.endswith((".", "!", "?", ".”", "!”", "?”", '."')) else f"{text}."


def bare(text: str) -> str:
    """The text without its full stop, to stand before a comma."""
    return text.removesuffix(".")


def count(text: str) -> int:
    return len(text.split())


def _offset(offset: timedelta | None) -> str:
    if offset is None:
        return ""
    minutes = int(offset.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}" if minutes else "UTC"
