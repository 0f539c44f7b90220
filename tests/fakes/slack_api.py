"""Slack's Web API on loopback: keeps messages and views, refuses what Slack would refuse, and misbehaves on request."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.block_kit import mistakes

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    sent: Json


@dataclass
class Misbehaviour:
    """How one call goes wrong. `error`: Slack's own code; `drop`: stored, and the answer never arrives."""

    status: int = 200
    error: str = ""
    retry_after: str = ""
    drop: bool = False
    junk: bool = False


@dataclass
class FakeSlack:
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    responses: list[Json] = field(default_factory=list)  # what arrived at the response_url
    messages: dict[tuple[str, str], Json] = field(default_factory=dict)  # (channel, ts) -> as last drawn
    views: dict[str, Json] = field(default_factory=dict)
    homes: dict[str, Json] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)
    team: str = "T1"  # where people belong who are not listed below
    channels: dict[str, Json] = field(default_factory=dict)  # flags by which a channel differs from an ordinary one
    members: dict[str, list[str]] = field(default_factory=dict)
    people: dict[str, Json] = field(default_factory=dict)  # flags by which somebody differs from a full member
    granted: Json = field(default_factory=dict)  # what oauth.v2.access answers to a code
    proven: Json = field(default_factory=dict)  # what auth.test says beside ok
    renewals: int = 0  # refresh tokens that were used
    renewing: asyncio.Event = field(default_factory=asyncio.Event)
    slow_s: float = 0.0  # how long oauth.v2.access takes
    sockets: list[web.WebSocketResponse] = field(default_factory=list)  # Socket Mode connections, in order
    heard: "asyncio.Queue[Json]" = field(default_factory=asyncio.Queue)  # what came over them
    misbehaves: dict[str, list[Misbehaviour]] = field(default_factory=dict)  # next calls of a method, in order

    @property
    def response_url(self) -> str:
        return f"{self.url}/response/1"

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    def sent(self, method: str) -> list[Json]:
        return [call.sent for call in self.calls if call.method == method]

    async def api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        sent = await _sent(request)
        self.calls.append(Call(method, sent))
        if method == "oauth.v2.access":
            self.renewing.set()
            await asyncio.sleep(self.slow_s)
        planned = self.misbehaves.get(method, [])
        wrong = planned.pop(0) if planned else Misbehaviour()
        if wrong.status == 200 and not wrong.error:
            answer = self._do(method, sent)
        else:
            answer = {"ok": False, "error": wrong.error or "internal_error"}
        if wrong.drop:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        headers = {"Retry-After": wrong.retry_after} if wrong.retry_after else {}
        if wrong.junk:
            return web.Response(status=wrong.status, text="<html>Tom</html>", content_type="text/html")
        return web.json_response(answer, status=wrong.status, headers=headers)

    async def respond(self, request: web.Request) -> web.Response:
        said = await request.json()
        self._check("message", said)
        self.responses.append(said)
        return web.Response(text="ok")

    def _do(self, method: str, sent: Json) -> Json:
        match method:
            case "chat.postMessage":
                return self._stored(sent["channel"], f"170000{len(self.messages):04d}.000100", sent)
            case "chat.update":
                if (sent["channel"], sent["ts"]) not in self.messages:
                    return {"ok": False, "error": "message_not_found"}
                return self._stored(sent["channel"], sent["ts"], sent)
            case "chat.postEphemeral":
                return self._checked("message", sent) or {"ok": True, "message_ts": "1.1"}
            case "conversations.history":
                return {"ok": True, "messages": self._newest(sent["channel"], int(sent["limit"]))}
            case "conversations.replies":
                return {"ok": True, "messages": self._newest(sent["channel"], int(sent["limit"]), sent["ts"])}
            case "chat.delete":
                gone = self.messages.pop((sent["channel"], sent["ts"]), None)
                return {"ok": True} if gone is not None else {"ok": False, "error": "message_not_found"}
            case "oauth.v2.access":
                return self._renewed() if sent.get("grant_type") == "refresh_token" else {"ok": True, **self.granted}
            case "auth.test":
                return {"ok": True, **self.proven}
            case "auth.revoke":
                return {"ok": True, "revoked": True}
            case "apps.connections.open":
                return {"ok": True, "url": f"{self.url.replace('http', 'ws')}/link"}
            case "conversations.info":
                return {"ok": True, "channel": self._channel(sent["channel"])}
            case "conversations.members":
                return self._page_of(self.members.get(sent["channel"], ["UDANA"]), sent)
            case "users.info":
                return {"ok": True, "user": self._person(sent["user"])}
            case "conversations.open":
                return {"ok": True, "channel": {"id": "D" + sent["users"]}}
            case "views.open" | "views.push":
                view_id = f"V{len(self.views)}"
                self.views[view_id] = sent["view"]
                return self._checked("modal", sent["view"]) or {"ok": True, "view": {"id": view_id}}
            case "views.update":
                if sent["view_id"] not in self.views:
                    return {"ok": False, "error": "not_found"}
                self.views[sent["view_id"]] = sent["view"]
                return self._checked("modal", sent["view"]) or {"ok": True, "view": {"id": sent["view_id"]}}
            case "views.publish":
                self.homes[sent["user_id"]] = sent["view"]
                return self._checked("home", sent["view"]) or {"ok": True, "view": {"id": "VHOME"}}
            case _:
                return {"ok": False, "error": "unknown_method"}

    def _renewed(self) -> Json:
        self.renewals += 1
        fresh = {"access_token": f"xoxe.xoxb-{self.renewals}", "refresh_token": f"xoxe-{self.renewals}"}
        return {"ok": True, "token_type": "bot", "expires_in": 43200, **fresh}

    async def link(self, request: web.Request) -> web.WebSocketResponse:
        """A Socket Mode connection."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1})
        self.sockets.append(socket)
        async for message in socket:
            self.heard.put_nowait(json.loads(message.data))
        return socket

    def _channel(self, channel: str) -> Json:
        if channel.startswith("D"):
            return {"id": channel, "is_im": True, "user": channel.removeprefix("D") or "UDANA"}
        flags = {"is_im": False, "is_ext_shared": False, "is_pending_ext_shared": False, "pending_shared": []}
        return _without_none({"id": channel, **flags, **self.channels.get(channel, {})})

    def _person(self, user: str) -> Json:
        flags = dict.fromkeys(("deleted", "is_restricted", "is_ultra_restricted", "is_bot"), False)
        return _without_none({"id": user, "team_id": self.team, **flags, **self.people.get(user, {})})

    def _page_of(self, members: list[str], sent: Json) -> Json:
        start, limit = int(sent.get("cursor", 0)), int(sent["limit"])
        after = str(start + limit) if start + limit < len(members) else ""
        return {
            "ok": True,
            "members": members[start : start + limit],
            "response_metadata": {"next_cursor": after},
        }

    def _newest(self, channel: str, limit: int, thread: str | None = None) -> list[Json]:
        """As Slack lists them; metadata only because the caller asks for it."""
        found = [
            {"ts": ts, "metadata": sent.get("metadata")}
            for (where, ts), sent in self.messages.items()
            if where == channel and sent.get("thread_ts") == thread
        ]
        return sorted(found, key=lambda message: str(message["ts"]), reverse=True)[:limit]

    def _stored(self, channel: str, ts: str, sent: Json) -> Json:
        self.messages[channel, ts] = sent
        return self._checked("message", sent) or {"ok": True, "channel": channel, "ts": ts}

    def _checked(self, kind: str, sent: Json) -> Json | None:
        return {"ok": False, "error": "invalid_blocks"} if self._check(kind, sent) else None

    def _check(self, kind: str, sent: Json) -> list[str]:
        drawn = {"blocks": sent["blocks"]} if kind == "message" else sent
        found = mistakes(kind, drawn)
        self.mistakes += found
        return found


async def _sent(request: web.Request) -> Json:
    """slack_sdk sends JSON, or a query or form with JSON in some of its fields."""
    if request.content_type == "application/json":
        sent: Json = await request.json()
        return sent
    fields = {**request.query, **await request.post()}
    return {key: _read(str(value)) for key, value in fields.items()}


def _without_none(flags: Json) -> Json:
    """A flag set to None is one that Slack does not send."""
    return {name: value for name, value in flags.items() if value is not None}


def _read(value: str) -> Any:
    return json.loads(value) if value.startswith(("{", "[")) else value


@asynccontextmanager
async def slack_api() -> AsyncIterator[FakeSlack]:
    fake = FakeSlack()
    app = web.Application()
    app.router.add_route("*", "/api/{method}", fake.api)  # slack_sdk asks with GET what only reads
    app.router.add_post("/response/1", fake.respond)
    app.router.add_get("/link", fake.link)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        for socket in fake.sockets:
            await socket.close()
        await asyncio.wait_for(runner.cleanup(), 5)
