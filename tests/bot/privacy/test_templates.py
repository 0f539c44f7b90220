"""What leaves for the outside is a template's list of fields, and nothing else."""

import pytest

from bot.privacy.fields import FieldClass
from bot.privacy.templates import ALL, EMPLOYER, LEGAL, PAYER, REFERRAL, SCHOOL, cut

OFFERED = {
    "authorization id": "auth-7",
    "attendance dates": "2 to 6 November",
    "limits": "no swimming",
    "accommodations": "a quiet room",
    "diagnosis": "F33.1",
    "medications": "sertraline",
    "notes": "slept badly",
}


def test_the_school_gets_four_fields_and_no_diagnosis() -> None:
    got = cut(SCHOOL, OFFERED)
    assert list(got.sent) == ["authorization id", "attendance dates", "limits", "accommodations"]
    assert got.left_out == ("diagnosis", "medications", "notes")
    assert (got.rule, got.refused) == ("template.school", None)


@pytest.mark.parametrize("template", [SCHOOL, EMPLOYER], ids=lambda t: str(t.name))
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_without_an_authorization_nothing_is_sent(template: object, blank: str | None) -> None:
    (found,) = [each for each in ALL if each is template]
    offered = {**OFFERED, "authorization id": blank} if blank is not None else {"diagnosis": "F33.1", "limits": "x"}
    got = cut(found, offered)
    assert dict(got.sent) == {}
    assert got.rule == "authorization.required"
    assert cut(found, OFFERED).sent


def test_a_legal_request_sends_nothing_and_names_who_decides() -> None:
    got = cut(LEGAL, OFFERED)
    assert dict(got.sent) == {}
    assert got.rule == "part2.subpart_e"
    assert "compliance" in str(got.refused)


@pytest.mark.parametrize(
    ("template", "never"),
    [
        (SCHOOL, {FieldClass.DX, FieldClass.MEDS, FieldClass.NOTES_FULL, FieldClass.SUD, FieldClass.SAFETY}),
        (EMPLOYER, {FieldClass.DX, FieldClass.MEDS, FieldClass.NOTES_FULL, FieldClass.SUD, FieldClass.SAFETY}),
        (PAYER, {FieldClass.NOTES_FULL, FieldClass.FORENSIC, FieldClass.SUD}),
        (REFERRAL, {FieldClass.NOTES_FULL, FieldClass.FORENSIC}),
    ],
    ids=lambda part: getattr(part, "name", ""),
)
def test_what_no_template_of_its_kind_holds(template: object, never: set[FieldClass]) -> None:
    (found,) = [each for each in ALL if each is template]
    assert not {field.of for field in found.fields} & never


def test_a_diagnosis_goes_to_the_payer_and_the_provider_only() -> None:
    assert [t.name for t in ALL if "diagnosis" in cut(t, OFFERED).sent] == ["prior_auth", "referral"]
