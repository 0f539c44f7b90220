"""Who is on call at a moment, for a team. Pure: rota, then swaps, then overrides; wall-clock times in the team's zone.

Both changes of the clock are covered by comparing wall times: a turn 22:00-08:00 ends at 08:00 on the wall, whether the
night had 9, 10 or 11 hours. In the hour that comes twice the same person is on call twice.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.crisis.policy import Crisis, OnCall, Swap, Turn


def on_call(crisis: Crisis, team: str, at: datetime, zone: ZoneInfo) -> tuple[str, ...]:
    """Staff ids, in the order of the file; () when nobody is. `zone` is the team's, where the rota names none."""
    for override in reversed(crisis.overrides):
        if override.covers(at, team):
            return (override.staff,)
    found = [turn.staff for rota in crisis.on_call if team in rota.teams for turn in _turns(rota, at, zone)]
    swaps = [swap for swap in crisis.swaps if swap.covers(at, team)]
    return tuple(dict.fromkeys(_swapped(staff, swaps) for staff in found))


def _turns(rota: OnCall, at: datetime, zone: ZoneInfo) -> Iterable[Turn]:
    local = at.astimezone(ZoneInfo(rota.timezone) if rota.timezone else zone)
    return (turn for turn in rota.turns if _lasts(turn, local))


def _lasts(turn: Turn, local: datetime) -> bool:
    wall, today = local.time(), local.weekday()
    if turn.start < turn.end:
        return today in turn.days and turn.start <= wall < turn.end
    yesterday = (today - 1) % 7
    return (today in turn.days and wall >= turn.start) or (yesterday in turn.days and wall < turn.end)


def _swapped(staff: str, swaps: Iterable[Swap]) -> str:
    for swap in swaps:
        if staff in {swap.staff, swap.with_staff}:
            return swap.with_staff if staff == swap.staff else swap.staff
    return staff


def moments(crisis: Crisis, since: datetime, until: datetime, zone: ZoneInfo) -> list[datetime]:
    """When who is on call may change between the two, and every hour besides; earliest first, in UTC."""
    first = since.astimezone(UTC)
    hourly = [first + timedelta(hours=n) for n in range(int((until - since) / timedelta(hours=1)) + 1)]
    spans = [*crisis.overrides, *crisis.swaps]
    changes = [moment.astimezone(UTC) for span in spans for moment in (span.start, span.end)]
    turns = [(rota.timezone, wall) for rota in crisis.on_call for turn in rota.turns for wall in (turn.start, turn.end)]
    walls = [
        _on_the_wall(day, wall, ZoneInfo(name) if name else zone) for name, wall in turns for day in _days(since, until)
    ]
    return sorted({moment for moment in (*hourly, *changes, *walls) if since <= moment < until})


def _days(since: datetime, until: datetime) -> list[datetime]:
    return [since + timedelta(days=n) for n in range(-1, (until - since).days + 2)]


def _on_the_wall(day: datetime, wall: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day.astimezone(zone).date(), wall, tzinfo=zone).astimezone(UTC)
