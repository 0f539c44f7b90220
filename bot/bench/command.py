"""`baton bench NAME [--json]`: run one bench and show what was measured, with the machine it was measured on."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Annotated, Final

import typer

from bot.bench import ack, crisis, digest, filing, resting, takeover
from bot.bench.child import Json
from bot.bench.databases import Databases, databases
from bot.bench.figures import machine


class Name(StrEnum):
    ACK = "ack"
    FILING = "filing"
    TAKEOVER = "takeover"
    IDLE = "idle"
    MEMORY = "memory"
    CRISIS = "crisis"
    DIGEST = "digest"


type Bench = Callable[[Databases], Awaitable[Json]]

BENCHES: Final[Mapping[Name, Bench]] = {
    Name.ACK: lambda on: ack.bench(on, ack.Size()),
    Name.FILING: lambda on: filing.bench(on, filing.Size()),
    Name.TAKEOVER: lambda on: takeover.bench(on, takeover.Size()),
    Name.IDLE: lambda on: resting.idle(on, resting.IdleSize()),
    Name.CRISIS: lambda on: crisis.bench(on, crisis.Size()),
    Name.DIGEST: lambda on: digest.bench(on, digest.Size()),
    Name.MEMORY: lambda on: resting.memory(on, resting.MemorySize()),
}
LONGEST_S: Final = 1800.0


def commands() -> typer.Typer:
    group = typer.Typer()

    @group.command(name="bench")
    def measure(
        name: Annotated[Name, typer.Argument(help="What to measure.")],
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,  # noqa: FBT002 - a flag
        postgres: Annotated[
            str | None, typer.Option(help="postgresql+asyncpg://... whose user may create databases.")
        ] = None,
    ) -> None:
        """Measure on this machine, on loopback and in databases of its own; compare within one run only."""
        told = asyncio.run(_run(name, postgres))
        typer.echo(json.dumps(told) if as_json else "\n".join(_lines(told)))

    return group


async def _run(name: Name, postgres: str | None) -> Json:
    on_this = machine()
    async with asyncio.timeout(LONGEST_S), databases(postgres) as on:
        return {"bench": name.value, "machine": on_this, **await BENCHES[name](on)}


def _lines(told: Json, indent: str = "") -> list[str]:
    lines: list[str] = []
    for key, value in told.items():
        if isinstance(value, dict):
            lines += [f"{indent}{key}", *_lines(value, indent + "  ")]
        else:
            lines.append(f"{indent}{key}: {value}")
    return lines
