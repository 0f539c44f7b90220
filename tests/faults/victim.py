"""Baton in processes that tests kill: `python -m tests.faults.victim SOCKET` starts one for each who connects.

The product as `bot.app` builds it, with its worker, inbox and calendar, on the web console's board; shorter waits, no
web server. A connection is one process: the first line says what to open, then each line is what a person did and is
answered with the reply. The connection ends when the process has really ended. What is imported once is forked often.
"""

import asyncio
import gc
import json
import os
import resource
import selectors
import socket
import sys
import time
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

import structlog

from bot import app
from bot.app import LANE_LIMITS, PATIENCE, Baton
from bot.chat import Reply, Typed
from bot.flow import inbox as received
from bot.flow import prepare
from bot.flow.desk import FlowDesk, handlers, on_dead
from bot.flow.inbox import KeptDesk, read
from bot.flow.intake import understood
from bot.flow.membership import Memberships
from bot.flow.office import Office
from bot.settings import EhrSettings, Settings
from bot.store import inbox
from bot.store.jobs import Worker
from bot.store.migrations import upgrade  # noqa: F401 - the product imports it when it is needed; here once for all
from bot.web.as_json import to_json
from ehr_clients.fhir_r4.client import FhirR4, FhirR4Settings
from ehr_clients.http import Limits
from ehr_clients.smart_auth import ClientSecret, SmartBackend
from tests.faults.crisis import acts
from tests.faults.points import Points, watch

