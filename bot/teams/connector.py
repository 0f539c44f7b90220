"""Three calls of the Bot Connector, and what its answers mean to us. The only place that speaks to Microsoft outbound.

The SDK's own sender has no limit on time, opens a client per service URL and leaves retries to luck.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp
from yarl import URL

from bot.chat import ChatRefused, ChatUnavailable

TRY_AGAIN = frozenset({412, 429, 502, 503, 504})
DEAD = (
    "BotNotInConversationRoster",
    "ConversationBlockedByUser",
    "BotDisabledByAdmin",
    "ConversationNotFound",
)
ANSWER_BYTES = 64 * 1024

type Token = Callable[[], Awaitable[str]]


class MessageGone(Exception):
    """The message to update is not there any more; its conversation may well be."""


class Connector:
    """POST creates and is never repeated here; PUT may be. One session, closed by whoever opened it."""

    def __init__(self, token: Token, *, timeout_s: float) -> None:
        self._token = token
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=self._timeout_s)
        self._session = aiohttp.ClientSession(timeout=timeout, json_serialize=compact)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
        self._session = None

    async def send(self, service_url: str, conversation: str, activity: Mapping[str, Any]) -> str:
        """Post a message; its id, "" when Teams gave none. Raises ChatUnavailable, ChatRefused."""
        answer = await self._call("POST", service_url, ("v3", "conversations", conversation, "activities"), activity)
        return _id(answer)

    async def update(self, service_url: str, conversation: str, message: str, activity: Mapping[str, Any]) -> None:
        """Replace a message. Raises MessageGone, ChatUnavailable, ChatRefused."""
        path = ("v3", "conversations", conversation, "activities", message)
        await self._call("PUT", service_url, path, activity)

    async def create(self, service_url: str, *, bot: str, user: str, tenant: str) -> str:
        """The one-to-one conversation with a person, found or made: its id. Refused when they lack the app."""
        body = {
            "bot": {"id": bot},
            "members": [{"id": user}],
            "tenantId": tenant,
            "channelData": {"tenant": {"id": tenant}},
            "isGroup": False,
        }
        conversation = _id(await self._call("POST", service_url, ("v3", "conversations"), body))
        if not conversation:
            raise ChatRefused("Teams opened no conversation with this person.")
        return conversation

    async def _call(
        self, method: str, service_url: str, path: tuple[str, ...], body: Mapping[str, Any]
    ) -> dict[str, Any]:
        assert self._session is not None, "use `async with`"
        headers = {"Authorization": f"Bearer {await self._bearer()}"}
        url = URL("/".join([service_url.rstrip("/"), *(quote(part, safe="") for part in path)]), encoded=True)
        try:
            async with self._session.request(
                method, url, json=body, headers=headers, allow_redirects=False
            ) as response:
                return _understood(method, response, await response.content.read(ANSWER_BYTES))
        except aiohttp.ClientConnectorError:
            raise ChatUnavailable("Teams could not be reached.") from None
        except (aiohttp.ClientError, TimeoutError):
            raise ChatUnavailable("Teams took the message and did not answer.", sent=True) from None

    async def _bearer(self) -> str:
        try:
            return await asyncio.wait_for(self._token(), self._timeout_s)
        except TimeoutError:
            raise ChatUnavailable("No token could be had for Teams in time.") from None
        except Exception:  # noqa: BLE001  # the token library raises many kinds, some with claims in them
            raise ChatUnavailable("No token could be had for Teams.") from None


def compact(body: object) -> str:
    """Text stays text on the wire: escapes would double its size."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _understood(method: str, response: aiohttp.ClientResponse, body: bytes) -> dict[str, Any]:
    status = response.status
    if status < 300:
        return _object(body)
    if status in TRY_AGAIN:
        raise ChatUnavailable(f"Teams said {status}.", retry_after_s=_seconds(response.headers.get("Retry-After")))
    if status >= 500:
        raise ChatUnavailable(f"Teams said {status}.", sent=True)
    if status in {403, 404} and any(reason.encode() in body for reason in DEAD):
        raise ChatRefused(f"Teams said {status}: this conversation is closed to the bot.", dead=True)
    if status == 404 and method == "PUT":
        raise MessageGone
    raise ChatRefused(f"Teams said {status}.")


def _seconds(retry_after: str | None) -> float | None:
    try:
        return max(0.0, float(retry_after or ""))
    except ValueError:
        return None


def _object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _id(answer: Mapping[str, Any]) -> str:
    """Nothing for the placeholder that Teams returns for a message it split: that one cannot be updated."""
    given = answer.get("id")
    return given if isinstance(given, str) and given != "DO_NOT_USE_PLACEHOLDER_ID" else ""
