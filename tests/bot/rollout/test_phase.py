"""What a phase keeps from happening, and what the card says of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.chat import Action, CardView, Notice, Place, Platform
from bot.drafts import State
from bot.flow.present import card_view
from bot.rollout.changes import Change, Phase, Phases
from bot.rollout.phase import phase
from skills.kit import Banner
from tests.fakes.office import HARBOR, Work, at_work

DIRECT = Place(Platform.WEB, "console", "direct.vega", personal=True)


@pytest.fixture
async def work(tmp_path: Path) -> AsyncIterator[Work]:
    async with at_work(tmp_path) as office:
        yield office


async def set_to(work: Work, phase: str, **team: Any) -> None:
    work.change_clinic(lambda plain: plain["teams"][0].update(rollout={"handoff": phase}, **team))
    await work.restart()  # the worker too


async def approved(work: Work, at: Place = DIRECT) -> None:
    await work.read_all("vega", await work.draft(), at)
    await work.press("vega", Action.APPROVE, await work.draft(), at)
    await work.settled()


async def banners(work: Work) -> list[str]:
    view = await card_view(work.office, await work.draft())
    assert isinstance(view, CardView)
    return [block.text for block in view.card.summary if isinstance(block, Banner)]


async def test_off_says_so_and_is_audited(work: Work) -> None:
    await set_to(work, "off")
    answer = await work.typed("vega", "/handoff C-102")
    assert isinstance(answer, Notice)
    assert "not switched on for the Harbor team" in answer.text
    assert [event.fields["reason"] for event in await work.trail()] == ["rollout.off"]


@pytest.mark.parametrize(
    ("somebody", "at", "rule"), [("osei", DIRECT, "rollout.pilot"), ("vega", HARBOR, "rollout.shadow")]
)
async def test_shadow_is_for_the_pilot_group_and_one_to_one(work: Work, somebody: str, at: Place, rule: str) -> None:
    await set_to(work, "shadow", pilot=["vega"])
    await work.typed(somebody, "/handoff C-102", at)
    assert [event.fields["reason"] for event in await work.trail()] == [rule]
    assert not await work.rows("requests")


@pytest.mark.parametrize(
    ("where", "team"), [("shadow", {"pilot": ["vega"]}), ("sandbox", {"sandbox_clients": ["C-102"]})]
)
async def test_what_is_decided_in_a_trial_is_not_filed_and_reaches_nobody(
    work: Work, where: str, team: dict[str, Any]
) -> None:
    await set_to(work, where, **team)
    await work.typed("vega", "/handoff C-102 to osei", DIRECT)
    await work.settled()
    assert [said for said in await banners(work) if where.upper() in said]
    await approved(work)
    assert (await work.draft()).state is State.APPROVED
    assert not work.server.resources_written()
    assert not work.told("osei")
    view = await card_view(work.office, await work.draft())
    assert f"Approved in the {where} phase. Nothing is filed" in view.status.text


async def test_the_same_is_filed_when_it_is_live(work: Work) -> None:
    await set_to(work, "live")
    await work.typed("vega", "/handoff C-102 to osei", DIRECT)
    await work.settled()
    await approved(work)
    assert (await work.draft()).state is State.FILED
    assert work.server.resources_written()


async def test_in_the_sandbox_another_client_gets_no_draft(work: Work) -> None:
    await set_to(work, "sandbox", sandbox_clients=["C-999"])
    await work.typed("vega", "/handoff C-102", DIRECT)
    await work.settled()
    assert not await work.drafts()
    assert "rollout.sandbox" in [event.fields.get("reason") for event in await work.trail()]


async def test_a_draft_of_the_shadow_time_is_not_filed_once_the_skill_is_live(work: Work) -> None:
    await set_to(work, "shadow", pilot=["vega"])
    await work.typed("vega", "/handoff C-102 to osei", DIRECT)
    await work.settled()
    later = work.clock() + timedelta(seconds=1)
    work.office.phases.confirmed = (Change("harbor", "handoff", Phase.LIVE, later),)
    assert phase(work.office, "harbor", "handoff") is Phase.LIVE
    await approved(work)
    assert (await work.draft()).state is State.APPROVED
    assert not work.server.resources_written()


def test_the_newest_change_wins_over_the_clinic_file(work: Work) -> None:
    at = work.clock()
    changes = (Change("harbor", "handoff", Phase.SHADOW, at), Change("harbor", "handoff", Phase.OFF, at))
    office = replace(work.office, phases=Phases(changes))
    assert phase(office, "harbor", "handoff") is Phase.OFF
    assert phase(office, "meadow", "handoff") is Phase.LIVE
