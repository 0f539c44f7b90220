"""Owns work that outlives its request: nothing runs unwatched, and stopping waits for it."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Errands:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def finished(self, *, within_s: float) -> bool:
        """Waits until nothing is under way; what is still running at the end is cancelled."""
        deadline = asyncio.get_running_loop().time() + within_s
        while self._tasks and (left := deadline - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(self._tasks, timeout=left)
        late = tuple(self._tasks)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return not late


async def done_within(task: asyncio.Task[Any], seconds: float) -> bool:
    """Looks at the task without ending it."""
    done, _ = await asyncio.wait({task}, timeout=seconds)
    return bool(done)
