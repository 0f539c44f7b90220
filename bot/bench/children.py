"""The measuring side: starts processes that play a role, asks them things, and ends them."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.bench.child import Json

START_S = 300.0  # the largest clinic is loaded meanwhile
END_S = 15.0


class ChildDied(Exception):
    """A measured process ended by itself; what it said last stands on standard error."""


@dataclass(frozen=True, slots=True)
class Child:
    process: asyncio.subprocess.Process
    facts: Json

    async def ask(self, what: str, **more: object) -> Json:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([what, more]).encode() + b"\n")
        await self.process.stdin.drain()
        return await _line(self.process)

    async def cpu_s(self) -> float:
        return float((await self.ask("usage"))["cpu_s"])

    async def kill(self) -> None:
        """As a machine that loses its power."""
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def child(role: str, **given: object) -> AsyncIterator[Child]:
    """`role` is "module:function" of bot.bench; ready when the block begins, gone when it ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.bench.child", f"bot.bench.{role}", json.dumps(given)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    try:
        async with asyncio.timeout(START_S):
            facts = await _line(process)
        yield Child(process, facts)
    finally:
        await _end(process)


async def _line(process: asyncio.subprocess.Process) -> Json:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise ChildDied("A measured process ended before it answered.")
    answer: Json = json.loads(line)
    return answer


async def _end(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(END_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
