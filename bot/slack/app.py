"""Slack at the door: the route, the guard, and Bolt, which sorts what comes in to the listeners.

The only file that knows Bolt. Bolt verifies nothing, logs nothing and runs no work of its own here: the guard has
checked the signature on the raw bytes, and Bolt would write a rejected body into the log.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import structlog
from aiohttp import web
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse

from bot.chat import Action, Desk
from bot.slack.answers import Answers
from bot.slack.blocks import Json
from bot.slack.guard import Guard, Payload, guarded
from bot.slack.installing import Installing
from bot.slack.listeners import Circle, Listeners, Patience
from bot.slack.outbound import API_URL, SILENT, SlackChat, silent_client
from bot.slack.socket import Socket
from bot.slack.wire import Malformed

ROUTE = "/slack/events"
STOP_WITHIN_S = 10.0
ACTIONS = "|".join(action.value for action in Action)
OUR_BUTTON = re.compile(rf"\A(?:{ACTIONS})(?::\d{{1,4}})?\Z")
OUR_FORM = re.compile(rf"\A(?:{ACTIONS})\Z")
ANYTHING = re.compile("")
PATIENT = Patience()
EVERYBODY = Circle()
CIRCLE = re.compile(r"\A(?:channel_(?:un)?shared|channel_id_changed|member_(?:joined|left)_channel|user_change)\Z")
CLOSED = re.compile(r"\A(?:tokens_revoked|app_uninstalled)\Z")
WORKSPACES = re.compile(r"\Ateam_access_(?:granted|revoked)\Z")

_log = structlog.get_logger(__name__)

type Listener = Callable[[Any], Awaitable[Json]]


class SlackPlatform:
    """`async with SlackPlatform(...) as slack: slack.routes(web_app)`; `slack.chat` is the port to speak on.

    `circle`: who belongs here. `commands`: the slash commands of the shelf, beside /baton.
    Give `chat` where the desk needs it before the platform exists; else one is made from `bot_token` and `api_url`.
    """

    def __init__(
        self,
        *,
        signing_secret: str | None,
        bot_token: str = "",
        desk: Desk,
        now: Callable[[], datetime],
        api_url: str = API_URL,
        commands: Sequence[str] = ("handoff",),
        circle: Circle = EVERYBODY,
        patience: Patience = PATIENT,
        chat: SlackChat | None = None,
        installing: Installing | None = None,
        app_token: str = "",
    ) -> None:
        self.chat = chat or SlackChat(bot_token, api_url)
        self._guard = Guard(signing_secret, now) if signing_secret else None
        self._installing = installing
        self._socket = Socket(app_token, api_url, self._dispatched) if app_token else None
        answers = Answers(self.chat)
        self._listeners = Listeners(desk, answers, circle=circle, patience=patience)
        self._bolt = _bolt(self._listeners, commands)

    def routes(self, app: web.Application) -> None:
        """Without a signing secret there is no door for Slack: then it is Socket Mode, where Baton calls Slack."""
        if self._guard is not None:
            app.router.add_post(ROUTE, guarded(self._guard, self._answer))
        if self._installing is not None:
            app.add_routes(self._installing.routes())

    async def start(self) -> None:
        await self.chat.open()
        if self._socket is not None:
            await self._socket.open()

    async def stop(self) -> None:
        """Answers under way are finished first."""
        if self._socket is not None:
            await self._socket.close()
        await self.settled()
        await self.chat.close()

    async def settled(self) -> bool:
        """When nothing is under way any more; what takes longer than ten seconds is cancelled."""
        return await self._listeners.errands.finished(within_s=STOP_WITHIN_S)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _answer(self, payload: Payload) -> web.Response:
        """What we have no listener for is acknowledged. What Bolt or we cannot read is 400: Slack never sends it."""
        body = await self._dispatched(payload)
        if body is None:
            return web.Response(status=400, text="This is nothing that Slack sends.")
        kind = "application/json" if body.startswith("{") else "text/plain"
        return web.Response(text=body, content_type=kind)

    async def _dispatched(self, payload: Payload) -> str | None:
        """The body of the acknowledgement; None for what nobody can read."""
        try:
            said = await self._bolt.async_dispatch(AsyncBoltRequest(body=payload, mode="socket_mode"))
        except Exception as error:  # noqa: BLE001  Bolt's request raises whatever its reading of a strange body meets
            _log.warning("slack.unreadable", error=type(error).__name__)
            return None
        if said.status == 404:
            return ""
        if said.status >= 400:
            _log.warning("slack.unreadable", status=said.status)
            return None
        return said.body


def _bolt(to: Listeners, commands: Sequence[str]) -> AsyncApp:
    """Each listener answers for its kind; the catch-alls come last."""
    app = AsyncApp(
        name="baton.slack.bolt",
        logger=SILENT,
        client=silent_client(None),
        authorize=_authorized,
        process_before_response=True,
        request_verification_enabled=False,  # the guard did, before parsing
        ignoring_self_events_enabled=False,  # ours drops every bot, not only this one
        ssl_check_enabled=False,  # unsigned by design: it never passes the guard
        attaching_function_token_enabled=False,
    )
    app.middleware(_rate_limited)
    known = "|".join(re.escape(name) for name in ("baton", *commands))
    app.command(re.compile(rf"\A/(?:{known})\Z"))(_bound(to.command))
    app.event("app_mention")(_bound(to.said))
    app.event("message")(_bound(to.said))
    app.event("app_home_opened")(_bound(to.opened_home))
    app.event(CIRCLE)(_bound(to.circle_changed))
    app.event(CLOSED)(_bound(to.closed))
    app.event(WORKSPACES)(_bound(to.circle_changed))
    app.action(OUR_BUTTON)(_bound(to.pressed))
    app.view_submission(OUR_FORM)(_bound(to.submitted))
    app.view_closed(ANYTHING)(_bound(to.nothing_to_do))
    app.shortcut(ANYTHING)(_bound(to.shortcut))
    app.options(ANYTHING)(_bound(to.options))
    app.command(ANYTHING)(_bound(to.unknown_command))
    app.action(ANYTHING)(_bound(to.unknown_button))
    app.view_submission(ANYTHING)(_bound(to.unknown_form))
    app.event(ANYTHING)(_bound(to.nothing_to_do))
    return app


def _bound(listener: Listener) -> Callable[..., Awaitable[BoltResponse]]:
    """Bolt injects by argument name, and takes a BoltResponse as the acknowledgement."""

    async def answer(body: Payload) -> BoltResponse:
        try:
            return BoltResponse(status=200, body=await listener(body) or "")
        except Malformed as error:
            _log.warning("slack.malformed", code=str(error).replace(" ", "_"))
            return BoltResponse(status=400)

    return answer


async def _rate_limited(body: Payload, next_: Callable[[], Awaitable[Any]]) -> BoltResponse | None:
    """Slack drops our events for a minute and says so with a body that has no `event`."""
    if body.get("type") != "app_rate_limited":
        await next_()
        return None
    _log.error("slack.events_rate_limited")
    return BoltResponse(status=200)


async def _authorized(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
    """Bolt asks whom it works for. Our own client holds the token; who may do what is the desk's to say."""
    return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)
