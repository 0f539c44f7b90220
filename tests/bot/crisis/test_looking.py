"""What is filed in the EHR opens an escalation by itself, once; what cannot be read is read later, and said."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.crisis import looking, watchdog
from bot.crisis.records import PageState
from bot.store import tables as t
from bot.store.jobs import Job
from ehr_clients.errors import EhrRefused, EhrUnavailable
from ehr_clients.models import ChartData, Missing, Section, Why
from tests.fakes.crisis import pages, stored
from tests.fakes.office import Json, Work

MINUTE = timedelta(minutes=1)
A_LOOK = Job(id=1, kind="crisis_look", ref="@2026-11-23T19:00", lane="clock", attempt=1)


def item_nine(work: Work, answer: int, client: str = "sb-c102") -> Json:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "44260-8"}]},
        "subject": {"reference": f"Patient/{client}"},
        "effectiveDateTime": work.clock().isoformat(),
        "valueInteger": answer,
    }


async def look(work: Work) -> None:
    """One minute passes, by the EHR's clock too; then a look and all that comes of it."""
    finish = await looking.look(work.office, A_LOOK)
    if finish is not None:
        async with work.office.db.write() as conn:
            await finish(conn)
    await work.settled()


@pytest.fixture
async def begun(work: Work) -> Work:
    """The charts were there before Baton: it begins to look now."""
    work.clock.now = datetime.now(UTC)
    await look(work)
    return work


async def test_item_nine_of_two_opens_one_escalation_and_pages_the_treating_clinician(begun: Work) -> None:
    await begun.add(item_nine(begun, 2))
    for _ in range(3):  # the overlap shows it again
        begun.clock.now += MINUTE
        await look(begun)
    assert [row["alias"] for row in await begun.rows("escalations")] == ["C-102"]
    there = await stored(begun)
    assert (there.team, there.now.tier) == ("harbor", "same_day")
    assert "vega" in there.treating
    assert {page.staff_id for page in await pages(begun) if page.state is PageState.SENT} >= set(there.treating)
    readings = [event for event in await begun.trail() if event.action == "chart_read"]
    assert {event.fields["actor"]["id"] for event in readings if event.fields.get("actor")} <= {"baton"}
    assert readings
    assert await begun.verified()


async def test_what_was_there_before_and_an_item_nine_of_zero_open_nothing(begun: Work) -> None:
    await begun.add(item_nine(begun, 0))
    await look(begun)
    assert await begun.rows("escalations") == []
    assert await begun.rows("crisis_reads") == []


async def test_an_ehr_that_is_down_loses_nothing(begun: Work) -> None:
    await begun.add(item_nine(begun, 1))
    begun.server.faults.fail_next(None, 503)
    begun.clock.now += MINUTE
    await look(begun)
    assert await begun.rows("escalations") == []
    begun.server.faults.clear()
    await look(begun)
    assert len(await begun.rows("escalations")) == 1


async def test_a_page_waits_for_no_answer_about_referrals(begun: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(self: object, since: datetime) -> frozenset[str]:
        raise EhrUnavailable("The search of tasks does not answer.")

    monkeypatch.setattr(type(begun.office.ehr), "referrals_changed", away)
    await begun.add(item_nine(begun, 2))
    begun.clock.now += MINUTE
    await look(begun)
    assert [row["alias"] for row in await begun.rows("escalations")] == ["C-102"]


async def test_a_chart_of_which_a_part_was_missing_opens_what_is_known_and_is_read_again(
    begun: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = begun.office.ehr.read

    async def partly(client_id: str, sections: Collection[Section]) -> ChartData:
        data = await real(client_id, sections)
        missing = Missing(Why.UNAVAILABLE, "The EHR did not answer.")
        return replace(data, sections={**data.sections, Section.MESSAGES: missing})

    monkeypatch.setattr(begun.office.ehr, "read", partly)
    await begun.add(item_nine(begun, 1))
    begun.clock.now += MINUTE
    await look(begun)
    assert len(await begun.rows("crisis_reads")) == len(await begun.rows("escalations")) == 1
    monkeypatch.undo()
    await begun.hurry()
    await begun.settled()
    assert await begun.rows("crisis_reads") == []
    assert len(await begun.rows("escalations")) == 1


async def test_a_client_in_no_team_of_ours_is_passed_over_and_counted(begun: Work) -> None:
    for one in ("vega", "osei", "raman", "brandt", "doyle"):
        await begun.leave_care_team(one)
    await begun.add(item_nine(begun, 2))
    begun.clock.now += MINUTE
    await look(begun)
    assert await begun.rows("escalations") == []
    assert [row["passed_over"] for row in await begun.rows("crisis_looks")] == [1]


async def test_without_a_search_for_changes_the_caseloads_are_read_in_turn(
    begun: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(since: datetime) -> frozenset[str]:
        raise EhrRefused("This EHR cannot say whose chart has changed.")

    monkeypatch.setattr(begun.office.ehr, "changed", refused)
    await begun.add(item_nine(begun, 3))
    for _ in begun.office.clinic.staff:
        begun.clock.now += MINUTE
        await look(begun)
    assert len(await begun.rows("escalations")) == 1


async def test_a_watermark_that_is_too_old_is_an_alarm(begun: Work) -> None:
    begun.clock.now += looking.TOO_OLD + MINUTE
    finish = await watchdog.watch(begun.office, A_LOOK)
    async with begun.office.db.write() as conn:
        await finish(conn)
    await begun.settled()
    assert any("signals in the EHR" in words for words in begun.told("brandt"))
    await look(begun)
    async with begun.office.db.read() as conn:
        assert not await looking.behind(conn, begun.clock())


async def test_a_reading_whose_job_is_lost_gets_another(begun: Work) -> None:
    async with begun.office.db.write() as conn:
        await conn.execute(
            t.crisis_reads.insert().values(client_id="sb-c102", asked_at=begun.clock() - 2 * looking.TOO_OLD)
        )
        await conn.execute(update(t.crisis_looks).values(seen_up_to=begun.clock()))
    begun.clock.now += MINUTE
    await look(begun)
    assert await begun.rows("crisis_reads") == []
