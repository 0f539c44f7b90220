"""What Slack's payloads mean. After this nobody can tell where a `Typed` or a `Press` came from.

Everything here is untrusted although it is signed: a person can replay, forge or edit what a form carries.
Raises Malformed for what neither we drew nor Slack documents.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.chat import CardRef, Place, Platform, Press, Typed, Who
from bot.slack import wire
from bot.slack.wire import Anchor, Malformed, Meant

type Payload = Mapping[str, Any]

OUTSIDER = "Baton answers members of your own organisation only. Nothing was shown or changed."
SHARED_CHANNEL = "This channel is shared with another organisation, so Baton does not answer here."
RULES = {OUTSIDER: "slack.outsider", SHARED_CHANNEL: "slack.shared_channel"}  # for the audit trail
FLAGS = ("is_stranger", "is_restricted", "is_ultra_restricted", "is_bot", "deleted")
MENTION = re.compile(r"\s*<@[UW][A-Z0-9]+(?:\|[^>]*)?>\s*")
PERSON = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")


class Surface(StrEnum):
    """Where a button was pressed; it decides how the answer can be shown."""

    MESSAGE = "message"
    EPHEMERAL = "ephemeral"  # only one person sees it, and only its response_url can change it
    MODAL = "modal"
    HOME = "home"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where someone acted, and every way back to them."""

    who: Who
    place: Place
    surface: Surface
    anchor: Anchor = field(default_factory=Anchor)
    trigger: str = ""  # opens one modal within 3 s
    response_url: str = ""
    view_id: str = ""

    @property
    def origin(self) -> CardRef | None:
        if not self.anchor.message:
            return None
        return CardRef(Platform.SLACK, self.who.tenant, self.anchor.conversation, self.anchor.message)


def text_at(body: object, *path: str) -> str:
    """The words at a path, "" when there are none or something else stands there."""
    for name in path:
        body = body.get(name) if isinstance(body, Mapping) else None
    return body if isinstance(body, str) else ""


def asker(body: Payload) -> Who:
    """Who did it. Grid users belong to the enterprise, others to their team."""
    user = text_at(body, "user", "id") or text_at(body, "user_id") or text_at(body, "event", "user")
    if not user or not tenant(body):
        raise Malformed("nobody is named")
    return Who(Platform.SLACK, tenant(body), user)


def tenant(body: Payload) -> str:
    """The enterprise where there is one, else the workspace; "" when neither is named."""
    return _enterprise(body) or _team(body)


def command(body: Payload) -> Typed:
    """`/handoff C-102` and `/baton handoff C-102` both say "handoff C-102"."""
    who = asker(body)
    name = text_at(body, "command").removeprefix("/")
    words = _spoken(text_at(body, "text"))
    text = words if name == "baton" else f"{name} {words}"
    return Typed(text.strip(), who, _place(who, text_at(body, "channel_id")), _key(text_at(body, "trigger_id")))


def said(body: Payload) -> Typed:
    """Words of an app_mention or of a message in the bot's own conversation with someone."""
    who, event = asker(body), body["event"]
    place = _place(who, text_at(event, "channel"), thread=text_at(event, "thread_ts"))
    key = text_at(body, "event_id") or f"{place.conversation}:{text_at(event, 'ts')}"
    return Typed(_spoken(MENTION.sub("", text_at(event, "text"), count=1)), who, place, _key(key))


def listened_to(body: Payload) -> bool:
    """A mention or a direct message, written now, by a person."""
    event = body.get("event")
    if by_bot(body) or text_at(event, "subtype") or not text_at(event, "user"):
        return False
    return text_at(event, "type") == "app_mention" or text_at(event, "channel_type") == "im"


def by_bot(body: Payload) -> bool:
    """Written or pressed by software, ours included. Whose message carries the button does not matter."""
    event, user = body.get("event"), body.get("user")
    if isinstance(event, Mapping) and (event.get("bot_id") or event.get("bot_profile")):
        return True
    if isinstance(user, Mapping) and (user.get("is_bot") or user.get("bot_id")):
        return True
    actor = text_at(body, "user", "id") or text_at(body, "user_id") or text_at(body, "event", "user")
    return actor == "USLACKBOT" or actor in _own_ids(body)


