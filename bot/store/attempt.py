"""One attempt at one job: call the handler within its time limit, then settle what came of it in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from random import SystemRandom
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import leases
from bot.store.leases import Held
from bot.store.queue import Finish, Handler, Job, Later, Never
from bot.store.session import Database, is_passing

FIRST_PAUSE_S: Final = 2.0
LONGEST_PAUSE_S: Final = 900.0
_random = SystemRandom()
_log = structlog.get_logger(__name__)

type OnDead = Callable[[AsyncConnection, Job, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Not the job's fault: it is done next, by whoever is there."""

    code: str


type Completion = tuple[Held, Finish | None]
type Outcome = Finish | Later | Never | GivenBack | None


class LeaseLost(Exception):
    """Somebody else holds the job by now; the transaction is rolled back."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a worker was told: who does what, how often, how long."""

    handlers: Mapping[str, Handler]
    on_dead: OnDead
    max_attempts: int | Mapping[str, int]
    time_limit_s: float | Mapping[str, float]
    pause_s: Callable[[int], float]

    def limit_s(self, job: Job) -> float:
        return self.time_limit_s if isinstance(self.time_limit_s, int | float) else self.time_limit_s.get(job.kind, 60)

    def attempts(self, job: Job) -> int:
        return self.max_attempts if isinstance(self.max_attempts, int) else self.max_attempts.get(job.kind, 12)


def pause_s(attempt: int) -> float:
    """2, 4, 8 ... 900 s, each somewhere between half and all of it: those who failed together return apart."""
    longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(attempt - 1, 20))
    return longest * _random.uniform(0.5, 1.0)


async def attempt(rules: Rules, job: Job, limit_s: float) -> Outcome:
    """Whatever the handler raises becomes a code. The text of an exception is not kept: it may hold PHI."""
    handler = rules.handlers.get(job.kind)
    if handler is None:
        return Never("no_handler")
    clock = asyncio.timeout(limit_s)
    try:
        async with clock:
            return await handler(job)
    except (Later, Never) as wish:
        return wish
    except Exception as trouble:  # noqa: BLE001 - one bad job must not stop the others; it is retried, then a dead letter
        code = "time_limit" if clock.expired() else type(trouble).__name__
        _log.warning("job_raised", job_id=job.id, kind=job.kind, attempt=job.attempt, code=code)
        return Later(code)


async def settle(db: Database, rules: Rules, held: Held, outcome: Outcome) -> None:
    """Record the outcome if the job is still held, else nothing. Raises what the database raises."""
    try:
        match outcome:
            case Later() if held.job.attempt < rules.attempts(held.job):
                await _postpone(db, rules, held, outcome)
            case GivenBack() if held.job.attempt < rules.attempts(held.job):
                async with db.write() as conn:
                    _still_ours(await leases.give_back(conn, held, code=outcome.code))
            case Later() | Never() | GivenBack():
                await _bury(db, rules, held, outcome.code)
            case _:
                await _complete(db, rules, held, outcome)
    except LeaseLost:
        _log.warning("job_lease_lost", job_id=held.job.id, kind=held.job.kind, attempt=held.job.attempt)


async def complete_together(db: Database, done: Sequence[Completion]) -> None:
    """Completions that came at the same time, in one transaction. When one of them raises nothing is kept of any.

    In the order of what they are about: two processes that lock the same rows lock them in the same order.
    """
    in_order = sorted(done, key=lambda one: one[0].job.ref)
    async with db.write() as conn:
        ours = await leases.finish_all(conn, [held for held, _ in in_order])
        for held, finish in in_order:
            if held.job.id in ours and finish is not None:
                await finish(conn)
    for held, _ in done:
        if held.job.id not in ours:
            _log.warning("job_lease_lost", job_id=held.job.id, kind=held.job.kind, attempt=held.job.attempt)


async def _complete(db: Database, rules: Rules, held: Held, finish: Finish | None) -> None:
    try:
        async with db.write() as conn:
            _still_ours(await leases.finish(conn, held))
            if finish is not None:
                await finish(conn)
    except (Later, Never) as wish:
        await settle(db, rules, held, wish)
    except Exception as trouble:
        if isinstance(trouble, LeaseLost) or is_passing(trouble):
            raise
        _log.warning("job_finish_raised", job_id=held.job.id, kind=held.job.kind, code=type(trouble).__name__)
        await settle(db, rules, held, Later(type(trouble).__name__))


async def _postpone(db: Database, rules: Rules, held: Held, wish: Later) -> None:
    after_s = rules.pause_s(held.job.attempt) if wish.after_s is None else wish.after_s
    async with db.write() as conn:
        _still_ours(await leases.postpone(conn, held, after_s=after_s, code=_short(wish.code)))


async def _bury(db: Database, rules: Rules, held: Held, code: str) -> None:
    async with db.write() as conn:
        _still_ours(await leases.bury(conn, held, code=_short(code)))
        await rules.on_dead(conn, held.job, code)
    _log.error("job_dead", job_id=held.job.id, kind=held.job.kind, attempt=held.job.attempt, code=_short(code))


def _still_ours(held: bool) -> None:  # noqa: FBT001 - reads as an assertion
    if not held:
        raise LeaseLost


def _short(code: str) -> str:
    return code[:128]
