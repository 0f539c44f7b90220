"""The `Chat` port on Teams: what is sent where, and what each refusal of the connector means."""

import asyncio
import logging
import time
from dataclasses import replace

import pytest

from bot.chat import Action, CardRef, Chat, ChatRefused, ChatUnavailable, Notice, Place, Platform, Who
from bot.teams.service_urls import ServiceUrls
from tests.fakes.desk import FakeDesk
from tests.fakes.teams_bot import APP_ID, DANA, TENANT, TeamsBot, running_bot
from tests.fakes.teams_connector import Refuse, TeamsConnector
from tests.fakes.teams_issuer import TeamsIssuer
from tests.fakes.views import CARD_VIEW, NOTICE, PICKER

CHANNEL = Place(Platform.TEAMS, TENANT, "19:team@thread.tacv2")
OWN = Place(Platform.TEAMS, TENANT, "a:dana", personal=True)
WHO = Who(Platform.TEAMS, TENANT, DANA)
PLAIN = Notice("Working on it.")


@pytest.fixture
async def chat(bot: TeamsBot) -> Chat:
    address = {"service_url": bot.service_url, "bot": f"28:{APP_ID}"}
    await bot.store.remember(CHANNEL, who=None, address=address)
    await bot.store.remember(OWN, who=WHO, address=address)
    return bot.platform.chat


async def test_a_card_is_announced_by_its_notice_and_then_sent_alone(chat: Chat, connector: TeamsConnector) -> None:
    ref = await chat.post(CARD_VIEW, CHANNEL, key="k1")
    text, card = connector.calls
    assert (text.body["text"], text.body["textFormat"]) == (CARD_VIEW.card.notice, "plain")
    assert "attachments" not in text.body
    assert "text" not in card.body
    assert card.body["summary"] == CARD_VIEW.card.notice
    assert card.body["channelData"] == {"batonKey": "k1"}
    assert ref == CardRef(Platform.TEAMS, TENANT, CHANNEL.conversation, "m2")


async def test_a_key_is_posted_once(chat: Chat, connector: TeamsConnector) -> None:
    first = await chat.post(PLAIN, CHANNEL, key="k1")
    assert await chat.post(PLAIN, CHANNEL, key="k1") == first
    await chat.post(PLAIN, CHANNEL, key="k2")
    assert len(connector.calls) == 2


async def test_trying_a_card_again_does_not_announce_it_again(chat: Chat, connector: TeamsConnector) -> None:
    connector.refuse(Refuse(201), Refuse(429, headers={"Retry-After": "3"}))
    with pytest.raises(ChatUnavailable) as unavailable:
        await chat.post(CARD_VIEW, CHANNEL, key="k1")
    assert unavailable.value.retry_after_s == 3
    await chat.post(CARD_VIEW, CHANNEL, key="k1")
    assert [call.card is not None for call in connector.calls] == [True]


async def test_a_thread_is_answered_in_the_thread(chat: Chat, connector: TeamsConnector) -> None:
    ref = await chat.post(PLAIN, replace(CHANNEL, thread="17"), key="k1")
    assert connector.calls[0].conversation == "19:team@thread.tacv2;messageid=17"
    await chat.replace(ref, NOTICE)
    assert (connector.calls[1].method, connector.calls[1].message) == ("PUT", ref.message)
    assert connector.calls[1].conversation == "19:team@thread.tacv2;messageid=17"


@pytest.mark.parametrize("status", [412, 429, 502, 503, 504])
async def test_what_may_be_tried_again_says_so(chat: Chat, connector: TeamsConnector, status: int) -> None:
    connector.refuse(Refuse(status))
    with pytest.raises(ChatUnavailable) as unavailable:
        await chat.post(PLAIN, CHANNEL, key="k1")
    assert (unavailable.value.sent, unavailable.value.retry_after_s) == (False, None)
    await chat.post(PLAIN, CHANNEL, key="k1")
    assert len(connector.calls) == 1


@pytest.mark.parametrize("refusal", [Refuse(500), Refuse(drop=True)], ids=str)
async def test_an_unknown_outcome_says_that_it_may_have_been_posted(
    chat: Chat, connector: TeamsConnector, refusal: Refuse
) -> None:
    connector.refuse(refusal)
    with pytest.raises(ChatUnavailable) as unavailable:
        await chat.post(PLAIN, CHANNEL, key="k1")
    assert unavailable.value.sent


async def test_a_connector_that_is_not_there_was_not_told_anything(bot: TeamsBot, chat: Chat) -> None:
    await bot.store.remember(CHANNEL, who=None, address={"service_url": "http://127.0.0.1:9/", "bot": "28:x"})
    with pytest.raises(ChatUnavailable) as unavailable:
        await chat.post(PLAIN, CHANNEL, key="k1")
    assert not unavailable.value.sent


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "BotNotInConversationRoster"),
        (403, "ConversationBlockedByUser"),
        (403, "BotDisabledByAdmin"),
        (404, "ConversationNotFound"),
    ],
)
async def test_a_dead_conversation_is_buried(
    bot: TeamsBot, chat: Chat, connector: TeamsConnector, status: int, code: str
) -> None:
    connector.refuse(Refuse(status, code))
    with pytest.raises(ChatRefused) as refused:
        await chat.post(PLAIN, replace(CHANNEL, thread="17"), key="k1")
    assert refused.value.dead
    assert bot.store.buried == [CHANNEL]
    with pytest.raises(ChatRefused) as again:
        await chat.post(PLAIN, CHANNEL, key="k2")
    assert again.value.dead
    assert connector.calls == []


