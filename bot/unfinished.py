"""`baton jobs dead|requeue` and `baton inbox list|replay`: what stands still until a person looks at it."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from bot.app import seal_of
from bot.flow.again import DeadLetter, dead_letters, try_again
from bot.settings import Settings
from bot.store import inbox
from bot.store.inbox import Delivery, State
from bot.store.session import Database

WAITING = (State.RECEIVED, State.FAILED)


def commands(*, in_use: Callable[[], Settings]) -> typer.Typer:
    """`in_use`: settings of the database to look at; refuses in words where there is none."""
    group = typer.Typer()
    jobs = typer.Typer(no_args_is_help=True, help="Work that gave up.")
    deliveries = typer.Typer(no_args_is_help=True, help="What people did, as it was received.")
    group.add_typer(jobs, name="jobs")
    group.add_typer(deliveries, name="inbox")

    @jobs.command()
    def dead() -> None:
        """Work that gave up, newest first. Its card says so as well."""
        letters = asyncio.run(_dead(in_use()))
        typer.echo("\n".join(map(_letter, letters)) if letters else "No work has given up.")

    @jobs.command()
    def requeue(number: Annotated[int, typer.Argument(help="As `baton jobs dead` shows it.")]) -> None:
        """Try it again, with all its attempts. Whoever runs takes it up within seconds."""
        if not asyncio.run(_requeue(in_use(), number)):
            raise ValueError(f"There is no dead letter {number}, or what it was for has been settled since.")
        typer.echo(f"{number} is tried again.")

    @deliveries.command(name="list")
    def show(every: Annotated[bool, typer.Option("--all", help="Handled ones too.")] = False) -> None:  # noqa: FBT002 - a flag
        """What waits or has failed, newest first. What people wrote is not shown."""
        found = asyncio.run(_listed(in_use(), tuple(State) if every else WAITING))
        typer.echo("\n".join(map(_delivery, found)) if found else "Everything that was received has been handled.")

    @deliveries.command()
    def replay(number: Annotated[int, typer.Argument(help="As `baton inbox list` shows it.")]) -> None:
        """Handle it again. Whoever runs takes it up within seconds; what was decided already is not decided twice."""
        if not asyncio.run(_replay(in_use(), number)):
            raise ValueError(f"There is no delivery {number} that could be handled again: handled ones are not kept.")
        typer.echo(f"{number} is handled again.")

    return group


def _letter(letter: DeadLetter) -> str:
    when = f"{letter.died:%Y-%m-%d %H:%M}Z"
    return f"{letter.id}  {when}  {letter.kind} {letter.ref}  {letter.code} after {letter.attempts} attempts"


def _delivery(delivery: Delivery) -> str:
    when = f"{delivery.received:%Y-%m-%d %H:%M}Z"
    return f"{delivery.id}  {when}  {delivery.source} {delivery.kind}  {delivery.state}, attempt {delivery.attempts}"


async def _dead(ours: Settings) -> Sequence[DeadLetter]:
    async with Database(ours.database_url, visiting=True) as db, db.read() as conn:
        return await dead_letters(conn)


async def _requeue(ours: Settings, number: int) -> bool:
    async with Database(ours.database_url, visiting=True) as db, db.write() as conn:
        return await try_again(conn, seal_of(ours), number, datetime.now(UTC))


async def _listed(ours: Settings, states: Sequence[State]) -> Sequence[Delivery]:
    async with Database(ours.database_url, visiting=True) as db, db.read() as conn:
        return await inbox.listed(conn, states)


async def _replay(ours: Settings, number: int) -> bool:
    async with Database(ours.database_url, visiting=True) as db, db.write() as conn:
        return await inbox.replay(conn, number)
