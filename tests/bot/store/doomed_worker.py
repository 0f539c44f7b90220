"""A worker in a process of its own, for tests that kill it: `python -m tests.bot.store.doomed_worker URL CALLS HOLD_S`.

Each call to the outside world is one line in the file CALLS; each recorded effect is one row of `effects`. HOLD_S, when
not 0, keeps each job in flight that long after its call.
"""

import asyncio
import os
import random
import sys
import time
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.jobs import Finish, Job, Worker
from bot.store.session import Database

LEASE_S = 2.0


async def main(url: str, calls: Path, hold_s: float) -> None:
    async def call(job: Job) -> Finish:
        await asyncio.sleep(random.uniform(0, 0.03))
        with calls.open("a") as file:
            file.write(f"{job.ref} {job.attempt} {os.getpid()} {time.time()}\n")
        await asyncio.sleep(hold_s or random.uniform(0, 0.03))

        async def finish(conn: AsyncConnection) -> None:
            effect = "INSERT INTO effects (ref, attempt, pid) VALUES (:ref, :attempt, :pid)"
            await conn.execute(text(effect), {"ref": job.ref, "attempt": job.attempt, "pid": os.getpid()})

        return finish

    async def on_dead(conn: AsyncConnection, job: Job, code: str) -> None:
        raise AssertionError

    async with Database(url) as db:
        worker = Worker(db, {"call": call}, on_dead=on_dead, lease_s=LEASE_S, max_attempts=100, slots=8)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await worker.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])))
