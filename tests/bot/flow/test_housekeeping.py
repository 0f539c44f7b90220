"""The calendar's own work, begun as the calendar begins it: by a slot that is claimed."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from bot.flow import housekeeping
from bot.store.slots import StoredClaims
from scheduler.due import Fate, Firing, slot_at
from scheduler.job import CalendarJob
from tests.fakes.office import Work, asked


async def begin(work: Work, name: str) -> None:
    (job,) = [job for job in housekeeping.CALENDAR if job.name == name]
    claims = StoredClaims(work.office.db, replica="r1")
    slot = slot_at(datetime(2026, 11, 23, 3, 20), job.fits.zone)  # noqa: DTZ001 - a wall time
    assert await claims.claim(job.name, [Firing(slot, Fate.FIRED, 0)])
    await work.settled()


async def test_the_anchor_records_the_head_of_a_trail_that_is_whole(work: Work) -> None:
    await asked(work)
    before = (await work.trail())[-1]
    await begin(work, "audit_anchor")
    anchor = (await work.trail())[-1]
    assert (anchor.action, anchor.fields["outcome"]) == ("audit_verified", "success")
    assert anchor.fields["counts"] == {"events": before.seq, "faults": 0}
    assert anchor.fields["output_hash"] == (await work.rows("audit_events"))[before.seq - 1]["hash"]
    assert await work.verified()


async def test_the_anchor_says_when_the_trail_was_tampered_with(work: Work) -> None:
    await asked(work)
    async with work.office.db.write() as conn:
        await conn.execute(text("DROP TRIGGER audit_no_update"))
        await conn.execute(text("UPDATE audit_events SET body = replace(body, 'vega', 'osei') WHERE seq = 1"))
    await begin(work, "audit_anchor")
    anchor = (await work.trail())[-1]
    assert (anchor.fields["outcome"], anchor.fields["error_code"]) == ("failed", "altered")
    assert anchor.fields["counts"]["faults"] == 1


async def test_what_is_over_is_forgotten_and_what_waits_is_not(work: Work) -> None:
    await asked(work)
    waiting = [row for row in await work.rows("jobs") if row["state"] == "due"]
    over = [row for row in await work.rows("jobs") if row["state"] == "done"]
    assert waiting
    assert over
    async with work.office.db.write() as conn:
        await conn.execute(text(f"UPDATE jobs SET finished = finished - {timedelta(days=40).total_seconds()}"))
    await begin(work, "forget")
    left = [row["kind"] for row in await work.rows("jobs")]
    assert sorted(left) == sorted([*(row["kind"] for row in waiting), "forget"])


@pytest.mark.parametrize("job", housekeeping.CALENDAR, ids=lambda job: job.name)
def test_each_calendar_job_has_somebody_who_does_it(job: CalendarJob, work: Work) -> None:
    assert job.name.partition(":")[0] in work.worker._rules.handlers
