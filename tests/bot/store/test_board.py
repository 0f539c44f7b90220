"""One suite for every `Board`: the durable one on both databases, and the one in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import ChatUnavailable, Notice, Place, Platform, Postable
from bot.store.board import StoredBoard
from bot.store.sealed import Seal, SealBroken
from bot.store.session import Database
from bot.store.tables import web_messages
from bot.web.board import Board, MemoryBoard, Message
from tests.fakes.views import CARD_VIEW, LONG_PICKER, NOTICE, PICKER
from tests.postgres import Postgres

SEAL = Seal("a secret of enough random bytes")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HERE = Place(Platform.WEB, "console", "team-a")


def message(number: int, view: Postable | None = None) -> Message:
    at = NOON + timedelta(seconds=number)
    shown = view or Notice(f"canary {number}")
    return Message(f"m{number}", "console", "team-a", f"key-{number}", shown, at, at)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def board(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Board]:
    if request.param == "memory":
        yield MemoryBoard()
        return
    url = f"sqlite+aiosqlite:///{tmp_path}/baton.db"
    if request.param == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        url = await postgres.new_database()
    async with Database(url) as db:
        yield StoredBoard(db, SEAL)


async def test_what_is_added_is_there_as_it_was(board: Board) -> None:
    shown: list[Postable] = [CARD_VIEW, NOTICE, PICKER, LONG_PICKER]
    for number, view in enumerate(shown):
        added = await board.add(message(number, view))
        assert added == message(number, view) == await board.get(f"m{number}")
    assert await board.get("m99") is None


async def test_a_key_counts_once_and_answers_with_the_message_as_it_is_now(board: Board) -> None:
    await board.add(message(1))
    redrawn = await board.replace("m1", Notice("second"), NOON + timedelta(hours=1))
    again = replace(message(1), id="m2", view=Notice("third"))
    assert await board.add(again) == redrawn
    assert redrawn == replace(message(1), view=Notice("second"), updated_at=NOON + timedelta(hours=1))
    assert await board.get("m2") is None


async def test_redrawing_what_is_not_there_says_so(board: Board) -> None:
    assert await board.replace("m1", Notice("x"), NOON) is None


async def test_each_sees_their_own_newest_last_and_at_most_the_limit(board: Board) -> None:
    for number in (3, 1, 2):
        await board.add(message(number))
    await board.add(replace(message(4), to_user="dana"))
    await board.add(replace(message(5), to_user="sam"))
    await board.add(replace(message(6), conversation="team-b"))
    await board.add(replace(message(7), tenant="elsewhere"))

    def ids(seen: tuple[Message, ...]) -> list[str]:
        return [each.id for each in seen]

    assert ids(await board.conversation(HERE, "dana")) == ["m1", "m2", "m3", "m4"]
    assert ids(await board.conversation(HERE, "kim")) == ["m1", "m2", "m3"]
    assert ids(await board.conversation(HERE, "dana", limit=2)) == ["m3", "m4"]


async def test_two_at_once_with_one_key_get_the_same_message(board: Board) -> None:
    added = await asyncio.gather(*(board.add(replace(message(1), id=f"id-{n}")) for n in range(8)))
    assert len({each.id for each in added}) == 1


async def test_what_a_message_shows_is_sealed_in_its_place(database: Database) -> None:
    board = StoredBoard(database, SEAL)
    await board.add(message(1))
    await board.add(message(2))
    async with database.write() as conn:
        sealed = (await conn.execute(select(web_messages.c.view).order_by(web_messages.c.id))).scalars().all()
        assert not any(b"canary" in each for each in sealed)
        await conn.execute(update(web_messages).where(web_messages.c.message == "m2").values(view=sealed[0]))
    with pytest.raises(SealBroken):
        await board.get("m2")


class Away(Database):
    """A database whose server does not answer."""

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        raise ConnectionRefusedError
        yield

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        raise ConnectionRefusedError
        yield


async def test_a_database_that_is_away_is_a_platform_that_is_away() -> None:
    board = StoredBoard(Away("postgresql+asyncpg://nobody@127.0.0.1/none"), SEAL)
    for call in (
        board.add(message(1)),
        board.get("m1"),
        board.conversation(HERE, "dana"),
        board.replace("m1", NOTICE, NOON),
    ):
        with pytest.raises(ChatUnavailable):
            await call
