"""The dead-man's switch: a URL outside that raises the alarm when it has not been called for a while."""

from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp
import structlog

from bot.settings import Settings

CALL_S: Final = 5.0
_log = structlog.get_logger(__name__)


def heartbeat_of(settings: Settings) -> Callable[[], Awaitable[None]] | None:
    """One call a time. A switch that does not answer is its own alarm: it is logged, and nothing else waits for it."""
    url = settings.crisis.heartbeat_url
    if url is None:
        return None

    async def beat() -> None:
        try:
            timeout = aiohttp.ClientTimeout(total=CALL_S)
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(str(url)) as answer:
                if answer.status >= 400:
                    _log.warning("heartbeat_refused", status=answer.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            _log.warning("heartbeat_failed", code=type(error).__name__)

    return beat
