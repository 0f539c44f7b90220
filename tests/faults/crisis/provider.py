"""Whoever carries SMS and calls, outside the processes that die: it writes down what it was asked and what really rang.

Its SMS honours a key: asked again, it sends nothing. Its calls know no key: asked again, the telephone rings again.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web

from bot.crisis.policy import WayName

BUSY_S = 0.3


@dataclass(frozen=True, slots=True)
class Rang:
    """One telephone that rang or showed a message."""

    key: str
    way: str
    number: str
    at: datetime


@dataclass
class Provider:
    """`busy`: parts of keys for which it says to come back; `refuses`: for which nothing can be delivered."""

    clock: Callable[[], datetime]
    url: str = ""
    asked: int = 0
    put_off: set[str] = field(default_factory=set)
    rang: list[Rang] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)
    refuses: set[str] = field(default_factory=set)

    async def page(self, request: web.Request) -> web.Response:
        said = await request.json()
        key, way = str(said["key"]), request.match_info["way"]
        self.asked += 1
        if any(part in key for part in self.busy):
            self.put_off.add(key)
            return web.Response(status=503, headers={"Retry-After": str(BUSY_S)})
        if any(part in key for part in self.refuses):
            return web.Response(status=422)
        if way == WayName.VOICE or key not in {one.key for one in self.rang}:
            self.rang.append(Rang(key, way, str(said["number"]), self.clock()))
        return web.json_response({"ref": f"{way}-{key}"})


@asynccontextmanager
async def provider(clock: Callable[[], datetime]) -> AsyncIterator[Provider]:
    """At work on a port of its own."""
    one = Provider(clock)
    site = web.Application()
    site.router.add_post("/{way}", one.page)
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    place = web.TCPSite(runner, "127.0.0.1", 0)
    await place.start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield one
    finally:
        await runner.cleanup()
