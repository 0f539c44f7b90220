"""One job, one HTTP call, one row that says it is done: the same on Baton's worker, on pgqueuer and on procrastinate.

Baton's row commits together with the job's completion. The other two have no such thing: theirs is a statement of its
own before the job counts as done. Each role works from its start until it is told otherwise.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import aiohttp
import asyncpg  # type: ignore[import-untyped]  # it ships no types; pgqueuer is given one of its connections
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.app import working
from bot.bench.child import Json, Part
from bot.store.bell import Bell
from bot.store.jobs import Finish, Job, Worker, enqueue
from bot.store.session import Database

AT_ONCE = 16  # calls under way in one process, for all three
EFFECTS = "CREATE TABLE effects (ref TEXT NOT NULL)"
RECORD = "INSERT INTO effects (ref) VALUES ({})"
OUR_RECORD = text(RECORD.format(":ref"))  # made once, as every statement of the product is
BODY = (
    b'{"resourceType": "Communication", "status": "completed", "payload": [{"contentString": "' + b"x" * 900 + b'"}]}'
)

type Call = Callable[[str], Awaitable[None]]


@asynccontextmanager
async def calling(url: str) -> AsyncIterator[Call]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:

        async def call(ref: str) -> None:
            async with session.post(url, data=BODY, headers={"Idempotency-Key": ref}) as answer:
                answer.raise_for_status()
                await answer.json()

        yield call


# Baton's own


@asynccontextmanager
async def baton(database: str, url: str) -> AsyncIterator[Part]:
    async with Database(database) as db, calling(url) as call:

        async def write(job: Job) -> Finish:
            await call(job.ref)

            async def recorded(conn: AsyncConnection) -> None:
                await conn.execute(OUR_RECORD, {"ref": job.ref})

            return recorded

        async def on_dead(conn: AsyncConnection, job: Job, code: str) -> None:
            raise AssertionError(code)

        worker = Worker(db, {"write": write}, on_dead=on_dead, slots=AT_ONCE, lane_limits={"ehr": 1000}, poll_s=5)

        async def plant(asked: Json) -> Json:
            async with db.write() as conn:
                for ref in _refs(asked):
                    await enqueue(conn, "write", ref, lane="ehr")
            return {}

        async def prepare(_: Json) -> Json:
            async with db.write() as conn:
                await conn.execute(text(EFFECTS))
            return {}

        async def done(_: Json) -> Json:
            async with db.read() as conn:
                return {"done": (await conn.execute(text("SELECT count(*) FROM effects"))).scalar_one()}

        async with bell(database, db, worker), working(worker):
            yield Part({}, {"prepare": prepare, "plant": plant, "done": done})


@asynccontextmanager
async def bell(database: str, db: Database, worker: Worker) -> AsyncIterator[None]:
    if db.dialect == "sqlite":
        yield
        return
    async with Bell(database, db, worker.wake):
        yield


# pgqueuer


@asynccontextmanager
async def pgqueuer(database: str, url: str) -> AsyncIterator[Part]:
    from pgqueuer import AsyncpgDriver, PgQueuer  # noqa: PLC0415 - a development package
    from pgqueuer import Job as TheirJob  # noqa: PLC0415 - as above

    address = _plain(database)
    conn = await asyncpg.connect(address)
    async with asyncpg.create_pool(address, min_size=1, max_size=AT_ONCE) as pool, calling(url) as call:
        queue = PgQueuer(AsyncpgDriver(conn))

        async def prepare(_: Json) -> Json:
            await queue.qm.queries.install()
            await pool.execute(EFFECTS)
            return {}

        async def begin(_: Json) -> Json:
            @queue.entrypoint("write")
            async def write(job: TheirJob) -> None:
                ref = (job.payload or b"").decode()
                await call(ref)
                await pool.execute(RECORD.format("$1"), ref)

            running.append(asyncio.create_task(queue.run(batch_size=AT_ONCE, max_concurrent_tasks=2 * AT_ONCE)))
            return {}

        async def plant(asked: Json) -> Json:
            refs = _refs(asked)
            payloads: list[bytes | None] = [ref.encode() for ref in refs]
            await queue.qm.queries.enqueue(["write"] * len(refs), payloads, [0] * len(refs))
            return {}

        async def done(_: Json) -> Json:
            return {"done": await pool.fetchval("SELECT count(*) FROM effects")}

        running: list[asyncio.Task[None]] = []
        yield Part({}, {"prepare": prepare, "begin": begin, "plant": plant, "done": done})
        queue.shutdown.set()
        await _ended(running)
    await conn.close()


# procrastinate


@asynccontextmanager
async def procrastinate(database: str, url: str) -> AsyncIterator[Part]:
    from procrastinate import App, PsycopgConnector  # noqa: PLC0415 - a development package
    from procrastinate.types import JSONDict  # noqa: PLC0415 - as above

    connector = PsycopgConnector(conninfo=_plain(database), min_size=2, max_size=AT_ONCE + 4)
    app = App(connector=connector)
    async with calling(url) as call, app.open_async():

        @app.task(name="write")
        async def write(ref: str) -> None:
            await call(ref)
            await connector.execute_query_async(RECORD.format("%(ref)s"), ref=ref)

        async def prepare(_: Json) -> Json:
            await app.schema_manager.apply_schema_async()
            await connector.execute_query_async(EFFECTS)
            return {}

        async def begin(_: Json) -> Json:
            running.append(
                asyncio.create_task(app.run_worker_async(concurrency=AT_ONCE, install_signal_handlers=False))
            )
            return {}

        async def plant(asked: Json) -> Json:
            rows: list[JSONDict] = [{"ref": ref} for ref in _refs(asked)]
            await write.batch_defer_async(*rows)
            return {}

        async def done(_: Json) -> Json:
            return {"done": (await connector.execute_query_one_async("SELECT count(*) AS n FROM effects"))["n"]}

        running: list[asyncio.Task[None]] = []
        yield Part({}, {"prepare": prepare, "begin": begin, "plant": plant, "done": done})
        for task in running:
            task.cancel()
        await _ended(running)


# What they share


def _refs(asked: Json) -> Sequence[str]:
    return [f"{asked['name']}-{number}" for number in range(asked["count"])]


def _plain(database: str) -> str:
    """The address as PostgreSQL's own drivers want it."""
    return make_url(database).set(drivername="postgresql").render_as_string(hide_password=False)


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
