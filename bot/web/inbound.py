"""A posted form becomes a `Typed` or a `Press`. What no page of ours would send is refused in words."""

import hashlib
import json
import re
from collections.abc import AsyncIterable, Mapping
from typing import Protocol
from urllib.parse import parse_qsl

from bot.chat import Action, CardRef, Place, Platform, Press, Typed, Who
from bot.web.problems import BadRequest, TooLarge, WrongKind

BODY_BYTES = 1_000_000  # a form of many long sections, percent-encoded
VALUE_CHARACTERS = 40_000
TYPED_CHARACTERS = 2_000
FIELDS = 80
VALUE = "v."  # names of the values of a Press begin so

_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_OPAQUE = re.compile(r"[\x21-\x7e]{1,200}")
_VERSION = re.compile(r"[0-9]{1,9}")
_CALLED = re.compile(r"^(?:@baton\b[\s,:]*)?/?", re.IGNORECASE)


class Body(Protocol):
    """As much of an HTTP request as reading a form takes."""

    @property
    def content_type(self) -> str: ...
    @property
    def content_length(self) -> int | None: ...


async def form(request: Body, chunks: AsyncIterable[bytes]) -> dict[str, str]:
    """The fields of a posted form, line ends as newlines. Raises WrongKind, TooLarge or BadRequest."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise WrongKind("This page takes forms only.")
    text = (await _limited(chunks, request.content_length or 0)).decode("ascii", errors="replace")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS, errors="strict")
    except ValueError as err:
        raise BadRequest("The form that arrived is not readable text. Go back and try again.") from err
    if any("\0" in value or len(value) > VALUE_CHARACTERS for _, value in pairs):
        raise TooLarge("One of the fields is longer than can be kept, or holds unreadable characters. Shorten it.")
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


async def _limited(chunks: AsyncIterable[bytes], announced: int) -> bytes:
    body = b""
    if announced <= BODY_BYTES:
        async for chunk in chunks:
            body += chunk
            if len(body) > BODY_BYTES:
                break
    if max(announced, len(body)) > BODY_BYTES:
        raise TooLarge("That is more text than one form can hold. Shorten it and send it again.")
    return body


def typed(fields: Mapping[str, str], who: Who, place: Place) -> Typed:
    """The words without slash or mention. One page sent twice with the same words is one delivery, by its key.

    The key is a hash that covers the page's secret nonce: nobody can guess the words back from it.
    """
    nonce = fields.get("nonce", "")
    if not _NONCE.fullmatch(nonce):
        raise BadRequest("The form that arrived is incomplete. Open the conversation again and retype it.")
    text = words(fields)
    delivery = f"{place.conversation}\n{who.user}\n{nonce}\n{text}"
    return Typed(text, who, place, hashlib.sha256(delivery.encode()).hexdigest())


def words(fields: Mapping[str, str]) -> str:
    text = fields.get("text", "").strip()
    if len(text) > TYPED_CHARACTERS:
        raise TooLarge("A command is one line. Shorten it and send it again.")
    return _CALLED.sub("", text, count=1).strip()


def press(fields: Mapping[str, str], who: Who, place: Place) -> Press:
    """Which button, on which draft and version. Everything in it is still only what the browser says."""
    values = {name.removeprefix(VALUE): text for name, text in fields.items() if name.startswith(VALUE)}
    return Press(
        action=_action(fields.get("action", "")),
        subject=_checked(_OPAQUE, fields.get("subject", "")),
        version=int(_checked(_VERSION, fields.get("version", ""))),
        who=who,
        place=place,
        values=values,
        origin=_origin(fields.get("origin", ""), place),
        key=_press_key(fields, place, values),
    )


def _press_key(fields: Mapping[str, str], place: Place, values: Mapping[str, str]) -> str:
    """One drawing of one button sent twice with the same words is one delivery. "" for a form without a nonce."""
    nonce = fields.get("nonce", "")
    if not _NONCE.fullmatch(nonce):
        return ""
    meant = [fields.get(name, "") for name in ("action", "subject", "version")]
    delivery = json.dumps([place.conversation, nonce, *meant, sorted(values.items())])
    return hashlib.sha256(delivery.encode()).hexdigest()


def _action(name: str) -> Action:
    try:
        return Action(name)
    except ValueError:
        raise BadRequest("This button is not one Baton knows. Open the conversation again.") from None


def _checked(shape: re.Pattern[str], text: str) -> str:
    if not shape.fullmatch(text):
        raise BadRequest("The form that arrived is incomplete. Open the conversation again.")
    return text


def _origin(message: str, place: Place) -> CardRef | None:
    return CardRef(Platform.WEB, place.tenant, place.conversation, message) if message else None
