"""Who could read along: another organisation, a guest, a stranger, somebody who left. Asked of Slack, not believed.

Asked at each post and at each click, and remembered for a minute; Slack's events make it forgotten at once. A flag that
is missing counts as a danger: client information stands only where Slack has said that nobody else reads it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from weakref import WeakValueDictionary

from bot.chat import ChatRefused, ChatUnavailable, Place, Platform, Who

REMEMBERED_S: Final = 60.0
MEMBERS_REMEMBERED_S: Final = 600.0  # of somebody who only sits in the channel and does nothing
MOST_MEMBERS: Final = 1000
PAGE: Final = 200
AT_ONCE: Final = 8
MOST_REMEMBERED: Final = 5000

type Answer = Mapping[str, Any]
type Changed = Callable[[str, Answer], Coroutine[Any, Any, None]]  # tenant, event
type Noted = Callable[[Who, Place, str], Awaitable[None]]  # a refusal goes into the audit trail, by its rule


class Ask(Protocol):
    """One question to Slack's Web API. Raises ChatRefused, ChatUnavailable."""

    async def __call__(self, tenant: str, method: str, **about: Any) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """`rule` goes into the audit trail, `sentence` to the person."""

    rule: str
    sentence: str


SHARED = Refusal(
    "slack.shared_channel",
    "This channel is shared with another organisation, so nothing about clients may stand here.",
)
PENDING = Refusal(
    "slack.pending_share",
    "This channel is about to be shared with another organisation, so nothing about clients may stand here.",
)
GUEST_INSIDE = Refusal(
    "slack.guest_in_channel", "A guest or somebody of another organisation is in this channel, so I say nothing here."
)
TOO_MANY = Refusal(
    "slack.channel_too_large", "This channel has too many members to check them all, so I say nothing here."
)
UNKNOWN_PLACE = Refusal(
    "slack.channel_unknown",
    "Slack does not tell me who can read this conversation, so I say nothing here. Invite Baton, or write directly.",
)
GUEST = Refusal("slack.guest", "Guests cannot use Baton. Nothing was shown or changed.")
STRANGER = Refusal(
    "slack.stranger", "Baton answers members of your own organisation only. Nothing was shown or changed."
)
GONE = Refusal("slack.deactivated", "This Slack account is switched off. Nothing was shown or changed.")
MACHINE = Refusal("slack.bot", "Baton answers people only. Nothing was shown or changed.")
UNKNOWN_PERSON = Refusal(
    "slack.person_unknown", "Slack does not tell me whether you are a full member, so nothing was shown or changed."
)
CANNOT_ASK = Refusal(
    "slack.cannot_ask",
    "Slack does not answer just now, so I cannot check who reads along. Please try again in a moment.",
)

URGENT_S: Final = 2.0  # so long the answer to a page waits for Slack to say who it is from
HARMLESS: Final = {GONE.rule, MACHINE.rule}  # in a channel: who left reads nothing, software is the workspace's own


@dataclass(frozen=True, slots=True)
class _Known:
    refusal: Refusal | None
    at: float


