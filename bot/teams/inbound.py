"""Reads a Teams activity: what was said or pressed, by whom, where. Pure, and trusts nothing about the shape of it.

After this module nobody can tell Teams from Slack.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.chat import Action, CardRef, Place, Platform, Press, Typed, Who

INPUT = "input_"  # prefix of the ids of our inputs: a field can never pass for the action or the subject
THREAD = ";messageid="

type Activity = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who sent an activity, from where, and how to reach that conversation again."""

    who: Who
    place: Place
    address: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pressed:
    """`in_place`: the client waits for a card to show instead of the one that was pressed."""

    press: Press
    in_place: bool


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A client redraws a card by itself. Nobody pressed anything, so nothing may be decided or updated."""

    press: Press


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A button that is not ours, or one that came without its data."""

    in_place: bool


@dataclass(frozen=True, slots=True)
class Installed:
    greet: bool


@dataclass(frozen=True, slots=True)
class Uninstalled:
    pass


@dataclass(frozen=True, slots=True)
class Irrelevant:
    pass


@dataclass(frozen=True, slots=True)
class NotOffered:
    """An invoke that wants an answer we do not have: search, task modules, sign-in."""


type Heard = Typed | Pressed | Refreshed | Unreadable | Installed | Uninstalled | Irrelevant | NotOffered


def tenants(activity: Activity) -> frozenset[str]:
    """Every tenant that the activity names: exactly one in an honest activity."""
    named = (_word(activity, "conversation", "tenantId"), _word(activity, "channelData", "tenant", "id"))
    return frozenset(tenant for tenant in named if tenant)


def service_url(activity: Activity) -> str:
    return _word(activity, "serviceUrl")


def origin(activity: Activity) -> Origin:
    """`who` by the immutable Entra id; by the bot's own id for the person where Teams sent no Entra id."""
    tenant = next(iter(tenants(activity)), "")
    conversation, _, thread = _word(activity, "conversation", "id").partition(THREAD)
    personal = _word(activity, "conversation", "conversationType") == "personal"
    user = _word(activity, "from", "aadObjectId") or _word(activity, "from", "id")
    return Origin(
        Who(Platform.TEAMS, tenant, user),
        Place(Platform.TEAMS, tenant, conversation, personal, thread or None),
        {"service_url": service_url(activity), "bot": _word(activity, "recipient", "id")},
    )


def read(activity: Activity) -> Heard:
    match activity.get("type"):
        case "message":
            return _message(activity)
        case "invoke":
            return _invoke(activity)
        case "installationUpdate":
            return _installation(activity)
        case "conversationUpdate":
            return _membership(activity)
        case _:
            return Irrelevant()


def _message(activity: Activity) -> Heard:
    value = activity.get("value")
    if isinstance(value, Mapping) and (press := _press(activity, value)):
        return Pressed(press, in_place=False)
    if value is not None and not _word(activity, "text"):
        return Unreadable(in_place=False)
    where = origin(activity)
    return Typed(words(activity), where.who, where.place, f"{where.place.conversation}|{_word(activity, 'id')}")


def _invoke(activity: Activity) -> Heard:
    if activity.get("name") != "adaptiveCard/action":
        return NotOffered()
    value = activity.get("value")
    action = value.get("action") if isinstance(value, Mapping) else None
    data = action.get("data") if isinstance(action, Mapping) else None
    press = _press(activity, data) if isinstance(data, Mapping) else None
    if press is None:
        return Unreadable(in_place=True)
    trigger = value.get("trigger", "manual") if isinstance(value, Mapping) else "manual"
    return Pressed(press, in_place=True) if trigger == "manual" else Refreshed(press)


def _installation(activity: Activity) -> Heard:
    """Teams says "add", "add-upgrade", "remove", "remove-upgrade"; an upgrade is no reason to greet again."""
    action = _word(activity, "action")
    if action.startswith("remove"):
        return Uninstalled() if action == "remove" else Irrelevant()
    return Installed(greet=action == "add")


def _membership(activity: Activity) -> Heard:
    """People come and go without a word from us; only the bot's own coming and going counts."""
    bot = _word(activity, "recipient", "id")
    if bot in _ids(activity.get("membersRemoved")):
        return Uninstalled()
    return Installed(greet=False) if bot in _ids(activity.get("membersAdded")) else Irrelevant()


def _press(activity: Activity, data: Mapping[str, Any]) -> Press | None:
    action, subject, version = data.get("action"), data.get("subject"), _whole(data.get("version"))
    if not isinstance(action, str) or action not in set(Action) or not isinstance(subject, str) or version is None:
        return None
    where = origin(activity)
    card, key = _card(activity, where.place), _delivery(activity, where.place)
    return Press(Action(action), subject, version, where.who, where.place, _values(data), card, key=key)


def _delivery(activity: Activity, place: Place) -> str:
    """The activity's own id; "" where Teams gave none."""
    activity_id = _word(activity, "id")
    return f"{place.conversation}|{activity_id}" if activity_id else ""


def _values(data: Mapping[str, Any]) -> dict[str, str]:
    """The button's own constants and what the person entered, which wins."""
    constants = data.get("values")
    known = dict(constants) if isinstance(constants, Mapping) else {}
    entered = {key.removeprefix(INPUT): value for key, value in data.items() if key.startswith(INPUT)}
    both = (known | entered).items()
    return {key: value for key, value in both if isinstance(key, str) and isinstance(value, str)}


def _card(activity: Activity, place: Place) -> CardRef | None:
    message = _word(activity, "replyToId")
    return CardRef(Platform.TEAMS, place.tenant, conversation_id(place), message) if message else None


def conversation_id(place: Place) -> str:
    """The id as Teams writes it: a channel's thread is part of it."""
    return f"{place.conversation}{THREAD}{place.thread}" if place.thread else place.conversation


def words(activity: Activity) -> str:
    """What was typed, without the mention of the bot and without the slash. Other people stay, by name."""
    text = _word(activity, "text")
    for mention in _mentions_of(_word(activity, "recipient", "id"), activity):
        text = text.replace(mention, " ")
    text = html.unescape(re.sub(r"</?at\b[^>]*>", "", text))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(lines).strip().removeprefix("/").strip()


def _mentions_of(bot: str, activity: Activity) -> list[str]:
    entities = (entity for entity in _list(activity.get("entities")) if isinstance(entity, Mapping))
    return [
        _word(entity, "text") or f"<at>{_word(entity, 'mentioned', 'name')}</at>"
        for entity in entities
        if _word(entity, "mentioned", "id") == bot
    ]


def _ids(members: object) -> set[str]:
    return {_word(member, "id") for member in _list(members) if isinstance(member, Mapping)}


def _whole(value: object) -> int | None:
    """Some clients return a number as text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _word(activity: Activity, *path: str) -> str:
    """The text at that path; "" when there is nothing or something else."""
    here: object = activity
    for name in path:
        here = here.get(name) if isinstance(here, Mapping) else None
    return here if isinstance(here, str) else ""
