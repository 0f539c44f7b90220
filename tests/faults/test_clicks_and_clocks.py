"""Two people click at the same moment in two processes; one process believes that it is ten minutes later."""

import asyncio

import pytest

from bot.chat import Action, CardView, Notice
from bot.drafts import State
from tests.faults.people import HANDOFFS, Handoff, accept, ask, hand_over, pressed_at, read_all, until
from tests.faults.promises import kept
from tests.faults.setups import Ground, on

TWO_APPROVERS = ("vega", "raman")
AHEAD_S = 600.0


@on("postgresql")
async def test_two_people_click_at_once_and_one_is_first(ground: Ground) -> None:
    times = 20 if ground.soak else 3
    for _ in range(times):
        await _both_click(ground, HANDOFFS[0])
    ground.tally.add("two people clicking at once", times)


async def _both_click(ground: Ground, handoff: Handoff) -> None:
    async with ground.site(handoff) as site:
        await site.start(2)
        while len(site.processes) < len(TWO_APPROVERS):  # noqa: ASYNC110 - each opens in its own time
            await asyncio.sleep(0.05)
        draft = await ask(site, handoff)
        for staff_id in TWO_APPROVERS:
            await read_all(site, staff_id, draft)
        clicks = zip(site.processes, TWO_APPROVERS, strict=True)
        answers = await asyncio.gather(
            *(pressed_at(process, site, staff_id, Action.APPROVE, draft) for process, staff_id in clicks)
        )
        (second,) = [answer for answer in answers if isinstance(answer, Notice)]
        assert [type(answer) for answer in answers if answer is not second] == [CardView]
        assert "Already approved by" in second.text
        await until(site, draft.id, lambda now: now.state is State.FILED, "filed")
        await accept(site, handoff.receiver, draft.id)
        assert await kept(site, [handoff]) == []


@on("postgresql")
@pytest.mark.parametrize("ahead_s", [AHEAD_S, -AHEAD_S])
async def test_a_process_whose_clock_is_wrong(ground: Ground, ahead_s: float) -> None:
    handoffs = HANDOFFS if ground.soak else HANDOFFS[:2]
    async with ground.site(*handoffs) as site:
        await site.start()
        await site.start(ahead_s=ahead_s)
        async with asyncio.TaskGroup() as people:
            for handoff in handoffs:
                people.create_task(hand_over(site, handoff))
        assert await kept(site, handoffs) == []
    ground.tally.add("a process whose clock was ten minutes off", 1)
