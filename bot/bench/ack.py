"""How fast and how cheaply a slash command is acknowledged, while the EHR hangs.

Baton's door checks the signature, keeps the delivery, the request, its job and its audit line, and answers with what
it does. The two others check the signature and echo.
"""

import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from bot.bench.child import Json
from bot.bench.children import Child, child
from bot.bench.databases import Databases
from bot.bench.figures import middle, ratio

SLOW_PER_S = 100
TARGETS = {"cpu_vs_bare_bolt": 3.0, "p99_ms_at_100_per_s": 100.0}


@dataclass(frozen=True, slots=True)
class Size:
    rounds: int = 3
    requests: int = 2000
    steady: int = 1000  # requests at the fixed rate
    connections: int = 32


async def bench(on: Databases, size: Size) -> Json:
    secret = secrets.token_hex(16)
    async with AsyncExitStack() as stack:
        ehr = await stack.enter_async_context(child("product:sandbox", secret=secrets.token_hex(16)))
        doors = {name: await stack.enter_async_context(child(f"doors:{name}", secret=secret)) for name in OTHERS}
        for kind in on.kinds:
            given = {"database": await on.new(kind), "ehr": ehr.facts, "secret": secret}
            doors[f"baton_{kind}"] = await stack.enter_async_context(child("product:serving", **given))
        slack = await stack.enter_async_context(child("load:knocking", secret=secret))
        await ehr.ask("hang")
        return await _measured(on, size, doors, slack)


OTHERS = ("raw", "bare_bolt")


async def _measured(on: Databases, size: Size, doors: Mapping[str, Child], slack: Child) -> Json:
    fast: dict[str, list[dict[str, float]]] = {name: [] for name in doors}
    steady: dict[str, list[dict[str, float]]] = {name: [] for name in doors}
    for door in doors.values():
        await slack.ask("run", port=door.facts["port"], requests=size.requests // 10, connections=size.connections)
    for _ in range(size.rounds):
        for name, door in doors.items():
            fast[name].append(await _round(on, slack, door, size.requests, size.connections))
        for name, door in doors.items():
            per_s = SLOW_PER_S
            steady[name].append(await _round(on, slack, door, size.steady, size.connections, per_s=per_s))
    return {
        "full_speed": {name: middle(rounds) for name, rounds in fast.items()},
        "at_100_per_s": {name: middle(rounds) for name, rounds in steady.items()},
        "ratios": _ratios(fast) | {f"{name}_at_100_per_s": value for name, value in _ratios(steady).items()},
        "targets": TARGETS,
    }


async def _round(
    on: Databases, slack: Child, door: Child, requests: int, connections: int, *, per_s: float | None = None
) -> dict[str, float]:
    before, server_before = await door.cpu_s(), on.server_cpu_s()
    port = door.facts["port"]
    told = await slack.ask("run", port=port, requests=requests, connections=connections, per_s=per_s)
    after, server_after = await door.cpu_s(), on.server_cpu_s()
    told["cpu_us"] = 1e6 * (after - before) / told["requests"]
    if server_before is not None and server_after is not None:
        told["postgresql_cpu_us"] = 1e6 * (server_after - server_before) / told["requests"]
    return told


def _ratios(rounds: Mapping[str, list[dict[str, float]]]) -> Json:
    cpu = {name: [one["cpu_us"] for one in taken] for name, taken in rounds.items()}
    ours = [name for name in rounds if name not in OTHERS]
    return {f"{name}_cpu_vs_bare_bolt": ratio(cpu[name], cpu["bare_bolt"]) for name in ours} | {
        "bare_bolt_cpu_vs_raw": ratio(cpu["bare_bolt"], cpu["raw"])
    }
