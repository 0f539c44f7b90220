"""Who else acknowledges a slash command: a bare Bolt app as its documentation has it, and aiohttp with the check alone.

Both check the signature and answer an echo. Neither keeps anything. Bolt is imported here as a contestant.
"""

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.bench.child import Part

ECHO = "Reading the chart of C-102. The draft comes here for a decision."
PATH = "/slack/events"

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def raw(secret: str) -> AsyncIterator[Part]:
    key = secret.encode()

    async def answer(request: web.Request) -> web.Response:
        body = await request.read()
        stamp = request.headers["X-Slack-Request-Timestamp"]
        wanted = "v0=" + hmac.new(key, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        fresh = abs(time.time() - int(stamp)) < 300
        if not fresh or not hmac.compare_digest(wanted, request.headers["X-Slack-Signature"]):
            return web.Response(status=401)
        assert parse_qs(body.decode())["command"]
        return web.json_response({"response_type": "ephemeral", "text": ECHO})

    async with listening(answer) as port:
        yield Part({"port": port})


@asynccontextmanager
async def bare_bolt(secret: str) -> AsyncIterator[Part]:
    async def authorized(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)

    app = AsyncApp(signing_secret=secret, authorize=authorized, process_before_response=True)

    @app.command("/handoff")
    async def handoff(ack: AsyncAck) -> None:
        await ack(ECHO)

    async def answer(request: web.Request) -> web.StreamResponse:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    async with listening(answer) as port:
        yield Part({"port": port})


@asynccontextmanager
async def listening(answer: Handler) -> AsyncIterator[int]:
    site = web.Application()
    site.router.add_post(PATH, answer)
    async with served(site) as port:
        yield port


@asynccontextmanager
async def served(site: web.Application) -> AsyncIterator[int]:
    """On a free port of loopback, which is yielded."""
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield int(runner.addresses[0][1])
    finally:
        await asyncio.wait_for(runner.cleanup(), 10)
