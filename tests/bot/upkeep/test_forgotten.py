"""What was said and drafted is never in the database in clear, and gone from it, sealed or not, when its time is over."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlalchemy import select, text

from bot.drafts import Draft
from bot.store import inbox
from bot.store import tables as t
from bot.store.sealed_columns import SEALED
from bot.store.session import Database
from tests.bot.upkeep.story import CANARIES, Telling, telling
from tests.postgres import Postgres


async def raw(db: Database, file: Path | None) -> bytes:
    """All that the database holds, as it lies there: SQLite's files byte by byte; of PostgreSQL every row as text."""
    if file is not None:
        return b"".join(part.read_bytes() for part in sorted(file.parent.glob(f"{file.name}*")))
    async with db.read() as conn:
        tables = [await conn.execute(text(f"SELECT t::text FROM {table.name} t")) for table in t.metadata.sorted_tables]
        return "\n".join(row for rows in tables for row in rows.scalars()).encode()


def holds(where: bytes, sealed: bytes) -> bool:
    """Any piece of it: SQLite spreads a long value over pages, PostgreSQL writes bytes as hex."""
    pieces = [sealed[at : at + 24] for at in range(0, max(1, len(sealed) - 24), 200)]
    return any(piece in where or piece.hex().encode() in where for piece in pieces)


@pytest.fixture(params=["sqlite", "postgresql"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path | None]:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/baton.sqlite", tmp_path / "baton.sqlite"
    server: Postgres = request.getfixturevalue("postgres")
    return await server.new_database(), None


async def sealed_of(db: Database, draft: Draft) -> list[bytes]:
    """The sealed values of a draft that its end must remove."""
    async with db.read() as conn:
        versions = await conn.execute(select(t.draft_versions).where(t.draft_versions.c.draft_id == draft.id))
        said = await conn.execute(select(t.exchanges.c.words).where(t.exchanges.c.draft_id == draft.id))
        return [value for row in [*versions, *said] for value in row if isinstance(value, bytes)]


def found(words: Iterable[str], where: bytes) -> list[str]:
    return [word for word in words if word.lower().encode() in where.lower()]


async def test_no_canary_is_in_the_clear_and_nothing_sealed_outlives_its_draft(
    place: tuple[str, Path | None],
) -> None:
    url, file = place
    async with telling(url) as told:
        db = told.baton.office.db
        first = await told.edited(await told.asked_by_picker())
        unlike = await told.asked("C-108")
        await told.glass_broken()
        first = await told.filed(first)
        await told.talked_over(first)
        sealed = await sealed_of(db, first)
        before = await raw(db, file)
        assert len(sealed) > 8
        assert all(holds(before, value) for value in sealed), "the search would find nothing anyway"
        assert found([*CANARIES.values(), *told.offered, *told.seen], before) == []

        await told.accepted(first)
        sealed += await sealed_of(db, unlike)
        await told.rejected(unlike)
        last = await told.asked("C-112")
        sealed += await sealed_of(db, last)
        await told.expired(last)
        after = await raw(db, file)
        assert len(told.seen) > 10
        assert found([*CANARIES.values(), *told.offered, *told.seen], after) == []
        assert not any(holds(after, value) for value in sealed)


async def still_known(told: Telling) -> dict[str, set[str]]:
    """What, opened with the key, still holds which words."""
    words = {name: [canary] for name, canary in CANARIES.items()} | {"seen": told.seen, "offered": told.offered}
    known: dict[str, set[str]] = {}
    async with told.baton.office.db.read() as conn:
        for place in SEALED:
            rows = (await conn.execute(select(place.table).where(place.column.is_not(None)))).mappings()
            for row in rows.all():
                opened = told.baton.office.seal.open(row[place.name], context=place.context(row))
                for name in [name for name, each in words.items() if any(word in opened for word in each)]:
                    known.setdefault(name, set()).add(str(place.column))
    return known


async def test_whoever_has_the_key_finds_after_a_day_only_what_is_kept_on_purpose(
    place: tuple[str, Path | None],
) -> None:
    url, _ = place
    async with telling(url) as told:
        await told.everything()
        async with told.baton.office.db.write() as conn:
            await conn.execute(t.inbox.update().values(finished=t.inbox.c.finished - 2 * 86_400))
            await inbox.purge(conn)
        assert await still_known(told) == {
            "rejected": {"drafts.reason"},  # the record of why
            "glass": {"break_glass.reason"},  # compliance reviews it
            "offered": {"web_messages.view"},  # a picker stands in its own person's console conversation
        }
