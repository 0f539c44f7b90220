"""What an EHR tells by itself: R4 Subscriptions Backport notifications, and classic R4 rest-hook payloads. Pure.

Nothing of a payload is believed but which record it names: type and id. Records are read again under our own scope.
The shapes are those of HL7 "Subscriptions R5 Backport" 1.1 (a Bundle of type history whose first entry is a Parameters
resource) and of FHIR R4 Subscription, channel rest-hook (the changed resource itself, or nothing).
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

LARGEST: Final = 1024 * 1024
MOST_EVENTS: Final = 500
_NAMED: Final = re.compile(
    r"(?P<kind>[A-Z][A-Za-z]{1,63})/(?P<id>[A-Za-z0-9.\-]{1,64})(?:/_history/[A-Za-z0-9.\-]{1,64})?"
)
_SUBSCRIPTION: Final = re.compile(r"(?:^|/)Subscription/([A-Za-z0-9.\-]{1,64})(?:/|$)")

type Json = dict[str, Any]


class Unreadable(Exception):
    """`rule` is a code; `str()` says what was expected and repeats nothing of what came."""

    def __init__(self, rule: str, sentence: str) -> None:
        super().__init__(sentence)
        self.rule = rule


class What(StrEnum):
    HANDSHAKE = "handshake"
    HEARTBEAT = "heartbeat"
    STATUS = "query-status"
    EVENTS = "event-notification"
    CLASSIC = "classic"


@dataclass(frozen=True, slots=True)
class Focus:
    """A record that an event is about."""

    kind: str
    id: str

    @property
    def ref(self) -> str:
        return f"{self.kind}/{self.id}"


@dataclass(frozen=True, slots=True)
class Event:
    """`number` counts from the start of its subscription, where the EHR counts. No focus: look yourself."""

    key: str
    number: int | None
    focus: tuple[Focus, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """`told`: how many events there were since the start, the last of these included. `foreign`: named elsewhere."""

    what: What
    subscription: str
    events: tuple[Event, ...] = ()
    told: int | None = None
    foreign: int = 0


def read(body: bytes, *, base_url: str) -> Notice:
    """`base_url`: the EHR's own; what is named elsewhere is left out and counted. Raises Unreadable."""
    if len(body) > LARGEST:
        raise Unreadable("ehr.too_large", "A notification has at most a megabyte.")
    if not body.strip():
        return Notice(What.CLASSIC, "", (Event("", None),))
    resource = _json(body)
    if resource.get("resourceType") == "Bundle":
        return _backport(resource, base_url)
    focus = _of_resource(resource)
    return Notice(What.CLASSIC, "", (Event(f"classic:{hashlib.sha256(body).hexdigest()[:40]}", None, (focus,)),))


def _json(body: bytes) -> Json:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("ehr.no_json", "A notification is FHIR as JSON.") from None
    if not isinstance(found, dict) or not isinstance(found.get("resourceType"), str):
        raise Unreadable("ehr.no_resource", "A notification is one FHIR resource.")
    return found


def _of_resource(resource: Json) -> Focus:
    kind, name = resource["resourceType"], resource.get("id")
    if not isinstance(name, str) or not _NAMED.fullmatch(f"{kind}/{name}"):
        raise Unreadable("ehr.no_id", "The resource of a notification needs its type and id.")
    return Focus(kind, name)


# Backport


def _backport(bundle: Json, base_url: str) -> Notice:
    status = _status(bundle)
    subscription = _subscription(status)
    what = _what(status)
    told = _number(_one(status, "events-since-subscription-start"))
    parts = [part for part in _parameters(status) if part.get("name") == "notification-event"]
    if len(parts) > MOST_EVENTS:
        raise Unreadable("ehr.too_many", f"A notification has at most {MOST_EVENTS} events.")
    events: list[Event] = []
    foreign = 0
    for part in parts if what is What.EVENTS else ():
        event, elsewhere = _event(part, subscription, base_url)
        events.append(event)
        foreign += elsewhere
    if what is What.EVENTS and not events:  # an empty payload: something happened, and we look ourselves
        events = [Event(f"{subscription}:{told}" if told is not None else "", told)]
    return Notice(what, subscription, tuple(events), told, foreign)


def _status(bundle: Json) -> Json:
    """The first entry. `SubscriptionStatus` is its R4B name."""
    entries = bundle.get("entry")
    first = entries[0] if isinstance(entries, list) and entries else None
    resource = first.get("resource") if isinstance(first, dict) else None
    if not isinstance(resource, dict) or resource.get("resourceType") not in ("Parameters", "SubscriptionStatus"):
        raise Unreadable("ehr.no_status", "The first entry of a notification says how its subscription stands.")
    return resource


def _parameters(status: Json) -> Iterator[Json]:
    if status.get("resourceType") == "SubscriptionStatus":
        events = status.get("notificationEvent")
        yield from (
            {"name": "notification-event", "event": each}
            for each in (events if isinstance(events, list) else ())
            if isinstance(each, dict)
        )
        return
    parameters = status.get("parameter")
    yield from (each for each in (parameters if isinstance(parameters, list) else ()) if isinstance(each, dict))


def _one(status: Json, name: str) -> Any:
    """The value of a parameter, whatever its type; None when it is not there."""
    if status.get("resourceType") == "SubscriptionStatus":
        return status.get("".join(word.capitalize() if n else word for n, word in enumerate(name.split("-"))))
    return next((_value(each) for each in _parameters(status) if each.get("name") == name), None)


def _value(part: Json) -> Any:
    return next((value for key, value in part.items() if key.startswith("value")), None)


def _what(status: Json) -> What:
    try:
        return What(str(_one(status, "type")))
    except ValueError:
        raise Unreadable("ehr.no_type", "A notification is a handshake, a heartbeat or an event.") from None


def _subscription(status: Json) -> str:
    value = _one(status, "subscription")
    ref = value.get("reference") if isinstance(value, dict) else None
    found = _SUBSCRIPTION.search(ref) if isinstance(ref, str) else None
    if found is None:
        raise Unreadable("ehr.no_subscription", "A notification names its subscription.")
    return found[1]


def _event(part: Json, subscription: str, base_url: str) -> tuple[Event, int]:
    given = part.get("event") if "event" in part else {str(p.get("name")): _value(p) for p in _parts(part)}
    told: Json = given if isinstance(given, dict) else {}
    number = _number(told.get("event-number", told.get("eventNumber")))
    named = [told.get("focus")] if "event" in part else [_value(p) for p in _parts(part) if p.get("name") == "focus"]
    refs = [ref for each in named if isinstance(each, dict) and isinstance(ref := each.get("reference"), str)]
    focus = tuple(dict.fromkeys(found for ref in refs if (found := _focus(ref, base_url)) is not None))
    key = f"{subscription}:{number}" if number is not None else ""
    return Event(key, number, focus), len(refs) - sum(_focus(ref, base_url) is not None for ref in refs)


def _parts(part: Json) -> Iterator[Json]:
    parts = part.get("part")
    yield from (each for each in (parts if isinstance(parts, list) else ()) if isinstance(each, dict))


def _focus(ref: str, base_url: str) -> Focus | None:
    """None: it lies outside of the EHR that we are connected to, and is never fetched."""
    base = base_url.rstrip("/") + "/"
    relative = ref.removeprefix(base)
    found = _NAMED.fullmatch(relative)
    return Focus(found["kind"], found["id"]) if found else None


def _number(value: Any) -> int | None:
    """R4 writes it as a string, R5 as a number; nothing else counts."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
