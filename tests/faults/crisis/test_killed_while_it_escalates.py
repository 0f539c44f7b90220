"""A process dies before and after each commit and each outside call of a whole escalation; another one goes on.

opened -> paged -> nobody answers -> next steps -> answered -> forgotten -> paged again -> answered -> assessed ->
reminded -> disposition -> documented -> closed. A first run in peace records the points; then each gets its own run.
"""

import random
from collections.abc import Sequence
from functools import partial

import pytest

from tests.faults.crisis.people import whole
from tests.faults.crisis.promises import kept
from tests.faults.crisis.provider import provider
from tests.faults.people import HANDOFFS
from tests.faults.setups import Ground, Setup, on, some_at_once

SEED = 20261123
PARTS = 8  # of the long version, so that several processes can share it
SHORT = {  # all of the short version; make soak goes through every point there is
    "sqlite": (
        "before commit of acts.done:1",  # the signal is here and nothing of the escalation
        "after commit of acts.done:1",  # it is opened and nobody was paged
        "after page:1",  # out, and not known here
        "before commit of attempt.complete_together crisis_due:2",  # the next step is planned, with its pages and its due row
        "after commit of verbs._act:1",  # answered, and nobody was told
    ),
    "postgresql": ("after page:9", "before commit of attempt.complete_together crisis_page:1"),
    "postgresql-three": ("after page:1",),
}
BEATS = ("worker._renew", "inbox._left_behind", "board.replace", "chat replace")  # often and alike: the first will do
NOT_MET = "points of an escalation that were not met again, so that nobody died"
_recorded: dict[str, list[str]] = {}


@on()
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.timeout(1200)
async def test_every_page_goes_out_once_wherever_a_process_dies(ground: Ground, setup: Setup, part: int) -> None:
    if not ground.soak and part:
        pytest.skip("make soak")
    points = chosen(setup, await recorded(ground) if ground.soak else (), part, soak=ground.soak)
    found = await some_at_once(partial(dies_at, ground, point) for point in points)
    broken = {point: wrong for point, wrong in zip(points, found, strict=True) if wrong}
    assert not broken
    assert ground.tally.counted.get(NOT_MET, 0) <= len(points) / 4


async def recorded(ground: Ground) -> list[str]:
    """Every point of one escalation in peace, in their order."""
    name = ground.setup.name
    if name not in _recorded:
        async with ground.site(HANDOFFS[0]) as site, provider(lambda: site.opening().now()) as phones:
            site.provider_url = phones.url
            await site.start(ground.setup.processes)
            await whole(site, phones)
            assert await kept(site, phones) == []
            found = [await process.answered({"points": True}) for process in site.processes]
        _recorded[name] = [point for points in found for point in points]
    return _recorded[name]


def chosen(setup: Setup, points: Sequence[str], part: int, *, soak: bool) -> list[str]:
    """All of them; with three processes each name once, and then all three die there."""
    if not soak:
        return list(SHORT[setup.name])
    once = setup.processes > 1
    mine = list(dict.fromkeys(p for p in points if p.endswith(":1") or not (once or any(beat in p for beat in BEATS))))
    random.Random(SEED).shuffle(mine)
    return mine[part::PARTS]


async def dies_at(ground: Ground, point: str) -> list[str]:
    """One escalation with a death at this point: what is wrong in the end."""
    async with ground.site(HANDOFFS[0]) as site, provider(lambda: site.opening().now()) as phones:
        site.provider_url = phones.url
        await site.start(ground.setup.processes, kill_at=point)
        try:
            await whole(site, phones)
            broken = await kept(site, phones)
        except (AssertionError, TimeoutError) as trouble:
            broken = [str(trouble) or type(trouble).__name__]
        when, what, *_ = point.split()
        step = {"commit": "a commit", "chat": "a chat call", "page": "a telephone call"}.get(what.partition(":")[0])
        site.tally.add(f"SIGKILL {when} {step or 'an EHR call'} of an escalation" if site.deaths else NOT_MET)
        return broken
