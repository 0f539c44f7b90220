"""Somebody damages an escalation by hand: the auditor's next look repairs it and alerts, and the switch outside is silent."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web
from pydantic import HttpUrl
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.crisis.escalation import State
from bot.crisis.heartbeat import heartbeat_of
from bot.crisis.policy import WayName
from bot.crisis.records import PageState
from bot.settings import CrisisSettings, Settings
from bot.store import jobs
from bot.store import tables as t
from tests.fakes.crisis import FakeWay, opened, pages, stored, story, with_ways
from tests.fakes.office import Work, at_work
from tests.faults.tally import Tally

type Damage = Callable[[AsyncConnection], Awaitable[object]]
j, p = t.jobs.c, t.escalation_pages.c
LATE_KEY = "E-1:0:now.0.0:brandt:sms"


@pytest.fixture
async def sms() -> FakeWay:
    return FakeWay(WayName.SMS)


@pytest.fixture
async def work(tmp_path_factory: pytest.TempPathFactory, sms: FakeWay) -> AsyncIterator[Work]:
    async with at_work(tmp_path_factory.mktemp("office"), working=False) as office:
        with_ways(office, sms)
        await office.restart()
        yield office


async def a_look(work: Work, minute: int) -> dict[str, int]:
    """A minute passes and the calendar has the auditor look, as ever; what it found."""
    await work.later(seconds=60)
    async with work.office.db.write() as conn:
        await jobs.enqueue(conn, "crisis_watch", f"at-{minute}", lane="clock", dedup=f"watch-{minute}")
    await work.settled()
    (row,) = await work.rows("crisis_watches")
    found: dict[str, int] = json.loads(row["findings"])
    return found


# What is damaged


async def the_due_row_is_deleted(conn: AsyncConnection) -> None:
    await conn.execute(delete(t.jobs).where(j.kind == "crisis_due", j.state == "due"))


async def the_due_row_is_dead(conn: AsyncConnection) -> None:
    await conn.execute(update(t.jobs).where(j.kind == "crisis_due", j.state == "due").values(state="dead"))


async def the_due_row_is_called_done(conn: AsyncConnection) -> None:
    await conn.execute(update(t.jobs).where(j.kind == "crisis_due", j.state == "due").values(state="done"))


async def nothing_is_due_any_more(conn: AsyncConnection) -> None:
    """Mute, by hand: the state itself says that nobody is to be paged."""
    standing = (await conn.execute(select(t.escalations.c.standing))).scalar_one()
    await conn.execute(update(t.escalations).values(standing={**standing, "due_at": None}, due_at=None))
    await the_due_row_is_deleted(conn)


async def a_page_is_lost(conn: AsyncConnection) -> None:
    """It is called due, and nobody is to send it."""
    await conn.execute(update(t.escalation_pages).where(p.key == LATE_KEY).values(state="due", settled_at=None))
    await conn.execute(delete(t.jobs).where(j.ref == LATE_KEY))


async def a_page_is_dead(conn: AsyncConnection) -> None:
    await conn.execute(update(t.escalation_pages).where(p.key == LATE_KEY).values(state="late", settled_at=None))
    await conn.execute(update(t.jobs).where(j.ref == LATE_KEY).values(state="dead"))


DAMAGES: tuple[tuple[Damage, str], ...] = (
    (the_due_row_is_deleted, "no_due_row"),
    (the_due_row_is_dead, "no_due_row"),
    (the_due_row_is_called_done, "no_due_row"),
    (nothing_is_due_any_more, "never_due"),
    (a_page_is_lost, "page_without_job"),
    (a_page_is_dead, "page_without_job"),
)


@pytest.mark.parametrize(("damage", "code"), DAMAGES, ids=[damage.__name__ for damage, _ in DAMAGES])
async def test_what_was_damaged_is_repaired_within_a_minute_and_told(
    work: Work, sms: FakeWay, damage: Damage, code: str, tally: Tally
) -> None:
    await opened(work, treating=("vega",))
    before = len(sms.sent)
    async with work.office.db.write() as conn:
        await damage(conn)
    assert (await a_look(work, 1)).get(code) == 1
    assert "repaired" in [one.kind for one in await story(work)]
    assert any("auditor found something" in words for words in work.told("abernathy")), "nobody was alerted"
    assert all(row.state not in {PageState.DUE, PageState.LATE} for row in await pages(work))
    assert len(sms.sent) > before or code != "page_without_job", "the page did not go out"
    assert await a_look(work, 2) == {}, "one look repairs it"
    await work.later(minutes=5)
    now = (await stored(work)).now
    assert now.state is State.PAGED
    assert now.step >= 1, "it does not go on"
    assert {page.to.id for _, page in sms.sent if page.to} >= {"vega", "brandt", "doyle"}
    assert await work.verified()
    tally.add("escalations damaged by hand and repaired")


async def test_an_escalation_in_order_is_left_alone(work: Work, sms: FakeWay) -> None:
    await opened(work, treating=("vega",))
    before = await stored(work), len(sms.sent)
    assert await a_look(work, 1) == {}
    assert (await stored(work), len(sms.sent)) == before


# The dead-man's switch


@asynccontextmanager
async def switch(status: int = 200) -> AsyncIterator[tuple[str, list[str]]]:
    """A real server, and the calls it heard."""
    heard: list[str] = []

    async def called(request: web.Request) -> web.Response:
        heard.append(request.method)
        return web.Response(status=status)

    site = web.Application()
    site.router.add_get("/beat", called)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/beat", heard
    finally:
        await runner.cleanup()


async def connected(work: Work, url: str) -> None:
    await work.kill()
    settings = Settings(crisis=CrisisSettings(heartbeat_url=HttpUrl(url)))
    work.office = replace(work.office, heartbeat=heartbeat_of(settings))
    await work.restart()


async def test_the_switch_hears_of_each_good_look_and_of_no_other(work: Work, tally: Tally) -> None:
    async with switch() as (url, heard):
        await connected(work, url)
        await opened(work, treating=("vega",))
        assert await a_look(work, 1) == {}
        assert heard == ["GET"]
        async with work.office.db.write() as conn:
            await the_due_row_is_deleted(conn)
        assert await a_look(work, 2) == {"no_due_row": 1}
        assert heard == ["GET"], "it was told that all is well"
        assert await a_look(work, 3) == {}
        assert heard == ["GET", "GET"]
    tally.add("calls of the dead-man's switch", 2)


@pytest.mark.parametrize("status", [500, None])
async def test_a_switch_that_does_not_answer_holds_nothing_up(work: Work, status: int | None) -> None:
    async with switch(status or 200) as (url, _):
        await connected(work, url if status else "http://127.0.0.1:9/beat")
        await opened(work, treating=("vega",))
        assert await a_look(work, 1) == {}
        assert await a_look(work, 2) == {}
    assert {"heartbeat_refused", "heartbeat_failed"} & {str(line["event"]) for line in work.log}
