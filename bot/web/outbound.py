"""The console as a chat to speak on: a post is a row on the board, and every open page draws it from there."""

import secrets
from collections.abc import Callable, Collection
from datetime import UTC, datetime

from bot.chat import CardRef, CardView, ChatRefused, Notice, Picker, Place, Platform, Postable, Who
from bot.web.board import Board, Message

TENANT = "console"


def direct(tenant: str, user: str) -> Place:
    """The one-to-one conversation between Baton and one person."""
    return Place(Platform.WEB, tenant, f"direct.{user}", personal=True)


def _now() -> datetime:
    return datetime.now(UTC)


class WebChat:
    """Implements bot.chat.Chat. `channels`: ids of the channels there are; posting elsewhere is refused, not lost."""

    platform = Platform.WEB

    def __init__(
        self, board: Board, channels: Collection[str], *, tenant: str = TENANT, now: Callable[[], datetime] = _now
    ) -> None:
        self._board, self._channels, self._tenant, self._now = board, frozenset(channels), tenant, now

    async def refuses(self, place: Place) -> str | None:
        """The console is open to the clinic's own staff only."""
        return None

    async def post(self, view: Postable, to: Place, *, key: str) -> CardRef:
        self._check(to)
        if isinstance(view, Picker) and not to.personal:
            raise ChatRefused("A list to choose from is for one person and is not posted to a channel.")
        return _ref(await self._board.add(self._message(view, to, key=key)))

    async def find(self, place: Place, *, key: str) -> CardRef | None:
        """Not needed: a second post with the same key stores nothing and returns the first."""
        return None

    async def replace(self, ref: CardRef, view: CardView | Notice) -> CardRef:
        done = await self._board.replace(ref.message, view, self._now())
        if done is None:
            raise ChatRefused("The message to redraw is no longer on the console.")
        return _ref(done)

    async def whisper(self, view: Postable, to: Who, at: Place) -> None:
        """Beside the conversation when it is one of ours, else one-to-one."""
        here = at.platform is Platform.WEB and at.tenant == self._tenant and (at.conversation in self._channels)
        place = at if here else direct(self._tenant, to.user)
        await self._board.add(self._message(view, place, key=f"whisper.{secrets.token_hex(16)}", only=to.user))

    async def personal(self, who: Who) -> Place:
        return direct(self._tenant, who.user)

    def _check(self, to: Place) -> None:
        if to.platform is not Platform.WEB or to.tenant != self._tenant:
            raise ChatRefused("This conversation is not on the console.")
        if not to.personal and to.conversation not in self._channels:
            raise ChatRefused("The console has no such channel.", dead=True)

    def _message(self, view: Postable, at: Place, *, key: str, only: str | None = None) -> Message:
        now = self._now()
        return Message(secrets.token_hex(8), self._tenant, at.conversation, key, view, now, now, only)


def _ref(message: Message) -> CardRef:
    return CardRef(Platform.WEB, message.tenant, message.conversation, message.id)
