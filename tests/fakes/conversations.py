"""The `Conversations` store in memory. Keyed by platform, tenant and conversation alone, as the port's callers rely on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.chat import Place, Who


@dataclass
class MemoryConversations:
    living: dict[Place, Mapping[str, str]] = field(default_factory=dict)
    people: dict[Who, Place] = field(default_factory=dict)
    buried: list[Place] = field(default_factory=list)

    async def remember(self, place: Place, *, who: Who | None, address: Mapping[str, str]) -> None:
        self.living[_key(place)] = dict(address)
        if who is not None:
            self.people[who] = place

    async def address(self, place: Place) -> Mapping[str, str] | None:
        return self.living.get(_key(place))

    async def personal(self, who: Who) -> Place | None:
        place = self.people.get(who)
        return place if place is not None and _key(place) in self.living else None

    async def bury(self, place: Place) -> None:
        self.living.pop(_key(place), None)
        self.buried.append(_key(place))


def _key(place: Place) -> Place:
    return replace(place, personal=False, thread=None)
