"""The Chat port on Slack: what is posted, and how each of Slack's failures reads to the caller."""

from collections.abc import AsyncIterator

import pytest

from bot.chat import CardRef, ChatRefused, ChatUnavailable, Notice, Place, Platform, Who
from bot.slack.outbound import SlackChat, _response_hosts
from tests.fakes.slack_api import FakeSlack, Misbehaviour, slack_api
from tests.fakes.views import CARD_VIEW, NOTICE, PICKER

CHANNEL = Place(Platform.SLACK, "T1", "C1")
PERSONAL = Place(Platform.SLACK, "T1", "D1", personal=True)
DANA = Who(Platform.SLACK, "T1", "UDANA")
POST = "chat.postMessage"


@pytest.fixture
async def chat(api: FakeSlack) -> AsyncIterator[SlackChat]:
    made = SlackChat("xoxb-1", api.api_url)
    await made.open()
    yield made
    await made.close()
    assert api.mistakes == []


async def test_a_posted_card_is_found_again_by_its_reference(chat: SlackChat, api: FakeSlack) -> None:
    ref = await chat.post(CARD_VIEW, CHANNEL, key="k-1")
    assert await chat.replace(ref, Notice("Filed.")) == ref
    assert api.messages[ref.conversation, ref.message]["text"] == "Filed."


async def test_a_post_shows_no_previews_and_carries_its_key(chat: SlackChat, api: FakeSlack) -> None:
    await chat.post(CARD_VIEW, CHANNEL, key="k-1")
    [sent] = api.sent(POST)
    assert (sent["unfurl_links"], sent["unfurl_media"]) == (False, False)
    assert sent["metadata"] == {"event_type": "baton_card", "event_payload": {"key": "k-1"}}
    assert sent["text"] == CARD_VIEW.card.notice


async def test_a_redraw_always_brings_blocks(chat: SlackChat, api: FakeSlack) -> None:
    ref = await chat.post(CARD_VIEW, CHANNEL, key="k-1")
    await chat.replace(ref, NOTICE)
    assert api.sent("chat.update")[0]["blocks"]


async def test_an_answer_stays_in_its_thread(chat: SlackChat, api: FakeSlack) -> None:
    await chat.post(NOTICE, Place(Platform.SLACK, "T1", "C1", thread="1.1"), key="k-1")
    assert api.sent(POST)[0]["thread_ts"] == "1.1"


async def test_a_choice_of_clients_is_never_posted_to_a_channel(chat: SlackChat, api: FakeSlack) -> None:
    await chat.post(PICKER, PERSONAL, key="k-1")
    with pytest.raises(ChatRefused, match="never posted to a channel"):
        await chat.post(PICKER, CHANNEL, key="k-2")
    assert [sent["channel"] for sent in api.sent(POST)] == ["D1"]


async def test_a_whisper_in_a_channel_is_for_one_person(chat: SlackChat, api: FakeSlack) -> None:
    await chat.whisper(PICKER, DANA, CHANNEL)
    [sent] = api.sent("chat.postEphemeral")
    assert (sent["channel"], sent["user"]) == ("C1", "UDANA")
    assert not api.sent(POST)


async def test_a_whisper_goes_one_to_one_where_baton_is_no_member(chat: SlackChat, api: FakeSlack) -> None:
    api.misbehaves["chat.postEphemeral"] = [Misbehaviour(error="not_in_channel")]
    await chat.whisper(NOTICE, DANA, CHANNEL)
    assert [sent["channel"] for sent in api.sent(POST)] == ["DUDANA"]


async def test_the_personal_conversation_is_opened(chat: SlackChat) -> None:
    assert await chat.personal(DANA) == Place(Platform.SLACK, "T1", "DUDANA", personal=True)


async def test_slack_says_how_long_to_wait_and_nobody_sleeps_here(chat: SlackChat, api: FakeSlack) -> None:
    api.misbehaves[POST] = [Misbehaviour(429, "ratelimited", retry_after="30")]
    with pytest.raises(ChatUnavailable) as caught:
        await chat.post(CARD_VIEW, CHANNEL, key="k-1")
    assert (caught.value.retry_after_s, caught.value.sent) == (30.0, False)
    assert len(api.sent(POST)) == 1


async def test_a_lost_answer_is_not_posted_again_behind_the_caller_s_back(chat: SlackChat, api: FakeSlack) -> None:
    api.misbehaves[POST] = [Misbehaviour(drop=True)]
    with pytest.raises(ChatUnavailable) as caught:
        await chat.post(CARD_VIEW, CHANNEL, key="k-1")
    assert caught.value.sent is True
    assert len(api.messages) == 2  # the card of the fixture, and this one


async def test_slack_out_of_reach_was_not_sent(chat: SlackChat, api: FakeSlack) -> None:
    away = SlackChat("xoxb-1", "http://127.0.0.1:9/api/")
    await away.open()
    with pytest.raises(ChatUnavailable) as caught:
        await away.post(CARD_VIEW, CHANNEL, key="k-1")
    await away.close()
    assert caught.value.sent is False


@pytest.mark.parametrize(
    "wrong",
    [Misbehaviour(500), Misbehaviour(502, junk=True), Misbehaviour(error="internal_error"), Misbehaviour(junk=True)],
    ids=str,
)
async def test_a_problem_of_slack_s_own_may_be_tried_again(
    chat: SlackChat, api: FakeSlack, wrong: Misbehaviour
) -> None:
    api.misbehaves[POST] = [wrong]
    with pytest.raises(ChatUnavailable) as caught:
        await chat.post(CARD_VIEW, CHANNEL, key="k-1")
    assert caught.value.sent is True
    assert "Tom" not in str(caught.value)
    assert len(api.sent(POST)) == 1


@pytest.mark.parametrize(
    ("code", "dead"),
    [
        ("channel_not_found", True),
        ("is_archived", True),
        ("user_disabled", True),
        ("not_in_channel", False),
        ("invalid_auth", False),
        ("msg_too_long", False),
    ],
)
async def test_a_refusal_says_whether_the_conversation_is_gone(
    chat: SlackChat, api: FakeSlack, code: str, *, dead: bool
) -> None:
    api.misbehaves[POST] = [Misbehaviour(error=code)]
    with pytest.raises(ChatRefused) as caught:
        await chat.post(CARD_VIEW, CHANNEL, key="k-1")
    assert caught.value.dead is dead
    assert str(caught.value).endswith(".")


async def test_redrawing_a_deleted_message_is_refused(chat: SlackChat) -> None:
    with pytest.raises(ChatRefused, match="not there any more"):
        await chat.replace(CardRef(Platform.SLACK, "T1", "C1", "9.9"), CARD_VIEW)


async def test_answers_go_to_slack_s_own_hosts_only(chat: SlackChat, api: FakeSlack) -> None:
    async with slack_api() as stranger:
        assert await chat.respond(stranger.response_url, NOTICE) is False
        assert stranger.responses == []
    assert await chat.respond(api.response_url, NOTICE) is True
    assert await chat.respond("file:///etc/passwd", NOTICE) is False


@pytest.mark.parametrize(
    ("api_url", "host"),
    [
        ("https://slack.com/api/", "https://hooks.slack.com"),
        ("https://www.slack.com/api/", "https://hooks.slack.com"),
        ("https://slack-gov.com/api/", "https://hooks.slack-gov.com"),
    ],
)
def test_where_answers_to_a_click_go(api_url: str, host: str) -> None:
    assert host in _response_hosts(api_url)
