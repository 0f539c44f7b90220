"""Phases that were changed while Baton runs. The newest holds, before what the clinic file says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import rollout_changes as rows


class Phase(StrEnum):
    """From the most careful to the least."""

    OFF = "off"
    SANDBOX = "sandbox"
    SHADOW = "shadow"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Change:
    team: str
    skill: str
    phase: Phase
    at: datetime


@dataclass(slots=True)
class Phases:
    """Remembered in the process; `bot.linking.known` reads it again when the database has something newer."""

    confirmed: Sequence[Change] = field(default_factory=tuple)  # oldest first

    def of(self, team: str, skill: str, at: datetime | None = None) -> Phase | None:
        """The one that was confirmed last, or had been by `at`. None: the clinic file decides."""
        theirs = [one for one in self.confirmed if (one.team, one.skill) == (team, skill)]
        return next((one.phase for one in reversed(theirs) if at is None or one.at <= at), None)


async def confirmed(conn: AsyncConnection) -> tuple[Change, ...]:
    """Oldest confirmation first."""
    order = (rows.c.confirmed_at, rows.c.number)
    found = await conn.execute(select(rows).where(rows.c.confirmed_at.is_not(None)).order_by(*order))
    return tuple(Change(r["team"], r["skill"], Phase(r["phase"]), r["confirmed_at"]) for r in found.mappings())
