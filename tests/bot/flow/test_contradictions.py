"""What does not go together in a chart: told to its prescriber alone, once for each change, with a reason kept."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.chat import Action, Button, Detail, Notice, Reply
from bot.drafts import Draft
from bot.flow.contradictions import forget
from bot.flow.overrides import REASONS
from skills.kit import Sourced
from tests.fakes.office import Work, asked, at_work

PRESCRIBER, THERAPIST = "raman", "vega"
IN_THE_CHART = ("lamotrigine", "quetiapine", "lurasidone")


@pytest.fixture
async def work(tmp_path: Path) -> AsyncIterator[Work]:
    """The chart of C-108: an allergy to a current medication, one told stopped and listed as active."""
    async with at_work(tmp_path, clients=("c108",)) as work:
        yield work


async def drafted(work: Work) -> Draft:
    return await asked(work, by=THERAPIST, alias="C-108", to=None)


def warned(work: Work, staff_id: str) -> list[Notice]:
    return [notice for notice in work.notices(staff_id) if "possible conflict" in notice.text]


def words(reply: Reply) -> str:
    return str(reply.blocks).casefold() if isinstance(reply, Detail) else str(reply).casefold()


def because(shown: Reply, reason: str) -> Button:
    assert isinstance(shown, Detail), shown
    return next(button for button in shown.buttons if button.values == {"reason": reason})


async def test_the_prescriber_is_told_in_private_and_nothing_of_it_stands_in_the_message(work: Work) -> None:
    draft = await drafted(work)
    (notice,) = warned(work, PRESCRIBER)
    assert draft.alias in notice.text
    assert not any(name in str(notice).casefold() for name in IN_THE_CHART)
    assert [button.action for button in notice.buttons] == [Action.CONFLICTS]
    for staff in work.office.clinic.staff:
        assert staff.id == PRESCRIBER or not warned(work, staff.id)


async def test_a_page_names_both_places_with_their_sources_and_the_rules_basis(work: Work) -> None:
    draft = await drafted(work)
    shown = await work.press(PRESCRIBER, Action.CONFLICTS, draft)
    assert isinstance(shown, Detail)
    assert shown.pages == len(await work.rows("conflicts")) >= 3
    pages = [await work.press(PRESCRIBER, Action.CONFLICTS, draft, page=str(n + 1)) for n in range(shown.pages)]
    assert all("possible conflict, documented in" in words(page) and "review." in words(page) for page in pages)
    allergy = next(page for page in pages if "list.allergy" in words(page))
    assert isinstance(allergy, Detail)
    (passage,) = [block.passage for block in allergy.blocks if isinstance(block, Sourced)]
    assert len(passage.lines[0].sources) == 2
    assert (await work.actions()).count("conflict_shown") == 1 + shown.pages


@pytest.mark.parametrize("staff_id", [THERAPIST, "osei", "whitaker"])
async def test_nobody_else_may_read_or_answer_it(work: Work, staff_id: str) -> None:
    draft = await drafted(work)
    row = (await work.rows("conflicts"))[0]
    for action, subject in ((Action.CONFLICTS, draft.id), (Action.OVERRIDE, row["id"])):
        refused = await work.press(staff_id, action, subject, reason="benefit")
        assert isinstance(refused, Notice)
        assert not any(name in words(refused) for name in IN_THE_CHART)
    assert {row["reason"] for row in await work.rows("conflicts")} == {None}
    assert (await work.actions()).count("access_refused") == 2


async def test_a_prescriber_who_left_the_care_team_may_not_read_it_any_more(work: Work) -> None:
    draft = await drafted(work)
    assert isinstance(await work.press(PRESCRIBER, Action.CONFLICTS, draft), Detail)
    await work.leave_care_team(PRESCRIBER, client="c108")
    await work.later(minutes=2)
    assert isinstance(await work.press(PRESCRIBER, Action.CONFLICTS, draft), Notice)


async def test_a_reason_is_kept_and_audited_and_the_finding_is_forgotten(work: Work) -> None:
    draft = await drafted(work)
    shown = await work.press(PRESCRIBER, Action.CONFLICTS, draft)
    button = because(shown, "will_monitor")
    after = await work.press(PRESCRIBER, Action.OVERRIDE, button.subject, reason="will_monitor")
    assert isinstance(shown, Detail)
    assert isinstance(after, Detail)
    assert after.pages == shown.pages - 1
    (row,) = [row for row in await work.rows("conflicts") if row["id"] == button.subject]
    assert (row["reason"], row["finding"]) == ("will_monitor", None)
    (event,) = [event for event in await work.trail(draft.id) if event.action == "conflict_overridden"]
    assert event.fields["reason"] == "override.will_monitor"
    assert event.fields["actor"]["id"] == PRESCRIBER
    assert event.fields["object"]["id"] == button.subject


async def test_a_second_press_changes_nothing(work: Work) -> None:
    draft = await drafted(work)
    button = because(await work.press(PRESCRIBER, Action.CONFLICTS, draft), "benefit")
    await work.press(PRESCRIBER, Action.OVERRIDE, button.subject, reason="benefit")
    await work.press(PRESCRIBER, Action.OVERRIDE, button.subject, reason="wrong_data")
    assert [row["reason"] for row in await work.rows("conflicts") if row["reason"]] == ["benefit"]
    assert (await work.actions()).count("conflict_overridden") == 1


@pytest.mark.parametrize("reason", ["", "because", "WILL_MONITOR"])
async def test_only_the_four_reasons_count(work: Work, reason: str) -> None:
    draft = await drafted(work)
    button = because(await work.press(PRESCRIBER, Action.CONFLICTS, draft), "tolerated")
    await work.press(PRESCRIBER, Action.OVERRIDE, button.subject, reason=reason)
    assert {row["reason"] for row in await work.rows("conflicts")} == {None}


async def test_when_all_are_answered_nothing_waits(work: Work) -> None:
    draft = await drafted(work)
    shown = await work.press(PRESCRIBER, Action.CONFLICTS, draft)
    for reason in (*REASONS, *REASONS, *REASONS):
        if isinstance(shown, Detail):
            shown = await work.press(PRESCRIBER, Action.OVERRIDE, because(shown, reason).subject, reason=reason)
    assert isinstance(shown, Notice)
    assert "every possible conflict was answered" in shown.text


async def test_the_same_findings_are_not_told_again_with_the_next_draft(work: Work) -> None:
    await drafted(work)
    before = await work.rows("conflicts")
    await drafted(work)
    assert await work.rows("conflicts") == before
    assert len(warned(work, PRESCRIBER)) == 1


async def test_a_changed_order_is_a_change_and_is_told_once_more(work: Work) -> None:
    await drafted(work)
    before = len(await work.rows("conflicts"))
    orders = await work.chart("MedicationRequest", "c108")
    lamotrigine = next(
        o for o in orders if "amotrigine" in str(o["medicationCodeableConcept"]) and o["status"] == "active"
    )
    await work.put({**lamotrigine, "note": [{"text": "Seen by the pharmacist."}]})
    await drafted(work)
    assert len(await work.rows("conflicts")) == before + 1
    assert "1 possible conflict " in warned(work, PRESCRIBER)[-1].text


async def test_without_a_prescriber_on_the_care_team_nobody_is_told(work: Work) -> None:
    await work.leave_care_team(PRESCRIBER, client="c108")
    await drafted(work)
    assert await work.rows("conflicts") == []
    assert not any(warned(work, staff.id) for staff in work.office.clinic.staff)


async def test_nothing_of_a_finding_is_in_the_database_in_clear_text(work: Work) -> None:
    await drafted(work)
    async with work.office.db.read() as conn:
        rows = (await conn.execute(text("SELECT * FROM conflicts"))).all()
    assert rows
    assert not any(name in str(rows).casefold() for name in (*IN_THE_CHART, "allergy", "stopped", "duplicate"))


async def test_what_nobody_answered_for_a_month_is_forgotten_and_not_told_again(work: Work) -> None:
    draft = await drafted(work)
    async with work.office.db.write() as conn:
        assert await forget(conn, work.clock() + timedelta(days=29)) == 0
        assert await forget(conn, work.clock() + timedelta(days=31)) >= 3
    assert {row["finding"] for row in await work.rows("conflicts")} == {None}
    assert isinstance(await work.press(PRESCRIBER, Action.CONFLICTS, draft), Notice)
    await drafted(work)
    assert len(warned(work, PRESCRIBER)) == 1


async def test_what_consent_withholds_from_the_prescriber_finds_nothing(tmp_path: Path) -> None:
    """C-104: naltrexone looks like addiction treatment, and no consent covers it. No finding may speak of it."""
    async with at_work(tmp_path, clients=("c104",)) as work:
        await asked(work, by="doyle", alias="C-104", to=None)
        assert "conflicts" in {row["kind"] for row in await work.rows("jobs")}
        for row in await work.rows("conflicts"):
            found = work.office.seal.open(row["finding"], context=f"conflicts.finding/{row['id']}")
            assert "naltrexone" not in found.casefold()
