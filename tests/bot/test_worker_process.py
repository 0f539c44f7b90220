"""Real processes and real signals: `baton worker` beside others, and a stop that loses nothing and starts nothing."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.store.jobs import enqueue
from bot.store.session import Database
from tests.postgres import Postgres

ROOT = Path(__file__).parents[2]
type Process = asyncio.subprocess.Process


async def start(*words: str, cwd: Path = ROOT, **environment: str) -> Process:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *words),
        cwd=cwd,
        env={**kept, "PYTHONPATH": str(ROOT), **environment},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


async def stopped(process: Process) -> tuple[int, float]:
    """Told to stop: its exit status, and how long it took."""
    before = time.monotonic()
    process.send_signal(signal.SIGTERM)
    status = await asyncio.wait_for(process.wait(), 30)
    return status, time.monotonic() - before


async def until(what: Callable[[], bool], *, timeout_s: float = 30) -> None:
    async with asyncio.timeout(timeout_s):
        while not what():  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.02)


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


async def plant(url: str, count: int) -> None:
    async with Database(url, visiting=True) as db, db.write() as conn:
        for number in range(count):
            await enqueue(conn, "slow", str(number), lane="ehr")


async def states(url: str) -> list[tuple[str, int, str | None]]:
    async with Database(url, visiting=True) as db, db.read() as conn:
        rows = await conn.execute(text("SELECT state, attempt, error FROM jobs ORDER BY id"))
        return [(row.state, row.attempt, row.error) for row in rows]


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "notes"


async def test_told_to_stop_it_ends_what_runs_and_claims_nothing_more(database_url: str, notes: Path) -> None:
    process = await start("tests.bot.draining_worker", database_url, str(notes), "0.8")
    await until(lambda: "ready" in lines(notes))
    await plant(database_url, 6)
    await until(lambda: sum(line.startswith("began") for line in lines(notes)) == 2)
    status, took_s = await stopped(process)
    assert status == 0
    assert 0.3 < took_s < 3
    assert sorted(lines(notes)) == ["began 0", "began 1", "ended 0", "ended 1", "ready"]
    assert await states(database_url) == [("done", 1, None)] * 2 + [("due", 0, None)] * 4


async def test_what_does_not_end_within_the_grace_is_given_back_at_once(database_url: str, notes: Path) -> None:
    process = await start("tests.bot.draining_worker", database_url, str(notes), "60")
    await until(lambda: "ready" in lines(notes))
    await plant(database_url, 1)
    await until(lambda: "began 0" in lines(notes))
    status, took_s = await stopped(process)
    assert status == 0
    assert 2.5 < took_s < 6
    assert await states(database_url) == [("due", 1, "drained")]


async def test_baton_worker_stops_when_told_to(database_url: str, tmp_path: Path) -> None:
    process = await start("bot", "worker", cwd=tmp_path, BATON_DATABASE_URL=database_url)
    await _at_work(process)
    status, took_s = await stopped(process)
    assert status == 0
    assert took_s < 5


async def test_two_workers_share_one_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    url = await postgres.new_database()
    both = [await start("bot", "worker", cwd=tmp_path, BATON_DATABASE_URL=url) for _ in range(2)]
    for process in both:
        await _at_work(process)
    assert [(await stopped(process))[0] for process in both] == [0, 0]


async def test_a_second_process_on_sqlite_is_refused_in_words(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/baton.sqlite"
    first = await start("bot", "worker", cwd=tmp_path, BATON_DATABASE_URL=url)
    await _at_work(first)
    second = await start("bot", "worker", cwd=tmp_path, BATON_DATABASE_URL=url)
    _, said = await asyncio.wait_for(second.communicate(), 30)
    assert second.returncode == 2
    assert b"in use by another Baton process" in said
    assert b"Traceback" not in said
    assert (await stopped(first))[0] == 0


async def _at_work(process: Process) -> None:
    """Until it says so; the rest of what it says is read so that it is never held up."""
    assert process.stderr is not None
    async with asyncio.timeout(30):
        while b"at_work" not in await process.stderr.readline():
            assert process.returncode is None
