"""The whole story, with workers that die before and after calls to the EHR and at any moment between: one end state."""

import asyncio
import random
from contextlib import suppress
from pathlib import Path

import pytest

from bot.chat import Action
from bot.drafts import State
from ehr_clients.port import Ehr
from tests.fakes.office import HARBOR, OWN_WORDS, Between, Work, at_work


class Deadly(Between):
    """Hangs at some of the calls, before or after the EHR did its part, until the worker that waits is killed."""

    def __init__(self, real: Ehr) -> None:
        super().__init__(real)
        self.points: set[int] = set()
        self.passed = 0
        self.reached = asyncio.Event()

    async def _point(self) -> None:
        self.passed += 1
        if self.passed in self.points:
            self.reached.set()
            await asyncio.Event().wait()

    async def before(self, name: str) -> None:
        await self._point()

    async def after(self, name: str) -> None:
        await self._point()


async def survive(work: Work, deadly: Deadly, chance: random.Random) -> int:
    """Workers come and die until nothing is left to do. How many died."""
    deadly.points = {deadly.passed + n for n in chance.sample(range(1, 20), 5)}
    for round_ in range(40):
        deadly.reached.clear()
        idle = asyncio.create_task(work.settled())
        died = asyncio.create_task(deadly.reached.wait())
        sudden = chance.uniform(0.0, 0.25) if round_ < 4 else 5
        done, waiting = await asyncio.wait({idle, died}, timeout=sudden, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if idle in done:
            if not await work.hurry():
                return round_
            continue
        await work.restart()
    raise AssertionError("nothing came to an end")


@pytest.mark.parametrize("seed", range(6))
async def test_workers_die_and_the_end_is_the_same(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    found: list[Deadly] = []

    def between(real: Ehr) -> Ehr:
        found.append(Deadly(real))
        return found[0]  # type: ignore[return-value]  # answers every method of the port by name

    async with at_work(tmp_path, ehr=between) as work:
        (deadly,) = found
        await work.typed("vega", "/handoff C-102 to osei")
        deaths = await survive(work, deadly, chance)
        draft = await work.draft()
        deadly.points = set()
        await work.read_all("vega", draft)
        await work.press("vega", Action.APPROVE, draft)
        deaths += await survive(work, deadly, chance)
        deadly.points = set()
        filed = await work.draft()
        assert filed.state is State.FILED
        await work.read_all("osei", filed)
        await work.press("osei", Action.SAVE_ACCEPT, filed, read_back=OWN_WORDS)
        deaths += await survive(work, deadly, chance)

        assert len(await work.drafts()) == 1
        counts = {kind: len(work.written(kind)) for kind in ("DocumentReference", "Communication", "Provenance")}
        assert counts == {"DocumentReference": 1, "Communication": 2, "Provenance": 1}
        assert len(work.written("AuditEvent")) == 2
        assert sorted(row["step"] for row in await work.rows("receipts")) == [
            "audit-communication", "audit-document", "communication", "document", "provenance", "read_back",
        ]  # fmt: skip
        for action in ("draft_made", "draft_approved", "filed", "handoff_accepted"):
            assert (await work.actions()).count(action) == 1, action
        assert (await work.actions()).count("write_confirmed") == 6
        assert await work.verified()
        assert not [row for row in await work.rows("jobs") if row["state"] == "dead"]
        assert all(row["text"] is None for row in await work.rows("draft_versions"))
        for conversation in ("harbor-care", "direct.osei"):
            (card,) = work.chats[HARBOR.platform].cards(conversation)
            assert (card.draft_id, "Accepted by Daniel Osei" in card.status.text) == (filed.id, True)
        assert deaths > 5
