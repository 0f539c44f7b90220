"""A Teams bot as it stands in production, between a local token issuer and a local connector."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.fakes.desk import FakeDesk
from tests.fakes.teams_bot import TeamsBot, running_bot
from tests.fakes.teams_connector import TeamsConnector
from tests.fakes.teams_issuer import TeamsIssuer, running_issuer


@pytest.fixture(scope="session")
def issuer() -> Iterator[TeamsIssuer]:
    with running_issuer() as issuer:
        yield issuer


@pytest.fixture
async def connector() -> AsyncIterator[TeamsConnector]:
    async with TeamsConnector() as connector:
        yield connector


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
async def bot(issuer: TeamsIssuer, connector: TeamsConnector, desk: FakeDesk) -> AsyncIterator[TeamsBot]:
    async with running_bot(issuer, connector, desk) as bot:
        yield bot
