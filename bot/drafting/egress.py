"""The last look at a request to a model, at its finished bytes: whatever is wrong above, no identifier leaves here."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import httpx2

from bot.drafting.port import Residue

_looked_for: ContextVar[Residue | None] = ContextVar("_looked_for", default=None)


class Withheld(Exception):
    """The request was not sent. `kinds` are kinds of identifiers, never the identifiers."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        super().__init__("a request to the model was withheld before it left")
        self.kinds = kinds


@contextmanager
def looking_for(residue: Residue) -> Iterator[None]:
    """Requests of this task are held against `residue` while the block lasts. Outside of one, none is sent at all."""
    token = _looked_for.set(residue)
    try:
        yield
    finally:
        _looked_for.reset(token)


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Sends what holds no identifier; raises Withheld for the rest. Follows no redirect by itself."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        residue = _looked_for.get()
        if residue is None:
            raise Withheld(("unguarded",))
        if kinds := residue(await request.aread()):
            raise Withheld(kinds)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()
