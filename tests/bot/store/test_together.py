"""Calls at the same time are done in one go, and one that fails takes only its own go with it."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.attempt import complete_together
from bot.store.jobs import Finish, Job, Worker, enqueue
from bot.store.leases import Held
from bot.store.session import Database
from bot.store.tables import jobs
from bot.store.together import MOST, Together


async def test_the_first_goes_alone_and_the_rest_gathers_behind_it() -> None:
    goes: list[list[int]] = []

    async def do(some: Sequence[int]) -> None:
        goes.append(list(some))
        await asyncio.sleep(0.01)

    together = Together(do)
    first = asyncio.create_task(together.add(0))
    await asyncio.sleep(0)
    await asyncio.gather(first, *(together.add(n) for n in range(1, MOST + 3)))
    assert [len(go) for go in goes] in ([1, MOST, 2], [MOST, 3])
    assert sorted(n for go in goes for n in go) == list(range(MOST + 3))


async def test_a_failure_reaches_everyone_it_concerns_and_nobody_else() -> None:
    async def do(some: Sequence[int]) -> None:
        await asyncio.sleep(0)
        if 13 in some:
            raise ValueError

    together = Together(do)
    assert [str(type(e)) for e in await asyncio.gather(*map(together.add, (1, 13)), return_exceptions=True)] == [
        str(ValueError)
    ] * 2
    await together.add(2)


async def test_who_does_not_wait_any_more_is_not_done_and_holds_up_nobody() -> None:
    goes: list[int] = []

    async def do(some: Sequence[int]) -> None:
        goes.extend(some)
        await asyncio.sleep(0.01)

    together = Together(do)
    first, second, third = (asyncio.create_task(together.add(n)) for n in range(3))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    fourth = asyncio.create_task(together.add(3))
    await asyncio.sleep(0)
    fourth.cancel()
    await asyncio.gather(first, second, third)
    with pytest.raises(asyncio.CancelledError):
        await fourth
    assert goes == [0, 1, 2]


async def test_when_its_owner_stops_it_nobody_waits_for_ever() -> None:
    async def do(some: Sequence[int]) -> None:
        await asyncio.Event().wait()

    together = Together(do)
    waiting = [asyncio.create_task(together.add(n)) for n in range(MOST + 1)]
    await asyncio.sleep(0.01)
    assert together.task is not None
    together.task.cancel()
    done = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 1)
    assert all(isinstance(end, asyncio.CancelledError) for end in done)


async def test_jobs_done_together_are_each_done_once_and_a_lost_one_leaves_nothing(database: Database) -> None:
    async with database.write() as conn:
        for ref in ("a", "b"):
            await enqueue(conn, "write", ref, lane="ehr")
        await conn.execute(jobs.update().values(state="running", lease_by="me:1", attempt=1))
        rows = (await conn.execute(select(jobs.c.id, jobs.c.ref).order_by(jobs.c.ref))).all()

    def effect(alias: str) -> Finish:
        async def finish(conn: AsyncConnection) -> None:
            await conn.execute(text(f"INSERT INTO aliases (alias, client_id) VALUES ('{alias}', '{alias}')"))

        return finish

    mine = Held(Job(rows[0].id, "write", "a", "ehr", 1), "me:1")
    lost = Held(Job(rows[1].id, "write", "b", "ehr", 1), "somebody:1")
    await complete_together(database, [(mine, effect("a")), (lost, effect("b"))])
    async with database.read() as conn:
        assert list(await conn.scalars(text("SELECT alias FROM aliases"))) == ["a"]
        states = dict((await conn.execute(select(jobs.c.ref, jobs.c.state))).all())
    assert states == {"a": "done", "b": "running"}


async def test_one_finish_that_raises_spoils_no_other(database: Database) -> None:
    """They commit together or, when one of them raises, each by itself."""
    at_once = asyncio.Barrier(4)

    async def write(job: Job) -> Finish:
        await at_once.wait()

        async def finish(conn: AsyncConnection) -> None:
            if job.ref == "2":
                raise ValueError
            await conn.execute(text(f"INSERT INTO aliases (alias, client_id) VALUES ('{job.ref}', '{job.ref}')"))

        return finish

    async def on_dead(conn: AsyncConnection, job: Job, code: str) -> None: ...

    async with database.write() as conn:
        for number in range(4):
            await enqueue(conn, "write", str(number), lane="ehr")
    worker = Worker(database, {"write": write}, on_dead=on_dead, max_attempts=1, lane_limits={"ehr": 4}, poll_s=0.1)
    running = asyncio.create_task(worker.run())
    await worker.until_idle(timeout_s=10)
    await worker.stop()
    await running
    async with database.read() as conn:
        assert sorted(await conn.scalars(text("SELECT alias FROM aliases"))) == ["0", "1", "3"]
        states = dict((await conn.execute(select(jobs.c.ref, jobs.c.state))).all())
    assert states == {"0": "done", "1": "done", "2": "dead", "3": "done"}