class Outsiders:
    """Answers for places and for people. `teams`: further workspaces of the same organisation."""

    def __init__(self, ask: Ask, *, teams: Collection[str] = (), now: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._teams, self._now = ask, frozenset(teams), now
        self._known: dict[tuple[str, str], _Known] = {}  # (tenant, id of a channel or a person)
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._few = asyncio.Semaphore(AT_ONCE)
        self._forgotten = 0

    async def at(self, place: Place) -> Refusal | None:
        """Why client information may not stand there now; None when it may. Raises ChatUnavailable: not to be known."""
        return await self._remembered(place.tenant, place.conversation, REMEMBERED_S)

    async def of(self, who: Who) -> Refusal | None:
        """Why this person is not answered. Raises ChatUnavailable."""
        return await self._remembered(who.tenant, who.user, REMEMBERED_S)

    async def acting(self, who: Who, place: Place) -> Refusal | None:
        """For a click or a command: the person first, then where they are. Never raises."""
        try:
            return await self.of(who) or await self.at(place)
        except ChatUnavailable:
            return CANNOT_ASK

    def forget(self, tenant: str, *ids: str) -> None:
        """What was known of these is asked anew; with no ids, of all. Of a person: every channel they may sit in."""
        self._forgotten += 1
        if not ids:
            self._known.clear()
        for each in ids:
            self._known.pop((tenant, each), None)
        if any(_is_person(each) for each in ids):
            self._known = {key: known for key, known in self._known.items() if _is_person(key[1])}

    async def _remembered(self, tenant: str, subject: str, at_most_s: float) -> Refusal | None:
        key = (tenant, subject)
        async with self._turns.setdefault(key, asyncio.Lock()):
            known = self._known.get(key)
            if known is None or self._now() - known.at > at_most_s:
                known = await self._asked(key)
        return known.refusal

    async def _asked(self, key: tuple[str, str]) -> _Known:
        """An answer that Slack's events overtook on the way is used once and not remembered."""
        tenant, subject = key
        before, at = self._forgotten, self._now()
        found = await (self._person(tenant, subject) if _is_person(subject) else self._place(tenant, subject))
        known = _Known(found, at)
        if before == self._forgotten:
            self._known[key] = known
            if len(self._known) > MOST_REMEMBERED:
                del self._known[next(iter(self._known))]
        return known

    async def _place(self, tenant: str, conversation: str) -> Refusal | None:
        try:
            channel = _object(await self._ask(tenant, "conversations.info", channel=conversation), "channel")
            if channel.get("is_im") is True:
                return await self._direct(tenant, str(channel.get("user", "")))
            return shared(channel) or await self._inside(tenant, conversation)
        except ChatRefused:
            return UNKNOWN_PLACE

    async def _direct(self, tenant: str, user: str) -> Refusal | None:
        return await self._remembered(tenant, user, REMEMBERED_S) if _is_person(user) else UNKNOWN_PLACE

    async def _inside(self, tenant: str, channel: str) -> Refusal | None:
        members = await self._members(tenant, channel)
        if not members:
            return TOO_MANY if members is None else UNKNOWN_PLACE
        found = await asyncio.gather(*(self._member(tenant, member) for member in members))
        return GUEST_INSIDE if any(each is not None and each.rule not in HARMLESS for each in found) else None

    async def _member(self, tenant: str, user: str) -> Refusal | None:
        async with self._few:
            return await self._remembered(tenant, user, MEMBERS_REMEMBERED_S)

    async def _members(self, tenant: str, channel: str) -> list[str] | None:
        """None: more than can be asked about."""
        members: list[str] = []
        cursor = ""
        while len(members) <= MOST_MEMBERS:
            more = {"cursor": cursor} if cursor else {}
            answer = await self._ask(tenant, "conversations.members", channel=channel, limit=PAGE, **more)
            listed = answer.get("members")
            members += [str(each) for each in listed] if isinstance(listed, list) else []
            after = answer.get("response_metadata")
            cursor = str(after.get("next_cursor") or "") if isinstance(after, Mapping) else ""
            if not cursor:
                return members if len(members) <= MOST_MEMBERS else None
        return None

    async def _person(self, tenant: str, user: str) -> Refusal | None:
        try:
            return person(_object(await self._ask(tenant, "users.info", user=user), "user"), {tenant, *self._teams})
        except ChatRefused:
            return UNKNOWN_PERSON


def guarding(outsiders: Outsiders, noted: Noted) -> Callable[[Who, Place, bool], Awaitable[str | None]]:
    """What the listeners ask before each click and command: the sentence of a refusal, which is recorded first.

    The answer to a crisis page is taken while Slack cannot be asked: its signature says who pressed.
    """

    async def allowed(who: Who, place: Place, urgent: bool) -> str | None:  # noqa: FBT001 - the listeners' protocol
        try:
            async with asyncio.timeout(URGENT_S if urgent else None):
                found = await outsiders.acting(who, place)
        except TimeoutError:
            found = CANNOT_ASK
        if found is None or (urgent and found is CANNOT_ASK):
            return None
        await noted(who, place, found.rule)
        return found.sentence

    return allowed


# What Slack's events say of it


def watching(outsiders: Outsiders, look_again: Callable[[Place], Awaitable[None]]) -> Changed:
    """What the listeners do when Slack says that a circle changed: forget, and look again where it is wider now."""

    async def changed(tenant: str, event: Answer) -> None:
        ids = touched(event)
        outsiders.forget(tenant, *ids)
        for channel in (each for each in ids if not _is_person(each)):
            place = Place(Platform.SLACK, tenant, channel)
            if await _wider(outsiders, place):
                await look_again(place)

    return changed


async def _wider(outsiders: Outsiders, place: Place) -> bool:
    try:
        return await outsiders.at(place) is not None
    except ChatUnavailable:
        return True


def touched(event: Answer) -> tuple[str, ...]:
    """Ids of channels and people that an event says something new about; () when it may be any of them."""
    match event.get("type"):
        case "channel_shared" | "channel_unshared" | "member_joined_channel" | "member_left_channel":
            return _ids(event.get("channel"), event.get("user"))
        case "channel_id_changed":
            return _ids(event.get("old_channel_id"), event.get("new_channel_id"))
        case "user_change":
            return _ids(event.get("user"))
        case _:
            return ()


def _ids(*named: object) -> tuple[str, ...]:
    found = (each.get("id") if isinstance(each, Mapping) else each for each in named)
    return tuple(each for each in found if isinstance(each, str) and each)


# What Slack's flags mean


def shared(channel: Answer) -> Refusal | None:
    """By `is_ext_shared` and its like; `is_shared` says nothing of outsiders: an organisation shares with itself."""
    flags = (channel.get("is_ext_shared"), channel.get("is_pending_ext_shared"))
    if flags[0] is True:
        return SHARED
    if flags[1] is True or channel.get("pending_shared"):
        return PENDING
    return None if flags == (False, False) else UNKNOWN_PLACE


def person(user: Answer, ours: Collection[str]) -> Refusal | None:
    """`ours`: ids of the organisation and its workspaces."""
    if user.get("deleted") is True:
        return GONE
    if user.get("is_bot") is True or user.get("id") == "USLACKBOT":
        return MACHINE
    if user.get("is_stranger") is True or not _homes(user) & set(ours):
        return STRANGER
    flags = (user.get("is_restricted"), user.get("is_ultra_restricted"))
    if True in flags:
        return GUEST
    return None if flags == (False, False) and user.get("deleted") is False else UNKNOWN_PERSON


def _homes(user: Answer) -> set[str]:
    of_grid = user.get("enterprise_user")
    enterprise = of_grid.get("enterprise_id") if isinstance(of_grid, Mapping) else None
    return {home for home in (user.get("team_id"), enterprise) if isinstance(home, str) and home}


def _is_person(subject: str) -> bool:
    return subject[:1] in {"U", "W"}


def _object(answer: Answer, name: str) -> Answer:
    found = answer.get(name)
    if not isinstance(found, Mapping):
        raise ChatRefused("Slack's answer lacks what was asked for.")
    return found
