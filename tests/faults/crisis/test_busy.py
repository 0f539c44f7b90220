"""Two thousand other things wait and the EHR hangs: a page is sent within a second all the same."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest

from bot.app import LANE_LIMITS, PATIENCE
from bot.crisis.opening import open_escalation
from bot.crisis.policy import WayName
from bot.crisis.ways.port import Delivery, Page
from bot.flow.desk import FlowDesk, handlers, on_dead
from bot.flow.office import EHR_LANE
from bot.store.jobs import Finish, Handler, Job, Wanted, Worker, enqueue_all
from bot.store.session import Database
from tests.fakes.crisis import ASignal
from tests.fakes.office import Work, at_work
from tests.faults.tally import Tally

OTHERS, HANGING, SIGNALS = 2_000, 40, 5
WITHIN_S = 1.0


@dataclass
class TimedWay:
    """When the first page of each escalation came."""

    name: WayName = WayName.SMS
    first: dict[str, float] = field(default_factory=dict)

    async def page(self, page: Page, *, key: str) -> Delivery:
        self.first.setdefault(page.code, time.monotonic())
        return Delivery(key)


@dataclass
class Elsewhere:
    """Work that is not a crisis: much of it, and some that never ends."""

    done: int = 0
    hanging: int = 0

    async def little(self, _: Job) -> Finish | None:
        await asyncio.sleep(0.005)
        self.done += 1
        return None

    async def hang(self, _: Job) -> Finish | None:
        self.hanging += 1
        await asyncio.Event().wait()
        return None

    def handlers(self) -> dict[str, Handler]:
        return {"little": self.little, "hang": self.hang}

    def wanted(self) -> list[Wanted]:
        some = [Wanted("little", f"l{n}", f"work:{n % 20}", f"little-{n}") for n in range(OTHERS - HANGING)]
        return [*(Wanted("hang", f"h{n}", EHR_LANE, f"hang-{n}") for n in range(HANGING)), *some]


@pytest.fixture
async def work(tmp_path: Path, database: Database) -> AsyncIterator[Work]:
    async with at_work(tmp_path, working=False) as office:
        office.office = replace(office.office, db=database, ways={WayName.SMS: TimedWay()})
        office.desk = FlowDesk(office.office)
        yield office


async def test_a_page_does_not_wait_behind_two_thousand_others(work: Work, tally: Tally) -> None:
    elsewhere, way = Elsewhere(), work.office.ways[WayName.SMS]
    assert isinstance(way, TimedWay)
    async with work.office.db.write() as conn:
        await enqueue_all(conn, elsewhere.wanted())
    worker = Worker(
        work.office.db,
        handlers(work.office) | elsewhere.handlers(),
        on_dead=partial(on_dead, work.office),
        lane_limits=LANE_LIMITS,
        max_attempts=PATIENCE,
        grace_s=0,
    )
    running = asyncio.create_task(worker.run())
    late = [await _signal_to_page_s(work, way, n) for n in range(1, SIGNALS + 1)]
    assert elsewhere.done < OTHERS - HANGING, "all was over before the last signal"
    assert elsewhere.hanging, "the EHR did not hang"
    await worker.stop()
    await running
    assert max(late) <= WITHIN_S, f"{[round(one, 2) for one in late]}"
    tally.add("signals paged within a second while 2,000 others waited", len(late))


async def _signal_to_page_s(work: Work, way: TimedWay, n: int) -> float:
    async with work.office.db.write() as conn:
        signal = ASignal(key=f"signal-{n}")
        found = await open_escalation(conn, work.office, signal, f"client-{n}", f"C-{n}", "harbor", treating=("vega",))
    kept = time.monotonic()
    async with asyncio.timeout(10):
        while found.code not in way.first:  # noqa: ASYNC110 - the way is asked by the worker
            await asyncio.sleep(0.005)
    return way.first[found.code] - kept
