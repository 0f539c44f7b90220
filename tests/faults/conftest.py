"""The set-ups of the fault suite. BATON_SOAK=1 makes it long: every point on every set-up, more of what is random."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.setups import Ground, Setup
from tests.faults.tally import Tally, tally_of
from tests.postgres import Postgres

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def nursery() -> Iterator[str]:
    """The socket at which processes are born."""
    folder = tempfile.mkdtemp(prefix="baton-faults-")
    address = f"{folder}/nursery"
    mother = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.victim", address],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert mother.stdout is not None
    assert mother.stdout.readline() == b"ready\n"
    yield address
    assert mother.stdin is not None
    mother.stdin.close()
    mother.wait(timeout=10)
    mother.stdout.close()
    shutil.rmtree(folder)


@pytest.fixture
def ground(request: pytest.FixtureRequest, setup: Setup, nursery: str, tally: Tally) -> Ground:
    server: Postgres | None = request.getfixturevalue("postgres") if setup.name.startswith("postgresql") else None
    return Ground(setup, nursery, tally, server, soak=bool(os.environ.get("BATON_SOAK")))


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    return tally_of(request.node)
