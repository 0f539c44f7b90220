"""Where Baton is installed in Slack: one row for an organisation or a workspace, its tokens sealed; and install states.

A token is renewed by whoever holds the turn: two processes never renew the same one at once, and a row that was deleted
meanwhile does not come back.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.sealed import Seal
from bot.store.session import Database, insert_into
from bot.store.tables import slack_installations as t
from bot.store.tables import slack_states

STATE_LASTS: Final = timedelta(minutes=10)
MOST_STATES: Final = 500  # anybody may begin to install
TURN_LASTS: Final = timedelta(seconds=30)  # longer than one call to Slack may take


class TooManyStates(Exception):
    """More installs were begun in the last minutes than anybody means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """`tenant`: enterprise id, else workspace id. `team` None: the whole organisation."""

    tenant: str
    team: str | None
    app_id: str
    bot_user: str
    scopes: str  # separated by commas
    installed_by: str
    installed_at: datetime
    bot_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None  # None: the token does not expire

    @property
    def key(self) -> str:
        return f"{self.tenant}:{self.team or '*'}"


class StoredInstallations:
    def __init__(self, db: Database, seal: Seal) -> None:
        self._db, self._seal = db, seal

    async def keep(self, conn: AsyncConnection, new: Installed) -> None:
        """Installed again, the new tokens take the place of the old ones."""
        plain = {name: getattr(new, name) for name in PLAIN}
        values = {**plain, **self._sealed(new.key, new.bot_token, new.refresh_token), "turn": None, "turn_until": None}
        row = insert_into(conn, t).values(key=new.key, **values)
        await conn.execute(row.on_conflict_do_update(index_elements=["key"], set_=values))

    async def of(self, tenant: str, team: str | None = None) -> Installed | None:
        """Of the organisation as a whole, else of its workspace `team`, else of the one installed last."""
        where = t.c.tenant == tenant
        if team is not None:
            where &= t.c.team.is_(None) | (t.c.team == team)
        query = select(t).where(where).order_by(t.c.team.is_not(None), t.c.installed_at.desc()).limit(1)
        async with self._db.read() as conn:
            row = (await conn.execute(query)).mappings().first()
        return self._read(row) if row else None

    async def drop(self, conn: AsyncConnection, tenant: str, team: str | None, *, before: datetime) -> int:
        """Delete one installation, unless it is newer than what says so. How many were deleted."""
        where = (t.c.tenant == tenant) & _same_team(team) & (t.c.installed_at <= before)
        return (await conn.execute(delete(t).where(where))).rowcount

    async def take_turn(self, of: Installed, now: datetime) -> str | None:
        """The right to renew this token, for half a minute. None: somebody else has it, or it was renewed already."""
        turn = secrets.token_hex(8)
        free = or_(t.c.turn_until.is_(None), t.c.turn_until < now) & t.c.expires_at.is_not_distinct_from(of.expires_at)
        async with self._db.write() as conn:
            taken = update(t).where((t.c.key == of.key) & free).values(turn=turn, turn_until=now + TURN_LASTS)
            return turn if (await conn.execute(taken)).rowcount else None

    async def renewed(
        self, of: Installed, turn: str, *, bot_token: str, refresh_token: str | None, expires_at: datetime | None
    ) -> bool:
        """Keep the new tokens. False: the turn was lost or the installation deleted, and nothing was kept."""
        values = {**self._sealed(of.key, bot_token, refresh_token), "expires_at": expires_at}
        mine = (t.c.key == of.key) & (t.c.turn == turn)
        async with self._db.write() as conn:
            done = await conn.execute(update(t).where(mine).values(**values, turn=None, turn_until=None))
            return bool(done.rowcount)

    async def give_turn_back(self, of: Installed, turn: str) -> None:
        async with self._db.write() as conn:
            mine = (t.c.key == of.key) & (t.c.turn == turn)
            await conn.execute(update(t).where(mine).values(turn=None, turn_until=None))

    def _sealed(self, key: str, bot_token: str, refresh_token: str | None) -> dict[str, bytes | None]:
        refresh = self._seal.seal(refresh_token, context=f"{t.name}.refresh_token/{key}") if refresh_token else None
        return {
            "bot_token": self._seal.seal(bot_token, context=f"{t.name}.bot_token/{key}"),
            "refresh_token": refresh,
        }

    def _read(self, row: RowMapping) -> Installed:
        def opened(name: str) -> str | None:
            return self._seal.open(row[name], context=f"{t.name}.{name}/{row['key']}") if row[name] else None

        plain: dict[str, Any] = {name: row[name] for name in PLAIN}
        return Installed(**plain, bot_token=opened("bot_token") or "", refresh_token=opened("refresh_token"))


PLAIN: Final = ("tenant", "team", "app_id", "bot_user", "scopes", "installed_by", "installed_at", "expires_at")


def _same_team(team: str | None) -> ColumnElement[bool]:
    return t.c.team.is_(None) if team is None else t.c.team == team


class StoredStates:
    """Each state is good for one install, for ten minutes. Only its hash is stored."""

    def __init__(self, db: Database, clock: Callable[[], datetime]) -> None:
        self._db, self._clock = db, clock

    async def issue(self) -> str:
        """Raises TooManyStates."""
        state, now = secrets.token_urlsafe(32), self._clock()
        async with self._db.write() as conn:
            await conn.execute(delete(slack_states).where(slack_states.c.until < now))
            if (await conn.scalar(select(func.count()).select_from(slack_states)) or 0) >= MOST_STATES:
                raise TooManyStates("Too many installs were begun at once. Try again in ten minutes.")
            await conn.execute(insert_into(conn, slack_states).values(hash=_hash(state), until=now + STATE_LASTS))
        return state

    async def consume(self, state: str) -> bool:
        """Whether it was issued and not used before, and is used up now."""
        s = slack_states.c
        async with self._db.write() as conn:
            used = await conn.execute(delete(slack_states).where(s.hash == _hash(state), s.until >= self._clock()))
            return bool(used.rowcount)


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
