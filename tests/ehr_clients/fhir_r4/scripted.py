"""A server that answers what a test wrote down, and remembers what it was asked."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

type Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
type Json = dict[str, Any]


@dataclass
class Scripted:
    """Answers in order; the last one answers from then on. Open with `async with`."""

    answers: list[Answer]
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    base_url: str = ""
    slept: list[float] = field(default_factory=list)
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/fhir"
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.path_qs, dict(request.headers), await request.read()))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer(request)


def says(status: int = 200, body: Json | None = None, **headers: str) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response(
            body if body is not None else {"resourceType": "Patient", "id": "p"}, status=status, headers=given
        )

    return answer


def says_text(text: str, status: int = 200) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, status=status, content_type="application/fhir+json")

    return answer


async def hangs_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def hangs(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(0.6)
    return web.Response()


def outcome(code: str | None = None, *, severity: str = "error") -> Json:
    issue: Json = {"severity": severity, "code": "processing", "diagnostics": "Lindholm, Teresa 1988-04-17"}
    return {
        "resourceType": "OperationOutcome",
        "issue": [issue | ({"details": {"coding": [{"code": code}]}} if code else {})],
    }
