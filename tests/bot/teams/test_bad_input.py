"""Malformed, oversized, unknown and repeated: never a 5xx, never a traceback, never a word of it in a log."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from bot.chat import Action
from bot.teams.aiohttp_server import BODY_BYTES
from tests.fakes.desk import FakeDesk
from tests.fakes.teams_bot import TeamsBot, press
from tests.fakes.teams_connector import TeamsConnector

RECORDED = Path(__file__).parents[2] / "fixtures" / "teams_payloads"


def recorded() -> list[Any]:
    activities = []
    for file in sorted(RECORDED.glob("*.json")):
        for name, activity in json.loads(file.read_text()).items():
            if isinstance(activity, dict):
                activities.append(pytest.param(activity, id=f"{file.stem}-{name}"))
    return activities


@pytest.mark.parametrize("activity", recorded())
async def test_recorded_activities_pass(bot: TeamsBot, desk: FakeDesk, activity: dict[str, Any]) -> None:
    assert (await bot.hear(activity, token=bot.token(serviceurl="https://elsewhere.example"))).status in {401, 403}
    assert (await bot.hear(activity | {"serviceUrl": bot.service_url})).status == 200
    assert [words.text for words in desk.typed_words] == (
        [activity["text"].split("> ")[-1]] if "text" in activity else []
    )


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"type": ' + b"9" * 6000]
)
async def test_what_is_not_a_json_object_is_400(bot: TeamsBot, body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with bot.session.post(bot.url, data=body, headers={"Authorization": f"Bearer {bot.token()}"}) as response:
        assert response.status == 400
    assert "Traceback" not in caplog.text


async def test_a_body_too_large_is_413(bot: TeamsBot) -> None:
    async with bot.session.post(bot.url, data=b'{"x": "' + b"a" * BODY_BYTES) as response:
        assert response.status == 413


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("typing", {}),
        ("messageReaction", {"reactionsAdded": [{"type": "like"}]}),
        ("messageUpdate", {"text": "edited"}),
        ("somethingNewFrom2027", {}),
        ("event", {"name": "application/vnd.microsoft.meetingStart", "value": 3}),
        ("invoke", {"name": "composeExtension/query", "value": {}}),
        ("invoke", {"name": "somethingNew/from2027"}),
        ("invoke", {}),
        ("conversationUpdate", {"membersAdded": [None, 7, {"id": 3}]}),
        ("message", {"text": ["not", "text"], "entities": {"a": 1}}),
    ],
    ids=str,
)
async def test_what_is_unknown_is_answered_and_only_after_authentication(
    bot: TeamsBot, desk: FakeDesk, kind: str, more: dict[str, Any]
) -> None:
    assert (await bot.hear(bot.activity(kind, **more), token="")).status == 401
    answered = await bot.hear(bot.activity(kind, **more))
    assert answered.status == 200
    if kind == "invoke":  # its own status is inside: a server error outside would have Teams send it again
        assert answered.body["statusCode"] == 501
        assert answered.body["value"]["message"]
    assert not desk.typed_words
    assert not desk.presses


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        "approve",
        {"action": "approve"},
        {"action": "launch", "subject": "d-1", "version": 3},
        {"action": ["approve"], "subject": "d-1", "version": 3},
        {"action": "approve", "subject": {"$ne": 1}, "version": 3},
        {"action": "approve", "subject": "d-1", "version": True},
        {"action": "approve", "subject": "d-1", "version": "latest"},
        {"actionId": "channel-post"},
    ],
    ids=str,
)
async def test_a_press_that_says_too_little_decides_nothing_and_is_told_so(
    bot: TeamsBot, desk: FakeDesk, connector: TeamsConnector, data: object
) -> None:
    answered = await bot.hear(bot.execute(data))
    assert answered.status == 200
    assert answered.body["statusCode"] == 400
    assert answered.body["type"] == "application/vnd.microsoft.error"
    assert "help" in answered.body["value"]["message"]
    assert desk.presses == []
    if isinstance(data, dict):
        assert (await bot.hear(bot.submit(data))).status == 200
        assert "not known any more" in connector.texts[-1]
    assert desk.presses == []


async def test_values_that_are_not_words_are_left_out(bot: TeamsBot, desk: FakeDesk) -> None:
    data = press("save_reject", values={"reason": "old", "n": 3}, input_reason="new", input_evil={"a": 1}, other="x")
    await bot.hear(bot.execute(data))
    assert desk.presses[-1].values == {"reason": "new"}


async def test_a_desk_that_fails_is_said_to_the_person_and_named_by_kind_only(
    bot: TeamsBot, desk: FakeDesk, connector: TeamsConnector, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    desk.fails = True
    assert (await bot.hear(bot.typed("marker-words"))).status == 200
    pressed = await bot.hear(bot.execute(press("approve", subject="marker-subject")))
    submitted = await bot.hear(bot.submit(press("approve", subject="marker-subject")))
    assert (pressed.status, pressed.body["statusCode"], submitted.status) == (200, 500, 200)
    assert ["try again" in text for text in connector.texts] == [True, True]
    assert "RuntimeError" in caplog.text
    for secret in ("marker", "planted", "Traceback"):
        assert secret not in caplog.text


async def test_a_card_that_redraws_itself_decides_nothing_and_updates_nothing(
    bot: TeamsBot, desk: FakeDesk, connector: TeamsConnector
) -> None:
    answered = await bot.hear(bot.execute(press("approve"), trigger="automatic"))
    assert answered.status == 200
    assert [asked.action for asked in desk.presses] == [Action.SHOW]
    assert connector.calls == []


async def test_before_the_start_teams_is_asked_to_come_back(bot: TeamsBot) -> None:
    await bot.platform._server.stop()
    assert (await bot.hear(bot.typed("handoff C-102"))).status == 503
