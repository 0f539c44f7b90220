import asyncio
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.session import Database, DatabaseInUse, at_the_end, is_passing
from bot.store.tables import aliases
from tests.postgres import Postgres


async def known(conn: AsyncConnection) -> int:
    return (await conn.execute(select(func.count()).select_from(aliases))).scalar_one()


async def add(conn: AsyncConnection, number: int) -> None:
    await conn.execute(insert(aliases).values(alias=f"C-{number}", client_id=f"client-{number}"))


async def test_what_was_written_is_there_after_reopening(database_url: str) -> None:
    async with Database(database_url) as db, db.write() as conn:
        await add(conn, 1)
    async with Database(database_url) as db, db.read() as conn:
        assert await known(conn) == 1


async def test_an_error_takes_the_whole_transaction_back(database: Database) -> None:
    async def add_and_fail() -> None:
        async with database.write() as conn:
            await add(conn, 1)
            raise LookupError

    with pytest.raises(LookupError):
        await add_and_fail()
    async with database.read() as conn:
        assert await known(conn) == 0


async def test_a_cancelled_write_leaves_nothing_and_lets_the_next_one_in(database: Database) -> None:
    started = asyncio.Event()

    async def hang() -> None:
        async with database.write() as conn:
            await add(conn, 1)
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await started.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(5), database.write() as conn:
        await add(conn, 2)
        assert await known(conn) == 1


async def test_fifty_writers_at_once_all_get_their_turn(database: Database) -> None:
    async def one(number: int) -> None:
        async with database.write() as conn:
            before = await known(conn)
            await asyncio.sleep(0)
            await add(conn, number)
            assert await known(conn) > before

    await asyncio.gather(*(one(number) for number in range(50)))
    async with database.read() as conn:
        assert await known(conn) == 50


async def test_a_write_inside_a_write_is_refused_instead_of_waiting_for_ever(database: Database) -> None:
    async with database.write():
        with pytest.raises(RuntimeError, match="write inside a write"):
            async with database.write():
                pass


async def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with database.read() as conn:
            await add(conn, 1)
    async with database.write() as conn:  # and the connection is not spoilt for writers
        await add(conn, 2)


async def test_a_read_sees_one_moment(database: Database) -> None:
    async with database.read() as reading:
        assert await known(reading) == 0
        async with database.write() as conn:
            await add(conn, 1)
        assert await known(reading) == 0


async def test_sqlite_is_opened_for_keeps(sqlite_database: Database) -> None:
    async with sqlite_database.write() as conn:
        settings = [
            (await conn.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
        assert settings == ["wal", 2, 1]


async def test_the_sqlite_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    async with Database(f"sqlite+aiosqlite:///{tmp_path}/deep/baton.db"):
        modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (tmp_path / "deep").iterdir()}
    assert set(modes.values()) == {"0o600"}, modes


OTHER_PROCESS = """
import asyncio, sys
from bot.store.session import Database, DatabaseInUse
async def main():
    try:
        async with Database(sys.argv[1]): print("opened")
    except DatabaseInUse as said: print(said)
asyncio.run(main())
"""


def opened_elsewhere(url: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS, url], check=True, capture_output=True, text=True, timeout=30
    ).stdout


async def test_a_second_process_on_one_sqlite_file_is_refused_in_words(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/baton.db"
    async with Database(url):
        said = await asyncio.to_thread(opened_elsewhere, url)
        assert "in use by another Baton process (pid " in said
        assert "PostgreSQL" in said
        with pytest.raises(DatabaseInUse):
            await Database(url).open()
        async with Database(url, visiting=True) as visitor, visitor.read() as conn:
            assert await known(conn) == 0
    assert "opened" in await asyncio.to_thread(opened_elsewhere, url)


async def test_several_processes_share_postgresql(postgres: Postgres) -> None:
    url = await postgres.new_database()
    both = [Database(url), Database(url)]
    await asyncio.gather(*(db.open() for db in both))  # and do not stumble over each other's CREATE TABLE
    for db in both:
        await db.close()


@pytest.mark.parametrize("url", ["mysql+aiomysql://x/y", "sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="database"):
        Database(url)


async def test_a_restarted_server_costs_no_click(postgres: Postgres) -> None:
    async with Database(await postgres.new_database()) as db:
        async with db.write() as conn:
            await add(conn, 1)
        await asyncio.to_thread(postgres.restart)
        async with db.write() as conn:
            assert await known(conn) == 1


async def test_a_mistake_is_not_taken_for_a_database_that_is_away(database: Database) -> None:
    async with database.write() as conn:
        await add(conn, 1)
    for wrong in ("SELECT nothing_like_it", "INSERT INTO aliases VALUES ('C-1', 'client-1')"):
        with pytest.raises(DBAPIError) as said:
            async with database.write() as conn:
                await conn.execute(text(wrong))
        assert not is_passing(said.value)
    assert is_passing(ConnectionRefusedError())


async def test_what_is_handed_in_for_the_end_is_done_last_together_and_in_order(database: Database) -> None:
    done: list[list[str]] = []

    async def write_down(conn: AsyncConnection, given: list[str]) -> None:
        done.append(given)

    async with database.write() as conn:
        assert at_the_end(conn, write_down, "first")
        assert at_the_end(conn, write_down, "second")
        assert not done
    assert done == [["first", "second"]]
    with suppress(LookupError):
        async with database.write() as conn:
            at_the_end(conn, write_down, "of a transaction that was taken back")
            raise LookupError
    async with database.write() as conn:
        pass
    assert done == [["first", "second"]]
    async with database.read() as conn:
        assert not at_the_end(conn, write_down, "nobody would do it")


async def test_when_the_end_fails_nothing_of_the_transaction_is_kept(database: Database) -> None:
    async def refuse(conn: AsyncConnection, given: list[str]) -> None:
        raise LookupError

    async def write() -> None:
        async with database.write() as conn:
            await add(conn, 1)
            at_the_end(conn, refuse, "x")

    with pytest.raises(LookupError):
        await write()
    async with database.read() as conn:
        assert await known(conn) == 0
