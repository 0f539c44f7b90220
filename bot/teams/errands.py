"""Work that goes on after Teams has its answer. Each task has an owner, who waits for it before closing."""

import asyncio
import logging
from collections.abc import Coroutine

from bot.chat import ChatRefused, ChatUnavailable

log = logging.getLogger(__name__)


class Errands:
    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()

    def run(self, what: str, errand: Coroutine[None, None, object]) -> None:
        """Start it now. `what` is a fixed word for the log; a failure never carries more than its kind."""
        task = asyncio.create_task(_reported(what, errand))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def settle(self) -> None:
        """Until everything that was begun has ended, and what it began in turn."""
        while self._under_way:
            await asyncio.wait(set(self._under_way))


async def _reported(what: str, errand: Coroutine[None, None, object]) -> None:
    try:
        await errand
    except (ChatUnavailable, ChatRefused) as problem:
        log.warning("teams %s not delivered: %s", what, problem)
    except Exception as problem:  # noqa: BLE001  # the last stop: named by kind, since its text may quote a person
        log.error("teams %s failed: %s", what, type(problem).__name__)  # noqa: TRY400  # a traceback prints arguments
