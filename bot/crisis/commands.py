"""`baton drill run|report` and `baton why E-17`, on the database of the Baton that runs, which does the work."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

import typer

from bot import clinic as clinic_file
from bot.app import EXAMPLE_CLINIC
from bot.clinic import Clinic
from bot.crisis import drill as fire_drill
from bot.crisis import records
from bot.crisis.drill import Report
from bot.crisis.why import explained
from bot.settings import Settings
from bot.store.session import Database

LOOK_S = 1.0


def commands(*, in_use: Callable[[], Settings]) -> typer.Typer:
    """`in_use`: settings of the database to look at; refuses in words where there is none."""
    group = typer.Typer()
    drills = typer.Typer(no_args_is_help=True, help="Fire drills through the real crisis chain.")
    group.add_typer(drills, name="drill")

    @drills.command()
    def run(
        team: Annotated[str, typer.Option(help="The team's id in the clinic file.")],
        wait_s: Annotated[float, typer.Option(help="How long to wait for an answer before reporting.")] = 900.0,
        as_json: Annotated[bool, typer.Option("--json")] = False,  # noqa: FBT002 - a flag
    ) -> None:
        """Page the team as in a crisis, marked DRILL, and report who answered. Exit status 1 when nobody has."""
        found = asyncio.run(_run(in_use(), team, wait_s))
        _print(found, as_json=as_json)
        raise typer.Exit(0 if found.answered_by else 1)

    @drills.command()
    def report(
        code: Annotated[str, typer.Argument(help="Of the drill: E-17.")],
        as_json: Annotated[bool, typer.Option("--json")] = False,  # noqa: FBT002 - a flag
    ) -> None:
        """How a drill went, or goes."""
        _print(asyncio.run(_report(in_use(), code)), as_json=as_json)

    @group.command()
    def why(code: Annotated[str, typer.Argument(help="Of the escalation: E-17.")]) -> None:
        """What fired and what did not, and why, from what was stored when it happened."""
        typer.echo("\n".join(asyncio.run(_why(in_use(), code))))

    return group


def _print(found: Report, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"failed": len(found.failed)}))
        return
    answered = f"answered by {found.answered_by} after {found.answered_after_s:.0f} s" if found.answered_by else ""
    typer.echo(f"Drill {found.code}, team {found.team}: {answered or 'nobody has answered yet'}.")
    if found.first_page_after_s is not None:
        typer.echo(f"First page after {found.first_page_after_s:.1f} s. {len(found.failed)} pages did not arrive.")
    for page in found.pages:
        took = f" after {page.took_s:.1f} s" if page.took_s is not None else ""
        typer.echo(
            f"  {page.step}  {page.way:<7}  {page.to}: {page.state}{took}{f' ({page.reason})' if page.reason else ''}"
        )


async def _run(ours: Settings, team: str, wait_s: float) -> Report:
    clinic = _clinic(ours)
    async with Database(ours.database_url, visiting=True) as db:
        async with db.write() as conn:
            key = await fire_drill.ask(conn, clinic, team)
        until = time.monotonic() + wait_s
        while True:
            found = await _begun(db, clinic, key)
            if (found and found.answered_by) or time.monotonic() >= until:
                break
            await asyncio.sleep(min(LOOK_S, max(0.0, until - time.monotonic())))
    if found is None:
        raise ValueError("Nobody began the drill: is `baton serve` or `baton worker` running on this database?")
    return found


async def _begun(db: Database, clinic: Clinic, key: str) -> Report | None:
    async with db.read() as conn:
        number = await records.of_signal(conn, records.hashed(key))
        return await fire_drill.report(conn, clinic, number) if number is not None else None


async def _report(ours: Settings, code: str) -> Report:
    async with Database(ours.database_url, visiting=True) as db:
        return await _reported(db, _clinic(ours), records.number_of(code) or 0)


async def _reported(db: Database, clinic: Clinic, number: int) -> Report:
    async with db.read() as conn:
        found = await fire_drill.report(conn, clinic, number)
    if found is None:
        raise ValueError("There is no drill with that code.")
    return found


async def _why(ours: Settings, code: str) -> tuple[str, ...]:
    async with Database(ours.database_url, visiting=True) as db, db.read() as conn:
        stored = await records.one(conn, records.number_of(code) or 0)
        if stored is None:
            raise ValueError("There is no escalation with that code.")
        return await explained(conn, _clinic(ours), stored)


def _clinic(ours: Settings) -> Clinic:
    return clinic_file.load(ours.clinic_file or EXAMPLE_CLINIC)
