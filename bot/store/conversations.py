"""How to reach a conversation, remembered in the database: the durable `bot.chat.Conversations`."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, select, update

from bot.chat import Place, Who
from bot.store.session import Database, insert_into
from bot.store.tables import conversations as t


class StoredConversations:
    """One row a conversation. A person has at most one living one-to-one conversation: the one remembered last."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def remember(self, place: Place, *, who: Who | None, address: Mapping[str, str]) -> None:
        async with self._db.write() as conn:
            if who is not None:
                await conn.execute(update(t).where(_of_person(who), ~_at(place)).values(dead=True))
            key = {"platform": place.platform, "tenant": place.tenant, "conversation": place.conversation}
            known = {"address": dict(address), "dead": False} | ({"personal_of": who.user} if who else {})
            row = insert_into(conn, t).values(**key, **known)
            await conn.execute(row.on_conflict_do_update(index_elements=list(key), set_=known))

    async def address(self, place: Place) -> Mapping[str, str] | None:
        async with self._db.read() as conn:
            found = await conn.execute(select(t.c.address).where(_at(place), ~t.c.dead))
            return found.scalar_one_or_none()

    async def personal(self, who: Who) -> Place | None:
        async with self._db.read() as conn:
            found = await conn.execute(select(t.c.conversation).where(_of_person(who), ~t.c.dead))
            conversation = found.scalar_one_or_none()
        return Place(who.platform, who.tenant, conversation, personal=True) if conversation else None

    async def bury(self, place: Place) -> None:
        async with self._db.write() as conn:
            await conn.execute(update(t).where(_at(place)).values(dead=True))


def _at(place: Place) -> ColumnElement[bool]:
    return (t.c.platform == place.platform) & (t.c.tenant == place.tenant) & (t.c.conversation == place.conversation)


def _of_person(who: Who) -> ColumnElement[bool]:
    return (t.c.platform == who.platform) & (t.c.tenant == who.tenant) & (t.c.personal_of == who.user)
