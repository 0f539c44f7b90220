"""What a person sees after typing and pressing, in a channel and in their own chat with the bot."""

import asyncio
import time
from typing import Any, override

from bot.chat import Action, CardRef, Notice, Platform, Press, Reply, Typed
from tests.fakes.desk import FakeDesk
from tests.fakes.teams_bot import DANA, TENANT, TeamsBot, press, running_bot
from tests.fakes.teams_connector import Refuse, TeamsConnector
from tests.fakes.teams_issuer import TeamsIssuer
from tests.fakes.views import CARD_VIEW, DETAIL, FORM, LONG_PICKER, PICKER

CHANNEL, THREAD, OWN = "19:team@thread.tacv2", "19:team@thread.tacv2;messageid=17", "a:dana"


def said(card: object) -> str:
    """Every word of a card, in order, without its buttons."""
    match card:
        case dict():
            own = [str(card.get(key, "")) for key in ("text", "label", "value") if isinstance(card.get(key), str)]
            inner = [said(card[key]) for key in ("body", "items", "inlines", "content") if key in card]
            return " ".join([*own, *inner])
        case list():
            return " ".join(said(item) for item in card)
        case _:
            return ""


def titles(card: dict[str, Any]) -> list[str]:
    sets = [element for element in card["body"] if element["type"] == "ActionSet"]
    return [action["title"] for one in sets for action in one["actions"]]


async def test_the_desk_learns_who_said_what_where(bot: TeamsBot, desk: FakeDesk) -> None:
    await bot.hear(bot.typed("/handoff C-102", personal=False))
    typed = desk.typed_words[-1]
    assert typed.text == "handoff C-102"
    assert (typed.who.platform, typed.who.tenant, typed.who.user) == (Platform.TEAMS, TENANT, DANA)
    assert (typed.place.conversation, typed.place.thread, typed.place.personal) == (CHANNEL, "17", False)
    assert typed.key == f"{CHANNEL}|1700000000001"


async def test_a_reply_is_sent_to_where_it_was_asked(bot: TeamsBot, connector: TeamsConnector) -> None:
    await bot.hear(bot.typed("handoff C-102", personal=False))
    assert [(call.conversation, call.body["text"]) for call in connector.calls] == [(THREAD, "Working on it.")]
    assert connector.calls[0].authorization.startswith("Bearer ey")


async def test_a_second_delivery_sends_no_second_reply(bot: TeamsBot, connector: TeamsConnector) -> None:
    for _ in range(2):
        assert (await bot.hear(bot.typed("handoff C-102"))).status == 200
    assert connector.texts == ["Working on it."]


async def test_a_picker_asked_for_in_a_channel_goes_to_the_person(bot: TeamsBot, connector: TeamsConnector) -> None:
    await bot.hear(bot.typed("picker", personal=False))
    created, picker, told = connector.calls
    assert created.body["members"] == [{"id": DANA}]
    assert created.body["tenantId"] == TENANT
    assert picker.conversation == f"a:one-to-one-{DANA}"
    assert PICKER.prompt in said(picker.card)
    assert (told.conversation, told.body["text"]) == (THREAD, "I answered you privately: see your chat with me.")


async def test_a_known_one_to_one_conversation_is_used_again(bot: TeamsBot, connector: TeamsConnector) -> None:
    await bot.hear(bot.typed("hello"))
    await bot.hear(bot.typed("picker", personal=False))
    assert [call.conversation for call in connector.calls] == [OWN, OWN, THREAD]


async def test_someone_who_lacks_the_app_is_told_how_to_get_an_answer(bot: TeamsBot, connector: TeamsConnector) -> None:
    connector.refuse(Refuse(403, "Forbidden"))
    await bot.hear(bot.typed("picker", personal=False))
    assert [call.conversation for call in connector.calls] == [THREAD]
    assert "Add me to your personal apps" in connector.texts[0]


