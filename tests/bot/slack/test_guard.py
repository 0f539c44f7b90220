"""Nobody but Slack gets in, junk gets a plain answer, and nothing of a body reaches a log."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.chat import Notice, Reply, Typed
from bot.slack.guard import MAX_BODY_BYTES, Guard
from tests.bot.slack.conftest import Running, running
from tests.bot.slack.slack_side import NOW, SECRET, SlackSide, click_body, command_body, event_body, signed
from tests.fakes.desk import FakeDesk
from tests.fakes.slack_api import FakeSlack

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
CANARY = "Tomasina Canary 555-0199"
BODY = json.dumps({"type": "event_callback", "text": CANARY}).encode()


class Everything(logging.Handler):
    """Hears every logger at every level, as an unlucky configuration would."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))


@pytest.fixture(autouse=True)
def _no_canary_in_any_log(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    heard, root_level = Everything(), logging.root.level
    logging.root.addHandler(heard)
    logging.root.setLevel(logging.DEBUG)
    with structlog.testing.capture_logs() as ours:
        yield
    logging.root.removeHandler(heard)
    logging.root.setLevel(root_level)
    said = "\n".join([*heard.said, *(str(line) for line in ours), *capfd.readouterr()])
    assert "Canary" not in said


async def test_a_request_that_slack_signed_gets_in(slack: SlackSide) -> None:
    raw = json.dumps({"type": "url_verification", "challenge": "c0ffee"}).encode()
    status, text = await slack.post(raw, JSON)
    assert (status, json.loads(text)) == (200, {"challenge": "c0ffee"})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Slack-Signature": signed(BODY)["X-Slack-Signature"]},
        {"X-Slack-Request-Timestamp": signed(BODY)["X-Slack-Request-Timestamp"]},
        signed(BODY, secret="another secret"),
        signed(BODY + b" "),
        {**signed(BODY), "X-Slack-Signature": "v0=ünicode"},
        {**signed(BODY), "X-Slack-Signature": ""},
        signed(BODY, NOW - timedelta(seconds=301)),
        signed(BODY, NOW + timedelta(seconds=301)),
        {**signed(BODY), "X-Slack-Request-Timestamp": "abc"},
        {**signed(BODY), "X-Slack-Request-Timestamp": "-1"},
        {**signed(BODY), "X-Slack-Request-Timestamp": "１７６３８８８４００"},
        {**signed(BODY), "X-Slack-Request-Timestamp": "9" * 4000},
    ],
)
async def test_who_cannot_sign_stays_outside(slack: SlackSide, desk: FakeDesk, headers: dict[str, str]) -> None:
    status, text = await slack.post(BODY, JSON, headers)
    assert status == 401
    assert "Canary" not in text
    assert not desk.typed_words
    assert not desk.presses


async def test_a_request_counts_once(run: Running) -> None:
    raw = json.dumps({"type": "url_verification", "challenge": CANARY}).encode()
    first, _ = await run.slack.post(raw, JSON)
    second, text = await run.slack.post(raw, JSON)
    assert (first, second) == (200, 401)
    assert "Canary" not in text


async def test_a_signature_is_remembered_for_as_long_as_its_timestamp_is_believed(run: Running) -> None:
    raw, at = b'{"type":"url_verification","challenge":"x"}', NOW + timedelta(seconds=299)
    first, _ = await run.slack.post(raw, JSON, signed(raw, at))
    run.clock.later(329)
    second, _ = await run.slack.post(raw, JSON, signed(raw, at))
    assert (first, second) == (200, 401)


def test_old_signatures_are_forgotten() -> None:
    times = iter([NOW, NOW, NOW + timedelta(seconds=331), NOW + timedelta(seconds=331)])
    guard = Guard(SECRET, lambda: next(times))
    for at in (NOW, NOW + timedelta(seconds=331)):
        raw = f'{{"at":"{at}"}}'.encode()
        guard.admit({**signed(raw, at), "Content-Type": JSON}, raw)
    assert len(guard._seen) == 1


def test_no_guard_stands_without_a_secret() -> None:
    with pytest.raises(ValueError, match="signing secret is missing"):
        Guard("", lambda: NOW)


@pytest.mark.parametrize("headers", [None, {}], ids=["signed", "unsigned"])
async def test_what_is_not_utf8_is_not_from_slack(slack: SlackSide, headers: dict[str, str] | None) -> None:
    status, _ = await slack.post(b"text=" + b"\xff\xfe" + CANARY.encode(), FORM, headers)
    assert status == 401


async def test_a_huge_body_is_not_read(slack: SlackSide) -> None:
    status, _ = await slack.post(b"x" * (MAX_BODY_BYTES + 1), FORM)
    assert status == 413


