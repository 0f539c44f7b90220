"""Who may do what: one table per question. Success and refusal share the same clinic and the same people."""

from datetime import UTC, datetime

import pytest

from bot.clinic import Clinic, StaffMember
from bot.privacy.policy import (
    Standing,
    may_accept,
    may_ask,
    may_decide,
    may_read,
    may_take_over,
    programs,
    supervises,
)
from skills import ALL
from skills.kit import Acceptance, Approval
from tests.fakes.office import example_clinic

NOW = datetime(2026, 11, 23, 19, tzinfo=UTC)
APPROVAL: Approval = ALL[0].approval
ACCEPTANCE = APPROVAL.acceptance or Acceptance(frozenset(), licensed=True)


def staff(staff_id: str) -> StaffMember:
    return next(s for s in example_clinic().staff if s.id == staff_id)


def refs(*staff_ids: str) -> frozenset[str]:
    return frozenset(staff(staff_id).practitioner for staff_id in staff_ids)


def standing(staff_id: str, how: str = "") -> Standing:
    return Standing(
        staff=staff(staff_id),
        on_care_team=how == "team",
        supervises=how == "supervises",
        broke_glass=how == "glass",
        named_receiver=how == "receiver",
    )


@pytest.mark.parametrize(
    ("supervisor", "care_team", "covers"),
    [
        ("brandt", ("vega",), True),
        ("brandt", ("raman", "baptiste"), True),  # Raman's home team is Harbor
        ("brandt", ("baptiste", "kowalczyk"), False),
        ("brandt", ("baptiste", "whitaker"), False),  # a coordinator's home team says nothing
        ("brandt", ("coleman",), False),
        ("brandt", ("merritt",), False),  # left
        ("brandt", (), False),
        ("abernathy", ("baptiste",), True),
        ("abernathy", ("haddad",), True),
        ("abernathy", ("vega",), False),
        ("abernathy", ("raman",), False),  # Raman helps at Lighthouse; the client is Harbor's
        ("vega", ("osei",), False),  # not a supervisor
    ],
)
def test_a_supervisor_covers_the_clients_of_their_own_teams(
    supervisor: str, care_team: tuple[str, ...], *, covers: bool
) -> None:
    assert supervises(example_clinic(), staff(supervisor), refs(*care_team)) is covers


def test_a_client_is_in_the_care_of_the_home_teams_of_those_who_treat_them() -> None:
    assert programs(example_clinic(), refs("vega", "kowalczyk", "whitaker")) == {"harbor", "lighthouse"}


@pytest.mark.parametrize(
    ("who", "how", "rule"),
    [
        ("vega", "team", "treatment.care_team"),
        ("whitaker", "team", "treatment.care_team"),
        ("brandt", "supervises", "treatment.care_team"),
        ("vega", "glass", "emergency.break_glass"),
        ("vega", "", "care_team.required"),
        ("whitaker", "", "care_team.required"),
        ("coleman", "team", "role.ask"),
        ("jensen", "team", "role.ask"),
        ("castell", "team", "role.ask"),
        ("castell", "glass", "role.ask"),
    ],
)
def test_who_may_ask(who: str, how: str, rule: str) -> None:
    answer = may_ask(standing(who, how), example_clinic())
    assert answer.rule == rule
    assert answer.allowed is (rule in {"treatment.care_team", "emergency.break_glass"})
    assert answer.allowed or answer.sentence


@pytest.mark.parametrize(
    ("who", "offered"), [("vega", True), ("raman", True), ("brandt", True), ("whitaker", False), ("coleman", False)]
)
def test_emergency_access_is_offered_to_the_roles_that_have_it(who: str, *, offered: bool) -> None:
    assert may_ask(standing(who), example_clinic()).break_glass is offered


