"""`baton manifests build`: the files that an administrator gives to Slack and to Teams."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from bot.manifests.files import build as build_files
from bot.manifests.said import EXAMPLE_CLIENT, EXAMPLE_URL, deployment
from bot.settings import Settings

REPLACE_URL = f"BATON_PUBLIC_URL is not an https address: {EXAMPLE_URL} stands in its place."
REPLACE_CLIENT = "BATON_TEAMS__CLIENT_ID is not set: zeros stand in its place."


def commands(*, configured: Callable[[], Settings]) -> typer.Typer:
    """`configured`: as the environment says."""
    group = typer.Typer(no_args_is_help=True)

    @group.callback()
    def manifests() -> None:
        """What Slack and Teams are told about Baton."""

    @group.command()
    def build(
        out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("manifests"),
        socket_mode: Annotated[bool, typer.Option("--socket-mode", help="Slack: no public address.")] = False,  # noqa: FBT002 - a flag
        workspace: Annotated[bool, typer.Option("--workspace", help="Slack: one workspace only.")] = False,  # noqa: FBT002 - a flag
    ) -> None:
        """Write slack/manifest.yaml and the Teams app package, from the skills of this Baton and its settings."""
        ours = configured()
        where = deployment(ours, socket_mode=socket_mode, org_wide=not workspace)
        for path in build_files(where, out):
            typer.echo(path)
        missing = {REPLACE_URL: where.public_url == EXAMPLE_URL, REPLACE_CLIENT: where.client_id == EXAMPLE_CLIENT}
        for sentence in (sentence for sentence, holds in missing.items() if holds):
            typer.echo(sentence, err=True)

    return group
