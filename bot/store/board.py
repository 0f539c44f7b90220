"""The web console's messages, kept sealed in the database: the durable `bot.web.board.Board`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Row, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import CardView, ChatUnavailable, Notice, Picker, Place, Postable
from bot.store.sealed import Seal
from bot.store.session import Database, insert_into, is_passing
from bot.store.tables import web_messages as t
from bot.web.as_json import from_json, to_json
from bot.web.board import Message


class StoredBoard:
    """A board that survives restarts. What a message shows is sealed and opens only as that message."""

    def __init__(self, db: Database, seal: Seal) -> None:
        self._db = db
        self._seal = seal

    async def add(self, message: Message) -> Message:
        """Two who add the same key at once both get the one that was kept."""
        async with _answering(), self._db.write() as conn:
            row = insert_into(conn, t).values(**self._row(message))
            await conn.execute(row.on_conflict_do_nothing(index_elements=["key"]))
            kept = (await conn.execute(select(t).where(t.c.key == message.key))).one()
        return self._message(kept)

    async def replace(self, message_id: str, view: Postable, at: datetime) -> Message | None:
        async with _answering(), self._db.write() as conn:
            sealed = self._sealed(message_id, view)
            drawn = update(t).where(t.c.message == message_id).values(view=sealed, updated_at=at).returning(t)
            row = (await conn.execute(drawn)).one_or_none()
        return self._message(row) if row else None

    async def get(self, message_id: str) -> Message | None:
        async with _answering(), self._db.read() as conn:
            row = (await conn.execute(select(t).where(t.c.message == message_id))).one_or_none()
        return self._message(row) if row else None

    async def conversation(self, place: Place, viewer: str, *, limit: int = 100) -> tuple[Message, ...]:
        async with _answering(), self._db.read() as conn:
            rows = await self._newest(conn, place, viewer, limit)
        return tuple(self._message(row) for row in reversed(rows))

    async def _newest(self, conn: AsyncConnection, place: Place, viewer: str, limit: int) -> list[Row[Any]]:
        there = select(t).where(t.c.tenant == place.tenant, t.c.conversation == place.conversation)
        seen = there.where(or_(t.c.to_user.is_(None), t.c.to_user == viewer))
        return list((await conn.execute(seen.order_by(t.c.posted_at.desc(), t.c.id.desc()).limit(limit))).all())

    def _row(self, message: Message) -> dict[str, Any]:
        return {
            "message": message.id,
            "key": message.key,
            "tenant": message.tenant,
            "conversation": message.conversation,
            "to_user": message.to_user,
            "view": self._sealed(message.id, message.view),
            "posted_at": message.posted_at,
            "updated_at": message.updated_at,
        }

    def _sealed(self, message_id: str, view: Postable) -> bytes:
        return self._seal.seal(to_json(view), context=_context(message_id))

    def _message(self, row: Row[Any]) -> Message:
        view = from_json(self._seal.open(row.view, context=_context(row.message)))
        if not isinstance(view, CardView | Notice | Picker):
            raise TypeError("a stored message is not something that can be posted")
        where = (row.message, row.tenant, row.conversation, row.key)
        return Message(*where, view, row.posted_at, row.updated_at, row.to_user)


def _context(message_id: str) -> str:
    return f"web_messages.view/{message_id}"


@asynccontextmanager
async def _answering() -> AsyncIterator[None]:
    """A database that is away is, to the platform's callers, a platform that is away."""
    try:
        yield
    except Exception as trouble:
        if is_passing(trouble):
            raise ChatUnavailable("the console's messages cannot be reached just now") from None
        raise
