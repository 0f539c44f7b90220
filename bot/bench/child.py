"""The measured side: `python -m bot.bench.child MODULE:ROLE JSON` plays one role until its standard input ends.

One line of JSON in, one line of JSON out. Every role answers "usage"; the others answers are its own.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from bot import log

type Json = dict[str, Any]
type Answer = Callable[[Json], Awaitable[Json]]


@dataclass(frozen=True, slots=True)
class Part:
    """What a role yields when it is ready: facts for whoever started it, and what it does when asked."""

    facts: Json
    answers: Mapping[str, Answer] = field(default_factory=dict)


type Role = Callable[..., AbstractAsyncContextManager[Part]]


async def play(role: Role, given: Json) -> None:
    asked = await _lines_in()
    async with role(**given) as part:
        _say(part.facts)
        while line := await asked.readline():
            what, more = json.loads(line)
            _say(_usage() if what == "usage" else await part.answers[what](more))


def _usage() -> Json:
    """CPU seconds of all threads so far, and resident megabytes now."""
    return {"cpu_s": time.process_time(), "rss_mb": resident_mb()}


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def _lines_in() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def _say(what: Json) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    log.configure("ERROR", json=True)
    module, _, name = sys.argv[1].partition(":")
    asyncio.run(play(getattr(import_module(module), name), json.loads(sys.argv[2])))
