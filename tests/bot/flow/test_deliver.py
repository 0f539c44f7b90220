"""Filing: checked again, once, read back; and what happens when the EHR says no, says nothing, or lost its answer."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.chat import Action, Detail, Notice
from bot.drafts import State
from tests.fakes.office import Json, Work, approved, asked, break_the_trail


def _change(staff_id: str, **values: object) -> Callable[[Json], None]:
    return lambda clinic: next(s for s in clinic["staff"] if s["id"] == staff_id).update(values)


async def approved_unfiled(work: Work) -> None:
    """Approved while the worker is away."""
    draft = await asked(work)
    await work.read_all("vega", draft)
    await work.kill()
    await work.press("vega", Action.APPROVE, draft)
    assert (await work.draft()).state is State.APPROVED


async def licence_ran_out(work: Work) -> None:
    work.change_clinic(_change("vega", licence={"type": "LCSW", "state": "PA", "expires": "2026-11-22"}))


async def left_the_clinic(work: Work) -> None:
    work.change_clinic(_change("vega", active=False))


async def left_the_care_team(work: Work) -> None:
    await work.leave_care_team("vega")


async def chart_changed(work: Work) -> None:
    await work.change_problem(words="Bipolar II disorder")


@pytest.mark.parametrize(
    ("meanwhile", "trouble", "shown"),
    [
        (licence_ran_out, "approver_licence", "licence is no longer current"),
        (left_the_clinic, "approver_inactive", "no longer active"),
        (left_the_care_team, "approver_membership", "no longer on the care team"),
        (chart_changed, "chart_changed", "The chart changed after the approval"),
    ],
)
async def test_an_approval_that_no_longer_holds_asks_again(
    work: Work, meanwhile: Callable[[Work], Awaitable[None]], trouble: str, shown: str
) -> None:
    await approved_unfiled(work)
    await meanwhile(work)
    await work.restart()
    await work.settled()
    draft = await work.draft()
    assert (draft.state, draft.version, draft.trouble, draft.decided_by) == (State.WAITING, 2, trouble, None)
    assert shown in work.card().status.text
    assert not work.server.resources_written() or trouble in {"approver_membership", "chart_changed"}
    assert not work.written("DocumentReference")
    assert not await work.rows("receipts")
    if trouble != "approver_inactive":
        assert "no longer holds" in work.told("vega")[-1]
    await work.read_all("osei", draft)
    await work.press("osei", Action.APPROVE, draft)
    await work.settled()
    assert (await work.draft()).state is State.FILED
    assert len(work.written("DocumentReference")) == 1


async def test_the_same_set_up_with_nothing_changed_is_filed(work: Work) -> None:
    await approved_unfiled(work)
    await work.restart()
    await work.settled()
    assert (await work.draft()).state is State.FILED


async def test_a_reading_that_was_not_whole_voids_no_approval(work: Work) -> None:
    """Referrals are read with their tasks: without those they look changed, and nothing changed."""
    await approved_unfiled(work)
    work.server.faults.fail_next(2, 503, resource_type="Task")
    work.start()
    await work.settled()
    assert work.server.faults.fired
    assert (await work.draft()).state is State.APPROVED
    await work.later(minutes=1)
    filed = await work.draft()
    assert (filed.state, filed.version) == (State.FILED, 1)


async def test_a_draft_that_asks_again_late_still_expires(work: Work) -> None:
    await approved_unfiled(work)
    await work.change_problem()
    await work.restart()
    await work.kill()
    work.server.faults.fail_next(None, 503)
    await work.restart()
    await work.later(hours=25)
    assert (await work.draft()).state is State.APPROVED
    work.server.faults.clear()
    await work.later(minutes=10)
    draft = await work.draft()
    assert (draft.state, draft.version) == (State.WAITING, 2)
    assert draft.expires_at - work.clock.now > timedelta(hours=23)
    await work.later(hours=25)
    assert (await work.draft()).state is State.EXPIRED


# The EHR says no


async def test_a_refused_write_is_said_and_tried_again_on_request_once(work: Work) -> None:
    work.server.faults.fail_next(1, 422, resource_type="Communication", method="POST")
    draft = await approved(work)
    assert (draft.state, draft.trouble) == (State.FILING_FAILED, "ehr_refused")
    card = work.card()
    assert "NOT filed" in card.status.text
    assert "1 of its parts are in the chart" in card.status.text
    assert [b.label for b in card.buttons] == ["Review", "Try again"]
    assert "NOT filed" in work.told("vega")[-1]
    await work.press("vega", Action.RETRY, draft)
    await work.press("vega", Action.RETRY, draft)
    await work.settled()
    assert (await work.draft()).state is State.FILED
    for kind, count in (("DocumentReference", 1), ("Communication", 1), ("Provenance", 1), ("AuditEvent", 2)):
        assert len(work.written(kind)) == count, kind
    assert (await work.actions()).count("filing_retried") == 1


async def test_who_may_not_decide_may_not_try_again(work: Work) -> None:
    work.server.faults.fail_next(1, 422, resource_type="DocumentReference", method="POST")
    draft = await approved(work)
    assert isinstance(await work.press("doyle", Action.RETRY, draft), Notice)
    assert (await work.draft()).state is State.FILING_FAILED


async def test_the_ehr_is_down_after_the_yes(work: Work) -> None:
    draft = await asked(work)
    await work.read_all("vega", draft)
    work.server.faults.fail_next(None, 503)
    await work.press("vega", Action.APPROVE, draft)
    await work.settled()
    assert "not filed" in work.card().status.text
    assert "has not answered" in work.card().status.text
    await work.later(minutes=16)
    assert "still not filed" in work.told("vega")[-1]
    work.server.faults.clear()
    await work.later(minutes=16)
    assert (await work.draft()).state is State.FILED


# The answer is lost


@pytest.mark.parametrize("kind", ["DocumentReference", "Communication", "Provenance", "AuditEvent"])
@pytest.mark.parametrize("lost", ["drop_answers", "cut_answers"])
async def test_stored_there_and_the_answer_lost_here(work: Work, kind: str, lost: str) -> None:
    draft = await asked(work)
    await work.read_all("vega", draft)
    getattr(work.server.faults, lost)(1, resource_type=kind, method="POST")
    await work.press("vega", Action.APPROVE, draft)
    await work.settled()
    for _ in range(3):
        await work.later(minutes=5)
    assert (await work.draft()).state is State.FILED
    for each, count in (("DocumentReference", 1), ("Communication", 1), ("Provenance", 1), ("AuditEvent", 2)):
        assert len(work.written(each)) == count, each


async def test_a_write_that_a_dead_worker_left_in_the_chart_is_found_and_not_repeated(work: Work) -> None:
    """Stored, the worker died before it wrote that down, and the chart changed before the next one came."""
    draft = await asked(work)
    await work.read_all("vega", draft)
    work.server.faults.delay(0.2, times=1, resource_type="Communication")
    async with work.office.db.write() as conn:
        await conn.execute(
            text(
                "CREATE TRIGGER no_receipts BEFORE INSERT ON receipts "
                "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
            )
        )
    await work.press("vega", Action.APPROVE, draft)
    await work.settled()
    assert len(work.written("DocumentReference")) == 1
    assert not await work.rows("receipts")
    await work.kill()
    async with work.office.db.write() as conn:
        await conn.execute(text("DROP TRIGGER no_receipts"))
    await work.change_problem(words="Changed after it was filed")
    await work.restart()
    await work.later(minutes=5)
    done = await work.draft()
    assert (done.state, done.version) == (State.FILED, 1)
    assert len(work.written("DocumentReference")) == 1


async def test_nothing_leaves_when_the_trail_cannot_take_it(work: Work) -> None:
    draft = await asked(work)
    await work.read_all("vega", draft)
    await work.kill()
    await work.press("vega", Action.APPROVE, draft)
    await break_the_trail(work)
    await work.restart()
    await work.settled()
    assert not work.server.resources_written()
    assert (await work.draft()).state is State.APPROVED


async def test_filed_means_read_back_and_equal(work: Work) -> None:
    draft = await approved(work)
    (version,) = await work.rows("draft_versions")
    document = next(row for row in await work.rows("receipts") if row["step"] == "document")
    assert version["content_hash"] == document["sent_hash"] == document["readback_hash"]
    filed = next(e for e in await work.trail() if e.action == "filed")
    assert filed.fields["object"]["version_hash"] == version["content_hash"]
    assert draft.filed_at is not None


async def test_a_reader_may_look_at_a_failed_draft(work: Work) -> None:
    work.server.faults.fail_next(1, 422, resource_type="DocumentReference", method="POST")
    draft = await approved(work)
    assert isinstance(await work.read_all("osei", draft), Detail)
