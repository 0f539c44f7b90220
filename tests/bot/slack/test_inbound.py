"""Slack's payloads in Baton's words: who, where, what; and whom Baton does not answer."""

from typing import Any

import pytest

from bot.chat import Action, Place, Platform, Who
from bot.slack import inbound, wire
from bot.slack.inbound import Spot, Surface
from bot.slack.wire import Malformed
from tests.bot.slack.slack_side import BOT, click_body, command_body, event_body, submit_body
from tests.fakes.views import button

DANA = Who(Platform.SLACK, "T1", "UDANA")
SAID = {"type": "message", "channel": "D1", "channel_type": "im", "ts": "1.5"}
APPROVE = {"type": "button", "action_id": "approve", "value": '{"s":"d-1","v":3}', "block_id": "b"}


def command(name: str, text: str, **more: Any) -> dict[str, Any]:
    return {**command_body(name, text), "trigger_id": "t1", **more}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("/handoff", "C-102", "handoff C-102"),
        ("/handoff", "", "handoff"),
        ("/baton", "handoff C-102", "handoff C-102"),
        ("/baton", "  ", ""),
        ("/handoff", "C-102 to <@U77|sam>", "handoff C-102 to @U77"),
        ("/handoff", "A &amp; B &lt;3", "handoff A & B <3"),
        ("/handoff", "&amp;lt;", "handoff &lt;"),
    ],
)
def test_a_command_is_its_name_and_its_words(name: str, text: str, words: str) -> None:
    assert inbound.command(command(name, text)).text == words


def test_a_command_says_who_and_where() -> None:
    words = inbound.command(command("/handoff", "C-102"))
    assert (words.who, words.place, words.key) == (DANA, Place(Platform.SLACK, "T1", "C1"), "t1")
    assert inbound.command(command("/handoff", "", channel_id="D1")).place.personal


def test_on_a_grid_people_belong_to_the_enterprise() -> None:
    assert inbound.asker(command("/handoff", "", enterprise_id="E1")) == Who(Platform.SLACK, "E1", "UDANA")
    body = {**click_body(APPROVE), "enterprise": {"id": "E1"}, "team": None}
    assert inbound.asker(body).tenant == "E1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<@UBOT> handoff C-102", "handoff C-102"),
        ("<@UBOT|baton>   handoff C-102 to <@U77>", "handoff C-102 to @U77"),
        ("handoff C-102", "handoff C-102"),
        ("<@UBOT>", ""),
    ],
)
def test_a_mention_of_the_bot_is_not_part_of_the_words(text: str, words: str) -> None:
    assert inbound.said(event_body({**SAID, "text": text})).text == words


def test_an_event_without_an_id_is_known_by_its_message() -> None:
    body = event_body({**SAID, "text": "hi"})
    assert inbound.said(body).key == "Ev1"
    assert inbound.said({**body, "event_id": None}).key == "D1:1.5"


@pytest.mark.parametrize(
    "more",
    [
        {"bot_id": "B2"},
        {"bot_profile": {"id": "B2"}},
        {"subtype": "message_changed"},
        {"user": BOT},
        {"user": "USLACKBOT"},
    ],
)
def test_software_and_edits_are_not_listened_to(more: dict[str, Any]) -> None:
    assert inbound.listened_to(event_body({**SAID, "text": "approve"}))
    assert not inbound.listened_to(event_body({**SAID, "text": "approve", **more}))


def test_a_click_on_a_card_that_the_bot_wrote_is_a_person_s() -> None:
    assert not inbound.by_bot(click_body(APPROVE))
    assert inbound.by_bot({**click_body(APPROVE), "user": {"id": "UDANA", "is_bot": True}})