LEASE_S = 1.5
LIMITS = Limits(attempt_s=1.0, budget_s=3.0, attempts=3, backoff_s=0.05, backoff_cap_s=0.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a process is told when it starts. `epoch`: when the office's day began, by time.time()."""

    database_url: str
    ehr_url: str
    token_url: str
    secret: str
    day: str
    epoch: float
    log: str
    ahead_s: float = 0.0
    kill_at: str = ""
    provider_url: str = ""  # of telephones; then the clinic's crisis policy waits seconds, not minutes

    def now(self) -> datetime:
        passed = time.time() - self.epoch + self.ahead_s
        return datetime.fromisoformat(self.day).astimezone(UTC) + timedelta(seconds=passed)

    def settings(self) -> Settings:
        ehr: dict[str, Any] = {"client_id": "baton", "client_secret": self.secret, "token_url": self.token_url}
        return Settings(database_url=self.database_url, ehr=EhrSettings(kind="fhir_r4", base_url=self.ehr_url, **ehr))

    def ehr(self) -> FhirR4:
        auth = SmartBackend(ClientSecret("baton", self.secret), base_url=self.ehr_url, token_url=self.token_url)
        return FhirR4(FhirR4Settings(base_url=self.ehr_url, auth=auth, limits=LIMITS))


# One process


def shorten_waits() -> None:
    """The rules stay as they are; what would take a minute takes about a second."""
    inbox.PATIENCE_S = 3.0  # type: ignore[misc]
    received.SWEEP_S = 0.5  # type: ignore[misc]
    prepare.RETRY_AFTER_S = prepare.LATER_RETRY_AFTER_S = 0.5


def pause_s(attempt: int) -> float:
    return float(min(2.0, 0.1 * 2.0**attempt))


@asynccontextmanager
async def at_work(opening: Opening) -> AsyncIterator[Baton]:
    async with app.built(opening.settings(), clock=opening.now) as baton, opening.ehr() as ehr:
        office = replace(baton.office, ehr=ehr, memberships=Memberships(ehr, opening.now))
        office = acts.in_crisis(office, opening.provider_url)
        desk = KeptDesk(FlowDesk(office), office, understood)
        quick = replace(baton, office=office, desk=desk, worker=worker_of(office))
        async with app.at_work(quick):
            yield quick


def worker_of(office: Office) -> Worker:
    return Worker(
        office.db,
        handlers(office),
        on_dead=partial(on_dead, office),
        lane_limits=LANE_LIMITS,
        max_attempts=PATIENCE,
        lease_s=LEASE_S,
        time_limit_s=20,
        poll_s=0.5,
        pause=pause_s,
    )


async def live(opening: Opening, line: socket.socket) -> None:
    """Open, say so, do what people do, until nobody listens any more."""
    points = Points(opening.kill_at)
    watch(points)
    acts.watch_pages(points)
    reader, writer = await asyncio.open_connection(sock=line)
    async with at_work(opening) as baton:
        _say(writer, {"ready": True})
        doing: set[asyncio.Task[None]] = set()
        while said := await reader.readline():
            task = asyncio.create_task(_do(baton, points, json.loads(said), writer))
            doing.add(task)
            task.add_done_callback(doing.discard)
        await asyncio.gather(*doing)


async def _do(baton: Baton, points: Points, said: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    answer: Any = None
    match said:
        case {"doing": doing}:
            answer = to_json(await _received(baton.desk, doing))
        case {"crisis": act}:
            answer = await acts.done(baton.office, act)
        case {"disk": disk}:
            _disk(disk)
        case {"points": _}:
            answer = points.passed
    _say(writer, {"n": said["n"], "answer": answer})


async def _received(desk: KeptDesk, doing: str) -> Reply:
    words_or_press = read(doing)
    return await (desk.typed(words_or_press) if isinstance(words_or_press, Typed) else desk.press(words_or_press))


def _disk(disk: str) -> None:
    """`full`: no file of this process takes another byte. `room`: all do again."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 if disk == "full" else hard, hard))


def _say(writer: asyncio.StreamWriter, what: dict[str, Any]) -> None:
    writer.write(json.dumps(what).encode() + b"\n")


def begin(line: socket.socket) -> None:
    """The new process's whole life."""
    with line.makefile("r") as lines:
        opening = Opening(**json.loads(lines.readline()))
    line.sendall(json.dumps({"pid": os.getpid()}).encode() + b"\n")
    _log_into(Path(opening.log))
    shorten_waits()
    asyncio.run(live(opening, line))


def _log_into(path: Path) -> None:
    """For whoever looks into a failure. On a full disk its lines are lost, as anybody's would be."""
    file = path.open("a", buffering=1)
    os.dup2(file.fileno(), 2)

    def keep(_: object, level: str, said: MutableMapping[str, Any]) -> Any:
        with suppress(OSError):
            file.write(f"{os.getpid()} {level} {said}\n")
        raise structlog.DropEvent

    structlog.configure(processors=[keep])


# The process that starts the others


class Nursery:
    """Starts a process for each connection and holds the line until that process is gone, whatever ended it."""

    def __init__(self, path: str) -> None:
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(path)
        self._server.listen(16)
        self._lines: dict[int, socket.socket] = {}

    def run(self) -> None:
        """Until whoever started it is gone."""
        chooser = selectors.DefaultSelector()
        chooser.register(self._server, selectors.EVENT_READ)
        chooser.register(sys.stdin, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in chooser.select(timeout=0.01)}
            self._let_go_of_the_dead()
            if sys.stdin in ready:
                return
            if self._server in ready:
                self._fork(self._server.accept()[0])

    def _fork(self, line: socket.socket) -> None:
        if pid := os.fork():
            self._lines[pid] = line
            return
        status = 1
        try:
            self.close()
            begin(line)
            status = 0
        finally:
            os._exit(status)

    def _let_go_of_the_dead(self) -> None:
        while self._lines and (pid := os.waitpid(-1, os.WNOHANG)[0]):
            self._lines.pop(pid).close()

    def close(self) -> None:
        """In a new process: these are its brothers', and would keep their lines open."""
        self._server.close()
        for line in self._lines.values():
            line.close()
        self._lines.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


if __name__ == "__main__":
    with Nursery(sys.argv[1]) as nursery:
        gc.freeze()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        nursery.run()
