"""How long the work of a killed process lies still until another process begins it again.

PostgreSQL: two workers hold jobs, one is killed with SIGKILL, and the other begins what the dead one held. SQLite: one
process owns the file, so the next one to start begins it; the time of its start is in the figure.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.app import working
from bot.bench.child import Json, Part
from bot.bench.children import Child, child
from bot.bench.databases import Databases
from bot.bench.engines import bell
from bot.bench.figures import digits
from bot.store.jobs import Job, Worker, enqueue
from bot.store.session import Database

LOOK_S = 0.02
JOBS = 4  # as many as one worker holds of a lane


@dataclass(frozen=True, slots=True)
class Size:
    trials: int = 5
    lease_s: float = 10.0


async def bench(on: Databases, size: Size) -> Json:
    """The slowest job of each trial counts. `targets`: the lease and a second."""
    found = {kind: [await _trial(on, kind, size.lease_s) for _ in range(size.trials)] for kind in on.kinds}
    return {
        "lease_s": size.lease_s,
        **{kind: {"worst_s": digits(max(times)), "best_s": digits(min(times))} for kind, times in found.items()},
        "ratios": {f"{kind}_vs_lease": digits(max(times) / size.lease_s) for kind, times in found.items()},
        "targets": {"worst_s": size.lease_s + 1},
    }


async def _trial(on: Databases, kind: str, lease_s: float) -> float:
    given = {"database": await on.new(kind), "lease_s": lease_s}
    async with AsyncExitStack() as stack:
        victim = await stack.enter_async_context(child("takeover:holding", **given))
        await victim.ask("plant")
        held = await _begun(victim, at_least=JOBS)
        heir = child("takeover:holding", **given)
        survivor = await stack.enter_async_context(heir) if kind != "sqlite" else None
        await victim.kill()
        killed_at = time.time()
        if survivor is None:
            survivor = await stack.enter_async_context(heir)
        async with asyncio.timeout(lease_s + 30):
            while not set(held) <= set(begun := await _begun(survivor, at_least=0)):  # noqa: ASYNC110 - it does the work
                await asyncio.sleep(LOOK_S)
        return max(begun[ref] for ref in held) - killed_at


async def _begun(worker: Child, *, at_least: int) -> dict[str, float]:
    async with asyncio.timeout(60):
        while len(begun := (await worker.ask("begun"))["begun"]) < at_least:  # noqa: ASYNC110 - as above
            await asyncio.sleep(LOOK_S)
    return {str(ref): float(at) for ref, at in begun.items()}


@asynccontextmanager
async def holding(database: str, lease_s: float) -> AsyncIterator[Part]:
    """A worker whose jobs begin and do not end."""
    begun: dict[str, float] = {}

    async def hold(job: Job) -> None:
        begun[job.ref] = time.time()
        await asyncio.Event().wait()

    async def on_dead(conn: AsyncConnection, job: Job, code: str) -> None:
        raise AssertionError(code)

    async with Database(database) as db:
        worker = Worker(db, {"hold": hold}, on_dead=on_dead, lease_s=lease_s, poll_s=5, grace_s=0)

        async def plant(_: Json) -> Json:
            async with db.write() as conn:
                for number in range(JOBS):
                    await enqueue(conn, "hold", str(number), lane="ehr")
            return {}

        async def told(_: Json) -> Json:
            return {"begun": begun}

        async with bell(database, db, worker), working(worker):
            yield Part({}, {"plant": plant, "begun": told})
