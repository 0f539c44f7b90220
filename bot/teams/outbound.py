"""Speaks in Teams: the `Chat` port over stored conversations.

Sends to one conversation go one after the other, because parallel ones are refused with 412. A card is announced by
its notice, a text of its own: a phone shows that text on its lock screen, and Teams splits a message that has both.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from weakref import WeakValueDictionary

from bot.chat import (
    CardRef,
    CardView,
    ChatRefused,
    Conversations,
    Detail,
    Form,
    Home,
    Notice,
    Place,
    Platform,
    Postable,
    Who,
)
from bot.teams import render
from bot.teams.connector import Connector, MessageGone
from bot.teams.elements import Json
from bot.teams.inbound import THREAD, conversation_id
from bot.teams.service_urls import ServiceUrls

REMEMBERED_KEYS = 2000

type Message = Mapping[str, Any]
type View = Postable | Detail | Form | Home


class TeamsChat:
    platform = Platform.TEAMS

    def __init__(
        self, connector: Connector, conversations: Conversations, urls: ServiceUrls, *, bot: str, service_url: str
    ) -> None:
        self._connector = connector
        self._conversations = conversations
        self._urls = urls
        self._bot = bot
        self._service_url = service_url  # where a conversation is opened before its tenant was ever heard from
        self._heard_from: dict[str, str] = {}
        self._posted: OrderedDict[str, CardRef] = OrderedDict()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def heard_from(self, tenant: str, service_url: str) -> None:
        """A tenant's own region, from an authenticated activity: where new conversations are opened."""
        self._heard_from[tenant] = service_url

    async def refuses(self, place: Place) -> str | None:
        """Whom a channel is open to is Teams' own affair: the tenant list decides who is answered."""
        return None

    async def post(self, view: Postable, to: Place, *, key: str) -> CardRef:
        """A key that this process has posted already is not posted again; the first reference is returned."""
        return await self.say(view, to, key=key)

    async def find(self, place: Place, *, key: str) -> CardRef | None:
        """Teams lets a bot read no conversation back."""
        return None

    async def say(self, view: View, to: Place, *, key: str) -> CardRef:
        """`post` for what only one person may see as well; the caller has made sure that `to` is personal."""
        messages = _messages(view, key)
        async with self._turn(to):
            refs = [await self._once(f"{key}/{n}", message, to) for n, message in enumerate(messages)]
        return refs[-1]

    async def replace(self, ref: CardRef, view: CardView | Notice) -> CardRef:
        """A put of a good card sometimes gets 404: then the card is posted anew."""
        place, message = _place(ref), card_message(render.draw(view)[0], summary=_notice(view))
        async with self._turn(place):
            if not ref.message:
                return await self._send(message, place)
            try:
                async with self._reach(place) as address:
                    await self._connector.update(address["service_url"], ref.conversation, ref.message, message)
            except MessageGone:
                return await self._send(message, place)
        return ref

    async def whisper(self, view: Postable, to: Who, at: Place) -> None:
        """One-to-one: Teams has no message that only one person of a channel sees."""
        await self.tell(view, at if at.personal else await self.personal(to))

    async def tell(self, view: View, to: Place) -> None:
        """Say it, whether or not it was said before."""
        async with self._turn(to):
            for message in _messages(view, ""):
                await self._send(message, to)

    async def personal(self, who: Who) -> Place:
        known = await self._conversations.personal(who)
        if known is not None:
            return known
        url = self._heard_from.get(who.tenant, self._service_url)
        conversation = await self._connector.create(url, bot=self._bot, user=who.user, tenant=who.tenant)
        place = Place(Platform.TEAMS, who.tenant, conversation, personal=True)
        await self._conversations.remember(place, who=who, address={"service_url": url, "bot": self._bot})
        return place

    async def _once(self, key: str, message: Message, to: Place) -> CardRef:
        if key in self._posted:
            return self._posted[key]
        ref = self._posted[key] = await self._send(message, to)
        while len(self._posted) > REMEMBERED_KEYS:
            self._posted.popitem(last=False)
        return ref

    async def _send(self, message: Message, to: Place) -> CardRef:
        conversation = conversation_id(to)
        async with self._reach(to) as address:
            sent = await self._connector.send(address["service_url"], conversation, message)
        return CardRef(Platform.TEAMS, to.tenant, conversation, sent)

    @asynccontextmanager
    async def _reach(self, place: Place) -> AsyncIterator[Mapping[str, str]]:
        """The address of a living conversation; one that Teams declares dead meanwhile is buried."""
        root = replace(place, thread=None)
        address = await self._conversations.address(root)
        if address is None:
            raise ChatRefused("The bot has no way into this conversation: it is not installed there.", dead=True)
        if not self._urls.allows(address["service_url"]):
            raise ChatRefused("The stored service URL is not one of Microsoft's.")
        try:
            yield address
        except ChatRefused as refused:
            if refused.dead:
                await self._conversations.bury(root)
            raise

    @asynccontextmanager
    async def _turn(self, place: Place) -> AsyncIterator[None]:
        lock = self._turns.setdefault(place.conversation, asyncio.Lock())
        async with lock:
            yield


def _messages(view: View, key: str) -> Sequence[Message]:
    """What is sent, in order; the last one is the message to update later."""
    if isinstance(view, Notice) and not view.buttons:
        return [text_message(view.text, key)]
    cards = [card_message(card, summary=_notice(view), key=key) for card in render.draw(view)]
    return [text_message(view.card.notice, key), *cards] if isinstance(view, CardView) else cards


def text_message(text: str, key: str = "") -> dict[str, Any]:
    return {"type": "message", "text": text, "textFormat": "plain", **_metadata(key)}


def card_message(card: Json, *, summary: str, key: str = "") -> dict[str, Any]:
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "summary": summary, "attachments": [attachment], **_metadata(key)}


def _metadata(key: str) -> dict[str, Any]:
    return {"channelData": {"batonKey": key}} if key else {}


def _notice(view: View) -> str:
    """What a lock screen may show."""
    match view:
        case CardView(card=card):
            return card.notice
        case Notice(text=text):
            return text
        case _:
            return "Baton"


def _place(ref: CardRef) -> Place:
    conversation, _, thread = ref.conversation.partition(THREAD)
    return Place(Platform.TEAMS, ref.tenant, conversation, thread=thread or None)
