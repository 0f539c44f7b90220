"""Reading a chart on a bad day: the person is told once, the request is kept, the draft comes by itself."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.chat import Action, CardView, Notice
from bot.drafts import State
from ehr_clients.http import Limits
from ehr_clients.sandbox import SandboxServer
from tests.fakes.office import HARBOR, Work, asked, at_work


def _down(server: SandboxServer) -> None:
    server.faults.fail_next(None, 503)


def _silent(server: SandboxServer) -> None:
    server.faults.hang(None)


def _half(server: SandboxServer) -> None:
    server.faults.cut_answers(None, resource_type="Patient")


def _signed_out(server: SandboxServer) -> None:
    server.faults.fail_next(None, 503, resource_type="oauth")
    server.revoke_tokens()


@pytest.mark.parametrize("trouble", [_down, _silent, _half, _signed_out])
async def test_the_ehr_is_away_and_comes_back(tmp_path: Path, trouble: Callable[[SandboxServer], None]) -> None:
    limits = Limits(attempts=1, attempt_s=0.4, budget_s=0.8)
    async with at_work(tmp_path, limits=limits) as work:
        await work.office.ehr.client("sb-c102")  # it has worked before
        trouble(work.server)
        answer = await work.typed("vega", "/handoff C-102 to osei")
        assert isinstance(answer, Notice)
        await work.settled()
        await work.later(seconds=31)
        await work.later(seconds=31)
        told = work.told("vega")
        assert len(told) == 1
        assert "I keep your request" in told[0]
        await work.restart()
        work.server.faults.clear()
        await work.later(seconds=31)
        assert (await work.draft()).state is State.WAITING
        assert work.card().draft_id == (await work.draft()).id
        assert len(work.told("vega")) == 1


async def test_an_hour_of_silence_is_not_the_end(work: Work) -> None:
    work.server.faults.fail_next(None, 503)
    await work.typed("vega", "/handoff C-102")
    await work.settled()
    for _ in range(20):
        await work.later(minutes=6)
    (request,) = await work.rows("requests")
    assert request["state"] in {"picking", "reading"}
    work.server.faults.clear()
    await work.later(minutes=6)
    await work.settled()
    assert (await work.draft()).state is State.WAITING


async def test_an_ehr_that_refuses_is_a_matter_for_a_person(work: Work) -> None:
    work.server.faults.fail_next(None, 403, resource_type="Patient")
    work.server.faults.fail_next(None, 403, resource_type="CareTeam")
    await work.typed("vega", "/handoff C-102")
    await work.settled()
    (told,) = work.notices("vega")
    assert "EHR declined" in told.text
    assert not told.buttons
    assert not await work.drafts()
    assert "access_refused" in await work.actions()


async def test_half_a_chart_makes_a_draft_that_says_so_and_completes_itself(work: Work) -> None:
    work.server.faults.fail_next(None, 503, resource_type="AllergyIntolerance")
    draft = await asked(work)
    card = work.card()
    assert "could not be read" in str(card.card.summary)
    assert Action.RETRY in {button.action for button in card.buttons}
    await work.later(minutes=3)
    await work.later(minutes=3)
    assert (await work.draft()).version == 1
    work.server.faults.clear()
    await work.later(minutes=6)
    fresh = await work.draft()
    assert (fresh.id, fresh.version, fresh.state) == (draft.id, 2, State.WAITING)
    assert "could not be read" not in str(work.card().card.summary)


async def test_a_gap_that_was_shown_may_be_approved_and_is_filed(work: Work) -> None:
    work.server.faults.fail_next(None, 503, resource_type="AllergyIntolerance")
    draft = await asked(work)
    await work.read_all("vega", draft)
    await work.press("vega", Action.APPROVE, draft)
    await work.settled()
    assert (await work.draft()).state is State.FILED


async def test_a_gap_that_was_not_shown_stops_the_filing_until_it_closes(work: Work) -> None:
    draft = await asked(work)
    await work.read_all("vega", draft)
    work.server.faults.fail_next(None, 503, resource_type="AllergyIntolerance")
    await work.press("vega", Action.APPROVE, draft)
    await work.settled()
    assert (await work.draft()).state is State.APPROVED
    assert not work.written("DocumentReference")
    work.server.faults.clear()
    await work.later(minutes=6)
    assert (await work.draft()).state is State.FILED


async def test_a_chart_with_nothing_in_it_gives_a_draft_that_says_so(tmp_path: Path) -> None:
    async with at_work(tmp_path, clients=("c107",)) as work:
        team = {
            "resourceType": "CareTeam",
            "status": "active",
            "subject": {"reference": "Patient/sb-c107"},
            "participant": [{"member": {"reference": work.staff("vega").practitioner}}],
        }
        await work.add(team)
        draft = await asked(work, alias="C-107")
        assert draft.alias == "C-107"
        shown = await work.read_all("vega", draft)
        assert "not documented" in str(shown)


async def test_a_newer_draft_replaces_the_older_one_visibly(work: Work) -> None:
    older = await asked(work)
    newer = await asked(work, by="raman")
    first, second = await work.drafts()
    assert (first.state, second.state) == (State.SUPERSEDED, State.WAITING)
    assert (first.id, second.id) == (older.id, newer.id)
    cards = {card.draft_id: card for card in work.chats[HARBOR.platform].cards("harbor-care")}
    assert cards[older.id].status.text.startswith("Replaced by a newer draft")
    assert not cards[older.id].buttons
    late = await work.press("vega", Action.APPROVE, older)
    assert isinstance(late, Notice)


async def test_what_was_typed_is_forgotten_once_the_draft_is_there(work: Work) -> None:
    await asked(work)
    (request,) = await work.rows("requests")
    sealed = request["words"]
    assert work.office.seal.open(sealed, context=f"requests.words/{request['id']}") == ""


async def test_a_chat_platform_that_is_down_gets_its_card_later(work: Work) -> None:
    chat = work.chats[HARBOR.platform]
    chat.down = True
    await asked(work)
    assert not chat.posts
    chat.down = False
    await work.later(seconds=30)
    assert isinstance(work.card(), CardView)


async def test_a_channel_that_is_gone_sends_the_card_to_the_asker(work: Work) -> None:
    work.chats[HARBOR.platform].gone.add("harbor-care")
    draft = await asked(work)
    assert work.card("direct.vega").draft_id == draft.id
    assert "message_failed" in await work.actions()


async def test_every_reading_of_the_chart_is_in_the_trail(work: Work) -> None:
    draft = await asked(work)
    await work.press("vega", Action.RETRY, draft)
    await work.settled()
    reads = [e for e in await work.trail() if e.action == "chart_read"]
    assert [e.fields["actor"]["id"] for e in reads] == ["vega", "baton", "baton"]
    assert [e.fields.get("on_behalf_of") for e in reads] == [None, "raman", "vega"]  # for the prescriber: conflicts
    assert all("notes" in e.fields["field_classes"] for e in reads)
    assert all(any(ref.startswith("DocumentReference/") for ref in e.fields["source_refs"]) for e in reads)


async def test_a_fault_of_ours_ends_in_a_sentence(work: Work) -> None:
    skill = work.office.shelf["handoff"]
    broken = {"handoff": replace(skill, gather=_fails)}
    work.office = replace(work.office, shelf=broken)
    await work.restart()
    await work.typed("vega", "/handoff C-102")
    await work.settled()
    for _ in range(6):
        await work.later(minutes=20)
    (told,) = work.told("vega")
    assert "went wrong on our side" in told
    assert "job_dead" in await work.actions()


def _fails(*_: object) -> None:
    raise RuntimeError("planted")
