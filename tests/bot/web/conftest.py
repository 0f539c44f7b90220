from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient, TestServer

from tests.fakes.console import Sandbox
from tests.fakes.visitor import Visitor


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
async def visitor(sandbox: Sandbox) -> AsyncIterator[Visitor]:
    async with TestClient(TestServer(sandbox.app())) as client:
        yield Visitor(client)
