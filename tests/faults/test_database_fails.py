"""The database restarts under load; the disk is full and then is not."""

import asyncio
from functools import partial

import pytest

from bot.chat import Action, Notice
from bot.drafts import State
from tests.faults.people import HANDOFFS, accept, approve, ask, found, hand_over, press, read_all, until
from tests.faults.promises import kept
from tests.faults.setups import Ground, Setup, on


@on("postgresql", "postgresql-three")
async def test_a_database_that_restarts_delays_and_loses_nothing(ground: Ground, setup: Setup) -> None:
    if setup.processes == 1 and not ground.soak:
        pytest.skip("make soak")
    restarts = 6 if ground.soak else 2
    handoffs = HANDOFFS if ground.soak else HANDOFFS[:2]
    assert ground.postgres is not None
    async with ground.site(*handoffs) as site:
        await site.start(setup.processes)
        async with asyncio.TaskGroup() as people:
            for handoff in handoffs:
                people.create_task(hand_over(site, handoff))
            for _ in range(restarts):
                await asyncio.sleep(0.8)
                await asyncio.to_thread(ground.postgres.restart)
        assert await kept(site, handoffs) == []
        assert not site.deaths
    ground.tally.add("PostgreSQL stopped at once and started", restarts)


@on("sqlite")
async def test_on_a_full_disk_a_press_is_refused_in_words_and_works_when_there_is_room(ground: Ground) -> None:
    handoff = HANDOFFS[0]
    async with ground.site(handoff) as site:
        await site.start()
        draft = await ask(site, handoff)
        await read_all(site, handoff.sender, draft)
        process = await site.anyone()
        await process.answered({"disk": "full"})
        refused = await site.received(press(handoff.sender, Action.APPROVE, draft))
        assert isinstance(refused, Notice)
        assert "try again" in refused.text
        assert (await site.look(partial(found, draft_id=draft.id))).state is State.WAITING
        await process.answered({"disk": "room"})
        await approve(site, handoff, draft)
        await process.answered({"disk": "full"})  # and once more while it is being filed
        await asyncio.sleep(1)
        await process.answered({"disk": "room"})
        await until(site, draft.id, lambda now: now.state is State.FILED, "filed")
        await accept(site, handoff.receiver, draft.id)
        assert await kept(site, [handoff]) == []
        assert not site.deaths
    ground.tally.add("a disk that was full", 2)
