"""Three platforms as people meet them: words and clicks go in signed and whole, and what was really drawn is read back.

Slack's payloads are Block Kit, those of Teams Adaptive Cards, the console's are HTML forms.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol, cast
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr
from sqlalchemy import func, select
from yarl import URL

from bot.chat import Action, Chat, Desk, Place, Platform
from bot.settings import SlackSettings
from bot.slack import wire
from bot.slack.opening import slack_of
from bot.store import tables as t
from bot.store.board import StoredBoard
from bot.teams import TeamsPlatform
from bot.teams.service_urls import ServiceUrls
from bot.web.app import WebConsole
from bot.web.clinic import Channel, Persona
from bot.web.outbound import WebChat
from skills.kit import Command
from tests.bot.slack.slack_side import SECRET, SlackSide, signed
from tests.fakes.conversations import MemoryConversations
from tests.fakes.office import Work
from tests.fakes.slack_api import FakeSlack, slack_api
from tests.fakes.teams_bot import APP_ID, loopback_token
from tests.fakes.teams_connector import TeamsConnector
from tests.fakes.teams_issuer import TeamsIssuer
from tests.fakes.visitor import Page, PostedForm, Visitor
from tests.parity.views import Drawn, key

type Json = dict[str, Any]

ENTRA = "5a9d0000-0000-4000-8000-000000000001"
TEAMS_CHANNEL = "19:harbor0000000000000000000000000@thread.tacv2"
UNREAD_KEYS = frozenset({"action_id", "block_id", "private_metadata", "callback_id", "channel", "ts", "id", "type"})
UNREAD_KEYS |= frozenset({"url", "$schema", "version", "verb", "data", "style", "image_url", "fallback"})


@dataclass
class Seen:
    """What one step left on a screen."""

    text: list[str] = field(default_factory=list)
    buttons: list[Drawn] = field(default_factory=list)
    form: object | None = None  # the newest form that waits to be filled in


SOON_S = 0.5  # what falls due within this time belongs to what was done


async def quiet(work: Work) -> None:
    """Until nothing is under way, what was put off for a moment included."""
    await work.settled()
    while await _due_soon(work):
        await asyncio.sleep(0.02)
        await work.settled()


async def _due_soon(work: Work) -> bool:
    async with work.office.db.read() as conn:
        until = t.jobs.c.due < time.time() + SOON_S
        return bool(await conn.scalar(select(func.count()).where(t.jobs.c.state == "due", until)))


class Surface(Protocol):
    platform: Platform
    place: Place
    chat: Chat

    async def say(self, person: str, words: str) -> Seen: ...
    async def press(self, person: str, button: Drawn) -> Seen: ...
    async def submit(self, person: str, form: object, values: Mapping[str, str]) -> Seen: ...
    async def seen(self, *people: str) -> Seen:
        """What came since, by itself, and what these people have before them."""
        ...

    async def settled(self) -> None: ...


type Opener = Callable[[Work, Desk, list[Command]], Any]


# Slack


@dataclass
class SlackSurface:
    work: Work
    fake: FakeSlack
    side: SlackSide
    chat: Chat
    finished: Callable[[], Any]
    platform: Platform = Platform.SLACK
    place: Place = field(default_factory=lambda: Place(Platform.SLACK, "T0SANDBOX", "C0SBHARBOR"))
    looked: int = 0
    answered: int = 0

    async def say(self, person: str, words: str) -> Seen:
        name, _, rest = words.removeprefix("/").partition(" ")
        sent = {
            "command": f"/{name}",
            "text": rest,
            "team_id": "T0SANDBOX",
            "user_id": self._user(person),
            "channel_id": self.place.conversation,
        }
        return await self._of(await self._form({**sent, "trigger_id": self.side.trigger()}))

    async def press(self, person: str, button: Drawn) -> Seen:
        handle: Any = button.handle
        body = {
            "type": "block_actions",
            "team": {"id": "T0SANDBOX"},
            "user": {"id": self._user(person), "team_id": "T0SANDBOX"},
            "response_url": self.fake.response_url,
            "actions": [handle["action"]],
            **handle["where"],
        }
        return await self._of(await self._interaction(body))

    async def submit(self, person: str, form: object, values: Mapping[str, str]) -> Seen:
        view: Any = form
        inputs = [block for block in view["blocks"] if block["type"] == "input"]
        state = {block["block_id"]: _entered(block, values) for block in inputs}
        body = {
            "type": "view_submission",
            "team": {"id": "T0SANDBOX"},
            "user": {"id": self._user(person), "team_id": "T0SANDBOX"},
            "view": {**view, "id": "V0", "state": {"values": state}},
        }
        return await self._of(await self._interaction(body))

    async def settled(self) -> None:
        await self.finished()

    async def seen(self, *people: str) -> Seen:
        return await self._of({})

    async def _interaction(self, body: Json) -> Json:
        return await self._form({"payload": json.dumps({"trigger_id": self.side.trigger(), **body})})

    async def _form(self, fields: Json) -> Json:
        raw = urlencode(fields).encode()
        status, text = await self.side.post(raw, "application/x-www-form-urlencoded", signed(raw, self.work.clock()))
        assert status == 200, (status, text)
        found: Json = json.loads(text) if text else {}
        return found

    async def _of(self, answer: Json) -> Seen:
        await self.settled()
        await quiet(self.work)
        await self.settled()
        seen = Seen()
        hidden = {"message": {"user": "UBOT"}, "channel": {"id": self.place.conversation}}
        hidden["container"] = {"type": "message", "message_ts": "1.1", "channel_id": self.place.conversation}
        hidden["container"]["is_ephemeral"] = True  # type: ignore[assignment]  # flags among words
        if "view" in answer:
            self._modal(seen, answer["view"])
        elif answer:
            self._read(seen, answer, hidden)
        for said in self.fake.responses[self.answered :]:
            self._read(seen, said, hidden)
        self.answered = len(self.fake.responses)
        for call in self.fake.calls[self.looked :]:
            match call.method:
                case "chat.postMessage" | "chat.update":
                    self._read(seen, call.sent, self._message(call.sent))
                case "chat.postEphemeral":
                    self._read(seen, call.sent, hidden)
                case "views.open" | "views.push" | "views.update":
                    self._modal(seen, call.sent["view"])
                case _:
                    continue
        self.looked = len(self.fake.calls)
        assert not self.fake.mistakes, self.fake.mistakes
        return seen

    def _message(self, sent: Json) -> Json:
        posted = self.fake.sent("chat.postMessage")
        ts = sent.get("ts") or [*self.fake.messages][next(n for n, each in enumerate(posted) if each is sent)][1]
        at = {"type": "message", "message_ts": ts, "channel_id": sent["channel"], "is_ephemeral": False}
        return {"container": at, "channel": {"id": sent["channel"]}, "message": {"user": "UBOT", "ts": ts}}

    def _modal(self, seen: Seen, view: Json) -> None:
        shown = {"id": "V0", "type": "modal", "private_metadata": view["private_metadata"]}
        self._read(seen, view, {"view": shown, "container": {"type": "view", "view_id": "V0"}})
        if view.get("submit"):
            seen.form = view

    def _read(self, seen: Seen, drawn: Json, where: Json) -> None:
        seen.text += _leaves(drawn)
        for block in drawn.get("blocks", []):
            for each in [*block.get("elements", []), *([block["accessory"]] if "accessory" in block else [])]:
                seen.buttons += list(_slack_buttons(each, block.get("block_id", ""), where))

    def _user(self, person: str) -> str:
        return self.work.who(person, Platform.SLACK).user


def _entered(block: Json, values: Mapping[str, str]) -> Json:
    """A long text stands in several inputs, as it was cut when the form was drawn; what is too much goes into the last."""
    _, _, number, of, _, name = json.loads(block["block_id"])
    parts = wire.parts(values.get(name, ""))
    own = parts[number - 1 :] if number == of else parts[number - 1 : number]
    text = "\n".join(part.text for part in own)
    return {block["element"]["action_id"]: {"type": "plain_text_input", "value": text or None}}


def _slack_buttons(each: Json, block_id: str, where: Json) -> Iterator[Drawn]:
    match each:
        case {"type": "button", "action_id": str(name), "value": str(value)}:
            meant = wire.read_button(name, value)
            action = {"type": "button", "block_id": block_id or "b", "action_id": name, "value": value}
            yield Drawn(
                key(meant.action, meant.subject, meant.values), meant.version, {"action": action, "where": where}
            )
        case {"type": "static_select", "action_id": str(name)}:
            options = [*each.get("options", []), *(o for g in each.get("option_groups", []) for o in g["options"])]
            for option in options:
                meant = wire.read_select(name, block_id, option["value"])
                action = {"type": "static_select", "block_id": block_id, "action_id": name, "selected_option": option}
                handle = {"action": action, "where": where}
                yield Drawn(key(meant.action, meant.subject, meant.values), meant.version, handle)
        case _:
            return


@asynccontextmanager
async def on_slack(work: Work, desk: Desk, commands: list[Command], _: TeamsIssuer) -> AsyncIterator[Surface]:
    async with slack_api() as fake:
        fake.team = "T0SANDBOX"
        settings = SlackSettings(signing_secret=SecretStr(SECRET), bot_token=SecretStr("xoxb-1"), api_url=fake.api_url)
        slack = slack_of(settings, work.office, desk, commands=[one.name for one in commands], public_url="")
        site = web.Application()
        slack.routes(site)
        async with slack, TestClient(TestServer(site)) as http:
            yield SlackSurface(
                work, fake, SlackSide(http), slack.chat, lambda: slack._listeners.errands.finished(within_s=30)
            )


# Teams


@dataclass
class TeamsSurface:
    work: Work
    http: TestClient[web.Request, web.Application]
    issuer: TeamsIssuer
    connector: TeamsConnector
    adapter: TeamsPlatform
    chat: Chat
    platform: Platform = Platform.TEAMS
    place: Place = field(default_factory=lambda: Place(Platform.TEAMS, ENTRA, TEAMS_CHANNEL))
    looked: int = 0
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def say(self, person: str, words: str) -> Seen:
        return await self._of(await self._post(person, {"type": "message", "text": words}))

    async def press(self, person: str, button: Drawn) -> Seen:
        handle: Any = button.handle
        return await self._execute(person, handle["data"], handle["message"])

    async def submit(self, person: str, form: object, values: Mapping[str, str]) -> Seen:
        handle: Any = form
        entered = {f"input_{name}": value for name, value in values.items()}
        return await self._execute(person, {**handle["data"], **entered}, handle["message"])

    async def settled(self) -> None:
        await self.adapter.settle()

    async def seen(self, *people: str) -> Seen:
        return await self._of(None)

    async def _execute(self, person: str, data: Json, message: str) -> Seen:
        value = {"action": {"type": "Action.Execute", "verb": "x", "data": data}, "trigger": "manual"}
        activity = {"type": "invoke", "name": "adaptiveCard/action", "value": value, "replyToId": message}
        answer = await self._post(person, activity)
        return await self._of(answer, message)

    async def _post(self, person: str, more: Json) -> Any:
        user = self.work.who(person, Platform.TEAMS).user
        activity = {
            "id": f"17000000{next(self.numbers):05d}",
            "channelId": "msteams",
            "serviceUrl": self.connector.url,
            "from": {"id": f"29:{user}", "name": "Somebody", "aadObjectId": user},
            "recipient": {"id": f"28:{APP_ID}", "name": "Baton"},
            "conversation": {"tenantId": ENTRA, "id": TEAMS_CHANNEL, "conversationType": "channel", "isGroup": True},
            "channelData": {"tenant": {"id": ENTRA}},
            **more,
        }
        token = self.issuer.token(APP_ID, self.connector.url)
        async with self.http.post(
            "/api/messages", json=activity, headers={"Authorization": f"Bearer {token}"}
        ) as answer:
            assert answer.status == 200, (answer.status, await answer.text())
            return await answer.json() if answer.content_length else None

    async def _of(self, answer: Any, message: str = "") -> Seen:
        await self.settled()
        await quiet(self.work)
        await self.settled()
        seen = Seen()
        for number, call in enumerate(self.connector.calls[self.looked :], start=self.looked + 1):
            if call.card is not None:
                self._read(seen, call.card, call.message or f"m{number}")
            seen.text.append(str(call.body.get("text", "")))
        self.looked = len(self.connector.calls)
        if answer:
            shown = answer["value"]
            if "message" in shown and "body" not in shown:
                seen.text.append(shown["message"])
            else:
                self._read(seen, shown, message)
        return seen

    def _read(self, seen: Seen, card: Json, message: str) -> None:
        seen.text += _leaves(card)
        inputs = [each for each in _objects(card) if str(each.get("type", "")).startswith("Input.")]
        for each in _objects(card):
            if each.get("type") == "Action.Execute" and isinstance(each.get("data"), dict):
                data = each["data"]
                if inputs and each.get("associatedInputs") != "none":
                    seen.form = {"data": data, "message": message}
                    seen.buttons += list(_choices(inputs, data, message))
                else:
                    found = key(data["action"], data["subject"], data["values"])
                    seen.buttons.append(Drawn(found, data["version"], {"data": data, "message": message}))


def _choices(inputs: list[Json], data: Json, message: str) -> Iterator[Drawn]:
    """A list to choose from: each choice is what pressing "Choose" with it sends."""
    for each in inputs:
        for choice in each.get("choices", []):
            chosen = {"choice": choice["value"]}
            sent = {**data, "input_choice": choice["value"]}
            yield Drawn(
                key(data["action"], data["subject"], chosen), data["version"], {"data": sent, "message": message}
            )


@asynccontextmanager
async def on_teams(work: Work, desk: Desk, commands: list[Command], issuer: TeamsIssuer) -> AsyncIterator[Surface]:
    async with TeamsConnector() as connector:
        store = MemoryConversations()
        platform = TeamsPlatform(
            client_id=APP_ID,
            tenant_ids=(ENTRA,),
            openid_metadata_url=issuer.metadata_url,
            service_url=connector.url,
            service_urls=ServiceUrls(loopback=True),
            bot_token=loopback_token,
            http_timeout_s=10.0,
            press_answered_within_s=60.0,
            desk=desk,
            conversations=store,
            commands=commands,
        )
        site = web.Application()
        platform.routes(site)
        await platform.start()
        address = {"service_url": connector.url, "bot": f"28:{APP_ID}"}
        await store.remember(Place(Platform.TEAMS, ENTRA, TEAMS_CHANNEL), who=None, address=address)
        async with TestClient(TestServer(site)) as http:
            yield TeamsSurface(work, http, issuer, connector, platform, platform.chat)
        await platform.stop()


# The console


@dataclass
class ConsoleSurface:
    work: Work
    address: URL
    sessions: AsyncExitStack
    chat: Chat
    platform: Platform = Platform.WEB
    place: Place = field(default_factory=lambda: Place(Platform.WEB, "console", "harbor-care"))
    visitors: dict[str, Visitor] = field(default_factory=dict)  # each person at their own computer
    watching: str = "vega"

    async def say(self, person: str, words: str) -> Seen:
        visitor, page = await self._at(person)
        return await self._of(await visitor.say(page, words))

    async def press(self, person: str, button: Drawn) -> Seen:
        return await self._send(person, await self._own(person, button), {})

    async def submit(self, person: str, form: object, values: Mapping[str, str]) -> Seen:
        return await self._send(person, form, {f"v.{name}": value for name, value in values.items()})

    async def settled(self) -> None:
        return

    async def seen(self, *people: str) -> Seen:
        await quiet(self.work)
        seen = Seen()
        for person in people:
            visitor, page = await self._at(person)
            self._read(seen, page)
            self._read(seen, await visitor.open("/console/c/direct"))
        return seen

    async def _own(self, person: str, button: Drawn) -> object:
        """The button where this person sees it; else as an old page of theirs would still have it."""
        before = Seen()
        visitor, page = await self._at(person)
        for each in [page, await visitor.open("/console/c/direct")]:
            self._read(before, each)
        old: Any = button.handle
        gone = PostedForm(f"{CHANNEL_PAGE}/press", {n: v for n, v in old.fields.items() if n != "origin"})
        return next((one.handle for one in reversed(before.buttons) if one.key == button.key), gone)

    async def _send(self, person: str, form: Any, entered: Mapping[str, str]) -> Seen:
        """A form as drawn, with what makes it this person's own: a page of somebody else's session is refused."""
        visitor, page = await self._at(person)
        own = next(each.fields["csrf"] for each in page.forms if "csrf" in each.fields)
        return await self._of(await visitor.send(form.action, {**form.fields, **entered, "csrf": own}))

    async def _at(self, person: str) -> tuple[Visitor, Page]:
        if person not in self.visitors:
            jar = aiohttp.CookieJar(unsafe=True)
            session = aiohttp.ClientSession(self.address, cookie_jar=jar)
            browser = await self.sessions.enter_async_context(session)
            self.visitors[person] = Visitor(cast("TestClient[web.Request, web.Application]", browser))  # as much of one
            await self.visitors[person].be(person)
        self.watching = person
        return self.visitors[person], await self.visitors[person].open(CHANNEL_PAGE)

    async def _of(self, page: Page | None) -> Seen:
        await quiet(self.work)
        seen = Seen()
        _, here = await self._at(self.watching)
        for each in [*([page] if page else []), here]:
            assert each.status in {200, 422}, (each.status, each.text)
            self._read(seen, each)
        return seen

    def _read(self, seen: Seen, page: Page) -> None:
        seen.text.append(page.text)
        for form in page.forms:
            fields = form.fields
            if "action" not in fields:
                continue
            asked = {name.removeprefix("v."): value for name, value in fields.items() if name.startswith("v.")}
            choices = [value for name, value in form.buttons.values() if name == "v.choice"] + form.options
            if "sheet" in page.html and fields["action"] in FORMS and not choices:
                seen.form = form
                seen.text += list(fields.values())
                continue
            for chosen in choices or [""]:
                extra = {"choice": chosen} if chosen else {}
                sent = PostedForm(form.action, {**fields, **{f"v.{n}": v for n, v in extra.items()}})
                found = key(fields["action"], fields["subject"], asked | extra)
                seen.buttons.append(Drawn(found, int(fields["version"]), sent))


CHANNEL_PAGE = "/console/c/harbor-care"
FORMS = frozenset(action for action in Action if "save" in action.value)


@asynccontextmanager
async def on_the_console(work: Work, desk: Desk, _: list[Command], __: TeamsIssuer) -> AsyncIterator[Surface]:
    board = StoredBoard(work.office.db, work.office.seal)
    channels = [c.external_id for c in work.office.clinic.channels if c.platform is Platform.WEB]

    async def nothing() -> list[Any]:
        return []

    console = WebConsole(
        desk=desk,
        board=board,
        people=[Persona(s.id, s.name, "") for s in work.office.clinic.staff if s.web],
        channels=[Channel(one, one, "") for one in channels],
        drawings={},
        ehr_writes=nothing,
        audit_tail=nothing,
        secret_key="a planted secret for tests, long enough",
        demo=True,
        now=work.clock,
    )
    site = web.Application(client_max_size=1024 * 1024)
    site.add_routes(console.routes())
    async with TestServer(site) as server, AsyncExitStack() as sessions:
        yield ConsoleSurface(work, server.make_url("/"), sessions, WebChat(board, channels, now=work.clock))


# What a payload lets a person read


def _leaves(drawn: object, name: str = "") -> list[str]:
    match drawn:
        case str() if name not in UNREAD_KEYS:
            text = drawn.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("\\", "")
            return [text]
        case dict():
            button = drawn.get("type") == "button"
            skip = {"value"} if button else set[str]()
            return [leaf for each, value in drawn.items() if each not in skip for leaf in _leaves(value, each)]
        case list():
            return [leaf for value in drawn for leaf in _leaves(value, name)]
        case _:
            return []


def _objects(drawn: object) -> Iterator[Json]:
    match drawn:
        case dict():
            yield drawn
            for name, value in drawn.items():
                if name not in {"data", "fallback"}:
                    yield from _objects(value)
        case list():
            for value in drawn:
                yield from _objects(value)
        case _:
            return
