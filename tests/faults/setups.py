"""On what the suite runs: SQLite with its one process, PostgreSQL with one and with three."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.faults.people import Handoff
from tests.faults.site import Site, sited
from tests.faults.tally import Tally
from tests.postgres import Postgres


@dataclass(frozen=True, slots=True)
class Setup:
    name: str
    processes: int

    def __str__(self) -> str:
        return self.name


AT_ONCE = 3
SETUPS = (Setup("sqlite", 1), Setup("postgresql", 1), Setup("postgresql-three", 3))


@dataclass
class Ground:
    """Makes one site after the other, each with an empty database."""

    setup: Setup
    nursery: str
    tally: Tally
    postgres: Postgres | None
    soak: bool

    @asynccontextmanager
    async def site(self, *handoffs: Handoff, **server: Any) -> AsyncIterator[Site]:
        """Nobody is at work yet. The EHR holds the charts of these handoffs' clients."""
        clients = tuple(handoff.client for handoff in handoffs)
        with TemporaryDirectory(prefix="baton-site-") as folder:
            url = await self.postgres.new_database() if self.postgres else f"sqlite+aiosqlite:///{folder}/baton.db"
            async with sited(url, Path(folder), self.nursery, self.tally, clients=clients, **server) as site:
                yield site


async def some_at_once[T](runs: Iterable[Callable[[], Awaitable[T]]]) -> list[T]:
    """Their results in order. While one waits for a lease to run out the others work."""
    places = asyncio.Semaphore(AT_ONCE)

    async def in_turn(run: Callable[[], Awaitable[T]]) -> T:
        async with places:
            return await run()

    return list(await asyncio.gather(*(in_turn(run) for run in runs)))


def on(*names: str) -> pytest.MarkDecorator:
    """Run the test on these set-ups; on all when none is named."""
    chosen = [setup for setup in SETUPS if setup.name in names or not names]
    return pytest.mark.parametrize("setup", chosen, ids=str)
