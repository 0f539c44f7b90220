"""The auditor: what is due and not done is found, repaired and told; silence outside is an alarm too."""

import json
from dataclasses import replace

from sqlalchemy import delete, update

from bot.crisis import watchdog
from bot.crisis.escalation import State
from bot.crisis.records import PageState
from bot.store import tables as t
from bot.store.jobs import Job
from tests.fakes.crisis import opened, pages, stored, story
from tests.fakes.office import Json, Work

A_LOOK = Job(id=1, kind="crisis_watch", ref="crisis_watch@2026-11-23T19:00", lane="clock", attempt=1)


async def watched(work: Work) -> dict[str, int]:
    """One look; what it found."""
    finish = await watchdog.watch(work.office, A_LOOK)
    async with work.office.db.write() as conn:
        await finish(conn)
    await work.settled()
    (row,) = await work.rows("crisis_watches")
    found: dict[str, int] = json.loads(row["findings"])
    return found


async def test_nothing_found_is_told_to_the_switch_outside(work: Work) -> None:
    beats: list[int] = []

    async def beat() -> None:
        beats.append(1)

    work.office = replace(work.office, heartbeat=beat)
    await opened(work)
    assert await watched(work) == {}
    assert beats == [1]
    async with work.office.db.write() as conn:
        await conn.execute(delete(t.jobs).where(t.jobs.c.kind == "crisis_due", t.jobs.c.state == "due"))
    assert await watched(work) == {"no_due_row": 1}
    assert beats == [1], "it does not beat when something was found"


async def test_a_due_row_that_is_gone_is_set_anew_and_the_chain_goes_on(work: Work) -> None:
    await opened(work)
    async with work.office.db.write() as conn:
        await conn.execute(delete(t.jobs).where(t.jobs.c.kind == "crisis_due", t.jobs.c.state == "due"))
    assert await watched(work) == {"no_due_row": 1}
    assert await watched(work) == {}
    await work.later(minutes=5, seconds=1)
    assert (await stored(work)).now.step == 1
    assert "repaired" in [one.kind for one in await story(work)]
    assert "escalation_repaired" in await work.actions("E-1")
    assert any("auditor found something" in words for words in work.told("brandt"))


async def test_a_due_row_that_gave_up_is_set_anew(work: Work) -> None:
    await opened(work)
    async with work.office.db.write() as conn:
        dead = update(t.jobs).where(t.jobs.c.kind == "crisis_due", t.jobs.c.state == "due")
        await conn.execute(dead.values(state="dead"))
    assert await watched(work) == {"no_due_row": 1}
    await work.later(minutes=5, seconds=1)
    assert (await stored(work)).now.step == 1


async def test_a_step_that_was_put_off_too_far_is_hurried(work: Work) -> None:
    await opened(work)
    async with work.office.db.write() as conn:
        late = update(t.jobs).where(t.jobs.c.kind == "crisis_due", t.jobs.c.state == "due")
        await conn.execute(late.values(due=t.jobs.c.due + 9_000))
    await work.later(minutes=7)
    assert (await stored(work)).now.step == 0
    assert await watched(work) == {"overdue": 1}
    assert (await stored(work)).now.step == 1


async def test_a_page_whose_job_is_gone_goes_out_after_all_and_once(work: Work) -> None:
    await work.kill()
    await opened(work, settle=False)
    for chat in work.chats.values():
        chat.down = True
    await work.restart()
    await work.settled()
    async with work.office.db.write() as conn:
        await conn.execute(delete(t.jobs).where(t.jobs.c.kind == "crisis_page"))
    for chat in work.chats.values():
        chat.down = False
    assert (await watched(work))["page_without_job"] == 1
    assert {row.state for row in await pages(work) if row.way in {"chat", "channel"}} == {PageState.SENT}
    assert all(len(views) == 1 for chat in work.chats.values() for views in chat.posts.values())


async def test_a_gap_that_comes_nearer_is_found_while_baton_runs(work: Work) -> None:
    def without(clinic: Json) -> None:
        clinic["crisis"]["on_call"][0]["turns"].pop()

    work.change_clinic(without)
    assert (await watched(work))["nobody_on_call"] > 0
    await work.restart()
    await opened(work)
    assert (await stored(work)).now.state is State.PAGED


async def test_an_acknowledgement_past_its_clock_is_found_when_its_row_is_lost(work: Work) -> None:
    await opened(work)
    await work.typed("vega", "ack E-1")
    async with work.office.db.write() as conn:
        await conn.execute(delete(t.jobs).where(t.jobs.c.kind == "crisis_due"))
    await work.later(minutes=40)
    assert (await stored(work)).now.state is State.ACKNOWLEDGED
    assert await watched(work) == {"no_due_row": 1}
    assert (await stored(work)).now.state is State.PAGED


async def test_it_leaves_no_heap_of_rows(work: Work) -> None:
    async with work.office.db.write() as conn:
        old = {"kind": "crisis_watch", "lane": "clock", "state": "done", "due": 0.0, "attempt": 1}
        await conn.execute(t.jobs.insert().values(**old, ref="x", dedup="x", created=0.0, finished=0.0))
    await watched(work)
    assert [row for row in await work.rows("jobs") if row["kind"] == "crisis_watch"] == []
