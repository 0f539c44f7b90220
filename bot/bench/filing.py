"""How fast approved work reaches the EHR: the engine alone beside two job libraries, and the whole filing of drafts.

Engine: so many jobs stand in the queue; each is one HTTP call to a stub EHR and one row that records it. The clock runs
from the commit that put them there until the last row is there. Whole filing: Baton's own flow, from the approval until
every draft is filed (five writes, each announced, read back, receipted and audited).
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from bot.bench.child import Json
from bot.bench.children import Child, child
from bot.bench.databases import Databases
from bot.bench.drafts import bench as whole_drafts
from bot.bench.figures import installed, middle, ratio

PEERS = ("pgqueuer", "procrastinate")
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Size:
    rounds: int = 3
    jobs: int = 2000
    drafts: int = 100
    processes: Sequence[int] = (1, 3)
    patience_s: float = 180


@dataclass(frozen=True, slots=True)
class Contestant:
    name: str
    role: str
    kind: str
    processes: int


async def bench(on: Databases, size: Size) -> Json:
    """`ratios`: Baton's writes per second on PostgreSQL over those of the faster library, by number of processes."""
    rounds: dict[str, list[dict[str, float]]] = {}
    for number in range(size.rounds):
        for one in _contestants(on, size.processes):
            told = await _engine(on, one, size, name=f"r{number}")
            rounds.setdefault(one.name, []).append(told)
    return {
        "engine": {name: middle(taken) for name, taken in rounds.items()},
        "ratios": _ratios(rounds, size.processes),
        "targets": {"vs_faster_library": 1.0},
        "drafts": await whole_drafts(on, size.drafts, size.processes, size.patience_s),
    }


def _contestants(on: Databases, processes: Sequence[int]) -> Sequence[Contestant]:
    alone = [Contestant("baton_sqlite_1", "baton", "sqlite", 1)]
    if "postgresql" not in on.kinds:
        return alone
    names = ["baton", *(peer for peer in PEERS if installed(peer))]
    many = [Contestant(f"{name}_postgresql_{n}", name, "postgresql", n) for n in processes for name in names]
    return [*alone, *many]


async def _engine(on: Databases, one: Contestant, size: Size, *, name: str) -> dict[str, float]:
    database = await on.new(one.kind)
    async with AsyncExitStack() as stack:
        ehr = await stack.enter_async_context(child("stub_ehr:storing"))
        role, given = f"engines:{one.role}", {"database": database, "url": ehr.facts["url"]}
        first = await stack.enter_async_context(child(role, **given))
        await first.ask("prepare")
        workers = [first, *[await stack.enter_async_context(child(role, **given)) for _ in range(one.processes - 1)]]
        if one.role in PEERS:
            for worker in workers:
                await worker.ask("begin")
        await asyncio.sleep(0.5)  # everybody has looked once and found nothing
        told = await _timed(on, first, workers, size, name)
        assert (await ehr.ask("counted"))["stored"] == size.jobs
        return told


async def _timed(on: Databases, first: Child, workers: Sequence[Child], size: Size, name: str) -> dict[str, float]:
    cpu_before, server_before = await _cpu_s(workers), on.server_cpu_s() or 0.0
    await first.ask("plant", name=name, count=size.jobs)
    begun = time.perf_counter()
    async with asyncio.timeout(size.patience_s):
        while (await first.ask("done"))["done"] < size.jobs:  # noqa: ASYNC110 - other processes do the work
            await asyncio.sleep(LOOK_S)
    seconds = time.perf_counter() - begun
    cpu_s, server_s = await _cpu_s(workers) - cpu_before, (on.server_cpu_s() or 0.0) - server_before
    return {
        "writes_per_s": size.jobs / seconds,
        "cpu_us_per_write": 1e6 * cpu_s / size.jobs,
        "postgresql_cpu_us_per_write": 1e6 * server_s / size.jobs,
    }


async def _cpu_s(workers: Sequence[Child]) -> float:
    return sum([await worker.cpu_s() for worker in workers])


def _ratios(rounds: Mapping[str, list[dict[str, float]]], processes: Sequence[int]) -> Json:
    found: Json = {}
    for n in processes:
        peers = [rounds[name] for peer in PEERS if (name := f"{peer}_postgresql_{n}") in rounds]
        ours = rounds.get(f"baton_postgresql_{n}")
        if peers and ours:
            fastest = [max(one["writes_per_s"] for one in taken) for taken in zip(*peers, strict=True)]
            found[f"vs_faster_library_{n}"] = ratio([one["writes_per_s"] for one in ours], fastest)
    return found
