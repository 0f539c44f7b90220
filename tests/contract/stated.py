"""A FHIR server that does only what somebody's CapabilityStatement says: the sandbox behind a door that reads the statement.

What the statement does not list is refused as that vendor refuses: Epic with its own codes, athenahealth without POST searches.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp
from aiohttp import web

from ehr_clients.sandbox import SandboxServer

FIXTURES = Path(__file__).parents[1] / "fixtures" / "capability"
type Json = dict[str, Any]


@dataclass
class StatedServer:
    """Open with `async with`, inside a running sandbox."""

    sandbox: SandboxServer
    statement: Json
    post_search: bool
    codes: bool  # whether refusals carry Epic's codes
    refused: list[tuple[str, str]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    _runner: web.AppRunner | None = None
    _session: aiohttp.ClientSession | None = None
    base_url: str = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/fhir{tail:.*}", self._door)
        self._session = aiohttp.ClientSession(auto_decompress=True)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/fhir"
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._runner is not None
        assert self._session is not None
        await self._runner.cleanup()
        await self._session.close()

    async def _door(self, request: web.Request) -> web.Response:
        steps = [step for step in request.match_info["tail"].split("/") if step]
        if steps == ["metadata"]:
            return web.json_response(self.statement)
        if steps[:1] == [".well-known"]:
            return web.json_response({"token_endpoint": self.sandbox.token_url})
        wanted = _interaction(request.method, steps)
        self.asked.append((steps[0] if steps else "", wanted))
        if not steps and request.method != "GET":  # the base itself only serves the pages of a search
            return self._refuse(405, "not-supported", steps, "batch")
        if wanted == "search-by-post" and not self.post_search:
            return self._refuse(405, "not-supported", steps, wanted)
        offered = self._offered(steps[0] if steps else "")
        if steps and wanted.replace("search-by-post", "search-type") not in offered:
            return self._refuse(405, "not-supported", steps, wanted)
        return await self._pass_on(request, steps, wanted)

    def _refuse(self, status: int, code: str, steps: list[str], wanted: str) -> web.Response:
        self.refused.append((steps[0] if steps else "", wanted))
        return web.json_response(_outcome(code, "59159" if self.codes else None), status=status)

    def _entry(self, kind: str) -> Json:
        entries: list[Json] = self.statement["rest"][0]["resource"]
        return next((entry for entry in entries if entry["type"] == kind), {})

    def _offered(self, kind: str) -> set[str]:
        return {item["code"] for item in self._entry(kind).get("interaction", [])}

    async def _pass_on(self, request: web.Request, steps: list[str], wanted: str) -> web.Response:
        assert self._session is not None
        headers = {
            k: v
            for k, v in request.headers.items()
            if k in {"Authorization", "Accept", "Content-Type", "Prefer", "If-Match"}
        }
        url = f"{self.sandbox.base_url}{request.match_info['tail']}"
        async with self._session.request(
            request.method, url, params=request.rel_url.query, data=await request.read() or None, headers=headers
        ) as answer:
            body = (await answer.read()).replace(self.sandbox.base_url.encode(), self.base_url.encode())
            if answer.status == 404 and wanted == "read" and self.codes:
                body = json.dumps(_outcome("not-found", "4102")).encode()
            kept = {k: v for k, v in answer.headers.items() if k in {"Content-Type", "ETag", "Location", "Retry-After"}}
            kept = {k: v.replace(self.sandbox.base_url, self.base_url) for k, v in kept.items()}
            return web.Response(status=answer.status, body=body, headers=kept)


def epic(sandbox: SandboxServer) -> StatedServer:
    return StatedServer(sandbox, _statement("epic-r4-2026-05.json"), post_search=True, codes=True)


def athena(sandbox: SandboxServer) -> StatedServer:
    return StatedServer(sandbox, _statement("athenahealth-r4-2022.json"), post_search=False, codes=False)


def _statement(name: str) -> Json:
    found: Json = json.loads((FIXTURES / name).read_text())
    return found


def _interaction(method: str, steps: list[str]) -> str:
    match method, steps[1:]:
        case "POST", ["_search"]:
            return "search-by-post"
        case "POST", []:
            return "create"
        case "PUT", [_]:
            return "update"
        case "GET", []:
            return "search-type"
    return "read"


def _outcome(code: str, vendor: str | None) -> Mapping[str, Any]:
    details = {"details": {"coding": [{"system": "urn:oid:1.2.840.114350.1.13", "code": vendor}]}} if vendor else {}
    issue = {"severity": "fatal", "code": code, "diagnostics": "Refused."} | details
    return {"resourceType": "OperationOutcome", "issue": [issue]}
