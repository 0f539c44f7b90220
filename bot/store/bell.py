"""Wakes the workers of other processes: what one replica enqueues, the others hear of at once. PostgreSQL only.

The ring is a message of its own, after the commit and on its own connection: NOTIFY inside the transaction would make
all commits of the database wait for each other. A ring that is lost costs nothing but the time until the next poll.
The only file that speaks to asyncpg by itself.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import structlog
from sqlalchemy import make_url

from bot.store.session import Database

CHANNEL: Final = "baton_jobs"
TOGETHER_S: Final = 0.02  # commits within this ring once
PROBE_S: Final = 15.0
RECONNECT_S: Final = 1.0
CONNECT_S: Final = 5.0
_log = structlog.get_logger(__name__)


class Bell:
    """`async with Bell(url, db, wake)`: rings for the commits of `db`, calls `wake` when another process rings.

    While nobody can be heard `wake` is called every second, so that polling takes its place.
    """

    def __init__(self, url: str, db: Database, wake: Callable[[], None]) -> None:
        self._to = _connect_arguments(url)
        self._db, self._wake = db, wake
        self._rung = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.listening = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def __aenter__(self) -> Self:
        self._forget = self._db.on_enqueued(self.ring)
        self._task = asyncio.create_task(self._stay_connected())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._forget()
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _stay_connected(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as trouble:  # noqa: BLE001 - whatever it was, polling goes on and so do we
                _log.warning("bell_lost", error=type(trouble).__name__)
            self.listening.clear()
            self._wake()
            await asyncio.sleep(RECONNECT_S)

    async def _listen(self) -> None:
        conn = await asyncpg.connect(**self._to, timeout=CONNECT_S, command_timeout=CONNECT_S)
        try:
            await conn.add_listener(CHANNEL, self._heard)
            conn.add_termination_listener(lambda _: self.ring())
            self._own = conn.get_server_pid()
            self.listening.set()
            self._wake()
            while not conn.is_closed():
                await self._pass_on(conn)
        finally:
            conn.terminate()

    async def _pass_on(self, conn: Any) -> None:
        """Ring when there is something new; else see now and then whether anybody would hear it."""
        try:
            async with asyncio.timeout(PROBE_S):
                await self._rung.wait()
        except TimeoutError:
            await conn.execute("SELECT 1")
            return
        self._rung.clear()
        await conn.execute(f"NOTIFY {CHANNEL}")
        await asyncio.sleep(TOGETHER_S)

    def _heard(self, _: object, by: int, *__: object) -> None:
        if by != self._own:
            self._wake()


def _connect_arguments(url: str) -> dict[str, Any]:
    """As SQLAlchemy would connect, so that one address serves both."""
    parsed = make_url(url)
    _, arguments = parsed.get_dialect()().create_connect_args(parsed)
    return {str(name): value for name, value in arguments.items()}
