"""Dead letters and deliveries as the person on call meets them: on the command line and in /metrics."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from typer.testing import CliRunner

from bot import metrics, unfinished
from bot.app import seal_of
from bot.chat import Typed
from bot.drafts import State
from bot.flow import again, housekeeping
from bot.settings import Settings
from bot.store import inbox
from bot.store import tables as t
from bot.store.jobs import enqueue
from bot.store.slots import StoredClaims
from ehr_clients.errors import EhrRefused
from scheduler.runner import status
from tests.fakes.office import HARBOR, Between, Work, approved, at_work


class Declines(Between):
    """An EHR that declines to store anything until it is told otherwise."""

    declining = True

    async def before(self, name: str) -> None:
        if name == "apply" and self.declining:
            raise EhrRefused("The EHR declined.", status=422)


@pytest.fixture
async def declined(tmp_path: Path) -> AsyncIterator[tuple[Work, list[Declines]]]:
    made: list[Declines] = []

    def between(real: Any) -> Any:
        made.append(Declines(real))
        return made[-1]

    async with at_work(tmp_path, ehr=between) as work:
        yield work, made


def settings_of(work: Work) -> Settings:
    return Settings(database_url=f"sqlite+aiosqlite:///{work.database_file}")


async def metrics_of(work: Work) -> str:
    app = web.Application()
    claims = StoredClaims(work.office.db, replica="r1")
    app.add_routes(metrics.routes(work.office.db, partial(status, housekeeping.CALENDAR, claims)))
    async with TestClient(TestServer(app)) as visitor:
        return await (await visitor.get("/metrics")).text()


async def test_a_filing_that_gave_up_is_listed_and_filed_when_tried_again(
    declined: tuple[Work, list[Declines]],
) -> None:
    work, (ehr,) = declined
    draft = await approved(work)
    assert draft.state is State.FILING_FAILED
    async with work.office.db.read() as conn:
        (letter,) = await again.dead_letters(conn)
    assert (letter.kind, letter.ref, letter.code) == ("file", draft.id, "ehr_refused:422")
    assert 'baton_jobs_dead{kind="file"} 1.0' in await metrics_of(work)
    ehr.declining = False
    async with work.office.db.write() as conn:
        assert await again.try_again(conn, work.office.seal, letter.id, work.clock())
        assert not await again.try_again(conn, work.office.seal, letter.id, work.clock())
    await work.settled()
    assert (await work.draft()).state is State.FILED
    assert len(work.written("DocumentReference")) == 1
    assert (await work.actions()).count("job_requeued") == 1
    assert 'baton_jobs_dead{kind="file"}' not in await metrics_of(work)


async def test_what_has_been_settled_otherwise_is_not_tried_again(declined: tuple[Work, list[Declines]]) -> None:
    work, (ehr,) = declined
    draft = await approved(work)
    async with work.office.db.write() as conn:
        (letter,) = await again.dead_letters(conn)
        await conn.execute(t.drafts.update().values(state=State.FILED))
        assert not await again.try_again(conn, work.office.seal, letter.id, work.clock())
        assert not await again.try_again(conn, work.office.seal, 999, work.clock())
    assert draft.id not in ehr.calls


async def test_metrics_tell_the_calendar_and_the_inbox(work: Work) -> None:
    async with work.office.db.write() as conn:
        await inbox.keep(conn, work.office.seal, source="slack", key="k", kind="typed", body="words about Orla")
    said = await metrics_of(work)
    assert 'baton_inbox{state="received"} 1.0' in said
    for job in housekeeping.CALENDAR:
        assert f'baton_calendar_next_due_timestamp_seconds{{job="{job.name}"}} 1' in said
        assert f'baton_calendar_last_fired_timestamp_seconds{{job="{job.name}"}} 0.0' in said
        assert f'baton_calendar_skipped{{job="{job.name}"}} 0.0' in said
    assert "Orla" not in said


@pytest.fixture
async def work(tmp_path: Path) -> AsyncIterator[Work]:
    async with at_work(tmp_path, working=False) as work:
        yield work


async def test_the_command_line_beside_a_running_process(work: Work) -> None:
    """On SQLite the commands look in from outside while the owner runs; what they change, the owner does."""
    ours = settings_of(work)
    seal = seal_of(ours)
    async with work.office.db.write() as conn:
        await enqueue(conn, "tell", "x:y:z", lane="tell:z")
        await conn.execute(t.jobs.update().values(state="dead", error="nobody_to_reach", finished=1.0))
        body = Typed("/handoff C-102", work.who("vega"), HARBOR, "k")
        number = await inbox.keep(conn, seal, source="web", key="k", kind="typed", body=repr(body))
        assert number is not None
        await inbox.settle(conn, seal, number, inbox.State.FAILED)
    run = partial(CliRunner().invoke, unfinished.commands(in_use=lambda: ours))
    told = await _in_thread(run, "jobs", "dead")
    assert "tell x:y:z  nobody_to_reach after 0 attempts" in told
    assert "1 is tried again." in await _in_thread(run, "jobs", "requeue", "1")
    assert "No work has given up." in await _in_thread(run, "jobs", "dead")
    told = await _in_thread(run, "inbox", "list")
    assert "web typed  failed, attempt 1" in told
    assert "C-102" not in told
    assert "1 is handled again." in await _in_thread(run, "inbox", "replay", "1")
    async with work.office.db.read() as conn:
        (delivery,) = await inbox.listed(conn, [inbox.State.RECEIVED])
    assert delivery.id == 1


async def _in_thread(run: Any, *words: str) -> str:
    """The commands bring their own event loop."""
    done = await asyncio.to_thread(run, list(words))
    assert done.exit_code == 0, done.output
    return str(done.output)
