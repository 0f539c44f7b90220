"""How fast one conversation may be spoken to. Decides; nobody waits here: who must wait is told for how long.

Sliding windows, because that is how the platforms count; a bucket that refills would let more through. Kept in memory,
for each process: with several, each keeps its own count, and the platform's own "wait" (429) holds the lane for all.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from bot.chat import CardView, Place, Platform, Postable

REMEMBERED: Final = 10_000  # conversations; the one longest unused is forgotten first


@dataclass(frozen=True, slots=True)
class Window:
    """At most `count` messages within any `per_s` seconds."""

    count: int
    per_s: float


LIMITS: Final[Mapping[Platform, tuple[Window, ...]]] = {
    Platform.SLACK: (Window(3, 3.0), Window(60, 60.0)),  # one a second, with small bursts
    Platform.TEAMS: (Window(7, 1.0), Window(8, 2.0), Window(60, 30.0), Window(1800, 3600.0)),
    Platform.WEB: (),
}


@dataclass(slots=True)
class _Conversation:
    sent: deque[float] = field(default_factory=deque)  # oldest first
    held_until: float = 0.0


class Pace:
    """`clock`: seconds, never going back."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._conversations: OrderedDict[tuple[str, str, str], _Conversation] = OrderedDict()

    def take(self, place: Place, *, count: int = 1) -> float:
        """0: go, and it is counted. Else how many seconds to wait before asking again; nothing is counted."""
        now, windows = self._clock(), LIMITS[place.platform]
        talk = self._talk(place)
        _forget(talk.sent, now - max((window.per_s for window in windows), default=0.0))
        wait = max(wait_s(talk.sent, windows, now=now, count=count), talk.held_until - now)
        if wait > 0:
            return wait
        talk.sent.extend([now] * count if windows else [])
        return 0.0

    def hold(self, place: Place, *, for_s: float) -> None:
        """The platform said to wait: nothing is sent there for so long. Other conversations go on."""
        talk = self._talk(place)
        talk.held_until = max(talk.held_until, self._clock() + for_s)

    def _talk(self, place: Place) -> _Conversation:
        key = (place.platform.value, place.tenant, place.conversation)
        talk = self._conversations.setdefault(key, _Conversation())
        self._conversations.move_to_end(key)
        if len(self._conversations) > REMEMBERED:
            self._conversations.popitem(last=False)
        return talk


def wait_s(sent: Sequence[float], windows: Sequence[Window], *, now: float, count: int = 1) -> float:
    """Seconds until `count` more fit into every window; more than a window holds fit when it is empty."""
    return max((_wait_for(sent, window, now, min(count, window.count)) for window in windows), default=0.0)


def _wait_for(sent: Sequence[float], window: Window, now: float, count: int) -> float:
    over = len(sent) + count - window.count  # so many of the sent ones, the oldest, must have left the window
    return max(0.0, sent[over - 1] + window.per_s - now) if over > 0 else 0.0


def _forget(sent: deque[float], before: float) -> None:
    while sent and sent[0] <= before:
        sent.popleft()


def messages_in(view: Postable, platform: Platform) -> int:
    """How many messages a view is there: Teams announces a card by a text of its own."""
    return 2 if platform is Platform.TEAMS and isinstance(view, CardView) else 1
