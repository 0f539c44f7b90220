"""Finds due jobs and has them done, on any number of processes over one database.

Look (one read) -> claim (one write) -> attempt -> settle (`attempt.py`). A worker may die at any line: its leases run
out, somebody else goes on, and whatever it still tries to finish is refused.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from secrets import token_hex
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import leases
from bot.store.attempt import (
    Completion,
    GivenBack,
    OnDead,
    Outcome,
    Rules,
    attempt,
    complete_together,
    pause_s,
    settle,
)
from bot.store.leases import Held, Look, Orphan
from bot.store.queue import Handler, Later, Never, is_crisis, waiting
from bot.store.session import Database, is_passing
from bot.store.together import Together

CRISIS_LEASE_S: Final = 5.0
DATABASE_PAUSE_S: Final = 0.3
GATHER_S: Final = 0.002  # measured: half less work for each job than completing each by itself
ROUNDS_APART_S: Final = 0.005  # measured: without it each finished job costs a look and a claim of its own
CANCEL_S: Final = 2.0
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Running:
    held: Held
    task: asyncio.Task[None]
    renew_until: float  # by the event loop's clock: a hung handler does not keep its lease for ever
    settling: bool = False


@dataclass(slots=True, kw_only=True)
class _Group:
    """Jobs that share slots and a lease: the crisis lanes, and all others."""

    crisis: bool
    slots: int
    lease_s: float
    completions: Together[Completion]
    running: dict[Held, _Running] = field(default_factory=dict)
    claiming: asyncio.Task[None] | None = None

    @property
    def calling(self) -> int:
        """What is being recorded calls nobody any more, and leaves its place to the next."""
        return sum(not one.settling for one in self.running.values())


class Worker:
    """Runs handlers by kind. `on_dead` tells a person, in the transaction that makes the job a dead letter.

    `lane_limits` caps how many jobs run at once in one lane, by the part of its name before the first ":"; others may
    use a quarter of the slots. `replica` is a stable name of this process: at its start it takes back what its earlier
    life held. Two living processes must not share one. On SQLite no name is needed: one process owns the file.
    """

    def __init__(
        self,
        db: Database,
        handlers: Mapping[str, Handler],
        *,
        on_dead: OnDead,
        lease_s: float = 10,
        max_attempts: int | Mapping[str, int] = 12,
        time_limit_s: float | Mapping[str, float] = 60,
        slots: int = 16,
        crisis_slots: int = 8,
        poll_s: float = 1.0,
        lane_limits: Mapping[str, int] | None = None,
        pause: Callable[[int], float] = pause_s,
        grace_s: float = 10,
        replica: str | None = None,
    ) -> None:
        self._db = db
        self._rules = Rules(dict(handlers), on_dead, max_attempts, time_limit_s, pause)
        self._poll_s = poll_s
        self._lane_limits = dict(lane_limits or {})
        self._grace_s = grace_s
        self._replica = replica
        self._life = f"{(replica or 'worker')[:32]}:{token_hex(6)}"
        self._claims = 0
        self._crisis = self._group(crisis=True, slots=crisis_slots, lease_s=min(lease_s, CRISIS_LEASE_S))
        self._others = self._group(crisis=False, slots=slots, lease_s=lease_s)
        self._wake = asyncio.Event()
        self._looked = 0.0
        self._stopping = False
        self._ended: asyncio.Event | None = None

    def _group(self, *, crisis: bool, slots: int, lease_s: float) -> _Group:
        """What one group completes never waits in a transaction of the other."""
        together = Together(partial(complete_together, self._db), gather_s=lambda: self._gather_s(group))
        group = _Group(crisis=crisis, slots=slots, lease_s=lease_s, completions=together)
        return group

    async def run(self) -> None:
        """Work until `stop()`, then let what runs end. A database that goes away is waited for."""
        self._ended = asyncio.Event()
        forget = self._db.on_enqueued(self.wake)
        heart = asyncio.create_task(self._beat())
        try:
            await self._take_back_earlier_lives()
            while not self._stopping:
                await self._round()
            await self._drain()
        finally:
            forget()
            await _cancelled([heart, *self._tasks()])
            self._ended.set()

    def wake(self) -> None:
        """Look now. `Database.write` calls it after every commit of this process that enqueued something."""
        self._wake.set()

    async def stop(self) -> None:
        """Claim no more, let what runs end (up to `grace_s`), give back the rest. Returns when `run` has ended."""
        self._stopping = True
        self.wake()
        if self._ended is not None:
            await self._ended.wait()

    async def until_idle(self, *, timeout_s: float) -> None:
        """Return when no job is due or running; jobs for a later time do not count. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while await self._busy():  # noqa: ASYNC110 - other processes' jobs count too: only the database knows
                await asyncio.sleep(0.02)

    async def _busy(self) -> bool:
        async with self._db.read() as conn:
            now = await waiting(conn)
        return bool(now.due or now.running)

    # Looking and claiming

    async def _round(self) -> None:
        await self._apart()
        self._wake.clear()
        try:
            found = await self._look()
        except Exception as trouble:  # noqa: BLE001 - whatever it was, the next look may work; `_tell` logs it
            _tell("jobs_look_failed", trouble)
            await asyncio.sleep(DATABASE_PAUSE_S)
            return
        for group in (self._crisis, self._others):
            self._start_claiming(group, found)
        await self._sleep(self._poll_s if found.next_s is None else min(self._poll_s, found.next_s))

    async def _apart(self) -> None:
        """The first look is at once; under load what was freed or enqueued meanwhile is then claimed together."""
        now = asyncio.get_running_loop().time()
        if (wait_s := self._looked + ROUNDS_APART_S - now) > 0:
            await asyncio.sleep(wait_s)
        self._looked = asyncio.get_running_loop().time()

    async def _look(self) -> Look:
        async with self._db.read() as conn:
            found = await leases.look(conn)
        if found.expired:
            await self._take_back(leases.expired)
            self.wake()
        return found

    def _start_claiming(self, group: _Group, found: Look) -> None:
        lanes = [lane for lane in found.lanes if is_crisis(lane) is group.crisis and self._has_room(group, lane)]
        if lanes and self._free(group) > 0 and (group.claiming is None or group.claiming.done()):
            group.claiming = asyncio.create_task(self._claim(group, lanes))

    async def _claim(self, group: _Group, lanes: Sequence[str]) -> None:
        try:
            async with self._db.write() as conn:
                held = await self._claimed(conn, group, lanes)
        except Exception as trouble:  # noqa: BLE001 - a claim that failed is made again; `_tell` logs it
            _tell("jobs_claim_failed", trouble)
            return
        for one in held:
            self._start(group, one)
        if held:
            self.wake()

    async def _claimed(self, conn: AsyncConnection, group: _Group, lanes: Sequence[str]) -> list[Held]:
        limits = {lane: self._limit(group, lane) for lane in lanes}
        running = await leases.running_by_lane(conn, lanes)
        wanted = fair_shares(self._free(group), running=running, limits=limits)
        self._claims += 1
        token = f"{self._life}:{self._claims}"
        return await leases.claim(conn, wanted, at_most=limits, token=token, lease_s=group.lease_s)

    def _free(self, group: _Group) -> int:
        return self._places(group) - group.calling

    def _has_room(self, group: _Group, lane: str) -> bool:
        """False: what we hold alone fills it. Others may hold more, which the claim finds out."""
        return sum(held.job.lane == lane for held in group.running) < self._limit(group, lane)

    def _limit(self, group: _Group, lane: str) -> int:
        usual = group.slots if group.crisis else max(1, group.slots // 4)
        return self._lane_limits.get(lane.partition(":")[0], usual)

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self._wake.wait()

    # Doing and holding

    def _gather_s(self, group: _Group) -> float:
        """Under load completions wait a moment for each other; a few at work are recorded at once."""
        return GATHER_S if len(group.running) >= self._places(group) // 2 else 0.0

    def _places(self, group: _Group) -> int:
        """While many pages go out all else has an eighth of its places: it may wait, a page may not."""
        yields = not group.crisis and len(self._crisis.running) > self._crisis.slots // 8
        return max(1, group.slots // 8) if yields else group.slots

    def _start(self, group: _Group, held: Held) -> None:
        limit_s = self._rules.limit_s(held.job)
        task = asyncio.create_task(self._do(group, held, limit_s))
        renew_until = asyncio.get_running_loop().time() + limit_s + group.lease_s
        group.running[held] = _Running(held, task, renew_until)

    async def _do(self, group: _Group, held: Held, limit_s: float) -> None:
        running = group.running[held]
        try:
            outcome = await attempt(self._rules, held.job, limit_s)
            running.settling = True
            if not running.task.cancelling():  # else the job is somebody else's by now, whatever the handler made of it
                await self._record(group, running, outcome)
        finally:
            del group.running[held]
            self.wake()

    async def _record(self, group: _Group, one: _Running, outcome: Outcome) -> None:
        if not await self._completed(group, one.held, outcome):
            await self._settle(one.held, outcome, until=one.renew_until)

    async def _completed(self, group: _Group, held: Held, outcome: Outcome) -> bool:
        """Done together with what else is done just now. False: it must be settled by itself, whatever the reason."""
        if isinstance(outcome, Later | Never | GivenBack):
            return False
        try:
            await group.completions.add((held, outcome))
        except Exception:  # noqa: BLE001 - whose fault it was shows when each is settled by itself
            return False
        return True

    async def _settle(self, held: Held, outcome: Any, *, until: float) -> None:
        """A database that restarts is waited for, as long as the lease would have been renewed."""
        while True:
            try:
                return await settle(self._db, self._rules, held, outcome)
            except Exception as trouble:  # noqa: BLE001 - the lease runs out and the job is done again; `_tell` logs it
                _tell("job_settle_failed", trouble, job_id=held.job.id)
                if not is_passing(trouble) or asyncio.get_running_loop().time() > until:
                    return None
            await asyncio.sleep(DATABASE_PAUSE_S)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(min(self._crisis.lease_s, self._others.lease_s) / 3)
            for group in (self._crisis, self._others):
                try:
                    await self._renew(group)
                except Exception as trouble:  # noqa: BLE001 - the next beat may work; `_tell` logs it
                    _tell("jobs_renew_failed", trouble)

    async def _renew(self, group: _Group) -> None:
        now = asyncio.get_running_loop().time()
        ours = [one for one in group.running.values() if now < one.renew_until]
        if not ours:
            return
        async with self._db.write() as conn:
            kept = await leases.renew(conn, [one.held for one in ours], lease_s=group.lease_s)
        for one in ours:
            if one.held.job.id not in kept and not one.settling:
                _log.warning("job_lease_lost", job_id=one.held.job.id, kind=one.held.job.kind)
                one.task.cancel()

    # Taking back and giving back

    async def _take_back_earlier_lives(self) -> None:
        pending = self._replica is not None or self._db.dialect == "sqlite"
        while pending and not self._stopping:
            try:
                await self._take_back(lambda conn: leases.of_earlier_lives(conn, self._replica, but=self._life))
                pending = False
            except Exception as trouble:  # noqa: BLE001 - tried until the database is there; `_tell` logs it
                _tell("jobs_take_back_failed", trouble)
                await asyncio.sleep(DATABASE_PAUSE_S)

    async def _take_back(self, which: Callable[[AsyncConnection], Awaitable[list[Orphan]]]) -> None:
        """At once and first in line; but a job whose holders die one after another waits longer each time, alone."""
        async with self._db.read() as conn:
            orphans = await which(conn)
        for held, again in ((orphan.held, orphan.again) for orphan in orphans):
            _log.warning("job_taken_back", job_id=held.job.id, kind=held.job.kind, attempt=held.job.attempt)
            await settle(self._db, self._rules, held, Later(leases.LOST) if again else GivenBack(leases.LOST))

    async def _drain(self) -> None:
        claims = [group.claiming for group in (self._crisis, self._others) if group.claiming]
        await asyncio.gather(*claims)
        if running := [one.task for one in self._all_running()]:
            await asyncio.wait(running, timeout=self._grace_s)
        unfinished = self._all_running()
        await _cancelled([one.task for one in unfinished])
        for one in unfinished:
            until = asyncio.get_running_loop().time() + self._grace_s
            await self._settle(one.held, GivenBack("drained"), until=until)

    def _all_running(self) -> list[_Running]:
        return [*self._crisis.running.values(), *self._others.running.values()]

    def _tasks(self) -> list[asyncio.Task[None]]:
        claims = [group.claiming for group in (self._crisis, self._others) if group.claiming]
        together = [group.completions.task for group in (self._crisis, self._others) if group.completions.task]
        return [*claims, *together, *(one.task for one in self._all_running())]


def fair_shares(free: int, *, running: Mapping[str, int], limits: Mapping[str, int]) -> dict[str, int]:
    """Deal the free slots one by one, each to the lane with the fewest running; between equals the one named first."""
    shares = dict.fromkeys(limits, 0)
    for _ in range(free):
        load = {lane: running.get(lane, 0) + share for lane, share in shares.items()}
        with_room = [lane for lane in shares if load[lane] < limits[lane]]
        if not with_room:
            break
        shares[min(with_room, key=load.__getitem__)] += 1
    return {lane: share for lane, share in shares.items() if share}


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    """A handler that will not be cancelled is left behind: its lease runs out and its completion would be refused."""
    for task in tasks:
        task.cancel()
    if tasks and (stubborn := (await asyncio.wait(tasks, timeout=CANCEL_S))[1]):
        _log.error("jobs_will_not_stop", jobs=len(stubborn))


def _tell(what: str, trouble: Exception, **ids: int) -> None:
    _log.warning(what, code=type(trouble).__name__, passing=is_passing(trouble), **ids)
