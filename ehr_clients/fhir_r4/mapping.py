"""Which function puts which section into words. Each is tolerant of anything and answers newest first."""

from collections.abc import Callable, Mapping
from typing import Any

from ehr_clients.fhir_r4 import notes
from ehr_clients.fhir_r4.consents import consents
from ehr_clients.fhir_r4.coordination import appointments, coverages, messages
from ehr_clients.fhir_r4.instruments import assessments
from ehr_clients.fhir_r4.material import Material
from ehr_clients.fhir_r4.people import team_members
from ehr_clients.fhir_r4.plans import plans, safety_plans
from ehr_clients.fhir_r4.referrals import referrals
from ehr_clients.fhir_r4.treatment import alerts, allergies, medications, problems
from ehr_clients.fhir_r4.values import string
from ehr_clients.models import Assessment, Note, Section


def chart_notes(material: Material) -> list[Note]:
    return [notes.note(item, material.names, material.texts) for item in material.of("DocumentReference")]


def chart_assessments(material: Material) -> list[Assessment]:
    observations = [item for item in material.of("Observation") if string(item.get("status")) != "cancelled"]
    return list(assessments(observations, material.of("QuestionnaireResponse")))


SECTIONS: Mapping[Section, Callable[[Material], list[Any]]] = {
    Section.PROBLEMS: problems,
    Section.NOTES: chart_notes,
    Section.PLAN: plans,
    Section.ASSESSMENTS: chart_assessments,
    Section.MEDICATIONS: medications,
    Section.ALLERGIES: allergies,
    Section.ALERTS: alerts,
    Section.SAFETY_PLAN: safety_plans,
    Section.CARE_TEAM: team_members,
    Section.APPOINTMENTS: appointments,
    Section.COVERAGE: coverages,
    Section.REFERRALS: referrals,
    Section.CONSENTS: consents,
    Section.MESSAGES: messages,
}

NAMED_IN: Mapping[str, tuple[tuple[str, ...], ...]] = {  # where each type refers to people and organizations by name
    "DocumentReference": (("author",),),
    "CareTeam": (("participant", "member"),),
    "CarePlan": (("author",), ("activity", "detail", "performer")),
    "MedicationRequest": (("requester",),),
    "Communication": (("sender",),),
    "Appointment": (("participant", "actor"),),
    "Coverage": (("payor",),),
    "ServiceRequest": (("performer",), ("requester",)),
    "Task": (("owner",),),
}
