"""The engine on SQLite and PostgreSQL: opened once however many see the signal, answered once however many answer."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.crisis import verbs
from bot.crisis.records import PageState
from bot.flow.desk import FlowDesk
from bot.store.session import Database
from tests.fakes.crisis import ASignal, opened, pages, stored, story
from tests.fakes.office import Work, at_work, worker_of


@pytest.fixture
async def work(tmp_path: Path, database: Database) -> AsyncIterator[Work]:
    """As ever, but its worker is at work on this database."""
    async with at_work(tmp_path, working=False) as office:
        office.office = replace(office.office, db=database)
        office.desk, office.worker = FlowDesk(office.office), worker_of(office.office)
        running = asyncio.create_task(office.worker.run())
        yield office
        await office.worker.stop()
        await running


async def test_many_who_see_one_signal_open_one_escalation(work: Work) -> None:
    found = await asyncio.gather(*(opened(work, settle=False) for _ in range(8)))
    await work.settled()
    assert {one.code for one in found} == {"E-1"}
    assert sum(one.new for one in found) == 1
    chat = [row for row in await pages(work) if row.way == "chat"]
    assert {row.staff_id for row in chat} >= {"vega", "brandt"}
    assert len(chat) == len({row.staff_id for row in chat})


async def test_signals_of_one_client_at_one_time_share_an_escalation(work: Work) -> None:
    found = await asyncio.gather(*(opened(work, ASignal(key=f"s{n}"), settle=False) for n in range(5)))
    await work.settled()
    assert {one.code for one in found} == {"E-1"}
    assert [one.kind for one in await story(work)].count("signal_added") == 4


async def test_of_many_who_answer_one_is_responsible(work: Work) -> None:
    await opened(work)
    people = [work.staff(name) for name in ("vega", "osei", "brandt", "doyle")]
    replies = await asyncio.gather(*(verbs.acknowledge(work.office, one, "E-1") for one in people))
    assert len([reply for reply in replies if "acknowledged by" in reply.text]) == 1
    owner = (await stored(work)).now.owner
    assert [one.staff_id for one in await story(work) if one.kind == "acknowledged"] == [owner]


async def test_the_chain_goes_on_and_ends_with_an_answer(work: Work) -> None:
    await opened(work)
    await work.later(minutes=5, seconds=1)
    await work.later(minutes=5, seconds=1)
    assert (await stored(work)).now.step == 2
    await verbs.acknowledge(work.office, work.staff("doyle"), "E-1")
    before = await pages(work)
    await work.later(minutes=20)
    assert await pages(work) == before
    assert {row.state for row in before} <= {PageState.SENT, PageState.UNDELIVERED}
    assert await work.verified()
