"""A worker in a process of its own, told to stop by a signal: `python -m tests.bot.draining_worker URL FILE TAKES_S`.

It starts and stops as `baton worker` does; only its handler is made up, so that a test knows what is in flight.
"""

import asyncio
import sys
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.app import working
from bot.cli import told_to_stop
from bot.store.jobs import Job, Worker
from bot.store.session import Database


async def main(url: str, file: Path, takes_s: float) -> None:
    def note(words: str) -> None:
        with file.open("a") as out:
            out.write(f"{words}\n")

    async def slow(job: Job) -> None:
        note(f"began {job.ref}")
        await asyncio.sleep(takes_s)
        note(f"ended {job.ref}")

    async def on_dead(conn: AsyncConnection, job: Job, code: str) -> None:
        raise AssertionError

    told = told_to_stop()
    async with Database(url) as db:
        worker = Worker(db, {"slow": slow}, on_dead=on_dead, slots=2, lane_limits={"ehr": 2}, poll_s=0.05, grace_s=3)
        async with working(worker):
            note("ready")
            await told.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])))
