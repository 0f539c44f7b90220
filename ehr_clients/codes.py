"""Every code Baton relies on, in one table. Published examples contain wrong ones: change nothing without its test.

Sources: loinc.org, terminology.hl7.org, RxNorm; 42 CFR 2.11 for what counts as a substance use disorder.
"""

import re
from dataclasses import dataclass

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
OBSERVATION_VALUE = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
DATA_OPERATION = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
PARTICIPANT_TYPE = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
NOTE_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category"
BSER_BUSINESS_STATUS = "http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS"
MEDICAL_RECORD_NUMBER = ("http://terminology.hl7.org/CodeSystem/v2-0203", "MR")

# Baton's own systems
WRITE = "https://baton.care/fhir/write"  # identifier and tag of everything we store: the write's key
ALIAS = "https://baton.care/fhir/alias"
MRN = "https://baton.care/fhir/mrn"
DOCUMENT = "https://baton.care/fhir/document"  # category of a document that stands in for another resource
REFERRAL_STEP = "https://baton.care/fhir/referral-step"  # what BSeR's business status has no code for
DEVICE = "https://baton.care/fhir/device"
AUDIT_ACTION = "https://baton.care/fhir/audit-action"
AUDIT_EVENT_ID = "https://baton.care/fhir/audit-event"


@dataclass(frozen=True, slots=True)
class Instrument:
    """A questionnaire. `items` in order, item 1 first; `highest` is the largest possible total."""

    name: str
    total: str | None
    highest: int
    panel: str | None = None
    items: tuple[str, ...] = ()


PHQ9 = Instrument(
    name="PHQ-9",
    panel="44249-1",
    items=("44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"),
    total="44261-6",
    highest=27,
)
PHQ9_DIFFICULTY = "69722-7"
PHQ2 = Instrument("PHQ-2", total="55758-7", highest=6)
PHQ9_TEENS = Instrument("PHQ-9 teens", total="89204-2", highest=27)
GAD7 = Instrument(
    name="GAD-7",
    panel="69737-5",
    items=("69725-0", "68509-9", "69733-4", "69734-2", "69735-9", "69689-8", "69736-7"),
    total="70274-6",
    highest=21,
)
AUDIT_C = Instrument("AUDIT-C", total="75626-2", highest=12)
DAST10 = Instrument("DAST-10", total="82667-7", highest=10)

CSSRS_LEVEL = "93374-7"
CSSRS_BEHAVIOUR_LIFETIME, CSSRS_BEHAVIOUR_3_MONTHS = "93267-3", "93269-9"
CSSRS = Instrument(  # question 6 is asked twice: 6 is "ever", 7 is "in the past three months"
    name="C-SSRS",
    panel="93373-9",
    items=("93246-7", "93247-5", "93248-3", "93249-1", "93250-9", CSSRS_BEHAVIOUR_LIFETIME, CSSRS_BEHAVIOUR_3_MONTHS),
    total=None,
    highest=0,
)

INSTRUMENTS = (PHQ9, PHQ2, PHQ9_TEENS, GAD7, AUDIT_C, DAST10, CSSRS)
SUD_INSTRUMENTS = frozenset({AUDIT_C.name, DAST10.name})  # answers about alcohol and drugs: treated as protected

FREQUENCY = {"LA6568-5": 0, "LA6569-3": 1, "LA6570-1": 2, "LA6571-9": 3}
YES_NO = {"LA33-6": 1, "LA32-8": 0}
RISK_LEVELS = {"LA9194-7": "low", "LA6751-7": "moderate", "LA9193-9": "high"}
LEVELS = ("low", "moderate", "high")  # ascending

PROGRESS_NOTE, CONSULT_NOTE, DISCHARGE_SUMMARY = "34904-3", "34785-6", "78263-1"
SAFETY_PLAN, SAFETY_PLAN_SNOMED = "87626-8", "735324008"
RISK_FLAG_SNOMED = "225444004"

