"""The clinic file: the example is right, and every mistake of a wrong one is named with its place, all at once."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.app import EXAMPLE_CLINIC
from bot.chat import Place, Platform
from bot.clinic import ClinicFileInvalid, load, validated

type Json = dict[str, Any]


def example() -> Json:
    return tomllib.loads(EXAMPLE_CLINIC.read_text())


def staff(clinic: Json, staff_id: str) -> Json:
    found: Json = next(s for s in clinic["staff"] if s["id"] == staff_id)
    return found


def test_the_example_is_a_clinic() -> None:
    clinic = load(EXAMPLE_CLINIC)
    assert len(clinic.staff) == 15
    assert clinic.team("lighthouse").part2_program
    assert clinic.zone("harbor").key == "America/New_York"
    here = Place(Platform.SLACK, "T0SANDBOX", "C0SBHARBOR")
    channel = clinic.channel(here)
    assert channel is not None
    assert channel.phi
    assert clinic.channel(Place(Platform.TEAMS, "T0SANDBOX", "C0SBHARBOR")) is None
    assert clinic.channel(Place(Platform.SLACK, "T0OTHER", "C0SBHARBOR")) is None


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda c: c["clinic"].update(timezone="Mars/Base"), "clinic.timezone: Value error, not a time zone"),
        (lambda c: c["clinic"].update(timezone="../../etc/passwd"), "clinic.timezone"),
        (lambda c: c["teams"][1].update(timezone="EST5"), "teams lighthouse, timezone"),
        (lambda c: c["teams"][1].update(digest_time="8 o'clock"), "teams lighthouse, digest_time"),
        (lambda c: c["teams"][1].update(handoff_sla_minutes=0), "teams lighthouse, handoff_sla_minutes"),
        (lambda c: c["teams"][1]["rollout"].update(handoff="maybe"), "teams lighthouse, rollout.handoff"),
        (lambda c: c["teams"].append(dict(c["teams"][0])), "teams: harbor appears 2 times"),
        (lambda c: c.update(teams=[]), "teams: Tuple should have at least 1 item"),
        (lambda c: c.pop("staff"), "staff: Field required"),
        (lambda c: c.update(staff="everybody"), "staff: "),
        (lambda c: staff(c, "vega").update(roles=[]), "staff vega, roles"),
        (lambda c: staff(c, "vega").update(roles=["wizard"]), "staff vega, roles.0"),
        (lambda c: staff(c, "vega").update(nickname="Mari"), "staff vega, nickname: Extra inputs"),
        (lambda c: staff(c, "vega")["licence"].update(expires="soon"), "staff vega, licence.expires"),
        (lambda c: staff(c, "vega").update(teams=["harbour"]), "staff: vega names the unknown team harbour"),
        (lambda c: staff(c, "vega").update(web="osei"), "chat identity: web:console:osei appears 2 times"),
        (
            lambda c: staff(c, "vega").update(practitioner="Practitioner/sb-p-osei"),
            "practitioner: Practitioner/sb-p-osei",
        ),
        (lambda c: staff(c, "vega").pop("id"), "staff number 1, id: Field required"),
        (lambda c: c["channels"][0].update(team="nowhere"), "channels: harbor-care names the unknown team nowhere"),
        (lambda c: c["channels"][0].update(platform="irc"), "channels harbor-care, platform"),
        (lambda c: c["break_glass"].update(minutes=0), "break_glass.minutes"),
    ],
)
def test_a_mistake_is_named_with_its_place(spoil: Callable[[Json], object], told: str) -> None:
    clinic = example()
    validated(clinic)
    spoil(clinic)
    with pytest.raises(ClinicFileInvalid) as refusal:
        validated(clinic)
    assert told in str(refusal.value)


def test_all_mistakes_are_named_at_once() -> None:
    clinic = example()
    staff(clinic, "vega")["roles"] = ["wizard"]
    staff(clinic, "osei")["teams"] = ["harbour"]
    clinic["teams"][0]["handoff_sla_minutes"] = -1
    clinic["channels"].append(clinic["channels"][0])
    with pytest.raises(ClinicFileInvalid) as refusal:
        validated(clinic)
    for told in ("staff vega, roles.0", "osei names the unknown team harbour", "teams harbor, ", "appears 2 times"):
        assert told in str(refusal.value)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "clinic.toml"
    for content, told in ((b"a = ", "not valid TOML"), (b"\xff\xfe", "not UTF-8"), (b"", "clinic: Field required")):
        file.write_bytes(content)
        with pytest.raises(ClinicFileInvalid, match=told):
            load(file)
    with pytest.raises(ClinicFileInvalid, match="cannot be read"):
        load(tmp_path / "nowhere.toml")
