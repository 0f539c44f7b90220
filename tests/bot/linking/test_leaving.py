"""Somebody is deactivated: the next click is a stranger's, in the process that did it and in every other."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from bot.chat import Action, Notice, Platform, Typed, Who
from bot.drafts import State
from bot.flow.desk import FlowDesk
from bot.linking.known import fresh
from bot.linking.leaving import deactivate, left
from bot.people import People
from bot.store.tables import people_changes
from tests.fakes.office import HARBOR, Work, at_work


@pytest.fixture
async def work(tmp_path: Path) -> AsyncIterator[Work]:
    async with at_work(tmp_path) as office:
        yield office


async def test_a_leavers_next_click_decides_nothing_in_another_process_too(work: Work) -> None:
    await work.typed("vega", "/handoff C-102 to osei")
    await work.settled()
    await work.read_all("vega", await work.draft())
    another = replace(work.office, people=People(work.office.clinic))
    assert await deactivate(another, "vega", by="castell")
    refused = await work.press("vega", Action.APPROVE, await work.draft())
    assert isinstance(refused, Notice)
    assert "do not know you" in refused.text
    assert (await work.draft()).state is State.WAITING
    reasons = [event.fields.get("reason") for event in await work.trail()]
    assert reasons[-2:] == ["people.deactivated", "identity.unknown"]


async def test_a_leaver_who_types_is_a_stranger(work: Work) -> None:
    assert await left(work.office, work.who("vega"))
    answer = await work.typed("vega", "/handoff C-102")
    assert isinstance(answer, Notice)
    assert "do not know you" in answer.text
    assert not work.office.people.matching("vega")


async def test_twice_is_as_once_and_nobody_is_nobody(work: Work) -> None:
    assert [await deactivate(work.office, who, by="castell") for who in ("vega", "vega", "nobody")] == [
        True,
        False,
        False,
    ]
    assert len(await work.rows("people_changes")) == 1


async def test_an_identity_that_was_linked_is_known_by_tenant_and_id(work: Work) -> None:
    ours, other = (Who(Platform.SLACK, tenant, "U0LINKED") for tenant in ("T0SANDBOX", "T0OTHER"))
    row = {"platform": "slack", "tenant": ours.tenant, "chat_user": ours.user, "kind": "linked", "staff_id": "vega"}
    async with work.office.db.write() as conn:
        await conn.execute(insert(people_changes).values(row | {"by": "brandt", "at": work.clock()}))
    await FlowDesk(work.office).typed(Typed("help", ours, HARBOR, "k"))
    found = work.office.people.by_chat(ours)
    assert found is not None
    assert found.id == "vega"
    assert work.office.people.by_chat(other) is None
    await deactivate(work.office, "vega", by="castell")
    await fresh(work.office)
    assert work.office.people.by_chat(ours) is None


async def test_work_under_way_sees_that_its_author_left(work: Work) -> None:
    await deactivate(work.office, "vega", by="castell")
    author = work.office.people.by_id("vega")
    assert author is not None
    assert not author.active
