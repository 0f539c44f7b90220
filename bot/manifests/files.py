"""Which files there are, by their place below the folder they are written to."""

from pathlib import Path
from typing import Final

from bot.manifests import slack, teams
from bot.manifests.said import Deployment
from bot.manifests.yaml import written

PACKAGE: Final = "teams/baton.zip"  # not kept in the repository: it holds the other three


def built(where: Deployment) -> dict[str, bytes]:
    """The same for the same shelf and deployment."""
    return {
        "slack/manifest.yaml": written(slack.manifest(where), header=slack.HEADER).encode(),
        **{f"teams/{name}": content for name, content in teams.files(where).items()},
        PACKAGE: teams.package(where),
    }


def build(where: Deployment, out: Path) -> list[Path]:
    """Write them all; whatever was there of the same name is replaced."""
    written_to = []
    for name, content in built(where).items():
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        written_to.append(target)
    return written_to
