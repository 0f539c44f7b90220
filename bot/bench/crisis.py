"""From a signal persisted to its pages sent, while much other work waits; and the same with an idle queue beside it.

Signals come at a fixed rate. Each page and each other work item is one HTTP call to a stub and 50 ms of waiting. Once
with the treating clinician known, once unknown, where the EHR is asked about a client it does not have.
"""

import asyncio
import math
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from bot.app import CRISIS_SLOTS, LANE_LIMITS, PATIENCE, built, working
from bot.bench.child import Json, Part
from bot.bench.children import Child, child
from bot.bench.databases import Databases
from bot.bench.engines import Call, bell, calling
from bot.bench.figures import digits
from bot.bench.product import settings
from bot.crisis import records
from bot.crisis.opening import open_escalation
from bot.crisis.policy import Tier, WayName
from bot.crisis.ways.port import Delivery, Page, Way
from bot.flow.desk import handlers, on_dead
from bot.flow.office import Office
from bot.store import jobs
from bot.store.jobs import Job, Wanted, Worker

CALL_S, CHATS, TOP_UP_S, SETTLE_S = 0.05, 20, 0.25, 60.0
TEAM, TREATING = "harbor", ("vega",)


@dataclass(frozen=True, slots=True)
class Size:
    seconds: float = 15.0
    idle_seconds: float = 5.0
    per_s: float = 20.0
    others: int = 2000


@dataclass(frozen=True, slots=True)
class BenchSignal:
    key: str
    kind: str = "bench"
    tier: str = Tier.NOW.value
    sentence: str = "PHQ-9 item 9 answered with 2."
    source: str = "Observation/bench"


async def bench(on: Databases, size: Size) -> Json:
    """`first`: the first page of an escalation; `every`: all pages of its first step. Milliseconds."""
    figures = {kind: await _measured(on, kind, size) for kind in on.kinds}
    return {
        "signals_per_s": size.per_s,
        "others_waiting": size.others,
        **figures,
        "ratios": {
            f"{kind}_{name}_p99_vs_{against}": digits(one[name]["first"]["p99_ms"] / bar)
            for kind, one in figures.items()
            for name in ("treating_known", "treating_unknown")
            for against, bar in (("idle", one["idle"]["first"]["p99_ms"]), ("target", 1000.0))
        },
        "targets": {"p99_ms": 1000.0},
    }


async def _measured(on: Databases, kind: str, size: Size) -> Json:
    async with AsyncExitStack() as stack:
        clinic = await stack.enter_async_context(child("product:sandbox", secret=secrets.token_hex(16)))
        stub = await stack.enter_async_context(child("stub_ehr:storing"))
        given = {"database": await on.new(kind), "ehr": clinic.facts, "url": stub.facts["url"]}
        door = await stack.enter_async_context(child("crisis:paging", **given))
        idle = await _round(door, size, size.idle_seconds, others=0, known=True)
        known = await _round(door, size, size.seconds, others=size.others, known=True)
        unknown = await _round(door, size, size.seconds, others=size.others, known=False)
    return {"idle": idle, "treating_known": known, "treating_unknown": unknown}


async def _round(door: Child, size: Size, seconds: float, *, others: int, known: bool) -> Json:
    signals = max(1, round(seconds * size.per_s))
    return await door.ask("run", signals=signals, per_s=size.per_s, others=others, known=known)


# The measured side


@dataclass(slots=True)
class _Stamps:
    """When each escalation was persisted, and when each of its pages was taken."""

    persisted: dict[str, float] = field(default_factory=dict)
    sent: dict[str, list[float]] = field(default_factory=dict)


@dataclass(slots=True)
class _StampedWay:
    name: WayName
    call: Call
    stamps: _Stamps

    async def page(self, page: Page, *, key: str) -> Delivery:
        await self.call(key)
        await asyncio.sleep(CALL_S)
        self.stamps.sent.setdefault(page.code, []).append(time.perf_counter())
        return Delivery(key)


