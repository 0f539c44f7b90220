"""The steps of a process after which it may die: each commit and each outside call, named by who makes it and counted.

Nothing here knows the product's steps: a new commit or call is a new point by itself.
"""

import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from yarl import URL

from bot.store.session import Database
from bot.web.outbound import WebChat
from ehr_clients.http import FhirHttp

ONE_REQUEST = "_attempt"  # of FhirHttp: one request on the wire, so that each retry is a call of its own

type Method = Callable[..., Awaitable[Any]]


@dataclass(slots=True)
class Points:
    """What was passed so far, as "name:count". At `kill_at` the process ends as if the power went."""

    kill_at: str = ""
    passed: list[str] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)

    def reached(self, name: str) -> None:
        self._counts[name] += 1
        point = f"{name}:{self._counts[name]}"
        if point == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed.append(point)


def watch(points: Points) -> None:
    """From now on every commit and outside call of this process is two points: before it, and after it."""
    _watch_commits(points)
    for call in (WebChat.post, WebChat.replace, WebChat.whisper):
        watch_call(points, WebChat, call, lambda call_name, *_: f"chat {call_name}")
    watch_call(points, FhirHttp, getattr(FhirHttp, ONE_REQUEST), _request)


def watch_call(points: Points, owner: type, call: Method, name_of: Callable[..., str]) -> None:
    """From now on each such call is two points as well."""
    setattr(owner, call.__name__, _watched(points, call, name_of))


def _watched(points: Points, call: Method, name_of: Callable[..., str]) -> Method:
    async def watched(self: object, *args: Any, **kwargs: Any) -> Any:
        name = name_of(call.__name__, *args)
        points.reached(f"before {name}")
        answer = await call(self, *args, **kwargs)
        points.reached(f"after {name}")
        return answer

    return watched


def _request(_: str, request: Any, *__: object) -> str:
    """The method and the resource type, never an id."""
    url: URL = request.url
    kind, _, rest = url.path.partition("/fhir")[2].strip("/").partition("/")
    return f"{request.method} {kind or 'Bundle'}{' search' if rest == '_search' or url.query else ''}"


def _watch_commits(points: Points) -> None:
    write = Database.write

    @asynccontextmanager
    async def watched(self: Database, name: str) -> AsyncIterator[AsyncConnection]:
        async with write(self) as conn:
            yield conn
            points.reached(f"before commit of {name}")
        points.reached(f"after commit of {name}")

    def named(self: Database) -> AbstractAsyncContextManager[AsyncConnection]:
        return watched(self, _who(sys._getframe(1)))

    setattr(Database, write.__name__, named)


def _who(frame: FrameType) -> str:
    """The function that opened the transaction, and the kind of job it is about; of several together, each kind."""
    held, job, done = (frame.f_locals.get(name) for name in ("held", "job", "done"))
    kinds = {one.job.kind for one, _ in done} if isinstance(done, list) else set()
    about = "+".join(sorted(kinds)) or getattr(getattr(held, "job", job), "kind", "")
    module = str(frame.f_globals["__name__"]).rpartition(".")[2]
    return f"{module}.{frame.f_code.co_name} {about}".strip()
