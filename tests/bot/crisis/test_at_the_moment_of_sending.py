"""Whether a page is needed, and whom it may still reach, is decided when it goes out."""

from dataclasses import dataclass, field

import pytest

from bot.chat import CardRef, ChatUnavailable, Place, Platform, Postable
from bot.crisis import engine
from bot.crisis.policy import WayName
from bot.crisis.records import PageState
from bot.crisis.ways.chat import ChatWay
from bot.crisis.ways.port import Page, Unavailable, Undelivered
from tests.fakes.crisis import FakeWay, opened, pages, stored, with_ways
from tests.fakes.office import FakeChat, Json, Work, example_clinic


def silence(work: Work, *, down: bool) -> None:
    for chat in work.chats.values():
        chat.down = down


async def test_a_page_that_waited_is_not_sent_after_somebody_answered(work: Work) -> None:
    silence(work, down=True)
    await opened(work)
    waiting = {row.key for row in await pages(work) if row.state is PageState.LATE}
    assert waiting
    await work.typed("vega", "ack E-1")
    silence(work, down=False)
    await work.later(minutes=10)
    assert {row.state for row in await pages(work) if row.key in waiting} == {PageState.STOPPED}
    assert not any(key.startswith("E-") for chat in work.chats.values() for key in chat.posts), "no page"


async def test_somebody_who_left_while_a_page_waited_does_not_get_it(work: Work) -> None:
    silence(work, down=True)
    await opened(work)
    await work.kill()

    def leaves(clinic: Json) -> None:
        next(s for s in clinic["staff"] if s["id"] == "osei")["active"] = False

    work.change_clinic(leaves)
    silence(work, down=False)
    await work.restart()
    await work.later(minutes=4)
    ended = {
        row.staff_id: (row.state, row.reason)
        for row in await pages(work)
        if row.label == "now.0.0" and row.way == "chat"
    }
    assert ended["osei"] == (PageState.UNDELIVERED, "not_active")
    assert ended["vega"] == (PageState.SENT, None)


async def test_two_ways_to_one_person_both_go_out_and_one_that_fails_does_not_move_it_on(work: Work) -> None:
    sms = FakeWay(WayName.SMS, [Undelivered("no_such_number")])
    await work.kill()
    with_ways(work, sms)
    await work.restart()
    await opened(work)
    assert (await stored(work)).now.step == 0
    assert len(sms.sent) == 2, "treating and supervisor, but for the one that failed"


async def test_a_provider_that_says_later_that_it_did_not_arrive_moves_on_at_once(work: Work) -> None:
    sms = FakeWay(WayName.SMS)
    await work.kill()
    with_ways(work, sms)
    await work.restart()
    silence(work, down=True)
    await opened(work)
    assert (await stored(work)).now.step == 0, "an SMS is out to each of them"
    async with work.office.db.write() as conn:
        assert await engine.not_delivered(conn, work.office, "sms-1", "carrier_rejected")
        assert not await engine.not_delivered(conn, work.office, "sms-1", "carrier_rejected")
        assert not await engine.not_delivered(conn, work.office, "sms-99", "carrier_rejected")
    await work.settled()
    assert (await stored(work)).now.step >= 1


@dataclass
class LosesAnswers(FakeChat):
    """What is posted arrives, and its answer is lost on the way."""

    lost: int = 1
    arrived: list[str] = field(default_factory=list)

    async def post(self, view: Postable, to: Place, *, key: str) -> CardRef:
        ref = await super().post(view, to, key=key)
        self.arrived.append(key)
        if self.lost:
            self.lost -= 1
            raise ChatUnavailable("The answer was lost.", sent=True)
        return ref


async def test_a_page_whose_answer_was_lost_is_found_and_not_sent_twice() -> None:
    chat = LosesAnswers(Platform.SLACK)
    other = FakeChat(Platform.WEB)
    vega = next(s for s in example_clinic().staff if s.id == "vega")
    way = ChatWay({Platform.SLACK: chat, Platform.WEB: other})
    first = Page("E-1", "C-102", "now", "Crisis page", vega)
    with pytest.raises(Unavailable):
        await way.page(first, key="k")
    again = await way.page(Page("E-1", "C-102", "now", "Crisis page", vega, attempt=2), key="k")
    assert again.repeated
    assert chat.arrived == ["k"]
    assert not other.posts
