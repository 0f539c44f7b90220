"""The demo's phone view: what came to the telephone of the person one is, with keys to press and words to send back."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One message or call. `kind`: "message", "reply" (the person's own) or "call"."""

    kind: str
    text: str
    at: datetime
    state: str
    rings: bool = False


@dataclass(frozen=True, slots=True)
class PhoneView:
    """Each by the id of the person. `lines` None: no telephone; newest last."""

    lines: Callable[[str], Sequence[Line] | None]
    press: Callable[[str, str], Awaitable[str]]
    reply: Callable[[str, str], Awaitable[str]]
