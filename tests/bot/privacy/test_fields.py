"""Role x purpose x standing x consent: one table, with the near misses in it. Every answer names its rule."""

from dataclasses import replace

import pytest

from bot.privacy.fields import (
    EVERYTHING,
    OF_SECTION,
    Asking,
    FieldClass,
    grant,
    may_have_note,
    readable,
)
from bot.privacy.labels import Part2Status
from ehr_clients.models import Section
from skills import ALL
from skills.kit import Purpose, Role

F = FieldClass
CLINICIAN = Asking(roles=frozenset({Role.CLINICIAN}), purpose=Purpose.TREATMENT, assigned=True)
FRONT = {F.IDENTITY, F.CONTACT, F.SCHEDULE, F.COVERAGE}
COORDINATING = FRONT | {F.DX, F.MEASURES, F.PLAN, F.PROGRESS_SUMMARY, F.SAFETY}


def asking(*roles: Role, purpose: Purpose = Purpose.TREATMENT, assigned: bool = True) -> Asking:
    return replace(CLINICIAN, roles=frozenset(roles), purpose=purpose, assigned=assigned)


@pytest.mark.parametrize(
    ("role", "classes", "rule"),
    [
        (Role.FRONT_DESK, FRONT, "min.internal_use"),
        (Role.CARE_COORDINATOR, COORDINATING, "min.internal_use"),
        (Role.CLINICIAN, EVERYTHING, "min.treatment_exempt"),
        (Role.PRESCRIBER, EVERYTHING, "min.treatment_exempt"),
        (Role.SUPERVISOR, EVERYTHING, "min.treatment_exempt"),
        (Role.BILLER, {F.IDENTITY, F.COVERAGE, F.DX, F.SCHEDULE}, "min.internal_use"),
        (Role.COMPLIANCE, set(), "min.internal_use"),
    ],
)
def test_what_each_role_may_have_for_treatment(role: Role, classes: set[FieldClass], rule: str) -> None:
    got = grant(asking(role))
    assert (got.classes, got.rule) == (frozenset(classes), rule)
    assert {each for each, _ in got.refused} == EVERYTHING - classes


@pytest.mark.parametrize("role", list(Role))
def test_whoever_is_not_on_the_care_team_has_nothing_for_treatment(role: Role) -> None:
    got = grant(asking(role, assigned=False))
    assert got.classes == frozenset()
    assert got.why_not(F.NOTES_FULL) == "care_team.required"


@pytest.mark.parametrize(
    ("case", "wanted", "why_not"),
    [
        (CLINICIAN, F.NOTES_FULL, None),
        (asking(Role.CARE_COORDINATOR), F.NOTES_FULL, "min.role"),
        (asking(Role.CARE_COORDINATOR), F.MEDS, "min.role"),
        (asking(Role.CARE_COORDINATOR), F.DX, None),
        (asking(Role.CARE_COORDINATOR), F.SUD, "min.role"),
        (asking(Role.FRONT_DESK), F.DX, "min.role"),
        (asking(Role.FRONT_DESK), F.SCHEDULE, None),
        (asking(Role.CLINICIAN, purpose=Purpose.PAYMENT), F.NOTES_FULL, "min.purpose.HPAYMT"),
        (asking(Role.CLINICIAN, purpose=Purpose.PAYMENT), F.DX, None),
        (asking(Role.SUPERVISOR, purpose=Purpose.OPERATIONS), F.MEDS, "min.purpose.HOPERAT"),
        (asking(Role.SUPERVISOR, purpose=Purpose.OPERATIONS), F.MEASURES, None),
        (asking(Role.BILLER, purpose=Purpose.PAYMENT, assigned=False), F.DX, None),  # no care team for billing
        (asking(Role.BILLER, purpose=Purpose.PAYMENT, assigned=False), F.CONTACT, "min.role"),
        (asking(Role.CLINICIAN, purpose=Purpose.PAYMENT, assigned=False), F.DX, "care_team.required"),
        (asking(Role.CARE_COORDINATOR, Role.CLINICIAN), F.NOTES_FULL, None),  # two roles: the better of both
    ],
)
def test_each_refusal_beside_a_grant_that_differs_in_one_thing(
    case: Asking, wanted: FieldClass, why_not: str | None
) -> None:
    got = grant(case)
    assert (wanted in got.classes) is (why_not is None)
    assert got.why_not(wanted) == why_not


