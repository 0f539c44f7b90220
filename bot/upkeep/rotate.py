"""Seals everything anew with the current key, so that the old one can be forgotten.

Works beside running processes that hold both keys, in small transactions. A run that was interrupted is repeated.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.privacy import audit
from bot.store.sealed import Seal, SealBroken
from bot.store.sealed_columns import SEALED, SealedColumn
from bot.store.session import Database, forget

BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many values of each table were sealed anew, and how many no configured key opens: those stay as they are."""

    sealed: Mapping[str, int]
    unopened: Mapping[str, int]


async def rotate(db: Database, seal: Seal, *, batch: int = BATCH) -> Rotated:
    """Audited at its beginning and end; silent when there is nothing to do."""
    sealed, unopened = Counter[str](), Counter[str]()
    if not (stale := await _stale(db, seal)):
        return Rotated({}, {})
    await _record(db, seal, "started", stale)
    for place in SEALED:
        await _column(db, seal, place, batch, sealed, unopened)
    await _record(db, seal, "finished", {**sealed, "unopened": unopened.total()})
    return Rotated(sealed, unopened)


async def _stale(db: Database, seal: Seal) -> dict[str, int]:
    counts = Counter[str]()
    async with db.read() as conn:
        for place in SEALED:
            found = select(func.count()).select_from(place.table).where(_is_stale(place, seal))
            counts[place.table.name] += (await conn.execute(found)).scalar_one()
    return {table: count for table, count in counts.items() if count}


async def _column(
    db: Database, seal: Seal, place: SealedColumn, batch: int, sealed: Counter[str], unopened: Counter[str]
) -> None:
    after: Sequence[Any] | None = None
    while True:
        async with db.write() as conn:
            rows = await _next(conn, seal, place, after, batch)
            forget(conn)
            outcomes = [await _reseal(conn, seal, place, row) for row in rows]
        sealed[place.table.name] += outcomes.count(True)
        unopened[place.table.name] += outcomes.count(False)
        if not rows:  # fewer than a batch may come where somebody else sealed some just now
            return
        after = [rows[-1][key.name] for key in _keys(place)]


async def _next(
    conn: AsyncConnection, seal: Seal, place: SealedColumn, after: Sequence[Any] | None, batch: int
) -> Sequence[RowMapping]:
    keys = _keys(place)
    chosen = select(place.table).where(_is_stale(place, seal)).order_by(*keys).limit(batch)
    if after is not None:
        chosen = chosen.where(tuple_(*keys) > tuple_(*after))
    return (await conn.execute(chosen.with_for_update())).mappings().all()


async def _reseal(conn: AsyncConnection, seal: Seal, place: SealedColumn, row: RowMapping) -> bool:
    """False: no key opens it."""
    context = place.context(row)
    try:
        fresh = seal.seal(seal.open(row[place.name], context=context), context=context)
    except SealBroken:
        return False
    same = [key == row[key.name] for key in _keys(place)]
    await conn.execute(update(place.table).where(*same).values({place.name: fresh}))
    return True


def _is_stale(place: SealedColumn, seal: Seal) -> ColumnElement[bool]:
    return func.substr(place.column, 2, 4, type_=place.column.type) != seal.key_id


def _keys(place: SealedColumn) -> list[Any]:
    return list(place.table.primary_key.columns)


async def _record(db: Database, seal: Seal, moment: str, counts: Mapping[str, int]) -> None:
    key = audit.Object(type="key", id=seal.key_id.hex())
    async with db.write() as conn:
        event = audit.Event(action=audit.Action.KEY_ROTATED, object=key, reason=moment, counts=counts)
        await audit.append(conn, event)
