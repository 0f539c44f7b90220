"""The pinned codes, written a second time: a change of one place alone fails here."""

import pytest

from ehr_clients import codes
from ehr_clients.codes import ICD10CM, RXNORM, SNOMED


def test_instruments_carry_their_codes() -> None:
    assert codes.PHQ9.panel == "44249-1"
    assert codes.PHQ9.items == (
        "44250-9",
        "44255-8",
        "44259-0",
        "44254-1",
        "44251-7",
        "44258-2",
        "44252-5",
        "44253-3",
        "44260-8",
    )
    assert codes.PHQ9.items[9 - 1] == "44260-8"
    assert (codes.PHQ9.total, codes.PHQ9_DIFFICULTY) == ("44261-6", "69722-7")
    assert (codes.PHQ2.total, codes.PHQ9_TEENS.total) == ("55758-7", "89204-2")
    assert codes.GAD7.panel == "69737-5"
    assert codes.GAD7.items == ("69725-0", "68509-9", "69733-4", "69734-2", "69735-9", "69689-8", "69736-7")
    assert (codes.GAD7.total, codes.AUDIT_C.total, codes.DAST10.total) == ("70274-6", "75626-2", "82667-7")
    assert codes.CSSRS.panel == "93373-9"
    assert codes.CSSRS.items == ("93246-7", "93247-5", "93248-3", "93249-1", "93250-9", "93267-3", "93269-9")
    assert codes.CSSRS_LEVEL == "93374-7"


def test_totals_have_their_ranges() -> None:
    assert {tool.name: tool.highest for tool in codes.INSTRUMENTS if tool.total} == {
        "PHQ-9": 27, "PHQ-2": 6, "PHQ-9 teens": 27, "GAD-7": 21, "AUDIT-C": 12, "DAST-10": 10,
    }  # fmt: skip


def test_answers_carry_their_codes() -> None:
    assert codes.FREQUENCY == {"LA6568-5": 0, "LA6569-3": 1, "LA6570-1": 2, "LA6571-9": 3}
    assert codes.YES_NO == {"LA33-6": 1, "LA32-8": 0}
    assert codes.RISK_LEVELS == {"LA9194-7": "low", "LA6751-7": "moderate", "LA9193-9": "high"}


def test_documents_and_plans_carry_their_codes() -> None:
    assert (codes.PROGRESS_NOTE, codes.CONSULT_NOTE, codes.DISCHARGE_SUMMARY) == ("34904-3", "34785-6", "78263-1")
    assert (codes.SAFETY_PLAN, codes.SAFETY_PLAN_SNOMED, codes.RISK_FLAG_SNOMED) == (
        "87626-8",
        "735324008",
        "225444004",
    )
    assert codes.AI_GENERATED[1] == "AIAST"
    assert [code for _, code in codes.PART2_LABELS] == ["R", "SUD", "42CFRPart2", "NORDSCLCD"]
    assert (codes.WRITE, codes.ALIAS) == ("https://baton.care/fhir/write", "https://baton.care/fhir/alias")


@pytest.mark.parametrize("code", ["F10.20", "F11.21", "f12.10", "F19", "F1810", "O99.310", "O99323", "Z71.41", "Z7151"])
def test_substance_use_is_told_by_icd_10(code: str) -> None:
    assert codes.sud_condition([(ICD10CM, code)], "")


@pytest.mark.parametrize("code", ["F17.210", "F17", "F33.1", "F43.12", "F01.50", "F20.0", "O99.2", "Z71.3", "XF10.2"])
def test_tobacco_and_the_rest_of_icd_10_are_not_substance_use(code: str) -> None:
    assert not codes.sud_condition([(ICD10CM, code)], "")


@pytest.mark.parametrize("code", ["6525002", "361055000", "10939881000119105", "75544000", "66590003", "1149222004"])
def test_substance_use_is_told_by_snomed(code: str) -> None:
    assert codes.sud_condition([(SNOMED, code)], "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Opioid use disorder, severe", True),
        ("Alcohol dependence, in remission", True),
        ("Misuses drugs (finding)", True),
        ("Unhealthy alcohol drinking behavior (finding)", True),
        ("Cannabis abuse", True),
        ("Overdose (disorder)", True),
        ("Nicotine dependence, cigarettes", False),
        ("Drug-induced lupus", False),
        ("Allergy to drugs", False),
        ("Dependent personality disorder", False),
        ("Major depressive disorder", False),
        ("", False),
    ],
)
def test_a_condition_without_a_telling_code_is_told_by_its_name(words: str, expected: object) -> None:
    assert codes.sud_condition([], words) is expected


@pytest.mark.parametrize(
    ("coding", "name", "expected"),
    [
        ((RXNORM, "1819"), "", True),
        ((RXNORM, "7243"), "", True),
        ((RXNORM, "6813"), "", True),
        ((RXNORM, "351266"), "buprenorphine 8 MG / naloxone 2 MG Sublingual Tablet", True),
        ((RXNORM, "0"), "Vivitrol 380 mg injection", True),
        ((RXNORM, "36437"), "sertraline 100 MG Oral Tablet", False),
        (("http://other", "1819"), "something", False),
        ((RXNORM, "42347"), "bupropion hydrochloride", False),
    ],
)
def test_medication_for_addiction_is_told_by_ingredient_or_name(
    coding: tuple[str, str], name: str, expected: object
) -> None:
    assert codes.sud_medication([coding], name) is expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Psychotherapy note", True),
        ("PSYCHOTHERAPY NOTES (kept separate)", True),
        ("Psycho-therapy session note", True),
        ("Process notes", True),
        ("Therapist's private note", False),
        ("Psychotherapist's note", True),
        ("SUD counseling note", True),
        ("Substance use disorder counselling notes", True),
        ("Drug and alcohol counseling note", True),
        ("Psychotherapy progress note", False),
        ("Hospital Note", False),
        ("Progress note (DAP)", False),
        ("Counseling note", False),
    ],
)
def test_notes_kept_apart_are_told_by_type_folder_or_title(words: str, expected: object) -> None:
    assert codes.kept_apart(words) is expected
