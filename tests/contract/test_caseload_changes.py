"""Many clients at once: who is in a team's care, what changed, and what it costs, against every EHR that can tell."""

from datetime import UTC, datetime, timedelta

import pytest

from ehr_clients.errors import EhrRefused
from tests.contract.conftest import World

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


async def test_the_caseload_of_a_team_is_that_of_its_people(world: World) -> None:
    try:
        team = await world.ehr.care_team("sb-c102")
    except EhrRefused:
        pytest.skip("this EHR keeps no care teams")
    try:
        there = {one.client.id: one.care_team for one in await world.ehr.in_care(team)}
    except EhrRefused as refused:
        pytest.skip(str(refused))
    assert there["sb-c102"] == team
    expected = {client.id for member in team for client in await world.ehr.caseload(member)}
    assert set(there) == expected
    assert await world.ehr.in_care([]) == []


async def test_what_was_stored_since_is_new_and_nothing_before_it(world: World) -> None:
    client = await world.ehr.client("sb-c102")
    now = datetime.now(UTC)
    try:
        all_of_it = await world.ehr.changes([client], LONG_AGO, until=now)
        nothing = await world.ehr.changes([client], now + timedelta(hours=1), until=now)
    except EhrRefused:
        pytest.skip("this EHR cannot say what is new")
    recent = all_of_it.by_client["sb-c102"]
    assert set(all_of_it.by_client) == {"sb-c102"}
    if not any("assessments" in gap for gap in all_of_it.gaps):
        assert {one.source.ref for one in recent.assessments} & set(recent.new)
        assert not [one for one in nothing.by_client["sb-c102"].assessments if one.source.ref in recent.new] or (
            nothing.gaps
        )
    assert not nothing.by_client["sb-c102"].new


async def test_nobody_asked_for_is_nobody_read(world: World) -> None:
    told = await world.ehr.changes([], LONG_AGO, until=datetime.now(UTC))
    assert (told.by_client, told.trips) == ({}, 0)
