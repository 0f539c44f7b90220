"""Speaks to Slack: the `Chat` port, and the modals and Home tab that only Slack has.

Every call is made once. slack_sdk would sleep through a 429 and post again after a lost answer, so its retries are
off: a 429 is ChatUnavailable with the time to wait, a lost answer is ChatUnavailable(sent=True). Slack has no
idempotency key: each post carries its `key` in the message metadata, and `find` looks for it there, in one call.
"""

import logging
from collections.abc import Awaitable, Collection, Mapping
from contextlib import suppress
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import (
    CardRef,
    CardView,
    ChatRefused,
    ChatUnavailable,
    Home,
    Notice,
    Picker,
    Place,
    Platform,
    Postable,
    Who,
)
from bot.slack import render
from bot.slack.blocks import Json
from bot.slack.outsiders import Outsiders

API_URL = "https://slack.com/api/"
TIMEOUT_S = 10
METADATA_EVENT = "baton_card"
LOOK_BACK = 15  # messages; more than this rarely come between a lost answer and the second try
THREAD = 200

GONE = {
    "channel_not_found": "Slack does not know this conversation any more, or Baton may not see it.",
    "is_archived": "The channel is archived.",
    "user_not_found": "Slack does not know this person any more.",
    "user_disabled": "This person's Slack account is switched off.",
    "users_not_found": "Slack does not know this person any more.",
    "cannot_dm_bot": "This is not a person.",
}
DECLINED = {
    "account_inactive": "Slack has switched Baton's account off.",
    "not_in_channel": "Baton is not a member of the channel. Invite it there.",
    "user_not_in_channel": "This person is not in the channel.",
    "restricted_action": "Slack's settings do not let Baton write there.",
    "message_not_found": "The message is not there any more.",
    "cant_update_message": "Slack does not let Baton change this message.",
    "not_found": "The window was closed before the answer came. Press the button once more.",
    "expired_trigger_id": "It took too long to open the window. Press the button once more.",
    "invalid_auth": "Slack does not accept Baton's token.",
    "token_revoked": "Slack does not accept Baton's token any more.",
    "missing_scope": "Baton's Slack app lacks a permission for this.",
}
BUSY = {"ratelimited", "rate_limited", "service_unavailable"}
UNCERTAIN = {"internal_error", "fatal_error", "request_timeout", "team_added_to_org"}

# slack_sdk writes the arguments of every call to its logger at DEBUG. This one says nothing, ever.
SILENT = logging.Logger("bot.slack.silent")  # noqa: LOG001  kept out of the logging tree on purpose
SILENT.disabled = True


def silent_client(token: str | None, api_url: str = API_URL) -> AsyncWebClient:
    return AsyncWebClient(token, base_url=api_url, timeout=TIMEOUT_S, logger=SILENT, retry_handlers=[])


class Tokens(Protocol):
    """With which token Baton speaks to an organisation or a workspace."""

    async def token(self, tenant: str) -> str:
        """One that Slack accepts now. Raises ChatRefused where Baton is not installed, ChatUnavailable for a while."""
        ...


class OneToken:
    """Of an app that is installed by hand, into one workspace or one organisation."""

    def __init__(self, bot_token: str) -> None:
        self._token = bot_token

    async def token(self, tenant: str) -> str:
        return self._token


