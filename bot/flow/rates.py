"""How much one person may ask for: a bucket that refills. Crisis words and crisis buttons are never counted or refused.

Kept in memory, for each process. The first refusal is recorded; the next only after the person has been let through
again, so that whoever holds a key down fills neither the trail nor the database.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from bot.chat import Action, Desk, Home, Notice, Place, Press, Reply, Typed, Who
from bot.crisis import calling
from bot.crisis import words as crisis_words
from bot.flow import readers
from bot.flow.office import Office
from bot.settings import Settings
from skills.kit import Tone

REMEMBERED: Final = 10_000  # people; the one longest away is forgotten first
TOO_MUCH: Final = Notice(
    "That was a lot in a short time, so I did nothing just now. Please wait a minute and try again. "
    "Crisis commands always work.",
    Tone.WARNING,
)
OF_CRISIS: Final = "crisis_"
RULE: Final = "rate.person"


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, and `per_minute` of them again each minute. A burst of 0 counts nobody."""

    burst: int = 60
    per_minute: int = 60


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float
    told: bool = False


@dataclass(slots=True)
class Buckets:
    rate: Rate
    clock: Callable[[], float] = monotonic
    _of: "OrderedDict[Who, _Bucket]" = field(default_factory=OrderedDict)

    def take(self, who: Who) -> "bool | None":
        """True: go on. False: too much. None: too much, for the first time since it last went on."""
        if self.rate.burst == 0:
            return True
        now, bucket = self.clock(), self._bucket(who)
        bucket.left = min(self.rate.burst, bucket.left + (now - bucket.at) * self.rate.per_minute / 60)
        bucket.at = now
        if bucket.left >= 1:
            bucket.left, bucket.told = bucket.left - 1, False
            return True
        first, bucket.told = not bucket.told, True
        return None if first else False

    def _bucket(self, who: Who) -> _Bucket:
        if who not in self._of:
            self._of[who] = _Bucket(self.rate.burst, self.clock())
            if len(self._of) > REMEMBERED:
                self._of.popitem(last=False)
        self._of.move_to_end(who)
        return self._of[who]


@dataclass(frozen=True, slots=True)
class MeasuredDesk:
    """Implements bot.chat.Desk in front of another: nothing of what is refused is kept."""

    desk: Desk
    office: Office
    buckets: Buckets

    async def typed(self, words: Typed) -> Reply:
        if of_crisis(words) or await self._lets(words.who, words.place):
            return await self.desk.typed(words)
        return TOO_MUCH

    async def press(self, press: Press) -> Reply:
        urgent = press.action.value.startswith(OF_CRISIS) or press.action is Action.SAVE_APPROVE
        if urgent or await self._lets(press.who, press.place):
            return await self.desk.press(press)
        return TOO_MUCH

    async def home(self, who: Who) -> Home:
        return await self.desk.home(who)

    async def _lets(self, who: Who, place: Place) -> bool:
        answer = self.buckets.take(who)
        if answer is None:
            await readers.turned_away(self.office, who, place, RULE)
        return bool(answer)


def measured(desk: Desk, office: Office, settings: Settings) -> MeasuredDesk:
    rate = Rate(settings.rates.burst, settings.rates.per_minute)
    return MeasuredDesk(desk, office, Buckets(rate))


def of_crisis(words: Typed) -> bool:
    """A call for help, or words about an escalation."""
    return calling.asks(words.text) or crisis_words.said(words.text) is not None
