"""Kept before it is answered: repetitions answer as before, and a process that dies in between loses nothing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text, update

from bot.chat import Action, CardRef, Home, Notice, Place, Platform, Press, Reply, Typed, Who
from bot.flow.desk import FAULT
from bot.flow.inbox import AT_WORK, LOOK_AGAIN, MOST_ATTEMPTS, SHOWS, KeptDesk, read, written
from bot.store import tables as t
from tests.fakes.office import HARBOR, Work, asked, at_work

WORDS = "/handoff C-102 to osei"


class Dies(Exception):
    """The process ends here."""


class Doomed:
    """A desk whose process dies before or after it has handled something."""

    def __init__(self, work: Work, *, before: bool = False, after: bool = False) -> None:
        self.work, self.before, self.after = work, before, after

    async def typed(self, words: Typed) -> Reply:
        return await self._answer(words)

    async def press(self, press: Press) -> Reply:
        return await self._answer(press)

    async def home(self, who: Who) -> Home:
        raise AssertionError

    async def _answer(self, doing: Typed | Press) -> Reply:
        if self.before:
            raise Dies
        desk = self.work.desk
        reply = await (desk.typed(doing) if isinstance(doing, Typed) else desk.press(doing))
        if self.after:
            raise Dies
        return reply


@pytest.fixture
async def idle(tmp_path: Path) -> AsyncIterator[Work]:
    """An office whose worker does nothing yet."""
    async with at_work(tmp_path, working=False) as work:
        yield work


def kept(work: Work, **dies: bool) -> KeptDesk:
    return KeptDesk(Doomed(work, **dies) if dies else work.desk, work.office)


def words(work: Work, said: str = WORDS, key: str = "d1", by: str = "vega") -> Typed:
    return Typed(said, work.who(by), HARBOR, key)


async def states(work: Work) -> list[tuple[str, str, bool]]:
    return [(row["kind"], row["state"], row["body"] is not None) for row in await work.rows("inbox")]


async def overdue(work: Work) -> None:
    async with work.office.db.write() as conn:
        await conn.execute(update(t.inbox).values(due=0))


async def test_words_are_kept_then_handled_and_their_body_is_purged(idle: Work) -> None:
    reply = await kept(idle).typed(words(idle))
    assert isinstance(reply, Notice)
    assert await states(idle) == [("typed", "done", False)]


async def test_a_repetition_answers_as_before_and_asks_nobody(idle: Work) -> None:
    desk = kept(idle)
    first = await desk.typed(words(idle, "/nonsense"))
    events = len(await idle.trail())
    dead = KeptDesk(Doomed(idle, before=True), idle.office)
    assert await dead.typed(words(idle, "/nonsense")) == first
    assert len(await idle.trail()) == events


async def test_a_repetition_while_the_first_is_at_work_says_so(idle: Work) -> None:
    with pytest.raises(Dies):
        await kept(idle, before=True).typed(words(idle))
    assert await kept(idle).typed(words(idle)) == AT_WORK
    assert len(await idle.rows("requests")) == 0


async def test_somebody_else_cannot_use_up_a_key(idle: Work) -> None:
    await kept(idle).typed(words(idle, "/nonsense", by="osei"))
    assert await kept(idle).typed(words(idle)) != AT_WORK
    assert len(await idle.rows("requests")) == 1


@pytest.mark.parametrize("died", ["before", "after"])
async def test_a_process_that_dies_after_keeping_words_loses_and_doubles_nothing(idle: Work, died: str) -> None:
    with pytest.raises(Dies):
        await kept(idle, **{died: True}).typed(words(idle))
    assert await states(idle) == [("typed", "received", True)]
    assert await kept(idle).sweep() == 0
    await overdue(idle)
    assert await kept(idle).sweep() == 1
    assert await states(idle) == [("typed", "done", False)]
    assert len(await idle.rows("requests")) == 1
    assert len(await idle.rows("jobs")) == 1
    assert await kept(idle).sweep() == 0


async def test_the_next_life_on_sqlite_does_not_wait_and_leaves_its_own_alone(idle: Work) -> None:
    with pytest.raises(Dies):
        await kept(idle, before=True).typed(words(idle))
    desk = kept(idle)
    async with desk.watched():
        with pytest.raises(Dies):
            await kept(idle, before=True).typed(words(idle, key="d2"))
        async with asyncio.timeout(5):
            while ("typed", "done", False) not in await states(idle):  # noqa: ASYNC110 - the sweep is not ours to await
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
    assert await states(idle) == [("typed", "done", False), ("typed", "received", True)]
    assert len(await idle.rows("requests")) == 1


async def test_a_late_answer_is_said_to_the_person(idle: Work) -> None:
    with pytest.raises(Dies):
        await kept(idle, before=True).typed(words(idle))
    await overdue(idle)
    await kept(idle).sweep()
    assert [said for said in idle.told("vega") if "Reading the chart" in said or "Looking up" in said]


async def test_an_approval_that_was_kept_counts_once_whenever_the_process_dies(work: Work) -> None:
    draft = await asked(work)
    await work.read_all("vega", draft)
    press = Press(Action.APPROVE, draft.id, draft.version, work.who("vega"), HARBOR, key="p1")
    with pytest.raises(Dies):
        await kept(work, after=True).press(press)
    await overdue(work)
    assert await kept(work).sweep() == 1
    await work.settled()
    assert (await work.actions()).count("draft_approved") == 1
    assert len(work.written("DocumentReference")) == 1
    again = await kept(work).press(press)
    assert isinstance(again, Notice)
    assert "Already approved" in again.text


async def test_a_question_that_was_kept_is_asked_once(work: Work) -> None:
    draft = await asked(work)
    await work.read_all("vega", draft)
    await work.press("vega", Action.APPROVE, draft)
    await work.settled()
    await work.read_all("osei", draft)
    values = {"question": "Who has the key?"}
    press = Press(Action.SAVE_ASK, draft.id, draft.version, work.who("osei"), HARBOR, values, key="p1")
    with pytest.raises(Dies):
        await kept(work, after=True).press(press)
    await overdue(work)
    assert await kept(work).sweep() == 1
    assert [row["kind"] for row in await work.rows("exchanges")] == ["question"]
    assert (await work.actions()).count("handoff_question") == 1


async def test_a_look_that_nobody_waits_for_any_more_is_dropped(work: Work) -> None:
    draft = await asked(work)
    press = Press(Action.REVIEW, draft.id, draft.version, work.who("vega"), HARBOR, {"page": "1"}, key="p1")
    with pytest.raises(Dies):
        await kept(work, before=True).press(press)
    await overdue(work)
    looked = (await work.actions()).count("detail_viewed")
    await kept(work).sweep()
    assert await states(work) == [("review", "ignored", False)]
    assert (await work.actions()).count("detail_viewed") == looked


async def test_a_form_that_has_a_question_left_tells_the_person_to_open_it_again(work: Work) -> None:
    draft = await asked(work)
    press = Press(Action.SAVE_REJECT, draft.id, draft.version, work.who("vega"), HARBOR, {"reason": ""}, key="p1")
    with pytest.raises(Dies):
        await kept(work, before=True).press(press)
    await overdue(work)
    await kept(work).sweep()
    assert LOOK_AGAIN.text in work.told("vega")


async def test_our_own_fault_keeps_the_body_for_a_replay(idle: Work) -> None:
    class Faulty(Doomed):
        async def _answer(self, doing: Typed | Press) -> Reply:
            return FAULT

    assert await KeptDesk(Faulty(idle), idle.office).typed(words(idle)) is FAULT
    assert await states(idle) == [("typed", "failed", True)]


async def test_what_kills_its_process_again_and_again_is_given_up_for_a_person_to_look_at(idle: Work) -> None:
    with pytest.raises(Dies):
        await kept(idle, before=True).typed(words(idle))
    for _ in range(MOST_ATTEMPTS - 1):
        await overdue(idle)
        with pytest.raises(Dies):
            await kept(idle, before=True).sweep()
    await overdue(idle)
    assert await kept(idle, before=True).sweep() == 1
    assert await states(idle) == [("typed", "failed", True)]


async def test_what_cannot_be_kept_is_not_acknowledged_as_if_it_were(idle: Work) -> None:
    async with idle.office.db.write() as conn:
        await conn.execute(text("ALTER TABLE inbox RENAME TO inbox_away"))
    assert await kept(idle).typed(words(idle)) is FAULT
    assert await idle.rows("requests") == []


def test_every_action_either_shows_or_decides() -> None:
    """A new action must be put on one side: what is saved changes something, and so does what is named here."""
    decides = {action for action in Action if action not in SHOWS}
    at_once = {Action.PICK, Action.APPROVE, Action.RETRY, Action.OVERRIDE}
    at_once |= {Action.CRISIS_ACK, Action.CRISIS_CALL, Action.CRISIS_ACCEPT, Action.CRISIS_DECLINE}
    at_once |= {Action.CRISIS_CONFIRM, Action.CRISIS_CLOSE}
    at_once |= {Action.DIGEST_TELL, Action.DIGEST_USELESS, Action.REFERRAL_NUDGE}
    at_once |= {Action.DIGEST_RETIRE, Action.DIGEST_KEEP, Action.DIGEST_RESTORE}
    assert decides == {a for a in Action if "save_" in a.value} | at_once


texts = st.text(max_size=40)
whos = st.builds(Who, st.sampled_from(Platform), texts, texts)
places = st.builds(Place, st.sampled_from(Platform), texts, texts, st.booleans(), st.none() | texts)
refs = st.none() | st.builds(CardRef, st.sampled_from(Platform), texts, texts, texts)
presses = st.builds(
    Press,
    st.sampled_from(Action),
    texts,
    st.integers(0, 10**6),
    whos,
    places,
    st.dictionaries(texts, texts, max_size=3),
    refs,
    texts,
)


@given(doing=st.one_of(presses, st.builds(Typed, texts, whos, places, texts)))
def test_what_is_kept_comes_back_equal(doing: Typed | Press) -> None:
    again = read(written(doing))
    assert again == doing
    assert again.key == doing.key
