"""The example clinic file and the sandbox's EHR know the same people."""

from pathlib import Path

from bot.clinic import load
from bot.people import licensed
from tests.ehr_clients.clinic.shelf import TODAY, Shelf

EXAMPLE = Path(__file__).parents[3] / "manifests" / "clinic.example.toml"


def test_every_practitioner_of_the_sandbox_is_on_the_staff_and_nobody_else(shelf: Shelf) -> None:
    in_ehr = {f"Practitioner/{practitioner['id']}": practitioner for practitioner in shelf.every("Practitioner")}
    on_staff = {member.practitioner: member for member in load(EXAMPLE).staff}
    assert set(on_staff) == set(in_ehr)
    for reference, member in on_staff.items():
        name = in_ehr[reference]["name"][0]
        assert member.name == f"{name['given'][0]} {name['family']}"
        assert member.active == in_ehr[reference]["active"]
        assert [member.licence.type if member.licence else None] == (name.get("suffix") or [None])


def test_the_teams_are_the_ehr_s_teams(shelf: Shelf) -> None:
    teams = {f"sb-team-{team.id}": team.part2_program for team in load(EXAMPLE).teams}
    in_ehr = {o["id"]: "Part 2" in o["type"][0]["text"] for o in shelf.every("Organization") if "partOf" in o}
    assert teams == in_ehr


def test_one_has_left_and_one_licence_has_expired() -> None:
    staff = load(EXAMPLE).staff
    assert [member.id for member in staff if not member.active] == ["merritt"]
    assert [m.id for m in staff if m.active and m.licence and not licensed(m, TODAY)] == ["frye"]


def test_everyone_can_be_reached_on_every_platform() -> None:
    assert all(len(member.identities()) == 3 for member in load(EXAMPLE).staff)