@dataclass(slots=True)
class _Others:
    """Keeps so many other work items waiting, whatever is done of them."""

    office: Office
    done: int = 0
    planted: int = 0

    async def kept(self, wanted: int) -> None:
        while True:
            await self.plant(wanted - (self.planted - self.done))
            await asyncio.sleep(TOP_UP_S)

    async def plant(self, count: int) -> None:
        async with self.office.db.write() as conn:
            wanted = [Wanted("bench_work", str(n), _lane(n), f"bench:{self.planted + n}") for n in range(count)]
            await jobs.enqueue_all(conn, wanted)
        self.planted += max(0, count)


def _lane(number: int) -> str:
    return "ehr" if number % 2 else f"chat:web:{number % (2 * CHATS)}"


@asynccontextmanager
async def paging(database: str, ehr: Json, url: str) -> AsyncIterator[Part]:
    """Web and work of the product in one process; its ways of paging are stubs."""
    async with built(settings(database, ehr)) as baton, calling(url) as call:
        stamps = _Stamps()
        ways: dict[WayName, Way] = {
            way: _StampedWay(way, call, stamps) for way in (WayName.CHAT, WayName.SMS, WayName.VOICE)
        }
        office = replace(baton.office, ways=ways, chats={})
        others = _Others(office)

        async def work(job: Job) -> None:
            await call(f"{job.id}")
            await asyncio.sleep(CALL_S)
            others.done += 1

        does = {**handlers(office), "bench_work": work}
        give_up = partial(on_dead, office)
        worker = Worker(
            office.db,
            does,
            on_dead=give_up,
            max_attempts=dict(PATIENCE),
            lane_limits=LANE_LIMITS,
            crisis_slots=CRISIS_SLOTS,
            poll_s=5,
        )

        async def run(asked: Json) -> Json:
            return await _run(office, stamps, others, asked)

        async with bell(database, office.db, worker), working(worker):
            yield Part({}, {"run": run})


async def _run(office: Office, stamps: _Stamps, others: _Others, asked: Json) -> Json:
    stamps.persisted.clear()
    keeper = asyncio.create_task(others.kept(asked["others"])) if asked["others"] else None
    if keeper is not None:
        await asyncio.sleep(2 * TOP_UP_S)
    begun, opening = time.perf_counter(), list[asyncio.Task[None]]()
    for number in range(asked["signals"]):
        await asyncio.sleep(max(0.0, begun + number / asked["per_s"] - time.perf_counter()))
        opening.append(asyncio.create_task(_signal(office, stamps, known=asked["known"])))
    await asyncio.gather(*opening)
    waiting = others.planted - others.done
    await _all_sent(office, stamps)
    if keeper is not None:
        keeper.cancel()
    return {**_told(stamps), "signals": asked["signals"], "others_waiting_at_the_end": waiting}


async def _signal(office: Office, stamps: _Stamps, *, known: bool) -> None:
    """Another client each time, so that each opens an escalation of its own."""
    client, treating = f"bench-{secrets.token_hex(8)}", TREATING if known else ()
    async with office.db.write() as conn:
        opened = await open_escalation(conn, office, BenchSignal(client), client, "C-102", TEAM, treating=treating)
    stamps.persisted[opened.code] = time.perf_counter()


async def _all_sent(office: Office, stamps: _Stamps) -> None:
    """Every page of the first step of each has gone out."""
    async with asyncio.timeout(SETTLE_S):
        for code in stamps.persisted:
            while not await _sent(office, code, len(stamps.sent.get(code, ()))):  # noqa: ASYNC110 - the database says how many there are
                await asyncio.sleep(0.05)


async def _sent(office: Office, code: str, sent: int) -> bool:
    async with office.db.read() as conn:
        planned = await records.pages(conn, int(code.removeprefix("E-")))
    return bool(planned) and sent >= len(planned)


def _told(stamps: _Stamps) -> Json:
    first = [min(stamps.sent[code]) - at for code, at in stamps.persisted.items()]
    every = [sent - at for code, at in stamps.persisted.items() for sent in stamps.sent[code]]
    return {"first": _figures(first), "every": _figures(every)}


def _figures(waits: Sequence[float]) -> Json:
    ordered = sorted(max(0.0, wait) for wait in waits)
    at = {"p50_ms": 0.5, "p99_ms": 0.99, "max_ms": 1.0}
    return {name: digits(1000 * ordered[max(0, math.ceil(share * len(ordered)) - 1)]) for name, share in at.items()}
