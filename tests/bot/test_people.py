"""Who is behind a chat identity, and whom words mean."""

from datetime import date

import pytest

from bot.chat import Platform, Who
from bot.people import People, licensed
from skills.kit import Role
from tests.fakes.office import example_clinic

PEOPLE = People(example_clinic())


@pytest.mark.parametrize(
    ("who", "staff_id"),
    [
        (Who(Platform.SLACK, "T0SANDBOX", "U0SBVEGA"), "vega"),
        (Who(Platform.WEB, "console", "vega"), "vega"),
        (Who(Platform.SLACK, "T0OTHER", "U0SBVEGA"), None),  # another workspace's member of that id
        (Who(Platform.TEAMS, "T0SANDBOX", "U0SBVEGA"), None),
        (Who(Platform.SLACK, "T0SANDBOX", "u0sbvega"), None),
        (Who(Platform.SLACK, "T0SANDBOX", ""), None),
        (Who(Platform.WEB, "console", "merritt"), None),  # left
    ],
)
def test_people_are_known_by_immutable_ids(who: Who, staff_id: str | None) -> None:
    found = PEOPLE.by_chat(who)
    assert (found.id if found else None) == staff_id


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("osei", ["osei"]),
        ("OSEI", ["osei"]),
        ("Daniel Osei", ["osei"]),
        ("dan", ["osei"]),
        ("<@U0SBOSEI|daniel.osei>", ["osei"]),
        ("<@U0SBOSEI>", ["osei"]),
        ("karen doyle", ["doyle"]),
        ("ma", ["vega"]),  # Marisol; Merritt left
        ("merritt", []),
        ("", []),
        ("<@>", []),
        ("aniel", []),
    ],
)
def test_whom_words_mean(words: str, ids: list[str]) -> None:
    assert [s.id for s in PEOPLE.matching(words)] == ids


def test_roles_and_licences() -> None:
    assert [s.id for s in PEOPLE.with_role(Role.COMPLIANCE)] == ["castell"]
    assert "merritt" not in {s.id for s in PEOPLE.with_role(Role.CLINICIAN)}
    frye, whitaker = PEOPLE.by_id("frye"), PEOPLE.by_id("whitaker")
    assert frye is not None
    assert whitaker is not None
    assert licensed(frye, date(2026, 2, 28))
    assert not licensed(frye, date(2026, 3, 1))
    assert not licensed(whitaker, date(2026, 1, 1))
    assert (frye.title, whitaker.title) == ("LPC", "care coordinator")
