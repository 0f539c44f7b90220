"""Serves the SDK's one route in our aiohttp application. What is malformed ends here, and no word of it is logged."""

import asyncio
import json
import logging
from typing import Any

from aiohttp import web

from bot.doors import refused
from bot.teams.guard import Guard
from bot.teams.sdk import HttpMethod, HttpRequest, HttpRouteHandler

ENDPOINT = "/api/messages"
BODY_BYTES = 256 * 1024
BODY_TIMEOUT_S = 10.0

log = logging.getLogger(__name__)


class AiohttpServer:
    """The SDK's `HttpServerAdapter`. The application that hosts the route is started and stopped by its owner."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._sdk: HttpRouteHandler | None = None

    def routes(self, app: web.Application) -> None:
        app.router.add_post(ENDPOINT, self._receive)

    def register_route(self, method: HttpMethod, path: str, handler: HttpRouteHandler) -> None:
        """Called once by the SDK, from `initialize`."""
        if (method, path) != ("POST", ENDPOINT):
            raise ValueError("The Teams SDK asked for a route that is not served.")
        self._sdk = handler

    def serve_static(self, path: str, directory: str) -> None:
        raise NotImplementedError("No static files are served for Teams.")

    async def start(self, port: int) -> None:
        raise NotImplementedError("The aiohttp application is started by its owner.")

    async def stop(self) -> None:
        self._sdk = None

    async def _receive(self, request: web.Request) -> web.Response:
        activity = await _activity(request)
        authorization = request.headers.get("Authorization", "")
        no = await self._guard.refusal(activity, authorization)
        if no is not None:
            log.warning("teams request refused: %s", no.why)
            if no.status in {401, 403}:
                refused(request, f"teams.{no.why.replace(' ', '_')}")
            return web.json_response({"error": no.why}, status=no.status)
        if self._sdk is None:
            return web.json_response({"error": "starting or stopping"}, status=503)
        answer = await self._sdk(HttpRequest(body=activity, headers={"authorization": authorization}))
        if answer["body"] is None:
            return web.Response(status=answer["status"])
        return web.json_response(answer["body"], status=answer["status"])


async def _activity(request: web.Request) -> dict[str, Any]:
    """The body as one JSON object. Raises 400, 408 or 413, none of which repeats what was sent."""
    body = await _body(request)
    try:
        activity = json.loads(body)
    except (ValueError, RecursionError):
        raise web.HTTPBadRequest(text="The body is not JSON.") from None
    if not isinstance(activity, dict):
        raise web.HTTPBadRequest(text="The body is not a JSON object.")
    return activity


async def _body(request: web.Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > BODY_BYTES:
                    raise web.HTTPRequestEntityTooLarge(BODY_BYTES, len(body), text="The body is too large.")
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="The body did not arrive.") from None
    return bytes(body)