@pytest.mark.parametrize(
    "refusal", [Refuse(400, "BadSyntax"), Refuse(401), Refuse(403, "Forbidden"), Refuse(413)], ids=str
)
async def test_any_other_refusal_needs_a_person_and_buries_nothing(
    bot: TeamsBot, chat: Chat, connector: TeamsConnector, refusal: Refuse
) -> None:
    connector.refuse(refusal)
    with pytest.raises(ChatRefused) as refused:
        await chat.post(PLAIN, CHANNEL, key="k1")
    assert not refused.value.dead
    assert bot.store.buried == []


async def test_a_message_that_is_gone_is_posted_anew(chat: Chat, connector: TeamsConnector) -> None:
    ref = await chat.post(CARD_VIEW, CHANNEL, key="k1")
    connector.refuse(Refuse(404, "ActivityNotFoundInConversation"))
    moved = await chat.replace(ref, CARD_VIEW)
    assert (connector.calls[-1].method, moved.message) == ("POST", "m3")


async def test_a_placeholder_id_is_never_updated(chat: Chat, connector: TeamsConnector) -> None:
    connector.answer_id = "DO_NOT_USE_PLACEHOLDER_ID"
    ref = await chat.post(CARD_VIEW, CHANNEL, key="k1")
    assert ref.message == ""
    await chat.replace(ref, CARD_VIEW)
    assert connector.calls[-1].method == "POST"


async def test_one_conversation_is_told_one_thing_at_a_time(chat: Chat, connector: TeamsConnector) -> None:
    await asyncio.gather(*(chat.post(PLAIN, CHANNEL, key=f"k{n}") for n in range(5)))
    assert (connector.most_at_once, len(connector.calls)) == (1, 5)


async def test_different_conversations_do_not_wait_for_each_other(chat: Chat, connector: TeamsConnector) -> None:
    await asyncio.gather(
        *(chat.post(PLAIN, place, key=f"{n}{place.conversation}") for n in range(5) for place in (OWN, CHANNEL))
    )
    assert connector.most_at_once == 2


async def test_a_whisper_in_a_channel_goes_one_to_one(chat: Chat, connector: TeamsConnector) -> None:
    await chat.whisper(PICKER, WHO, CHANNEL)
    assert [call.conversation for call in connector.calls] == [OWN.conversation]


async def test_a_one_to_one_conversation_is_opened_once(bot: TeamsBot, connector: TeamsConnector) -> None:
    somebody = Who(Platform.TEAMS, TENANT, "aad-2")
    first = await bot.platform.chat.personal(somebody)
    assert await bot.platform.chat.personal(somebody) == first
    assert first == Place(Platform.TEAMS, TENANT, "a:one-to-one-aad-2", personal=True)
    assert len(connector.calls) == 1
    assert connector.calls[0].body["bot"] == {"id": f"28:{APP_ID}"}


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://smba.trafficmanager.net/amer/", True),
        ("https://smba.infra.gov.teams.microsoft.us/", True),
        ("http://smba.trafficmanager.net/amer/", False),
        ("https://smba.trafficmanager.net.example.org/", False),
        ("https://smba.trafficmanager.net@example.org/", False),
        ("https://user:pw@smba.trafficmanager.net/", False),
        ("https://example.org/smba.trafficmanager.net", False),
        ("http://127.0.0.1:3978/", False),
        ("https://169.254.169.254/", False),
        ("https://[broken", False),
        ("", False),
    ],
)
def test_words_go_to_microsoft_only(url: str, *, allowed: bool) -> None:
    assert ServiceUrls().allows(url) is allowed


async def test_a_stored_address_elsewhere_is_not_written_to(issuer: TeamsIssuer, connector: TeamsConnector) -> None:
    async with running_bot(issuer, connector, FakeDesk(), service_urls=ServiceUrls()) as bot:
        await bot.store.remember(CHANNEL, who=None, address={"service_url": connector.url, "bot": "28:x"})
        with pytest.raises(ChatRefused):
            await bot.platform.chat.post(PLAIN, CHANNEL, key="k1")
    assert connector.calls == []


async def test_without_a_token_nothing_is_sent_and_no_reason_is_quoted(
    issuer: TeamsIssuer, connector: TeamsConnector, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(scope: str | list[str], tenant: str | None) -> str:
        raise ValueError("marker-secret")

    caplog.set_level(logging.DEBUG)
    async with running_bot(issuer, connector, FakeDesk(), bot_token=broken) as bot:
        await bot.hear(bot.typed("hello"))
        with pytest.raises(ChatUnavailable) as unavailable:
            await bot.platform.chat.post(PLAIN, OWN, key="k1")
    assert not unavailable.value.sent
    assert "marker" not in caplog.text + str(unavailable.value)
    assert connector.calls == []


async def test_the_silence_of_the_connector_has_an_end(issuer: TeamsIssuer, connector: TeamsConnector) -> None:
    async with running_bot(issuer, connector, FakeDesk(), http_timeout_s=0.2) as bot:
        silent = await asyncio.start_server(_silent, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}/"
        await bot.store.remember(CHANNEL, who=None, address={"service_url": url, "bot": "28:x"})
        started = time.perf_counter()
        with pytest.raises(ChatUnavailable) as unavailable:
            await bot.platform.chat.post(PLAIN, CHANNEL, key="k1")
        assert time.perf_counter() - started < 1
        silent.close()
    assert unavailable.value.sent


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def test_no_button_of_a_posted_card_carries_more_than_ids(chat: Chat, connector: TeamsConnector) -> None:
    await chat.post(CARD_VIEW, CHANNEL, key="k1")
    sets = [element["actions"] for element in connector.cards[0]["body"] if element["type"] == "ActionSet"]
    review = sets[0][0]
    assert review["data"] == {"action": Action.REVIEW, "subject": "d-1", "version": 3, "values": {}}
