from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.office import Work, at_work


@pytest.fixture
async def work(tmp_path: Path) -> AsyncIterator[Work]:
    async with at_work(tmp_path) as office:
        yield office
