"""Microsoft's own Teams test client on loopback, and the proxy that signs for it: authentication stays on."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from tests.fakes.node import NODE_FOLDER, PLAYGROUND, require_node
from tests.fakes.teams_bot import APP_ID
from tests.fakes.teams_issuer import TeamsIssuer

PLAYGROUND_TENANT = "00000000-0000-0000-0000-0000000000001"
READY_WITHIN_S = 30.0


@dataclass
class SigningProxy:
    """What the test client sends goes to the bot with a token that a local issuer signed. `bot_url` is set later."""

    issuer: TeamsIssuer
    url: str = ""
    bot_url: str = ""
    statuses: list[tuple[str, int]] = field(default_factory=list)

    async def forward(self, request: web.Request) -> web.Response:
        activity: dict[str, Any] = await request.json()
        headers = {"Authorization": f"Bearer {self.issuer.token(APP_ID, activity['serviceUrl'])}"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.bot_url, json=activity, headers=headers) as answer,
        ):
            self.statuses.append((activity["type"], answer.status))
            return web.Response(status=answer.status, body=await answer.read(), content_type="application/json")


@asynccontextmanager
async def running_proxy(issuer: TeamsIssuer) -> AsyncIterator[SigningProxy]:
    proxy = SigningProxy(issuer)
    app = web.Application()
    app.router.add_post("/api/messages", proxy.forward)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/messages"
    try:
        yield proxy
    finally:
        await runner.cleanup()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def running_playground(endpoint: str, port: int, folder: Path) -> AsyncIterator[str]:
    """The address of its page. `folder` is its working directory."""
    node = require_node("@microsoft/m365agentsplayground")
    url = f"http://127.0.0.1:{port}"
    arguments = ["start", "-e", endpoint, "-c", "msteams", "-p", str(port), "--service-url", f"{url}/_connector"]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TEAMSAPPTESTER_BROWSER": "none",
        "NODE_OPTIONS": f"--require {NODE_FOLDER / 'bind-local.cjs'}",
    }
    with (folder / "playground.log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            node, str(PLAYGROUND), *arguments, "--disable-telemetry", cwd=folder, env=environment, stdout=output, stderr=output
        )  # fmt: skip
        try:
            await asyncio.wait_for(_ready(url), READY_WITHIN_S)
            yield url
        finally:
            process.terminate()
            await process.wait()


async def _ready(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/_debug/ping") as answer:
                    if "pong" in await answer.text():
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
