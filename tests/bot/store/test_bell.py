"""What one replica enqueues wakes the other at once; a lost connection costs a poll and mends itself."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.bell import Bell
from bot.store.jobs import Job, Worker, enqueue
from bot.store.session import Database
from tests.postgres import Postgres


class Replica:
    """One process's database, worker and bell; its worker polls so seldom that only the bell can be quick."""

    def __init__(self, url: str, *, works: bool = True) -> None:
        self.url, self.db, self.works = url, Database(url), works
        self.heard: asyncio.Queue[float] = asyncio.Queue()
        self.worker = Worker(self.db, {"note": self.note}, on_dead=self.on_dead, poll_s=60)
        self.bell = Bell(url, self.db, self.worker.wake)

    async def note(self, job: Job) -> None:
        self.heard.put_nowait(time.monotonic())

    async def on_dead(self, conn: AsyncConnection, job: Job, code: str) -> None:
        raise AssertionError

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Replica"]:
        async with self.db, self.bell:
            working = asyncio.create_task(self.worker.run()) if self.works else None
            await asyncio.wait_for(self.bell.listening.wait(), 5)
            await asyncio.sleep(0.2)
            yield self
            if working:
                await self.worker.stop()
                await working

    async def put(self, ref: str, *, delay_s: float = 0) -> float:
        async with self.db.write() as conn:
            await enqueue(conn, "note", ref, lane="ehr", delay_s=delay_s)
        return time.monotonic()


@pytest.fixture
async def url(postgres: Postgres) -> str:
    return await postgres.new_database()


async def test_the_other_replica_starts_within_a_tenth_of_a_second(url: str) -> None:
    async with Replica(url, works=False).running() as one, Replica(url).running() as other:
        waits = []
        for number in range(20):
            put = await one.put(str(number))
            waits.append(await asyncio.wait_for(other.heard.get(), 5) - put)
        assert sorted(waits)[10] < 0.1


async def test_a_timer_that_another_replica_set_is_punctual(url: str) -> None:
    async with Replica(url, works=False).running() as one, Replica(url).running() as other:
        put = await one.put("timer", delay_s=0.4)
        assert 0.35 < await asyncio.wait_for(other.heard.get(), 5) - put < 0.8


async def test_a_bell_that_was_cut_off_rings_again_and_nothing_is_missed_meanwhile(url: str) -> None:
    async with Replica(url, works=False).running() as one, Replica(url).running() as other:
        other.bell.listening.clear()
        async with one.db.write() as conn:
            cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE 'LISTEN%' AND pid <> pg_backend_pid()"
            assert (await conn.execute(text(cut))).all()
        put = await one.put("meanwhile")
        assert await asyncio.wait_for(other.heard.get(), 5) - put < 3
        await asyncio.wait_for(other.bell.listening.wait(), 5)
        await asyncio.wait_for(one.bell.listening.wait(), 5)
        await asyncio.sleep(1.2)
        put = await one.put("afterwards")
        assert await asyncio.wait_for(other.heard.get(), 5) - put < 0.5
