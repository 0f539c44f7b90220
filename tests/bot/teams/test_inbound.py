"""What an activity says, read without trusting its shape."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import Place, Platform, Who
from bot.teams import inbound

TENANT = "t-1"
BOT = {"id": "28:bot", "name": "Baton"}


def message(text: str, *mentions: tuple[str, str]) -> dict[str, Any]:
    entities = [
        {"type": "mention", "text": f"<at>{name}</at>", "mentioned": {"id": by, "name": name}} for by, name in mentions
    ]
    return {"type": "message", "text": text, "recipient": BOT, "entities": entities}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (message("handoff C-102"), "handoff C-102"),
        (message("/handoff C-102"), "handoff C-102"),
        (message("<at>Baton</at> /handoff C-102\n", ("28:bot", "Baton")), "handoff C-102"),
        (message("<at>Baton</at>&nbsp;handoff\u00a0C-102", ("28:bot", "Baton")), "handoff C-102"),
        (message("<at>Baton</at> handoff C-102 to <at>Dana Reyes</at>", ("28:bot", "Baton"), ("29:d", "Dana Reyes")), "handoff C-102 to Dana Reyes"),
        (message("ask C-102 is 3 &lt; 4?\nand  more"), "ask C-102 is 3 < 4?\nand more"),
        (message("<at>Baton</at>", ("28:bot", "Baton")), ""),
        ({"type": "message", "text": None}, ""),
    ],
    ids=str,
)  # fmt: skip
def test_words_stand_without_mention_and_slash(said: dict[str, Any], words: str) -> None:
    assert inbound.words(said) == words


def test_a_thread_of_a_channel_belongs_to_its_channel() -> None:
    activity = {
        "conversation": {"id": "19:c@thread.tacv2;messageid=17", "tenantId": TENANT, "conversationType": "channel"},
        "from": {"id": "29:x", "aadObjectId": "aad"},
    }
    origin = inbound.origin(activity)
    assert origin.place == Place(Platform.TEAMS, TENANT, "19:c@thread.tacv2", personal=False, thread="17")
    assert origin.who == Who(Platform.TEAMS, TENANT, "aad")
    assert inbound.conversation_id(origin.place) == "19:c@thread.tacv2;messageid=17"


@pytest.mark.parametrize("kind", ["personal", "groupChat", "channel", None])
def test_only_what_teams_calls_personal_is_personal(kind: str | None) -> None:
    conversation = {"id": "x", "tenantId": TENANT} | ({"conversationType": kind} if kind else {})
    assert inbound.origin({"conversation": conversation}).place.personal is (kind == "personal")


@pytest.mark.parametrize(
    ("activity", "heard"),
    [
        ({"type": "installationUpdate", "action": "add"}, inbound.Installed(greet=True)),
        ({"type": "installationUpdate", "action": "add-upgrade"}, inbound.Installed(greet=False)),
        ({"type": "installationUpdate", "action": "remove"}, inbound.Uninstalled()),
        ({"type": "installationUpdate", "action": "remove-upgrade"}, inbound.Irrelevant()),
        ({"type": "conversationUpdate", "membersAdded": [BOT], "recipient": BOT}, inbound.Installed(greet=False)),
        ({"type": "conversationUpdate", "membersAdded": [{"id": "29:x"}], "recipient": BOT}, inbound.Irrelevant()),
        ({"type": "conversationUpdate", "membersRemoved": [BOT], "recipient": BOT}, inbound.Uninstalled()),
        ({"type": "conversationUpdate", "membersRemoved": [{"id": "29:x"}], "recipient": BOT}, inbound.Irrelevant()),
    ],
    ids=str,
)
def test_coming_and_going(activity: dict[str, Any], heard: inbound.Heard) -> None:
    assert inbound.read(activity) == heard


def test_two_tenants_in_one_activity_are_both_named() -> None:
    activity = {"conversation": {"tenantId": "a"}, "channelData": {"tenant": {"id": "b"}}}
    assert inbound.tenants(activity) == {"a", "b"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
KEYS = (
    "conversation",
    "from",
    "recipient",
    "entities",
    "value",
    "text",
    "name",
    "channelData",
    "membersAdded",
    "replyToId",
    "action",
)


@given(
    st.sampled_from(["message", "invoke", "installationUpdate", "conversationUpdate", "x"]),
    st.dictionaries(st.sampled_from(KEYS), json_values),
    json_values,
)
def test_no_shape_of_an_activity_breaks_the_reader(kind: str, rest: dict[str, Any], data: object) -> None:
    activity = {"type": kind, **rest}
    inbound.read(activity)
    inbound.origin(activity)
    inbound.read({"type": "invoke", "name": "adaptiveCard/action", "value": {"action": {"data": data}}, **rest})
