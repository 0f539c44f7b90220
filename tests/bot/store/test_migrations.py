"""The schema from its first revision on, and code of this release on a schema of the next one."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, insert, inspect, select, text

from bot.chat import Place, Platform
from bot.privacy import audit
from bot.store.conversations import StoredConversations
from bot.store.migrations import REVISIONS
from bot.store.migrations.upgrade import VERSIONS, config, upgrade
from bot.store.schema import SchemaRefused
from bot.store.session import Database
from bot.store.tables import aliases, metadata, schema_revisions
from tests.postgres import Postgres

NEXT = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "{revision}", "{before}"
branch_labels = depends_on = None
phase = "{phase}"
def upgrade():
{steps}
"""
ADDS = (
    'op.add_column("conversations", sa.Column("topic", sa.String(64)))',
    'op.create_table("next_release", sa.Column("id", sa.Integer, primary_key=True), sa.Column("words", sa.LargeBinary))',
)
TAKES = ('op.drop_index("ix_conversations_personal", "conversations")',)


@pytest.fixture
def next_release(tmp_path: Path) -> Callable[..., Callable[[Connection], None]]:
    """Writes a revision that follows the last and returns how to apply it."""
    folder = tmp_path / "versions_of_the_next_release"
    folder.mkdir()

    def write(phase: str, steps: Sequence[str]) -> Callable[[Connection], None]:
        number = len(list(folder.iterdir())) + 1
        before = REVISIONS[-1] if number == 1 else f"x{number - 1}"
        lines = "\n".join(f"    {step}" for step in steps)
        words = NEXT.format(revision=f"x{number}", before=before, phase=phase, steps=lines)
        (folder / f"x{number}.py").write_text(words)
        return partial(upgrade, versions=(VERSIONS, folder))

    return write


def differences(connection: Connection) -> Any:
    return compare_metadata(MigrationContext.configure(connection), metadata)


async def add_alias(db: Database, number: int) -> None:
    async with db.write() as conn:
        await conn.execute(insert(aliases).values(alias=f"C-{number}", client_id=f"client-{number}"))


async def known(db: Database) -> int:
    async with db.read() as conn:
        return (await conn.execute(select(func.count()).select_from(aliases))).scalar_one()


async def applied(db: Database) -> list[tuple[str, str, datetime]]:
    async with db.read() as conn:
        return [tuple(row) for row in await conn.execute(select(schema_revisions))]


async def test_the_revisions_make_what_the_code_expects(database: Database) -> None:
    async with database.write() as conn:
        assert await conn.run_sync(differences) == []


def test_the_list_of_revisions_is_the_chain_and_each_says_its_phase() -> None:
    chain = list(ScriptDirectory.from_config(config()).walk_revisions())
    assert tuple(script.revision for script in reversed(chain)) == REVISIONS
    assert {script.module.phase for script in chain} <= {"expand", "contract"}


async def test_a_second_opening_changes_nothing(database_url: str) -> None:
    first, second = Database(database_url), Database(database_url)
    assert (await first.open()).missing == REVISIONS
    before = await applied(first)
    await first.close()
    assert (await second.open()).missing == ()
    assert await applied(second) == before
    assert [(revision, phase) for revision, phase, _ in before] == [(revision, "expand") for revision in REVISIONS]
    await second.close()


OPEN = """
import asyncio, sys
from bot.store.session import Database
async def main():
    async with Database(sys.argv[1]): print("alembic" in sys.modules)
asyncio.run(main())
"""


def opened_elsewhere(url: str) -> str:
    run = subprocess.run([sys.executable, "-c", OPEN, url], check=True, capture_output=True, text=True, timeout=60)
    return run.stdout.splitlines()[-1]


async def test_a_start_with_nothing_to_do_does_not_even_import_alembic(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/baton.db"
    assert await asyncio.to_thread(opened_elsewhere, url) == "True"
    assert await asyncio.to_thread(opened_elsewhere, url) == "False"


async def test_processes_that_start_at_once_on_postgresql_do_not_collide(postgres: Postgres) -> None:
    url = await postgres.new_database()
    said = await asyncio.gather(*(asyncio.to_thread(opened_elsewhere, url) for _ in range(3)))
    assert sorted(said) == ["False", "False", "True"]  # one did the work, the others found it done
    async with Database(url) as db:
        assert len(await applied(db)) == len(REVISIONS)


async def test_a_database_from_before_there_were_revisions_is_taken_over(database_url: str) -> None:
    async with Database(database_url) as db:
        await add_alias(db, 1)
        async with db.write() as conn:
            for table in ("schema_revisions", "alembic_version", "web_messages"):
                await conn.execute(text(f"DROP TABLE {table}"))
    async with Database(database_url) as db:
        assert await known(db) == 1
        async with db.write() as conn:
            assert await conn.run_sync(differences) == []


async def test_this_code_works_on_a_schema_that_the_next_release_has_widened(
    database_url: str, next_release: Callable[..., Callable[[Connection], None]]
) -> None:
    place = Place(Platform.WEB, "console", "harbor")
    async with Database(database_url) as db:
        await add_alias(db, 1)
        await StoredConversations(db).remember(place, who=None, address={"url": "one"})
        async with db.write() as conn:
            await conn.run_sync(next_release("expand", ADDS))
            await conn.execute(text("UPDATE conversations SET topic = 'kept'"))
    old_code = Database(database_url)
    assert (await old_code.open()).newer == ("x1",)
    await add_alias(old_code, 2)
    await StoredConversations(old_code).remember(place, who=None, address={"url": "two"})
    async with old_code.write() as conn:
        await audit.append(conn, audit.Event(action=audit.Action.LOGIN))
    async with old_code.read() as conn:
        assert (await conn.execute(text("SELECT topic FROM conversations"))).scalar_one() == "kept"
        assert (await audit.verify(conn)).ok
    assert await known(old_code) == 2
    await old_code.close()
    async with Database(database_url, visiting=True) as visitor:
        assert await known(visitor) == 2


async def test_a_schema_that_the_next_release_has_narrowed_is_refused_in_words(
    database_url: str, next_release: Callable[..., Callable[[Connection], None]]
) -> None:
    async with Database(database_url) as db, db.write() as conn:
        next_release("expand", ADDS)
        await conn.run_sync(next_release("contract", TAKES))
    for visiting in (False, True):
        with pytest.raises(SchemaRefused, match=r"newer Baton \(schema x2; this one knows \d+\)"):
            await Database(database_url, visiting=visiting).open()


async def test_a_step_that_fails_leaves_no_trace(
    database: Database, next_release: Callable[..., Callable[[Connection], None]]
) -> None:
    fails = next_release("expand", [*ADDS, 'raise LookupError("a step went wrong")'])
    with pytest.raises(LookupError):
        async with database.write() as conn:
            await conn.run_sync(fails)
    async with database.write() as conn:
        assert not await conn.run_sync(lambda connection: inspect(connection).has_table("next_release"))
        assert await conn.run_sync(differences) == []
    assert [revision for revision, _, _ in await applied(database)] == list(REVISIONS)


async def test_every_step_is_remembered_with_its_time(database: Database) -> None:
    (_, _, at), *_ = await applied(database)
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60


async def test_a_visitor_makes_no_database(tmp_path: Path) -> None:
    file = tmp_path / "baton.db"
    with pytest.raises(SchemaRefused, match="no database"):
        await Database(f"sqlite+aiosqlite:///{file}", visiting=True).open()
    assert not file.exists()
    file.touch()
    with pytest.raises(SchemaRefused, match="nothing of Baton"):
        await Database(f"sqlite+aiosqlite:///{file}", visiting=True).open()
