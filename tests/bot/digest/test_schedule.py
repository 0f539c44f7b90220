"""When digests are due, as the clinic file has it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot import clinic as clinic_file
from bot.clinic import Clinic
from bot.digest.schedule import LATEST, Due, Kind, calendar, due_of
from scheduler.due import Fate, between, plan
from tests.fakes.office import example_clinic


def clinic(**of_harbor: Any) -> Clinic:
    plain = json.loads(example_clinic().model_dump_json())
    plain["teams"][0] |= of_harbor
    return clinic_file.validated(plain)


def names(of: Clinic) -> set[str]:
    return {job.name for job in calendar(of)}


def test_each_team_has_its_own_hour_and_zone() -> None:
    daily = next(job for job in calendar(clinic(timezone="America/Chicago")) if job.name == "digest:harbor:daily")
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    slots = between(daily, monday, monday + timedelta(days=7))
    assert [slot.key for slot in slots] == [f"2026-11-{day}T08:15" for day in (23, 24, 25, 26, 27)]
    assert {slot.at.hour for slot in slots} == {14}


def test_the_weekly_digest_has_its_day_and_may_have_its_hour() -> None:
    rule = {"weekly": 4, "weekly_time": "16:30", "days": []}
    jobs = [job for job in calendar(clinic(digest=rule)) if job.name.startswith("digest:harbor")]
    assert [(job.name, job.weekday, job.hour, job.minute) for job in jobs] == [
        ("digest:harbor:weekly", "4", "16", "30")
    ]
    assert "digest:harbor:weekly" not in names(clinic(digest={"weekly": None}))


@pytest.mark.parametrize("phase", ["off", "sandbox", "shadow"])
def test_a_team_that_is_not_live_has_neither_of_them(phase: str) -> None:
    assert not {name for name in names(clinic(rollout={"digest": phase})) if ":harbor:" in name}
    assert {"digest:harbor:daily", "digest:harbor:weekly"} <= names(clinic(rollout={"digest": "live"}))


def test_a_team_without_an_hour_has_no_digest() -> None:
    assert not {name for name in names(clinic(digest_time=None)) if ":harbor:" in name}


def test_a_slot_comes_back_from_the_name_of_its_job() -> None:
    at = datetime(2026, 11, 24, 13, 15, tzinfo=UTC)
    assert due_of(clinic(), "harbor:daily@2026-11-24T08:15") == Due("harbor", Kind.DAILY, "2026-11-24T08:15", at)
    assert due_of(clinic(), "gone:daily@2026-11-24T08:15") is None


def test_a_team_may_be_called_what_it_likes() -> None:
    plain = json.loads(clinic().model_dump_json())
    plain["teams"].append({"id": "Équipe Nord / 2", "name": "Nord", "digest_time": "07:00"})
    with_it = clinic_file.validated(plain)
    (job,) = [job for job in calendar(with_it) if job.name.endswith("daily") and job.hour == "7"]
    due = due_of(with_it, f"{job.name.removeprefix('digest:')}@2026-11-24T07:00")
    assert due is not None
    assert due.team == "Équipe Nord / 2"


def test_after_an_outage_one_digest_stands_for_all_and_the_others_are_counted_as_skipped() -> None:
    job = next(job for job in calendar(clinic()) if job.name == "digest:harbor:daily")
    back = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)
    fates = [(f.slot.key, f.fate) for f in plan(job, since=back - timedelta(days=2, hours=6), now=back)]
    assert fates == [
        ("2026-11-24T08:15", Fate.SKIPPED),
        ("2026-11-25T08:15", Fate.SKIPPED),
        ("2026-11-26T08:15", Fate.FIRED),
    ]
    assert timedelta(hours=20) == LATEST


def test_the_digest_may_only_be_sent_where_client_information_may_stand() -> None:
    assert clinic(digest={"channel": "harbor-care"}).team("harbor").digest.channel == "harbor-care"
    for channel in ("clinic-lounge", "lighthouse-care", "nowhere"):
        with pytest.raises(clinic_file.ClinicFileInvalid, match="digest of harbor"):
            clinic(digest={"channel": channel})
