"""Run by alembic, by path, for each upgrade: works on the caller's connection, in the caller's transaction."""

from datetime import UTC, datetime
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import Script
from sqlalchemy import insert

from bot.store.tables import schema_revisions


def remember(ctx: MigrationContext, step: MigrationInfo, heads: Any, run_args: Any) -> None:
    """The database keeps what was applied and whether older code can live with it."""
    revision, connection = step.up_revision, ctx.connection
    assert isinstance(revision, Script)
    assert connection is not None
    values = {"revision": revision.revision, "phase": revision.module.phase, "applied_at": datetime.now(UTC)}
    connection.execute(insert(schema_revisions).values(**values))


context.configure(connection=context.config.attributes["connection"], transactional_ddl=True, on_version_apply=remember)
context.run_migrations()
