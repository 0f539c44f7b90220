"""A server that speaks Chat Completions with a JSON schema, and behaves as a test tells it: well, badly, or not at all.

Run by itself (`python -m tests.fakes.openai_server`) it serves a demo: it prints its address and answers well.
"""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aiohttp import web

from bot.drafting.untrusted import unmarked

type Json = dict[str, Any]


class Mode(StrEnum):
    GOOD = "good"
    SLOW = "slow"
    DOWN = "down"  # 500
    BUSY = "busy"  # 429
    KEY = "key"  # 401
    REDIRECT = "redirect"
    REFUSAL = "refusal"
    FILTERED = "filtered"
    FILTERED_REQUEST = "filtered_request"
    TRUNCATED = "truncated"
    NOT_JSON = "not_json"
    HTML = "html"
    NO_CHOICES = "no_choices"
    UNKNOWN_IDS = "unknown_ids"
    INVENTS = "invents"
    ONE_INVENTED = "one_invented"
    FLIPS = "flips"  # turns a statement round
    OMITS = "omits"  # says only the first part of each passage
    ECHO = "echo"  # names somebody it was never told of
    UNKNOWN_TAG = "unknown_tag"
    WORDY = "wordy"


@dataclass(frozen=True, slots=True)
class Part:
    id: str
    passage: str
    text: str