async def test_a_huge_body_without_a_length_is_not_read_either(slack: SlackSide) -> None:
    async def pieces() -> Any:
        for _ in range(MAX_BODY_BYTES // 2**16 + 2):
            yield b"x" * 2**16

    async with slack.http.post("/slack/events", data=pieces()) as answer:
        assert answer.status == 413


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", JSON),
        (b"", FORM),
        (CANARY.encode(), JSON),
        (CANARY.encode(), FORM),
        (f"payload={CANARY}".encode(), FORM),
        (b"payload=[1]", FORM),
        (b"[]", JSON),
        (b"[" * 100_000, JSON),
        (b"1" * 5000, JSON),
        (b"&".join(b"a=1" for _ in range(500)), FORM),
        (json.dumps({"type": "event_callback", "event": CANARY}).encode(), JSON),
        (json.dumps({"type": "event_callback", "event": {"type": 7}, "team": 7}).encode(), JSON),
        (json.dumps({"type": "event_callback", "authorizations": CANARY}).encode(), JSON),
        (f"command=/handoff&text={CANARY}".encode(), FORM),
        (b"payload=" + json.dumps({"type": "block_actions", "actions": [{"action_id": "approve"}]}).encode(), FORM),
        (b"payload=" + json.dumps({"type": "view_submission", "view": {"callback_id": "save_edit"}}).encode(), FORM),
    ],
)
async def test_signed_junk_is_400(slack: SlackSide, desk: FakeDesk, raw: bytes, kind: str) -> None:
    status, text = await slack.post(raw, kind)
    assert status == 400
    assert "Canary" not in text
    assert "Traceback" not in text
    assert not desk.typed_words
    assert not desk.presses


async def test_a_failing_desk_puts_no_words_into_the_log(slack: SlackSide, desk: FakeDesk) -> None:
    desk.fails = True
    await slack.types("/handoff", CANARY)


class TellingDesk(FakeDesk):
    """Answers with words that Bolt and slack_sdk would love to log at DEBUG."""

    async def typed(self, words: Typed) -> Reply:
        return Notice(CANARY)


async def test_what_baton_answers_reaches_no_log(api: FakeSlack) -> None:
    async for run in running(TellingDesk(), api):
        assert CANARY in (await run.slack.types("/handoff", "C-102"))["text"]
        await run.slack.says("handoff C-102", type="app_mention", channel="C1")
    assert CANARY in api.sent("chat.postEphemeral")[0]["text"]


async def test_slack_dropping_our_events_is_logged(slack: SlackSide) -> None:
    with structlog.testing.capture_logs() as said:
        assert await slack.event({"type": "app_rate_limited", "team_id": "T1"}) == (200, "")
    assert [line["event"] for line in said] == ["slack.events_rate_limited"]


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["C1", "D1", "U1", "T1"])
NAMES = st.sampled_from(
    [
        "type",
        "event",
        "user",
        "team",
        "channel",
        "view",
        "actions",
        "action_id",
        "value",
        "state",
        "values",
        "id",
        "container",
        "callback_id",
        "command",
        "text",
        "block_id",
        "enterprise",
        "authorizations",
        "private_metadata",
        "response_url",
        "trigger_id",
        "message",
        "bot_id",
        "team_id",
    ]
)
ANY = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5))
KINDS = st.sampled_from(
    [
        "event_callback",
        "block_actions",
        "view_submission",
        "view_closed",
        "shortcut",
        "message_action",
        "block_suggestion",
        "app_rate_limited",
        "url_verification",
        "interactive_message",
        "dialog_submission",
        "workflow_step_edit",
    ]
)
VALID = [
    event_body({"type": "message", "channel": "D1", "channel_type": "im", "text": "hi", "ts": "1"}),
    event_body({"type": "app_home_opened", "tab": "home"}),
    click_body({"type": "button", "action_id": "approve", "value": '{"s":"d-1","v":3}', "block_id": "b"}),
    command_body("/handoff", "C-102"),
]


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(body=st.dictionaries(NAMES, ANY, max_size=6), kind=KINDS, like=st.sampled_from([{}, *VALID]), key=st.integers())
async def test_no_signed_body_breaks_the_app(
    run: Running, api: FakeSlack, body: dict[str, Any], kind: str, like: dict[str, Any], key: int
) -> None:
    sent = {"type": kind, **like, **body, "nonce": key}
    as_event, _ = await run.slack.post(json.dumps(sent).encode(), JSON)
    as_click, _ = await run.slack.form({"payload": json.dumps(sent), "nonce": key})
    assert {as_event, as_click} <= {200, 400, 401}  # 401: the same body once more
    await run.platform.settled()
