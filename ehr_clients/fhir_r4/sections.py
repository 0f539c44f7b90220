"""Which searches answer which section of a chart. The first one is the section itself; the others complete it."""

from collections.abc import Iterable, Mapping

from ehr_clients.codes import LOINC
from ehr_clients.fhir_r4.instruments import SEARCHED
from ehr_clients.fhir_r4.searching import Search
from ehr_clients.models import Section

NOTES_SHOWN = 12
CODES = ",".join(f"{LOINC}|{code}" for code in SEARCHED)
_CARE_PLANS = Search("CarePlan")

SEARCHES: Mapping[Section, tuple[Search, ...]] = {
    Section.CLIENT: (),
    Section.PROBLEMS: (Search("Condition"),),
    Section.NOTES: (
        Search("DocumentReference", sort="-date", include=("DocumentReference:author",), enough=2 * NOTES_SHOWN),
    ),
    Section.PLAN: (_CARE_PLANS, Search("Goal")),
    Section.ASSESSMENTS: (Search("Observation", (("code", CODES),)), Search("QuestionnaireResponse")),
    Section.MEDICATIONS: (Search("MedicationRequest", include=("MedicationRequest:medication",)),),
    Section.ALLERGIES: (Search("AllergyIntolerance"),),
    Section.ALERTS: (Search("Flag"),),
    Section.SAFETY_PLAN: (_CARE_PLANS,),
    Section.CARE_TEAM: (Search("CareTeam", include=("CareTeam:participant",)),),
    Section.APPOINTMENTS: (Search("Appointment"),),
    Section.COVERAGE: (Search("Coverage"),),
    Section.REFERRALS: (Search("ServiceRequest"), Search("Task")),
    Section.CONSENTS: (Search("Consent"),),
    Section.MESSAGES: (Search("Communication"),),
}


def searches_for(sections: Iterable[Section]) -> list[Search]:
    """Each search once, though two sections may rest on it."""
    return list(dict.fromkeys(search for section in sections for search in SEARCHES[section]))
