"""The windows of the platforms are kept whatever is asked, and no conversation waits for another."""

from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import CardRef, CardView, ChatUnavailable, Place, Platform, Postable
from bot.flow.pace import LIMITS, REMEMBERED, Pace
from tests.fakes.office import HARBOR, SLACK_HARBOR, FakeChat, Work, asked

TEAMS_CHAT = Place(Platform.TEAMS, "tenant", "a")


@dataclass
class Time:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def sends(place: Place, asks: list[tuple[float, int]]) -> list[float]:
    """Ask as told, wait as told: when each message was sent. `asks`: (pause before asking, how many)."""
    time, sent = Time(), list[float]()
    pace = Pace(time)
    for pause, count in asks:
        time.now += pause
        while wait := pace.take(place, count=count):
            time.now += wait
        sent += [time.now] * count
    return sent


@given(
    platform=st.sampled_from([Platform.SLACK, Platform.TEAMS]),
    asks=st.lists(st.tuples(st.floats(0, 3), st.integers(1, 2)), max_size=120),
)
def test_no_window_is_ever_overfull(platform: Platform, asks: list[tuple[float, int]]) -> None:
    sent = sends(replace(TEAMS_CHAT, platform=platform), asks)
    for window in LIMITS[platform]:
        for first, beyond in zip(sent, sent[window.count :], strict=False):
            assert beyond - first >= window.per_s - 1e-6
    assert all(one <= two for one, two in pairwise(sent))


def test_slack_takes_a_small_burst_and_then_one_a_second() -> None:
    sent = sends(SLACK_HARBOR, [(0, 1)] * 33)
    assert sent[:4] == [0, 0, 0, 3]
    assert sent[-1] == pytest.approx(30, abs=3)


def test_the_console_is_never_paced() -> None:
    assert sends(HARBOR, [(0, 1)] * 5000) == [0] * 5000


def test_one_conversation_on_hold_delays_no_other() -> None:
    time = Time()
    pace = Pace(time)
    pace.hold(SLACK_HARBOR, for_s=30)
    pace.hold(SLACK_HARBOR, for_s=10)
    time.now = 1
    assert pace.take(SLACK_HARBOR) == 29
    assert pace.take(replace(SLACK_HARBOR, conversation="C0OTHER")) == 0
    time.now = 30
    assert pace.take(SLACK_HARBOR) == 0


def test_what_is_remembered_is_bounded() -> None:
    pace = Pace()
    for number in range(REMEMBERED + 50):
        pace.take(replace(SLACK_HARBOR, conversation=str(number)))
    assert len(pace._conversations) == REMEMBERED


# In the office


class Throttled(FakeChat):
    """Says 429 for one conversation, once for each number in `waits`."""

    waits: dict[str, list[float]]
    lost: int = 0

    async def post(self, view: Postable, to: Place, *, key: str) -> CardRef:
        if waits := self.waits.get(to.conversation):
            self.calls += 1
            raise ChatUnavailable("The platform said to wait.", retry_after_s=waits.pop(0))
        ref = await super().post(view, to, key=key)
        if self.lost:
            self.lost -= 1
            raise ChatUnavailable("The answer was lost.", sent=True)
        return ref


def throttled(work: Work, **waits: list[float]) -> Throttled:
    chat = Throttled(Platform.WEB)
    chat.waits = {name.replace("_", "-"): list(each) for name, each in waits.items()}
    work.chats[Platform.WEB] = chat
    return chat


async def test_a_429_holds_the_whole_lane_and_no_other(work: Work) -> None:
    chat = throttled(work, harbor_care=[60.0])
    for _ in range(3):
        await work.typed("vega", "/handoff C-102")
    await work.typed("vega", "/handoff C-102", SLACK_HARBOR)
    await work.settled()
    assert chat.calls == 1
    assert chat.cards("harbor-care") == []
    assert work.chats[Platform.SLACK].cards(SLACK_HARBOR.conversation)
    held = [row for row in await work.rows("jobs") if row["kind"] == "post_card" and "web" in row["lane"]]
    assert {row["state"] for row in held} == {"due"}
    assert max(row["attempt"] for row in held) == 1


async def test_a_lost_answer_is_looked_up_and_the_card_stands_once(work: Work) -> None:
    chat = throttled(work)
    chat.lost = 1
    await asked(work)
    await work.later(minutes=1)
    assert [len(views) for views in chat.posts.values()] == [2], "posted once, and drawn as it is now once it was found"
    (card,) = await work.rows("cards")
    assert card["message"] is not None
    assert isinstance(work.card(), CardView)