AI_GENERATED = (OBSERVATION_VALUE, "AIAST")
PSYCHOTHERAPY_LABEL = "PSYTHPN"
PART2_LABELS = ((CONFIDENTIALITY, "R"), (ACT_CODE, "SUD"), (ACT_CODE, "42CFRPart2"), (ACT_CODE, "NORDSCLCD"))
PART2_CODES = frozenset({"SUD", "ETH", "ETHUD", "OPIOIDUD", "42CFRPart2"})
RESTRICTED_CODES = frozenset({"R", "V"})

# What looks like substance use disorder without a label. F17 (nicotine) stays out: 42 CFR 2.11 excludes tobacco.
# Besides F10-F16, F18, F19: alcohol or drug use in pregnancy (O99.31, O99.32) and counseling for it (Z71.41, Z71.51).
_SUD_ICD10 = re.compile(r"F1[0-689]|O99\.?3[12]|Z71\.?[45]1")
SUD_SNOMED = frozenset(
    (
        *("7200002", "15167005", "66590003", "10939881000119105"),  # alcohol: alcoholism, abuse, dependence, unhealthy
        *("75544000", "5602001", "31956009", "78267003", "85005007", "37344009", "21647008"),  # opioid cocaine cannabis
        *("26416006", "191816009", "6525002", "361055000", "2403008", "66214007"),  # drugs and substances, unnamed
        *("1149222004", "55680006"),  # overdose
    )
)
_SUBSTANCE = (
    r"(alcohol|opioids?|opiates?|heroin|cocaine|cannabis|marijuana|(meth)?amphetamine|stimulant|sedative|inhalant|"
    r"hallucinogen|substances?|drugs?|polysubstance)"
)
_USED = r"(use|abuse|misuse|dependen\w+|addiction|withdrawal|intoxication|drinking|overdose)"
_SUD_CONDITION_WORDS = re.compile(
    rf"\b{_SUBSTANCE}\b.{{0,20}}\b{_USED}\b"
    r"|\b(dependent drug abuse|misuses drugs|overdose|addiction|alcoholism|alcoholic)\b",
    re.IGNORECASE,
)
SUD_RXNORM = frozenset(
    {"1819", "7243", "6813", "82819", "3554"}
)  # buprenorphine naltrexone methadone acamprosate disulfiram
_SUD_MEDICATION_WORDS = re.compile(
    r"\b(buprenorphine|suboxone|subutex|sublocade|brixadi|zubsolv|bunavail|probuphine|naltrexone|vivitrol|revia|methadone|methadose|"
    r"dolophine|acamprosate|campral|disulfiram|antabuse|lofexidine|lucemyra)\b",
    re.IGNORECASE,
)
# Kept apart by law and never surfaced: psychotherapy notes (45 CFR 164.501) and SUD counseling notes (42 CFR 2.11).
# No LOINC code means "psychotherapy note" (34112-3 is any hospital note), so EHRs tell them by name and folder.
_NEVER = re.compile(
    r"\bpsycho-?therap(y|ist'?s?) +((process|session|private) +)?notes?\b|\b(private )?process notes?\b"
    r"|\b(substance( use)?( disorder)?|sud|alcohol|drug|addiction|chemical dependency)\b[\w /&,-]{0,24}"
    r"\bcounsell?ing +notes?\b",
    re.IGNORECASE,
)


def sud_condition(codings: list[tuple[str, str]], words: str) -> bool:
    """Whether a condition looks like substance use disorder, by (system, code) or by its name."""
    return any(
        (system in {ICD10CM, ICD10} and _SUD_ICD10.match(code.strip().upper()) is not None)
        or (system == SNOMED and code in SUD_SNOMED)
        for system, code in codings
    ) or (_SUD_CONDITION_WORDS.search(words) is not None)


def sud_medication(codings: list[tuple[str, str]], words: str) -> bool:
    """Whether a medication treats addiction: by RxNorm ingredient, else by the ingredient or brand in its name."""
    by_code = any(system == RXNORM and code in SUD_RXNORM for system, code in codings)
    return by_code or _SUD_MEDICATION_WORDS.search(words) is not None


def kept_apart(words: str) -> bool:
    """Whether a document's type, folder or title says psychotherapy note or SUD counseling note."""
    return _NEVER.search(words) is not None
