"""Deliveries that arrive at the same time share a commit, and nothing else: each has its own answer and its own fate."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event, text

from bot.chat import Action, Home, Notice, Press, Reply, Typed, Who
from bot.flow.desk import FAULT
from bot.flow.inbox import AT_WORK, KeptDesk
from tests.fakes.office import HARBOR, Work, at_work

SAID = Notice("Done.")


class Counting:
    """A desk that answers at once and remembers what it was asked. `raises`: the words it fails at."""

    def __init__(self, *, raises: str = "") -> None:
        self.asked: list[str] = []
        self.raises = raises

    async def typed(self, words: Typed) -> Reply:
        self.asked.append(words.key)
        await asyncio.sleep(0)
        if words.text == self.raises:
            return FAULT
        return Notice(f"Done: {words.key}")

    async def press(self, press: Press) -> Reply:
        return SAID

    async def home(self, who: Who) -> Home:
        raise AssertionError


@pytest.fixture
async def idle(tmp_path: Path) -> AsyncIterator[Work]:
    async with at_work(tmp_path, working=False) as work:
        yield work


def words(work: Work, key: str, said: str = "/handoff C-102") -> Typed:
    return Typed(said, work.who("vega"), HARBOR, key)


async def states(work: Work) -> list[str]:
    return sorted(row["state"] for row in await work.rows("inbox"))


async def test_each_is_handled_once_and_has_its_own_answer(idle: Work) -> None:
    counting = Counting()
    desk = KeptDesk(counting, idle.office)
    replies = await asyncio.gather(*(desk.typed(words(idle, f"d{n}")) for n in range(40)))
    assert replies == [Notice(f"Done: d{n}") for n in range(40)]
    assert sorted(counting.asked) == sorted(f"d{n}" for n in range(40))
    assert await states(idle) == ["done"] * 40


async def test_forty_at_once_take_a_handful_of_commits(idle: Work) -> None:
    commits: list[None] = []
    assert idle.office.db._writer is not None
    event.listen(idle.office.db._writer.sync_engine, "commit", lambda _: commits.append(None))
    desk = KeptDesk(Counting(), idle.office)
    await asyncio.gather(*(desk.typed(words(idle, f"d{n}")) for n in range(40)))
    assert len(commits) < 12, "one by one it would be eighty"


async def test_it_is_kept_before_the_desk_hears_of_it(idle: Work) -> None:
    class Looks(Counting):
        async def typed(self, words: Typed) -> Reply:
            rows = await idle.rows("inbox")
            assert "received" in {row["state"] for row in rows}
            return await super().typed(words)

    looks = Looks()
    desk = KeptDesk(looks, idle.office)
    await asyncio.gather(*(desk.typed(words(idle, f"d{n}")) for n in range(5)))
    assert len(looks.asked) == 5


async def test_twins_that_arrive_together_are_handled_once(idle: Work) -> None:
    counting = Counting()
    desk = KeptDesk(counting, idle.office)
    replies = await asyncio.gather(*(desk.typed(words(idle, "same")) for _ in range(5)))
    assert counting.asked == ["same"]
    assert [reply for reply in replies if reply != AT_WORK] == [Notice("Done: same")] * (5 - replies.count(AT_WORK))
    assert await states(idle) == ["done"]


async def test_one_that_cannot_be_kept_does_not_take_the_others_down(idle: Work) -> None:
    async with idle.office.db.write() as conn:
        await conn.execute(
            text(
                "CREATE TRIGGER bad BEFORE INSERT ON inbox WHEN NEW.kind = 'approve'"
                " BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        )
    desk = KeptDesk(Counting(), idle.office)
    bad = Press(Action.APPROVE, "x", 1, idle.who("vega"), HARBOR, {}, key="p1")
    replies = await asyncio.gather(desk.typed(words(idle, "d0")), desk.press(bad), desk.typed(words(idle, "d1")))
    assert list(replies) == [Notice("Done: d0"), FAULT, Notice("Done: d1")]
    assert await states(idle) == ["done", "done"]


async def test_one_that_fails_is_kept_for_a_replay_and_the_others_are_not(idle: Work) -> None:
    desk = KeptDesk(Counting(raises="/bad"), idle.office)
    said = ["/handoff C-102", "/bad", "/handoff C-102"]
    await asyncio.gather(*(desk.typed(words(idle, f"d{n}", each)) for n, each in enumerate(said)))
    rows = await idle.rows("inbox")
    assert sorted((row["state"], row["body"] is not None) for row in rows) == [
        ("done", False), ("done", False), ("failed", True),
    ]  # fmt: skip


async def test_a_repetition_after_all_that_answers_as_before(idle: Work) -> None:
    counting = Counting()
    desk = KeptDesk(counting, idle.office)
    first = await asyncio.gather(*(desk.typed(words(idle, f"d{n}")) for n in range(6)))
    again = await asyncio.gather(*(desk.typed(words(idle, f"d{n}")) for n in range(6)))
    assert again == first
    assert len(counting.asked) == 6
