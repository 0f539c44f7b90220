"""The database: there, writable, of a schema that this Baton knows; and the key opens what is stored in it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import func, make_url, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.app import seal_of
from bot.check.configuration import UNREADABLE
from bot.check.finding import Finding, fail, ok, skipped, warn
from bot.check.given import Given
from bot.store.migrations import REVISIONS
from bot.store.schema import SchemaRefused, look
from bot.store.sealed import Seal, SealBroken
from bot.store.sealed_columns import SEALED, SealedColumn
from bot.store.session import Database
from bot.store.tables import schema_revisions

NAMES: Final = ("database", "schema", "stored_content")
TRIED: Final = 3  # values of each column
NOT_YET: Final = "There is no database yet."
START: Final = "`baton serve` makes it when it starts, `baton migrate` before that."


class _Undone(Exception):
    """Ends the transaction that only tried whether one can write."""


async def storage(given: Given) -> Sequence[Finding]:
    if given.settings is None:
        return [skipped(name, UNREADABLE) for name in NAMES]
    url = given.settings.database_url
    first, *later = NAMES
    if absent(url):
        not_yet = warn if given.real else _fine
        return [not_yet(first, NOT_YET, START), *(skipped(name, NOT_YET) for name in later)]
    try:
        async with Database(url, visiting=True) as db:
            return [await _writable(db), await _schema(db), await _opens(db, seal_of(given.settings))]
    except SchemaRefused as refused:
        mend = "Start the Baton that changed it, restore a backup from before, or run `baton migrate` on a new one."
        return [ok(first, "The database answers."), fail("schema", str(refused), mend), _after("schema")]
    except (SQLAlchemyError, OSError, ValueError) as error:
        mend = "See that BATON_DATABASE_URL is right, the server runs, and its user may connect and write."
        told = f"The database cannot be used ({type(error).__name__})."
        return [fail(first, told, mend), *(skipped(name, "The database comes first.") for name in later)]


def _fine(name: str, sentence: str, mend: str) -> Finding:
    return ok(name, f"{sentence} {mend}")


def _after(what: str) -> Finding:
    return skipped("stored_content", f"The {what} comes first.")


def absent(url: str) -> bool:
    database = make_url(url).database
    return url.startswith("sqlite") and bool(database) and not Path(database or "").exists()


async def _writable(db: Database) -> Finding:
    """Writes what is there over itself and takes it back."""
    try:
        async with db.write() as conn:
            await conn.execute(update(schema_revisions).values(phase=schema_revisions.c.phase))
            raise _Undone  # noqa: TRY301 - it is what ends the transaction
    except _Undone:
        return ok("database", f"The database ({db.dialect}) answers and can be written to.")
    except SQLAlchemyError as error:
        mend = (
            "Give Baton's database user, or the owner of the process, the right to write; see that the disk has room."
        )
        return fail("database", f"The database answers and cannot be written to ({type(error).__name__}).", mend)


async def _schema(db: Database) -> Finding:
    async with db.read() as conn:
        found = await look(conn)
    if found.missing:
        told = f"The schema is {found.at}; this Baton knows {REVISIONS[-1]}."
        return warn("schema", told, "Run `baton migrate`, or start `baton serve`, which does it by itself.")
    if found.newer:
        told = f"A newer Baton has added to this schema ({found.at}); this one can still work with it."
        return warn("schema", told, "Finish the upgrade on each machine.")
    return ok("schema", f"The schema is {found.at}, the newest that this Baton knows.")


async def _opens(db: Database, seal: Seal) -> Finding:
    """The newest few values of each sealed column, for old keys may have gone with a change of the key."""
    async with db.read() as conn:
        opened = [await _column(conn, seal, place) for place in SEALED]
    tried, broken = sum(of for of, _ in opened), sum(wrong for _, wrong in opened)
    if broken:
        mend = "Set BATON_SECRET_KEY to the key that this database was used with, or name it in BATON_OLD_SECRET_KEYS."
        told = f"{broken} of {tried} stored values that were tried do not open with the configured keys."
        return fail("stored_content", told, mend)
    return ok("stored_content", f"{tried} stored values were tried, and each opens with the configured key.")


async def _column(conn: AsyncConnection, seal: Seal, place: SealedColumn) -> tuple[int, int]:
    full = select(place.table).where(place.column.is_not(None), func.length(place.column) > 0).limit(TRIED)
    rows = (await conn.execute(full)).mappings().all()
    return len(rows), sum(not _opens_one(seal, row[place.name], place.context(row)) for row in rows)


def _opens_one(seal: Seal, value: bytes, context: str) -> bool:
    try:
        seal.open(value, context=context)
    except SealBroken:
        return False
    return True
