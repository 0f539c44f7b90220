"""A telephone company for demo and tests: it speaks Twilio's API over loopback, and keeps everybody's phone in memory.

The product's own Twilio client sends to it and its callbacks come back signed, so what is shown is what would happen.
Phones are told apart by the person who owns the number. It ends with the process.
"""

import asyncio
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final, Self
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import aiohttp
from aiohttp import web

from bot.clinic import StaffMember
from bot.crisis.ways.telephone import basic, signed

ACCOUNT: Final = "AC-simulated"
NUMBER: Final = "+12155550199"  # ours; 555-0100 to 555-0199 are nobody's
MOST_KEPT: Final = 100


@dataclass(slots=True)
class Message:
    """On a phone. `mine`: written by the person."""

    id: str
    text: str
    at: datetime
    state: str = "sent"
    code: str = ""  # why it did not arrive
    mine: bool = False


@dataclass(slots=True)
class Call:
    """`said`: what was read out so far, last part last. `keys`: what was pressed."""

    id: str
    text: str
    at: datetime
    state: str = "ringing"
    code: str = ""
    said: list[str] = field(default_factory=list)
    keys: str = ""


@dataclass(slots=True)
class Phone:
    """Of one person. `fails`: what becomes of whatever is sent to it, such as ("undelivered", "30003")."""

    staff_id: str
    number: str = field(repr=False)
    messages: list[Message] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    fails: tuple[str, str] | None = None
    refused: str = ""  # the code with which a request is turned down at once
    voicemail: bool = False
    delay_s: float = 0.0

    @property
    def ringing(self) -> Call | None:
        return next((call for call in reversed(self.calls) if call.state in {"ringing", "in-progress"}), None)


class NoCall(Exception):
    """Nothing rings on this phone, or there is no such phone."""


