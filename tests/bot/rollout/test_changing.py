"""Two people change a phase, and one cannot."""

from pathlib import Path

from bot.rollout.changes import Phase
from bot.rollout.changing import NOT_OPEN, NOT_YOURS, SAME_PERSON, confirm, propose
from bot.rollout.phase import phase
from tests.fakes.office import at_work


async def test_a_second_person_confirms_before_anything_changes(tmp_path: Path) -> None:
    async with at_work(tmp_path, working=False) as work:
        office = work.office
        assert await propose(office, work.staff("vega"), "harbor", "handoff", Phase.OFF) == NOT_YOURS
        number = await propose(office, work.staff("brandt"), "harbor", "handoff", Phase.SHADOW)
        assert isinstance(number, int)
        assert await confirm(office, work.staff("vega"), number) == NOT_YOURS
        assert await confirm(office, work.staff("brandt"), number) == SAME_PERSON
        assert phase(office, "harbor", "handoff") is Phase.LIVE
        assert await confirm(office, work.staff("castell"), number) is None
        assert phase(office, "harbor", "handoff") is Phase.SHADOW
        assert await confirm(office, work.staff("abernathy"), number) == NOT_OPEN
        wanted = ["rollout.role", "rollout.proposed", "rollout.role", "rollout.second_person", "rollout.confirmed"]
        assert [event.fields["reason"] for event in await work.trail()] == [*wanted, "rollout.not_open"]
