"""The audit trail only grows: the database itself refuses to change or remove a row of it."""

from typing import Final

from sqlalchemy import DDL, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import audit_head

GENESIS: Final = "0" * 64

SQLITE: Final = (
    """CREATE TRIGGER IF NOT EXISTS audit_no_update BEFORE UPDATE ON audit_events
    BEGIN SELECT RAISE(ABORT, 'audit_events only grows'); END""",
    """CREATE TRIGGER IF NOT EXISTS audit_no_delete BEFORE DELETE ON audit_events
    BEGIN SELECT RAISE(ABORT, 'audit_events only grows'); END""",
    # INSERT OR REPLACE deletes without asking the trigger above
    """CREATE TRIGGER IF NOT EXISTS audit_no_replace BEFORE INSERT ON audit_events
    WHEN EXISTS (SELECT 1 FROM audit_events WHERE seq = NEW.seq OR event_id = NEW.event_id)
    BEGIN SELECT RAISE(ABORT, 'audit_events only grows'); END""",
    """CREATE TRIGGER IF NOT EXISTS audit_head_steps BEFORE UPDATE ON audit_head
    WHEN NEW.count <> OLD.count + 1 OR NEW.id <> OLD.id
    BEGIN SELECT RAISE(ABORT, 'audit_head only counts up'); END""",
    """CREATE TRIGGER IF NOT EXISTS audit_head_stays BEFORE DELETE ON audit_head
    BEGIN SELECT RAISE(ABORT, 'audit_head only counts up'); END""",
)

POSTGRESQL: Final = (
    """CREATE OR REPLACE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '% only grows', TG_TABLE_NAME; END $$""",
    """CREATE OR REPLACE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION audit_only_grows()""",
    """CREATE OR REPLACE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()""",
    """CREATE OR REPLACE TRIGGER audit_head_steps BEFORE UPDATE ON audit_head
    FOR EACH ROW WHEN (NEW.count <> OLD.count + 1 OR NEW.id <> OLD.id) EXECUTE FUNCTION audit_only_grows()""",
    """CREATE OR REPLACE TRIGGER audit_head_stays BEFORE DELETE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION audit_only_grows()""",
    """CREATE OR REPLACE TRIGGER audit_head_no_truncate BEFORE TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()""",
)


def _ddl(statement: str) -> DDL:
    return DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]  # SQLAlchemy; % is its placeholder


async def create_missing(conn: AsyncConnection) -> None:
    """Put back triggers that somebody dropped, and the head of an empty trail."""
    for statement in SQLITE if conn.dialect.name == "sqlite" else POSTGRESQL:
        await conn.execute(_ddl(statement))
    if (await conn.execute(select(audit_head.c.id))).first() is None:
        await conn.execute(insert(audit_head).values(id=1, count=0, hash=GENESIS))
