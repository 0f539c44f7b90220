"""In front of every route: what a door refused goes into the audit trail, and what went wrong is no more than a status.

A door names its reason with `refused(request, "slack.replayed")`; without a name the status stands for it. Whoever
hammers at a door is recorded twenty times a minute, and counted in the log beyond that.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

RULE: Final = web.RequestKey("rule", str)
NAMES: Final[Mapping[str, str]] = {
    "/slack/": "slack",
    "/api/messages": "teams",
    "/ehr/": "ehr",
    "/console": "console",
}
RECORDED_A_MINUTE: Final = 20
HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}

type Record = Callable[[str, str], Awaitable[None]]  # the door, the rule

_log = structlog.get_logger(__name__)


def refused(request: web.Request, rule: str) -> None:
    """Under which code this refusal is to be recorded; "" for one that is not."""
    request[RULE] = rule


def watched(record: Record, *, clock: Callable[[], float] = monotonic) -> Middleware:
    """For `web.Application(middlewares=[...])`. `record` writes one audit event."""
    recent: dict[str, deque[float]] = {name: deque() for name in NAMES.values()}

    async def note(door: str, rule: str) -> None:
        times, now = recent[door], clock()
        while times and times[0] <= now - 60:
            times.popleft()
        _log.warning("door_refused", platform=door, code=rule)
        if len(times) < RECORDED_A_MINUTE:
            times.append(now)
            await record(door, rule)

    @web.middleware
    async def at_the_door(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await _answered(request, handler)
        door, rule = _door(request.path), request.get(RULE)
        if rule is None and answer.status in {401, 403} and door != "console":
            rule = f"{door}.{answer.status}"
        if door and rule:
            await note(door, rule)
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    return at_the_door


def _door(path: str) -> str:
    return next((name for prefix, name in NAMES.items() if path.startswith(prefix)), "")


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as said:
        return web.Response(status=said.status, text=said.text, headers=_only(said, "Location", "Allow"))
    except Exception as error:  # noqa: BLE001 - the server would log a traceback, and with it what was sent
        _log.error("route_failed", exc_info=error, method=request.method)
        return web.Response(status=500, text="Something went wrong on our side.")


def _only(said: web.HTTPException, *names: str) -> dict[str, str]:
    return {name: said.headers[name] for name in names if name in said.headers}
