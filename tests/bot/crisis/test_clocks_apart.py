"""Processes whose clocks differ, and the two nights of the year in which the clock on the wall jumps."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bot.crisis import engine, moves
from bot.crisis.escalation import Moved, State, apply, opened
from bot.crisis.events import TimeUp
from bot.crisis.policy import Tier, Tiers
from bot.store.jobs import Job
from tests.fakes.crisis import ASignal, pages, stored
from tests.fakes.crisis import opened as opens
from tests.fakes.office import Work

AHEAD = timedelta(minutes=10)
NEW_YORK = ZoneInfo("America/New_York")
NIGHTS = (datetime(2026, 3, 8, 1, 57, tzinfo=NEW_YORK), datetime(2026, 11, 1, 1, 57, tzinfo=NEW_YORK, fold=0))


async def left_s(work: Work) -> float:
    """How long the queue waits until the next step."""
    async with work.office.db.read() as conn:
        found = await moves._left_s(conn, await stored(work))
    assert found is not None
    return found


async def test_what_a_process_with_a_fast_clock_set_is_not_late_for_one_with_the_right_time(work: Work) -> None:
    work.clock.now += AHEAD
    await opens(work)
    work.clock.now -= AHEAD
    await work.later(minutes=5, seconds=1)
    assert (await stored(work)).now.step == 1
    assert 290 < await left_s(work) <= 301, "and the step after it is not late either"
    await work.later(minutes=5, seconds=1)
    assert (await stored(work)).now.step == 2


async def test_what_a_process_with_a_slow_clock_set_is_not_late_either(work: Work) -> None:
    work.clock.now -= AHEAD
    await opens(work)
    work.clock.now += AHEAD
    await work.later(minutes=5, seconds=1)
    assert (await stored(work)).now.step == 1
    assert 290 < await left_s(work) <= 301


async def test_what_changes_no_time_leaves_the_queue_s_time_as_it_is(work: Work) -> None:
    work.clock.now += AHEAD
    await opens(work)
    work.clock.now -= AHEAD
    await opens(work, ASignal(key="another"))
    assert [one.label for one in await pages(work) if one.label.startswith("now.1")] == []
    assert 290 < await left_s(work) <= 301


async def test_a_turn_that_is_over_is_not_due_again(work: Work) -> None:
    await opens(work)
    before = await stored(work)
    old = Job(id=0, kind="crisis_due", ref=f"1:{before.now.turn - 1}", lane="crisis", attempt=1)
    assert await engine.due(work.office, old) is None
    assert await stored(work) == before


@pytest.mark.parametrize("night", NIGHTS)
def test_a_step_lasts_five_minutes_in_the_night_of_a_clock_change(night: datetime) -> None:
    now, at = opened(Tier.NOW, Tiers(), night), night
    times = []
    for _ in range(4):
        moved = apply(now, TimeUp(), at)
        assert isinstance(moved, Moved)
        now = moved.now
        assert now.due_at is not None
        assert now.state is State.PAGED
        times.append(now.due_at.timestamp())
        at = now.due_at.astimezone(NEW_YORK)
    assert [after - before for before, after in pairwise(times)] == [300.0] * 3
    assert times[0] - night.timestamp() == 300.0
