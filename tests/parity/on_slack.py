"""Slack: commands, clicks and forms as it signs them; Block Kit read back."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from bot.chat import Chat, Desk, Platform
from bot.settings import SlackSettings
from bot.slack import wire
from bot.slack.opening import slack_of
from skills.kit import Command
from tests.bot.slack.slack_side import BOT, SECRET, SlackSide, click_body, in_modal, submit_body
from tests.fakes.block_kit import texts
from tests.fakes.office import SLACK_HARBOR, Work
from tests.fakes.slack_api import FakeSlack, slack_api
from tests.fakes.teams_issuer import TeamsIssuer
from tests.parity.surface import Json, Seen, Surface, quiet
from tests.parity.views import Drawn, key

TENANT, CHANNEL = SLACK_HARBOR.tenant, SLACK_HARBOR.conversation


@dataclass
class SlackSurface:
    work: Work
    fake: FakeSlack
    side: SlackSide
    chat: Chat
    finished: Callable[[], Any]
    platform: Platform = Platform.SLACK
    looked: int = 0
    answered: int = 0

    async def say(self, person: str, words: str) -> Seen:
        name, _, rest = words.removeprefix("/").partition(" ")
        who = {"team_id": TENANT, "user_id": self._user(person), "channel_id": CHANNEL}
        return await self._of(await self.side.types(f"/{name}", rest, **who))

    async def press(self, person: str, button: Drawn) -> Seen:
        handle: Any = button.handle
        body = click_body(handle["action"], self.fake.response_url)
        return await self._of(await self.side.interaction({**body, **self._whose(person), **handle["where"]}))

    async def submit(self, person: str, form: object, values: Mapping[str, str]) -> Seen:
        view: Any = form
        inputs = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
        body = submit_body(view, {block_id: _entered(block_id, values) for block_id in inputs})
        return await self._of(await self.side.interaction({**body, **self._whose(person)}))

    async def seen(self, *people: str) -> Seen:
        return await self._of({})

    async def _of(self, answer: Json) -> Seen:
        await self.finished()
        await quiet(self.work)
        await self.finished()
        seen = Seen()
        hidden = _where(CHANNEL, "1.1", hidden=True)
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
        return _where(sent["channel"], ts)

    def _modal(self, seen: Seen, view: Json) -> None:
        self._read(seen, view, in_modal(view))
        if view.get("submit"):
            seen.form = view

    def _read(self, seen: Seen, drawn: Json, where: Json) -> None:
        seen.text += [_plain(text) for text in texts(drawn)]
        for block in drawn.get("blocks", []):
            for each in [*block.get("elements", []), *([block["accessory"]] if "accessory" in block else [])]:
                seen.buttons += list(_buttons(each, block.get("block_id", ""), where))

    def _user(self, person: str) -> str:
        return self.work.who(person, Platform.SLACK).user

    def _whose(self, person: str) -> Json:
        return {"team": {"id": TENANT}, "user": {"id": self._user(person), "team_id": TENANT}}


def _where(channel: str, ts: str, *, hidden: bool = False) -> Json:
    """Where a click on a message says that it was made."""
    at = {"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": hidden}
    return {"container": at, "channel": {"id": channel}, "message": {"user": BOT, "ts": ts}}


def _plain(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _entered(block_id: str, values: Mapping[str, str]) -> str | None:
    """A long text stands in several inputs, as it was cut when the form was drawn; what is too much goes into the last."""
    _, _, number, of, _, name = json.loads(block_id)
    parts = wire.parts(values.get(name, ""))
    own = parts[number - 1 :] if number == of else parts[number - 1 : number]
    return "\n".join(part.text for part in own) or None


def _buttons(each: Json, block_id: str, where: Json) -> Iterator[Drawn]:
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
        fake.team = TENANT
        settings = SlackSettings(signing_secret=SecretStr(SECRET), bot_token=SecretStr("xoxb-1"), api_url=fake.api_url)
        slack = slack_of(settings, work.office, desk, commands=[one.name for one in commands], public_url="")
        site = web.Application()
        slack.routes(site)
        async with slack, TestClient(TestServer(site)) as http:
            finished = partial(slack._listeners.errands.finished, within_s=30)
            yield SlackSurface(work, fake, SlackSide(http, now=work.clock), slack.chat, finished)
