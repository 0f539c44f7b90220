"""Pages by Plivo: messages and calls of its REST API v1, and its callbacks with signature V3.

Plivo's list shows no words, so before a second attempt what went out to the number since then, and is no other page's,
is taken for the first. It lists a call only once that is over: one that still rings may be made twice.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape, quoteattr

import aiohttp

from bot.crisis.policy import WayName
from bot.crisis.ways.port import Page, Unavailable, Ways
from bot.crisis.ways.telephone import (
    SILENCE,
    Account,
    Claimed,
    Form,
    Line,
    Pressed,
    Replied,
    TelephoneWay,
    Told,
    delivery_key,
    e164,
    same,
    signed,
)

BASE_URL: Final = "https://api.plivo.com"
NOT_ARRIVED: Final = frozenset(
    {"undelivered", "failed", "rejected", "busy", "no-answer", "cancel", "canceled", "timeout"}
)
REASONS: Final = {"30": "no_such_number", "40": "no_such_number", "50": "no_such_number", "200": "unsubscribed"}


class Plivo:
    name = "plivo"

    def __init__(self, session: aiohttp.ClientSession, account: Account, *, claimed: Claimed) -> None:
        self._account, self._claimed = account, claimed
        self._line = Line(session, account, {})
        self._path = f"/v1/Account/{account.id}"

    def ways(self) -> Ways:
        sms = TelephoneWay(WayName.SMS, self._message, self._messages, self._claimed)
        voice = TelephoneWay(WayName.VOICE, self._call, self._calls, self._claimed)
        return {WayName.SMS: sms, WayName.VOICE: voice}

    # Out

    async def _message(self, number: str, page: Page) -> str:
        said = {"src": _plain(self._account.from_number), "dst": _plain(number), "text": page.text}
        said |= {"url": self._account.callback(self.name, "status"), "method": "POST"}
        return _first(await self._line.ask("POST", f"{self._path}/Message/", json=said), "message_uuid")

    async def _call(self, number: str, page: Page) -> str:
        """The words are asked for when somebody picks up, at `answer`."""
        said = {"from": _plain(self._account.from_number), "to": _plain(number), "ring_timeout": 40}
        said |= {"answer_url": self._account.callback(self.name, "answer"), "answer_method": "POST"}
        said |= {"hangup_url": self._account.callback(self.name, "status"), "hangup_method": "POST"}
        return _first(await self._line.ask("POST", f"{self._path}/Call/", json=said), "request_uuid")

    async def _messages(self, number: str, page: Page, since: datetime) -> list[str]:
        asked = {"message_direction": "outbound", "message_time__gte": _moment(since), "limit": "20"}
        found = await self._line.ask("GET", f"{self._path}/Message/", params=asked)
        return [
            str(one["message_uuid"])
            for one in found.get("objects", [])
            if e164(str(one.get("to_number"))) == number and one.get("message_state") not in NOT_ARRIVED
        ]

    async def _calls(self, number: str, page: Page, since: datetime) -> list[str]:
        asked = {"to_number": _plain(number), "end_time__gte": _moment(since), "limit": "20"}
        found = await self._line.ask("GET", f"{self._path}/Call/", params=asked)
        return [str(one["call_uuid"]) for one in found.get("objects", [])]

    # In

    def genuine(self, url: str, form: Form, headers: Mapping[str, str]) -> bool:
        """Signature V3 of a POST. Plivo may send several, parted by commas: one right one is enough."""
        text = f"{_base(url, form)}.{headers.get('X-Plivo-Signature-V3-Nonce', '')}"
        mine = signed(self._account.token, text, "sha256")
        given = headers.get("X-Plivo-Signature-V3", "").split(",")
        return any(same(mine, one.strip()) for one in given)

    def delivery(self, what: str, form: Form, headers: Mapping[str, str]) -> str:
        return delivery_key(self.name, what, headers.get("X-Plivo-Signature-V3-Nonce", ""))

    def told(self, form: Form) -> Told:
        status = form.get("Status") or form.get("CallStatus", "")
        if status not in NOT_ARRIVED:
            return Told(_ref(form))
        code = form.get("ErrorCode", "")
        return Told(_ref(form), REASONS.get(code) or (f"plivo_{code}" if code.isdigit() else status))

    def pressed(self, form: Form) -> Pressed:
        return Pressed(_ref(form), form.get("Digits", ""), e164(form.get("To", "")))

    def replied(self, form: Form) -> Replied:
        return Replied(form.get("Text", ""), e164(form.get("From", "")))

    def asks(self, words: str) -> str:
        get = (
            f'<GetInput inputType="dtmf" numDigits="1" executionTimeout="30" method="POST" '
            f"action={quoteattr(self._account.callback(self.name, 'gather'))}><Speak>{escape(words)}</Speak></GetInput>"
        )
        return f"<Response>{get * 2}<Speak>{SILENCE}</Speak></Response>"

    def says(self, words: str) -> str:
        return f"<Response><Speak>{escape(words)}</Speak></Response>"

    def texts(self, words: str, form: Form) -> str:
        src, dst = quoteattr(form.get("To", "")), quoteattr(form.get("From", ""))
        return f"<Response><Message src={src} dst={dst}>{escape(words)}</Message></Response>"


def _base(url: str, form: Form) -> str:
    """The address with its query sorted; then, when there are fields, a mark and each name and value, by name."""
    parts = urlsplit(url)
    query = "&".join(f"{name}={value}" for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True)))
    fields = "".join(f"{name}{form[name]}" for name in sorted(form))
    address = f"{parts.scheme}://{parts.netloc}{parts.path}"
    mark = "?" if query or form else ""
    return f"{address}{mark}{query}{'.' if query and form else ''}{fields}"


def _ref(form: Form) -> str:
    """A call we asked for is known by the id of the asking."""
    return form.get("MessageUUID") or form.get("RequestUUID") or form.get("CallUUID", "")


def _first(answer: Mapping[str, Any], name: str) -> str:
    """Messages come as a list of one."""
    found = answer.get(name)
    ref = found[0] if isinstance(found, list) and found else found
    if not isinstance(ref, str) or not ref:
        raise Unavailable("telephone_unreadable")
    return ref


def _plain(number: str) -> str:
    return number.removeprefix("+")


def _moment(since: datetime) -> str:
    return f"{since.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
