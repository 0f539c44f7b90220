"""An office with the simulated telephone company in it, and a Plivo that remembers what it was asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.crisis import records
from bot.crisis.callbacks import Callbacks
from bot.crisis.ways import simulator
from bot.crisis.ways.plivo import Plivo
from bot.crisis.ways.simulator import Exchange
from bot.crisis.ways.telephone import Account, Company
from bot.crisis.ways.twilio import Twilio
from bot.flow.desk import FlowDesk
from tests.fakes.office import Work

TOKEN = "a-token-for-tests-only"
OURS = "+12155550198"
PUBLIC = "https://baton.example.org"


@asynccontextmanager
async def with_telephone(work: Work, *, patience_s: float = 1.0) -> AsyncIterator[Exchange]:
    """The same Twilio client and callbacks as in the product, with nothing between but loopback."""
    await work.kill()
    exchange = Exchange(work.office.clinic.staff, clock=work.clock)
    account = Account(simulator.ACCOUNT, exchange.token, simulator.NUMBER, exchange.url, exchange.url)
    async with aiohttp.ClientSession() as session:

        async def claimed(ref: str) -> bool:
            async with work.office.db.read() as conn:
                return await records.page_by_ref(conn, ref) is not None

        company = Twilio(session, account, claimed=claimed)
        work.office = replace(work.office, ways=company.ways())
        work.desk = FlowDesk(work.office)
        callbacks = Callbacks(work.office, company, public_url=exchange.url, patience_s=patience_s)
        exchange.site.add_routes(callbacks.routes())
        async with exchange:
            await work.restart()
            yield exchange
            await exchange.settled()
            await work.kill()


async def settled(work: Work, exchange: Exchange) -> None:
    """Pages, callbacks, and what those brought about."""
    for _ in range(3):
        await work.settled()
        await exchange.settled()


@dataclass
class FakePlivo:
    """`answers`: (status, body) of each coming request, first in first out; afterwards all is taken."""

    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    async def message(self, request: web.Request) -> web.Response:
        return await self._take(request, {"message_uuid": ["m-1"]})

    async def call(self, request: web.Request) -> web.Response:
        return await self._take(request, {"request_uuid": "c-1"})

    async def listed(self, request: web.Request) -> web.Response:
        return web.json_response({"objects": self.sent})

    async def _take(self, request: web.Request, taken: dict[str, Any]) -> web.Response:
        self.asked.append((request.path, await request.json()))
        status, body = self.answers.pop(0) if self.answers else (202, taken)
        return web.json_response(body, status=status)


@asynccontextmanager
async def plivo(known: frozenset[str] = frozenset()) -> AsyncIterator[tuple[Plivo, FakePlivo]]:
    fake, site = FakePlivo(), web.Application()
    site.add_routes(
        [
            web.post("/v1/Account/MA1/Message/", fake.message),
            web.post("/v1/Account/MA1/Call/", fake.call),
            web.get("/v1/Account/MA1/Message/", fake.listed),
            web.get("/v1/Account/MA1/Call/", fake.listed),
        ]
    )
    async with TestServer(site) as server, aiohttp.ClientSession() as session:

        async def claimed(ref: str) -> bool:
            return ref in known

        account = Account("MA1", TOKEN, OURS, str(server.make_url("")), PUBLIC)
        yield Plivo(session, account, claimed=claimed), fake


def calls_back(company: Company, what: str) -> str:
    return f"{PUBLIC}/crisis/{company.name}/{what}"
