"""The console as it is outside of the sandbox: over fakes, but with a real identity provider and a moving clock."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, unused_port
from yarl import URL

from bot.web.app import WebConsole
from bot.web.board import MemoryBoard
from bot.web.gate import Live
from bot.web.oidc import Provider
from bot.web.signing_in import CALLBACK, SignOn, matched
from tests.fakes.console import CHANNELS, PEOPLE, SECRET
from tests.fakes.desk import FakeDesk
from tests.fakes.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, identity_provider
from tests.fakes.visitor import Page, Visitor, _page

ACCOUNTS = {
    "dana": {"email": "dana@harbor.example", "email_verified": True},
    "O-77": {"email": "Omar@Harbor.example", "email_verified": True},
    "lena": {"email": "lena@harbor.example", "email_verified": False},
    "mallory": {"email": "mallory@elsewhere.example", "email_verified": True},
}
IN_CLINIC_FILE = [("dana", "dana"), ("omar@harbor.example", "omar"), ("lena@harbor.example", "lena")]


@dataclass
class LiveConsole:
    port: int
    desk: FakeDesk = field(default_factory=FakeDesk)
    board: MemoryBoard = field(default_factory=MemoryBoard)
    recorded: list[tuple[str, str, str]] = field(default_factory=list)
    over: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    later: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), UTC) + self.later

    async def ended(self, id_: str) -> bool:
        return id_ in self.over

    async def end(self, id_: str) -> bool:
        new = id_ not in self.over
        self.over.add(id_)
        return new

    async def record(self, what: str, person: str, rule: str) -> None:
        self.recorded.append((what, person, rule))

    def app(self, provider: Provider) -> web.Application:
        live = Live(known=lambda person: person not in self.left, ended=self.ended, end=self.end)
        console = WebConsole(
            desk=self.desk,
            board=self.board,
            people=[replace(person, channels=frozenset({"harbor"})) for person in PEOPLE],
            channels=CHANNELS,
            drawings={},
            ehr_writes=_nobody_may_look,
            audit_tail=_nobody_may_look,
            secret_key=SECRET,
            demo=False,
            now=self.now,
            sign_on=SignOn(provider, matched(IN_CLINIC_FILE), self.record, live),
        )
        app = web.Application()
        app.add_routes(console.routes())
        return app


async def _nobody_may_look() -> list[Any]:
    raise AssertionError("what was written and recorded is shown in the sandbox only")


@dataclass
class Standing:
    """A console, its provider, and browsers: each keeps its own cookies."""

    console: LiveConsole
    provider: IdentityProvider
    relying: Provider
    stack: AsyncExitStack
    server: TestServer

    @property
    def callback(self) -> str:
        return f"http://127.0.0.1:{self.console.port}{CALLBACK}"

    async def browser(self) -> "Browser":
        jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=URL(f"http://127.0.0.1:{self.console.port}"))
        client = await self.stack.enter_async_context(TestClient(self.server, cookie_jar=jar))
        theirs = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        return Browser(self, Visitor(client), await self.stack.enter_async_context(theirs))


@dataclass
class Browser:
    at: Standing
    visitor: Visitor
    theirs: aiohttp.ClientSession  # the same browser on the provider's pages

    @property
    def cookie(self) -> str:
        found = self.visitor.client.session.cookie_jar.filter_cookies(self.visitor.client.make_url("/console"))
        return found["baton_console"].value if "baton_console" in found else ""

    async def asks(self, address: str, **headers: str) -> tuple[Page, str]:
        """One page, without following where it leads."""
        async with self.visitor.client.get(
            URL(address, encoded=True), allow_redirects=False, headers=headers
        ) as answer:
            return await _page(answer), answer.headers.get("Location", "")

    async def leaves(self, back: str = "/console/c/harbor", again: str = "0") -> str:
        page, address = await self.asks(f"/console/login?back={back}&again={again}")
        assert page.status == 303, page.text
        return address

    async def comes_back(self, login: str, address: str) -> tuple[Page, str]:
        returned = await self.at.provider.signs_in(self.theirs, address, login, until=self.at.callback)
        return await self.asks(returned.removeprefix(f"http://127.0.0.1:{self.at.console.port}"))

    async def signs_in(self, login: str = "dana") -> tuple[Page, str]:
        return await self.comes_back(login, await self.leaves())


@asynccontextmanager
async def standing() -> AsyncIterator[Standing]:
    async with AsyncExitStack() as stack:
        console = LiveConsole(unused_port())
        redirect = f"http://127.0.0.1:{console.port}{CALLBACK}"
        provider = await stack.enter_async_context(identity_provider(redirect, ACCOUNTS))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        relying = Provider(provider.issuer, CLIENT_ID, CLIENT_SECRET, redirect, http)
        server = TestServer(console.app(relying), port=console.port)
        await stack.enter_async_context(server)
        yield Standing(console, provider, relying, stack, server)
