"""One row and more in every table, and a look at all rows: whatever a table gains, backup and rotation meet it here."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Float, Integer, LargeBinary, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.privacy import audit
from bot.store.sealed import Seal
from bot.store.sealed_columns import SEALED
from bot.store.session import Database
from bot.store.tables import UtcTime, audit_events, audit_head, metadata, schema_revisions

OWN_WAYS = {audit_events, audit_head, schema_revisions}
AT = datetime(2026, 11, 23, 19, 0, 0, 123456, UTC)


async def fill(db: Database, seal: Seal, *, rows: int = 3) -> None:
    """Rows that refer to one another; in each second one all that may be empty is empty."""
    async with db.write() as conn:
        for table in metadata.sorted_tables:
            for number in range(1, rows + 1):
                if table not in OWN_WAYS:
                    await _add(conn, seal, table, number)
        await audit.append(conn, audit.Event(action=audit.Action.LOGIN))


async def _add(conn: AsyncConnection, seal: Seal, table: Table, number: int) -> None:
    empty = number % 2 == 0
    row = {c.name: None if empty and c.nullable else _value(c, number) for c in table.columns}
    made = (await conn.execute(insert(table).values(**row).returning(table))).mappings().one()
    for place in SEALED:
        if place.table is table and row[place.name] is not None:
            fresh = seal.seal(f"canary {table.name} {number}", context=place.context(made))
            same = [key == made[key.name] for key in table.primary_key.columns]
            await conn.execute(table.update().where(*same).values({place.name: fresh}))


def _value(column: Column[Any], number: int) -> Any:
    match column.type:
        case LargeBinary():
            return b"not sealed yet"
        case UtcTime():
            return AT
        case JSON():
            return {"number": number, "words": "ä\n\u2028", "list": [None, True, 1.5]}
        case Boolean():
            return number % 2 == 1
        case Float():
            return 1_700_000_000.123456789 + number
        case Integer():
            return number
        case _:
            return str(number)


async def all_rows(db: Database) -> dict[str, Sequence[Any]]:
    """Every row of every table, bytes and all, in the same order on each database."""
    async with db.read() as conn:
        return {
            table.name: sorted(repr(tuple(row)) for row in await conn.execute(select(table)))
            for table in metadata.sorted_tables
            if table is not schema_revisions
        }
