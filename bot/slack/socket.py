"""Socket Mode: Baton calls Slack and listens, where a clinic has no public address. The same listeners answer.

slack_sdk keeps the connection: it opens another one when Slack asks for that, or when no ping comes back. Each envelope
is acknowledged with what an HTTP answer would have held; one that nobody can read is acknowledged without words,
because Slack would only send it again.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import structlog
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.slack.outbound import SILENT, silent_client

PING_S: Final = 5.0
REMEMBERED_ENVELOPES: Final = 1000

type Dispatch = Callable[[dict[str, Any]], Awaitable[str | None]]

_log = structlog.get_logger(__name__)


class Socket:
    """`app_token` begins with xapp- and has the scope connections:write."""

    def __init__(self, app_token: str, api_url: str, dispatch: Dispatch, *, ping_s: float = PING_S) -> None:
        self._app_token, self._api_url, self._dispatch, self._ping_s = app_token, api_url, dispatch, ping_s
        self._client: SocketModeClient | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._seen: dict[str, None] = {}  # envelopes that were answered, oldest first

    async def open(self) -> None:
        web_client = silent_client(None, self._api_url)
        self._client = SocketModeClient(self._app_token, SILENT, web_client, ping_interval=self._ping_s)
        self._client.socket_mode_request_listeners.append(self._heard)
        connect: Callable[[], Coroutine[Any, Any, None]] = self._client.connect
        self._connecting = asyncio.create_task(connect())  # it tries until Slack answers: the others need not wait

    async def close(self) -> None:
        if self._client is not None and self._connecting is not None:
            self._connecting.cancel()
            close: Callable[[], Coroutine[Any, Any, None]] = self._client.close
            await close()
            await asyncio.gather(self._connecting, return_exceptions=True)
            self._client = self._connecting = None

    async def _heard(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        if request.envelope_id in self._seen or not isinstance(request.payload, dict):
            body: str | None = ""
        else:
            self._remember(request.envelope_id)
            body = await self._dispatch(request.payload)
        answer: dict[str, Any] | None = json.loads(body) if body and body.startswith("{") else None
        try:
            await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, answer))
        except Exception as error:  # noqa: BLE001  whatever a lost connection raises: Slack sends the envelope again
            self._seen.pop(request.envelope_id, None)
            _log.warning("slack.socket_not_acknowledged", error=type(error).__name__)

    def _remember(self, envelope: str) -> None:
        self._seen[envelope] = None
        if len(self._seen) > REMEMBERED_ENVELOPES:
            del self._seen[next(iter(self._seen))]
