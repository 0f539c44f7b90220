"""A post whose answer was lost: it is looked up by its key, and one message stands in the end."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat import ChatUnavailable, Place, Platform
from bot.slack.outbound import SlackChat
from tests.fakes.office import SLACK_HARBOR, at_work
from tests.fakes.slack_api import FakeSlack, Misbehaviour
from tests.fakes.views import CARD_VIEW

CHANNEL = Place(Platform.SLACK, "T1", "C7")
POST, HISTORY = "chat.postMessage", "conversations.history"


@pytest.fixture
async def chat(api: FakeSlack) -> AsyncIterator[SlackChat]:
    made = SlackChat("xoxb-1", api.api_url)
    await made.open()
    yield made
    await made.close()


def standing(api: FakeSlack, channel: str = "C7") -> list[str]:
    return [ts for (where, ts) in api.messages if where == channel]


async def test_what_was_stored_although_the_answer_was_lost_is_found(chat: SlackChat, api: FakeSlack) -> None:
    api.misbehaves[POST] = [Misbehaviour(drop=True)]
    with pytest.raises(ChatUnavailable):
        await chat.post(CARD_VIEW, CHANNEL, key="k-1")
    await chat.post(CARD_VIEW, CHANNEL, key="k-2")
    found = await chat.find(CHANNEL, key="k-1")
    assert found is not None
    assert found.message == standing(api)[0]
    assert await chat.find(CHANNEL, key="k-3") is None
    assert len(api.sent(HISTORY)) == 2


async def test_it_is_found_in_its_thread(chat: SlackChat) -> None:
    thread = Place(Platform.SLACK, "T1", "C7", thread="1.1")
    ref = await chat.post(CARD_VIEW, thread, key="k-1")
    assert await chat.find(thread, key="k-1") == ref
    assert await chat.find(CHANNEL, key="k-1") is None


async def test_further_copies_are_removed(chat: SlackChat, api: FakeSlack) -> None:
    first = await chat.post(CARD_VIEW, CHANNEL, key="k-1")
    await chat.post(CARD_VIEW, CHANNEL, key="k-1")
    assert await chat.find(CHANNEL, key="k-1") == first
    assert standing(api) == [first.message]


@pytest.mark.parametrize(
    "wrong",
    [Misbehaviour(429, "ratelimited", retry_after="60"), Misbehaviour(error="missing_scope"), Misbehaviour(junk=True)],
    ids=str,
)
async def test_a_slack_that_will_not_say_is_no_failure(chat: SlackChat, api: FakeSlack, wrong: Misbehaviour) -> None:
    api.misbehaves[HISTORY] = [wrong]
    assert await chat.find(CHANNEL, key="k-1") is None
    assert len(api.sent(HISTORY)) == 1


async def test_a_card_whose_answer_slack_dropped_stands_once(chat: SlackChat, api: FakeSlack, tmp_path: Path) -> None:
    """The whole way: the worker posts, Slack stores and drops the answer, the second attempt finds it."""
    api.team = SLACK_HARBOR.tenant
    api.misbehaves[POST] = [Misbehaviour(drop=True)]
    async with at_work(tmp_path) as work:
        work.chats[Platform.SLACK] = chat  # type: ignore[assignment]  # the real one instead of the remembering fake
        await work.typed("vega", "/handoff C-102", SLACK_HARBOR)
        await work.settled()
        assert await work.rows("cards")
        await work.later(minutes=1)
        (card,) = await work.rows("cards")
    assert len(api.sent(POST)) == 1
    assert standing(api, SLACK_HARBOR.conversation) == [card["message"]]
