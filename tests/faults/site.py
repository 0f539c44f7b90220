"""A clinic whose processes die: its database, its EHR, the processes that serve it, and whoever starts them again."""

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Press as PressOf
from bot.chat import Reply, Typed
from bot.flow.inbox import written
from bot.store.session import Database, is_passing
from bot.web.as_json import from_json
from ehr_clients.sandbox import SandboxServer
from tests.fakes.office import AFTERNOON, SECRET, charts
from tests.faults.tally import Tally
from tests.faults.victim import Opening

OPENS_WITHIN_S = 20
PATIENCE_S = 45


class Died(Exception):
    """The process is gone, and with it whatever it had not yet said."""


@dataclass(eq=False)
class Process:
    """One process of Baton and the line to it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    pid: int | None = None
    dead: bool = False
    _said: int = 0
    _waiting: dict[int, asyncio.Future[Any]] = field(default_factory=dict)

    @classmethod
    async def begin(cls, nursery: str, opening: Opening) -> Self:
        line = socket.socket(socket.AF_UNIX)
        line.connect(nursery)
        process = cls(*await asyncio.open_connection(sock=line))
        process.writer.write(json.dumps(asdict(opening)).encode() + b"\n")
        process.pid = json.loads(await process.reader.readline())["pid"]
        return process

    async def opened(self) -> None:
        """Raises Died when it was killed before it was at work."""
        async with asyncio.timeout(OPENS_WITHIN_S):
            said = await self.reader.readline()
        if not said:
            self.dead = True
            raise Died

    async def answered(self, what: dict[str, Any]) -> Any:
        """Raises Died when it ended without an answer."""
        if self.dead:
            raise Died
        self._said += 1
        future = self._waiting[self._said] = asyncio.get_running_loop().create_future()
        self.writer.write(json.dumps({"n": self._said} | what).encode() + b"\n")
        async with asyncio.timeout(PATIENCE_S):
            return await future

    async def listen(self) -> None:
        """Until the process is gone."""
        with suppress(ConnectionError):
            while said := await self.reader.readline():
                answer = json.loads(said)
                self._waiting.pop(answer["n"]).set_result(answer["answer"])
        self.dead = True
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(Died())

    def kill(self) -> None:
        if self.pid and not self.dead:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


@dataclass
class Site:
    """`size` processes are kept alive: whoever dies is replaced by one that is told to die nowhere."""

    url: str
    folder: Path
    nursery: str
    server: SandboxServer
    tally: Tally
    processes: list[Process] = field(default_factory=list)
    deaths: int = 0
    provider_url: str = ""
    _epoch: float = field(default_factory=time.time)
    _keepers: list[asyncio.Task[None]] = field(default_factory=list)
    _closing: bool = False
    _turn: int = 0
    _visited: Database | None = None
    _visiting: asyncio.Lock = field(default_factory=asyncio.Lock)

    def opening(self, *, kill_at: str = "", ahead_s: float = 0) -> Opening:
        return Opening(
            database_url=self.url,
            ehr_url=self.server.base_url,
            token_url=self.server.token_url,
            secret=SECRET,
            day=AFTERNOON.isoformat(),
            epoch=self._epoch,
            log=str(self.folder / "log"),
            ahead_s=ahead_s,
            kill_at=kill_at,
            provider_url=self.provider_url,
        )

    async def start(self, size: int = 1, *, kill_at: str = "", ahead_s: float = 0) -> None:
        """Begin to keep `size` processes alive; returns when one of them is at work."""
        for _ in range(size):
            self._keepers.append(asyncio.create_task(self._keep_one(kill_at, ahead_s)))
        await self.anyone()

    async def _keep_one(self, kill_at: str, ahead_s: float) -> None:
        while not self._closing:
            process = await Process.begin(self.nursery, self.opening(kill_at=kill_at, ahead_s=ahead_s))
            try:
                await process.opened()
                self.processes.append(process)
                await process.listen()
                self.processes.remove(process)
            except Died:
                pass
            finally:
                process.kill()
                process.writer.close()
            self.deaths += not self._closing
            kill_at = ""

    async def anyone(self) -> Process:
        """A living process, each in its turn; waits until there is one."""
        async with asyncio.timeout(OPENS_WITHIN_S):
            while not (alive := [one for one in self.processes if not one.dead]):
                await self._watch_keepers()
        self._turn += 1
        return alive[self._turn % len(alive)]

    async def _watch_keepers(self) -> None:
        done, _ = await asyncio.wait(self._keepers, timeout=0.01)
        for keeper in done:
            keeper.result()

    async def close(self) -> None:
        """Everybody is killed."""
        if self._visited is not None:
            await self._visited.close()
        self._closing = True
        for process in self.processes:
            process.kill()
        for keeper in self._keepers:
            with suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await keeper

    # What people do

    async def received(self, doing: Typed | PressOf, by: Process | None = None) -> Reply:
        """One delivery to one process. Raises Died."""
        reply: Reply = from_json(await (by or await self.anyone()).answered({"doing": written(doing)}))  # type: ignore[assignment]  # a home page answers nobody here
        return reply

    async def delivered(self, doing: Typed | PressOf) -> Reply:
        """As a platform delivers: again, with the same key, until somebody says that he has it."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with suppress(Died):
                    return await self.received(doing)

    # Looking

    async def look[T](self, see: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """What `see` finds; a database that is being restarted is waited for."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    async with (await self._opened()).read() as conn:
                        return await see(conn)
                except Exception as trouble:
                    if not is_passing(trouble):
                        raise
                await asyncio.sleep(0.1)

    async def _opened(self) -> Database:
        """Opened once somebody is at work: a visitor does not make the tables."""
        async with self._visiting:
            if self._visited is None:
                database = Database(self.url, visiting=True)
                await database.open()
                self._visited = database
            return self._visited


@asynccontextmanager
async def sited(
    url: str, folder: Path, nursery: str, tally: Tally, *, clients: tuple[str, ...] = ("c102",), **server: Any
) -> AsyncIterator[Site]:
    staff, by_client = charts()
    bundles = [staff, *(by_client[client] for client in clients)]
    async with SandboxServer(bundles=bundles, client_secret=SECRET, **server) as ehr:
        site = Site(url, folder, nursery, ehr, tally)
        try:
            yield site
        finally:
            await site.close()
