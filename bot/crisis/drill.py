"""A fire drill: the real chain with the real people, marked as a drill, until somebody answers; then a report of it.

It is an escalation like any other, opened by a signal of its own, about no client. It takes the tier "now".
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clinic import Clinic
from bot.crisis import records
from bot.crisis.opening import open_escalation
from bot.crisis.policy import Tier
from bot.crisis.records import PageRow, PageState, Stored
from bot.crisis.sentences import name
from bot.flow.office import Office
from bot.store import jobs
from bot.store.jobs import Finish, Job

KIND: Final = "crisis_drill"
DRILL: Final = "DRILL"  # in place of an alias


@dataclass(frozen=True, slots=True)
class DrillSignal:
    key: str
    kind: str = "drill"
    tier: str = Tier.NOW.value
    sentence: str = "A fire drill."
    source: str = "drill"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReport:
    """One page of a drill. `took_s` None: it never went out."""

    to: str
    way: str
    step: str
    state: str
    took_s: float | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Who answered and how fast, which pages arrived, which way failed. `answered_by` None: nobody yet."""

    code: str
    team: str
    answered_by: str | None
    answered_after_s: float | None
    first_page_after_s: float | None
    pages: tuple[PageReport, ...]

    @property
    def failed(self) -> tuple[PageReport, ...]:
        return tuple(page for page in self.pages if page.state in {PageState.UNDELIVERED, PageState.LATE})


async def ask(conn: AsyncConnection, clinic: Clinic, team: str) -> str:
    """Whoever runs begins it within seconds. Returns its signal's key. Raises ValueError when there is no such team."""
    if team not in {one.id for one in clinic.teams}:
        known = ", ".join(one.id for one in clinic.teams)
        raise ValueError(f"There is no team {team}. There are: {known}.")
    drill_id = secrets.token_hex(8)
    await jobs.enqueue(conn, KIND, f"{team}:{drill_id}", lane=jobs.CRISIS, dedup=f"{KIND}:{drill_id}")
    return f"drill:{drill_id}"


async def begin(office: Office, job: Job) -> Finish:
    """The job: opens the drill in the commit that ends it. Nobody is treating a drill: who is on call stands in."""
    team, _, drill_id = job.ref.partition(":")
    signal = DrillSignal(key=f"drill:{drill_id}")

    async def finish(conn: AsyncConnection) -> None:
        await open_escalation(conn, office, signal, "", DRILL, team, drill=True)

    return finish


async def report(conn: AsyncConnection, clinic: Clinic, number: int) -> Report | None:
    """None: there is no such drill."""
    stored = await records.one(conn, number)
    if stored is None or not stored.now.drill:
        return None
    return _report(clinic, stored, await records.pages(conn, number))


def _report(clinic: Clinic, stored: Stored, rows: Sequence[PageRow]) -> Report:
    now = stored.now
    sent = [row.settled_at for row in rows if row.state is PageState.SENT and row.settled_at]
    return Report(
        code=stored.code,
        team=stored.team,
        answered_by=name(clinic, now.acknowledged_by) if now.acknowledged_by else None,
        answered_after_s=_after(now.opened_at, now.acknowledged_at),
        first_page_after_s=_after(now.opened_at, min(sent, default=None)),
        pages=tuple(_page(clinic, row) for row in rows),
    )


def _page(clinic: Clinic, row: PageRow) -> PageReport:
    return PageReport(
        to=f"channel {row.channel}" if row.channel else name(clinic, row.staff_id),
        way=row.way.value,
        step=row.label,
        state=row.state.value,
        took_s=_after(row.created_at, row.settled_at) if row.state is PageState.SENT else None,
        reason=row.reason,
    )


def _after(start: datetime, end: datetime | None) -> float | None:
    return round((end.astimezone(UTC) - start.astimezone(UTC)).total_seconds(), 3) if end else None