class Exchange:
    """`url`: its own address, known at once. Further routes may be added to `site` until it is entered."""

    def __init__(self, staff: tuple[StaffMember, ...], *, clock: Callable[[], datetime]) -> None:
        self._clock, self.token = clock, secrets.token_hex(16)
        self._phones = {one.id: Phone(one.id, one.phone.number) for one in staff if one.phone}
        self._hooks: dict[str, Mapping[str, str]] = {}
        self._twiml: dict[str, str] = {}
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        self.site = web.Application()
        self.down: int | None = None  # the status everything is answered with
        self.loses_answers = 0  # so many requests are carried out, and their answers never arrive
        self.requests: list[Mapping[str, str]] = []  # what was asked of it: everything a company would know
        self._tasks: set[asyncio.Task[None]] = set()
        self._reply_to = f"{self.url}/crisis/twilio/reply"

    async def __aenter__(self) -> Self:
        accounts = f"/2010-04-01/Accounts/{ACCOUNT}"
        self.site.add_routes(
            [web.post(f"{accounts}/{what}.json", self._asked) for what in ("Messages", "Calls")]
            + [web.get(f"{accounts}/{what}.json", self._list) for what in ("Messages", "Calls")]
        )
        self._runner = web.AppRunner(self.site, access_log=None)
        await self._runner.setup()
        await web.SockSite(self._runner, self._door).start()
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()
        await self._runner.cleanup()

    def close(self) -> None:
        """For one that was never entered: its door is shut all the same."""
        self._door.close()

    # What people see and do

    def phones(self) -> Mapping[str, Phone]:
        """By staff id; messages and calls oldest first."""
        return self._phones

    async def press(self, staff_id: str, key: str) -> str:
        """Pick up what rings and press a key; what is said then. Raises NoCall."""
        phone = self._phone(staff_id)
        call = phone.ringing
        if call is None:
            raise NoCall(staff_id)
        call.state, call.keys = "in-progress", call.keys + key
        form = self._about(phone, call.id) | {"Digits": key}
        return await self._heard(phone, call, await self._back(self._action(call), form))

    async def hang_up(self, staff_id: str, state: str = "completed") -> None:
        """`state`: completed, busy, no-answer."""
        phone = self._phone(staff_id)
        if (call := phone.ringing) is not None:
            await self._ended(phone, call, state)

    async def reply(self, staff_id: str, text: str) -> str:
        """An SMS to Baton; its answer is on the phone too. Raises NoCall."""
        phone = self._phone(staff_id)
        mine = Message(_id("SM"), text, self._clock(), mine=True)
        _keep(phone.messages, mine)
        form = {"MessageSid": mine.id, "From": phone.number, "To": NUMBER, "Body": text, "AccountSid": ACCOUNT}
        said = "".join(_spoken(await self._back(self._reply_to, form), "Message"))
        if said:
            _keep(phone.messages, Message(_id("SM"), said, self._clock(), "delivered"))
        return said

    def unreachable(self, staff_id: str, *, sms: str = "30003") -> None:
        """Off: messages come back, calls are not answered."""
        self._phone(staff_id).fails = ("undelivered", sms)

    async def settled(self) -> None:
        """All that was under way has come to its end."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.sleep(0)  # awaiting what has ended gives nobody a turn, and those who leave need one

    # Twilio's API

    async def _asked(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.requests.append(form)
        if (wrong := self._turned_down(request)) is not None:
            return wrong
        phone = next((one for one in self._phones.values() if one.number == form.get("To")), None)
        if phone is None or phone.refused:
            code = int(phone.refused) if phone else 21211
            return web.json_response({"code": code, "status": 400}, status=400)
        sid = self._placed(phone, form, call="Twiml" in form)
        if self.loses_answers:
            self.loses_answers -= 1
            if request.transport is not None:
                request.transport.abort()
        return web.json_response({"sid": sid, "status": "queued"}, status=201)

    def _turned_down(self, request: web.Request) -> web.Response | None:
        if self.down is not None:
            return web.json_response({"status": self.down}, status=self.down)
        if request.headers.get("Authorization") != basic(ACCOUNT, self.token):
            return web.json_response({"code": 20003, "status": 401}, status=401)
        return None

    def _placed(self, phone: Phone, form: Mapping[str, str], *, call: bool) -> str:
        sid = _id("CA" if call else "SM")
        self._hooks[sid] = form
        if call:
            self._twiml[sid] = form["Twiml"]
            said = _spoken(form["Twiml"], "Say")
            _keep(phone.calls, Call(sid, said[0] if said else "", self._clock()))
        else:
            _keep(phone.messages, Message(sid, form.get("Body", ""), self._clock()))
        task = asyncio.create_task(self._carried(phone, sid))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return sid

    async def _list(self, request: web.Request) -> web.Response:
        if (wrong := self._turned_down(request)) is not None:
            return wrong
        to, calls = request.query.get("To"), request.path.endswith("Calls.json")
        owner = next((one for one in self._phones.values() if one.number == to), None)
        kept: list[Call] | list[Message] = [] if owner is None else owner.calls if calls else owner.messages
        found = [_told(one) for one in kept if one.id in self._hooks]
        return web.json_response({"calls" if calls else "messages": found})

    # What becomes of it

    async def _carried(self, phone: Phone, sid: str) -> None:
        await asyncio.sleep(phone.delay_s)
        if (call := next((one for one in phone.calls if one.id == sid), None)) is not None:
            if phone.fails:
                await self._ended(phone, call, "no-answer")
            elif phone.voicemail:
                call.said.append(call.text)
                await self._ended(phone, call, "completed")
            return
        message = next(one for one in phone.messages if one.id == sid)
        message.state, message.code = phone.fails or ("delivered", "")
        form = self._about(phone, sid) | {"MessageStatus": message.state}
        form |= {"ErrorCode": message.code} if message.code else {}
        await self._back(self._hooks[sid]["StatusCallback"], form)

    async def _heard(self, phone: Phone, call: Call, document: str) -> str:
        said = _spoken(document, "Say")
        call.said += said[:1]
        if "<Gather" in document:
            self._twiml[call.id] = document
        else:
            await self._ended(phone, call, "completed")
        return said[0] if said else ""

    async def _ended(self, phone: Phone, call: Call, state: str) -> None:
        call.state = state
        await self._back(self._hooks[call.id]["StatusCallback"], self._about(phone, call.id) | {"CallStatus": state})

    async def _back(self, url: str, form: Mapping[str, str]) -> str:
        """A callback, signed for the address we were given."""
        text = url + "".join(f"{name}{form[name]}" for name in sorted(form))
        headers = {"X-Twilio-Signature": signed(self.token, text, "sha1")}
        here = f"{self.url}{urlsplit(url).path}"
        async with self._session.post(here, data=form, headers=headers) as answer:
            return await answer.text()

    def _action(self, call: Call) -> str:
        gather = _document(self._twiml[call.id]).find("Gather")
        return "" if gather is None else gather.get("action", "")

    def _about(self, phone: Phone, sid: str) -> dict[str, str]:
        kind = "CallSid" if sid.startswith("CA") else "MessageSid"
        return {kind: sid, "AccountSid": ACCOUNT, "To": phone.number, "From": NUMBER}

    def _phone(self, staff_id: str) -> Phone:
        if staff_id not in self._phones:
            raise NoCall(staff_id)
        return self._phones[staff_id]


def _told(one: Message | Call) -> dict[str, Any]:
    body = {"body": one.text} if isinstance(one, Message) else {}
    return {"sid": one.id, "status": one.state, "date_created": format_datetime(one.at.astimezone(UTC))} | body


def _spoken(document: str, name: str) -> list[str]:
    return [part.text or "" for part in _document(document).iter(name)] if document else []


def _document(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - what our own process has just written


def _keep[T](kept: list[T], one: T) -> None:
    kept.append(one)
    del kept[:-MOST_KEPT]


def _id(kind: str) -> str:
    return f"{kind}{secrets.token_hex(16)}"
