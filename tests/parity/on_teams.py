"""Teams: activities with its token; Adaptive Cards read back, from the answers to clicks and from the connector."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from bot.chat import Chat, Desk, Place, Platform
from skills.kit import Command
from tests.fakes.office import Work
from tests.fakes.teams_bot import APP_ID, TeamsBot, running_bot
from tests.fakes.teams_connector import TeamsConnector
from tests.fakes.teams_issuer import TeamsIssuer
from tests.parity.surface import Json, Seen, Surface, quiet
from tests.parity.views import Drawn, key

TENANT = "5a9d0000-0000-4000-8000-000000000001"
CHANNEL = "19:harbor0000000000000000000000000@thread.tacv2"
UNREAD = frozenset({"type", "id", "version", "$schema", "url", "verb", "style", "data", "fallback"})


@dataclass
class TeamsSurface:
    work: Work
    bot: TeamsBot
    connector: TeamsConnector
    chat: Chat
    platform: Platform = Platform.TEAMS
    looked: int = 0
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def say(self, person: str, words: str) -> Seen:
        return await self._of(await self._hear(person, self.bot.typed(words, personal=False)))

    async def press(self, person: str, button: Drawn) -> Seen:
        handle: Any = button.handle
        return await self._execute(person, handle["data"], handle["message"])

    async def submit(self, person: str, form: object, values: Mapping[str, str]) -> Seen:
        handle: Any = form
        entered = {f"input_{name}": value for name, value in values.items()}
        return await self._execute(person, {**handle["data"], **entered}, handle["message"])

    async def seen(self, *people: str) -> Seen:
        return await self._of(None)

    async def _execute(self, person: str, data: Json, message: str) -> Seen:
        activity = self.bot.execute(data, personal=False) | {"replyToId": message}
        return await self._of(await self._hear(person, activity), message)

    async def _hear(self, person: str, activity: Json) -> Any:
        user = self.work.who(person, Platform.TEAMS).user
        whose = {
            "id": f"17000000{next(self.numbers):05d}",
            "from": {"id": f"29:{user}", "name": "Somebody", "aadObjectId": user},
            "conversation": {"tenantId": TENANT, "id": CHANNEL, "conversationType": "channel", "isGroup": True},
            "channelData": {"tenant": {"id": TENANT}},
        }
        answered = await self.bot.hear(activity | whose)
        assert answered.status == 200, answered
        return answered.body

    async def _of(self, answer: Any, message: str = "") -> Seen:
        await self.bot.platform.settle()
        await quiet(self.work)
        await self.bot.platform.settle()
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
        seen.text += _texts(card)
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
    patient = {"http_timeout_s": 10.0, "press_answered_within_s": 60.0}
    async with (
        TeamsConnector() as connector,
        running_bot(issuer, connector, desk, tenant_ids=(TENANT,), commands=commands, **patient) as bot,
    ):
        address = {"service_url": connector.url, "bot": f"28:{APP_ID}"}
        await bot.store.remember(Place(Platform.TEAMS, TENANT, CHANNEL), who=None, address=address)
        yield TeamsSurface(work, bot, connector, bot.platform.chat)


def _texts(drawn: object, name: str = "") -> list[str]:
    """What a person can read of a card."""
    match drawn:
        case str() if name not in UNREAD:
            return [drawn.replace("\\", "")]
        case dict():
            return [text for each, value in drawn.items() for text in _texts(value, each)]
        case list():
            return [text for value in drawn for text in _texts(value, name)]
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
