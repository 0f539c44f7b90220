"""A process dies before and after each commit and each outside call of one whole handoff; another one goes on.

A first run in peace records the points there are; then each gets a run of its own.
"""

import random
from collections.abc import Sequence
from functools import partial

import pytest

from tests.faults.people import HANDOFFS, hand_over
from tests.faults.promises import kept
from tests.faults.setups import Ground, Setup, on, some_at_once
from tests.faults.site import Site

SEED = 20261123
PARTS = 8  # of the long version, so that several processes can share it
SHORT = {"sqlite": 4, "postgresql": 1}  # points of the short version, besides the worst ones
WORST = (  # stored there and not known here, known here and not announced, announced and not sent, posted and not kept
    "after POST DocumentReference:1",
    "before commit of attempt.complete_together file:1",
    "after commit of deliver._write:2",
    "after chat post:1",
)
BEATS = ("worker._renew", "inbox._left_behind")  # as often as time passes: the first will do
NOT_MET = "points that were not met again, so that nobody died"
_recorded: dict[str, list[str]] = {}


@on()
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.timeout(900)
async def test_the_end_is_the_same_wherever_a_process_dies(ground: Ground, setup: Setup, part: int) -> None:
    if not ground.soak and part:
        pytest.skip("make soak")
    if setup.processes > 1 and not ground.soak:
        pytest.skip("make soak; test_killed_at_random has three processes too")
    points = chosen(setup, await recorded(ground), part, soak=ground.soak)
    found = await some_at_once(partial(dies_at, ground, point) for point in points)
    broken = {point: wrong for point, wrong in zip(points, found, strict=True) if wrong}
    assert not broken
    assert ground.tally.counted.get(NOT_MET, 0) <= len(points) / 5


async def recorded(ground: Ground) -> list[str]:
    """Every point of one handoff in peace, in their order."""
    name = ground.setup.name
    if name not in _recorded:
        async with ground.site(HANDOFFS[0]) as site:
            await site.start(ground.setup.processes)
            await hand_over(site)
            assert await kept(site, HANDOFFS[:1]) == []
            found = [await process.answered({"points": True}) for process in site.processes]
        _recorded[name] = [point for points in found for point in points]
    return _recorded[name]


def chosen(setup: Setup, points: Sequence[str], part: int, *, soak: bool) -> list[str]:
    """All of them; with three processes each name once, and then all three die there."""
    once = setup.processes > 1
    mine = list(dict.fromkeys(p for p in points if p.endswith(":1") or not (once or any(beat in p for beat in BEATS))))
    if soak:
        return mine[part::PARTS]
    sample = random.Random(SEED).sample(mine, SHORT[setup.name])
    return [*(point for point in WORST if point in mine), *sample]


async def dies_at(ground: Ground, point: str) -> list[str]:
    """One handoff with a death at this point: what is wrong in the end."""
    async with ground.site(HANDOFFS[0]) as site:
        await site.start(ground.setup.processes, kill_at=point)
        try:
            await hand_over(site)
            broken = await kept(site, HANDOFFS[:1])
        except (AssertionError, TimeoutError) as trouble:
            broken = [str(trouble) or type(trouble).__name__]
        _count(site, point)
        return broken


def _count(site: Site, point: str) -> None:
    when, what, *_ = point.split()
    step = {"commit": "a commit", "chat": "a chat call"}.get(what, "an EHR call")
    site.tally.add(f"SIGKILL {when} {step}" if site.deaths else NOT_MET, site.deaths or 1)
