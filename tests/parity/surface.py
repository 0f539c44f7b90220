"""A platform as people meet it: words and clicks go in signed and whole, and what was really drawn is read back."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import func, select

from bot.chat import Chat, Platform
from bot.store import tables as t
from tests.fakes.office import Work
from tests.parity.views import Drawn

type Json = dict[str, Any]


@dataclass
class Seen:
    """What one step left on a screen."""

    text: list[str] = field(default_factory=list)
    buttons: list[Drawn] = field(default_factory=list)
    form: object | None = None  # the newest form that waits to be filled in


class Surface(Protocol):
    platform: Platform
    chat: Chat

    async def say(self, person: str, words: str) -> Seen: ...
    async def press(self, person: str, button: Drawn) -> Seen: ...
    async def submit(self, person: str, form: object, values: Mapping[str, str]) -> Seen: ...
    async def seen(self, *people: str) -> Seen:
        """What came since, by itself, and what these people have before them."""
        ...


SOON_S = 0.5  # what falls due within this time belongs to what was done


async def quiet(work: Work) -> None:
    """Until nothing is under way, what was put off for a moment included."""
    await work.settled()
    while await _due_soon(work):
        await asyncio.sleep(0.02)
        await work.settled()


async def _due_soon(work: Work) -> bool:
    async with work.office.db.read() as conn:
        until = t.jobs.c.due < time.time() + SOON_S
        return bool(await conn.scalar(select(func.count()).where(t.jobs.c.state == "due", until)))
