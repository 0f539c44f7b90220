"""A backup holds one moment of the whole database, and what is restored from it works on: here or on the other kind."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.chat import Action
from bot.drafts import State
from bot.privacy import audit
from bot.store.jobs import enqueue, waiting
from bot.store.migrations import REVISIONS
from bot.store.migrations.upgrade import upgrade
from bot.store.schema import look
from bot.store.sealed import Seal
from bot.store.session import Database
from bot.store.tables import aliases, jobs, metadata, schema_revisions
from bot.upkeep.backup import backup
from bot.upkeep.portable import BackupRefused
from bot.upkeep.restore import restore
from tests.bot.upkeep.rows import all_rows, fill
from tests.fakes.office import OWN_WORDS, asked, at_work
from tests.postgres import Postgres

SEAL = Seal("a secret of enough random bytes")
OFFICE_SEAL = Seal("a-secret-for-tests-only")


@asynccontextmanager
async def restored(url: str, source: Path, seal: Seal = SEAL) -> AsyncIterator[Database]:
    async with Database(url) as db:
        await restore(db, seal, source)
        yield db


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("baton.db"))


async def is_empty(db: Database) -> bool:
    rows = await all_rows(db)
    rows.pop("audit_head")
    return not any(rows.values())


async def test_every_row_of_every_table_survives_there_and_back_again(
    database: Database, postgres: Postgres, tmp_path: Path
) -> None:
    await fill(database, SEAL)
    await backup(database, SEAL, tmp_path / "one")
    before = await all_rows(database)
    assert all(before.values()), "a table without rows would prove nothing"

    async def after(url: str, source: str) -> dict[str, object]:
        async with restored(url, tmp_path / source) as db:
            await backup(db, SEAL, tmp_path / f"after-{source}")
            rows = await all_rows(db)
        events = rows.pop("audit_events")
        assert set(before["audit_events"]) < set(events)
        rows["audit_head"] = before["audit_head"]
        return {**rows, "audit_events": before["audit_events"]}

    assert await after(await postgres.new_database(), "one") == before
    assert await after(f"sqlite+aiosqlite:///{tmp_path}/again.db", "after-one") == before


async def test_rows_added_after_a_restore_get_numbers_of_their_own(
    database: Database, postgres: Postgres, tmp_path: Path
) -> None:
    await fill(database, SEAL)
    await backup(database, SEAL, tmp_path / "one")
    async with restored(await postgres.new_database(), tmp_path / "one") as db, db.write() as conn:
        assert await enqueue(conn, "kind", "ref", lane="lane")
        assert (await conn.execute(select(func.max(jobs.c.id)))).scalar_one() == 4


async def test_a_backup_during_writes_is_one_moment(database_url: str, tmp_path: Path) -> None:
    async with Database(database_url) as owner, Database(database_url, visiting=True) as visitor:
        done = asyncio.Event()

        async def write_pairs() -> None:
            number = 0
            while not done.is_set():
                number += 1
                async with owner.write() as conn:
                    await conn.execute(insert(aliases).values(alias=f"C-{number}", client_id=f"client-{number}"))
                    await asyncio.sleep(0)
                    await audit.append(conn, audit.Event(action=audit.Action.LOGIN))
                await asyncio.sleep(0.005)  # lets the visitor have its turn

        writing = asyncio.create_task(write_pairs())
        headers = [await backup(visitor, SEAL, tmp_path / f"backup-{number}") for number in range(3)]
        done.set()
        await writing
    assert headers[0].tables["aliases"] < headers[-1].tables["aliases"], "nothing was written meanwhile"
    for number, header in enumerate(headers):
        url, file = f"sqlite+aiosqlite:///{tmp_path}/{number}.db", tmp_path / f"backup-{number}"
        async with restored(url, file) as db, db.read() as conn:
            known = (await conn.execute(select(func.count()).select_from(aliases))).scalar_one()
            events = [event.action for event in await audit.tail(conn, 100_000)]
            assert (await audit.verify(conn, anchors=[header.audit])).ok
        assert known == events.count("login") == header.tables["aliases"]
        assert events[-1] == "restored"


async def test_work_goes_on_where_the_backup_left_it(tmp_path: Path, postgres: Postgres) -> None:
    """A draft waits for its decision in SQLite; it travels through PostgreSQL into another SQLite and is filed there."""
    here, there = tmp_path / "here", tmp_path / "there"
    async with at_work(here) as work:
        waiting_draft = await asked(work)
        await backup(work.office.db, OFFICE_SEAL, tmp_path / "one")
    async with restored(await postgres.new_database(), tmp_path / "one", OFFICE_SEAL) as db:
        await backup(db, OFFICE_SEAL, tmp_path / "two")
    async with restored(f"sqlite+aiosqlite:///{there}/baton.sqlite", tmp_path / "two", OFFICE_SEAL):
        pass
    async with at_work(there) as work:
        draft = await work.draft()
        assert draft == waiting_draft
        await work.read_all("vega", draft)
        await work.press("vega", Action.APPROVE, draft)
        await work.settled()
        filed = await work.draft()
        assert filed.state is State.FILED
        await work.read_all("osei", filed)
        await work.press("osei", Action.SAVE_ACCEPT, filed, read_back=OWN_WORDS)
        await work.settled()
        assert (await work.draft()).accepted_by == "osei"
        assert len(work.written("DocumentReference")) == 1
        assert await work.verified()
        actions = await work.actions()
        assert actions.count("restored") == 2
        async with work.office.db.read() as conn:
            assert (await waiting(conn)).dead == 0


async def test_the_file_is_its_owners_alone_and_never_written_over(database: Database, tmp_path: Path) -> None:
    out = tmp_path / "one"
    await backup(database, SEAL, out)
    assert oct(out.stat().st_mode & 0o777) == "0o600"
    before = out.read_bytes()
    with pytest.raises(BackupRefused, match="there already"):
        await backup(database, SEAL, out)
    assert out.read_bytes() == before
    assert files(tmp_path) == ["one"]


async def test_a_backup_that_fails_leaves_no_file(tmp_path: Path) -> None:
    async with Database(f"sqlite+aiosqlite:///{tmp_path}/baton.db") as db:
        async with db.write() as conn:
            await conn.execute(text("DROP TRIGGER audit_head_stays"))
            await conn.execute(text("DELETE FROM audit_head"))
        with pytest.raises(audit.AuditBroken):
            await backup(db, SEAL, tmp_path / "one")
    assert files(tmp_path) == []


async def test_what_is_sealed_stays_sealed(database: Database, tmp_path: Path) -> None:
    await fill(database, SEAL)
    await backup(database, SEAL, tmp_path / "one")
    assert b"canary" not in (tmp_path / "one").read_bytes()


def cuts(whole: bytes) -> list[bytes]:
    lines = whole.splitlines(keepends=True)
    return [b"", whole[:1], whole[:-1], *(b"".join(lines[:n]) for n in (1, len(lines) // 2, len(lines) - 1))]


async def test_a_file_that_is_cut_off_is_refused(sqlite_database: Database, tmp_path: Path) -> None:
    await backup(sqlite_database, SEAL, tmp_path / "one")
    async with Database(f"sqlite+aiosqlite:///{tmp_path}/other.db") as db:
        for cut in cuts((tmp_path / "one").read_bytes()):
            (tmp_path / "cut").write_bytes(cut)
            with pytest.raises(BackupRefused, match="not a whole backup"):
                await restore(db, SEAL, tmp_path / "cut")
        assert await is_empty(db)


async def test_a_file_that_was_altered_is_refused(sqlite_database: Database, tmp_path: Path) -> None:
    await fill(sqlite_database, SEAL)
    await backup(sqlite_database, SEAL, tmp_path / "one")
    whole = (tmp_path / "one").read_bytes()
    async with Database(f"sqlite+aiosqlite:///{tmp_path}/other.db") as db:
        for at in range(0, len(whole) - 200, len(whole) // 40):
            (tmp_path / "altered").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            with pytest.raises(BackupRefused, match="altered or damaged"):
                await restore(db, SEAL, tmp_path / "altered")
        assert await is_empty(db)
        await restore(db, SEAL, tmp_path / "one")


async def test_who_alters_a_file_and_hashes_it_anew_lacks_the_key(sqlite_database: Database, tmp_path: Path) -> None:
    await backup(sqlite_database, SEAL, tmp_path / "one")
    async with Database(f"sqlite+aiosqlite:///{tmp_path}/forged.db") as forger:
        await backup(forger, Seal("a key that the forger has made up"), tmp_path / "forged")
    lines, forged = ((tmp_path / name).read_bytes().splitlines(keepends=True) for name in ("one", "forged"))
    ours, theirs = json.loads(lines[-1]), json.loads(forged[-1])
    async with Database(f"sqlite+aiosqlite:///{tmp_path}/other.db") as db:
        with pytest.raises(BackupRefused, match="another secret key"):
            await restore(db, SEAL, tmp_path / "forged")
        trailer = json.dumps({"sha256": theirs["sha256"], "mark": ours["mark"]}).encode() + b"\n"
        (tmp_path / "forged").write_bytes(b"".join(forged[:-1]) + trailer)
        with pytest.raises(BackupRefused, match="altered"):
            await restore(db, SEAL, tmp_path / "forged")
        assert await is_empty(db)


async def test_an_old_key_restores_what_it_sealed(sqlite_database: Database, tmp_path: Path) -> None:
    await backup(sqlite_database, SEAL, tmp_path / "one")
    rotated = Seal("another secret that is long enough", old=["a secret of enough random bytes"])
    async with restored(f"sqlite+aiosqlite:///{tmp_path}/other.db", tmp_path / "one", rotated) as db:
        assert not await is_empty(db)


async def test_a_database_in_use_is_not_restored_into(database: Database, tmp_path: Path) -> None:
    await backup(database, SEAL, tmp_path / "one")
    async with database.write() as conn:
        await conn.execute(insert(aliases).values(alias="C-1", client_id="client-1"))
    before = await all_rows(database)
    with pytest.raises(BackupRefused, match="in use already"):
        await restore(database, SEAL, tmp_path / "one")
    assert await all_rows(database) == before


async def test_a_broken_audit_trail_is_not_restored_and_nothing_of_it_stays(
    sqlite_database: Database, database_url: str, tmp_path: Path
) -> None:
    await fill(sqlite_database, SEAL)
    async with sqlite_database.write() as conn:
        await conn.execute(text("DROP TRIGGER audit_no_update"))
        await conn.execute(text("UPDATE audit_events SET action = 'logout' WHERE seq = 1"))
    await backup(sqlite_database, SEAL, tmp_path / "one")
    async with Database(database_url.replace("baton.db", "other.db")) as db:
        with pytest.raises(BackupRefused, match=r"Row 1 .* was altered"):
            await restore(db, SEAL, tmp_path / "one")
        assert await is_empty(db)
        async with db.write() as conn:
            await audit.append(conn, audit.Event(action=audit.Action.LOGIN))


async def test_the_audit_trail_is_guarded_again_after_a_restore(database: Database, tmp_path: Path) -> None:
    await fill(database, SEAL)
    await backup(database, SEAL, tmp_path / "one")
    async with restored(f"sqlite+aiosqlite:///{tmp_path}/other.db", tmp_path / "one") as db:
        with pytest.raises(Exception, match="only grows"):
            async with db.write() as conn:
                await conn.execute(text("DELETE FROM audit_events"))


async def test_a_backup_of_an_older_schema_is_brought_up_to_date(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    def oldest(connection: Connection) -> None:
        upgrade(connection, REVISIONS[0])
        connection.execute(text(f"INSERT INTO audit_head (id, count, hash) VALUES (1, 0, '{'0' * 64}')"))
        connection.execute(text("INSERT INTO aliases (alias, client_id) VALUES ('C-1', 'client-1')"))

    engine = create_async_engine(database_url)
    async with engine.begin() as conn:
        await conn.run_sync(oldest)
    await engine.dispose()
    async with Database(database_url, visiting=True) as visitor:
        header = await backup(visitor, SEAL, tmp_path / "one")
    assert header.revision == REVISIONS[0]
    async with restored(await postgres.new_database(), tmp_path / "one") as db, db.read() as conn:
        assert (await look(conn)).missing == ()
        assert (await conn.execute(select(aliases.c.client_id))).scalars().all() == ["client-1"]
        there = await conn.run_sync(lambda connection: set(connection.dialect.get_table_names(connection)))
        assert set(metadata.tables) <= there


async def test_a_newer_schema_is_neither_backed_up_nor_restored_by_older_code(
    database: Database, tmp_path: Path
) -> None:
    await backup(database, SEAL, tmp_path / "one")
    async with database.write() as conn:
        await conn.execute(schema_revisions.update().values(revision=schema_revisions.c.revision + "x"))
    with pytest.raises(BackupRefused, match="newer Baton"):
        await backup(database, SEAL, tmp_path / "two")
    assert not (tmp_path / "two").exists()
