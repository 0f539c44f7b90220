"""Receives authenticated activities: hands them to the desk and brings its answer to the right eyes.

A channel gets cards and notices. A form, a detail, a picker or a home page goes to the person who asked: into the
answer to their click, which nobody else sees, or into their one-to-one conversation with the bot.
"""

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.chat import (
    Action,
    CardView,
    ChatRefused,
    Conversations,
    Desk,
    Detail,
    Form,
    Home,
    Notice,
    Picker,
    Place,
    Press,
    Reply,
    Typed,
    Who,
)
from bot.teams import inbound, render, words
from bot.teams.answers import NOT_OFFERED, TAKEN, Answer, decline, show
from bot.teams.errands import Errands
from bot.teams.outbound import TeamsChat
from skills.kit import Command

PRESS_ANSWERED_WITHIN_S = 4.0  # Teams gives up after 10 to 15 s and asks for 5

log = logging.getLogger(__name__)


class Reception:
    def __init__(
        self,
        desk: Desk,
        chat: TeamsChat,
        conversations: Conversations,
        errands: Errands,
        commands: Sequence[Command],
        *,
        patience_s: float = PRESS_ANSWERED_WITHIN_S,
    ) -> None:
        self._desk = desk
        self._chat = chat
        self._conversations = conversations
        self._errands = errands
        self._commands = commands
        self._patience_s = patience_s

    async def receive(self, activity: Mapping[str, Any]) -> Answer:
        """Never raises: what goes wrong here is said to the person and logged by its kind."""
        heard, origin = inbound.read(activity), inbound.origin(activity)
        try:
            return await self._invoked(heard, origin) or await self._took(heard, origin)
        except Exception as problem:  # noqa: BLE001  # a traceback of the SDK would print the activity
            log.error("teams activity failed: %s", type(problem).__name__)  # noqa: TRY400  # as above
        match heard:
            case inbound.Pressed(in_place=True) | inbound.Refreshed():
                return decline(500, "ServiceError", words.WENT_WRONG)
            case Typed() | inbound.Pressed():
                self._tell(Notice(words.WENT_WRONG), origin.place)
        return TAKEN

    async def _invoked(self, heard: inbound.Heard, origin: inbound.Origin) -> Answer | None:
        """The answer that a client waits for; None when it does not wait."""
        match heard:
            case inbound.Pressed(press=press, in_place=True):
                await self._remember(origin)
                return await self._pressed(press)
            case inbound.Refreshed(press=press):
                return await self._refreshed(press)
            case inbound.Unreadable(in_place=True):
                return decline(400, "BadRequest", words.UNKNOWN_BUTTON)
            case inbound.NotOffered():
                return NOT_OFFERED
        return None

    async def _took(self, heard: inbound.Heard, origin: inbound.Origin) -> Answer:
        match heard:
            case Typed():
                await self._remember(origin)
                await self._typed(heard)
            case inbound.Pressed(press=press):
                await self._remember(origin)
                self._errands.run("press", self._submitted(press))
            case inbound.Unreadable():
                await self._remember(origin)
                self._tell(Notice(words.UNKNOWN_BUTTON), origin.place)
            case inbound.Installed(greet=greet):
                await self._remember(origin)
                if greet:
                    self._tell(Notice(words.greeting(self._commands)), origin.place)
            case inbound.Uninstalled():
                await self._conversations.bury(replace(origin.place, thread=None))
        return TAKEN

    async def _remember(self, origin: inbound.Origin) -> None:
        """Before anything is said: it is how we can say anything at all."""
        self._chat.heard_from(origin.who.tenant, origin.address["service_url"])
        who = origin.who if origin.place.personal else None
        await self._conversations.remember(replace(origin.place, thread=None), who=who, address=origin.address)

    async def _typed(self, typed: Typed) -> None:
        """The desk keeps the request before Teams gets its answer; the reply follows."""
        reply: Reply | Home
        match typed.text.lower():
            case "" | "help":
                reply = Notice(words.greeting(self._commands))
            case "home":
                reply = await self._desk.home(typed.who)
            case _:
                reply = await self._desk.typed(typed)
        self._errands.run("reply", self._say(reply, typed.who, typed.place, f"typed:{typed.key}"))

    async def _pressed(self, press: Press) -> Answer:
        """A card in time: the desk's, or one that says that it is still at work."""
        work = asyncio.ensure_future(self._desk.press(press))
        done, _ = await asyncio.wait({work}, timeout=self._patience_s)
        if not done:
            self._errands.run("late answer", self._late(work, press))
            return show(render.answer(Notice(words.STILL_WORKING), press))
        reply = work.result()
        if isinstance(reply, Picker) and len(render.draw(reply)) > 1:
            self._errands.run("picker", self._say(reply, press.who, press.place, _key(press)))
            reply = Notice(words.ANSWERED_PRIVATELY)
        decided = isinstance(reply, CardView) and press.action is not Action.SHOW
        if decided or press.action is Action.PICK:  # an update closes the forms that others have open in its place
            self._errands.run("redraw", self._redraw(press, reply))
        return show(render.answer(reply, press))

    async def _refreshed(self, press: Press) -> Answer:
        """Whatever the button means, a redraw only asks to see the card."""
        shown = await self._desk.press(replace(press, action=Action.SHOW, values={}))
        return show(render.answer(shown, press))

    async def _submitted(self, press: Press) -> None:
        """From a client that can only submit: there is no answer to show a card in."""
        await self._late(self._desk.press(press), press)

    async def _late(self, work: Awaitable[Reply], press: Press) -> None:
        try:
            reply = await work
        except Exception:
            await self._chat.tell(Notice(words.WENT_WRONG), press.place)
            raise
        await self._arrive(reply, press)

    async def _arrive(self, reply: Reply, press: Press) -> None:
        if isinstance(reply, CardView) and press.origin is not None:
            await self._redraw(press, reply)
        else:
            await self._say(reply, press.who, press.place, _key(press))

    async def _redraw(self, press: Press, reply: Reply) -> None:
        """The answer to a click is seen by one person; everybody else sees the message itself."""
        if press.origin is not None and isinstance(reply, CardView | Notice):
            await self._chat.replace(press.origin, reply)

    async def _say(self, reply: Reply | Home, who: Who, place: Place, key: str) -> None:
        private = isinstance(reply, Form | Detail | Picker | Home)
        if not private or place.personal:
            await self._chat.say(reply, place, key=key)
            return
        try:
            await self._chat.say(reply, await self._chat.personal(who), key=key)
        except ChatRefused:
            await self._chat.say(Notice(words.CANNOT_ANSWER_PRIVATELY), place, key=f"{key}:told")
            raise
        await self._chat.say(Notice(words.ANSWERED_PRIVATELY), place, key=f"{key}:told")

    def _tell(self, notice: Notice, place: Place) -> None:
        self._errands.run("notice", self._chat.tell(notice, place))


def _key(press: Press) -> str:
    message = press.origin.message if press.origin else ""
    return f"press:{press.place.conversation}|{message}|{press.action}|{press.subject}|{press.version}"
