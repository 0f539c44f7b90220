"""Socket Mode: the same listeners, over a connection that Baton opens."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import pytest

from bot.slack.app import SlackPlatform
from bot.slack.socket import Socket
from tests.bot.slack.conftest import QUICK
from tests.bot.slack.slack_side import Clock, Json, click_body, command_body, event_body
from tests.fakes.desk import FakeDesk
from tests.fakes.slack_api import FakeSlack

NUMBERS = count(1)


async def eventually[T](look: "asyncio.Queue[T]") -> T:
    return await asyncio.wait_for(look.get(), 5)


async def connections(api: FakeSlack, wanted: int) -> None:
    async with asyncio.timeout(5):
        while len(api.sockets) < wanted:  # noqa: ASYNC110  the fake has a list, and nothing that could be waited for
            await asyncio.sleep(0.02)


async def says(api: FakeSlack, kind: str, payload: Json, envelope: str = "") -> Json:
    """Slack sends an envelope; what comes back for it."""
    sent = {"envelope_id": envelope or f"env-{next(NUMBERS)}", "type": kind, "payload": payload}
    await api.sockets[-1].send_json({**sent, "accepts_response_payload": True})
    answer = await eventually(api.heard)
    assert answer["envelope_id"] == sent["envelope_id"]
    return answer


@pytest.fixture
async def platform(api: FakeSlack, desk: FakeDesk) -> AsyncIterator[SlackPlatform]:
    made = SlackPlatform(
        signing_secret=None,
        bot_token="xoxb-1",
        desk=desk,
        now=Clock(),
        api_url=api.api_url,
        patience=QUICK,
        app_token="xapp-1",
    )
    async with made:
        await connections(api, 1)
        yield made


@pytest.mark.usefixtures("platform")
async def test_a_command_is_answered_over_the_socket(api: FakeSlack, desk: FakeDesk) -> None:
    answer = await says(api, "slash_commands", {**command_body("/handoff", "C-102"), "trigger_id": "t-1"})
    assert [words.text for words in desk.typed_words] == ["handoff C-102"]
    assert answer["payload"]["response_type"] == "ephemeral"


@pytest.mark.usefixtures("platform")
async def test_a_mention_and_a_strange_click_are_acknowledged(api: FakeSlack, desk: FakeDesk) -> None:
    mention = event_body({"type": "app_mention", "channel": "C1", "text": "<@UBOT> handoff C-102", "ts": "1.1"})
    assert "payload" not in await says(api, "events_api", mention)
    assert len(desk.typed_words) == 1
    strange = click_body({"type": "button", "action_id": "approve", "value": "no reference", "block_id": "b"})
    assert "payload" not in await says(api, "interactive", {**strange, "trigger_id": "t-1"})
    assert desk.presses == []


@pytest.mark.usefixtures("platform")
async def test_an_envelope_that_comes_again_is_acknowledged_and_not_done_again(api: FakeSlack, desk: FakeDesk) -> None:
    body = {**command_body("/handoff", "C-102"), "trigger_id": "t-1"}
    for _ in range(2):
        await says(api, "slash_commands", body, "env-again")
    assert len(desk.typed_words) == 1


@pytest.mark.usefixtures("platform")
async def test_when_slack_asks_for_it_another_connection_takes_over(api: FakeSlack, desk: FakeDesk) -> None:
    await api.sockets[-1].send_json({"type": "disconnect", "reason": "refresh_requested"})
    await connections(api, 2)
    await says(api, "slash_commands", {**command_body("/handoff", "C-102"), "trigger_id": "t-1"})
    assert len(desk.typed_words) == 1


async def test_a_lost_connection_is_opened_again(api: FakeSlack) -> None:
    async def dispatch(payload: Json) -> str:
        return ""

    socket = Socket("xapp-1", api.api_url, dispatch, ping_s=0.1)
    await socket.open()
    await connections(api, 1)
    await api.sockets[0].close()
    await connections(api, 2)
    await socket.close()


async def test_a_slack_that_is_away_does_not_hold_up_the_start(api: FakeSlack, desk: FakeDesk) -> None:
    made = SlackPlatform(
        signing_secret=None,
        bot_token="xoxb-1",
        desk=desk,
        now=Clock(),
        api_url="http://127.0.0.1:9/api/",
        app_token="xapp-1",
    )
    async with asyncio.timeout(2), made:
        pass


@pytest.mark.usefixtures("platform")
async def test_the_app_token_opens_the_connection_and_nothing_else(api: FakeSlack) -> None:
    assert [call.method for call in api.calls] == ["apps.connections.open"]
