"""A lane that is full of hanging calls costs nothing: no transaction is begun to find that out again and again."""

import asyncio

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.jobs import Job, Worker, enqueue
from bot.store.session import Database


async def put(db: Database, kind: str, lane: str) -> None:
    async with db.write() as conn:
        await enqueue(conn, kind, "x", lane=lane)


async def test_while_a_lane_is_full_nothing_is_claimed_in_it_and_other_lanes_go_on(database: Database) -> None:
    done: list[str] = []
    held = asyncio.Semaphore(0)

    async def hang(job: Job) -> None:
        held.release()
        await asyncio.Event().wait()

    async def note(job: Job) -> None:
        done.append(job.lane)

    async def on_dead(conn: AsyncConnection, job: Job, code: str) -> None:
        raise AssertionError(code)

    claims: list[str] = []
    worker = Worker(
        database, {"hang": hang, "note": note}, on_dead=on_dead, lane_limits={"ehr": 2}, poll_s=5, grace_s=0
    )
    for _ in range(5):
        await put(database, "hang", "ehr")
    running = asyncio.create_task(worker.run())
    await held.acquire()
    await held.acquire()
    await asyncio.sleep(0.1)
    assert database._writer is not None
    event.listen(
        database._writer.sync_engine,
        "before_cursor_execute",
        lambda *sent: claims.append(str(sent[2])) if "count(*)" in str(sent[2]) else None,  # a claim counts who runs
    )
    for _ in range(10):
        worker.wake()
        await asyncio.sleep(0.03)
    assert claims == []
    await put(database, "note", "clock")
    async with asyncio.timeout(5):
        while not done:  # noqa: ASYNC110 - the worker does it
            await asyncio.sleep(0.01)
    await worker.stop()
    await running
    assert done == ["clock"]
