"""Installing Baton into a workspace or a whole organisation: `/slack/install`, and the way back from Slack.

Anybody can open these pages, so nothing is believed: the state is good once and in the browser it was given to, and
only organisations that the clinic file names are kept. What Slack sends for another is given back at once.
"""

import hmac
from collections.abc import Awaitable, Callable, Collection, Mapping
from html import escape
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import aiohttp
import structlog
from aiohttp import web
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.installations import Installations, States, oauth_access
from bot.slack.scopes import SCOPES
from bot.store.installations import STATE_LASTS, TooManyStates

INSTALL, REDIRECT = "/slack/install", "/slack/oauth_redirect"
COOKIE: Final = "__Host-baton-slack-install"
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
CANCELLED = "The installation was cancelled in Slack. Nothing was changed."
OTHER_BROWSER = "This link belongs to another browser, or is too old. Begin again at /slack/install."
USED = "This link was used already, or is too old. Begin again at /slack/install."
DECLINED = "Slack did not confirm the installation. Begin again at /slack/install."
CONTRADICTED = "What Slack sent contradicts itself. Nothing was installed."
FOREIGN = "This Slack organisation is not in the clinic file, so Baton was not installed."
FEW_SCOPES = "Slack granted fewer permissions than Baton needs. Nothing was installed."
DONE = "Baton is installed. You can close this page."

_log = structlog.get_logger(__name__)


class NotInstalled(Exception):
    """`str()` is the sentence on the page."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


class Installing:
    """`tenants`: enterprise and workspace ids that may install. `slack`: a client without a token of its own."""

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        public_url: str,
        api_url: str,
        tenants: Collection[str],
        states: States,
        installations: Installations,
        slack: Callable[[], AsyncWebClient],
        installed: Callable[[str], None],
    ) -> None:
        self._client_id, self._client_secret = client_id, client_secret
        self._redirect_uri = public_url.rstrip("/") + REDIRECT
        self._authorize_url = authorize_url(api_url)
        self._tenants = frozenset(tenants)
        self._states, self._installations, self._slack, self._installed = states, installations, slack, installed

    def routes(self) -> list[web.RouteDef]:
        return [web.get(INSTALL, _in_words(self._begin)), web.get(REDIRECT, _in_words(self._come_back))]

    async def _begin(self, request: web.Request) -> web.Response:
        try:
            state = await self._states.async_issue()
        except TooManyStates as error:
            raise NotInstalled(str(error), 503) from None
        asked = {"client_id": self._client_id, "scope": ",".join(SCOPES), "user_scope": "", "state": state}
        there = f"{self._authorize_url}?{urlencode({**asked, 'redirect_uri': self._redirect_uri})}"
        answer = web.Response(status=302, headers={**HEADERS, "Location": there})
        lasts = int(STATE_LASTS.total_seconds())
        answer.set_cookie(COOKIE, state, max_age=lasts, path="/", secure=True, httponly=True, samesite="Lax")
        return answer

    async def _come_back(self, request: web.Request) -> web.Response:
        """The state first: without it nothing else is looked at."""
        await self._same_browser(request)
        if "error" in request.query:
            raise NotInstalled(CANCELLED, 200)
        new = await self._exchanged(request.query.get("code", ""))
        await self._installations.async_save(new)
        self._installed(new.enterprise_id or new.team_id or "")
        answer = _page(DONE)
        answer.del_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Lax")
        return answer

    async def _same_browser(self, request: web.Request) -> None:
        state, cookie = request.query.get("state", ""), request.cookies.get(COOKIE, "")
        if not state or not hmac.compare_digest(state.encode(), cookie.encode()):
            raise NotInstalled(OTHER_BROWSER)
        if not await self._states.async_consume(state):
            raise NotInstalled(USED, 401)

    async def _exchanged(self, code: str) -> Installation:
        """The code for a token, which is tried out before it is kept, and given back when it may not be."""
        if not code:
            raise NotInstalled(DECLINED)
        said = await _called(
            oauth_access(
                self._slack(),
                client_id=self._client_id,
                client_secret=self._client_secret,
                code=code,
                redirect_uri=self._redirect_uri,
            )
        )
        token = _text(said, "access_token")
        try:
            return await self._checked(said, token)
        except NotInstalled:
            await self._given_back(token)
            raise

    async def _checked(self, said: Mapping[str, Any], token: str) -> Installation:
        whole = said.get("is_enterprise_install") is True
        enterprise, team = _text(said, "enterprise", "id"), "" if whole else _text(said, "team", "id")
        if said.get("token_type") != "bot" or not token or not (enterprise if whole else team):
            raise NotInstalled(CONTRADICTED)
        if (enterprise or team) not in self._tenants:
            raise NotInstalled(FOREIGN, 403)
        if set(SCOPES) - set(_text(said, "scope").split(",")):
            raise NotInstalled(FEW_SCOPES, 403)
        proven = await _called(self._slack().auth_test(token=token))
        if _text(proven, "enterprise_id") != enterprise or (team and _text(proven, "team_id") != team):
            raise NotInstalled(CONTRADICTED)
        return Installation(
            app_id=_text(said, "app_id"),
            enterprise_id=enterprise or None,
            team_id=team or None,
            bot_token=token,
            bot_id=_text(proven, "bot_id"),
            bot_user_id=_text(said, "bot_user_id"),
            bot_scopes=_text(said, "scope"),
            bot_refresh_token=_text(said, "refresh_token") or None,
            bot_token_expires_in=said.get("expires_in"),
            user_id=_text(said, "authed_user", "id"),
            is_enterprise_install=whole,
        )

    async def _given_back(self, token: str) -> None:
        if token:
            try:
                await _called(self._slack().auth_revoke(token=token))
            except NotInstalled:
                _log.error("slack.token_not_given_back")


def authorize_url(api_url: str) -> str:
    """On the same host as the API: slack.com, or slack-gov.com for GovSlack."""
    parts = urlsplit(api_url)
    return f"{parts.scheme}://{parts.netloc.removeprefix('www.')}/oauth/v2/authorize"


async def _called(call: Awaitable[Any]) -> Mapping[str, Any]:
    """Nothing of what Slack wrote reaches the page or the log: it may hold a token."""
    try:
        answer = (await call).data
    except (SlackApiError, SlackClientError, aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        _log.warning("slack.not_installed", error=type(error).__name__)
        raise NotInstalled(DECLINED, 401) from None
    if not isinstance(answer, dict):
        raise NotInstalled(DECLINED, 401)
    return answer


def _text(said: object, *path: str) -> str:
    for name in path:
        said = said.get(name) if isinstance(said, Mapping) else None
    return said if isinstance(said, str) else ""


def _in_words(
    page: Callable[[web.Request], Awaitable[web.Response]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        try:
            return await page(request)
        except NotInstalled as refused:
            _log.warning("slack.install_refused", status=refused.status)
            return _page(str(refused), refused.status)

    return answer


def _page(sentence: str, status: int = 200) -> web.Response:
    body = f"<!doctype html><html lang=en><title>Baton</title><h1>Baton</h1><p>{escape(sentence)}</p></html>"
    return web.Response(text=body, status=status, content_type="text/html", headers=HEADERS)
