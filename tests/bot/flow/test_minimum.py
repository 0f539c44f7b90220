"""Minimum necessary, in the whole flow: who sees which part, what the card says goes where, what an edit may bring in."""

from pathlib import Path

import pytest

from bot.chat import Action, CardView, Detail, Form, Notice
from bot.drafts import Draft, State
from bot.privacy.disclosures import Basis, of_client
from skills.kit.part2_notice import SHORT, SUPERSEDED
from tests.fakes.office import LIGHTHOUSE, Work, approved, asked, at_work


async def test_the_card_says_to_whom_what_goes_and_what_does_not(work: Work) -> None:
    await asked(work, to="osei")
    card = work.card().card
    assert "Goes to: Daniel Osei, LPC (receiver) and the chart: 13 sections." in str(card.summary)
    assert "Not included: coverage and messages." in str(card.summary)
    shown = await work.read_all("vega", await work.draft())
    assert isinstance(shown, Detail)
    assert "Never included: psychotherapy notes" in str(shown.blocks)


async def test_a_coordinator_of_the_care_team_sees_a_part_and_decides_nothing(work: Work) -> None:
    draft = await asked(work, by="whitaker", to=None)
    part = await work.read_all("whitaker", draft)
    whole = await work.read_all("vega", draft)
    assert isinstance(part, Detail)
    assert isinstance(whole, Detail)
    assert "Your role shows you a part" in str(part.blocks)
    assert {button.action for button in part.buttons} <= {Action.REVIEW}
    assert "sertraline" in str(whole.blocks).casefold()
    assert "sertraline" not in str(part.blocks).casefold()
    assert "depressive" in str(part.blocks).casefold()
    for action in (Action.APPROVE, Action.EDIT):
        assert isinstance(await work.press("whitaker", action, draft), Notice)
    assert (await work.draft()).state is State.WAITING
    viewed = [e for e in await work.trail() if e.action == "detail_viewed" and e.fields["actor"]["id"] == "whitaker"]
    assert viewed[0].fields["reason"] == "min.internal_use"
    assert viewed[0].fields["field_classes"] == sorted(
        ["identity", "contact", "schedule", "coverage", "dx", "measures", "plan", "progress_summary", "safety"]
    )
    assert viewed[0].fields["counts"]["lines_not_shown"] > 0


async def test_a_coordinator_off_the_care_team_sees_nothing(work: Work) -> None:
    draft = await asked(work, to=None)
    await work.leave_care_team("whitaker")
    await work.later(minutes=5)
    assert isinstance(await work.read_all("whitaker", draft), Notice)
    assert isinstance(await work.read_all("vega", draft), Detail)


# Edits


async def _form(work: Work, staff: str = "vega") -> Form:
    form = await work.press(staff, Action.EDIT, await work.draft())
    assert isinstance(form, Form)
    return form


async def test_an_identifier_that_was_not_there_asks_first_and_keeps_what_was_typed(work: Work) -> None:
    draft = await asked(work)
    key, words = (await _form(work)).fields[0].key, "Ring her mother Anders Lindqvist at 555-010-9988."
    back = await work.press("vega", Action.SAVE_EDIT, draft, form={key: words})
    assert isinstance(back, Form)
    assert "phone number, name" in back.error
    assert words in [field.value for field in back.fields]
    assert (await work.draft()).version == 1
    blocked = [e for e in await work.trail() if e.action == "draft_blocked"]
    assert [e.fields["reason"] for e in blocked] == ["edit.identifier"]
    meant = {back.fields[0].key: "keep", key: words}
    assert isinstance(await work.press("vega", Action.SAVE_EDIT, draft, form=meant), CardView)
    assert (await work.draft()).version == 2
    assert (await work.trail())[-1].fields["reason"] == "edit.confirmed"


async def test_words_of_ones_own_without_anything_new_are_saved_at_once(work: Work) -> None:
    draft = await asked(work)
    key = (await _form(work)).fields[0].key
    saved = await work.press("vega", Action.SAVE_EDIT, draft, form={key: "Steady, in my own words."})
    assert isinstance(saved, CardView)
    assert (await work.trail())[-1].fields["reason"] == "edit.nothing_new"


@pytest.mark.parametrize("words", ["Much as C-103 does.", f"The law {SUPERSEDED[0]} of this."])
async def test_some_additions_are_refused_whatever_one_says(work: Work, words: str) -> None:
    draft = await asked(work)
    key = (await _form(work)).fields[0].key
    back = await work.press("vega", Action.SAVE_EDIT, draft, form={key: words, "meant": "keep"})
    assert isinstance(back, Form)
    assert words in [field.value for field in back.fields]
    assert "meant" not in [field.key for field in back.fields]
    assert (await work.draft()).version == 1


# Disclosures and their notice


async def _kept(work: Work, client: str = "sb-c102") -> list[tuple[Basis, str]]:
    async with work.office.db.read() as conn:
        found = await of_client(conn, work.office.seal, client)
    return [(each.basis, each.details.recipient) for each in found]


async def test_what_went_to_a_receiver_is_recorded_once(work: Work) -> None:
    await approved(work)
    assert await _kept(work) == [(Basis.TREATMENT, "Daniel Osei, LPC")]
    assert (await work.actions()).count("disclosed") == 1


@pytest.mark.parametrize(
    ("to", "basis"), [("kowalczyk", Basis.WITHIN_PROGRAM), ("doyle", Basis.CONSENT)], ids=["inside", "outside"]
)
async def test_protected_records_leave_with_their_notice_and_scope(tmp_path: Path, to: str, basis: Basis) -> None:
    async with at_work(tmp_path, clients=("c103",)) as work:
        await _approve(work, to)
        assert [each for each, _ in await _kept(work, "sb-c103")] == [basis]
        (document,) = work.written("DocumentReference")
        (message,) = work.written("Communication")
        assert SHORT in str(message)
        assert "Consent on file: to My treating providers" in str(message)
        assert document


async def _approve(work: Work, to: str) -> Draft:
    await work.typed("baptiste", f"/handoff C-103 to {to}", LIGHTHOUSE)
    await work.settled()
    draft = await work.draft()
    await work.read_all("baptiste", draft, LIGHTHOUSE)
    await work.press("baptiste", Action.APPROVE, draft, LIGHTHOUSE)
    await work.settled()
    return await work.draft()


async def test_a_consent_that_ends_by_the_calendar_stops_the_approval(tmp_path: Path) -> None:
    async with at_work(tmp_path, clients=("c103",)) as work:
        (consent,) = await work.chart("Consent", "c103")
        today = work.clock().date().isoformat()
        await work.put(consent | {"provision": consent["provision"] | {"period": {"end": today}}})
        await work.typed("baptiste", "/handoff C-103 to doyle", LIGHTHOUSE)
        await work.settled()
        draft = await work.draft()
        await work.read_all("baptiste", draft, LIGHTHOUSE)
        await work.kill()
        work.clock.now = work.clock.now.replace(day=24, hour=1)
        stopped = await work.press("baptiste", Action.APPROVE, draft, LIGHTHOUSE)
        assert isinstance(stopped, Notice)
        assert "no consent on file covers its receiver" in stopped.text
        assert (await work.draft()).state is State.WAITING
        refused = [e for e in await work.trail() if e.action == "approval_refused"]
        assert refused[-1].fields["reason"] == "part2.expired"