async def test_home_is_drawn_for_the_person_alone(bot: TeamsBot, connector: TeamsConnector) -> None:
    await bot.hear(bot.typed("home", personal=False))
    assert "Hello Dana." in said(connector.calls[1].card)
    assert connector.calls[1].conversation == f"a:one-to-one-{DANA}"


async def test_help_and_a_bare_mention_name_the_commands(
    bot: TeamsBot, desk: FakeDesk, connector: TeamsConnector
) -> None:
    await bot.hear(bot.typed("help"))
    await bot.hear({**bot.typed(""), "id": "2"})
    assert all("handoff [client] [to someone]: draft a warm handoff" in text for text in connector.texts)
    assert (len(connector.texts), desk.typed_words) == (2, [])


async def test_a_press_is_answered_with_the_card_and_everybody_gets_it(
    bot: TeamsBot, desk: FakeDesk, connector: TeamsConnector
) -> None:
    answered = await bot.hear(bot.execute(press("approve", version=3), personal=False))
    assert answered.body["statusCode"] == 200
    assert answered.body["type"] == "application/vnd.microsoft.card.adaptive"
    assert CARD_VIEW.status.text in said(answered.body["value"])
    assert [(call.method, call.conversation, call.message) for call in connector.calls] == [("PUT", THREAD, "m-card")]
    assert connector.cards[0] == answered.body["value"]
    asked = desk.presses[-1]
    assert (asked.action, asked.subject, asked.version) == (Action.APPROVE, "d-1", 3)
    assert asked.origin == CardRef(Platform.TEAMS, TENANT, THREAD, "m-card")


async def test_a_form_is_shown_in_place_to_the_one_who_asked(bot: TeamsBot, connector: TeamsConnector) -> None:
    answered = await bot.hear(bot.execute(press("edit"), personal=False))
    assert FORM.title in said(answered.body["value"])
    assert titles(answered.body["value"]) == ["Save", "Back to the card"]
    assert connector.calls == []


async def test_the_way_back_from_a_form_disturbs_nobody_else(
    bot: TeamsBot, desk: FakeDesk, connector: TeamsConnector
) -> None:
    desk.answers[Action.SHOW] = CARD_VIEW
    form = (await bot.hear(bot.execute(press("edit"), personal=False))).body["value"]
    back = form["body"][-1]["actions"][0]
    assert back["associatedInputs"] == "none"
    card = await bot.hear(bot.execute(back["data"], personal=False))
    assert desk.presses[-1].action is Action.SHOW
    assert CARD_VIEW.status.text in said(card.body["value"])
    assert connector.calls == []


async def test_a_detail_is_never_posted_to_a_channel(bot: TeamsBot, connector: TeamsConnector) -> None:
    answered = await bot.hear(bot.execute(press("review"), personal=False))
    assert "Patient summary" in said(answered.body["value"])
    assert connector.calls == []
    await bot.hear(bot.submit(press("review"), personal=False))
    assert [call.conversation for call in connector.calls] == ["", f"a:one-to-one-{DANA}", THREAD]
    assert "Patient summary" in said(connector.cards[0])
    assert DETAIL.title in said(connector.cards[0])


async def test_what_is_entered_reaches_the_desk_and_the_fresh_card_comes_back(bot: TeamsBot, desk: FakeDesk) -> None:
    answered = await bot.hear(
        bot.execute(press("save_edit", input_patient="Sleeps better.", input_reason="seen today"))
    )
    assert desk.presses[-1].values == {"patient": "Sleeps better.", "reason": "seen today"}
    assert CARD_VIEW.status.text in said(answered.body["value"])


async def test_a_client_that_can_only_submit_gets_the_same(
    bot: TeamsBot, desk: FakeDesk, connector: TeamsConnector
) -> None:
    await bot.hear(bot.submit(press("approve"), personal=False))
    assert desk.presses[-1].action is Action.APPROVE
    assert [(call.method, call.message) for call in connector.calls] == [("PUT", "m-card")]


