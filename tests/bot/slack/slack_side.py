"""Slack as the app meets it: signs requests, and writes the payloads of commands, clicks, forms and events."""

import hashlib
import hmac
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.test_utils import TestClient

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TEAM, DANA, BOT, CHANNEL, DM = "T1", "UDANA", "UBOT", "C1", "D1"
CARD_TS = "1700.0001"

type Json = dict[str, Any]


@dataclass
class Clock:
    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def later(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def signed(raw: bytes, at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + raw, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


@dataclass
class SlackSide:
    """Sends signed requests to the app; each one differs, so none is taken for a replay."""

    http: TestClient[web.Request, web.Application]
    response_url: str = ""
    numbers: "count[int]" = field(default_factory=lambda: count(1))
    now: Callable[[], datetime] = lambda: NOW

    async def post(self, raw: bytes, kind: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
        all_headers = {"Content-Type": kind, **(signed(raw, self.now()) if headers is None else headers)}
        async with self.http.post("/slack/events", data=io.BytesIO(raw), headers=all_headers) as answer:
            return answer.status, await answer.text()

    async def form(self, fields: Json) -> tuple[int, str]:
        return await self.post(urlencode(fields).encode(), "application/x-www-form-urlencoded")

    async def event(self, body: Json) -> tuple[int, str]:
        return await self.post(json.dumps(body).encode(), "application/json")

    async def interaction(self, body: Json) -> Json:
        status, text = await self.form({"payload": json.dumps({"trigger_id": self.trigger(), **body})})
        assert status == 200, (status, text)
        return read(text)

    async def types(self, command: str, text: str = "", **more: Any) -> Json:
        status, answer = await self.form({**command_body(command, text), "trigger_id": self.trigger(), **more})
        assert status == 200, (status, answer)
        return read(answer)

    async def says(self, text: str, **more: Any) -> None:
        event = {"type": "message", "channel": DM, "channel_type": "im", "text": text, "ts": "1.5", **more}
        assert await self.event(event_body(event, number=next(self.numbers))) == (200, "")

    async def clicks(self, button: Json, **more: Any) -> Json:
        action = {"type": "button", "block_id": "b", **{key: button[key] for key in ("action_id", "value")}}
        return await self.interaction({**click_body(action, self.response_url), **more})

    async def submits(self, view: Json, values: dict[str, str | None], **more: Any) -> Json:
        return await self.interaction({**submit_body(view, values), **more})

    def trigger(self) -> str:
        return f"trigger-{next(self.numbers)}"


def read(text: str) -> Json:
    found: Json = json.loads(text) if text else {}
    return found


def command_body(command: str, text: str) -> Json:
    return {"command": command, "text": text, "team_id": TEAM, "user_id": DANA, "channel_id": CHANNEL}


def event_body(event: Json, *, number: int = 1, **more: Any) -> Json:
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "event_id": f"Ev{number}",
        "event": {"user": DANA, **event},
        "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True}],
        **more,
    }


def click_body(action: Json, response_url: str = "") -> Json:
    return {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": DANA, "team_id": TEAM},
        "channel": {"id": CHANNEL},
        "container": {"type": "message", "message_ts": CARD_TS, "channel_id": CHANNEL, "is_ephemeral": False},
        "message": {"user": BOT, "bot_id": "B1", "ts": CARD_TS},
        "response_url": response_url,
        "actions": [action],
    }


def in_modal(view: Json, view_id: str = "V0") -> Json:
    """What a click inside a modal has instead of a message."""
    shown = {"id": view_id, "type": "modal", "private_metadata": view["private_metadata"]}
    return {"view": shown, "container": {"type": "view", "view_id": view_id}, "channel": None, "message": None}


def submit_body(view: Json, values: dict[str, str | None]) -> Json:
    """`values` by block_id; an input that is not named keeps what it was opened with."""
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    state = {
        block["block_id"]: {
            block["element"]["action_id"]: {
                "type": "plain_text_input",
                "value": values.get(block["block_id"], block["element"].get("initial_value")),
            }
        }
        for block in inputs
    }
    return {
        "type": "view_submission",
        "team": {"id": TEAM},
        "user": {"id": DANA, "team_id": TEAM},
        "view": {**view, "id": "V0", "state": {"values": state}},
    }


def buttons(payload: Json) -> list[Json]:
    """Every button of a message or view, in order."""
    rows = [block.get("elements", []) for block in payload["blocks"] if block["type"] == "actions"]
    accessories = [[block["accessory"]] for block in payload["blocks"] if "accessory" in block]
    return [each for row in [*rows, *accessories] for each in row if each["type"] == "button"]
