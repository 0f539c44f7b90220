"""The EHR fails, forgets to answer, throttles, hangs, crawls, or stores twice what it is asked to store twice."""

from collections.abc import Callable

import pytest

from bot.drafts import State
from ehr_clients.sandbox.faults import Faults
from ehr_clients.sandbox.server import Conditions
from tests.faults.people import HANDOFFS, accept, approve, ask, hand_over, until
from tests.faults.promises import kept
from tests.faults.setups import Ground, Setup, on

WRITTEN = ("DocumentReference", "Communication", "Provenance", "AuditEvent")


def fails_a_fifth(faults: Faults) -> None:
    faults.fail_some(0.2, 503, seed=5)


def drops_answers(faults: Faults) -> None:
    for kind in WRITTEN:
        faults.drop_answers(2, resource_type=kind, method="create")


def cuts_answers(faults: Faults) -> None:
    for kind in WRITTEN:
        faults.cut_answers(2, resource_type=kind, method="create")


def throttles_and_says_how_long(faults: Faults) -> None:
    faults.fail_next(4, 429, method="create", retry_after_s=1)
    faults.fail_next(3, 429, retry_after_s=1)


def throttles_and_does_not_say(faults: Faults) -> None:
    faults.fail_next(6, 429, method="create")
    faults.fail_next(6, 429)


def hangs(faults: Faults) -> None:
    faults.hang(2, method="create", resource_type="DocumentReference")
    faults.hang(1, method="create", resource_type="Communication")
    faults.hang(1, method="GET", resource_type="DocumentReference")


def crawls(faults: Faults) -> None:
    faults.delay(0.3)


def is_down_for_a_while(faults: Faults) -> None:
    faults.fail_next(25, 503)


FAULTS = (
    fails_a_fifth, drops_answers, cuts_answers, throttles_and_says_how_long, throttles_and_does_not_say, hangs,
    crawls, is_down_for_a_while,
)  # fmt: skip


@on("sqlite", "postgresql-three")
@pytest.mark.parametrize("conditions", Conditions)
@pytest.mark.parametrize("goes_wrong", FAULTS)
async def test_filed_once_however_the_ehr_fails(
    ground: Ground, setup: Setup, goes_wrong: Callable[[Faults], None], conditions: Conditions
) -> None:
    if not ground.soak and not _in_short(setup, goes_wrong, conditions):
        pytest.skip("make soak")
    handoff = HANDOFFS[0]
    async with ground.site(handoff, conditional_create=conditions) as site:
        await site.start(setup.processes)
        draft = await ask(site, handoff)
        goes_wrong(site.server.faults)
        draft = await approve(site, handoff, draft)
        await until(site, draft.id, lambda now: now.state is State.FILED, "filed")
        await accept(site, handoff.receiver, draft.id)
        assert await kept(site, [handoff]) == []
        fired = site.server.faults.fired
    assert fired
    ground.tally.add(f"EHR {goes_wrong.__name__.replace('_', ' ')}, If-None-Exist {conditions.name}", fired)


def _in_short(setup: Setup, goes_wrong: Callable[[Faults], None], conditions: Conditions) -> bool:
    """Each fault once, where it is worst: the EHR promises If-None-Exist and stores twice all the same."""
    return setup.name == "sqlite" and conditions is Conditions.IGNORED


@on("sqlite")
async def test_a_process_dies_and_the_ehr_forgets_to_answer(ground: Ground) -> None:
    """Both at once, and the EHR stores twice what it is asked to store twice."""
    async with ground.site(HANDOFFS[0], conditional_create=Conditions.NOT_OFFERED) as site:
        drops_answers(site.server.faults)
        await site.start(kill_at="after POST DocumentReference search:2")
        await hand_over(site)
        assert await kept(site, HANDOFFS[:1]) == []
        assert site.deaths
        ground.tally.add("SIGKILL while the EHR does not answer", site.deaths)
