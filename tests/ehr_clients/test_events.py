"""Notifications of an EHR, as standards and as strangers write them: only names of records are taken from them."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ehr_clients.events import LARGEST, Event, Focus, Notice, Unreadable, What, read

BASE = "https://ehr.example/fhir"
type Json = dict[str, Any]


def status(what: str = "event-notification", *events: Json, told: object = "1", sub: str = "Subscription/s1") -> Json:
    parameter: list[Json] = [
        {"name": "subscription", "valueReference": {"reference": sub}},
        {"name": "topic", "valueCanonical": "http://example.org/topic"},
        {"name": "status", "valueCode": "active"},
        {"name": "type", "valueCode": what},
        {"name": "events-since-subscription-start", "valueString": told},
    ]
    return {"resourceType": "Parameters", "parameter": [*parameter, *events]}


def event(number: object, *focus: str) -> Json:
    parts: list[Json] = [{"name": "event-number", "valueString": number}]
    parts += [{"name": "focus", "valueReference": {"reference": ref}} for ref in focus]
    return {"name": "notification-event", "part": parts}


def bundle(first: Json) -> bytes:
    return json.dumps({"resourceType": "Bundle", "type": "history", "entry": [{"resource": first}]}).encode()


def notice(first: Json) -> Notice:
    return read(bundle(first), base_url=BASE)


def test_a_handshake_and_a_heartbeat_are_about_nothing() -> None:
    assert notice(status("handshake", told="0")) == Notice(What.HANDSHAKE, "s1", (), 0)
    assert notice(status("heartbeat", told="7")) == Notice(What.HEARTBEAT, "s1", (), 7)


@pytest.mark.parametrize("focus", ["Task/t1", f"{BASE}/Task/t1", f"{BASE}/Task/t1/_history/3"])
def test_an_event_names_its_record(focus: str) -> None:
    found = notice(status("event-notification", event("1", focus)))
    assert found.events == (Event("s1:1", 1, (Focus("Task", "t1"),)),)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://other.example/fhir/Task/t1",
        "https://ehr.example/fhir-evil/Task/t1",
        "https://ehr.example/fhir/../admin/Task/t1",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "Task/../../x",
        "Task/t1?_format=html",
        "#contained",
        "urn:uuid:1",
    ],
)
def test_what_lies_elsewhere_is_never_named(elsewhere: str) -> None:
    found = notice(status("event-notification", event("1", elsewhere)))
    assert (found.events[0].focus, found.foreign) == ((), 1)


def test_an_empty_payload_says_that_something_happened() -> None:
    assert notice(status("event-notification", told="4")).events == (Event("s1:4", 4),)


def test_a_part_whose_name_is_no_text_says_nothing() -> None:
    odd = {"name": "notification-event", "part": [{"name": []}, {"name": {}, "valueString": "1"}]}
    assert notice(status("event-notification", odd)).events == (Event("", None),)


def test_the_newer_name_of_the_status_is_read_too() -> None:
    newer = {
        "resourceType": "SubscriptionStatus",
        "type": "event-notification",
        "subscription": {"reference": f"{BASE}/Subscription/s1"},
        "eventsSinceSubscriptionStart": 3,
        "notificationEvent": [{"eventNumber": 3, "focus": {"reference": "Task/t1"}}],
    }
    assert notice(newer) == Notice(What.EVENTS, "s1", (Event("s1:3", 3, (Focus("Task", "t1"),)),), 3)


def test_the_classic_payload_is_a_resource_or_nothing() -> None:
    body = json.dumps({"resourceType": "Task", "id": "t1", "description": "words"}).encode()
    found = read(body, base_url=BASE)
    assert (found.what, found.events[0].focus) == (What.CLASSIC, (Focus("Task", "t1"),))
    assert read(body, base_url=BASE).events[0].key == found.events[0].key
    assert read(b"", base_url=BASE) == Notice(What.CLASSIC, "", (Event("", None),))


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (b"no json", "ehr.no_json"),
        (b"[" * 100_000, "ehr.no_json"),
        (b"\xff\xfe", "ehr.no_json"),
        (b"[]", "ehr.no_resource"),
        (b'{"resourceType": 7}', "ehr.no_resource"),
        (b'{"resourceType": "Task"}', "ehr.no_id"),
        (b'{"resourceType": "Task", "id": "../x"}', "ehr.no_id"),
        (b'{"resourceType": "Bundle"}', "ehr.no_status"),
        (b'{"resourceType": "Bundle", "entry": [null]}', "ehr.no_status"),
        (b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": []}}]}', "ehr.no_status"),
        (bundle(status("event-notification", sub="nowhere")), "ehr.no_subscription"),
        (bundle(status("surprise")), "ehr.no_type"),
        (bundle(status("event-notification", *[event(str(n), "Task/1") for n in range(501)])), "ehr.too_many"),
        (b" " * (LARGEST + 1), "ehr.too_large"),
    ],
)
def test_anything_else_is_refused_by_a_rule_and_nothing_of_it_is_repeated(body: bytes, rule: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(body, base_url=BASE)
    assert refused.value.rule == rule
    assert "surprise" not in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "resourceType",
                    "entry",
                    "resource",
                    "parameter",
                    "name",
                    "valueString",
                    "valueReference",
                    "reference",
                    "part",
                    "type",
                    "id",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300)
@given(JSON, st.sampled_from(["Parameters", "SubscriptionStatus", "Task", "Bundle"]))
def test_whatever_shape_it_has_it_is_read_or_refused(odd: Any, kind: str) -> None:
    body = {**(odd if isinstance(odd, dict) else {"entry": odd}), "resourceType": kind}
    for given_body in (json.dumps(body).encode(), bundle(body)):
        try:
            read(given_body, base_url=BASE)
        except Unreadable as refused:
            assert refused.rule.startswith("ehr.")  # noqa: PT017 - it may be read as well