class SlackChat:
    """The `Chat` port on Slack. Open it before use and close it afterwards. `teams`: further workspaces of ours."""

    platform = Platform.SLACK

    def __init__(self, tokens: str | Tokens, api_url: str = API_URL, *, teams: Collection[str] = ()) -> None:
        self._tokens = OneToken(tokens) if isinstance(tokens, str) else tokens
        self._api_url = api_url
        self._hosts = _response_hosts(api_url)
        self._session: aiohttp.ClientSession | None = None
        self.outsiders = Outsiders(self._ask, teams=teams)

    async def open(self) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def refuses(self, place: Place) -> str | None:
        found = await self.outsiders.at(place)
        return found.sentence if found else None

    async def post(self, view: Postable, to: Place, *, key: str) -> CardRef:
        if isinstance(view, Picker) and not to.personal:
            raise ChatRefused("A choice of clients is for one person and is never posted to a channel.")
        metadata = {"event_type": METADATA_EVENT, "event_payload": {"key": key}}
        return await self._post(view, to, metadata=metadata)

    async def find(self, place: Place, *, key: str) -> CardRef | None:
        """One call, which Slack may refuse: some apps may read a channel once a minute, others not at all."""
        where: dict[str, Any] = {"channel": place.conversation, "include_all_metadata": True}
        try:
            slack = await self._client(place.tenant)
            if place.thread:  # answered oldest first, so the end of a thread needs all of it
                call = slack.conversations_replies(ts=place.thread, limit=THREAD, **where)
            else:
                call = slack.conversations_history(limit=LOOK_BACK, **where)
            answer = await _once(call)
        except (ChatUnavailable, ChatRefused):
            return None
        first, *copies = sorted(_posted_with(key, answer)) or [""]
        for copy in copies:
            await self._remove(place, copy)
        return CardRef(Platform.SLACK, place.tenant, place.conversation, first) if first else None

    async def _remove(self, at: Place, ts: str) -> None:
        """As far as Slack lets us: a card too many is a nuisance, and both lead to the same draft."""
        with suppress(ChatUnavailable, ChatRefused):
            await _once((await self._client(at.tenant)).chat_delete(channel=at.conversation, ts=ts))

    async def replace(self, ref: CardRef, view: CardView | Notice) -> CardRef:
        drawn = render.message(view)
        slack = await self._client(ref.tenant)
        await _once(slack.chat_update(channel=ref.conversation, ts=ref.message, **drawn))
        return ref

    async def whisper(self, view: Postable, to: Who, at: Place) -> None:
        """Beside the conversation; one-to-one when Baton or the person is not in it."""
        try:
            await self._beside(view, to, at)
        except ChatRefused:
            await self._post(view, await self.personal(to))

    async def personal(self, who: Who) -> Place:
        answer = await _once((await self._client(who.tenant)).conversations_open(users=[who.user]))
        return Place(Platform.SLACK, who.tenant, answer["channel"]["id"], personal=True)

    async def open_modal(self, tenant: str, trigger: str, view: Json) -> str:
        """The id of the new view, for updating it. The trigger works once and for three seconds."""
        answer = await _once((await self._client(tenant)).views_open(trigger_id=trigger, view=view))
        return str(answer["view"]["id"])

    async def push_modal(self, tenant: str, trigger: str, view: Json) -> None:
        await _once((await self._client(tenant)).views_push(trigger_id=trigger, view=view))

    async def update_modal(self, tenant: str, view_id: str, view: Json) -> None:
        await _once((await self._client(tenant)).views_update(view_id=view_id, view=view))

    async def publish_home(self, who: Who, home: Home) -> None:
        await _once((await self._client(who.tenant)).views_publish(user_id=who.user, view=render.home(home)))

    async def respond(self, url: str, view: Postable, *, instead: bool = False) -> bool:
        """Answer a click through its response_url, which works where Baton is no member. False: not possible.

        `instead` replaces the message that holds the button: the only way to change an ephemeral one.
        """
        if self._session is None or _origin(url) not in self._hosts:
            return False
        said = {**render.ephemeral(view), "replace_original": instead}
        try:
            async with self._session.post(url, json=said, allow_redirects=False) as answer:
                return answer.ok
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _beside(self, view: Postable, to: Who, at: Place) -> None:
        if at.personal:
            await self._post(view, at)
        else:
            drawn = render.message(view)
            slack = await self._client(at.tenant)
            call = slack.chat_postEphemeral(channel=at.conversation, user=to.user, thread_ts=at.thread, **drawn)
            await _once(call)

    async def _post(self, view: Postable, to: Place, *, metadata: Json | None = None) -> CardRef:
        slack = await self._client(to.tenant)
        answer = await _once(
            slack.chat_postMessage(
                channel=to.conversation,
                thread_ts=to.thread,
                metadata=metadata,
                unfurl_links=False,
                unfurl_media=False,
                **render.message(view),
            )
        )
        return CardRef(Platform.SLACK, to.tenant, str(answer["channel"]), str(answer["ts"]))

    async def _ask(self, tenant: str, method: str, **about: Any) -> Mapping[str, Any]:
        return await _once((await self._client(tenant)).api_call(method, http_verb="GET", params=about))

    async def _client(self, tenant: str) -> AsyncWebClient:
        client = silent_client(await self._tokens.token(tenant), self._api_url)
        client.session = self._session
        return client


async def _once(call: Awaitable[Any]) -> Mapping[str, Any]:
    """One call to Slack. Its errors become ours here; nothing that Slack wrote goes into a message."""
    try:
        return dict((await call).data)
    except SlackApiError as error:
        raise _translated(error) from None
    except aiohttp.ClientConnectorError:
        raise ChatUnavailable("Slack could not be reached.") from None
    except (aiohttp.ClientError, SlackClientError, TimeoutError, ConnectionError, TypeError, ValueError):
        raise ChatUnavailable("Slack's answer was lost on the way.", sent=True) from None


def _posted_with(key: str, answer: Mapping[str, Any]) -> list[str]:
    """Timestamps of messages that carry our key."""
    ours = {"event_type": METADATA_EVENT, "event_payload": {"key": key}}
    messages = answer.get("messages")
    found = [each for each in messages if isinstance(each, Mapping)] if isinstance(messages, list) else []
    return [str(each["ts"]) for each in found if each.get("metadata") == ours and each.get("ts")]


def _translated(error: SlackApiError) -> ChatUnavailable | ChatRefused:
    answer: Any = error.response
    status = getattr(answer, "status_code", 0) or getattr(answer, "status", 0)
    said = getattr(answer, "data", None)
    code = str(said.get("error", "")) if isinstance(said, dict) else ""
    if status == 429 or code in BUSY:
        return ChatUnavailable("Slack asked Baton to wait.", retry_after_s=_seconds(answer.headers.get("Retry-After")))
    if code in GONE:
        return ChatRefused(GONE[code], dead=True)
    if code in DECLINED:
        return ChatRefused(DECLINED[code])
    if status >= 500 or code in UNCERTAIN or not code:
        return ChatUnavailable("Slack had a problem of its own.", sent=True)
    return ChatRefused(f"Slack declined the call ({code[:60]}).")


def _seconds(header: str | None) -> float | None:
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None


def _response_hosts(api_url: str) -> frozenset[str]:
    """Answers go to Slack's own hosts only: hooks.slack.com beside slack.com, and the API's host itself."""
    parts = urlsplit(api_url)
    return frozenset({_origin(api_url), f"{parts.scheme}://hooks.{parts.netloc.removeprefix('www.')}"})


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