def refusal(body: Payload, teams: Collection[str]) -> str | None:
    """What the payload alone says against answering; None when nothing does. `teams`: further workspaces of ours."""
    event, user = body.get("event"), body.get("user")
    if body.get("is_ext_shared_channel") is True:
        return SHARED_CHANNEL
    if isinstance(user, Mapping) and any(user.get(flag) for flag in FLAGS):
        return OUTSIDER
    home = text_at(event, "user_team") or text_at(event, "team") or text_at(user, "team_id")
    ours = {_enterprise(body), _team(body), *teams} - {""}
    return OUTSIDER if home and home not in ours else None


def spot(body: Payload) -> Spot:
    who, view = asker(body), body.get("view")
    trigger, url = text_at(body, "trigger_id"), text_at(body, "response_url")
    if isinstance(view, Mapping) and text_at(view, "type") == "home":
        return Spot(who, own_place(who), Surface.HOME, trigger=trigger)
    if isinstance(view, Mapping):
        anchor = wire.read_anchor(text_at(view, "private_metadata"))
        place = _place(who, anchor.conversation, thread=anchor.thread) if anchor.conversation else own_place(who)
        return Spot(who, place, Surface.MODAL, anchor, trigger, url, text_at(view, "id"))
    container = body.get("container")
    channel = text_at(body, "channel", "id") or text_at(container, "channel_id")
    hidden = isinstance(container, Mapping) and container.get("is_ephemeral") is True
    thread = text_at(container, "thread_ts")
    anchor = Anchor(channel, "" if hidden else text_at(container, "message_ts"), thread)
    surface = Surface.EPHEMERAL if hidden else Surface.MESSAGE
    return Spot(who, _place(who, channel, thread=thread), surface, anchor, trigger, url)


def pressed(body: Payload, at: Spot) -> tuple[Press, bool]:
    """The press, and whether its button promised a modal."""
    meant = _pressed(body)
    return _press(meant, at), meant.opens


def submitted(body: Payload, at: Spot) -> Press:
    state = body["view"].get("state")
    values = state.get("values") if isinstance(state, Mapping) else None
    if not isinstance(values, Mapping):
        raise Malformed("a form without values")
    meant = wire.read_form(text_at(body, "view", "private_metadata"), values)
    if text_at(body, "view", "callback_id") != meant.action:
        raise Malformed("a form that contradicts itself")
    return _press(meant, at)


def own_place(who: Who) -> Place:
    """The bot's conversation with someone, where no channel is named: Slack accepts the user's id for it."""
    return Place(Platform.SLACK, who.tenant, who.user, personal=True)


def _pressed(body: Payload) -> Meant:
    match body.get("actions"):
        case [{"type": "button", "action_id": str(name), "value": str(value)}, *_]:
            return wire.read_button(name, value)
        case [{"type": "static_select", "action_id": str(name), "block_id": str(block_id)} as action, *_]:
            return wire.read_select(name, block_id, text_at(action, "selected_option", "value"))
        case _:
            raise Malformed("a press of something that we never draw")


def _press(meant: Meant, at: Spot) -> Press:
    return Press(meant.action, meant.subject, meant.version, at.who, at.place, meant.values, at.origin, key=at.trigger)


def _place(who: Who, channel: str, *, thread: str = "") -> Place:
    if not channel:
        raise Malformed("no conversation is named")
    return Place(Platform.SLACK, who.tenant, channel, personal=channel[0] in "DUW", thread=thread or None)


def _key(key: str) -> str:
    if not key.strip(":"):
        raise Malformed("a delivery without an id")
    return key


def _spoken(text: str) -> str:
    """As the person wrote it: Slack escapes three characters and wraps mentions."""
    text = PERSON.sub(r"@\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def _enterprise(body: Payload) -> str:
    return text_at(body, "enterprise", "id") or text_at(body, "enterprise_id") or text_at(body, "team", "enterprise_id")


def _team(body: Payload) -> str:
    """The workspace where the app is installed. Interactions of an organisation-wide install name it in the view."""
    return text_at(body, "team", "id") or text_at(body, "team_id") or text_at(body, "view", "app_installed_team_id")


def _own_ids(body: Payload) -> set[str]:
    listed = body.get("authorizations")
    return {text_at(each, "user_id") for each in listed} - {""} if isinstance(listed, list) else set()
