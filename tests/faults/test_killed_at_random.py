"""Processes killed at any moment while several people hand over at once."""

import asyncio
import random

from tests.faults.people import HANDOFFS, hand_over
from tests.faults.promises import kept
from tests.faults.setups import Ground, Setup, on
from tests.faults.site import Site

SEED = 1723
KILLS, SOAK_KILLS = 4, 40


@on()
async def test_under_load(ground: Ground, setup: Setup) -> None:
    chance = random.Random(SEED)
    kills = SOAK_KILLS if ground.soak else KILLS
    handoffs = HANDOFFS if ground.soak else HANDOFFS[:3]
    async with ground.site(*handoffs) as site:
        await site.start(setup.processes)
        killing = asyncio.create_task(kill(site, chance, kills))
        async with asyncio.TaskGroup() as people:
            for handoff in handoffs:
                people.create_task(hand_over(site, handoff))
        made = await _over(killing)
        assert await kept(site, handoffs) == []
    assert made, "everything was over before anybody died"
    ground.tally.add("SIGKILL at a random moment under load", made)


async def kill(site: Site, chance: random.Random, times: int) -> list[None]:
    """One after the other, a living one each time, somewhere in the next second."""
    made: list[None] = []
    try:
        for _ in range(times):
            await asyncio.sleep(chance.uniform(0.1, 1.0))
            (await site.anyone()).kill()
            made.append(None)
    except asyncio.CancelledError:
        pass
    return made


async def _over(killing: asyncio.Task[list[None]]) -> int:
    killing.cancel()
    return len(await killing)
