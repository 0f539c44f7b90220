"""The calendar's claims on both databases: however many replicas tick, each slot begins its work exactly once."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text

from bot.store import slots
from bot.store import tables as t
from bot.store.session import Database
from bot.store.slots import StoredClaims
from scheduler.due import Fate, Firing, Slot, between
from scheduler.job import CalendarJob, CatchUp
from scheduler.runner import Runner, Standing, status
from tests.postgres import Postgres

QUARTERS = CalendarJob(name="digest:harbor", minute="*/15", catch_up=CatchUp.RUN_ALL, latest=timedelta(days=9))


@dataclass
class Ahead:
    """Stored claims seen at another time than the database's: the database's clock cannot be turned."""

    claims: StoredClaims
    by: timedelta

    async def standing(self, jobs: Sequence[str]) -> Standing:
        real = await self.claims.standing(jobs)
        return Standing(real.now + self.by, real.jobs)

    async def claim(self, job: str, firings: Sequence[Firing]) -> tuple[Firing, ...]:
        return await self.claims.claim(job, firings)


async def begun(db: Database) -> list[tuple[str, str]]:
    async with db.read() as conn:
        return [(row.kind, row.ref) for row in await conn.execute(select(t.jobs.c.kind, t.jobs.c.ref))]


async def ticks(claims: Sequence[StoredClaims], rounds: int, step: timedelta) -> None:
    """All replicas at once, again and again, while time passes."""
    ahead = [Ahead(one, timedelta(0)) for one in claims]
    runners = [Runner([QUARTERS], one) for one in ahead]
    await runners[0].tick()
    for _ in range(rounds):
        for one in ahead:
            one.by += step
        await asyncio.gather(*(runner.tick() for runner in runners for _ in range(2)))


async def slots_in(db: Database) -> list[str]:
    async with db.read() as conn:
        rows = await conn.execute(
            select(t.slots.c.slot, t.slots.c.at).where(t.slots.c.slot != "").order_by(t.slots.c.at)
        )
        return [row.slot for row in rows]


async def expected(db: Database, passed: timedelta) -> list[str]:
    async with db.read() as conn:
        first = await conn.scalar(select(t.slots.c.at).where(t.slots.c.slot == ""))
    assert first is not None
    start = datetime.fromtimestamp(first, UTC)
    return [slot.key for slot in between(QUARTERS, start, start + passed)]


async def test_three_replicas_fire_each_slot_once_on_postgresql(postgres: Postgres) -> None:
    url = await postgres.new_database()
    async with AsyncExitStack() as stack:
        replicas = [await stack.enter_async_context(Database(url)) for _ in range(3)]
        await ticks([StoredClaims(db, replica=f"r{n}") for n, db in enumerate(replicas)], 6, timedelta(minutes=37))
        wanted = await expected(replicas[0], 6 * timedelta(minutes=37))
        assert len(wanted) >= 14
        assert await slots_in(replicas[0]) == wanted
        assert Counter(await begun(replicas[0])) == Counter({("digest", f"harbor@{key}"): 1 for key in wanted})


async def test_three_runners_in_one_process_fire_each_slot_once(database: Database) -> None:
    await ticks([StoredClaims(database, replica=f"r{n}") for n in range(3)], 4, timedelta(minutes=37))
    wanted = await expected(database, 4 * timedelta(minutes=37))
    assert await slots_in(database) == wanted
    assert Counter(await begun(database)) == Counter({("digest", f"harbor@{key}"): 1 for key in wanted})


async def test_a_slot_that_could_not_begin_its_work_is_not_taken(database: Database) -> None:
    """Claim and job are one transaction: without the jobs table there is no claim either."""
    claims = StoredClaims(database, replica="r")
    slot = Slot(datetime(2026, 11, 23, 12, 0), datetime(2026, 11, 23, 12, 0, tzinfo=UTC))  # noqa: DTZ001 - a wall time
    async with database.write() as conn:
        await conn.execute(text("ALTER TABLE jobs RENAME TO jobs_away"))
    runner = Runner([QUARTERS], Ahead(claims, timedelta(hours=1)))
    await claims.standing([QUARTERS.name])
    await runner.tick()
    async with database.write() as conn:
        await conn.execute(text("ALTER TABLE jobs_away RENAME TO jobs"))
    assert await slots_in(database) == []
    assert await claims.claim("digest:harbor", [Firing(slot, Fate.FIRED, 0)])


async def test_a_skipped_slot_is_recorded_and_begins_nothing(database: Database) -> None:
    claims = StoredClaims(database, replica="r")
    slot = Slot(datetime(2026, 11, 23, 12, 0), datetime(2026, 11, 23, 12, 0, tzinfo=UTC))  # noqa: DTZ001 - a wall time
    await claims.standing(["digest:harbor"])
    assert await claims.claim("digest:harbor", [Firing(slot, Fate.SKIPPED, 90_000)])
    assert await begun(database) == []
    (job,) = await status([QUARTERS], claims)
    assert (job.fired, job.skipped, job.last_fired) == (0, 1, None)


async def test_status_tells_how_late_the_last_firing_was(database: Database) -> None:
    claims = StoredClaims(database, replica="r")
    await claims.standing([QUARTERS.name])
    for minute, late_s in ((0, 7.0), (15, 3.0)):
        moment = datetime(2026, 11, 23, 12, minute, tzinfo=UTC)
        await claims.claim(QUARTERS.name, [Firing(Slot(moment.replace(tzinfo=None), moment), Fate.FIRED, late_s)])
    (job,) = await status([QUARTERS], claims)
    assert (job.fired, job.late_s) == (2, 3.0)
    assert job.last_fired is not None


async def test_old_slots_are_forgotten_and_the_newest_of_each_job_never(database: Database) -> None:
    claims = StoredClaims(database, replica="r")
    await claims.standing([QUARTERS.name, "rare"])
    for job, years in ((QUARTERS.name, (2020, 2021)), ("rare", (2019,))):
        for year in years:
            moment = datetime(year, 1, 1, tzinfo=UTC)
            await claims.claim(job, [Firing(Slot(moment.replace(tzinfo=None), moment), Fate.FIRED, 0)])
    async with database.write() as conn:
        await conn.execute(t.slots.delete().where(t.slots.c.slot == ""))
        assert await slots.purge(conn) == 1
    assert await slots_in(database) == ["2019-01-01T00:00", "2021-01-01T00:00"]
