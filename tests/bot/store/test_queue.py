"""What goes into the queue and what may be asked of it, without a worker."""

import pytest
from sqlalchemy import update

from bot.store.jobs import cancel, enqueue, purge, requeue, waiting
from bot.store.session import Database
from bot.store.tables import jobs


async def test_the_same_key_goes_in_once(database: Database) -> None:
    async with database.write() as conn:
        assert await enqueue(conn, "file", "d1", lane="ehr", dedup="file:d1")
        assert not await enqueue(conn, "file", "d1", lane="ehr", dedup="file:d1")
        assert await enqueue(conn, "file", "d1", lane="ehr")
        assert await enqueue(conn, "file", "d1", lane="ehr")
    async with database.read() as conn:
        assert (await waiting(conn)).due == 3


async def test_a_job_is_as_durable_as_what_caused_it(database: Database) -> None:
    async def cause_and_fail() -> None:
        async with database.write() as conn:
            await enqueue(conn, "file", "d1", lane="ehr", dedup="file:d1")
            raise LookupError

    with pytest.raises(LookupError):
        await cause_and_fail()
    async with database.write() as conn:
        assert await enqueue(conn, "file", "d1", lane="ehr", dedup="file:d1")


async def test_waiting_counts_by_state_and_says_how_long_the_oldest_waits(database: Database) -> None:
    async with database.write() as conn:
        await enqueue(conn, "file", "d1", lane="ehr", delay_s=-30)
        await enqueue(conn, "file", "d2", lane="ehr")
        await enqueue(conn, "expire", "d1", lane="clock", delay_s=600)
        now = await waiting(conn)
    assert (now.due, now.scheduled, now.running, now.dead, now.done) == (2, 1, 0, 0, 0)
    assert 30 <= now.oldest_due_s < 40


async def test_an_empty_queue_waits_for_nothing(database: Database) -> None:
    async with database.read() as conn:
        now = await waiting(conn)
    assert (now.due, now.oldest_due_s) == (0, 0.0)


async def test_a_waiting_job_is_taken_back_and_its_key_stays_taken(database: Database) -> None:
    async with database.write() as conn:
        await enqueue(conn, "remind", "d1", lane="clock", delay_s=600, dedup="remind:d1")
        assert await cancel(conn, "remind:d1")
        assert not await cancel(conn, "remind:d1")
        assert not await cancel(conn, "never:there")
        assert not await enqueue(conn, "remind", "d1", lane="clock", dedup="remind:d1")
        assert (await waiting(conn)).scheduled == 0


async def test_a_running_job_is_not_taken_back(database: Database) -> None:
    async with database.write() as conn:
        await enqueue(conn, "remind", "d1", lane="clock", dedup="remind:d1")
        await conn.execute(update(jobs).values(state="running"))
        assert not await cancel(conn, "remind:d1")


async def test_only_a_dead_job_is_put_back(database: Database) -> None:
    async with database.write() as conn:
        await enqueue(conn, "file", "d1", lane="ehr")
        assert not await requeue(conn, 1)
        await conn.execute(update(jobs).values(state="dead", attempt=12, error="EhrRefused"))
        assert await requeue(conn, 1)
        assert not await requeue(conn, 1)
        assert (await waiting(conn)).due == 1


async def test_purging_keeps_keys_longer_and_never_drops_a_dead_letter(database: Database) -> None:
    async with database.write() as conn:
        for ref, key in (("plain", None), ("keyed", "k1"), ("dead", None), ("due", None)):
            await enqueue(conn, "file", ref, lane="ehr", dedup=key)
        over = update(jobs).values(state="done", finished=jobs.c.created - 3600)
        await conn.execute(over.where(jobs.c.ref.in_(["plain", "keyed"])))
        await conn.execute(over.where(jobs.c.ref == "dead").values(state="dead"))
        assert await purge(conn, keep_s=7200) == 0
        assert await purge(conn, keep_s=60) == 1
        assert not await enqueue(conn, "file", "again", lane="ehr", dedup="k1")
        assert await purge(conn, keep_s=60, keep_keys_s=60) == 1
        assert await enqueue(conn, "file", "again", lane="ehr", dedup="k1")
