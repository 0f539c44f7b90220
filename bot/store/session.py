"""Opens the database and hands out transactions: SQLite (one process per file) or PostgreSQL (any number of processes).

`write()` is one transaction: commits when the block ends, rolls back when it raises. Keep outside calls out of it.
"""

import asyncio
import fcntl
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import structlog
from sqlalchemy import Table, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.store import schema, sqlite_inline
from bot.store.migrations import REVISIONS
from bot.store.schema import Schema, SchemaRefused

BUSY_TIMEOUT_MS: Final = 10_000
PASSING_SQLITE: Final = {5, 6, 10, 13, 14}  # busy, locked, input/output error, disk full, cannot open
PASSING_POSTGRESQL: Final = (
    "08",
    "40",
    "53",
    "57P",
    "55P03",
)  # connection, serialisation, resources, shutdown, lock wait
ENQUEUED: Final = "baton.enqueued"  # set in `conn.info` by jobs.enqueue
PUT_BACK: Final = "baton.put_back"  # when a connection was last in use
IDLE_S: Final = 1.0
FORGOTTEN: Final = "baton.forgotten"  # set in `conn.info` by `forget`
LAST: Final = "baton.last"  # what `at_the_end` keeps in `conn.info`
_log = structlog.get_logger(__name__)


class DatabaseInUse(Exception):
    """Another process holds this SQLite file."""


