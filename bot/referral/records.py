"""Rows in, frozen records out: where each referral stood when the EHR was last asked. No words about anybody."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.flow.records import insert_once
from bot.store import tables as t
from skills.referral import Closure, Evidence, EvidenceKind, Owes, Standing, Step

r = t.referrals.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """One referral as last read."""

    number: int
    referral_id: str
    client_id: str
    team: str
    step: Step | None
    since: date | None
    owes: Owes
    due: date | None
    closure: Closure | None
    got_help: bool | None
    part2: bool
    owner: str | None
    prompted: int
    next_prompt: date | None
    updated_at: datetime

    @property
    def name(self) -> str:
        return f"R-{self.number}"

    @property
    def closed(self) -> bool:
        return self.step is Step.CLOSED

    def standing(self, today: date) -> Standing:
        """For figures, and for a card while the EHR is down: no names, and no evidence but that there was a visit."""
        who = {Owes.US: "us", Owes.RECEIVER: "the receiver", Owes.NOBODY: "nobody"}.get(self.owes, "not known")
        seen = Evidence(kind=EvidenceKind.VISIT, said_by="the EHR") if self.got_help else None
        late = max((today - self.due).days, 0) if self.due else None
        return Standing(
            referral_id=self.referral_id,
            step=self.step,
            since=self.since,
            owes=self.owes,
            who_owes=who,
            next_step="",
            kept=seen,
            closure=self.closure,
            due=self.due,
            overdue_days=late,
        )


async def one(conn: AsyncConnection, number: int) -> Tracked | None:
    row = (await conn.execute(select(t.referrals).where(r.number == number))).mappings().first()
    return _tracked(row) if row else None


async def of_clients(conn: AsyncConnection, clients: Collection[str]) -> list[Tracked]:
    """By their numbers."""
    found = await conn.execute(select(t.referrals).where(r.client_id.in_(sorted(clients))).order_by(r.number))
    return [_tracked(row) for row in found.mappings()]


async def of_team(conn: AsyncConnection, team: str) -> list[Tracked]:
    found = await conn.execute(select(t.referrals).where(r.team == team).order_by(r.number))
    return [_tracked(row) for row in found.mappings()]


async def by_referral(conn: AsyncConnection, ids: Collection[str]) -> Mapping[str, Tracked]:
    found = await conn.execute(select(t.referrals).where(r.referral_id.in_(sorted(ids))))
    return {row["referral_id"]: _tracked(row) for row in found.mappings()}


async def add(conn: AsyncConnection, referral_id: str, values: Mapping[str, Any]) -> bool:
    """False: somebody else was first."""
    return await insert_once(conn, t.referrals, **values, referral_id=referral_id)


async def renew(conn: AsyncConnection, before: Tracked, values: Mapping[str, Any]) -> bool:
    """Only over what was read: of two who read at once, one tells what is new."""
    same = (r.number == before.number, r.updated_at == before.updated_at)
    return (await conn.execute(update(t.referrals).where(*same).values(**values))).rowcount == 1


def _tracked(row: RowMapping) -> Tracked:
    plain = dict(row)
    return Tracked(
        **{
            **plain,
            "step": Step(row["step"]) if row["step"] else None,
            "owes": Owes(row["owes"]),
            "closure": Closure(row["closure"]) if row["closure"] else None,
            "since": _day(row["since"]),
            "due": _day(row["due"]),
            "next_prompt": _day(row["next_prompt"]),
        }
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
