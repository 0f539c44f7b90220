"""The Teams adapter served on loopback, and a way to speak to it as Teams does: signed, one activity at a time."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import jwt
from aiohttp import web

from bot.chat import Desk
from bot.teams import TeamsPlatform
from bot.teams.service_urls import ServiceUrls
from skills.kit import Command
from tests.fakes.conversations import MemoryConversations
from tests.fakes.teams_connector import TeamsConnector
from tests.fakes.teams_issuer import TeamsIssuer

APP_ID = "11111111-2222-3333-4444-555555555555"
TENANT = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
DANA = "00000000-1111-2222-3333-444444444444"
COMMANDS = (Command("handoff", "[client] [to someone]", "draft a warm handoff"),)


async def loopback_token(scope: str | list[str], tenant: str | None) -> str:
    return jwt.encode({"aud": "loopback"}, "loopback" * 4, algorithm="HS256")


@dataclass
class Answered:
    status: int
    body: Any


@dataclass
class TeamsBot:
    platform: TeamsPlatform
    store: MemoryConversations
    issuer: TeamsIssuer
    service_url: str
    url: str
    session: aiohttp.ClientSession

    def token(self, **claims: Any) -> str:
        return self.issuer.token(APP_ID, self.service_url, **claims)

    async def hear(self, activity: Mapping[str, Any], *, token: str | None = None, settle: bool = True) -> Answered:
        authorization = {"Authorization": f"Bearer {self.token() if token is None else token}"}
        async with self.session.post(self.url, json=activity, headers=authorization if token != "" else {}) as response:
            answered = Answered(response.status, await response.json() if response.content_length else None)
        if settle:
            await self.platform.settle()
        return answered

    def activity(self, kind: str = "message", *, personal: bool = True, **more: Any) -> dict[str, Any]:
        channel = {"id": "19:team@thread.tacv2;messageid=17", "conversationType": "channel", "isGroup": True}
        own = {"id": "a:dana", "conversationType": "personal"}
        return {
            "type": kind,
            "id": "1700000000001",
            "channelId": "msteams",
            "serviceUrl": self.service_url,
            "from": {"id": "29:dana", "name": "Dana Reyes", "aadObjectId": DANA},
            "recipient": {"id": f"28:{APP_ID}", "name": "Baton"},
            "conversation": {"tenantId": TENANT, **(own if personal else channel)},
            "channelData": {"tenant": {"id": TENANT}},
            **more,
        }

    def typed(self, text: str, *, personal: bool = True) -> dict[str, Any]:
        return self.activity(text=text, personal=personal)

    def execute(self, data: object, *, personal: bool = True, trigger: str = "manual") -> dict[str, Any]:
        action = {"type": "Action.Execute", "verb": "x"} | ({} if data is None else {"data": data})
        value = {"action": action, "trigger": trigger}
        return self.activity("invoke", personal=personal, name="adaptiveCard/action", value=value, replyToId="m-card")

    def submit(self, data: object, *, personal: bool = True) -> dict[str, Any]:
        return self.activity(value=data, personal=personal, replyToId="m-card")


def press(action: str, subject: str = "d-1", version: int = 3, **more: Any) -> dict[str, Any]:
    """The data of one of our buttons."""
    return {"action": action, "subject": subject, "version": version, "values": {}, **more}


def on_loopback(
    issuer: TeamsIssuer, connector: TeamsConnector, desk: Desk, store: MemoryConversations, **settings: Any
) -> TeamsPlatform:
    """The adapter with a token issuer and a connector on loopback. `settings` replace those of TENANT's own bot."""
    defaults: dict[str, Any] = {
        "client_id": APP_ID,
        "tenant_ids": (TENANT,),
        "openid_metadata_url": issuer.metadata_url,
        "service_url": connector.url,
        "service_urls": ServiceUrls(loopback=True),
        "bot_token": loopback_token,
        "commands": COMMANDS,
        "http_timeout_s": 2.0,
    }
    return TeamsPlatform(desk=desk, conversations=store, **(defaults | settings))


@asynccontextmanager
async def running_bot(
    issuer: TeamsIssuer, connector: TeamsConnector, desk: Desk, **settings: Any
) -> AsyncIterator[TeamsBot]:
    store = MemoryConversations()
    platform = on_loopback(issuer, connector, desk, store, **settings)
    app = web.Application()
    platform.routes(app)
    await platform.start()
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/messages"
    try:
        async with aiohttp.ClientSession() as session:
            yield TeamsBot(platform, store, issuer, connector.url, url, session)
    finally:
        await runner.cleanup()
        await platform.stop()
