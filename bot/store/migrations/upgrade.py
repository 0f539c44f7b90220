"""Takes a database from whatever revision it has to a newer one, in the caller's transaction."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

HERE: Final = Path(__file__).parent
VERSIONS: Final = HERE / "versions"


def upgrade(connection: Connection, to: str = "head", *, versions: Sequence[Path] = (VERSIONS,)) -> None:
    """Apply what is missing up to `to`; nothing when it is there. Either all of it stands afterwards or none."""
    settings = config(versions)
    settings.attributes["connection"] = connection
    command.upgrade(settings, to)


def config(versions: Sequence[Path] = (VERSIONS,)) -> Config:
    settings = Config()
    settings.set_main_option("script_location", _plain(HERE))
    settings.set_main_option("path_separator", "os")
    settings.set_main_option("version_locations", os.pathsep.join(_plain(folder) for folder in versions))
    return settings


def _plain(folder: Path) -> str:
    return str(folder).replace("%", "%%")
