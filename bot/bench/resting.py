"""What a replica costs when nothing happens, and how much memory it keeps after much has happened."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.bench.child import Json
from bot.bench.children import Child, child
from bot.bench.databases import Databases
from bot.bench.figures import digits


@dataclass(frozen=True, slots=True)
class IdleSize:
    settle_s: float = 10.0
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class MemorySize:
    handoffs: int = 200


async def idle(on: Databases, size: IdleSize) -> Json:
    """`queries_per_s`: statements through SQLAlchemy; NOTIFY and the bell's probe (one in 15 s) are not among them."""
    figures = {kind: await _idle(on, kind, size) for kind in on.kinds}
    return {
        **figures,
        "ratios": {f"{kind}_queries_vs_target": digits(one["queries_per_s"] / 2) for kind, one in figures.items()},
        "targets": {"queries_per_s": 2.0},
    }


async def memory(on: Databases, size: MemorySize) -> Json:
    """The sandbox clinic runs in another process: what is measured is `baton serve` alone."""
    figures = {kind: await _memory(on, kind, size.handoffs) for kind in on.kinds}
    return {
        "handoffs": size.handoffs,
        **figures,
        "ratios": {f"{kind}_vs_target": digits(one["after_mb"] / 200) for kind, one in figures.items()},
        "targets": {"after_mb": 200},
    }


async def _idle(on: Databases, kind: str, size: IdleSize) -> dict[str, float]:
    async with _served(on, kind) as door:
        await asyncio.sleep(size.settle_s)
        cpu, said = await door.cpu_s(), (await door.ask("statements"))["statements"]
        await asyncio.sleep(size.seconds)
        said = (await door.ask("statements"))["statements"] - said
        cpu = await door.cpu_s() - cpu
    return {"queries_per_s": digits(said / size.seconds), "cpu_percent": digits(100 * cpu / size.seconds)}


async def _memory(on: Databases, kind: str, handoffs: int) -> dict[str, float]:
    async with _served(on, kind) as door:
        start_mb = (await door.ask("usage"))["rss_mb"]
        assert (await door.ask("handoffs", count=handoffs))["filed"] == handoffs
        after_mb = (await door.ask("usage"))["rss_mb"]
    return {"start_mb": digits(start_mb), "after_mb": digits(after_mb)}


@asynccontextmanager
async def _served(on: Databases, kind: str) -> AsyncIterator[Child]:
    secret = secrets.token_hex(16)
    async with child("product:sandbox", secret=secret) as ehr:
        given = {"database": await on.new(kind), "ehr": ehr.facts, "secret": secret}
        async with child("product:serving", **given) as door:
            yield door
