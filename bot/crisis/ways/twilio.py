"""Pages by Twilio: messages and calls of its REST API of 2010-04-01, and its signed callbacks.

Twilio keeps no idempotency key for these, so before a second attempt its own list is looked at.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
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
    spoken,
)

BASE_URL: Final = "https://api.twilio.com"
UNDELIVERED: Final = {
    "21211": "no_such_number",
    "21217": "no_such_number",
    "13224": "no_such_number",
    "21614": "not_a_mobile",
    "21610": "unsubscribed",
    "21408": "region_not_enabled",
    "21215": "region_not_enabled",
    "21612": "unreachable",
    "21219": "number_not_verified_there",
}
NOT_ARRIVED: Final = frozenset({"undelivered", "failed", "busy", "no-answer", "canceled"})
MESSAGE_EVENTS: Final = ("delivered", "undelivered", "failed")


class Twilio:
    name = "twilio"

    def __init__(self, session: aiohttp.ClientSession, account: Account, *, claimed: Claimed) -> None:
        self._account, self._claimed = account, claimed
        self._line = Line(session, account, UNDELIVERED)
        self._path = f"/2010-04-01/Accounts/{account.id}"

    def ways(self) -> Ways:
        sms = TelephoneWay(WayName.SMS, self._message, self._messages, self._claimed)
        voice = TelephoneWay(WayName.VOICE, self._call, self._calls, self._claimed)
        return {WayName.SMS: sms, WayName.VOICE: voice}

    # Out

    async def _message(self, number: str, page: Page) -> str:
        form = self._to(number) | {"Body": page.text, "StatusCallback": self._account.callback(self.name, "status")}
        return _sid(await self._line.ask("POST", f"{self._path}/Messages.json", data=form))

    async def _call(self, number: str, page: Page) -> str:
        form = self._to(number) | {
            "Twiml": self.asks(spoken(page)),
            "StatusCallback": self._account.callback(self.name, "status"),
            "StatusCallbackEvent": "completed",
            "Timeout": "40",
        }
        return _sid(await self._line.ask("POST", f"{self._path}/Calls.json", data=form))

    def _to(self, number: str) -> dict[str, str]:
        return {"To": number, "From": self._account.from_number}

    async def _messages(self, number: str, page: Page, since: datetime) -> list[str]:
        """Theirs that say the same: the code is in the words."""
        asked = {"To": number, "DateSent>": f"{since.astimezone(UTC):%Y-%m-%d}", "PageSize": "100"}
        found = await self._line.ask("GET", f"{self._path}/Messages.json", params=asked)
        return [_sid(one) for one in _listed(found, "messages", since) if one.get("body") == page.text]

    async def _calls(self, number: str, page: Page, since: datetime) -> list[str]:
        asked = {"To": number, "StartTime>": f"{since.astimezone(UTC):%Y-%m-%d}", "PageSize": "100"}
        found = await self._line.ask("GET", f"{self._path}/Calls.json", params=asked)
        return [_sid(one) for one in _listed(found, "calls", since)]

    # In

    def genuine(self, url: str, form: Form, headers: Mapping[str, str]) -> bool:
        """https://www.twilio.com/docs/usage/security: the whole address, then each field's name and value, by name."""
        text = url + "".join(f"{name}{form[name]}" for name in sorted(form))
        return same(signed(self._account.token, text, "sha1"), headers.get("X-Twilio-Signature", ""))

    def delivery(self, what: str, form: Form, headers: Mapping[str, str]) -> str:
        state = form.get("MessageStatus") or form.get("CallStatus", "")
        said = form.get("Digits", "") if what == "gather" else state if what == "status" else ""
        return delivery_key(self.name, what, _ref(form), said)

    def told(self, form: Form) -> Told:
        status = form.get("MessageStatus") or form.get("CallStatus", "")
        if status not in NOT_ARRIVED:
            return Told(_ref(form))
        code = form.get("ErrorCode", "")
        return Told(_ref(form), UNDELIVERED.get(code) or (f"twilio_{code}" if code.isdigit() else status))

    def pressed(self, form: Form) -> Pressed:
        return Pressed(_ref(form), form.get("Digits", ""), e164(form.get("To", "")))

    def replied(self, form: Form) -> Replied:
        return Replied(form.get("Body", ""), e164(form.get("From", "")))

    def asks(self, words: str) -> str:
        gather = (
            f'<Gather input="dtmf" numDigits="1" timeout="8" method="POST" '
            f"action={quoteattr(self._account.callback(self.name, 'gather'))}><Say>{escape(words)}</Say></Gather>"
        )
        return f"<Response>{gather * 2}<Say>{SILENCE}</Say></Response>"

    def says(self, words: str) -> str:
        return f"<Response><Say>{escape(words)}</Say></Response>"

    def texts(self, words: str, form: Form) -> str:
        return f"<Response><Message>{escape(words)}</Message></Response>"


def _ref(form: Form) -> str:
    return form.get("MessageSid") or form.get("CallSid", "")


def _sid(answer: Mapping[str, Any]) -> str:
    """Without one nobody could say later that it did not arrive: it is looked for at the next attempt."""
    if not isinstance(answer.get("sid"), str):
        raise Unavailable("telephone_unreadable")
    return str(answer["sid"])


def _listed(found: Mapping[str, Any], name: str, since: datetime) -> list[Mapping[str, Any]]:
    """Newest last, without what never left."""
    ours = [one for one in found.get(name, []) if one.get("status") not in NOT_ARRIVED and _made(one) >= since]
    return sorted(ours, key=_made)


def _made(one: Mapping[str, Any]) -> datetime:
    try:
        return parsedate_to_datetime(str(one.get("date_created"))).astimezone(UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
