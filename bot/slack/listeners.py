"""What is answered to each thing that Slack sends, in time whatever the desk does.

Slack waits three seconds. A desk that answers in time is answered for at once; a slower one goes on, and its answer
follows where the person is looking. The dictionaries returned here are the bodies of the acknowledgement; {}
acknowledges without words.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog

from bot.chat import (
    Button,
    CardView,
    ChatRefused,
    ChatUnavailable,
    Desk,
    Detail,
    Form,
    Home,
    Notice,
    Place,
    Press,
    Reply,
    Typed,
    Who,
)
from bot.slack import inbound, limits, render
from bot.slack.answers import TOO_LARGE, Answers, window
from bot.slack.blocks import Json
from bot.slack.errands import Errands, done_within
from bot.slack.inbound import Payload, Spot, Surface
from bot.slack.outsiders import Changed, Noted
from bot.slack.scopes import WAITING_FOR_ME
from bot.slack.wire import Anchor, TooLarge
from skills.kit import Block, Row, Rows, Text, Title, Tone

_log = structlog.get_logger(__name__)

type Allowed = Callable[[Who, Place, bool], Awaitable[str | None]]  # urgent: not knowing is no reason to refuse

FAILED = Notice(
    "Baton could not finish this. Look at the card or at Baton's Home tab to see where it stands, then try again.",
    Tone.STOP,
)
NO_HOME = Home("Baton could not read what is waiting for you. Open this tab again in a minute.", ())
UNKNOWN_COMMAND = Notice("Baton does not know this command. Try /baton help.")
UNKNOWN_BUTTON = Notice("This button is no longer in use. Nothing was changed.")
UNKNOWN_FORM = Notice("This form is no longer in use. Nothing was saved.", Tone.WARNING)
USE_COMMANDS = Notice("This shortcut is no longer in use. Type a command such as /handoff, or open Baton's Home tab.")
NOTHING = "Nothing."
REMEMBERED_EVENTS = 1000


@dataclass(frozen=True, slots=True)
class Patience:
    ack_s: float = 2.2  # Slack shows an error after 3 s
    modal_s: float = 1.2  # a trigger opens a modal for 3 s, and opening takes a call
    desk_s: float = 30.0  # then the person is told to look again


async def anyone(who: Who, place: Place, urgent: bool) -> str | None:  # noqa: FBT001 - `Allowed`
    """The default for `allowed`: what the payload says is all that is checked here."""
    return None


async def unheard(who: Who, place: Place, rule: str) -> None:
    """The default for `noted`."""


@dataclass(frozen=True, slots=True)
class Circle:
    """Who belongs here. `teams`: further workspaces of ours; `noted` records a refusal; `changed` looks again."""

    allowed: Allowed = anyone
    noted: Noted = unheard
    teams: frozenset[str] = frozenset()
    changed: Changed | None = None
    closed: Callable[[Payload], Coroutine[Any, Any, None]] | None = None  # tokens revoked, or uninstalled
    urgent: Callable[[Typed | Press], bool] = lambda _: False


class Listeners:
    def __init__(self, desk: Desk, answers: Answers, *, circle: Circle, patience: Patience) -> None:
        self._desk = desk
        self._answers = answers
        self._circle = circle
        self._patience = patience
        self._events: dict[str, None] = {}  # keys of answered events, oldest first
        self.errands = Errands()

    # What people type

    async def command(self, body: Payload) -> Json:
        if inbound.by_bot(body):
            return {}
        words = inbound.command(body)
        asked = self.errands.start(self._typed(body, words))
        if await done_within(asked, self._patience.ack_s):
            return await self._answered(asked.result(), words, inbound.text_at(body, "trigger_id"))
        self.errands.start(_logged(self._whispered(asked, words)))
        return render.ephemeral(render.WORKING)

    async def said(self, body: Payload) -> Json:
        """A mention or a direct message. Slack delivers events again: the desk knows, and nobody is told twice."""
        if not inbound.listened_to(body):
            return {}
        words = inbound.said(body)
        if self._first_time(words.key):
            asked = self.errands.start(self._typed(body, words))
            await self._in_time(self._whispered(asked, words))
        return {}

    async def opened_home(self, body: Payload) -> Json:
        if not inbound.by_bot(body) and inbound.text_at(body, "event", "tab") == "home":
            await self._in_time(self._home(body, inbound.asker(body)))
        return {}

    async def shortcut(self, body: Payload) -> Json:
        """The person's own page in a window, wherever they are in Slack."""
        trigger = inbound.text_at(body, "trigger_id")
        if trigger and not inbound.by_bot(body):
            await self._in_time(self._own_page(body, inbound.asker(body), trigger))
        return {}

    # What people press and send

    async def pressed(self, body: Payload) -> Json:
        if not inbound.by_bot(body):
            spot = inbound.spot(body)
            press, opens = inbound.pressed(body, spot)
            await self._in_time(self._acted(body, press, spot, opens=opens))
        return {}

    async def submitted(self, body: Payload) -> Json:
        if inbound.by_bot(body):
            return {}
        spot = inbound.spot(body)
        asked = self.errands.start(self._pressed(body, inbound.submitted(body, spot)))
        if await done_within(asked, self._patience.ack_s):
            return self._settled(asked.result(), spot)
        self.errands.start(_logged(self._settled_late(asked, spot)))
        return {"response_action": "update", "view": window(render.WORKING, spot.anchor)}

    # What nobody should send, answered all the same

    async def unknown_command(self, body: Payload) -> Json:
        return render.ephemeral(UNKNOWN_COMMAND)

    async def unknown_button(self, body: Payload) -> Json:
        if url := inbound.text_at(body, "response_url"):
            await self._in_time(self._answers.correct(url, UNKNOWN_BUTTON))
        return {}

    async def unknown_form(self, body: Payload) -> Json:
        return {"response_action": "update", "view": window(UNKNOWN_FORM, Anchor())}

    async def options(self, body: Payload) -> Json:
        return {"options": []}

    async def nothing_to_do(self, body: Payload) -> Json:
        return {}

    # Who can read along may have changed

    async def circle_changed(self, body: Payload) -> Json:
        tenant, event = inbound.tenant(body), body.get("event")
        if tenant and isinstance(event, Mapping) and self._circle.changed is not None:
            await self._in_time(self._circle.changed(tenant, event))
        return {}

    async def closed(self, body: Payload) -> Json:
        """The tokens of this tenant are gone."""
        if self._circle.closed is not None:
            await self._in_time(self._circle.closed(body))
        return {}

    # Asking the desk: whatever happens there, the person gets words

    async def _typed(self, body: Payload, words: Typed) -> Reply:
        return await self._asked(body, words, lambda: self._desk.typed(words))

    async def _pressed(self, body: Payload, press: Press) -> Reply:
        return await self._asked(body, press, lambda: self._desk.press(press))

    async def _asked(self, body: Payload, doing: Typed | Press, ask: Callable[[], Awaitable[Reply]]) -> Reply:
        try:
            async with asyncio.timeout(self._patience.desk_s):
                urgent = self._circle.urgent(doing)
                refused = await self._refusal(body, doing.who, doing.place, urgent=urgent)
                return Notice(refused, Tone.STOP) if refused else await ask()
        except Exception as error:  # noqa: BLE001  the last stop before the person: they are told, the log gets the name
            _log.error("slack.desk_failed", error=type(error).__name__)
            return FAILED

    async def _refusal(self, body: Payload, who: Who, place: Place, *, urgent: bool = False) -> str | None:
        if sentence := inbound.refusal(body, self._circle.teams):
            await self._circle.noted(who, place, inbound.RULES[sentence])
            return sentence
        return await self._circle.allowed(who, place, urgent)

    # Passing the answer on

    async def _answered(self, reply: Reply, words: Typed, trigger: str) -> Json:
        if isinstance(reply, Form | Detail):
            await self._in_time(self._answers.open(reply, words.who, trigger, Anchor(words.place.conversation)))
            return {}
        try:
            return render.ephemeral(reply)
        except TooLarge:
            return render.ephemeral(TOO_LARGE)

    async def _whispered(self, asked: asyncio.Task[Reply], words: Typed) -> None:
        await self._answers.whisper(await asked, words.who, words.place)

    async def _acted(self, body: Payload, press: Press, spot: Spot, *, opens: bool) -> None:
        at_home = spot.surface is Surface.HOME
        asked = self.errands.start(self._pressed(body, press))
        if opens and spot.surface is not Surface.MODAL and not await done_within(asked, self._patience.modal_s):
            spot = await self._waiting(spot)
        await self._answers.show(await asked, spot)
        if at_home:
            await self._home(body, spot.who)

    async def _waiting(self, spot: Spot) -> Spot:
        """A window that says so, opened while the trigger still lives; the answer will appear in it."""
        try:
            view_id = await self._answers.open(render.WORKING, spot.who, spot.trigger, spot.anchor)
        except (ChatUnavailable, ChatRefused):
            return spot
        return replace(spot, surface=Surface.MODAL, trigger="", view_id=view_id)

    def _settled(self, reply: Reply, spot: Spot) -> Json:
        """The card shows what a form did; where there is no card to show it, the window does."""
        if isinstance(reply, CardView) and spot.origin is not None:
            self.errands.start(_logged(self._answers.redraw(reply, spot)))
            return {"response_action": "clear"}
        return {"response_action": "update", "view": window(reply, spot.anchor)}

    async def _settled_late(self, asked: asyncio.Task[Reply], spot: Spot) -> None:
        await self._answers.finish(await asked, spot)

    async def _home(self, body: Payload, who: Who) -> None:
        await self._answers.publish(who, await self._page(body, who))

    async def _own_page(self, body: Payload, who: Who, trigger: str) -> None:
        known = inbound.text_at(body, "callback_id") == WAITING_FOR_ME
        page = in_window(await self._page(body, who)) if known else USE_COMMANDS
        await self._answers.open(page, who, trigger, Anchor())

    async def _page(self, body: Payload, who: Who) -> Home:
        try:
            refused = await self._refusal(body, who, inbound.own_place(who))
            return Home(refused, ()) if refused else await self._desk.home(who)
        except Exception as error:  # noqa: BLE001  as in _asked
            _log.error("slack.home_failed", error=type(error).__name__)
            return NO_HOME

    async def _in_time(self, work: Coroutine[Any, Any, object]) -> None:
        """Wait for it as long as Slack waits for us; after that it goes on by itself."""
        await done_within(self.errands.start(_logged(work)), self._patience.ack_s)

    def _first_time(self, key: str) -> bool:
        if key in self._events:
            return False
        self._events[key] = None
        if len(self._events) > REMEMBERED_EVENTS:
            del self._events[next(iter(self._events))]
        return True


def in_window(page: Home) -> Detail:
    """The Home tab as a window: what can be opened has its button at the end."""
    blocks: list[Block] = [Text(page.greeting)]
    buttons: list[Button] = []
    for title, lines in page.sections:
        blocks += [
            Title(title),
            Rows(tuple(Row(line.label, line.status) for line in lines)) if lines else Text(NOTHING),
        ]
        buttons += [replace(line.button, label=limits.short(line.label, 24)) for line in lines if line.button]
    return Detail("What waits for me", tuple(blocks), tuple(buttons))


async def _logged(work: Coroutine[Any, Any, object]) -> None:
    """An errand has nobody above it: its failure is logged by name, because its text may quote a chart."""
    try:
        await work
    except Exception as error:  # noqa: BLE001  as the docstring says
        _log.error("slack.answer_not_shown", error=type(error).__name__)
