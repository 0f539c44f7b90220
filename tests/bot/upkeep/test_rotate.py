"""After the key was changed everything opens with the new one alone; half-way through, with both."""

import asyncio
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Notice
from bot.digest import records as digests
from bot.digest.schedule import Kind
from bot.privacy import audit
from bot.referral import asks
from bot.settings import LlmSettings
from bot.store import inbox
from bot.store import tables as t
from bot.store.board import StoredBoard
from bot.store.installations import Installed, StoredInstallations
from bot.store.sealed import Seal, SealBroken
from bot.store.sealed_columns import SEALED
from bot.store.session import Database
from bot.upkeep.rotate import rotate
from bot.web.as_json import to_json
from bot.web.board import Message
from tests.bot.upkeep.rows import AT, fill
from tests.bot.upkeep.story import telling
from tests.fakes.openai_server import FakeOpenAi

OLD, NEW = "the old secret of the practice", "the new secret of the practice"
OLD_SEAL, NEW_SEAL, BOTH = Seal(OLD), Seal(NEW), Seal(NEW, old=[OLD])


def test_every_column_of_bytes_is_listed_with_its_context() -> None:
    """A new one that nobody lists would be lost with the old key."""
    bytes_columns = {c for table in t.metadata.sorted_tables for c in table.columns if isinstance(c.type, LargeBinary)}
    assert {place.column for place in SEALED} == bytes_columns
    assert len(SEALED) == len(bytes_columns)
    for place in SEALED:
        key = {place.table.c[name] for name in place.by}
        unique = [set(index.columns) for index in place.table.constraints if hasattr(index, "columns")]
        assert key in unique, "two rows must not have one context"


async def opened(db: Database, seal: Seal) -> Counter[str]:
    """How many values of each column this seal opens. Raises SealBroken for one it does not."""
    counts = Counter[str]()
    async with db.read() as conn:
        for place in SEALED:
            for row in (await conn.execute(select(place.table).where(place.column.is_not(None)))).mappings():
                seal.open(row[place.name], context=place.context(row))
                counts[str(place.column)] += 1
    return counts


async def recorded(conn: AsyncConnection) -> list[tuple[str, dict[str, int]]]:
    events = [event for event in await audit.tail(conn, 1000) if event.action == "key_rotated"]
    assert {event.fields["object"]["id"] for event in events} <= {NEW_SEAL.key_id.hex()}
    return [(event.fields["reason"], event.fields["counts"]) for event in events]


async def test_afterwards_the_old_key_is_not_needed(database: Database) -> None:
    await fill(database, OLD_SEAL, rows=5)
    before = await opened(database, OLD_SEAL)
    assert len(before) == len(SEALED)
    done = await rotate(database, BOTH, batch=2)
    assert sum(done.sealed.values()) == before.total()
    assert not any(done.unopened.values())
    assert await opened(database, NEW_SEAL) == before
    with pytest.raises(SealBroken):
        await opened(database, OLD_SEAL)
    async with database.read() as conn:
        (started, stale), (finished, counts) = await recorded(conn)
        assert (started, finished) == ("started", "finished")
        assert stale == dict(done.sealed)
        assert counts == {**done.sealed, "unopened": 0}
        assert (await audit.verify(conn)).ok


async def test_a_second_run_finds_nothing_to_do_and_says_nothing(database: Database) -> None:
    await fill(database, OLD_SEAL)
    await rotate(database, BOTH)
    async with database.read() as conn:
        before = await audit.head(conn)
    assert (await rotate(database, BOTH)).sealed == {}
    async with database.read() as conn:
        assert await audit.head(conn) == before


class Dying(Seal):
    """The process that rotates is killed at its fifth value."""

    left = 5

    def seal(self, text: str, *, context: str) -> bytes:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        return super().seal(text, context=context)


async def test_a_run_that_dies_half_way_is_simply_repeated(database: Database) -> None:
    await fill(database, OLD_SEAL)
    before = await opened(database, OLD_SEAL)
    with pytest.raises(KeyboardInterrupt):
        await rotate(database, Dying(NEW, old=[OLD]), batch=2)
    assert await opened(database, BOTH) == before  # work goes on with both keys
    for one in (OLD_SEAL, NEW_SEAL):
        with pytest.raises(SealBroken):
            await opened(database, one)
    done = await rotate(database, BOTH, batch=2)
    assert 0 < sum(done.sealed.values()) < before.total()
    assert await opened(database, NEW_SEAL) == before


