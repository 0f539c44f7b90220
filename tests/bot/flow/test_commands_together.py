"""Commands that arrive together are kept whole in one commit: delivery, request, job, audit line and answer."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event, text

from bot.chat import Typed
from bot.flow.inbox import KeptDesk
from bot.flow.intake import AGAIN, understood
from bot.privacy import audit
from tests.fakes.office import HARBOR, Work, at_work


@pytest.fixture
async def idle(tmp_path: Path) -> AsyncIterator[Work]:
    async with at_work(tmp_path, working=False) as work:
        yield work


def desk_of(work: Work) -> KeptDesk:
    return KeptDesk(work.desk, work.office, understood)


def words(work: Work, key: str, said: str = "/handoff C-102", by: str = "vega") -> Typed:
    return Typed(said, work.who(by), HARBOR, key)


async def test_each_has_a_delivery_a_request_a_job_and_an_audit_line(idle: Work) -> None:
    desk = desk_of(idle)
    replies = await asyncio.gather(*(desk.typed(words(idle, f"d{n}")) for n in range(40)))
    assert {str(reply) for reply in replies} == {str(replies[0])}
    requests, deliveries = await idle.rows("requests"), await idle.rows("inbox")
    assert len(requests) == 40
    assert {(row["state"], row["body"]) for row in deliveries} == {("done", None)}
    refs = {row["ref"] for row in await idle.rows("jobs") if row["kind"] == "caseload"}
    assert refs == {row["id"] for row in requests}
    received = [row for row in await idle.trail() if row.action == "request_received"]
    assert {row.subject for row in received} == refs
    async with idle.office.db.read() as conn:
        verdict = await audit.verify(conn)
    assert verdict.ok


async def test_forty_at_once_take_a_few_commits(idle: Work) -> None:
    commits: list[None] = []
    assert idle.office.db._writer is not None
    event.listen(idle.office.db._writer.sync_engine, "commit", lambda _: commits.append(None))
    desk = desk_of(idle)
    await asyncio.gather(*(desk.typed(words(idle, f"d{n}")) for n in range(40)))
    assert len(commits) < 5


async def test_twins_in_one_batch_start_one_request_and_answer_alike(idle: Work) -> None:
    desk = desk_of(idle)
    replies = await asyncio.gather(*(desk.typed(words(idle, "same")) for _ in range(5)))
    assert len(await idle.rows("requests")) == 1
    assert len(await idle.rows("inbox")) == 1
    assert set(map(str, replies)) == {str(replies[0])}


async def test_a_repetition_answers_as_the_first_did(idle: Work) -> None:
    desk = desk_of(idle)
    first = await desk.typed(words(idle, "d1", "/handoff C-102 to osei"))
    events = len(await idle.trail())
    assert await desk.typed(words(idle, "d1", "/handoff C-102 to osei")) == first
    assert len(await idle.rows("requests")) == 1
    assert len(await idle.trail()) == events


async def test_another_persons_delivery_with_the_same_key_starts_nothing_twice(idle: Work) -> None:
    desk = desk_of(idle)
    await desk.typed(words(idle, "d1"))
    assert await desk.typed(words(idle, "d1", by="osei")) == AGAIN
    assert len(await idle.rows("requests")) == 1


async def test_one_that_cannot_be_kept_takes_nobody_down_and_leaves_nothing(idle: Work) -> None:
    async with idle.office.db.write() as conn:
        await conn.execute(
            text(
                "CREATE TRIGGER bad BEFORE INSERT ON requests WHEN NEW.staff_id = 'osei' BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        )
    desk = desk_of(idle)
    good, bad, more = await asyncio.gather(
        desk.typed(words(idle, "d0")), desk.typed(words(idle, "d1", by="osei")), desk.typed(words(idle, "d2"))
    )
    assert good == more
    assert "went wrong" in str(bad)
    assert len(await idle.rows("requests")) == 2
    assert sorted(row["state"] for row in await idle.rows("inbox")) == ["done", "done", "failed"]


async def test_what_is_no_command_or_refused_goes_the_way_of_everything_else(idle: Work) -> None:
    desk = desk_of(idle)
    said = await desk.typed(words(idle, "d0", "hello"))
    refused = await desk.typed(
        Typed("/handoff C-102", idle.who("vega"), type(HARBOR)(HARBOR.platform, HARBOR.tenant, "elsewhere"), "d1")
    )
    assert "I understand" in str(said)
    assert "not set up for client information" in str(refused)
    assert len(await idle.rows("inbox")) == 2
    assert [row.action for row in await idle.trail()][-1] == "access_refused"
