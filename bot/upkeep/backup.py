"""Writes the whole database into one file while work goes on: one look, one moment. Sealed values stay sealed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.privacy import audit
from bot.store import schema
from bot.store.sealed import Seal
from bot.store.session import Database
from bot.upkeep.portable import BackupRefused, Header, Writer, tables_of


async def backup(db: Database, seal: Seal, out: Path) -> Header:
    """That there is a copy is recorded, in the copy as well. Raises BackupRefused, SchemaRefused."""
    with _new_file(out) as file:
        async with db.write() as conn:
            await audit.append(conn, audit.Event(action=audit.Action.EXPORT, reason="backup"))
        async with db.read() as conn:
            return await _write(conn, Writer(file), seal)


async def _write(conn: AsyncConnection, writer: Writer, seal: Seal) -> Header:
    revision = await _revision(conn)
    tables = await conn.run_sync(tables_of)
    counts = {
        table.name: (await conn.execute(select(func.count()).select_from(table))).scalar_one() for table in tables
    }
    header = Header(revision, datetime.now(UTC).isoformat(timespec="seconds"), counts, await audit.head(conn))
    writer.header(header)
    for table in tables:
        writer.table(table)
        async for row in await conn.stream(select(table).order_by(*table.primary_key.columns)):
            writer.row(tuple(row))
    writer.trailer(seal)
    return header


async def _revision(conn: AsyncConnection) -> str:
    found = await schema.look(conn)
    if found.newer:
        raise BackupRefused(
            "A newer Baton changed this database: use that one's `baton backup`, which knows all of it."
        )
    assert found.at is not None, "a visitor was let in, so there is a schema"
    return found.at


@contextmanager
def _new_file(out: Path) -> Iterator[BinaryIO]:
    """For its owner's eyes, and under its name only when it is whole and on the disk."""
    if out.exists():
        raise BackupRefused(f"{out} is there already, and a backup is never written over.")
    part = out.with_name(out.name + ".part")
    opened = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(opened, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.rename(out)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
