import pytest

from tests.ehr_clients.clinic.shelf import TODAY, Shelf


@pytest.fixture(scope="session")
def shelf() -> Shelf:
    return Shelf.on(TODAY)
