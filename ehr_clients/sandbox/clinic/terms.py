"""The codes the clinic writes, in one place, and the small FHIR shapes they go into."""

from typing import Any

type Resource = dict[str, Any]  # a FHIR resource as JSON: checked against the specification by the tests

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"

BATON = "https://baton.care/fhir"
ALIAS = f"{BATON}/alias"
MRN = f"{BATON}/mrn"
STAFF_ID = f"{BATON}/staff"
PLACER = f"{BATON}/order"
SAFETY_STEP = f"{BATON}/safety-plan-step"
LOOP_STATE = f"{BATON}/referral-business-status"
CARE_ROLE = f"{BATON}/care-team-role"
BASE_URL = "https://baton.care/sandbox/fhir"

PHQ9_PANEL, PHQ9_TOTAL = "44249-1", "44261-6"
PHQ9_ITEMS = (
    ("44250-9", "Little interest or pleasure in doing things"),
    ("44255-8", "Feeling down, depressed, or hopeless"),
    ("44259-0", "Trouble falling or staying asleep, or sleeping too much"),
    ("44254-1", "Feeling tired or having little energy"),
    ("44251-7", "Poor appetite or overeating"),
    ("44258-2", "Feeling bad about yourself"),
    ("44252-5", "Trouble concentrating on things"),
    ("44253-3", "Moving or speaking slowly, or fidgety or restless"),
    ("44260-8", "Thoughts of being better off dead, or of hurting yourself"),
)
GAD7_PANEL, GAD7_TOTAL = "69737-5", "70274-6"
GAD7_ITEMS = (
    ("69725-0", "Feeling nervous, anxious, or on edge"),
    ("68509-9", "Not being able to stop or control worrying"),
    ("69733-4", "Worrying too much about different things"),
    ("69734-2", "Trouble relaxing"),
    ("69735-9", "Being so restless that it is hard to sit still"),
    ("69689-8", "Becoming easily annoyed or irritable"),
    ("69736-7", "Feeling afraid, as if something awful might happen"),
)
FREQUENCY = (
    ("LA6568-5", "Not at all"),
    ("LA6569-3", "Several days"),
    ("LA6570-1", "More than half the days"),
    ("LA6571-9", "Nearly every day"),
)

CSSRS_PANEL, CSSRS_RISK = "93373-9", "93374-7"
CSSRS_ITEMS = {  # codes and a bare label; the wording of the questions is registered
    "wish_dead": ("93246-7", "C-SSRS screener 1"),
    "thoughts": ("93247-5", "C-SSRS screener 2"),
    "method": ("93248-3", "C-SSRS screener 3"),
    "intent": ("93249-1", "C-SSRS screener 4"),
    "plan": ("93250-9", "C-SSRS screener 5"),
    "behaviour_lifetime": ("93267-3", "C-SSRS screener 6, lifetime"),
    "behaviour_3_months": ("93269-9", "C-SSRS screener 6, past 3 months"),
}
RISK_LEVELS = {"low": ("LA9194-7", "Low"), "moderate": ("LA6751-7", "Moderate"), "high": ("LA9193-9", "High")}
YES, NO = ("LA33-6", "Yes"), ("LA32-8", "No")
AUDIT_C_TOTAL, DAST10_TOTAL = "75626-2", "82667-7"

PROGRESS_NOTE = (("34904-3", "Mental health Progress note"), ("11506-3", "Progress note"))
DISCHARGE_SUMMARY = (("78263-1", "Psychiatry Discharge summary"),)
SAFETY_PLAN, SAFETY_PLAN_SNOMED = "87626-8", "735324008"
RISK_FLAG_SNOMED = "225444004"

PART2_LABELS = (
    (CONFIDENTIALITY, "R", "restricted"),
    (ACT_CODE, "ETHUD", "alcohol use disorder information sensitivity"),
    (ACT_CODE, "SUD", "substance use disorder information sensitivity"),
    (ACT_CODE, "42CFRPart2", "42 CFR Part2"),
)
PSYCHOTHERAPY_LABELS = (
    (CONFIDENTIALITY, "R", "restricted"),
    (ACT_CODE, "PSYTHPN", "psychotherapy note information sensitivity"),
)


def coding(system: str, code: str, display: str | None = None) -> Resource:
    return {"system": system, "code": code} | ({"display": display} if display else {})


def concept(*codings: Resource, text: str | None = None) -> Resource:
    return ({"coding": list(codings)} if codings else {}) | ({"text": text} if text else {})


def ref(kind: str, fhir_id: str, display: str | None = None) -> Resource:
    return {"reference": f"{kind}/{fhir_id}"} | ({"display": display} if display else {})


def filled(**fields: Any) -> Resource:
    """A resource without the fields nobody filled in. A trailing underscore keeps Python's own words free (`for_`)."""
    return {name.rstrip("_"): value for name, value in fields.items() if value not in (None, [], (), "")}