class Database:
    """One database. `visiting` looks in beside the process that owns a SQLite file (audit, backup); it runs no jobs.

    A visitor leaves the schema as it is.
    """

    def __init__(self, url: str, *, visiting: bool = False) -> None:
        self._url = make_url(url)
        if self.dialect not in ("sqlite", "postgresql"):
            raise ValueError("the database is either sqlite+aiosqlite:///path or postgresql+asyncpg://...")
        if self.dialect == "sqlite" and self._url.database in (None, "", ":memory:"):
            raise ValueError("a SQLite database needs a path: what was approved must survive a restart")
        self._visiting = visiting
        self._lock_file: int | None = None
        self._writer: AsyncEngine | None = None
        self._reader: AsyncEngine | None = None
        self._one_writer = asyncio.Lock()
        self._writing: set[asyncio.Task[Any] | None] = set()
        self._on_enqueued: list[Callable[[], None]] = []
        self._log_remembers = False

    @property
    def dialect(self) -> str:
        return self._url.get_backend_name()

    async def open(self) -> Schema:
        """Bring the schema up to date and return what was there before. Raises DatabaseInUse, SchemaRefused."""
        if self.dialect == "sqlite":
            self._take_file()
            self._writer, self._reader = _sqlite_engine(self._url, writes=True), _sqlite_engine(self._url, writes=False)
        else:
            self._writer = self._reader = _postgresql_engine(self._url)
        try:
            found = await (self._look_in() if self._visiting else self._bring_up())
        except BaseException:
            await self.close()
            raise
        if found.missing and not self._visiting:
            _log.info("schema_upgraded", count=len(found.missing), version=REVISIONS[-1], dialect=self.dialect)
        return found

    async def close(self) -> None:
        for engine in {self._writer, self._reader} - {None}:
            assert engine is not None
            await engine.dispose()
        self._writer = self._reader = None
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction. After its commit whoever waits for jobs is woken, if the block enqueued any."""
        task = asyncio.current_task()
        if task in self._writing:
            raise RuntimeError("a write inside a write: pass the connection on instead of opening a second one")
        self._writing.add(task)
        try:
            async with _turn(self._one_writer if self.dialect == "sqlite" else None):
                async with self._begin() as conn:
                    conn.info.pop(ENQUEUED, None)
                    conn.info.pop(FORGOTTEN, None)
                    conn.info[LAST] = {}
                    yield conn
                    await _at_the_end(conn)
                    enqueued = bool(conn.info.pop(ENQUEUED, False))
                    forgotten = bool(conn.info.pop(FORGOTTEN, False))
                await self._empty_log(forgotten)
        finally:
            self._writing.discard(task)
        if enqueued:
            for wake in tuple(self._on_enqueued):
                wake()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One consistent look; the database refuses to write through it."""
        async with _opened(self._reader).connect() as conn:
            if self.dialect == "postgresql":
                await conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            conn.info.pop(LAST, None)
            yield conn

    def on_enqueued(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` after each commit that enqueued a job in this process. Returns how to stop that."""
        self._on_enqueued.append(wake)
        return lambda: self._on_enqueued.remove(wake)

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[AsyncConnection]:
        async with _opened(self._writer).begin() as conn:
            yield conn

    async def _empty_log(self, forgotten: bool) -> None:  # noqa: FBT001 - says what the transaction before it did
        """SQLite's write-ahead log still holds what the file lost. When somebody reads: after the next write."""
        self._log_remembers |= forgotten and self.dialect == "sqlite"
        if self._log_remembers:
            async with _opened(self._writer).connect() as conn:
                self._log_remembers = not await _emptied(conn)

    async def _look_in(self) -> Schema:
        async with self.read() as conn:
            found = await schema.look(conn)
        found.refuse_unless_fit()
        if not found.applied:
            raise SchemaRefused("There is nothing of Baton in this database yet, or `baton migrate` has not seen it.")
        return found

    async def _bring_up(self) -> Schema:
        if self.dialect == "sqlite":
            async with self.write() as conn:
                return await schema.bring_up(conn)
        patient = _postgresql_engine(self._url, command_timeout_s=None)  # waits while another process upgrades
        try:
            async with patient.begin() as conn:
                return await schema.bring_up(conn)
        finally:
            await patient.dispose()

    def _take_file(self) -> None:
        path = Path(self._url.database or "")
        if self._visiting and not path.exists():
            raise SchemaRefused("There is no database at this place yet.")
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if not self._visiting:
            self._lock_file = _locked(path.with_name(path.name + ".lock"))


type Last[T] = Callable[[AsyncConnection, list[T]], Awaitable[object]]


def at_the_end[T](conn: AsyncConnection, do: Last[T], one: T) -> bool:
    """`do` gets everything that was handed in for it, in order, as the last thing of this transaction.

    For a row that every transaction locks: taken last and held shortest, after all other locks, nobody waits in a ring.
    False outside of `Database.write`: do it yourself.
    """
    wanted: dict[Last[Any], list[Any]] | None = conn.info.get(LAST)
    if wanted is None:
        return False
    wanted.setdefault(do, []).append(one)
    return True


async def _at_the_end(conn: AsyncConnection) -> None:
    """When one of them raises, nothing of the transaction is kept."""
    for do, all_of_it in conn.info.pop(LAST, {}).items():
        await do(conn, all_of_it)


def forget(conn: AsyncConnection) -> None:
    """Content was overwritten in this transaction: after its commit nothing of it stays in SQLite's files."""
    conn.info[FORGOTTEN] = True


def insert_into(to: AsyncConnection | str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, which both databases have and SQLAlchemy words per dialect."""
    dialect = to if isinstance(to, str) else to.dialect.name
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def is_passing(trouble: BaseException) -> bool:
    """The database is away, busy or full: the same transaction may work later. False for a mistake in it."""
    cause = getattr(trouble, "orig", None) or trouble
    if isinstance(trouble, OSError | PoolTimeout) or isinstance(cause, OSError):
        return True
    if isinstance(trouble, DBAPIError) and trouble.connection_invalidated:
        return True
    if (state := getattr(cause, "sqlstate", None)) is not None:
        return str(state).startswith(PASSING_POSTGRESQL)
    return (getattr(cause, "sqlite_errorcode", 0) or 0) & 0xFF in PASSING_SQLITE


def _opened(engine: AsyncEngine | None) -> AsyncEngine:
    if engine is None:
        raise RuntimeError("the database is not open")
    return engine


@asynccontextmanager
async def _turn(lock: asyncio.Lock | None) -> AsyncIterator[None]:
    if lock is None:
        yield
        return
    async with lock:
        yield


def _locked(path: Path) -> int:
    """The open lock file. The kernel lets go of it when the process dies, however it dies."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(lock, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(lock)
        raise DatabaseInUse(
            f"this SQLite file is in use by another Baton process (pid {owner}). "
            "One process may own a SQLite file: stop the other one, or use PostgreSQL to run several."
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def _sqlite_engine(url: URL, *, writes: bool) -> AsyncEngine:
    connected = partial(sqlite_inline.connect, url.database or "", busy_timeout_ms=BUSY_TIMEOUT_MS)
    size = {"pool_size": 1, "max_overflow": 0} if writes else {"pool_size": 5, "max_overflow": 5}
    engine = create_async_engine(url, async_creator=connected, **size)
    pragmas = [
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "PRAGMA foreign_keys=ON",
        "PRAGMA secure_delete=ON",  # what is deleted is overwritten; measured: 0.05 ms for a purged draft
        f"PRAGMA query_only={'OFF' if writes else 'ON'}",
    ]

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: object) -> None:  # the DBAPI connection has no public type
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


async def _emptied(conn: AsyncConnection) -> bool:
    """Hardly waits and never fails: the write before it is done. Measured: 0.5 ms."""
    connection = (await conn.get_raw_connection()).driver_connection
    assert connection is not None
    try:
        await connection.execute("PRAGMA busy_timeout=20")
        async with connection.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
            busy, *_ = await cursor.fetchone()
    except sqlite3.Error as trouble:
        _log.warning("log_not_emptied", code=type(trouble).__name__)
        return False
    finally:
        await connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    return not busy


def _postgresql_engine(url: URL, *, command_timeout_s: float | None = 30) -> AsyncEngine:
    """A connection that lay idle is tried before use, so that the first click after a restart does not fail.

    One that was in use a moment ago is not: the ping would be a quarter of what a small transaction says. Connections
    are opened when needed and then kept: opening one costs as much as ten transactions.
    """
    engine = create_async_engine(
        url,
        pool_size=20,
        max_overflow=0,
        connect_args={"command_timeout": command_timeout_s, "timeout": 10},
    )
    pool_events = engine.sync_engine

    @event.listens_for(pool_events, "checkin")
    def put_back(_: Any, record: Any) -> None:
        record.info[PUT_BACK] = time.monotonic()

    @event.listens_for(pool_events, "checkout")
    def tried(connection: Any, record: Any, _: object) -> None:
        idle_s = time.monotonic() - record.info.get(PUT_BACK, time.monotonic())
        if connection.driver_connection.is_closed() or (idle_s > IDLE_S and not _answers(engine, connection)):
            raise InvalidatePoolError  # its siblings went the same way

    return engine


def _answers(engine: AsyncEngine, connection: Any) -> bool:
    try:
        return engine.dialect.do_ping(connection)
    except Exception:  # noqa: BLE001 - whatever a dead connection raises, another one is opened
        return False
