"""A Bot Connector on loopback: keeps what the bot sends, and refuses as it is told to."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import unquote

from aiohttp import web


@dataclass(frozen=True)
class Call:
    method: str
    conversation: str
    message: str
    body: dict[str, Any]
    authorization: str

    @property
    def card(self) -> dict[str, Any] | None:
        attachments = self.body.get("attachments") or [{}]
        card: dict[str, Any] | None = attachments[0].get("content")
        return card


@dataclass(frozen=True)
class Refuse:
    """The next matching call is answered so; `drop` takes the message and closes the connection without an answer."""

    status: int = 0
    code: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False


@dataclass
class TeamsConnector:
    calls: list[Call] = field(default_factory=list)
    planned: deque[Refuse] = field(default_factory=deque)
    answer_id: str | None = None
    most_at_once: int = 0
    at_once: int = 0
    url: str = ""
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v3/conversations", self._take)
        app.router.add_post("/v3/conversations/{conversation}/activities", self._take)
        app.router.add_put("/v3/conversations/{conversation}/activities/{message}", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def refuse(self, *refusals: Refuse) -> None:
        self.planned.extend(refusals)

    @property
    def texts(self) -> list[str]:
        return [call.body["text"] for call in self.calls if "text" in call.body]

    @property
    def cards(self) -> list[dict[str, Any]]:
        return [call.card for call in self.calls if call.card is not None]

    async def _take(self, request: web.Request) -> web.Response:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0.005)  # long enough to meet another one
            return await self._answer(request)
        finally:
            self.at_once -= 1

    async def _answer(self, request: web.Request) -> web.Response:
        where = request.match_info
        conversation, message = unquote(where.get("conversation", "")), unquote(where.get("message", ""))
        body = await request.json()
        refused = self.planned.popleft() if self.planned else None
        if refused is None or refused.drop:
            self.calls.append(
                Call(request.method, conversation, message, body, request.headers.get("Authorization", ""))
            )
        if refused is not None and refused.drop:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if refused is not None:
            error = {"error": {"code": refused.code, "message": "refused"}}
            return web.json_response(error, status=refused.status, headers=refused.headers)
        if not conversation:
            return web.json_response({"id": "a:one-to-one-{}".format(body["members"][0]["id"])}, status=201)
        return web.json_response({"id": message or self.answer_id or f"m{len(self.calls)}"}, status=201)
