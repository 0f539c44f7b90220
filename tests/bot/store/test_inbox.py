"""What the inbox promises, on both databases: each delivery once, nothing left lying, nothing kept longer than needed."""

import pytest
from sqlalchemy import select, update

from bot.store import inbox
from bot.store import tables as t
from bot.store.inbox import Delivery, State
from bot.store.sealed import Seal
from bot.store.session import Database

SEAL = Seal("a-secret-for-tests-only")
CANARY = "canary-words-about-a-client"


async def keep(db: Database, key: str = "k1", source: str = "slack") -> int | None:
    async with db.write() as conn:
        return await inbox.keep(conn, SEAL, source=source, key=key, kind="typed", body=CANARY)


async def settle(db: Database, number: int | None, state: State, answer: str | None = None) -> None:
    assert number is not None
    async with db.write() as conn:
        await inbox.settle(conn, SEAL, number, state, answer=answer)


async def overdue(db: Database, *, whoever_held: bool = False) -> list[Delivery]:
    async with db.write() as conn:
        return await inbox.take_overdue(conn, SEAL, whoever_held=whoever_held)


async def age(db: Database, days: float) -> None:
    s = days * 86_400
    async with db.write() as conn:
        c = t.inbox.c
        await conn.execute(update(t.inbox).values(received=c.received - s, due=c.due - s, finished=c.finished - s))


async def known(db: Database, key: str = "k1") -> Delivery | None:
    async with db.read() as conn:
        return await inbox.known(conn, SEAL, source="slack", key=key)


async def test_a_delivery_is_kept_once_by_its_key_and_source(database: Database) -> None:
    assert await keep(database) is not None
    assert await keep(database) is None
    assert await keep(database, source="teams") is not None


async def test_what_was_not_handled_in_time_is_taken_on_once_at_a_time(database: Database) -> None:
    await keep(database)
    assert await overdue(database) == []
    await age(database, 1)
    (delivery,) = await overdue(database)
    assert (delivery.body, delivery.attempts) == (CANARY, 2)
    assert await overdue(database) == []


async def test_the_only_process_takes_back_at_once_what_its_earlier_life_received(database: Database) -> None:
    await keep(database)
    assert len(await overdue(database, whoever_held=True)) == 1


async def test_the_body_goes_when_it_is_done_and_the_key_stays(database: Database) -> None:
    await settle(database, await keep(database), State.DONE, answer="said")
    async with database.read() as conn:
        row = (await conn.execute(select(t.inbox))).one()
    assert row.body is None
    delivery = await known(database)
    assert delivery is not None
    assert (delivery.state, delivery.answer) == (State.DONE, "said")
    await age(database, 34)
    assert await keep(database) is None


async def test_answers_go_after_a_day_and_keys_after_five_weeks(database: Database) -> None:
    await settle(database, await keep(database), State.DONE, answer="said")
    await keep(database, "waits")
    await age(database, 2)
    async with database.write() as conn:
        assert await inbox.purge(conn) == 0
    delivery = await known(database)
    assert delivery is not None
    assert delivery.answer is None
    await age(database, 34)
    async with database.write() as conn:
        assert await inbox.purge(conn) == 1
    assert await known(database) is None
    assert await known(database, "waits") is not None


async def test_what_failed_can_be_replayed_and_what_is_done_cannot(database: Database) -> None:
    failed, done = await keep(database), await keep(database, "k2")
    await settle(database, failed, State.FAILED)
    await settle(database, done, State.DONE)
    assert failed is not None
    assert done is not None
    async with database.write() as conn:
        assert not await inbox.replay(conn, done)
        assert not await inbox.replay(conn, 999)
        assert await inbox.replay(conn, failed)
    (delivery,) = await overdue(database)
    assert (delivery.id, delivery.body, delivery.attempts) == (failed, CANARY, 1)


async def test_the_list_holds_no_words(database: Database) -> None:
    await keep(database)
    async with database.read() as conn:
        (delivery,) = await inbox.listed(conn, [State.RECEIVED])
        stored = (await conn.execute(select(t.inbox.c.body))).scalar_one()
    assert CANARY not in repr(delivery)
    assert CANARY.encode() not in stored


@pytest.mark.parametrize("key", ["", "x" * 5000, "ключ\n"])
async def test_any_key_fits(database: Database, key: str) -> None:
    assert await keep(database, key) is not None
    assert await keep(database, key) is None
