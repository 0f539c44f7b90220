"""What comes in at the same time is done in one go: while one transaction commits, the next one gathers.

The first call waits for others only where `gather_s` says so: a quiet system is as fast as without this.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

MOST: Final = 32


class Together[T]:
    """`await together.add(one)` returns when `do` has done it, and raises what `do` raised for all it was given."""

    def __init__(
        self, do: Callable[[Sequence[T]], Awaitable[None]], *, gather_s: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._do = do
        self._gather_s = gather_s
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._doing: asyncio.Task[None] | None = None

    @property
    def task(self) -> asyncio.Task[None] | None:
        """What is under way, for the owner to cancel."""
        return self._doing

    async def add(self, one: T) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, done))
        if self._doing is None or self._doing.done():
            self._doing = asyncio.create_task(self._all())
        await done

    async def _all(self) -> None:
        try:
            while self._waiting:
                if len(self._waiting) < MOST and (gather_s := self._gather_s()) > 0:
                    await asyncio.sleep(gather_s)
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._one_go(batch)
        except asyncio.CancelledError:
            for _, done in self._waiting:
                done.cancel()
            raise

    async def _one_go(self, batch: Sequence[tuple[T, asyncio.Future[None]]]) -> None:
        wanted = [(one, done) for one, done in batch if not done.done()]  # whoever was cancelled wants nothing any more
        try:
            await self._do([one for one, _ in wanted])
        except BaseException as trouble:
            for _, done in wanted:
                if not done.done():
                    done.cancel() if isinstance(trouble, asyncio.CancelledError) else done.set_exception(trouble)
            if not isinstance(trouble, Exception):
                raise
        else:
            for _, done in wanted:
                if not done.done():
                    done.set_result(None)
