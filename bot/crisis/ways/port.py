"""The port of a way to reach a person in a crisis: what a page holds, and what a caller may rely on.

A page holds an alias, a level and a code, and nothing else about a client: it may light up on a locked phone, be read
out by a machine or lie with a telephone company.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.chat import CardRef, Place
from bot.clinic import StaffMember
from bot.crisis.policy import WayName


@dataclass(frozen=True, slots=True)
class Page:
    """What goes out. `to` is the person; None when it goes to a channel, which `place` then names."""

    code: str  # E-17: what the person types or says to answer
    alias: str
    level: str  # of the escalation's tier, in words: "now", "same day", "follow-up"
    text: str  # one short sentence with the three above in it
    to: StaffMember | None
    place: Place | None = None
    attempt: int = 1  # above one: an earlier attempt may have gone out, so look before sending
    since: datetime | None = None  # when it fell due: nothing of it went out before


@dataclass(frozen=True, slots=True)
class Delivery:
    """`ref` is the provider's own id of the message or call, for its callbacks; "" when it gives none."""

    ref: str = ""
    card: CardRef | None = None  # where it stands in chat, to be redrawn when somebody answers
    repeated: bool = False  # this key had gone out before


class Undelivered(Exception):
    """It will not arrive this way: no such number, conversation gone. `reason` is a code. The next step is due now."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unavailable(Exception):
    """Not now: the provider does not answer or says to wait. Tried again until it arrives or somebody has answered."""

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class Way(Protocol):
    """One way to reach a person."""

    name: WayName

    async def page(self, page: Page, *, key: str) -> Delivery:
        """Hand the page over to whoever carries it. Bounded to 10 s by the caller. Raises Undelivered, Unavailable.

        A second call with the same `key` sends nothing when the first one went out, as far as the way can find out:
        hand the key to the provider as its idempotency key, or look for it. A provider that reports later that a page
        did not arrive is passed on with `bot.crisis.engine.not_delivered(office, key, reason)`; one that reports a
        person's answer (DTMF, a reply) with `bot.crisis.verbs.acknowledge`.
        """
        ...


type Ways = Mapping[WayName, Way]
