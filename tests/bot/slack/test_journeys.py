"""From Slack's request through the desk and back to what the person sees."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bot.chat import Action, CardRef, Form, Home, Notice, Place, Platform, Press, Reply, Typed, Who
from bot.slack import inbound, listeners, render
from bot.slack.listeners import Circle
from bot.slack.wire import Anchor
from tests.bot.slack.conftest import Running, running
from tests.bot.slack.slack_side import (
    BOT,
    CARD_TS,
    CHANNEL,
    DANA,
    DM,
    SlackSide,
    buttons,
    click_body,
    event_body,
    in_modal,
    submit_body,
)
from tests.fakes.block_kit import words
from tests.fakes.desk import FakeDesk
from tests.fakes.slack_api import FakeSlack, Misbehaviour
from tests.fakes.views import CARD_VIEW, DETAIL, FORM, NOTICE, PICKER

REVIEW, APPROVE, EDIT, REJECT = buttons(render.message(CARD_VIEW))
WORKING = render.WORKING.text
CARD = (CHANNEL, CARD_TS)
ORIGIN = CardRef(Platform.SLACK, "T1", CHANNEL, CARD_TS)


def last_view(api: FakeSlack) -> dict[str, Any]:
    return list(api.views.values())[-1]


# Typed words


async def test_a_command_is_answered_to_the_one_who_typed_it(slack: SlackSide, desk: FakeDesk) -> None:
    answer = await slack.types("/handoff", "C-102")
    assert answer["response_type"] == "ephemeral"
    assert words(answer["blocks"]) == "ℹ️ Working on it."
    [typed] = desk.typed_words
    assert typed.text == "handoff C-102"


async def test_a_command_without_a_client_brings_a_private_choice(slack: SlackSide, desk: FakeDesk) -> None:
    answer = await slack.types("/baton", "picker")
    [menu] = answer["blocks"][-1]["elements"]
    assert answer["response_type"] == "ephemeral"
    assert [option["value"] for option in menu["options"]] == ["o1", "o2", "o3", "o4", "o5"]


async def test_a_choice_replaces_the_menu_by_its_answer(slack: SlackSide, desk: FakeDesk, api: FakeSlack) -> None:
    block = (await slack.types("/baton", "picker"))["blocks"][-1]
    menu = {"type": "static_select", "block_id": block["block_id"], "action_id": block["elements"][0]["action_id"]}
    chosen = {**menu, "selected_option": {"value": "o3"}}
    hidden = {"type": "message", "message_ts": "9.9", "channel_id": CHANNEL, "is_ephemeral": True}
    await slack.interaction({**click_body(chosen, api.response_url), "container": hidden})
    [press] = desk.presses
    assert (press.action, press.subject, press.values) == (Action.PICK, "r-1", {"choice": "o3"})
    assert press.origin is None
    [said] = api.responses
    assert (said["replace_original"], said["text"]) == (True, "Reading the chart of C-102.")


async def test_a_mention_is_answered_beside_the_channel(slack: SlackSide, desk: FakeDesk, api: FakeSlack) -> None:
    await slack.says("<@UBOT> handoff C-102", type="app_mention", channel=CHANNEL, channel_type="channel")
    assert desk.typed_words[0].text == "handoff C-102"
    [sent] = api.sent("chat.postEphemeral")
    assert (sent["channel"], sent["user"], sent["text"]) == (CHANNEL, DANA, "Working on it.")


async def test_a_direct_message_is_answered_in_place(slack: SlackSide, api: FakeSlack) -> None:
    await slack.says("handoff C-102")
    assert [sent["channel"] for sent in api.sent("chat.postMessage")] == [DM]


async def test_an_event_delivered_again_is_answered_once(slack: SlackSide, api: FakeSlack) -> None:
    event = {"type": "message", "channel": DM, "channel_type": "im", "text": "handoff C-102", "ts": "1.5"}
    for nonce in range(3):
        assert await slack.event({**event_body(event, number=7), "nonce": nonce}) == (200, "")
    assert len(api.sent("chat.postMessage")) == 1


async def test_a_bot_is_not_listened_to(slack: SlackSide, desk: FakeDesk) -> None:
    await slack.says("handoff C-102", bot_id="B9")
    await slack.says("handoff C-102", user=BOT)
    assert desk.typed_words == []


async def test_a_window_for_typed_words_opens_at_once(slack: SlackSide, api: FakeSlack) -> None:
    class FormDesk(FakeDesk):
        async def typed(self, words: Typed) -> Reply:
            return FORM

    async for run in running(FormDesk(), api):
        assert await run.slack.types("/handoff", "C-102") == {}
        await run.slack.says("handoff C-102")
    assert last_view(api)["title"]["text"] == "Edit the handoff"
    assert "slash command" in api.sent("chat.postMessage")[0]["text"]


# Buttons on a card


async def test_review_opens_the_detail(slack: SlackSide, desk: FakeDesk, api: FakeSlack) -> None:
    await slack.clicks(REVIEW)
    view = last_view(api)
    assert view["title"]["text"] == "Handoff C-102"
    assert "Page 1 of 2" in words(view)
    assert desk.presses[0].who == Who(Platform.SLACK, "T1", DANA)


async def test_approve_redraws_the_card(slack: SlackSide, desk: FakeDesk, api: FakeSlack) -> None:
    await slack.clicks(APPROVE)
    [press] = desk.presses
    assert (press.action, press.subject, press.version, press.origin) == (Action.APPROVE, "d-1", 3, ORIGIN)
    assert api.messages[CARD]["text"] == CARD_VIEW.card.notice
    assert api.responses == []


async def test_a_notice_is_for_the_one_who_pressed(slack: SlackSide, api: FakeSlack) -> None:
    ask = {**APPROVE, "action_id": "ask"}
    await slack.clicks(ask)
    [said] = api.responses
    assert (said["response_type"], said["replace_original"]) == ("ephemeral", False)
    assert said["text"] == NOTICE.text


async def test_without_a_response_url_the_answer_is_whispered(slack: SlackSide, api: FakeSlack) -> None:
    await slack.clicks({**APPROVE, "action_id": "ask"}, response_url="https://example.org/steal")
    assert [sent["user"] for sent in api.sent("chat.postEphemeral")] == [DANA]


async def test_a_card_that_slack_will_not_redraw_is_said_in_words(slack: SlackSide, api: FakeSlack) -> None:
    api.misbehaves["chat.update"] = [Misbehaviour(429, "ratelimited", retry_after="30")]
    await slack.clicks(APPROVE)
    assert [said["text"] for said in api.responses] == [CARD_VIEW.status.text]


async def test_a_window_that_slack_will_not_open_is_explained(slack: SlackSide, api: FakeSlack) -> None:
    api.misbehaves["views.open"] = [Misbehaviour(error="expired_trigger_id")]
    await slack.clicks(REVIEW)
    assert ["Press the button once more" in said["text"] for said in api.responses] == [True]


async def test_a_click_by_software_decides_nothing(slack: SlackSide, desk: FakeDesk, api: FakeSlack) -> None:
    await slack.clicks(APPROVE, user={"id": "UX", "team_id": "T1", "is_bot": True})
    assert desk.presses == []
    await slack.clicks(APPROVE)
    assert len(desk.presses) == 1


async def test_an_outsider_s_click_decides_nothing_and_is_answered(
    slack: SlackSide, desk: FakeDesk, api: FakeSlack
) -> None:
    await slack.clicks(APPROVE, user={"id": "UX", "team_id": "T9"})
    assert desk.presses == []
    assert [said["text"] for said in api.responses] == [inbound.OUTSIDER]


async def test_an_unknown_button_is_answered(slack: SlackSide, desk: FakeDesk, api: FakeSlack) -> None:
    await slack.clicks({"action_id": "feedback", "value": "x"})
    assert desk.presses == []
    assert [said["text"] for said in api.responses] == [listeners.UNKNOWN_BUTTON.text]


# Windows


async def test_the_next_page_takes_the_place_of_this_one(slack: SlackSide, desk: FakeDesk, api: FakeSlack) -> None:
    await slack.clicks(REVIEW)
    view = last_view(api)
    approve, following = buttons(view)
    desk.answers[Action.REVIEW] = replace(DETAIL, page=2)
    await slack.clicks(following, **in_modal(view))
    assert desk.presses[-1].values == {"page": "2"}
    assert "Page 2 of 2" in words(api.views["V0"])
    assert approve["action_id"] != following["action_id"]


async def test_a_decision_in_a_window_shows_there_and_on_the_card(
    slack: SlackSide, desk: FakeDesk, api: FakeSlack
) -> None:
    await slack.clicks(REVIEW)
    view = last_view(api)
    await slack.clicks(buttons(view)[0], **in_modal(view))
    assert (desk.presses[-1].origin, desk.presses[-1].place.conversation) == (ORIGIN, CHANNEL)
    assert api.messages[CARD]["text"] == CARD_VIEW.card.notice
    assert CARD_VIEW.status.text in words(api.views["V0"])


async def test_a_form_lies_on_top_of_the_page_it_was_opened_from(slack: SlackSide, api: FakeSlack) -> None:
    await slack.clicks(REVIEW)
    view = last_view(api)
    await slack.clicks(EDIT, **in_modal(view))
    assert len(api.sent("views.push")) == 1
    api.misbehaves["views.push"] = [Misbehaviour(error="push_limit_reached")]
    await slack.clicks(EDIT, **in_modal(view))
    assert api.views["V0"]["title"]["text"] == "Edit the handoff"


async def test_a_saved_form_closes_and_redraws_the_card(
    run: Running, slack: SlackSide, desk: FakeDesk, api: FakeSlack
) -> None:
    await slack.clicks(EDIT)
    view = last_view(api)
    reason = view["blocks"][-1]["block_id"]
    assert await slack.submits(view, {reason: "Because."}) == {"response_action": "clear"}
    press = desk.presses[-1]
    assert (press.action, press.subject, press.version, press.origin) == (Action.SAVE_EDIT, "d-1", 3, ORIGIN)
    assert press.values == {"patient": FORM.fields[0].value, "actions": FORM.fields[1].value, "reason": "Because."}
    await run.platform.settled()
    assert api.messages[CARD]["text"] == CARD_VIEW.card.notice


async def test_a_form_that_comes_back_keeps_what_was_typed(slack: SlackSide, desk: FakeDesk, api: FakeSlack) -> None:
    await slack.clicks(EDIT)
    view = last_view(api)
    desk.answers[Action.SAVE_EDIT] = replace(
        FORM, fields=(replace(FORM.fields[0], value="My words", error="Too short."),)
    )
    answer = await slack.submits(view, {})
    assert answer["response_action"] == "update"
    assert "My words" in words(answer["view"])
    assert "⛔ Too short." in words(answer["view"])


async def test_a_notice_after_a_form_stays_in_front_of_the_person(
    slack: SlackSide, desk: FakeDesk, api: FakeSlack
) -> None:
    await slack.clicks(EDIT)
    desk.answers[Action.SAVE_EDIT] = NOTICE
    answer = await slack.submits(last_view(api), {})
    assert (answer["response_action"], answer["view"]["clear_on_close"]) == ("update", True)
    assert NOTICE.text in words(answer["view"])


async def test_a_form_of_yesterday_is_answered(slack: SlackSide, desk: FakeDesk) -> None:
    view = {"type": "modal", "callback_id": "feedback_form", "private_metadata": "x", "blocks": []}
    answer = await slack.submits(view, {})
    assert listeners.UNKNOWN_FORM.text in words(answer["view"])
    assert desk.presses == []


async def test_a_form_too_large_for_slack_is_said_in_words(slack: SlackSide, desk: FakeDesk, api: FakeSlack) -> None:
    fields = tuple(replace(FORM.fields[0], key=f"f{number}") for number in range(120))
    desk.answers[Action.EDIT] = replace(FORM, fields=fields)
    await slack.clicks(EDIT)
    assert "web console" in words(last_view(api))


# Home


async def test_home_is_published_when_it_is_opened(slack: SlackSide, api: FakeSlack) -> None:
    await slack.event(event_body({"type": "app_home_opened", "tab": "home", "channel": DM}))
    assert "Handoff C-102" in words(api.homes[DANA])


async def test_the_messages_tab_publishes_nothing(slack: SlackSide, api: FakeSlack) -> None:
    await slack.event(event_body({"type": "app_home_opened", "tab": "messages", "channel": DM}))
    assert api.homes == {}


async def test_an_outsider_s_home_shows_a_sentence(slack: SlackSide, api: FakeSlack) -> None:
    await slack.event(event_body({"type": "app_home_opened", "tab": "home", "user_team": "T9"}))
    assert words(api.homes[DANA]) == inbound.OUTSIDER


async def test_a_home_that_cannot_be_read_says_so(api: FakeSlack) -> None:
    class NoHome(FakeDesk):
        async def home(self, who: Who) -> Home:
            raise RuntimeError("planted")

    async for run in running(NoHome(), api):
        await run.slack.event(event_body({"type": "app_home_opened", "tab": "home", "channel": DM}))
    assert words(api.homes[DANA]) == listeners.NO_HOME.greeting


async def test_a_button_at_home_opens_its_window_and_home_is_drawn_anew(
    slack: SlackSide, desk: FakeDesk, api: FakeSlack
) -> None:
    await slack.event(event_body({"type": "app_home_opened", "tab": "home", "channel": DM}))
    [opener] = buttons(api.homes[DANA])
    at_home = {"view": {"id": "VHOME", "type": "home"}, "container": {"type": "view"}, "channel": None, "message": None}
    await slack.clicks(opener, **at_home)
    [press] = desk.presses
    assert (press.place.personal, press.origin) == (True, None)
    assert last_view(api)["title"]["text"] == "Handoff C-102"
    assert len(api.sent("views.publish")) == 2


async def test_a_decision_without_a_card_shows_in_the_window(slack: SlackSide, api: FakeSlack) -> None:
    view = render.modal(FORM, Anchor())
    answer = await slack.submits(view, {})
    assert CARD_VIEW.status.text in words(answer["view"])


# A desk that fails or is slow


async def test_when_the_desk_fails_the_person_is_told(slack: SlackSide, desk: FakeDesk, api: FakeSlack) -> None:
    desk.fails = True
    assert listeners.FAILED.text in (await slack.types("/handoff", "C-102"))["text"]
    await slack.clicks(APPROVE)
    assert [said["text"] for said in api.responses] == [listeners.FAILED.text]
    answer = await slack.submits(render.modal(FORM, Anchor()), {})
    assert listeners.FAILED.text in words(answer["view"])
    await slack.says("handoff C-102")
    assert api.sent("chat.postMessage")[0]["text"] == listeners.FAILED.text


@dataclass
class SlowDesk(FakeDesk):
    takes_s: float = 0.4

    async def typed(self, words: Typed) -> Reply:
        await asyncio.sleep(self.takes_s)
        return await super().typed(words)

    async def press(self, press: Press) -> Reply:
        await asyncio.sleep(self.takes_s)
        return await super().press(press)


@pytest.fixture
async def slow(api: FakeSlack) -> AsyncIterator[Running]:
    async for run in running(SlowDesk(), api):
        yield run


async def test_a_slow_command_is_acknowledged_and_answered_later(slow: Running, api: FakeSlack) -> None:
    assert WORKING in (await slow.slack.types("/handoff", "C-102"))["text"]
    await slow.platform.settled()
    assert [sent["text"] for sent in api.sent("chat.postEphemeral")] == ["Working on it."]


async def test_a_slow_window_opens_at_once_and_is_filled_later(slow: Running, api: FakeSlack) -> None:
    assert await slow.slack.clicks(REVIEW) == {}
    assert WORKING in words(api.views["V0"])
    await slow.platform.settled()
    assert api.views["V0"]["title"]["text"] == "Handoff C-102"
    assert (len(api.sent("views.open")), api.sent("views.push")) == (1, [])


async def test_a_slow_window_that_cannot_open_is_tried_again_and_explained(slow: Running, api: FakeSlack) -> None:
    api.misbehaves["views.open"] = [Misbehaviour(500), Misbehaviour(error="expired_trigger_id")]
    await slow.slack.clicks(REVIEW)
    await slow.platform.settled()
    assert ["Press the button once more" in said["text"] for said in api.responses] == [True]


async def test_a_slow_decision_is_acknowledged_and_drawn_later(slow: Running, api: FakeSlack) -> None:
    assert await slow.slack.clicks(APPROVE) == {}
    assert api.messages[CARD] == {}
    await slow.platform.settled()
    assert api.messages[CARD]["text"] == CARD_VIEW.card.notice


async def test_a_slow_form_says_that_it_works_and_then_what_came_of_it(slow: Running, api: FakeSlack) -> None:
    await slow.slack.clicks(EDIT)
    await slow.platform.settled()
    answer = await slow.slack.submits(last_view(api), {})
    assert (answer["response_action"], WORKING in words(answer["view"])) == ("update", True)
    await slow.platform.settled()
    assert CARD_VIEW.status.text in words(api.views["V0"])
    assert api.messages[CARD]["text"] == CARD_VIEW.card.notice


async def test_a_slow_form_whose_window_was_closed_is_answered_beside_it(slow: Running, api: FakeSlack) -> None:
    await slow.slack.submits(render.modal(FORM, Anchor(CHANNEL, CARD_TS)), {})
    await slow.platform.settled()  # "V0" was never opened: Slack does not find it
    assert [sent["text"] for sent in api.sent("chat.postEphemeral")] == [CARD_VIEW.status.text]


async def test_a_desk_that_never_answers_is_given_up_in_words(api: FakeSlack) -> None:
    async for run in running(SlowDesk(takes_s=30), api):
        await run.slack.clicks(APPROVE)
        await run.platform.settled()
    assert [said["text"] for said in api.responses] == [listeners.FAILED.text]


async def test_stopping_finishes_what_is_under_way(api: FakeSlack) -> None:
    async for run in running(SlowDesk(), api):
        await run.slack.clicks(APPROVE)
    assert api.messages[CARD]["text"] == CARD_VIEW.card.notice


# What else Slack may send


async def test_the_hook_decides_before_the_desk_is_asked(api: FakeSlack, desk: FakeDesk) -> None:
    async def allowed(who: Who, place: Place, urgent: bool) -> str | None:  # noqa: FBT001 - the protocol's
        return "This channel is not on the list." if place.conversation == CHANNEL else None

    async for run in running(desk, api, circle=Circle(allowed=allowed)):
        assert "not on the list" in (await run.slack.types("/handoff", "C-102"))["text"]
        assert desk.typed_words == []
        await run.slack.types("/handoff", "C-102", channel_id=DM)
        assert len(desk.typed_words) == 1


async def test_an_unknown_command_is_answered(slack: SlackSide, desk: FakeDesk) -> None:
    assert (await slack.types("/handoffs", "C-102"))["text"] == listeners.UNKNOWN_COMMAND.text
    assert desk.typed_words == []


async def test_the_commands_of_the_shelf_are_known(api: FakeSlack, desk: FakeDesk) -> None:
    async for run in running(desk, api, commands=("digest",)):
        await run.slack.types("/digest", "today")
    assert [words.text for words in desk.typed_words] == ["digest today"]


async def test_a_shortcut_is_answered(slack: SlackSide, api: FakeSlack) -> None:
    user = {"id": DANA, "team_id": "T1"}
    await slack.interaction({"type": "shortcut", "callback_id": "x", "team": {"id": "T1"}, "user": user})
    assert "/handoff" in words(last_view(api))


@pytest.mark.parametrize(
    "body",
    [
        {"type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1518467820},
        event_body({"type": "team_join", "user": {"id": "U9"}}),
        event_body({"type": "channel_shared", "channel": "C1"}),
        event_body({"type": "message", "subtype": "message_deleted", "channel": "C1"}),
        {"type": "something_new", "team_id": "T1"},
    ],
    ids=lambda body: str(body.get("event", body)["type"]),
)
async def test_other_events_are_acknowledged(slack: SlackSide, desk: FakeDesk, body: dict[str, Any]) -> None:
    assert await slack.event(body) == (200, "")
    assert desk.typed_words == []


@pytest.mark.parametrize(
    "body",
    [
        {**submit_body({"blocks": [], "callback_id": "save_edit"}, {}), "type": "view_closed"},
        {"type": "block_suggestion", "action_id": "pick", "block_id": "b", "value": "C", "user": {"id": "U"}},
        {"type": "workflow_step_edit", "callback_id": "x", "workflow_step": {}, "user": {"id": "U"}},
    ],
    ids=lambda body: str(body["type"]),
)
async def test_other_interactions_are_acknowledged(slack: SlackSide, desk: FakeDesk, body: dict[str, Any]) -> None:
    await slack.interaction(body)
    assert desk.presses == []


def test_every_reply_has_a_window() -> None:
    for reply in (CARD_VIEW, NOTICE, PICKER, FORM, DETAIL, Notice("x")):
        assert render.modal(reply, Anchor())["type"] == "modal"
    assert isinstance(FORM, Form)


async def test_the_shortcut_opens_the_person_s_own_page_in_a_window(slack: SlackSide, api: FakeSlack) -> None:
    user = {"id": DANA, "team_id": "T1"}
    await slack.interaction({"type": "shortcut", "callback_id": "waiting_for_me", "team": {"id": "T1"}, "user": user})
    (view,) = api.views.values()
    assert "Hello Dana." in words(view)
    assert [each["text"]["text"] for each in buttons(view)] == ["Handoff C-102"]


async def test_an_outsider_s_shortcut_shows_a_sentence_and_no_draft(slack: SlackSide, api: FakeSlack) -> None:
    user = {"id": DANA, "team_id": "T1", "is_restricted": True}
    await slack.interaction({"type": "shortcut", "callback_id": "waiting_for_me", "team": {"id": "T1"}, "user": user})
    (view,) = api.views.values()
    assert inbound.OUTSIDER in words(view)
    assert buttons(view) == []
