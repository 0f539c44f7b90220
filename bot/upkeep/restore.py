"""Puts a backup into an empty SQLite or PostgreSQL, whichever it came from: all of it, verified, or nothing."""

from pathlib import Path
from typing import BinaryIO, Final

from sqlalchemy import Connection, Integer, MetaData, Table, func, insert, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.privacy import audit
from bot.store import schema
from bot.store.migrations import REVISIONS
from bot.store.sealed import Seal
from bot.store.session import Database
from bot.store.tables import audit_head, metadata, schema_revisions
from bot.upkeep import portable
from bot.upkeep.portable import BackupRefused, Header

BATCH: Final = 500
KEPT_WHEN_EMPTY: Final = {audit_head.name, schema_revisions.name, "alembic_version"}


async def restore(db: Database, seal: Seal, source: Path) -> Header:
    """Nothing else may use `db` meanwhile. Raises BackupRefused and leaves `db` as it was."""
    with source.open("rb") as file:
        portable.check(file, seal)
        header = portable.header(file)
        if header.revision not in REVISIONS:
            raise BackupRefused("This backup was made by a newer Baton: restore it with that one.")
        async with db.write() as conn:
            await _refuse_unless_empty(conn)
            await conn.run_sync(_load, file, header)
            await schema.bring_up(conn)
            await _verify(conn, header)
            await audit.append(conn, audit.Event(action=audit.Action.RESTORED))
    return header


async def _refuse_unless_empty(conn: AsyncConnection) -> None:
    for table in metadata.sorted_tables:
        filled = table.name not in KEPT_WHEN_EMPTY and (await conn.execute(select(table).limit(1))).first()
        if filled:
            raise BackupRefused("This database is in use already: a backup is only restored into an empty one.")


def _load(connection: Connection, file: BinaryIO, header: Header) -> None:
    """The rows go into the schema they were taken from; the triggers come afterwards: they refuse old audit rows."""
    from bot.store.migrations.upgrade import upgrade  # noqa: PLC0415 - alembic is slow to import, seldom needed

    _drop_all(connection)
    upgrade(connection, header.revision)
    tables = {table.name: table for table in portable.tables_of(connection)}
    for table, values in portable.rows(file, tables, batch=BATCH):
        connection.execute(insert(table), values)
    for table in tables.values():
        _count_on(connection, table)
    counts = {name: _count(connection, table) for name, table in tables.items() if name in header.tables}
    if counts != dict(header.tables):
        raise BackupRefused("The rows of this backup are not as many as its first line says.")


def _drop_all(connection: Connection) -> None:
    there = MetaData()
    there.reflect(connection, only=sorted(set(inspect(connection).get_table_names()) & _ours()))
    there.drop_all(connection)


def _ours() -> set[str]:
    return {*metadata.tables, *KEPT_WHEN_EMPTY}


def _count_on(connection: Connection, table: Table) -> None:
    """PostgreSQL counts rows up in sequences, which know nothing of rows that came with their number."""
    first, *others = table.primary_key.columns
    if connection.dialect.name != "postgresql" or others or not isinstance(first.type, Integer):
        return
    sequence = connection.execute(select(func.pg_get_serial_sequence(table.name, first.name))).scalar_one()
    last = connection.execute(select(func.max(first))).scalar_one()
    if sequence and last:
        connection.execute(text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": last})


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


async def _verify(conn: AsyncConnection, header: Header) -> None:
    verdict = await audit.verify(conn, anchors=[header.audit])
    if not verdict.ok:
        raise BackupRefused(f"The audit trail in this backup is not whole: {verdict.faults[0].sentence}")
