"""The console: each person at their own computer; pages read back, forms sent as a browser sends them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from bot.chat import Action, Chat, Desk, Platform
from bot.store.board import StoredBoard
from bot.web.app import WebConsole
from bot.web.clinic import Channel, Persona
from bot.web.outbound import WebChat
from skills.kit import Command
from tests.fakes.console import SECRET
from tests.fakes.office import Work
from tests.fakes.teams_issuer import TeamsIssuer
from tests.fakes.visitor import Page, PostedForm, Visitor
from tests.parity.surface import Seen, Surface, quiet
from tests.parity.views import Drawn, key

CHANNEL_PAGE, OWN_PAGE = "/console/c/harbor-care", "/console/c/direct"
FORMS = frozenset(action for action in Action if "save" in action.value)


@dataclass
class ConsoleSurface:
    work: Work
    address: URL
    sessions: AsyncExitStack
    chat: Chat
    platform: Platform = Platform.WEB
    visitors: dict[str, Visitor] = field(default_factory=dict)  # each person at their own computer
    watching: str = "vega"

    async def say(self, person: str, words: str) -> Seen:
        visitor, page = await self._at(person)
        return await self._of(await visitor.say(page, words))

    async def press(self, person: str, button: Drawn) -> Seen:
        return await self._send(person, await self._own(person, button), {})

    async def submit(self, person: str, form: object, values: Mapping[str, str]) -> Seen:
        return await self._send(person, form, {f"v.{name}": value for name, value in values.items()})

    async def seen(self, *people: str) -> Seen:
        await quiet(self.work)
        seen = Seen()
        for person in people:
            visitor, page = await self._at(person)
            self._read(seen, page)
            self._read(seen, await visitor.open(OWN_PAGE))
        return seen

    async def _own(self, person: str, button: Drawn) -> object:
        """The button where this person sees it; else as an old page of theirs would still have it."""
        before = Seen()
        visitor, page = await self._at(person)
        for each in [page, await visitor.open(OWN_PAGE)]:
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
                sent = PostedForm(form.action, {**fields, **({"v.choice": chosen} if chosen else {})})
                found = key(fields["action"], fields["subject"], asked | ({"choice": chosen} if chosen else {}))
                seen.buttons.append(Drawn(found, int(fields["version"]), sent))


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
        secret_key=SECRET,
        demo=True,
        now=work.clock,
    )
    site = web.Application(client_max_size=1024 * 1024)
    site.add_routes(console.routes())
    async with TestServer(site) as server, AsyncExitStack() as sessions:
        yield ConsoleSurface(work, server.make_url("/"), sessions, WebChat(board, channels, now=work.clock))
