"""What a worker promises, on both databases. Pauses are short here; the clock is always the database's."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import leases
from bot.store.attempt import pause_s
from bot.store.jobs import Finish, Handler, Job, Later, Never, Worker, enqueue, requeue, waiting
from bot.store.session import Database
from bot.store.tables import aliases, jobs
from bot.store.worker import fair_shares
from tests.postgres import Postgres


@dataclass
class Clinic:
    """Handlers that remember, and a worker to run them."""

    db: Database
    done: list[str] = field(default_factory=list)
    dead: list[tuple[str, str, int]] = field(default_factory=list)
    running: dict[str, int] = field(default_factory=dict)
    most_running: dict[str, int] = field(default_factory=dict)

    async def on_dead(self, conn: AsyncConnection, job: Job, code: str) -> None:
        self.dead.append((job.ref, code, job.attempt))

    async def note(self, job: Job) -> None:
        self.done.append(job.ref)

    async def take_a_while(self, job: Job) -> None:
        with self.counted(job):
            await asyncio.sleep(0.05)
        self.done.append(job.ref)

    @contextmanager
    def counted(self, job: Job) -> Iterator[None]:
        self.running[job.lane] = self.running.get(job.lane, 0) + 1
        self.most_running[job.lane] = max(self.most_running.get(job.lane, 0), self.running[job.lane])
        yield
        self.running[job.lane] -= 1

    def worker(self, *, handlers: dict[str, Handler] | None = None, **rules: Any) -> Worker:
        quick: dict[str, Any] = {"pause": lambda _: 0.02, "poll_s": 0.2, "grace_s": 2}
        both: dict[str, Handler] = {"note": self.note, "slow": self.take_a_while} | (handlers or {})
        return Worker(self.db, both, on_dead=self.on_dead, **(quick | rules))

    async def put(self, kind: str, *refs: str, lane: str = "ehr", delay_s: float = 0) -> None:
        async with self.db.write() as conn:
            for ref in refs:
                await enqueue(conn, kind, ref, lane=lane, delay_s=delay_s)

    async def rows(self) -> list[tuple[str, str, int, str | None]]:
        async with self.db.read() as conn:
            found = await conn.execute(
                select(jobs.c.ref, jobs.c.state, jobs.c.attempt, jobs.c.error).order_by(jobs.c.id)
            )
            return [(row.ref, row.state, row.attempt, row.error) for row in found]

    async def until(self, what: Callable[[], bool | Awaitable[bool]], *, timeout_s: float = 10) -> None:
        async with asyncio.timeout(timeout_s):
            while True:
                answer = what()
                if answer is True or (not isinstance(answer, bool) and await answer):
                    return
                await asyncio.sleep(0.01)


@pytest.fixture
def clinic(database: Database) -> Clinic:
    return Clinic(database)


@asynccontextmanager
async def at_work(worker: Worker) -> AsyncIterator[Worker]:
    running = asyncio.create_task(worker.run())
    try:
        await asyncio.sleep(0)
        yield worker
    finally:
        await worker.stop()
        await running


# Doing


async def test_what_is_enqueued_is_done_once(clinic: Clinic) -> None:
    refs = [str(number) for number in range(40)]
    async with at_work(clinic.worker()) as worker:
        await clinic.put("note", *refs)
        await worker.until_idle(timeout_s=10)
    assert sorted(clinic.done) == sorted(refs)
    assert {(state, attempt) for _, state, attempt, _ in await clinic.rows()} == {("done", 1)}


async def test_a_commit_wakes_the_worker_at_once(clinic: Clinic) -> None:
    async with at_work(clinic.worker(poll_s=30)) as worker:
        await asyncio.sleep(0.1)
        before = time.monotonic()
        await clinic.put("note", "d1")
        await clinic.until(lambda: clinic.done == ["d1"])
        assert time.monotonic() - before < 5
        await worker.until_idle(timeout_s=5)


async def test_a_timer_is_punctual_even_with_a_long_poll(clinic: Clinic) -> None:
    async with at_work(clinic.worker(poll_s=30)):
        before = time.monotonic()
        await clinic.put("note", "d1", delay_s=0.5)
        await clinic.until(lambda: clinic.done == ["d1"])
        assert 0.45 < time.monotonic() - before < 5


async def test_the_effect_and_the_next_job_commit_with_the_completion(clinic: Clinic) -> None:
    async def file(job: Job) -> Finish:
        async def finish(conn: AsyncConnection) -> None:
            await conn.execute(insert(aliases).values(alias=job.ref, client_id=job.ref))
            await enqueue(conn, "note", f"after-{job.ref}", lane="chat")

        return finish

    async with at_work(clinic.worker(handlers={"file": file})) as worker:
        await clinic.put("file", "d1")
        await clinic.until(lambda: clinic.done == ["after-d1"])
        await worker.until_idle(timeout_s=5)
    async with clinic.db.read() as conn:
        assert (await conn.execute(select(aliases.c.alias))).scalars().all() == ["d1"]


async def test_a_finish_that_fails_keeps_nothing_and_is_tried_again(clinic: Clinic) -> None:
    attempts: list[int] = []

    async def file(job: Job) -> Finish:
        attempts.append(job.attempt)

        async def finish(conn: AsyncConnection) -> None:
            await conn.execute(insert(aliases).values(alias=f"attempt-{job.attempt}", client_id=f"{job.attempt}"))
            if job.attempt == 1:
                raise LookupError

        return finish

    async with at_work(clinic.worker(handlers={"file": file})):
        await clinic.put("file", "d1")
        await clinic.until(lambda: attempts == [1, 2])
    async with clinic.db.read() as conn:
        assert (await conn.execute(select(aliases.c.alias))).scalars().all() == ["attempt-2"]


# Failing


async def test_later_is_tried_again_after_the_time_it_names(clinic: Clinic) -> None:
    times: list[float] = []

    async def busy(job: Job) -> None:
        times.append(time.monotonic())
        if job.attempt < 3:
            raise Later("http_429", after_s=0.3)

    async with at_work(clinic.worker(handlers={"busy": busy})):
        await clinic.put("busy", "d1")
        await clinic.until(lambda: len(times) == 3)
    pauses = [after - before for before, after in pairwise(times)]
    assert all(0.28 < pause < 5 for pause in pauses), pauses


async def test_never_is_a_dead_letter_told_to_a_person_and_can_be_asked_for_again(clinic: Clinic) -> None:
    answers: list[Exception | None] = [Never("EhrRefused"), None]

    async def write(job: Job) -> None:
        if answer := answers.pop(0):
            raise answer

    async with at_work(clinic.worker(handlers={"write": write})) as worker:
        await clinic.put("write", "d1")
        await clinic.until(lambda: clinic.dead == [("d1", "EhrRefused", 1)])
        await worker.until_idle(timeout_s=5)
        assert await clinic.rows() == [("d1", "dead", 1, "EhrRefused")]
        async with clinic.db.write() as conn:
            assert await requeue(conn, 1)
        await clinic.until(lambda: not answers)
        await worker.until_idle(timeout_s=5)
    assert await clinic.rows() == [("d1", "done", 1, None)]


async def test_attempts_run_out(clinic: Clinic) -> None:
    async def down(job: Job) -> None:
        raise Later("http_503")

    worker = clinic.worker(handlers={"down": down, "flaky": down}, max_attempts={"down": 3, "flaky": 2})
    async with at_work(worker):
        await clinic.put("down", "d1")
        await clinic.put("flaky", "d2")
        await clinic.until(lambda: len(clinic.dead) == 2)
    assert sorted(clinic.dead) == [("d1", "http_503", 3), ("d2", "http_503", 2)]


async def test_an_unexpected_exception_leaves_its_class_and_never_its_words(
    clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    async def surprise(job: Job) -> None:
        if job.attempt == 1:
            raise LookupError("Maria Santos said she would")
        raise Later("still", after_s=60)

    async with at_work(clinic.worker(handlers={"surprise": surprise}, pause=lambda _: 60.0)) as worker:
        await clinic.put("surprise", "d1")
        await clinic.until(lambda: _is_scheduled(clinic))
        await worker.until_idle(timeout_s=5)
    assert await clinic.rows() == [("d1", "due", 1, "LookupError")]
    said = capsys.readouterr()
    assert "LookupError" in said.out
    assert "Maria" not in said.out + said.err


async def _is_scheduled(clinic: Clinic) -> bool:
    async with clinic.db.read() as conn:
        return (await waiting(conn)).scheduled == 1


async def test_a_job_nobody_handles_is_a_dead_letter(clinic: Clinic) -> None:
    async with at_work(clinic.worker()):
        await clinic.put("unheard_of", "d1")
        await clinic.until(lambda: clinic.dead == [("d1", "no_handler", 1)])


async def test_a_dead_letter_that_cannot_be_told_is_not_buried_in_silence(clinic: Clinic) -> None:
    told: list[str] = []

    async def cannot_tell(conn: AsyncConnection, job: Job, code: str) -> None:
        told.append(code)
        if len(told) == 1:
            raise LookupError

    async def refused(job: Job) -> None:
        raise Never("EhrRefused")

    worker = Worker(clinic.db, {"write": refused}, on_dead=cannot_tell, lease_s=0.3, poll_s=0.1, max_attempts=2)
    async with at_work(worker):
        await clinic.put("write", "d1")
        await clinic.until(lambda: len(told) == 2)
        await worker.until_idle(timeout_s=5)
    assert [state for _, state, _, _ in await clinic.rows()] == ["dead"]


def test_pauses_grow_to_a_cap_and_differ() -> None:
    for attempt, longest in ((1, 2), (2, 4), (5, 32), (30, 900), (10_000, 900)):
        pauses = [pause_s(attempt) for _ in range(200)]
        assert longest / 2 <= min(pauses) < max(pauses) <= longest
        assert len(set(pauses)) > 100


# Holding


async def test_a_hung_handler_is_stopped_at_its_time_limit(clinic: Clinic) -> None:
    async def hang(job: Job) -> None:
        if job.attempt == 1:
            await asyncio.Event().wait()
        clinic.done.append(job.ref)

    async with at_work(clinic.worker(handlers={"hang": hang}, time_limit_s={"hang": 0.2})):
        await clinic.put("hang", "d1")
        await clinic.until(lambda: clinic.done == ["d1"], timeout_s=3)


async def test_a_handler_that_will_not_stop_loses_its_lease(clinic: Clinic) -> None:
    """It swallows its cancellation; without an end to the renewals nobody could ever take the job over."""
    release, attempts = asyncio.Event(), []

    async def stubborn(job: Job) -> Finish | None:
        attempts.append(job.attempt)
        while job.attempt == 1 and not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

        async def finish(conn: AsyncConnection) -> None:
            clinic.done.append(f"attempt {job.attempt}")

        return finish

    worker = clinic.worker(handlers={"stubborn": stubborn}, time_limit_s=0.2, lease_s=0.4)
    async with at_work(worker):
        await clinic.put("stubborn", "d1")
        await clinic.until(lambda: attempts == [1, 2], timeout_s=5)
        await clinic.until(lambda: clinic.done == ["attempt 2"])
        release.set()
        await worker.until_idle(timeout_s=5)
    assert clinic.done == ["attempt 2"]


async def test_a_long_job_keeps_its_lease(clinic: Clinic) -> None:
    attempts: list[int] = []

    async def long(job: Job) -> None:
        attempts.append(job.attempt)
        await asyncio.sleep(0.9)

    async with at_work(clinic.worker(handlers={"long": long}, lease_s=0.3)) as worker:
        await clinic.put("long", "d1")
        await worker.until_idle(timeout_s=5)
    assert attempts == [1]


async def test_who_lost_the_lease_writes_nothing(clinic: Clinic) -> None:
    attempts: list[int] = []

    async def write(job: Job) -> Finish:
        attempts.append(job.attempt)
        if job.attempt == 1:  # somebody takes it over while we call the EHR
            async with clinic.db.write() as conn:
                await conn.execute(update(jobs).values(state="due", lease_by=None, lease_until=None))
            await asyncio.sleep(0.1)

        async def finish(conn: AsyncConnection) -> None:
            await conn.execute(insert(aliases).values(alias=f"attempt-{job.attempt}", client_id="c"))

        return finish

    async with at_work(clinic.worker(handlers={"write": write})) as worker:
        await clinic.put("write", "d1")
        await clinic.until(lambda: attempts == [1, 2])
        await worker.until_idle(timeout_s=5)
    async with clinic.db.read() as conn:
        assert (await conn.execute(select(aliases.c.alias))).scalars().all() == ["attempt-2"]


async def test_a_token_is_never_good_for_a_later_claim(clinic: Clinic) -> None:
    await clinic.put("note", "d1")
    claims = []
    for token in ("w:1", "w:2"):
        async with clinic.db.write() as conn:
            claims += await leases.claim(conn, {"ehr": 1}, at_most={"ehr": 1}, token=token, lease_s=10)
            await conn.execute(update(jobs).values(state="due", attempt=0))
    async with clinic.db.write() as conn:
        await conn.execute(update(jobs).values(state="running", attempt=1))
        assert claims[0].job == claims[1].job  # the same job and attempt: only the token tells them apart
        assert not await leases.finish(conn, claims[0])
        assert await leases.finish(conn, claims[1])


async def test_a_job_that_kills_its_process_becomes_a_dead_letter(clinic: Clinic) -> None:
    await clinic.put("note", "d1")
    for life in range(2):
        async with clinic.db.write() as conn:
            assert await leases.claim(conn, {"ehr": 1}, at_most={"ehr": 1}, token=f"dead:{life}", lease_s=-1)
            if life == 0:
                await conn.execute(update(jobs).values(state="due"))
    async with at_work(clinic.worker(max_attempts=2)):
        await clinic.until(lambda: clinic.dead == [("d1", "lease_expired", 2)])
    assert clinic.done == []


async def test_a_new_life_takes_back_at_once_what_the_old_one_held(clinic: Clinic) -> None:
    await clinic.put("note", "ours")
    await clinic.put("note", "theirs", lane="other")
    async with clinic.db.write() as conn:
        await leases.claim(conn, {"ehr": 1}, at_most={"ehr": 1}, token="replica-1:old:1", lease_s=600)
        await leases.claim(conn, {"other": 1}, at_most={"other": 1}, token="replica-10:alive:1", lease_s=600)
    async with at_work(clinic.worker(replica="replica-1")):
        await clinic.until(lambda: clinic.done == ["ours"], timeout_s=2)


async def test_what_is_taken_back_is_done_before_all_who_came_later(clinic: Clinic) -> None:
    await clinic.put("note", "first", *map(str, range(30)))
    async with clinic.db.write() as conn:
        await leases.claim(conn, {"ehr": 1}, at_most={"ehr": 1}, token="dead:1", lease_s=-1)
    async with at_work(clinic.worker(lane_limits={"ehr": 1})) as worker:
        await clinic.until(lambda: bool(clinic.done))
        await worker.until_idle(timeout_s=10)
    assert clinic.done.index("first") <= 1, clinic.done  # one other may have been claimed before the look


async def test_a_job_whose_holders_die_one_after_another_waits_longer(clinic: Clinic) -> None:
    await clinic.put("note", "d1")
    async with clinic.db.write() as conn:
        await leases.claim(conn, {"ehr": 1}, at_most={"ehr": 1}, token="dead:1", lease_s=-1)
        (orphan,) = await leases.expired(conn)
        assert not orphan.again
        assert await leases.give_back(conn, orphan.held, code=leases.LOST)
        await leases.claim(conn, {"ehr": 1}, at_most={"ehr": 1}, token="dead:2", lease_s=-1)
        (orphan,) = await leases.expired(conn)
        assert orphan.again
    pauses: list[int] = []

    def pause(attempt: int) -> float:
        pauses.append(attempt)
        return 0.02

    async with at_work(clinic.worker(pause=pause)):
        await clinic.until(lambda: clinic.done == ["d1"])
    assert pauses == [2]


async def test_on_sqlite_a_new_life_needs_no_name(sqlite_database: Database) -> None:
    clinic = Clinic(sqlite_database)
    await clinic.put("note", "d1")
    async with clinic.db.write() as conn:
        await leases.claim(conn, {"ehr": 1}, at_most={"ehr": 1}, token="worker:old:1", lease_s=600)
    async with at_work(clinic.worker()):
        await clinic.until(lambda: clinic.done == ["d1"], timeout_s=2)


# Sharing


async def test_a_lane_never_runs_more_than_its_limit_and_a_slow_one_holds_up_nobody(clinic: Clinic) -> None:
    gate = asyncio.Event()

    async def hang(job: Job) -> None:
        with clinic.counted(job):
            await gate.wait()

    worker = clinic.worker(handlers={"hang": hang}, slots=8, lane_limits={"chat": 1})
    async with at_work(worker):
        await clinic.put("hang", *map(str, range(20)), lane="ehr")
        await clinic.put("hang", *map(str, range(3)), lane="chat:slow")
        await clinic.until(lambda: clinic.running == {"ehr": 2, "chat:slow": 1})
        await clinic.put("note", "a", lane="chat:quick")
        await clinic.put("note", "b", lane="clock")
        await clinic.until(lambda: sorted(clinic.done) == ["a", "b"], timeout_s=2)
        assert clinic.most_running == {"ehr": 2, "chat:slow": 1}
        gate.set()
        await worker.until_idle(timeout_s=10)
    assert clinic.most_running == {"ehr": 2, "chat:slow": 1}


async def test_one_after_another_in_a_lane_of_one(clinic: Clinic) -> None:
    refs = [str(number) for number in range(10)]
    async with at_work(clinic.worker(lane_limits={"chat": 1})) as worker:
        await clinic.put("note", *refs, lane="chat:c1")
        await worker.until_idle(timeout_s=10)
    assert clinic.done == refs


async def test_two_processes_together_keep_a_lane_within_its_limit(postgres: Postgres) -> None:
    url = await postgres.new_database()
    async with Database(url) as one, Database(url) as two:
        clinic = Clinic(one)
        first = clinic.worker(slots=8)
        second = Worker(two, {"slow": clinic.take_a_while}, on_dead=clinic.on_dead, slots=8, poll_s=0.05)
        async with at_work(first), at_work(second):
            await clinic.put("slow", *map(str, range(30)))
            await first.until_idle(timeout_s=10)
    assert sorted(clinic.done, key=int) == [str(number) for number in range(30)]
    assert clinic.most_running == {"ehr": 2}


def test_slots_are_dealt_fairly() -> None:
    limits = {"a": 4, "b": 4, "c": 1}
    assert fair_shares(6, running={}, limits=limits) == {"a": 3, "b": 2, "c": 1}
    assert fair_shares(2, running={"a": 3}, limits=limits) == {"b": 1, "c": 1}
    assert fair_shares(9, running={"a": 4, "b": 4, "c": 1}, limits=limits) == {}
    assert fair_shares(0, running={}, limits=limits) == {}


async def test_a_crisis_is_prompt_while_everything_else_is_flooded(clinic: Clinic) -> None:
    started: list[float] = []

    async def page(job: Job) -> None:
        started.append(time.monotonic())

    async with at_work(clinic.worker(handlers={"page": page}, slots=4)):
        for lane in range(8):
            await clinic.put("slow", *map(str, range(40)), lane=f"ehr:{lane}")
        await asyncio.sleep(0.2)
        late = []
        for number in range(5):
            before = time.monotonic()
            await clinic.put("page", f"e{number}", lane="crisis")
            await clinic.until(partial(_is_longer, started, number))
            late.append(started[-1] - before)
        async with clinic.db.read() as conn:
            assert (await waiting(conn)).due > 50, "the flood was over too early to prove anything"
    assert sorted(late)[2] < 0.5, late


def _is_longer(things: list[float], count: int) -> bool:
    return len(things) > count


async def test_while_many_pages_go_out_all_else_has_few_places(clinic: Clinic) -> None:
    gate = asyncio.Event()

    async def hang(job: Job) -> None:
        with clinic.counted(job):
            await gate.wait()

    async def page(job: Job) -> None:
        with clinic.counted(job):
            await pages_may_end.wait()

    pages_may_end = asyncio.Event()
    worker = clinic.worker(handlers={"hang": hang, "page": page}, slots=16, crisis_slots=8, lane_limits={"ehr": 16})
    async with at_work(worker):
        await clinic.put("page", "1", "2", lane="crisis")
        await clinic.until(lambda: clinic.running == {"crisis": 2})
        await clinic.put("hang", *map(str, range(40)), lane="ehr")
        await clinic.until(lambda: clinic.running == {"crisis": 2, "ehr": 2}, timeout_s=2)
        await asyncio.sleep(0.2)
        assert clinic.running == {"crisis": 2, "ehr": 2}, "what may wait took more than an eighth of its places"
        pages_may_end.set()
        await clinic.until(lambda: clinic.running.get("ehr") == 16, timeout_s=2)
        gate.set()
        await worker.until_idle(timeout_s=10)


async def test_pages_that_go_out_together_are_completed_together(clinic: Clinic) -> None:
    transactions: list[AsyncConnection] = []
    await clinic.put("page", *map(str, range(24)), lane="crisis")

    async def page(job: Job) -> Finish:
        async def finish(conn: AsyncConnection) -> None:
            transactions.append(conn)

        return finish

    async with at_work(clinic.worker(handlers={"page": page}, crisis_slots=24)) as worker:
        await worker.until_idle(timeout_s=10)
    assert len(transactions) == 24
    assert len(set(map(id, transactions))) < 12, "each page had a transaction of its own"


async def test_a_crisis_lease_is_short(clinic: Clinic) -> None:
    lease: dict[str, float] = {}

    async def look(job: Job) -> None:
        async with clinic.db.read() as conn:
            found = await conn.execute(select(jobs.c.lease_until - jobs.c.created).where(jobs.c.id == job.id))
            lease[job.lane] = found.scalar_one()

    async with at_work(clinic.worker(handlers={"look": look}, lease_s=10)) as worker:
        await clinic.put("look", "d1", lane="ehr")
        await clinic.put("look", "e1", lane="crisis")
        await worker.until_idle(timeout_s=5)
    assert 9.9 < lease["ehr"] < 11
    assert 4.9 < lease["crisis"] < 6


# Stopping, and losing the database


async def test_stopping_lets_what_runs_end_and_starts_nothing_new(clinic: Clinic) -> None:
    worker = clinic.worker(slots=4)
    running = asyncio.create_task(worker.run())
    await clinic.put("slow", *map(str, range(10)))
    await clinic.until(lambda: clinic.running.get("ehr", 0) >= 1)
    await worker.stop()
    await running
    states = [state for _, state, _, _ in await clinic.rows()]
    assert set(states) == {"done", "due"}
    assert states.count("done") == len(clinic.done) < 10


async def test_what_will_not_end_is_given_back_for_somebody_else(clinic: Clinic) -> None:
    async def hang(job: Job) -> None:
        clinic.done.append(job.ref)
        await asyncio.Event().wait()

    worker = clinic.worker(handlers={"hang": hang}, grace_s=0.1)
    running = asyncio.create_task(worker.run())
    await clinic.put("hang", "d1")
    await clinic.until(lambda: clinic.done == ["d1"])
    await worker.stop()
    await running
    assert await clinic.rows() == [("d1", "due", 1, "drained")]


async def test_a_handler_that_will_not_stop_does_not_stop_the_stopping(clinic: Clinic) -> None:
    release = asyncio.Event()

    async def stubborn(job: Job) -> None:
        clinic.done.append(job.ref)
        while not release.is_set():
            with suppress(asyncio.CancelledError):
                await release.wait()

    worker = clinic.worker(handlers={"stubborn": stubborn}, grace_s=0.1)
    running = asyncio.create_task(worker.run())
    await clinic.put("stubborn", "d1")
    await clinic.until(lambda: clinic.done == ["d1"])
    async with asyncio.timeout(10):
        await worker.stop()
        await running
    release.set()
    assert await clinic.rows() == [("d1", "due", 1, "drained")]


async def test_stopping_a_worker_that_never_ran_returns(clinic: Clinic) -> None:
    await clinic.worker().stop()


async def test_a_restart_of_the_database_loses_nothing_and_does_nothing_twice(postgres: Postgres) -> None:
    async with Database(await postgres.new_database()) as db:
        clinic, calls = Clinic(db), []

        async def file(job: Job) -> Finish:
            calls.append(job.ref)
            await asyncio.sleep(0.05)

            async def finish(conn: AsyncConnection) -> None:
                await conn.execute(insert(aliases).values(alias=job.ref, client_id=job.ref))

            return finish

        async with at_work(clinic.worker(handlers={"file": file}, lease_s=6)) as worker:
            await clinic.put("file", *map(str, range(60)))
            await asyncio.sleep(0.1)
            await asyncio.to_thread(postgres.restart)
            await clinic.until(lambda: _all_done(clinic, 60), timeout_s=25)
            await worker.until_idle(timeout_s=5)
        async with db.read() as conn:
            assert len((await conn.execute(select(aliases.c.alias))).all()) == 60
        assert len(calls) == 60  # what was under way was finished afterwards, not done again


async def _all_done(clinic: Clinic, count: int) -> bool:
    async with clinic.db.read() as conn:
        return (await waiting(conn)).done == count


async def test_an_idle_worker_asks_once_a_poll(clinic: Clinic) -> None:
    asked: list[str] = []
    for engine in {clinic.db._reader, clinic.db._writer}:
        assert engine is not None
        event.listen(engine.sync_engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    async with at_work(clinic.worker(poll_s=0.3)):
        await asyncio.sleep(0.9)
        looks = [statement for statement in asked if "jobs" in statement]
    assert 1 <= len(looks) <= 5, looks  # at its start for an earlier life, then once a poll


async def test_looking_into_a_long_queue_stays_quick(clinic: Clinic) -> None:
    async with clinic.db.write() as conn:
        for lane in range(20):
            await enqueue(conn, "note", "first", lane=f"chat:{lane}", delay_s=lane)
        series = "generate_series(1, 20000)" if clinic.db.dialect == "postgresql" else "n"
        head = (
            ""
            if clinic.db.dialect == "postgresql"
            else ("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 20000) ")
        )
        column = "'ehr'"
        await conn.execute(
            text(
                f"INSERT INTO jobs (kind, ref, lane, state, due, attempt, created) {head}"
                f"SELECT 'note', 'x', {column}, 'due', 0, 0, 0 FROM {series}"
            )
        )
        if clinic.db.dialect == "postgresql":
            await conn.execute(text("ANALYZE jobs"))
    async with clinic.db.read() as conn:
        found = await leases.look(conn)
        quickest_ms = 1000.0
        for _ in range(20):
            before = time.perf_counter()
            await leases.look(conn)
            quickest_ms = min(quickest_ms, (time.perf_counter() - before) * 1000)
    assert found.lanes[0] == "ehr"
    assert found.next_s is not None
    assert quickest_ms < 15, quickest_ms
