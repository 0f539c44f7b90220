"""When each team's digests are due: calendar jobs named `digest:<team>:<kind>`, by the wall clock of the team.

Which slot of a day without 02:30, or with two of them, counts is the scheduler's rule. After an outage the newest slot
stands for all missed ones; the digest covers what happened since the last one that was delivered, so nothing is lost.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from bot.clinic import Clinic, Team
from scheduler.due import slot_at
from scheduler.job import CalendarJob, CatchUp

JOB: Final = "digest"
PLAIN: Final = re.compile(r"[a-z0-9_-]{1,40}")
LATEST: Final = timedelta(hours=20)  # a daily digest later than this waits for the next day's


class Kind(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    NOW = "now"  # asked for by one person: moves no watermark
    WEEK = "week"  # as above, of seven days

    @property
    def trends(self) -> bool:
        return self in {Kind.WEEKLY, Kind.WEEK}

    @property
    def covers(self) -> timedelta:
        """How far the first one looks back."""
        return timedelta(days=7 if self.trends else 1)


ASKED: Final = frozenset({Kind.NOW, Kind.WEEK})


@dataclass(frozen=True, slots=True)
class Due:
    """One team, one kind, one period. `period`: the wall time of the slot, such as 2026-11-24T08:15."""

    team: str
    kind: Kind
    period: str
    at: datetime  # UTC


def live(team: Team) -> bool:
    """Whether the team's rollout phase lets digests out, daily and weekly alike."""
    return team.rollout.get(JOB, "live") == "live"


def calendar(clinic: Clinic) -> tuple[CalendarJob, ...]:
    return tuple(job for team in clinic.teams if live(team) for job in _jobs(clinic, team))


def _jobs(clinic: Clinic, team: Team) -> list[CalendarJob]:
    if team.digest_time is None:
        return []
    rule, zone = team.digest, clinic.zone(team.id).key
    days = ",".join(str(day) for day in sorted(set(rule.days)))
    daily = [_job(team, Kind.DAILY, team.digest_time, days, zone)] if days else []
    if rule.weekly is None:
        return daily
    return [*daily, _job(team, Kind.WEEKLY, rule.weekly_time or team.digest_time, str(rule.weekly), zone)]


def _job(team: Team, kind: Kind, at: time, days: str, zone: str) -> CalendarJob:
    name = f"{JOB}:{slug(team.id)}:{kind}"
    when = {"minute": str(at.minute), "hour": str(at.hour), "weekday": days, "zone": zone}
    return CalendarJob(name=name, catch_up=CatchUp.RUN_ONCE, latest=LATEST, **when)


def slug(team_id: str) -> str:
    """The team in the name of a calendar job, which takes small letters only."""
    return team_id if PLAIN.fullmatch(team_id) else hashlib.sha256(team_id.encode()).hexdigest()[:16]


def due_of(clinic: Clinic, ref: str) -> Due | None:
    """From a calendar job's ref, `<team>:<kind>@<wall time>`. None: the clinic has no such team any more."""
    job, _, period = ref.partition("@")
    name, _, kind = job.rpartition(":")
    team = next((one for one in clinic.teams if slug(one.id) == name), None)
    if team is None:
        return None
    zone: ZoneInfo = clinic.zone(team.id)
    return Due(team.id, Kind(kind), period, slot_at(datetime.fromisoformat(period), zone).at)