async def test_a_refusal_leaves_the_way_back(bot: TeamsBot, desk: FakeDesk, connector: TeamsConnector) -> None:
    desk.answers[Action.APPROVE] = Notice("Only a licensed clinician may approve this.")
    answered = await bot.hear(bot.execute(press("approve"), personal=False))
    assert "Only a licensed clinician" in said(answered.body["value"])
    assert titles(answered.body["value"]) == ["Back to the card"]
    assert connector.calls == []


async def test_after_a_choice_the_picker_is_gone_everywhere(
    bot: TeamsBot, desk: FakeDesk, connector: TeamsConnector
) -> None:
    answered = await bot.hear(bot.execute(press("pick", subject="r-1", input_choice="o3")))
    assert desk.presses[-1].values == {"choice": "o3"}
    assert titles(answered.body["value"]) == []
    assert [(call.method, call.message) for call in connector.calls] == [("PUT", "m-card")]


async def test_a_long_picker_as_an_answer_is_sent_privately_and_whole(
    bot: TeamsBot, desk: FakeDesk, connector: TeamsConnector
) -> None:
    desk.answers[Action.SHOW] = LONG_PICKER
    answered = await bot.hear(bot.execute(press("show")))
    assert "privately" in said(answered.body["value"])
    offered = [choice for card in connector.cards for element in card["body"] for choice in element.get("choices", ())]
    assert [choice["value"] for choice in offered] == [option.value for option in LONG_PICKER.options]


class SlowDesk(FakeDesk):
    @override
    async def press(self, press: Press) -> Reply:
        await asyncio.sleep(0.3)
        return await super().press(press)


async def test_a_slow_press_is_answered_in_time_and_finished_later(
    issuer: TeamsIssuer, connector: TeamsConnector
) -> None:
    desk = SlowDesk()
    async with running_bot(issuer, connector, desk, press_answered_within_s=0.05) as bot:
        started = time.perf_counter()
        answered = await bot.hear(bot.execute(press("approve"), personal=False), settle=False)
        assert time.perf_counter() - started < 0.25
        assert "being worked on" in said(answered.body["value"])
        await bot.platform.settle()
        assert len(desk.presses) == 1
        assert CARD_VIEW.status.text in said(connector.cards[0])
        desk.fails = True
        await bot.hear(bot.execute(press("approve"), personal=False))
        assert "try again" in connector.texts[-1]


class SlowWords(FakeDesk):
    @override
    async def typed(self, words: Typed) -> Reply:
        self.typed_words.append(words)
        return CARD_VIEW


async def test_teams_has_its_answer_before_the_reply_is_sent(issuer: TeamsIssuer, connector: TeamsConnector) -> None:
    async with running_bot(issuer, connector, SlowWords()) as bot:
        answered = await bot.hear(bot.typed("handoff C-102"), settle=False)
        assert (answered.status, len(connector.calls)) == (200, 0)
        await bot.platform.settle()
    text, card = connector.calls
    assert text.body["text"] == CARD_VIEW.card.notice
    assert "attachments" not in text.body
    assert "text" not in card.body


async def test_whoever_installs_the_bot_is_greeted_once(bot: TeamsBot, connector: TeamsConnector) -> None:
    us = [{"id": bot.typed("")["recipient"]["id"]}]
    await bot.hear(bot.activity("conversationUpdate", membersAdded=us))
    await bot.hear(bot.activity("installationUpdate", action="add"))
    await bot.hear(bot.activity("conversationUpdate", membersAdded=[{"id": "29:somebody"}]))
    assert [text.split("\n")[0] for text in connector.texts] == [
        "I am Baton. In a channel, mention me; in our own chat, just type:"
    ]


async def test_after_uninstalling_nothing_is_sent_until_the_next_install(
    bot: TeamsBot, connector: TeamsConnector
) -> None:
    await bot.hear(bot.typed("hello"))
    place = next(iter(bot.store.living))
    await bot.hear(bot.activity("installationUpdate", action="remove"))
    assert bot.store.buried == [place]
    assert await bot.store.address(place) is None
    await bot.hear(bot.activity("installationUpdate", action="add"))
    assert await bot.store.address(place) is not None
    assert len(connector.texts) == 2
