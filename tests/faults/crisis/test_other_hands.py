"""The database restarts, and one of two processes believes that it is ten minutes later, while an escalation runs."""

import asyncio
from contextlib import suppress

import pytest

from tests.faults.crisis.people import whole
from tests.faults.crisis.promises import kept
from tests.faults.crisis.provider import provider
from tests.faults.people import HANDOFFS
from tests.faults.setups import Ground, on

AHEAD_S = 600.0


@on("postgresql")
async def test_a_database_that_restarts_loses_no_page(ground: Ground) -> None:
    assert ground.postgres is not None
    async with ground.site(HANDOFFS[0]) as site, provider(lambda: site.opening().now()) as phones:
        site.provider_url = phones.url
        await site.start(1)
        restarts = asyncio.create_task(_restarts(ground, times=4 if ground.soak else 2))
        await whole(site, phones)
        restarts.cancel()
        with suppress(asyncio.CancelledError):
            await restarts
        assert await kept(site, phones) == []
        assert not site.deaths


async def _restarts(ground: Ground, times: int) -> None:
    assert ground.postgres is not None
    for _ in range(times):
        await asyncio.sleep(1.2)
        await asyncio.to_thread(ground.postgres.restart)
        ground.tally.add("PostgreSQL stopped at once and started during an escalation")


@on("postgresql")
@pytest.mark.parametrize("ahead_s", [AHEAD_S, -AHEAD_S])
async def test_a_process_whose_clock_is_wrong_makes_nothing_late(ground: Ground, ahead_s: float) -> None:
    if ahead_s < 0 and not ground.soak:
        pytest.skip("make soak")
    async with ground.site(HANDOFFS[0]) as site, provider(lambda: site.opening().now()) as phones:
        site.provider_url = phones.url
        await site.start(ahead_s=ahead_s)
        await site.start()
        async with asyncio.timeout(60):
            await whole(site, phones)
        assert await kept(site, phones, one_clock=False) == []
    ground.tally.add("a process whose clock was ten minutes off during an escalation")