@dataclass
class FakeOpenAi:
    """`bodies` are the requests as they came, byte for byte. `script` answers the first requests, `mode` the rest."""

    mode: Mode = Mode.GOOD
    script: list[Mode] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    url: str = ""
    echo: str = "Jordan Sample"
    pause_s: float = 0.0  # before any answer
    at_once: int = 0
    most_at_once: int = 0

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator["FakeOpenAi"]:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._answer)
        app.router.add_post("/openai/v1/chat/completions", self._answer)
        app.router.add_post("/openai/deployments/{name}/chat/completions", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    def requests(self) -> list[Json]:
        return [json.loads(body) for body in self.bodies]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        self.paths.append(request.path_qs)
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await asyncio.sleep(self.pause_s)
        self.at_once -= 1
        mode = self.script.pop(0) if self.script else self.mode
        asked = json.loads(body)
        match mode:
            case Mode.SLOW:
                await asyncio.sleep(5)
                raise web.HTTPGatewayTimeout
            case Mode.DOWN:
                return _error(500, "server_error")
            case Mode.BUSY:
                return _error(429, "rate_limit_exceeded", {"retry-after": "0.05"})
            case Mode.KEY:
                return _error(401, "invalid_api_key")
            case Mode.REDIRECT:
                return web.Response(status=307, headers={"location": "https://elsewhere.example/v1/chat/completions"})
            case Mode.FILTERED_REQUEST:
                return _error(400, "content_filter")
            case Mode.HTML:
                return web.Response(text="<html>A gateway says hello.</html>", content_type="text/html")
            case Mode.NO_CHOICES:
                return web.json_response(_completion(asked, "", choices=[]))
            case Mode.REFUSAL:
                return web.json_response(_completion(asked, None, refusal="I would rather not."))
            case Mode.FILTERED:
                return web.json_response(_completion(asked, "", finish="content_filter"))
            case Mode.TRUNCATED:
                return web.json_response(_completion(asked, '{"sentences": [{"passage": "pat', finish="length"))
            case Mode.NOT_JSON:
                return web.json_response(_completion(asked, "Certainly! Here is your handoff."))
            case _:
                words = json.dumps({"sentences": WRITES[mode](self, parts_of(asked))}, ensure_ascii=False)
                return web.json_response(_completion(asked, words))


def parts_of(asked: Json) -> list[Part]:
    """The parts of the request, unmarked, with the passage that the instructions give each."""
    system, user = asked["messages"][0]["content"], asked["messages"][1]["content"]
    frames = re.findall(r'^- "(\w+)" .*?Parts: ([^.]*)\.', system, re.MULTILINE)
    passages = {each: key for key, ids in frames for each in ids.split(", ")}
    found = re.findall(r"^(\w+) part (\d+)\n(.*?)\n\1 end \2$", user, re.MULTILINE | re.DOTALL)
    return [Part(f"S{number}", passages[f"S{number}"], unmarked(text)) for _, number, text in found]


def _good(_: FakeOpenAi, parts: list[Part]) -> list[Json]:
    """Each part in nearly its own words, without the remarks in dates."""
    return [_sentence(part.passage, _reworded(part.text), part.id) for part in parts]


def _reworded(text: str) -> str:
    return re.sub(r" \([+-]\d+d\)(?=\])", "", text).replace(": ", ", ", 1)


def _sentence(passage: str, text: str, *cites: str) -> Json:
    return {"passage": passage, "text": text[:400], "cites": list(cites)}


def _invents(_: FakeOpenAi, parts: list[Part]) -> list[Json]:
    told = "Started on lithium 900 mg after an overdose in 2019 and was admitted for 14 days."
    return [_sentence(part.passage, told, part.id) for part in parts]


def _one_invented(fake: FakeOpenAi, parts: list[Part]) -> list[Json]:
    return [*_good(fake, parts)[1:], _invents(fake, parts)[0]]


def _flips(_: FakeOpenAi, parts: list[Part]) -> list[Json]:
    return [_sentence(p.passage, f"Client now endorses suicidal ideation with a plan; {p.text}", p.id) for p in parts]


def _omits(fake: FakeOpenAi, parts: list[Part]) -> list[Json]:
    first = {part.passage: part for part in reversed(parts)}
    return _good(fake, list(first.values()))


def _echo(fake: FakeOpenAi, parts: list[Part]) -> list[Json]:
    return [_sentence(part.passage, f"{fake.echo} said: {_reworded(part.text)}", part.id) for part in parts]


def _unknown_tag(fake: FakeOpenAi, parts: list[Part]) -> list[Json]:
    return [*_good(fake, parts), _sentence(parts[0].passage, "Seen with [NAME_97].", parts[0].id)]


def _unknown_ids(fake: FakeOpenAi, parts: list[Part]) -> list[Json]:
    return [each | {"cites": ["S997"]} for each in _good(fake, parts)]


def _wordy(fake: FakeOpenAi, parts: list[Part]) -> list[Json]:
    return [each | {"text": f"{each['text']} {each['text']} {each['text']}"[:400]} for each in _good(fake, parts)]


WRITES: dict[Mode, Callable[[FakeOpenAi, list[Part]], list[Json]]] = {
    Mode.GOOD: _good,
    Mode.INVENTS: _invents,
    Mode.ONE_INVENTED: _one_invented,
    Mode.FLIPS: _flips,
    Mode.OMITS: _omits,
    Mode.ECHO: _echo,
    Mode.UNKNOWN_TAG: _unknown_tag,
    Mode.UNKNOWN_IDS: _unknown_ids,
    Mode.WORDY: _wordy,
}


def _completion(
    asked: Json,
    content: str | None,
    *,
    finish: str = "stop",
    refusal: str | None = None,
    choices: list[Json] | None = None,
) -> Json:
    message = {"role": "assistant", "content": content, "refusal": refusal}
    made = [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}]
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": f"{asked['model']}-2026-11-01",
        "choices": made if choices is None else choices,
        "usage": {"prompt_tokens": 1200, "completion_tokens": 300, "total_tokens": 1500},
    }


def _error(status: int, code: str, headers: dict[str, str] | None = None) -> web.Response:
    told = {"error": {"message": "No.", "type": code, "code": code, "param": None}}
    return web.json_response(told, status=status, headers=headers)


async def _serve() -> None:
    async with FakeOpenAi().running(int(sys.argv[1]) if len(sys.argv) > 1 else 0) as fake:
        sys.stdout.write(f"{fake.url}/v1\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