@pytest.mark.parametrize(
    ("more", "teams", "refused"),
    [
        ({}, [], None),
        ({"user": {"id": "U", "team_id": "T9"}}, [], inbound.OUTSIDER),
        ({"user": {"id": "U", "team_id": "T9"}}, ["T9"], None),
        ({"user": {"id": "U", "team_id": "E1"}, "enterprise": {"id": "E1"}}, [], None),
        ({"user": {"id": "U", "team_id": "T9"}, "enterprise": {"id": "E1"}}, [], inbound.OUTSIDER),
        ({"user": {"id": "U", "is_stranger": True}}, [], inbound.OUTSIDER),
        ({"user": {"id": "U", "is_restricted": True}}, [], inbound.OUTSIDER),
        ({"user": {"id": "U", "is_ultra_restricted": True}}, [], inbound.OUTSIDER),
        ({"user": {"id": "U", "deleted": True}}, [], inbound.OUTSIDER),
        ({"event": {"user": "U", "team": "T9"}}, [], inbound.OUTSIDER),
        ({"event": {"user": "U", "team": "T1", "user_team": "T9"}}, [], inbound.OUTSIDER),
        ({"event": {"user": "U", "team": "T1"}, "is_ext_shared_channel": True}, [], inbound.SHARED_CHANNEL),
    ],
)
def test_outsiders_are_told_from_the_payload(more: dict[str, Any], teams: list[str], refused: str | None) -> None:
    assert inbound.refusal({**click_body(APPROVE), **more}, teams) == refused


def test_a_press_brings_what_the_button_carried_and_the_card_it_stood_on() -> None:
    drawn = button(Action.REVIEW, "Next", values={"page": "2"}, opens=True)
    action = {**APPROVE, "action_id": wire.action_id(drawn.action, 2), "value": wire.button_value(drawn)}
    body = click_body(action)
    press, opens = inbound.pressed(body, inbound.spot(body))
    assert (press.action, press.subject, press.version, press.values) == (Action.REVIEW, "d-1", 3, {"page": "2"})
    assert press.origin is not None
    assert (press.origin.conversation, press.origin.message, opens) == ("C1", "1700.0001", True)


def test_a_button_carries_nothing_but_its_reference() -> None:
    assert wire.button_value(button(Action.APPROVE, "Approve C-102")) == '{"s":"d-1","v":3}'


@pytest.mark.parametrize(
    "changed",
    [
        {"value": "d-1"},
        {"value": "{}"},
        {"value": '{"s":"d-1"}'},
        {"value": '{"s":"d-1","v":true}'},
        {"value": '{"s":"d-1","v":"3"}'},
        {"value": '{"s":1,"v":3}'},
        {"value": '{"s":"d-1","v":3,"x":{"page":2}}'},
        {"value": '{"s":"d-1","v":3,"x":[]}'},
        {"value": None},
        {"action_id": "destroy"},
        {"type": "overflow"},
        {"type": "static_select"},
        {"type": "static_select", "block_id": '["select","r-1","3",1]'},
        {"type": "static_select", "block_id": '["input","r-1",3,1]'},
    ],
)
def test_what_we_did_not_draw_is_malformed(changed: dict[str, Any]) -> None:
    body = click_body({**APPROVE, **changed})
    with pytest.raises(Malformed):
        inbound.pressed(body, inbound.spot(body))


@pytest.mark.parametrize(
    "changed",
    [
        {"callback_id": "save_reject"},
        {"private_metadata": "not json"},
        {"private_metadata": '{"a":"save_edit","s":"d-1"}'},
        {"blocks": [{"type": "input", "block_id": "notes", "element": {"action_id": "words"}}]},
        {"blocks": [{"type": "input", "block_id": '["input",1,1,1,"z","k"]', "element": {"action_id": "words"}}]},
        {"blocks": [{"type": "input", "block_id": '["input",1,1,1,"x","k"]', "element": {"action_id": "other"}}]},
    ],
)
def test_a_forged_form_is_malformed(changed: dict[str, Any]) -> None:
    view = {"callback_id": "save_edit", "private_metadata": '{"a":"save_edit","s":"d-1","v":3}', "type": "modal"}
    good = submit_body({**view, "blocks": []}, {})
    assert inbound.submitted(good, inbound.spot(good)).subject == "d-1"
    forged = submit_body({**view, "blocks": [], **changed}, {})
    with pytest.raises(Malformed):
        inbound.submitted(forged, Spot(DANA, inbound.own_place(DANA), Surface.MODAL))
