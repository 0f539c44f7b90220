"""Workers killed with SIGKILL at random: nothing is lost, and each effect is recorded exactly once."""

import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.jobs import enqueue, waiting
from bot.store.session import Database
from tests.bot.store.doomed_worker import LEASE_S
from tests.postgres import Postgres

JOBS = 200
KILLS = 4
ROOT = Path(__file__).parents[3]


async def start(url: str, calls: Path, *, hold_s: float = 0) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bot.store.doomed_worker", url, str(calls), str(hold_s)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


async def kill(process: asyncio.subprocess.Process) -> float:
    process.kill()
    await process.wait()
    return time.time()


async def plant(conn: AsyncConnection, count: int) -> None:
    await conn.execute(
        text("CREATE TABLE effects (ref TEXT, attempt INTEGER, pid INTEGER)")
    )  # no key: doubles would show
    await put(conn, range(count))


async def put(conn: AsyncConnection, numbers: range) -> None:
    for number in numbers:
        await enqueue(conn, "call", str(number), lane=f"lane:{number % 5}")


@asynccontextmanager
async def looking(url: str) -> AsyncIterator[Database]:
    async with Database(url):
        pass  # the schema is there before somebody looks in
    async with Database(url, visiting=True) as db:
        yield db


async def done(db: Database) -> int:
    async with db.read() as conn:
        return (await waiting(conn)).done


async def until_done(db: Database, count: int, *, timeout_s: float) -> None:
    async with asyncio.timeout(timeout_s):
        while await done(db) < count:  # noqa: ASYNC110 - other processes do the work
            await asyncio.sleep(0.05)


async def until_busy(worker: asyncio.subprocess.Process, calls: Path, *, timeout_s: float) -> None:
    """Until it has begun something: with so many jobs due it then always holds one."""
    async with asyncio.timeout(timeout_s):
        while not calls.exists() or f" {worker.pid} " not in calls.read_text():  # noqa: ASYNC110, ASYNC240 - it writes
            await asyncio.sleep(0.01)


def lines_of(calls: Path) -> list[str]:
    return calls.read_text().splitlines()


async def first_to_begin(
    workers: list[asyncio.subprocess.Process], calls: Path, *, timeout_s: float
) -> asyncio.subprocess.Process:
    """The worker that makes the next call to the outside world: it holds jobs right now."""
    before = len(lines_of(calls))
    by_pid = {str(worker.pid): worker for worker in workers}
    async with asyncio.timeout(timeout_s):
        while True:
            begun = [line.split()[2] for line in lines_of(calls)[before:] if line.count(" ") == 3]
            if begun:
                return by_pid[begun[-1]]
            await asyncio.sleep(0.005)


async def effects(db: Database) -> Counter[str]:
    async with db.read() as conn:
        return Counter((await conn.execute(text("SELECT ref FROM effects"))).scalars())


async def test_killed_at_random_each_effect_is_recorded_once(database_url: str, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.touch()
    async with looking(database_url) as db:
        async with db.write() as conn:
            await plant(conn, 0)
        alive = [await start(database_url, calls) for _ in range(1 if db.dialect == "sqlite" else 2)]
        try:
            for kills in range(KILLS):
                async with db.write() as conn:
                    await put(conn, range(kills * JOBS // KILLS, (kills + 1) * JOBS // KILLS))
                victim = await first_to_begin(alive, calls, timeout_s=10)
                await asyncio.sleep(random.uniform(0, 0.1))
                alive.remove(victim)
                await kill(victim)
                alive.append(await start(database_url, calls))
            await until_done(db, JOBS, timeout_s=20)
        finally:
            for process in alive:
                await kill(process)
        recorded = await effects(db)
        async with db.read() as conn:
            attempts = (await conn.execute(text("SELECT sum(attempt) FROM effects"))).scalar_one()
    called = {line.split()[0] for line in calls.read_text().splitlines()}
    assert recorded == Counter({str(number): 1 for number in range(JOBS)})
    assert called == set(recorded)
    assert attempts > JOBS, "no kill hit a job in flight, so nothing was proven"


async def test_a_survivor_takes_over_within_the_lease_and_a_second(postgres: Postgres, tmp_path: Path) -> None:
    """PostgreSQL only: one process owns a SQLite file, and the next one takes back at once (see test_worker)."""
    database_url = await postgres.new_database()
    calls = tmp_path / "calls"
    async with looking(database_url) as db:
        async with db.write() as conn:
            await plant(conn, JOBS)
        victim = await start(database_url, calls, hold_s=10)
        survivor = await start(database_url, calls)
        try:
            await until_busy(victim, calls, timeout_s=20)
            killed_at = await kill(victim)
            await until_done(db, JOBS, timeout_s=20)
        finally:
            await kill(survivor)
        async with db.read() as conn:
            finished = set((await conn.execute(text(f"SELECT ref FROM effects WHERE pid = {victim.pid}"))).scalars())
    lines = [line.split() for line in calls.read_text().splitlines()]
    orphans = {ref for ref, _, pid, _ in lines if int(pid) == victim.pid} - finished
    taken_over = [float(at) - killed_at for ref, _, pid, at in lines if ref in orphans and int(pid) == survivor.pid]
    assert orphans, "the victim held nothing, so nothing was proven"
    assert len(taken_over) == len(orphans)
    assert max(taken_over) < LEASE_S + 1, taken_over
