"""What the telephone companies share: how a page goes out, what their failures mean, what their callbacks say.

A page carries an alias, a level and a code. A number goes to the company and nowhere else: no error, log line, metric
or audit event holds one.
"""

import base64
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Protocol

import aiohttp

from bot.crisis.policy import WayName
from bot.crisis.ways.port import Delivery, Page, Unavailable, Undelivered, Ways

ASK_S: Final = 4.0  # of one request: to look and to send fit into the engine's ten seconds
SKEW: Final = timedelta(seconds=5)
LOOKS: Final = 5  # a company whose list does not answer must not keep a page from going out for ever
PRESS: Final = "Press 1 to take it. Press 2 if it is not for you, and the next person is paged at once."
SILENCE: Final = "No key was pressed. Nobody has taken it. Goodbye."

type Form = Mapping[str, str]
type Claimed = Callable[[str], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Account:
    """With a company. `public_url`: where its callbacks reach us, as it writes it."""

    id: str
    token: str = field(repr=False)
    from_number: str = field(repr=False)
    base_url: str
    public_url: str

    def callback(self, company: str, what: str) -> str:
        return f"{self.public_url.rstrip('/')}/crisis/{company}/{what}"


@dataclass(frozen=True, slots=True)
class Told:
    """How a message or a call went. `reason` None: it is under way, or it arrived."""

    ref: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key during a call. `number`: the one that was called."""

    ref: str
    key: str
    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Replied:
    """An SMS to us. `number`: the one it came from."""

    text: str = field(repr=False)
    number: str = field(repr=False)


class Company(Protocol):
    """A provider of SMS and calls."""

    name: str

    def ways(self) -> Ways: ...

    def genuine(self, url: str, form: Form, headers: Mapping[str, str]) -> bool:
        """Signed by this company, for this whole address and body. Compared in constant time."""
        ...

    def delivery(self, what: str, form: Form, headers: Mapping[str, str]) -> str:
        """The same for a repetition of the same callback, and for nothing else."""
        ...

    def told(self, form: Form) -> Told: ...

    def pressed(self, form: Form) -> Pressed: ...

    def replied(self, form: Form) -> Replied: ...

    def asks(self, words: str) -> str:
        """The document by which a call reads the words, twice, and waits for a key."""
        ...

    def says(self, words: str) -> str: ...

    def texts(self, words: str, form: Form) -> str:
        """The document that answers an SMS."""
        ...


class TelephoneWay:
    """`send` gives the company's id. `look`: ids of what went out to a number since; `claimed`: another page's id."""

    def __init__(
        self,
        name: WayName,
        send: Callable[[str, Page], Awaitable[str]],
        look: Callable[[str, Page, datetime], Awaitable[list[str]]],
        claimed: Claimed,
    ) -> None:
        self.name, self._send, self._look, self._claimed = name, send, look, claimed

    async def page(self, page: Page, *, key: str) -> Delivery:
        number = self._number(page)
        if page.attempt > 1 and (ref := await self._gone_out(number, page)):
            return Delivery(ref, repeated=True)
        return Delivery(await self._send(number, page))

    def _number(self, page: Page) -> str:
        phone = page.to.phone if page.to else None
        if phone is None or not (phone.sms if self.name is WayName.SMS else phone.voice):
            raise Undelivered("no_number")
        return phone.number

    async def _gone_out(self, number: str, page: Page) -> str | None:
        """An earlier attempt whose answer was lost. Companies keep no key of ours, so it is looked for."""
        if page.since is None:
            return None
        try:
            found = await self._look(number, page, page.since - SKEW)
        except Undelivered:
            return None
        except Unavailable:
            if page.attempt > LOOKS:
                return None
            raise
        free = [ref for ref in found if not await self._claimed(ref)]
        return free[0] if free else None


def spoken(page: Page) -> str:
    """What a call reads out: the page's sentence, and which keys answer."""
    return f"{page.text.rstrip('.')}. {PRESS}"


def e164(number: str) -> str:
    """As the clinic file writes it; some companies leave out the plus."""
    digits = number.strip()
    return digits if digits.startswith("+") or not digits.isdigit() else f"+{digits}"


def same(mine: str, theirs: str) -> bool:
    return hmac.compare_digest(mine.encode(), theirs.encode())


def signed(token: str, text: str, how: str) -> str:
    return base64.b64encode(hmac.new(token.encode(), text.encode(), how).digest()).decode()


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def delivery_key(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()


class Line:
    """HTTP to a company. Its failures come out as Undelivered and Unavailable, and hold a code and nothing else."""

    def __init__(self, session: aiohttp.ClientSession, account: Account, undelivered: Mapping[str, str]) -> None:
        self._session, self._account, self._undelivered = session, account, undelivered
        self._headers = {"Authorization": basic(account.id, account.token)}

    async def ask(self, method: str, path: str, **given: Any) -> Mapping[str, Any]:
        url, timeout = self._account.base_url.rstrip("/") + path, aiohttp.ClientTimeout(total=ASK_S)
        try:
            async with self._session.request(
                method, url, headers=self._headers, timeout=timeout, allow_redirects=False, **given
            ) as answer:
                return self._read(answer.status, answer.headers, await answer.read())
        except TimeoutError:
            raise Unavailable("telephone_timeout") from None
        except aiohttp.ClientError:
            raise Unavailable("telephone_unreachable") from None

    def _read(self, status: int, headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
        said = _object(body)
        if status == 429 or status >= 500:
            raise Unavailable(f"telephone_{status}", retry_after_s=_seconds(headers.get("Retry-After", "")))
        if status in {401, 403} and str(said.get("code")) not in self._undelivered:
            raise Unavailable("telephone_refuses_account")
        if status >= 300:
            raise Undelivered(self._reason(said.get("code"), status))
        return said

    def _reason(self, code: object, status: int) -> str:
        known = self._undelivered.get(str(code))
        return known or (f"telephone_{code}" if isinstance(code, int) else f"telephone_{status}")


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(words: str) -> float | None:
    return min(float(words), 60.0) if words.isdigit() and int(words) else None