@pytest.mark.parametrize(
    ("part2", "consent", "why_not"),
    [
        (Part2Status.NOT_PART2, False, None),
        (Part2Status.PENDING, False, "part2.pending"),  # fail closed
        (Part2Status.PENDING, True, None),
        (Part2Status.PROTECTED, False, "part2.protected"),
        (Part2Status.PROTECTED, True, None),
    ],
)
def test_substance_use_records_need_a_consent_whatever_the_role(
    part2: Part2Status, *, consent: bool, why_not: str | None
) -> None:
    for role in (Role.CLINICIAN, Role.PRESCRIBER, Role.SUPERVISOR):
        got = grant(replace(asking(role), part2=part2, consent=consent))
        assert got.why_not(F.SUD) == why_not
        assert F.NOTES_FULL in got.classes


def test_break_glass_opens_the_chart_to_those_who_treat_and_says_so() -> None:
    outside = asking(Role.CLINICIAN, assigned=False)
    assert grant(replace(outside, broke_glass=True)).rule == "emergency.break_glass"
    assert grant(replace(outside, broke_glass=True)).classes == EVERYTHING
    assert grant(outside).classes == frozenset()
    desk = replace(asking(Role.FRONT_DESK, assigned=False), broke_glass=True)
    assert grant(desk).classes == frozenset()
    unconsented = replace(outside, broke_glass=True, part2=Part2Status.PROTECTED)
    assert grant(unconsented).why_not(F.SUD) == "part2.protected"


def test_a_coordinator_has_the_level_of_safety_and_not_its_text() -> None:
    got = grant(asking(Role.CARE_COORDINATOR))
    assert got.level_only == {F.SAFETY}
    assert not got.whole
    assert grant(asking(Role.CARE_COORDINATOR, Role.CLINICIAN)).level_only == frozenset()
    assert grant(CLINICIAN).whole


def test_every_section_of_a_chart_has_a_class() -> None:
    assert set(OF_SECTION) == set(Section)


@pytest.mark.parametrize(
    ("roles", "purpose", "read"),
    [
        ({Role.CLINICIAN}, Purpose.TREATMENT, {Section.CLIENT, Section.NOTES, Section.COVERAGE, Section.CONSENTS}),
        ({Role.FRONT_DESK}, Purpose.TREATMENT, {Section.CLIENT, Section.COVERAGE, Section.CONSENTS}),
        ({Role.COMPLIANCE}, Purpose.TREATMENT, {Section.CLIENT, Section.CONSENTS}),
        ({Role.CLINICIAN}, Purpose.PAYMENT, {Section.CLIENT, Section.COVERAGE, Section.CONSENTS}),
        ({Role.FRONT_DESK, Role.CLINICIAN}, Purpose.PAYMENT, {Section.CLIENT, Section.COVERAGE, Section.CONSENTS}),
    ],
)
def test_what_nobody_who_is_involved_may_have_is_not_asked_for(
    roles: set[Role], purpose: Purpose, read: set[Section]
) -> None:
    wanted = frozenset({Section.CLIENT, Section.NOTES, Section.COVERAGE, Section.CONSENTS})
    assert readable(wanted, purpose, frozenset(roles)) == read


@pytest.mark.parametrize("skill", ALL, ids=lambda skill: str(skill.name))
def test_every_skill_may_read_what_it_declares(skill: object) -> None:
    (found,) = [each for each in ALL if each is skill]
    assert readable(found.reads, found.purpose, found.approval.roles) == found.reads


@pytest.mark.parametrize(
    ("role", "own", "restricted", "supervises", "rule"),
    [
        (Role.CLINICIAN, False, False, False, "allow:min.note"),
        (Role.CLINICIAN, False, True, False, "deny:min.restricted_note"),
        (Role.CLINICIAN, True, True, False, "allow:min.note"),
        (Role.SUPERVISOR, False, True, True, "allow:min.note"),
        (Role.CARE_COORDINATOR, True, False, False, "deny:min.role"),
    ],
)
def test_restricted_notes_stay_with_their_author(
    role: Role, rule: str, *, own: bool, restricted: bool, supervises: bool
) -> None:
    assert may_have_note(frozenset({role}), own=own, restricted=restricted, supervises=supervises) == rule
