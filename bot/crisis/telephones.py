"""The telephone company that the settings name, opened once: its ways for the engine, its callbacks for the site."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import aiohttp
from aiohttp import web

from bot.clinic import Clinic
from bot.crisis import records
from bot.crisis.callbacks import Callbacks
from bot.crisis.ways import plivo, simulator, twilio
from bot.crisis.ways.port import Ways
from bot.crisis.ways.simulator import Exchange
from bot.crisis.ways.telephone import Account, Claimed, Company
from bot.flow.office import Office
from bot.settings import Profile, Settings
from bot.store.session import Database


@dataclass(slots=True)
class Telephones:
    """`company` None: pages go out by chat alone. `exchange` only where the company is simulated."""

    stack: AsyncExitStack
    public_url: str
    company: Company | None = None
    exchange: Exchange | None = None

    @property
    def ways(self) -> Ways:
        return self.company.ways() if self.company else {}

    async def answer(self, office: Office, site: web.Application) -> None:
        """From now on callbacks are answered; a simulated company calls back on its own loopback address."""
        if self.company is None:
            return
        routes = Callbacks(office, self.company, public_url=self.public_url).routes()
        (self.exchange.site if self.exchange else site).add_routes(routes)
        if self.exchange:
            await self.stack.enter_async_context(self.exchange)


@asynccontextmanager
async def opened(
    settings: Settings, clinic: Clinic, db: Database, clock: Callable[[], datetime]
) -> AsyncIterator[Telephones]:
    """Numbers and tokens go to the company and nowhere else."""
    async with AsyncExitStack() as stack:
        found = Telephones(stack, settings.public_url)
        match provider_of(settings):
            case "simulator":
                exchange = Exchange(clinic.staff, clock=clock)
                stack.callback(exchange.close)
                found.exchange, found.public_url = exchange, exchange.url
                account = Account(simulator.ACCOUNT, exchange.token, simulator.NUMBER, exchange.url, exchange.url)
                found.company = twilio.Twilio(await _session(stack), account, claimed=_claimed(db))
            case "twilio":
                account = _account(settings, twilio.BASE_URL)
                found.company = twilio.Twilio(await _session(stack), account, claimed=_claimed(db))
            case "plivo":
                account = _account(settings, plivo.BASE_URL)
                found.company = plivo.Plivo(await _session(stack), account, claimed=_claimed(db))
            case _:
                pass
        yield found


def provider_of(settings: Settings) -> str:
    return settings.crisis.provider or ("simulator" if settings.profile is Profile.DEMO else "none")


def _account(settings: Settings, base_url: str) -> Account:
    ours = settings.crisis
    token = ours.token.get_secret_value() if ours.token else ""
    return Account(ours.account, token, ours.from_number, ours.base_url or base_url, settings.public_url)


async def _session(stack: AsyncExitStack) -> aiohttp.ClientSession:
    return await stack.enter_async_context(aiohttp.ClientSession())


def _claimed(db: Database) -> Claimed:
    """Whether a page is known by this id of the company's."""

    async def claimed(ref: str) -> bool:
        async with db.read() as conn:
            return await records.page_by_ref(conn, ref) is not None

    return claimed
