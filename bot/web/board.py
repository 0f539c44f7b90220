"""The web platform's own messages: a board that each page of the console is drawn from.

`MemoryBoard` serves tests and small demos; the running app keeps the board in its database.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from bot.chat import Place, Postable


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `to_user` None: for everyone in the conversation; otherwise for that one person only."""

    id: str  # opaque, goes into pages and addresses
    tenant: str
    conversation: str
    key: str  # opaque and stable per intended message
    view: Postable
    posted_at: datetime
    updated_at: datetime
    to_user: str | None = None


class Board(Protocol):
    """Each call raises ChatUnavailable when the board's store does not answer."""

    async def add(self, message: Message) -> Message:
        """Keep `message` once. With a `key` seen before nothing is kept, and the first is returned as it is now."""
        ...

    async def replace(self, message_id: str, view: Postable, at: datetime) -> Message | None:
        """Redraw a message where it stands. None when there is no such message."""
        ...

    async def get(self, message_id: str) -> Message | None: ...

    async def conversation(self, place: Place, viewer: str, *, limit: int = 100) -> tuple[Message, ...]:
        """What `viewer` may see there, newest last: messages for everyone, and those for this person only.

        At most the `limit` newest. Being allowed into `place` is the caller's question.
        """
        ...


class MemoryBoard:
    """A board that forgets when the process ends."""

    def __init__(self) -> None:
        self._messages: dict[str, Message] = {}
        self._by_key: dict[str, str] = {}

    async def add(self, message: Message) -> Message:
        first = self._by_key.setdefault(message.key, message.id)
        return self._messages.setdefault(first, message)

    async def replace(self, message_id: str, view: Postable, at: datetime) -> Message | None:
        before = self._messages.get(message_id)
        if before is None:
            return None
        self._messages[message_id] = replace(before, view=view, updated_at=at)
        return self._messages[message_id]

    async def get(self, message_id: str) -> Message | None:
        return self._messages.get(message_id)

    async def conversation(self, place: Place, viewer: str, *, limit: int = 100) -> tuple[Message, ...]:
        there = [
            message
            for message in self._messages.values()
            if (message.tenant, message.conversation) == (place.tenant, place.conversation)
            and message.to_user in (None, viewer)
        ]
        return tuple(sorted(there, key=lambda message: message.posted_at)[-limit:])