@pytest.mark.parametrize(
    ("who", "how", "rule"),
    [
        ("vega", "team", "treatment.care_team"),
        ("raman", "team", "treatment.care_team"),
        ("brandt", "supervises", "treatment.care_team"),
        ("doyle", "receiver", "treatment.named_receiver"),
        ("doyle", "glass", "emergency.break_glass"),
        ("doyle", "", "care_team.required"),
        ("whitaker", "team", "role.read"),
        ("coleman", "receiver", "role.read"),
        ("castell", "glass", "role.read"),
    ],
)
def test_who_may_read(who: str, how: str, rule: str) -> None:
    assert may_read(standing(who, how)).rule == rule


@pytest.mark.parametrize(
    ("who", "how", "approving", "rule"),
    [
        ("vega", "team", True, "treatment.care_team"),
        ("brandt", "supervises", True, "treatment.care_team"),
        ("doyle", "glass", True, "emergency.break_glass"),
        ("doyle", "", True, "care_team.required"),
        ("doyle", "receiver", True, "care_team.required"),  # a receiver decides nothing for the sender
        ("frye", "team", True, "licence.decide"),
        ("frye", "team", False, "treatment.care_team"),
        ("whitaker", "team", True, "role.decide"),
        ("whitaker", "team", False, "role.decide"),
        ("jensen", "team", True, "role.decide"),
    ],
)
def test_who_may_decide(who: str, how: str, rule: str, *, approving: bool) -> None:
    answer = may_decide(standing(who, how), APPROVAL, asked_by="vega", now=NOW, approving=approving)
    assert answer.rule == rule


def test_four_eyes_means_a_second_person() -> None:
    strict = Approval(APPROVAL.roles, licensed=True, four_eyes=True, expires_after=APPROVAL.expires_after)
    for who, allowed in (("vega", False), ("osei", True)):
        answer = may_decide(standing(who, "team"), strict, asked_by="vega", now=NOW, approving=True)
        assert answer.allowed is allowed


def test_a_licence_counts_to_the_end_of_its_last_day() -> None:
    last = staff("vega").licence
    assert last is not None
    end = datetime(last.expires.year, last.expires.month, last.expires.day, 23, 59, tzinfo=UTC)
    for now, rule in ((end, "treatment.care_team"), (end.replace(month=3, day=1, hour=0), "licence.decide")):
        answer = may_decide(standing("vega", "team"), APPROVAL, asked_by="osei", now=now, approving=True)
        assert answer.rule == rule


@pytest.mark.parametrize(
    ("who", "how", "named", "in_team", "rule"),
    [
        ("osei", "", "osei", False, "treatment.receiver"),
        ("doyle", "team", "osei", True, "accept.other"),
        ("doyle", "", None, True, "treatment.receiver"),
        ("doyle", "team", None, False, "treatment.receiver"),
        ("doyle", "", None, False, "accept.team"),
        ("vega", "team", "vega", True, "accept.sender"),
        ("vega", "team", None, True, "accept.sender"),
        ("whitaker", "team", None, True, "role.accept"),
        ("coleman", "", "coleman", True, "role.accept"),
        ("frye", "team", None, True, "licence.accept"),
    ],
)
def test_who_may_accept(who: str, how: str, named: str | None, rule: str, *, in_team: bool) -> None:
    answer = may_accept(standing(who, how), ACCEPTANCE, sender="vega", named=named, in_team=in_team, now=NOW)
    assert answer.rule == rule


@pytest.mark.parametrize(("who", "able"), [("osei", True), ("raman", True), ("frye", False), ("whitaker", False)])
def test_who_a_handoff_can_be_addressed_to(who: str, *, able: bool) -> None:
    assert may_take_over(staff(who), ACCEPTANCE, NOW) is able


def test_no_refusal_names_a_client_or_shows_content() -> None:
    clinic: Clinic = example_clinic()
    for member in clinic.staff:
        sentences = [
            may_ask(standing(member.id), clinic).sentence,
            may_read(standing(member.id)).sentence,
            may_decide(standing(member.id), APPROVAL, asked_by="x", now=NOW, approving=True).sentence,
        ]
        assert all("sb-c" not in s and "C-1" not in s for s in sentences)
