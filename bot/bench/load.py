"""Slack knocking: signed slash commands over a number of connections, as fast as they are answered or at a fixed rate.

Written on bare sockets so that the one who measures costs little beside those who are measured.
"""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

from bot.bench.child import Json, Part
from bot.bench.doors import PATH

PATIENCE_S = 30.0


@asynccontextmanager
async def knocking(secret: str) -> AsyncIterator[Part]:
    async def run(asked: Json) -> Json:
        return await knock(secret.encode(), asked["port"], asked["requests"], asked["connections"], asked.get("per_s"))

    yield Part({}, {"run": run})


@dataclass
class _Round:
    secret: bytes
    port: int
    waits_s: list[float] = field(default_factory=list)
    refused: int = 0


async def knock(secret: bytes, port: int, requests: int, connections: int, per_s: float | None) -> Json:
    """`per_s` None: a connection sends its next request when it has its answer. Else it waits for the time table."""
    this = _Round(secret, port)
    begun = time.perf_counter()
    due = iter([begun + n / per_s if per_s else 0.0 for n in range(requests)])

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for at in due:
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            await _one(this, reader, writer, at or time.perf_counter())
        writer.close()

    async with asyncio.timeout(PATIENCE_S + (requests / per_s if per_s else requests / 50)):
        await asyncio.gather(*(connection() for _ in range(connections)))
    return _told(this, time.perf_counter() - begun)


async def _one(this: _Round, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, since: float) -> None:
    writer.write(_request(this.secret))
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    await reader.readexactly(length)
    this.waits_s.append(time.perf_counter() - since)
    this.refused += not head.startswith(b"HTTP/1.1 200") or not length


def _request(secret: bytes) -> bytes:
    """What Slack sends for `/handoff C-102 to osei`; each with a trigger of its own, so that none is a repetition."""
    body = urlencode(
        {
            "command": "/handoff",
            "text": "C-102 to osei",
            "team_id": "T0SANDBOX",
            "team_domain": "sandbox",
            "channel_id": "C0SBHARBOR",
            "channel_name": "harbor-care",
            "user_id": "U0SBVEGA",
            "user_name": "vega",
            "response_url": "http://127.0.0.1:9/response",
            "trigger_id": secrets.token_hex(16),
        }
    ).encode()
    stamp = str(int(time.time())).encode()
    signature = hmac.new(secret, b"v0:" + stamp + b":" + body, hashlib.sha256).hexdigest().encode()
    head = (
        b"POST "
        + PATH.encode()
        + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"X-Slack-Request-Timestamp: " + stamp + b"\r\nX-Slack-Signature: v0=" + signature
    )
    return head + b"\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body


def _told(this: _Round, seconds: float) -> Json:
    waits = sorted(this.waits_s)
    return {
        "requests": len(waits),
        "refused": this.refused,
        "per_s": len(waits) / seconds,
        "p50_ms": 1000 * _at(waits, 0.5),
        "p99_ms": 1000 * _at(waits, 0.99),
    }


def _at(waits: Sequence[float], share: float) -> float:
    return waits[min(len(waits) - 1, int(share * len(waits)))]
