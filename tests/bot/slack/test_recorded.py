"""Every request that was recorded from the real Slack passes through the app and is acknowledged."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.bot.slack.conftest import Running
from tests.bot.slack.slack_side import SlackSide
from tests.fakes.desk import FakeDesk
from tests.fakes.slack_api import FakeSlack

RECORDED = Path(__file__).parents[2] / "fixtures" / "slack_payloads"
REQUESTS = [
    pytest.param(body, id=f"{file.stem}-{name}")
    for file in sorted(RECORDED.glob("*.json"))
    for name, body in json.loads(file.read_text()).items()
    if isinstance(body, dict) and ("type" in body or "command" in body)
]


def as_sent(body: dict[str, Any]) -> tuple[bytes, str]:
    if body.get("type") == "event_callback":
        return json.dumps(body).encode(), "application/json"
    fields = body if "command" in body else {"payload": json.dumps(body)}
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def test_there_are_recorded_requests_of_every_kind() -> None:
    kinds = {body.get("type", "command") for param in REQUESTS for body in param.values if isinstance(body, dict)}
    assert kinds == {"event_callback", "block_actions", "view_submission", "command"}
    assert len(REQUESTS) >= 15


@pytest.mark.parametrize("body", REQUESTS)
async def test_a_recorded_request_is_acknowledged(slack: SlackSide, body: dict[str, Any]) -> None:
    status, _ = await slack.post(*as_sent(body))
    assert status == 200


@pytest.mark.parametrize("body", REQUESTS)
async def test_a_recorded_request_is_acknowledged_while_slack_s_api_is_down(
    slack: SlackSide, run: Running, api: FakeSlack, desk: FakeDesk, body: dict[str, Any]
) -> None:
    api.url = "http://127.0.0.1:9"
    desk.fails = True
    status, _ = await slack.post(*as_sent(body))
    assert status == 200
    assert await run.platform.settled()


async def test_a_recorded_mention_reaches_the_desk_without_the_bot_s_name(slack: SlackSide, desk: FakeDesk) -> None:
    mention = json.loads((RECORDED / "modals_slack.json").read_text())["mention"]
    await slack.post(*as_sent(mention))
    [words] = desk.typed_words
    assert (words.text, words.who.user, words.who.tenant) == ("Hello", "U00FAKEUSER2", "T00FAKE00BB")
    assert words.key == "Ev0AATDEL38U"


async def test_words_in_a_channel_that_do_not_name_the_bot_are_not_listened_to(
    slack: SlackSide, desk: FakeDesk
) -> None:
    follow_up = json.loads((RECORDED / "slack.json").read_text())["followUp"]
    await slack.post(*as_sent(follow_up))
    assert desk.typed_words == []


async def test_a_recorded_direct_message_reaches_the_desk(slack: SlackSide, desk: FakeDesk) -> None:
    said = json.loads((RECORDED / "dm_slack.json").read_text())["dmMessage"]
    await slack.post(*as_sent(said))
    [words] = desk.typed_words
    assert (words.text, words.place.conversation, words.place.personal) == ("Hey!", "D0A5319PS02", True)
