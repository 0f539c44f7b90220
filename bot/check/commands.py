"""`baton check`: what is wrong here, and how to mend it."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Annotated, Final

import typer

from bot.check.examined import examined
from bot.check.finding import Finding, State, exit_status
from bot.check.given import from_environment
from bot.settings import Settings

MARK: Final = {State.OK: "ok  ", State.WARN: "WARN", State.FAIL: "FAIL", State.SKIPPED: "-   "}


def commands(*, in_use: Callable[[], Settings]) -> typer.Typer:
    """`in_use`: as the environment says, or the demo's."""
    group = typer.Typer()

    @group.command()
    def check(as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:  # noqa: FBT002 - a flag
        """Test each thing for real, database, keys, Slack, Teams, EHR, clocks, rota. Exit 1: warnings, 2: faults."""
        found = asyncio.run(examined(from_environment(in_use)))
        typer.echo(as_one(found) if as_json else as_text(found))
        raise typer.Exit(exit_status(found))

    return group


def as_one(found: Sequence[Finding]) -> str:
    worst = {0: State.OK, 1: State.WARN, 2: State.FAIL}[exit_status(found)]
    return json.dumps({"ok": worst is State.OK, "worst": worst, "checks": [asdict(each) for each in found]})


def as_text(found: Sequence[Finding]) -> str:
    """Details only where something is wrong: the JSON has them all."""
    return "\n".join(line for each in found for line in _lines(each))


def _lines(finding: Finding) -> list[str]:
    head = f"{MARK[finding.state]}  {finding.name:<18} {finding.sentence}"
    if finding.state not in {State.WARN, State.FAIL}:
        return [head]
    return [head, *(f"          - {line}" for line in finding.details), f"      To mend it: {finding.mend}"]
