"""What tests share: the same cases at each run, no haste on a busy machine, and databases.

`database` runs a test on SQLite and on a real PostgreSQL, `sqlite_database` on SQLite.
"""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bot.crisis import calling, engine
from bot.digest import rights
from bot.flow import baton, decide, overrides
from bot.store.session import Database
from tests.faults.tally import pytest_terminal_summary as pytest_terminal_summary  # noqa: PLC0414 - a hook for all runs
from tests.postgres import Postgres, running_postgres

settings.register_profile("same_each_time", derandomize=True)
settings.register_profile("exploring")
settings.load_profile("exploring" if os.environ.get("BATON_SOAK") == "1" else "same_each_time")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database's address."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/baton.db"
    server: Postgres = request.getfixturevalue("postgres")
    return await server.new_database()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as db:
        yield db


@pytest.fixture
async def sqlite_database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite+aiosqlite:///{tmp_path}/baton.db") as db:
        yield db


WAITS = (
    (engine, "CARE_TEAM_S"),
    (calling, "CARE_TEAM_S"),
    (decide, "CLICK_WAIT_S"),
    (overrides, "CLICK_WAIT_S"),
    (baton, "EHR_WITHIN_S"),
    (rights, "WITHIN_S"),
)


@pytest.fixture(autouse=True)
def a_busy_machine_is_no_slow_ehr(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """How long a click or a page waits for the EHR, ten times over: what a test says does not hang on the machine's load.

    A test of the wait itself asks for the product's own: `@pytest.mark.real_waits`.
    """
    if "real_waits" not in request.keywords:
        for module, name in WAITS:
            monkeypatch.setattr(module, name, 10 * getattr(module, name))
