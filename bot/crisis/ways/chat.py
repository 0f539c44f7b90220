"""Pages by chat: a direct message on the first platform that takes it, and a post in the team's channel."""

from collections.abc import Callable, Mapping
from contextlib import suppress

from bot.chat import Chat, ChatRefused, ChatUnavailable, Notice, Place, Platform, Postable, Who
from bot.crisis.policy import WayName
from bot.crisis.ways.port import Delivery, Page, Unavailable, Undelivered
from skills.kit import Tone

type Draw = Callable[[Page], Postable]


def plain(page: Page) -> Notice:
    return Notice(page.text, Tone.STOP)


class ChatWay:
    """A direct message. A platform that does not answer is passed over for the next one the person is known on."""

    name = WayName.CHAT

    def __init__(self, chats: Mapping[Platform, Chat], *, draw: Draw = plain) -> None:
        self._chats, self._draw = chats, draw

    async def page(self, page: Page, *, key: str) -> Delivery:
        known = [who for who in page.to.identities() if who.platform in self._chats] if page.to else []
        waits: list[float] = []
        if page.attempt > 1 and (found := await self._gone_out(known, key)):
            return found
        for who in known:
            try:
                return await _posted(self._chats[who.platform], await self._personal(who), self._draw(page), key)
            except ChatUnavailable as error:
                if error.sent:
                    raise Unavailable("chat_outcome_unknown", retry_after_s=error.retry_after_s) from error
                waits.append(error.retry_after_s or 0)
            except ChatRefused:
                continue
        if waits:
            raise Unavailable("chat_unavailable", retry_after_s=min(waits) or None)
        raise Undelivered("chat_refused" if known else "no_chat")

    async def _personal(self, who: Who) -> Place:
        return await self._chats[who.platform].personal(who)

    async def _gone_out(self, known: list[Who], key: str) -> Delivery | None:
        for who in known:
            with suppress(ChatUnavailable, ChatRefused):
                if ref := await self._chats[who.platform].find(await self._personal(who), key=key):
                    return Delivery(ref.message, ref, repeated=True)
        return None


class ChannelWay:
    """A post in a channel. It informs; nobody counts as reached by it."""

    name = WayName.CHANNEL

    def __init__(self, chats: Mapping[Platform, Chat], *, draw: Draw = plain) -> None:
        self._chats, self._draw = chats, draw

    async def page(self, page: Page, *, key: str) -> Delivery:
        chat = self._chats.get(page.place.platform) if page.place else None
        if chat is None or page.place is None:
            raise Undelivered("no_channel")
        if page.attempt > 1 and (ref := await chat.find(page.place, key=key)):
            return Delivery(ref.message, ref, repeated=True)
        try:
            if await chat.refuses(page.place):
                raise Undelivered("outsiders_read_along")
            return await _posted(chat, page.place, self._draw(page), key)
        except ChatUnavailable as error:
            raise Unavailable("chat_unavailable", retry_after_s=error.retry_after_s) from error
        except ChatRefused as error:
            raise Undelivered("chat_refused") from error


async def _posted(chat: Chat, place: Place, view: Postable, key: str) -> Delivery:
    ref = await chat.post(view, place, key=key)
    return Delivery(ref.message, ref)
