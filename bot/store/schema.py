"""Can this code work with the schema it finds? Brings an older one up to date, refuses a newer one it would harm.

The database remembers each revision and its phase (`migrations/README.md`). Alembic is imported only for a change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import triggers
from bot.store.migrations import REVISIONS
from bot.store.tables import schema_revisions

SCHEMA_LOCK: Final = 0x6261746F  # one process at a time changes the schema on PostgreSQL


class SchemaRefused(Exception):
    """The code and the database do not fit. `str()` says what to do."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database has been through: revision -> phase, oldest first; empty for a new one."""

    applied: Mapping[str, str]

    @property
    def at(self) -> str | None:
        return list(self.applied)[-1] if self.applied else None

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(revision for revision in REVISIONS if revision not in self.applied)

    @property
    def newer(self) -> tuple[str, ...]:
        return tuple(revision for revision in self.applied if revision not in REVISIONS)

    def refuse_unless_fit(self) -> None:
        """Raises SchemaRefused. Newer steps that only added something are fine for one release."""
        if self.newer and (self.missing or "contract" in {self.applied[revision] for revision in self.newer}):
            raise SchemaRefused(
                f"This database was changed by a newer Baton (schema {self.at}; this one knows {REVISIONS[-1]}) "
                "in a way that this one cannot work with. Start the newer one, or restore a backup from before."
            )


async def look(conn: AsyncConnection) -> Schema:
    return Schema(await conn.run_sync(_applied))


async def bring_up(conn: AsyncConnection) -> Schema:
    """In a transaction of its own. Returns what was found before. Raises SchemaRefused."""
    if conn.dialect.name == "postgresql":
        await conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SCHEMA_LOCK})
    found = await look(conn)
    found.refuse_unless_fit()
    if found.missing:
        from bot.store.migrations.upgrade import upgrade  # noqa: PLC0415 - alembic is slow to import, seldom needed

        await conn.run_sync(upgrade)
    if not found.newer:  # a newer release may have its own triggers
        await triggers.create_missing(conn)
    return found


def _applied(connection: Connection) -> dict[str, str]:
    if not inspect(connection).has_table(schema_revisions.name):
        return {}
    rows = select(schema_revisions.c.revision, schema_revisions.c.phase).order_by(schema_revisions.c.revision)
    return {row.revision: row.phase for row in connection.execute(rows)}
