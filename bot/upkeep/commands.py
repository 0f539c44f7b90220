"""`baton migrate`, `baton backup OUT`, `baton restore IN`, `baton rotate-key`."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from bot.app import seal_of
from bot.settings import Settings
from bot.store.migrations import REVISIONS
from bot.store.session import Database
from bot.upkeep.backup import backup
from bot.upkeep.portable import Header
from bot.upkeep.restore import restore
from bot.upkeep.rotate import Rotated, rotate


def commands(*, configured: Callable[[], Settings], in_use: Callable[[], Settings]) -> typer.Typer:
    """`configured`: as the environment says. `in_use`: that, or the demo's database; refuses where there is none."""
    group = typer.Typer()

    @group.command(name="migrate")
    def migrate() -> None:
        """Bring the database's schema up to date. `baton serve` does it by itself when it starts."""
        before = asyncio.run(_migrate(configured()))
        was = f"was {before} and is" if before not in (None, REVISIONS[-1]) else "is"
        typer.echo(f"The schema {was} {REVISIONS[-1]}." + ("" if before else " The database is new."))

    @group.command(name="backup")
    def back_up(out: Annotated[Path, typer.Argument(help="A file that is not there yet.")]) -> None:
        """Copy the whole database into one file, while Baton runs. Content in it stays sealed with the secret key."""
        header = asyncio.run(_backup(in_use(), out))
        typer.echo(f"{_what(header)} are in {out}. Keep the secret key elsewhere: nothing opens the file without it.")

    @group.command(name="restore")
    def put_back(source: Annotated[Path, typer.Argument(metavar="IN", help="A file made by `baton backup`.")]) -> None:
        """Put a backup into an empty database, SQLite or PostgreSQL, while nothing else uses it."""
        if not source.is_file():
            raise ValueError(f"There is no file {source}.")
        header = asyncio.run(_restore(configured(), source))
        typer.echo(f"{_what(header)} from {header.created_at} are restored, and the audit trail is whole.")

    @group.command(name="rotate-key")
    def rotate_key() -> None:
        """Seal everything anew with BATON_SECRET_KEY. Name the old one in BATON_OLD_SECRET_KEYS, and restart first."""
        done = asyncio.run(_rotate(in_use()))
        for table, count in done.sealed.items():
            typer.echo(f"{table}: {count} sealed anew")
        if left := sum(done.unopened.values()):
            typer.echo(f"{left} values open with no configured key and were left as they are.", err=True)
            raise typer.Exit(1)
        typer.echo("Everything is sealed with the present key; old ones are no longer needed.")

    return group


def _what(header: Header) -> str:
    return f"{sum(header.tables.values())} rows (schema {header.revision}, {header.audit.count} audit events)"


async def _migrate(ours: Settings) -> str | None:
    db = Database(ours.database_url)
    try:
        return (await db.open()).at
    finally:
        await db.close()


async def _backup(ours: Settings, out: Path) -> Header:
    async with Database(ours.database_url, visiting=True) as db:
        return await backup(db, seal_of(ours), out)


async def _restore(ours: Settings, source: Path) -> Header:
    async with Database(ours.database_url) as db:
        return await restore(db, seal_of(ours), source)


async def _rotate(ours: Settings) -> Rotated:
    async with Database(ours.database_url, visiting=True) as db:
        return await rotate(db, seal_of(ours))
