"""Builds the Teams adapter and mounts it in our aiohttp application.

Of the SDK we use what is hard to get right: checking inbound tokens and getting outbound ones. Its parsing, routing and
sending are replaced, each for a fault named where it is mended.
"""

import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

from aiohttp import web

from bot.chat import Chat, Conversations, Desk
from bot.teams.aiohttp_server import AiohttpServer
from bot.teams.connector import Connector
from bot.teams.errands import Errands
from bot.teams.guard import Guard
from bot.teams.outbound import TeamsChat
from bot.teams.quiet import hush
from bot.teams.reception import PRESS_ANSWERED_WITHIN_S, Reception
from bot.teams.sdk import (
    OPEN_DOOR_VARIABLE,
    ActivityEvent,
    App,
    CloudEnvironment,
    InvokeResponse,
    build,
    from_name,
    with_overrides,
)
from bot.teams.service_urls import GLOBAL_SERVICE_URL, ServiceUrls
from bot.teams.signing_keys import SigningKeys
from skills.kit import Command

type BotToken = Callable[[str | list[str], str | None], Awaitable[str]]


class TeamsPlatform:
    """`routes` before the router freezes, `start` before serving, `stop` after it.

    `tenant_ids`: who may talk to the bot; the first is the bot's own. `bot_token` replaces the client secret.
    `demo` is the only way to serve without authentication, and only with the SDK's own environment variable set.
    """

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str = "",
        tenant_ids: Sequence[str],
        desk: Desk,
        conversations: Conversations,
        commands: Sequence[Command] = (),
        cloud: str = "Public",
        openid_metadata_url: str | None = None,
        token_issuer: str | None = None,
        service_url: str = GLOBAL_SERVICE_URL,
        service_urls: ServiceUrls | None = None,
        bot_token: BotToken | None = None,
        http_timeout_s: float = 10.0,
        press_answered_within_s: float = PRESS_ANSWERED_WITHIN_S,
        demo: bool = False,
    ) -> None:
        hush()
        open_door = _open_door(demo=demo)
        _require(client_id=client_id, tenant_ids=tenant_ids, client_secret=client_secret or bot_token)
        urls = service_urls or ServiceUrls()
        environment = with_overrides(
            from_name(cloud), openid_metadata_url=openid_metadata_url, token_issuer=token_issuer
        )
        self._keys = None if open_door else SigningKeys(_keys_url(environment))
        self._server = AiohttpServer(Guard(environment.token_issuer, self._keys, frozenset(tenant_ids), urls))
        self._sdk = build(
            client_id=client_id,
            client_secret=client_secret or None,
            token=None if client_secret else bot_token,
            tenant_id=tenant_ids[0],
            cloud=environment,
            service_url=service_url,
            http_server_adapter=self._server,
            dangerously_allow_unauthenticated_requests=open_door,
        )
        self._connector = Connector(self._bot_token, timeout_s=http_timeout_s)
        self._errands = Errands()
        self._chat = TeamsChat(self._connector, conversations, urls, bot=f"28:{client_id}", service_url=service_url)
        self._reception = Reception(
            desk, self._chat, conversations, self._errands, commands, patience_s=press_answered_within_s
        )
        self._open = AsyncExitStack()

    @property
    def chat(self) -> Chat:
        return self._chat

    def routes(self, app: web.Application) -> None:
        """`POST /api/messages`; 503 until started."""
        self._server.routes(app)

    async def start(self) -> None:
        await self._open.enter_async_context(self._connector)
        await self._sdk.initialize()
        self._sdk.server.on_request = self._receive  # instead of the SDK's parsing, which answers 500 to what it lacks
        _stand_in(self._sdk, self._keys)

    async def stop(self) -> None:
        """Takes no more, ends what was begun, closes the connection."""
        await self._server.stop()
        await self.settle()
        await self._open.aclose()

    async def settle(self) -> None:
        """Until every reply that is under way has been sent or has failed."""
        await self._errands.settle()

    async def _receive(self, event: ActivityEvent) -> InvokeResponse[Any]:
        answer = await self._reception.receive(event.body.model_dump(by_alias=True))
        return InvokeResponse[Any](status=answer.status, body=answer.body)

    async def _bot_token(self) -> str:
        return str(await self._sdk.token_provider.get_app_token())


def _open_door(*, demo: bool) -> bool:
    """The SDK would read this variable by itself and let anybody in."""
    asked = os.environ.get(OPEN_DOOR_VARIABLE, "").strip().lower()
    wanted = asked not in {"", "0", "false", "no", "off"}
    if wanted and not demo:
        raise ValueError(f"{OPEN_DOOR_VARIABLE} is set: anybody could speak for anybody. Unset it.")
    return wanted


def _require(**needed: object) -> None:
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise ValueError(f"Teams needs {', '.join(missing)}.")


def _keys_url(environment: CloudEnvironment) -> str:
    """Where the SDK would look for them."""
    return environment.openid_metadata_url.removesuffix("/openidconfiguration") + "/keys"


def _stand_in(sdk: App, keys: SigningKeys | None) -> None:
    """Let the SDK's validator take keys from memory: its own client blocks the event loop for as long as it waits."""
    if keys is not None:
        validator = sdk.server._token_validator  # noqa: SLF001  # the SDK offers no other way in
        assert validator is not None, "the SDK checks no tokens"
        validator._service_validator._jwks_client = keys  # type: ignore[assignment]  # noqa: SLF001  # duck type
