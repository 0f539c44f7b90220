"""SQLite without a thread in between: a statement takes microseconds and is done on the spot.

aiosqlite hands each step of each statement to a thread and back, and on this product's small statements the handing
over is nearly all of the cost. Only what waits goes to a thread here: for the disk, or for another process's lock.
One task at a time uses a connection, as SQLAlchemy's pool sees to. Shaped like aiosqlite, whose place in SQLAlchemy it
takes.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Self

from aiosqlite.context import contextmanager

ON_DISK: Final = ("COMMIT", "PRAGMA WAL_CHECKPOINT", "VACUUM")
TAKES_LOCK: Final = "BEGIN IMMEDIATE"
BUSY: Final = 5  # SQLITE_BUSY


async def connect(path: str, *, busy_timeout_ms: int) -> "Connection":
    """For `create_async_engine(async_creator=...)`. Transactions are begun by whoever uses it."""
    return Connection(sqlite3.connect(path, isolation_level=None, check_same_thread=False), busy_timeout_ms)


class Connection:
    def __init__(self, raw: sqlite3.Connection, busy_timeout_ms: int) -> None:
        self._connection: sqlite3.Connection | None = raw
        self._patience = f"PRAGMA busy_timeout={busy_timeout_ms}"
        self._in_thread: asyncio.Future[Any] | None = None
        raw.execute(self._patience)

    @property
    def raw(self) -> sqlite3.Connection:
        if self._connection is None:
            raise ValueError("no active connection")  # the words SQLAlchemy knows a lost connection by
        return self._connection

    def cursor(self) -> "Cursor":
        return Cursor(self)

    @contextmanager
    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> "Cursor":
        cursor = Cursor(self)
        await cursor.execute(sql, parameters)
        return cursor

    async def commit(self) -> None:
        await self.idle()
        if self.raw.in_transaction:
            await self.in_thread(self.raw.commit)

    async def rollback(self) -> None:
        await self.idle()
        if self.raw.in_transaction:
            self.raw.rollback()

    async def create_function(self, name: str, count: int, function: Callable[..., Any], **more: Any) -> None:
        self.raw.create_function(name, count, function, **more)

    async def backup(self, target: sqlite3.Connection, **more: Any) -> None:
        await self.in_thread(lambda: self.raw.backup(target, **more))

    async def close(self) -> None:
        await self.idle()
        self.stop()

    def stop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # Waiting

    async def idle(self) -> None:
        """A task that was cancelled left its step behind in the thread: nothing else happens before that has ended."""
        while self._in_thread is not None and not self._in_thread.done():
            await asyncio.wait([self._in_thread])

    async def in_thread[T](self, step: Callable[[], T]) -> T:
        await self.idle()
        self._in_thread = asyncio.get_running_loop().run_in_executor(None, step)
        done: T = await asyncio.shield(self._in_thread)
        return done

    async def run(self, cursor: sqlite3.Cursor, sql: str, parameters: Iterable[Any]) -> None:
        await self.idle()
        given = parameters if isinstance(parameters, dict) else tuple(parameters)
        head = sql[:24].upper()
        if head.startswith(ON_DISK):
            await self.in_thread(lambda: cursor.execute(sql, given))
        elif head.startswith(TAKES_LOCK):
            await self._begin(cursor, sql)
        else:
            cursor.execute(sql, given)

    async def _begin(self, cursor: sqlite3.Cursor, sql: str) -> None:
        """At once when nobody holds the lock, else with patience and without holding up anything else."""
        self.raw.execute("PRAGMA busy_timeout=0")
        try:
            cursor.execute(sql)
        except sqlite3.OperationalError as trouble:
            if trouble.sqlite_errorcode & 0xFF != BUSY:
                raise
            taken = False
        else:
            taken = True
        finally:
            self.raw.execute(self._patience)
        if not taken:
            await self.in_thread(lambda: cursor.execute(sql))


class Cursor:
    """What SQLAlchemy and our own few raw statements use of a cursor."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor = connection.raw.cursor()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    @property
    def arraysize(self) -> int:
        return self._cursor.arraysize

    @arraysize.setter
    def arraysize(self, rows: int) -> None:
        self._cursor.arraysize = rows

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> Self:
        await self._connection.run(self._cursor, sql, parameters)
        return self

    async def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> Self:
        await self._connection.idle()
        self._cursor.executemany(sql, rows)
        return self

    async def fetchone(self) -> Any:
        return self._cursor.fetchone()

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        return self._cursor.fetchmany(size or self._cursor.arraysize)

    async def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()

    async def close(self) -> None:
        self._cursor.close()
