"""The whole product behind one address, as it runs: Slack, Teams, a telephone company and the console over one database.

Teams' own endpoint is mounted with a token issuer and a connector on loopback; everything else is as `bot.app` built it.
"""

import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr
from yarl import URL

from bot.app import Baton, at_work, built
from bot.app import now as real_now
from bot.crisis.ways.telephone import signed as signed_by_telephone
from bot.privacy import audit
from bot.privacy.audit_event import StoredEvent
from bot.settings import CrisisSettings, RateSettings, Settings, SlackSettings
from bot.teams import TeamsPlatform
from tests.bot.slack.slack_side import SECRET, signed
from tests.fakes.conversations import MemoryConversations
from tests.fakes.slack_api import slack_api
from tests.fakes.teams_bot import APP_ID, on_loopback
from tests.fakes.teams_connector import TeamsConnector
from tests.fakes.teams_issuer import TeamsIssuer, running_issuer
from tests.fakes.visitor import Visitor

ENTRA_TENANT = "5a9d0000-0000-4000-8000-000000000001"
TELEPHONE_TOKEN = "a telephone token for tests"
FORM, JSON_ = "application/x-www-form-urlencoded", "application/json"


@dataclass(repr=False)
class Whole:
    baton: Baton
    http: TestClient[web.Request, web.Application]
    issuer: TeamsIssuer
    connector: TeamsConnector
    platform: TeamsPlatform

    async def post(self, path: str, raw: bytes, kind: str, headers: Mapping[str, str]) -> tuple[int, str]:
        async with self.http.post(
            URL(path, encoded=True),
            data=io.BytesIO(raw),
            headers={"Content-Type": kind, **headers},
            allow_redirects=False,
        ) as answer:
            return answer.status, await answer.text(errors="replace")

    async def slack(self, raw: bytes, kind: str = JSON_, **headers: str) -> tuple[int, str]:
        return await self.post("/slack/events", raw, kind, signed(raw, real_now()) | headers)

    async def teams(self, raw: bytes, token: str | None = None) -> tuple[int, str]:
        bearer = self.token() if token is None else token
        return await self.post("/api/messages", raw, JSON_, {"Authorization": f"Bearer {bearer}"})

    def token(self, **claims: Any) -> str:
        return self.issuer.token(APP_ID, self.connector.url, **claims)

    async def telephone(self, what: str, form: Mapping[str, str], token: str = TELEPHONE_TOKEN) -> tuple[int, str]:
        path = f"/crisis/twilio/{what}"
        text = f"http://127.0.0.1:8080{path}" + "".join(f"{name}{form[name]}" for name in sorted(form))
        headers = {"X-Twilio-Signature": signed_by_telephone(token, text, "sha1")}
        return await self.post(path, urlencode(form).encode(), FORM, headers)

    def visitor(self) -> Visitor:
        return Visitor(self.http)

    async def trail(self) -> list[StoredEvent]:
        async with self.baton.office.db.read() as conn:
            return await audit.tail(conn, 500)

    async def refusals(self) -> list[str]:
        return [e.fields.get("reason", "") for e in await self.trail() if e.action == "access_refused"]


@asynccontextmanager
async def whole(folder: Path, *, working: bool = False, rates: RateSettings | None = None) -> AsyncIterator[Whole]:
    """`working`: jobs are done; else what is asked for is kept and waits."""
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(slack_api())
        issuer = stack.enter_context(running_issuer())
        connector = await stack.enter_async_context(TeamsConnector())
        settings = Settings(
            database_url=f"sqlite+aiosqlite:///{folder}/baton.sqlite",
            slack=SlackSettings(signing_secret=SecretStr(SECRET), bot_token=SecretStr("xoxb-1"), api_url=slack.api_url),
            crisis=CrisisSettings(
                provider="twilio", account="AC1", token=SecretStr(TELEPHONE_TOKEN), from_number="+12155550100"
            ),
            rates=rates or RateSettings(burst=0),
        )
        baton = await stack.enter_async_context(built(settings))
        platform = on_loopback(issuer, connector, baton.desk, MemoryConversations(), tenant_ids=(ENTRA_TENANT,))
        platform.routes(baton.web)
        await platform.start()
        stack.push_async_callback(platform.stop)
        if working:
            await stack.enter_async_context(at_work(baton))
        jar = aiohttp.CookieJar(unsafe=True)
        http = await stack.enter_async_context(TestClient(TestServer(baton.web), cookie_jar=jar))
        yield Whole(baton, http, issuer, connector, platform)


def activity(of: Whole, text: str = "help", user: str = "", **more: Any) -> dict[str, Any]:
    """Words to the bot, one to one."""
    return {
        "type": "message",
        "id": "1700000000001",
        "channelId": "msteams",
        "serviceUrl": of.connector.url,
        "from": {"id": f"29:{user}", "name": "Somebody", "aadObjectId": user},
        "recipient": {"id": f"28:{APP_ID}", "name": "Baton"},
        "conversation": {"tenantId": ENTRA_TENANT, "id": "a:one", "conversationType": "personal"},
        "channelData": {"tenant": {"id": ENTRA_TENANT}},
        "text": text,
        **more,
    }


def recorded(folder: str) -> list[dict[str, Any]]:
    """Real payloads, by their fixture's file."""
    found = []
    for file in sorted((Path(__file__).parents[1] / "fixtures" / folder).glob("*.json")):
        found += [each for each in json.loads(file.read_text()).values() if isinstance(each, dict)]
    return found
