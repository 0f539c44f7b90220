"""Each bench runs in a tiny size and tells what it promises. No times are judged here: `baton bench` does that."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.bench import ack, crisis, digest, filing, resting, takeover
from bot.bench.child import Json
from bot.bench.children import ChildDied, child
from bot.bench.command import commands
from bot.bench.databases import Databases, databases
from bot.bench.figures import digits, machine, middle, ratio

ACK = ack.Size(rounds=1, requests=40, steady=20, connections=4)
FILING = filing.Size(rounds=1, jobs=20, drafts=2, processes=(1,))
BENCHES: dict[str, Callable[[Databases], Awaitable[Json]]] = {
    "ack": lambda on: ack.bench(on, ACK),
    "filing": lambda on: filing.bench(on, FILING),
    "takeover": lambda on: takeover.bench(on, takeover.Size(trials=1, lease_s=1.0)),
    "idle": lambda on: resting.idle(on, resting.IdleSize(settle_s=0.2, seconds=1.0)),
    "crisis": lambda on: crisis.bench(on, crisis.Size(seconds=0.5, idle_seconds=0.5, per_s=4, others=20)),
    "digest": lambda on: digest.bench(on, digest.Size(clients=(60, 120))),
    "memory": lambda on: resting.memory(on, resting.MemorySize(handoffs=2)),
}
RATIOS = {
    "ack": {
        f"baton_{kind}_cpu_vs_bare_bolt{rate}" for kind in ("sqlite", "postgresql") for rate in ("", "_at_100_per_s")
    }
    | {"bare_bolt_cpu_vs_raw", "bare_bolt_cpu_vs_raw_at_100_per_s"},
    "filing": {"vs_faster_library_1"},
    "takeover": {"sqlite_vs_lease", "postgresql_vs_lease"},
    "idle": {"sqlite_queries_vs_target"},
    "digest": {"time_slope", "memory_slope", "trips_largest_vs_smallest", "ready_vs_target"},
    "crisis": {
        f"{kind}_treating_{known}_p99_vs_{against}"
        for kind in ("sqlite", "postgresql")
        for known in ("known", "unknown")
        for against in ("idle", "target")
    },
    "memory": {"sqlite_vs_target"},
}
ON_BOTH = {"ack", "filing", "takeover", "crisis"}


def figures(told: Any) -> list[float]:
    if isinstance(told, dict):
        return [number for value in told.values() for number in figures(value)]
    return [float(told)]


@pytest.mark.parametrize("name", BENCHES)
async def test_a_bench_tells_ratios_targets_and_numbers_only(name: str) -> None:
    async with databases(None, wanted=name in ON_BOTH) as on:
        if name in ON_BOTH and "postgresql" not in on.kinds:
            pytest.skip("there is no PostgreSQL here")
        told = await BENCHES[name](on)
    assert set(told["ratios"]) == RATIOS[name]
    assert all(number >= 0 for number in figures(told))
    assert told["targets"]
    json.dumps(told)
    if name == "digest":
        clinics = [told[size] for size in ("60", "120")]
        assert all(one["delivered"] == one["teams"] and one["lines"] > 0 and not one["gaps"] for one in clinics)
    if name == "ack":
        answered = [one for pace in ("full_speed", "at_100_per_s") for one in told[pace].values()]
        assert {one["refused"] for one in answered} == {0}, "every command is answered, with words"


async def test_a_measured_process_that_dies_is_not_waited_for() -> None:
    async with child("load:knocking", secret="s") as dead:
        dead.process.kill()
        with pytest.raises(ChildDied):
            await dead.ask("usage")


def test_medians_are_of_rounds_and_ratios_of_each_round() -> None:
    assert middle([{"a": 1.0}, {"a": 9.0}, {"a": 2.0}]) == {"a": 2.0}
    assert ratio([2.0, 30.0, 6.0], [1.0, 10.0, 3.0]) == 2.0
    assert digits(1234.5) == 1230.0


def test_the_machine_is_told_with_the_figures() -> None:
    assert {"date", "cores", "memory_gb", "python", "libraries"} <= set(machine())


def test_an_unknown_bench_is_refused_by_name() -> None:
    refused = CliRunner().invoke(commands(), ["speed"])
    assert refused.exit_code == 2
    assert "ack" in refused.output
