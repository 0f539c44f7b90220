"""What the doctor says of notifications: none set up, never heard, heard, and lost on the way."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.check.finding import State
from bot.check.given import Given
from bot.check.webhooks import webhooks
from bot.ehr_events import records
from bot.settings import EhrSettings, Settings
from bot.store.session import Database
from ehr_clients.events import Notice, What, read
from tests.ehr_clients.test_events import BASE, bundle, event, status
from tests.fakes.office import AFTERNOON


def given(database: str, *, secret: bool = True) -> Given:
    ehr = EhrSettings(webhook_secret=SecretStr("a-secret-of-the-webhook") if secret else None)
    return Given(Settings(database_url=database, ehr=ehr), None)


async def heard(database: str, *notices: Notice) -> None:
    async with Database(database) as db:
        for notice in notices:
            async with db.write() as conn:
                await records.heard(conn, notice, AFTERNOON)


def numbered(number: int) -> Notice:
    return read(bundle(status("event-notification", event(str(number), "Task/1"), told=str(number))), base_url=BASE)


@pytest.mark.parametrize(
    ("notices", "state", "says"),
    [
        ((), State.WARN, "has ever been heard"),
        ((Notice(What.HANDSHAKE, "s1", (), 0), numbered(1)), State.OK, "nothing was lost"),
        ((numbered(1), numbered(4)), State.WARN, "lost on the way"),
    ],
)
async def test_what_was_heard_is_told(tmp_path: Path, notices: tuple[Notice, ...], state: State, says: str) -> None:
    database = f"sqlite+aiosqlite:///{tmp_path}/b.sqlite"
    await heard(database, *notices)
    (found,) = await webhooks(given(database))
    assert (found.state, says in found.sentence) == (state, True)


async def test_without_a_secret_the_poll_is_enough(tmp_path: Path) -> None:
    (found,) = await webhooks(given(f"sqlite+aiosqlite:///{tmp_path}/b.sqlite", secret=False))
    assert found.state is State.OK
