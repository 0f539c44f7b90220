"""Who may knock: the signature is checked on the raw bytes before anything else reads them.

Refusals are a status and one sentence. Nothing of a body is ever logged or sent back.
Replays are remembered per process; across processes a repeated event meets its key and a repeated click its version.
"""

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from bot.doors import refused

MAX_BODY_BYTES = 2 * 1024 * 1024  # a full edit form, URL-encoded, stays below half of it
READ_WITHIN_S = 5.0
CLOCK_SKEW_S = 300
REMEMBERED_S = 330

type Payload = dict[str, Any]  # what Slack sent, parsed and not yet believed


class Refused(Exception):
    def __init__(self, status: HTTPStatus, sentence: str, rule: str = "") -> None:
        """`rule`: the code under which it is recorded, where it is worth recording."""
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.rule = rule


class Guard:
    """Admits each signed request once."""

    def __init__(self, signing_secret: str, now: Callable[[], datetime]) -> None:
        if not signing_secret:
            raise ValueError("Slack's signing secret is missing: without it nobody can be believed")
        self._secret = signing_secret.encode()
        self._now = now
        self._seen: dict[str, float] = {}  # signature -> when it may be forgotten; oldest first

    def admit(self, headers: Mapping[str, str], raw: bytes) -> Payload:
        """The payload of a request that Slack signed just now. Raises Refused."""
        signature = self._signed(headers, raw)
        self._first_time(signature)
        return _payload(_text(raw), headers.get("Content-Type", ""))

    def _signed(self, headers: Mapping[str, str], raw: bytes) -> str:
        stamp = headers.get("X-Slack-Request-Timestamp", "")
        signature = headers.get("X-Slack-Signature", "")
        if not re.fullmatch(r"[0-9]{1,12}", stamp) or abs(self._now().timestamp() - int(stamp)) > CLOCK_SKEW_S:
            raise Refused(HTTPStatus.UNAUTHORIZED, "The timestamp is missing or too far from now.", "slack.timestamp")
        wanted = "v0=" + hmac.new(self._secret, b"v0:" + stamp.encode() + b":" + raw, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted.encode(), signature.encode(errors="replace")):
            raise Refused(HTTPStatus.UNAUTHORIZED, "The signature does not match.", "slack.signature")
        return signature

    def _first_time(self, signature: str) -> None:
        now = self._now().timestamp()
        while self._seen and next(iter(self._seen.values())) < now:
            del self._seen[next(iter(self._seen))]
        if signature in self._seen:
            raise Refused(HTTPStatus.UNAUTHORIZED, "This request was received before.", "slack.replayed")
        self._seen[signature] = now + REMEMBERED_S


def guarded(
    guard: Guard, answer: Callable[[Payload], Awaitable[web.Response]]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """An aiohttp handler that lets only admitted payloads through to `answer`."""

    async def handle(request: web.Request) -> web.Response:
        try:
            payload = guard.admit(request.headers, await _read(request))
        except Refused as no:
            if no.rule:
                refused(request, no.rule)
            return web.Response(status=no.status, text=no.sentence)
        return await answer(payload)

    return handle


async def _read(request: web.Request) -> bytes:
    """Reads at most one byte more than is allowed, whatever the headers promise."""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large.")
    raw = bytearray()
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            async for piece in request.content.iter_chunked(64 * 1024):
                raw += piece
                if len(raw) > MAX_BODY_BYTES:
                    raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large.")
    except TimeoutError:
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, "The request took too long to arrive.") from None
    return bytes(raw)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Refused(HTTPStatus.UNAUTHORIZED, "Slack sends UTF-8.") from None


def _payload(text: str, content_type: str) -> Payload:
    """Events come as JSON, commands as a form, clicks as JSON in the form's `payload`."""
    if content_type.partition(";")[0].strip() == "application/json":
        return _object(text)
    try:
        fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=200))
    except ValueError:
        fields = {}
    if "payload" in fields:
        return _object(fields["payload"])
    if "command" in fields or "ssl_check" in fields:
        return fields
    raise Refused(HTTPStatus.BAD_REQUEST, "This is nothing that Slack sends.")


def _object(text: str) -> Payload:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "This is nothing that Slack sends.")
    return value
