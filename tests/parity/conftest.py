from collections.abc import Iterator

import pytest

from tests.fakes.teams_issuer import TeamsIssuer, running_issuer


@pytest.fixture(scope="module")
def issuer() -> Iterator[TeamsIssuer]:
    with running_issuer() as running:
        yield running
