"""Asks each check by itself, all at once, each within its time: one that hangs or breaks is a finding of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from bot.check.finding import Finding, fail
from bot.check.given import Given

WITHIN_S: Final = 15.0
SLOW_MEND: Final = "See whether the machine on the other side answers from here: address, firewall, proxy."
BROKEN_MEND: Final = "This is a fault of Baton's own check. The rest of the list stands; report the name of the error."
_log = structlog.get_logger(__name__)

type Look = Callable[[Given], Awaitable[Sequence[Finding]]]


@dataclass(frozen=True, slots=True)
class Check:
    """`names` are all that `look` may tell; where it is too slow or breaks, each of them is told so."""

    names: tuple[str, ...]
    look: Look


async def all_of(checks: Sequence[Check], given: Given, *, within_s: float = WITHIN_S) -> list[Finding]:
    """In the order of the checks."""
    found = await asyncio.gather(*(_one(check, given, within_s) for check in checks))
    return [finding for findings in found for finding in findings]


async def _one(check: Check, given: Given, within_s: float) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(within_s):
            return await check.look(given)
    except TimeoutError:
        sentence, mend = f"No answer within {within_s:.0f} seconds.", SLOW_MEND
    except Exception as error:  # noqa: BLE001 - one broken check must not hide what the others found
        _log.warning("check_broken", kind=check.names[0], error=type(error).__name__)
        sentence, mend = f"The check itself broke ({type(error).__name__}).", BROKEN_MEND
    return [fail(name, sentence, mend) for name in check.names]
