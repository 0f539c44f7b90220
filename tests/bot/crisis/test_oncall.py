"""Who is on call: rota, swaps, overrides, both changes of the clock; and nobody on call cannot be saved."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.clinic import Clinic, ClinicFileInvalid, validated
from bot.crisis.coverage import gaps, refuse_unless_covered
from bot.crisis.oncall import on_call
from bot.crisis.policy import Crisis
from tests.fakes.office import example_clinic

type Json = dict[str, Any]

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)
NIGHTS = {
    "teams": ["harbor"],
    "turns": [
        {"staff": "day", "start": "07:00", "end": "19:00"},
        {"staff": "night", "start": "19:00", "end": "07:00"},
    ],
}


def crisis(**more: object) -> Crisis:
    return Crisis.model_validate({"on_call": [NIGHTS], **more})


def at(words: str) -> datetime:
    return datetime.fromisoformat(words)


@pytest.mark.parametrize(
    ("moment", "who"),
    [
        ("2026-11-23T06:59:59-05:00", "night"),
        ("2026-11-23T07:00:00-05:00", "day"),
        ("2026-11-23T18:59:59-05:00", "day"),
        ("2026-11-23T19:00:00-05:00", "night"),
        ("2026-11-23T23:59:59-05:00", "night"),
        ("2026-11-24T00:00:00-05:00", "night"),
        # 8 March 2026: 02:00 becomes 03:00; the night has eleven hours
        ("2026-03-08T01:59:00-05:00", "night"),
        ("2026-03-08T03:00:00-04:00", "night"),
        ("2026-03-08T06:59:00-04:00", "night"),
        ("2026-03-08T07:00:00-04:00", "day"),
        ("2026-03-08T11:00:00+00:00", "day"),  # 07:00 by the new clock, 06:00 by the old one
        # 1 November 2026: 02:00 becomes 01:00; the hour that comes twice belongs to the same person both times
        ("2026-11-01T01:30:00-04:00", "night"),
        ("2026-11-01T01:30:00-05:00", "night"),
        ("2026-11-01T06:59:00-05:00", "night"),
        ("2026-11-01T11:59:59+00:00", "night"),
        ("2026-11-01T07:00:00-05:00", "day"),
    ],
)
def test_the_wall_clock_decides(moment: str, who: str) -> None:
    assert on_call(crisis(), "harbor", at(moment), NEW_YORK) == (who,)


def test_a_rota_may_keep_another_zone_than_the_team() -> None:
    chicago = crisis(on_call=[{**NIGHTS, "timezone": "America/Chicago"}])
    assert on_call(chicago, "harbor", at("2026-11-23T07:30:00-05:00"), NEW_YORK) == ("night",)
    assert on_call(chicago, "harbor", at("2026-11-23T08:00:00-05:00"), NEW_YORK) == ("day",)


def test_a_night_belongs_to_the_day_it_starts_on() -> None:
    friday = {"staff": "friday", "days": [4], "start": "19:00", "end": "07:00"}
    rota = crisis(on_call=[{"teams": ["harbor"], "turns": [friday]}])
    assert on_call(rota, "harbor", at("2026-11-28T06:00:00-05:00"), NEW_YORK) == ("friday",)
    assert on_call(rota, "harbor", at("2026-11-27T06:00:00-05:00"), NEW_YORK) == ()
    assert on_call(rota, "harbor", at("2026-11-28T20:00:00-05:00"), NEW_YORK) == ()


def test_another_team_has_nobody_of_this_rota() -> None:
    assert on_call(crisis(), "meadow", NOW, NEW_YORK) == ()


SPAN = {"start": "2026-11-23T12:00:00-05:00", "end": "2026-11-24T12:00:00-05:00"}


@pytest.mark.parametrize(
    ("moment", "who"),
    [
        ("2026-11-23T11:59:59-05:00", "day"),
        ("2026-11-23T12:00:00-05:00", "night"),
        ("2026-11-23T20:00:00-05:00", "day"),
        ("2026-11-24T11:59:00-05:00", "night"),
        ("2026-11-24T12:00:00-05:00", "day"),
    ],
)
def test_two_who_swap_stand_in_for_each_other(moment: str, who: str) -> None:
    swapped = crisis(swaps=[{"staff": "day", "with": "night", **SPAN}])
    assert on_call(swapped, "harbor", at(moment), NEW_YORK) == (who,)


def test_an_override_beats_rota_and_swap_and_the_later_one_wins() -> None:
    over = {"staff": "chief", **SPAN}
    both = crisis(overrides=[over, {**over, "staff": "deputy", "teams": ["harbor"]}])
    assert on_call(both, "harbor", at("2026-11-23T12:00:00-05:00"), NEW_YORK) == ("deputy",)
    assert on_call(both, "meadow", at("2026-11-23T12:00:00-05:00"), NEW_YORK) == ("chief",)
    assert on_call(both, "harbor", at("2026-11-24T12:00:00-05:00"), NEW_YORK) == ("day",)


# Nobody on call cannot be saved


def changed(change: Callable[[Json], None]) -> Clinic:
    plain = example_clinic().model_dump(mode="json")
    change(plain)
    return validated(plain)


def person(clinic: Json, staff_id: str) -> Json:
    found: Json = next(s for s in clinic["staff"] if s["id"] == staff_id)
    return found


def harbor(clinic: Json) -> Json:
    found: Json = clinic["crisis"]["on_call"][0]
    return found


@pytest.mark.parametrize("now", [NOW, at("2026-03-01T12:00:00-05:00"), at("2026-10-25T12:00:00-04:00")])
def test_the_example_is_covered_whenever_it_is_started(now: datetime) -> None:
    assert gaps(example_clinic(), now) == []


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda c: harbor(c)["turns"][1].update(end="06:00"), "06:00 to Tue 24 Nov 07:00: nobody is on call"),
        (
            lambda c: harbor(c)["turns"][0].update(days=[0, 1, 2, 3, 4, 5]),
            "Sun 29 Nov 07:00 to Sun 29 Nov 19:00: nobody",
        ),
        (lambda c: harbor(c).update(turns=[]), "Harbor, Mon 23 Nov 14:00 to Mon 07 Dec 14:00: nobody is on call"),
        (lambda c: person(c, "osei").update(active=False), "19:00 to Tue 24 Nov 07:00: Daniel Osei is not active"),
        (lambda c: person(c, "osei").update(phone=None), "fewer than two verified ways to be reached (chat)"),
        (lambda c: person(c, "osei")["phone"].update(verified=None), "Daniel Osei has fewer than two verified ways"),
        (
            lambda c: c["crisis"].update(overrides=[{"staff": "coleman", "teams": [], **SPAN}]),
            "Nia Coleman has fewer than two verified ways",
        ),
        (
            lambda c: c["crisis"].update(swaps=[{"staff": "osei", "with": "merritt", "teams": ["harbor"], **SPAN}]),
            "Paul Merritt is not active",
        ),
    ],
)
def test_a_gap_is_refused_and_named(spoil: Callable[[Json], None], told: str) -> None:
    with pytest.raises(ClinicFileInvalid) as refused:
        refuse_unless_covered(changed(spoil), NOW)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda c: c["crisis"].update(last_resort=["nobody"]), "crisis.last_resort: unknown person nobody"),
        (lambda c: harbor(c).update(teams=["harbour"]), "crisis.on_call: unknown team harbour"),
        (lambda c: harbor(c)["turns"][0].update(staff="doile"), "crisis.on_call: unknown person doile"),
        (
            lambda c: c["crisis"].update(overrides=[{"staff": "vega", "start": SPAN["end"], "end": SPAN["start"]}]),
            "it ends before it starts",
        ),
        (
            lambda c: c["crisis"]["tiers"]["now"]["steps"].append(
                {"who": ["on_call"], "ways": ["channel"], "wait_s": 9}
            ),
            "a channel alone reaches nobody",
        ),
        (lambda c: c["crisis"]["tiers"]["now"].update(steps=[]), "crisis.tiers.now.steps"),
        (lambda c: c["crisis"]["tiers"]["now"]["steps"][0].update(wait_s=0), "wait_s"),
        (lambda c: person(c, "vega")["phone"].update(number="555 0101"), "staff vega, phone.number"),
    ],
)
def test_every_mistake_of_the_policy_is_named(spoil: Callable[[Json], None], told: str) -> None:
    with pytest.raises(ClinicFileInvalid) as refused:
        changed(spoil)
    assert told in str(refused.value)


def test_outside_of_the_demo_a_file_that_names_nobody_on_call_is_refused() -> None:
    silent = changed(lambda file: file.pop("crisis"))
    refuse_unless_covered(silent, NOW)
    with pytest.raises(ClinicFileInvalid, match=r"no \[crisis\] part"):
        refuse_unless_covered(silent, NOW, real=True)
