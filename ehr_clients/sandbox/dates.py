"""FHIR dates as half-open spans of time, and what a search prefix asks of two of them.

A date without a zone is read as UTC; `2026-03` is the whole month; a period without an end never ends.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII
)
PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")
EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)


class Span(NamedTuple):
    start: datetime
    end: datetime


def span(text: str) -> Span | None:
    """What one date, dateTime or instant covers; None when it is none."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    try:
        return _span(match)
    except (ValueError, OverflowError):
        return None


def spans(value: Any) -> Iterator[Span]:
    """What an element covers: a date, a Period, or the events of a Timing."""
    if isinstance(value, str):
        yield from filter(None, [span(value)])
    elif isinstance(value, dict) and ("event" in value or "repeat" in value):
        yield from _timing(value)
    elif isinstance(value, dict) and ("start" in value or "end" in value):
        yield _period(value)


def split_prefix(text: str) -> tuple[str, str]:
    return (text[:2], text[2:]) if text[:2] in PREFIXES else ("eq", text)


def agrees(prefix: str, asked: Span, found: Span) -> bool:
    """Whether `found`, from a resource, is what `prefix` with `asked`, from the search, wants."""
    contained = asked.start <= found.start and found.end <= asked.end
    return {
        "eq": contained,
        "ne": not contained,
        "gt": found.end > asked.end,
        "lt": found.start < asked.start,
        "ge": found.end > asked.start,
        "le": found.start < asked.end,
        "sa": found.start >= asked.end,
        "eb": found.end <= asked.start,
    }[prefix]


def _span(match: re.Match[str]) -> Span:
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    start = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), tzinfo=UTC)
    start += timedelta(seconds=int(second or 0) + float(fraction or 0)) - _offset(zone)
    if hour:
        digits = len(fraction) - 1 if fraction else 0
        step = timedelta(seconds=max(10**-digits, 1e-6)) if second else timedelta(minutes=1)
        return Span(start, start + step)
    if day:
        return Span(start, start + timedelta(days=1))
    if month:
        return Span(start, (start + timedelta(days=31)).replace(day=1))
    return Span(start, LATEST if start.year == LATEST.year else start.replace(year=start.year + 1))


def _offset(zone: str | None) -> timedelta:
    if zone in (None, "Z"):
        return timedelta(0)
    assert zone is not None
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    return -offset if zone[0] == "-" else offset


def _period(value: dict[str, Any]) -> Span:
    start = next(spans(value.get("start")), None)
    end = next(spans(value.get("end")), None)
    return Span(start.start if start else EARLIEST, end.end if end else LATEST)


def _timing(value: dict[str, Any]) -> Iterator[Span]:
    events = value.get("event")
    for event in events if isinstance(events, list) else []:
        yield from spans(event)
    repeat = value.get("repeat")
    bounds = repeat.get("boundsPeriod") if isinstance(repeat, dict) else None
    if isinstance(bounds, dict):
        yield _period(bounds)
