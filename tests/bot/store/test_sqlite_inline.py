"""The SQLite connection without a thread: what waits holds up nobody, and a cancelled task leaves nothing half done."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.store.session import Database
from bot.store.sqlite_inline import Connection, connect


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Connection]:
    conn = await connect(str(tmp_path / "x.db"), busy_timeout_ms=5000)
    await conn.execute("CREATE TABLE notes (words TEXT)")
    yield conn
    await conn.close()


async def count(conn: Connection) -> int:
    async with conn.execute("SELECT count(*) FROM notes") as cursor:
        return int((await cursor.fetchone())[0])


async def test_another_process_that_holds_the_lock_is_waited_for_without_holding_up_anyone(tmp_path: Path) -> None:
    conn = await connect(str(tmp_path / "x.db"), busy_timeout_ms=5000)
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    begun = asyncio.ensure_future(conn.cursor().execute("BEGIN IMMEDIATE"))
    since = time.monotonic()
    await asyncio.sleep(0.05)
    assert time.monotonic() - since < 1, "the loop stood still"
    assert not begun.done()
    other.execute("ROLLBACK")
    await begun
    assert conn.raw.in_transaction
    await conn.close()
    other.close()


async def test_a_lock_that_is_never_released_is_an_error_in_the_end(tmp_path: Path) -> None:
    conn = await connect(str(tmp_path / "x.db"), busy_timeout_ms=20)
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        await conn.cursor().execute("BEGIN IMMEDIATE")
    await conn.close()
    other.close()


async def test_what_follows_a_cancelled_commit_waits_until_it_has_ended(connection: Connection) -> None:
    await connection.execute("BEGIN IMMEDIATE")
    await connection.execute("INSERT INTO notes VALUES ('kept')")
    ended: list[str] = []

    def slow_commit() -> None:
        time.sleep(0.1)
        connection.raw.commit()
        ended.append("commit")

    task = asyncio.create_task(connection.in_thread(slow_commit))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not ended
    await connection.rollback()
    assert ended == ["commit"]
    assert await count(connection) == 1


async def test_a_cancelled_transaction_is_not_kept_and_the_next_one_is(tmp_path: Path) -> None:
    async with Database(f"sqlite+aiosqlite:///{tmp_path}/baton.db") as db:

        async def half() -> None:
            async with db.write() as conn:
                await conn.execute(text("INSERT INTO aliases (alias, client_id) VALUES ('C-1', 'a')"))
                await asyncio.Event().wait()

        task = asyncio.create_task(half())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with db.write() as conn:
            await conn.execute(text("INSERT INTO aliases (alias, client_id) VALUES ('C-2', 'b')"))
        async with db.read() as conn:
            assert list(await conn.scalars(text("SELECT alias FROM aliases"))) == ["C-2"]
