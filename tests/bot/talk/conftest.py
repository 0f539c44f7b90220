from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.office import Work, at_work


@pytest.fixture
async def work(tmp_path: Path) -> AsyncIterator[Work]:
    """The office at work, with the chart of C-102."""
    async with at_work(tmp_path) as work:
        yield work