async def test_what_no_key_opens_is_counted_and_left_alone(database: Database) -> None:
    await fill(database, OLD_SEAL)
    lost = Seal("a third secret that was thrown away").seal("words", context="exchanges.words/x")
    async with database.write() as conn:
        row = {"id": "x", "draft_id": "1", "kind": "answer", "staff_id": "osei", "at": AT}
        await conn.execute(insert(t.exchanges).values(**row, words=lost))
    done = await rotate(database, BOTH, batch=1)
    assert {table: count for table, count in done.unopened.items() if count} == {"exchanges": 1}
    async with database.read() as conn:
        kept = await conn.execute(select(t.exchanges.c.words).where(t.exchanges.c.id == "x"))
        assert kept.scalar_one() == lost


async def test_beside_a_running_process_with_both_keys_nothing_is_lost(database_url: str) -> None:
    names = [f"m{number}" for number in range(40)]
    async with Database(database_url) as owner, Database(database_url, visiting=True) as visitor:
        for name in names:
            old = Message(name, "console", "harbor-care", name, Notice("before"), AT, AT)
            await StoredBoard(owner, OLD_SEAL).add(old)
        rotating = asyncio.create_task(rotate(visitor, BOTH, batch=3))
        for name in reversed(names[1::2]):
            await StoredBoard(owner, BOTH).replace(name, Notice("meanwhile"), AT)
        await rotating
        kept = [await StoredBoard(owner, NEW_SEAL).get(name) for name in names]
    assert [message.view for message in kept if message] == [Notice("before"), Notice("meanwhile")] * 20


async def test_what_somebody_is_writing_just_now_is_not_overwritten(database_url: str) -> None:
    async with Database(database_url) as owner, Database(database_url, visiting=True) as visitor:
        await StoredBoard(owner, OLD_SEAL).add(Message("m", "console", "h", "k", Notice("before"), AT, AT))
        fresh = BOTH.seal(to_json(Notice("meanwhile")), context="web_messages.view/m")
        async with owner.write() as conn:
            await conn.execute(t.web_messages.update().values(view=fresh))
            rotating = asyncio.create_task(rotate(visitor, BOTH))
            await asyncio.sleep(0.3)
            assert not rotating.done()
        await rotating
        message = await StoredBoard(owner, NEW_SEAL).get("m")
        assert message is not None
        assert message.view == Notice("meanwhile")


def _asking(fake: FakeOpenAi) -> LlmSettings:
    return LlmSettings(kind="openai", base_url=f"{fake.url}/v1/", model="m")


async def a_digest_kept(conn: AsyncConnection, seal: Seal) -> None:
    """As it is kept when it was made, and a mark with its reason."""
    made = await digests.promise(conn, team="harbor", kind=Kind.DAILY, period="2026-11-23T08:15", due_at=AT)
    assert made is not None
    content = digests.sealed(seal, made, "lines")
    states = digests.State
    assert await digests.move(conn, made, of=[states.DUE], to=states.MADE, at=AT, content=content)
    named = {"team": "harbor", "line": "key", "kind": "note", "staff_id": "vega"}
    mark = digests.Marked(id="m", mark=digests.Mark.SNOOZED, until=AT, at=AT, **named)
    await digests.add_mark(conn, seal, mark, "on leave until Monday")


def an_installation(at: datetime) -> Installed:
    plain = {"app_id": "A1", "bot_user": "UBOT", "scopes": "chat:write", "installed_by": "U1", "installed_at": at}
    return Installed(tenant="T1", team="T1", bot_token="xoxb-1", refresh_token="xoxe-1", **plain)  # type: ignore[arg-type]  # a mapping of texts and a time


async def test_all_that_the_product_seals_is_sealed_anew(tmp_path: Path) -> None:
    """The contexts in the list are those that the product uses: every column has a value of the product's own."""
    url = f"sqlite+aiosqlite:///{tmp_path}/baton.sqlite"
    async with FakeOpenAi().running() as fake, telling(url, llm=_asking(fake)) as told:
        office = told.baton.office
        await told.glass_broken()
        await told.talked_over(await told.filed(await told.edited(await told.asked_by_picker())))
        await told.rejected(await told.asked("C-108"))
        await told.typed("vega", "/crisis C-102 said goodbye to her sister")
        await told.settled()
        await told.typed("doyle", "not a crisis E-1: she said good night")
        await told.typed("vega", "/handoff nobody-known")
        await told.settled()
        async with office.db.write() as conn:
            await inbox.keep(conn, office.seal, source="web", key="unhandled", kind="typed", body="words")
            await a_digest_kept(conn, office.seal)
            await asks.keep(conn, office.seal, "request", ["referral:1"], told.clock())
            await StoredInstallations(office.db, office.seal).keep(conn, an_installation(told.clock()))
        secret = told.baton.settings.secret_key.get_secret_value()
    async with Database(url) as db:
        before = await opened(db, Seal(secret))
        assert set(before) == {str(place.column) for place in SEALED}
        done = await rotate(db, Seal(NEW, old=[secret]))
        assert not any(done.unopened.values())
        assert await opened(db, NEW_SEAL) == before
