from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.chat import Desk
from bot.slack.app import SlackPlatform
from bot.slack.listeners import Patience
from tests.bot.slack.slack_side import CARD_TS, CHANNEL, SECRET, Clock, SlackSide
from tests.fakes.desk import FakeDesk
from tests.fakes.slack_api import FakeSlack, slack_api

QUICK = Patience(ack_s=0.15, modal_s=0.06, desk_s=1.0)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake Slack is on loopback whatever the machine's proxy settings say."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def api() -> AsyncIterator[FakeSlack]:
    """Slack's Web API, where the card that people click on is already posted."""
    async with slack_api() as fake:
        fake.messages[CHANNEL, CARD_TS] = {}
        yield fake


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@dataclass
class Running:
    platform: SlackPlatform
    slack: SlackSide
    clock: Clock


async def running(desk: Desk, api: FakeSlack, **more: object) -> AsyncIterator[Running]:
    clock = Clock()
    options = {"patience": QUICK, **more}
    platform = SlackPlatform(
        signing_secret=SECRET,
        bot_token="xoxb-1",
        desk=desk,
        now=clock,
        api_url=api.api_url,
        **options,  # type: ignore[arg-type]  # keyword pass-through
    )
    app = web.Application()
    platform.routes(app)
    async with platform, TestClient(TestServer(app)) as http:
        yield Running(platform, SlackSide(http, api.response_url), clock)
    assert api.mistakes == []


@pytest.fixture
async def run(desk: FakeDesk, api: FakeSlack) -> AsyncIterator[Running]:
    async for each in running(desk, api):
        yield each


@pytest.fixture
def slack(run: Running) -> SlackSide:
    return run.slack
