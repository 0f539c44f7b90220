"""One suite for every `Conversations`: the durable one on both databases, and the one in memory that other tests use."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat import Conversations, Place, Platform, Who
from bot.store.conversations import StoredConversations
from bot.store.session import Database
from tests.fakes.conversations import MemoryConversations
from tests.postgres import Postgres

CHANNEL = Place(Platform.TEAMS, "tenant-1", "19:channel")
PERSONAL = Place(Platform.TEAMS, "tenant-1", "a:personal", personal=True)
DANA = Who(Platform.TEAMS, "tenant-1", "dana")


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def conversations(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Conversations]:
    if request.param == "memory":
        yield MemoryConversations()
        return
    url = f"sqlite+aiosqlite:///{tmp_path}/baton.db"
    if request.param == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        url = await postgres.new_database()
    async with Database(url) as db:
        yield StoredConversations(db)


async def test_unknown_is_none(conversations: Conversations) -> None:
    assert await conversations.address(CHANNEL) is None
    assert await conversations.personal(DANA) is None


async def test_the_last_address_counts(conversations: Conversations) -> None:
    await conversations.remember(CHANNEL, who=None, address={"service_url": "https://one.example"})
    await conversations.remember(CHANNEL, who=None, address={"service_url": "https://two.example"})
    assert await conversations.address(CHANNEL) == {"service_url": "https://two.example"}


async def test_a_person_is_found_by_tenant_and_platform_too(conversations: Conversations) -> None:
    await conversations.remember(PERSONAL, who=DANA, address={"a": "b"})
    assert await conversations.personal(DANA) == PERSONAL
    assert await conversations.personal(Who(Platform.TEAMS, "tenant-2", "dana")) is None
    assert await conversations.personal(Who(Platform.SLACK, "tenant-1", "dana")) is None


async def test_refreshing_without_the_person_keeps_the_person(conversations: Conversations) -> None:
    await conversations.remember(PERSONAL, who=DANA, address={"a": "b"})
    await conversations.remember(PERSONAL, who=None, address={"a": "c"})
    assert await conversations.personal(DANA) == PERSONAL
    assert await conversations.address(PERSONAL) == {"a": "c"}


async def test_a_new_personal_conversation_replaces_the_old_one(conversations: Conversations) -> None:
    newer = Place(Platform.TEAMS, "tenant-1", "a:newer", personal=True)
    await conversations.remember(PERSONAL, who=DANA, address={"a": "b"})
    await conversations.remember(newer, who=DANA, address={"a": "b"})
    assert await conversations.personal(DANA) == newer


async def test_the_buried_are_not_used_until_they_are_remembered_again(conversations: Conversations) -> None:
    await conversations.remember(PERSONAL, who=DANA, address={"a": "b"})
    await conversations.bury(PERSONAL)
    await conversations.bury(CHANNEL)  # never heard of: nothing happens
    assert await conversations.address(PERSONAL) is None
    assert await conversations.personal(DANA) is None
    await conversations.remember(PERSONAL, who=DANA, address={"a": "b"})
    assert await conversations.personal(DANA) == PERSONAL


async def test_remembered_by_many_at_once_it_is_kept_once(conversations: Conversations) -> None:
    await asyncio.gather(*(conversations.remember(PERSONAL, who=DANA, address={"a": str(n)}) for n in range(8)))
    assert await conversations.personal(DANA) == PERSONAL
    assert await conversations.address(PERSONAL) in [{"a": str(n)} for n in range(8)]
