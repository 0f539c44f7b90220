"""The search parameters of this server: one table, read by search, by the indexes and by /metadata.

A row is (resource type, parameter) -> kind, element paths and, for a reference, the types it may point at (none
named: any). A resource type without rows of its own still has the common ones.
"""

from dataclasses import dataclass
from enum import StrEnum

_NAMES = """
Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary
BiologicallyDerivedProduct BodyStructure Bundle CarePlan CareTeam CatalogEntry ChargeItem ChargeItemDefinition Claim
ClaimResponse ClinicalImpression CodeSystem Communication CommunicationRequest CompartmentDefinition Composition
ConceptMap Condition Consent Contract Coverage CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue
Device DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest
DocumentReference EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare
EventDefinition Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag Goal
GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy Immunization ImmunizationEvaluation
ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice Library Linkage List Location Measure
MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge MedicationRequest
MedicationStatement MessageDefinition MessageHeader MolecularSequence NamingSystem NutritionOrder Observation
ObservationDefinition OperationDefinition Organization OrganizationAffiliation Patient PaymentNotice
PaymentReconciliation Person PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire
QuestionnaireResponse RelatedPerson RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy
ResearchSubject RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen
SpecimenDefinition StructureDefinition StructureMap Subscription Substance SupplyDelivery SupplyRequest Task
TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription
"""
TYPES = frozenset(_NAMES.split())


class Kind(StrEnum):
    TOKEN = "token"  # noqa: S105  FHIR's word for a coded value
    REFERENCE = "reference"
    DATE = "date"
    STRING = "string"
    URI = "uri"


@dataclass(frozen=True, slots=True)
class Param:
    kind: Kind
    paths: tuple[str, ...]
    targets: frozenset[str] = frozenset()


def _token(*paths: str) -> Param:
    return Param(Kind.TOKEN, paths)


def _date(*paths: str) -> Param:
    return Param(Kind.DATE, paths)


def _string(*paths: str) -> Param:
    return Param(Kind.STRING, paths)


def _uri(*paths: str) -> Param:
    return Param(Kind.URI, paths)


def _ref(path: str, targets: str = "") -> Param:
    return Param(Kind.REFERENCE, (path,), frozenset(targets.split()))


_STAFF = "Practitioner PractitionerRole Organization"
_PEOPLE = f"{_STAFF} Patient RelatedPerson"
_ACTORS = f"{_PEOPLE} CareTeam Device HealthcareService"

_SUBJECT = {"subject": _ref("subject", "Patient Group Device Location"), "patient": _ref("subject", "Patient")}
_PATIENT = {"patient": _ref("patient", "Patient")}
_ENCOUNTER = {"encounter": _ref("encounter", "Encounter")}
_IDENTIFIER = {"identifier": _token("identifier")}
_STATUS = {"status": _token("status")}
_CODE = {"code": _token("code")}
_CATEGORY = {"category": _token("category")}
_ACTIVE = {"active": _token("active")}
_MEDICATION = {"code": _token("medicationCodeableConcept"), "medication": _ref("medicationReference", "Medication")}
_PERSON = {
    "name": _string("name"),
    "family": _string("name.family"),
    "given": _string("name.given"),
    "gender": _token("gender"),
    "telecom": _token("telecom"),
    "phone": _token("telecom[system=phone]"),
    "email": _token("telecom[system=email]"),
    "address": _string("address"),
    "address-city": _string("address.city"),
    "address-state": _string("address.state"),
    "address-postalcode": _string("address.postalCode"),
}

COMMON = {
    "_id": _token("id"),
    "_lastUpdated": _date("meta.lastUpdated"),
    "_tag": _token("meta.tag"),
    "_security": _token("meta.security"),
    "_profile": _uri("meta.profile"),
    "_source": _uri("meta.source"),
}

OF_TYPE: dict[str, dict[str, Param]] = {
    "AllergyIntolerance": _IDENTIFIER | _PATIENT | _CATEGORY | {
        "code": _token("code", "reaction.substance"),
        "clinical-status": _token("clinicalStatus"),
        "verification-status": _token("verificationStatus"),
        "criticality": _token("criticality"),
        "type": _token("type"),
        "date": _date("recordedDate"),
    },
    "Appointment": _IDENTIFIER | _STATUS | {
        "actor": _ref("participant.actor", f"{_PEOPLE} Device HealthcareService Location"),
        "patient": _ref("participant.actor", "Patient"),
        "practitioner": _ref("participant.actor", "Practitioner"),
        "location": _ref("participant.actor", "Location"),
        "part-status": _token("participant.status"),
        "date": _date("start"),
        "appointment-type": _token("appointmentType"),
        "service-type": _token("serviceType"),
        "reason-code": _token("reasonCode"),
        "based-on": _ref("basedOn", "ServiceRequest"),
        "slot": _ref("slot", "Slot"),
    },
    "AuditEvent": {
        "date": _date("recorded"),
        "type": _token("type"),
        "subtype": _token("subtype"),
        "action": _token("action"),
        "outcome": _token("outcome"),
        "agent": _ref("agent.who", f"{_PEOPLE} Device"),
        "entity": _ref("entity.what"),
        "patient": _ref("entity.what", "Patient"),
        "source": _ref("source.observer", f"{_PEOPLE} Device"),
    },
    "CarePlan": _IDENTIFIER | _STATUS | _SUBJECT | _ENCOUNTER | _CATEGORY | {
        "intent": _token("intent"),
        "date": _date("period"),
        "care-team": _ref("careTeam", "CareTeam"),
        "goal": _ref("goal", "Goal"),
        "condition": _ref("addresses", "Condition"),
        "based-on": _ref("basedOn", "CarePlan"),
        "part-of": _ref("partOf", "CarePlan"),
    },
    "CareTeam": _IDENTIFIER | _STATUS | _SUBJECT | _ENCOUNTER | _CATEGORY | {
        "date": _date("period"),
        "participant": _ref("participant.member", f"{_PEOPLE} CareTeam"),
    },
    "Claim": _IDENTIFIER | _STATUS | _PATIENT | {
        "created": _date("created"),
        "use": _token("use"),
        "provider": _ref("provider", _STAFF),
        "encounter": _ref("item.encounter", "Encounter"),
    },
    "Communication": _IDENTIFIER | _STATUS | _SUBJECT | _ENCOUNTER | _CATEGORY | {
        "sender": _ref("sender", _ACTORS),
        "recipient": _ref("recipient", f"{_ACTORS} Group"),
        "sent": _date("sent"),
        "received": _date("received"),
        "medium": _token("medium"),
        "based-on": _ref("basedOn"),
        "part-of": _ref("partOf"),
    },
    "CommunicationRequest": _IDENTIFIER | _STATUS | _SUBJECT | _ENCOUNTER | _CATEGORY | {
        "sender": _ref("sender", _ACTORS),
        "recipient": _ref("recipient", f"{_ACTORS} Group"),
        "requester": _ref("requester", f"{_PEOPLE} Device"),
        "authored": _date("authoredOn"),
        "occurrence": _date("occurrenceDateTime", "occurrencePeriod"),
        "priority": _token("priority"),
        "based-on": _ref("basedOn"),
    },
    "Composition": _IDENTIFIER | _STATUS | _ENCOUNTER | _CATEGORY | {
        "subject": _ref("subject"),
        "patient": _ref("subject", "Patient"),
        "type": _token("type"),
        "title": _string("title"),
        "date": _date("date"),
        "period": _date("event.period"),
        "author": _ref("author", f"{_PEOPLE} Device"),
    },
    "Condition": _IDENTIFIER | _SUBJECT | _ENCOUNTER | _CODE | _CATEGORY | {
        "clinical-status": _token("clinicalStatus"),
        "verification-status": _token("verificationStatus"),
        "severity": _token("severity"),
        "onset-date": _date("onsetDateTime", "onsetPeriod"),
        "abatement-date": _date("abatementDateTime", "abatementPeriod"),
        "recorded-date": _date("recordedDate"),
        "asserter": _ref("asserter", "Practitioner PractitionerRole Patient RelatedPerson"),
    },
    "Consent": _IDENTIFIER | _STATUS | _PATIENT | _CATEGORY | {
        "scope": _token("scope"),
        "date": _date("dateTime"),
        "period": _date("provision.period"),
        "actor": _ref("provision.actor.reference", f"{_ACTORS} Group"),
        "purpose": _token("provision.purpose"),
        "security-label": _token("provision.securityLabel"),
        "action": _token("provision.action"),
        "organization": _ref("organization", "Organization"),
    },
    "Coverage": _IDENTIFIER | _STATUS | {
        "beneficiary": _ref("beneficiary", "Patient"),
        "patient": _ref("beneficiary", "Patient"),
        "subscriber": _ref("subscriber", "Patient RelatedPerson"),
        "payor": _ref("payor", "Organization Patient RelatedPerson"),
        "type": _token("type"),
    },
    "CoverageEligibilityRequest": _IDENTIFIER | _STATUS | _PATIENT | {"created": _date("created")},
    "CoverageEligibilityResponse": _IDENTIFIER | _STATUS | _PATIENT | {
        "created": _date("created"),
        "outcome": _token("outcome"),
        "request": _ref("request", "CoverageEligibilityRequest"),
    },
    "DetectedIssue": _IDENTIFIER | _CODE | {
        "patient": _ref("patient", "Patient"),
        "identified": _date("identifiedDateTime", "identifiedPeriod"),
        "implicated": _ref("implicated"),
        "author": _ref("author", "Practitioner PractitionerRole Device"),
    },
    "Device": _IDENTIFIER | _STATUS | _PATIENT | {
        "type": _token("type"),
        "device-name": _string("deviceName.name", "type.text"),
        "organization": _ref("owner", "Organization"),
    },
    "DiagnosticReport": _IDENTIFIER | _STATUS | _SUBJECT | _ENCOUNTER | _CODE | _CATEGORY | {
        "date": _date("effectiveDateTime", "effectivePeriod"),
        "issued": _date("issued"),
        "performer": _ref("performer", f"{_STAFF} CareTeam"),
        "result": _ref("result", "Observation"),
        "based-on": _ref("basedOn"),
    },
    "DocumentReference": _STATUS | _CATEGORY | {
        "identifier": _token("masterIdentifier", "identifier"),
        "subject": _ref("subject", "Patient Practitioner Group Device"),
        "patient": _ref("subject", "Patient"),
        "encounter": _ref("context.encounter", "Encounter EpisodeOfCare"),
        "type": _token("type"),
        "date": _date("date"),
        "period": _date("context.period"),
        "author": _ref("author", f"{_PEOPLE} Device"),
        "authenticator": _ref("authenticator", _STAFF),
        "custodian": _ref("custodian", "Organization"),
        "security-label": _token("securityLabel"),
        "contenttype": _token("content.attachment.contentType"),
        "related": _ref("context.related"),
        "relatesto": _ref("relatesTo.target", "DocumentReference"),
        "relation": _token("relatesTo.code"),
    },
    "Encounter": _IDENTIFIER | _STATUS | _SUBJECT | {
        "class": _token("class"),
        "type": _token("type"),
        "date": _date("period"),
        "participant": _ref("participant.individual", "Practitioner PractitionerRole RelatedPerson"),
        "practitioner": _ref("participant.individual", "Practitioner"),
        "participant-type": _token("participant.type"),
        "service-provider": _ref("serviceProvider", "Organization"),
        "location": _ref("location.location", "Location"),
        "appointment": _ref("appointment", "Appointment"),
        "episode-of-care": _ref("episodeOfCare", "EpisodeOfCare"),
        "based-on": _ref("basedOn", "ServiceRequest"),
        "part-of": _ref("partOf", "Encounter"),
        "reason-code": _token("reasonCode"),
    },
    "EpisodeOfCare": _IDENTIFIER | _STATUS | _PATIENT | {
        "type": _token("type"),
        "date": _date("period"),
        "care-manager": _ref("careManager", "Practitioner PractitionerRole"),
        "organization": _ref("managingOrganization", "Organization"),
    },
    "ExplanationOfBenefit": _IDENTIFIER | _STATUS | _PATIENT | {
        "created": _date("created"),
        "claim": _ref("claim", "Claim"),
        "provider": _ref("provider", _STAFF),
    },
    "FamilyMemberHistory": _IDENTIFIER | _STATUS | _PATIENT | {"date": _date("date")},
    "Flag": _IDENTIFIER | _ENCOUNTER | {
        # R4 has neither `status` nor `category` here; the US EHRs that serve Flag offer both.
        "status": _token("status"),
        "category": _token("category"),
        "subject": _ref("subject", "Patient Location Group Organization Practitioner Medication Procedure"),
        "patient": _ref("subject", "Patient"),
        "date": _date("period"),
        "author": _ref("author", f"{_STAFF} Patient Device"),
    },
    "Goal": _IDENTIFIER | _CATEGORY | {
        "subject": _ref("subject", "Patient Group Organization"),
        "patient": _ref("subject", "Patient"),
        "lifecycle-status": _token("lifecycleStatus"),
        "achievement-status": _token("achievementStatus"),
        "start-date": _date("startDate"),
        "target-date": _date("target.dueDate"),
    },
    "Group": _IDENTIFIER | _CODE | {
        "type": _token("type"),
        "actual": _token("actual"),
        "member": _ref("member.entity", "Patient Practitioner PractitionerRole Device Medication Substance Group"),
        "managing-entity": _ref("managingEntity", f"{_STAFF} RelatedPerson"),
    },
    "HealthcareService": _IDENTIFIER | _ACTIVE | {
        "name": _string("name"),
        "organization": _ref("providedBy", "Organization"),
        "location": _ref("location", "Location"),
        "specialty": _token("specialty"),
        "service-type": _token("type"),
    },
    "ImagingStudy": _IDENTIFIER | _STATUS | _SUBJECT | _ENCOUNTER | {"started": _date("started")},
    "Immunization": _IDENTIFIER | _STATUS | _PATIENT | {
        "date": _date("occurrenceDateTime"),
        "vaccine-code": _token("vaccineCode"),
        "performer": _ref("performer.actor", _STAFF),
    },
    "List": _IDENTIFIER | _STATUS | _SUBJECT | _ENCOUNTER | _CODE | {
        "date": _date("date"),
        "item": _ref("entry.item"),
        "source": _ref("source", "Practitioner PractitionerRole Patient Device"),
        "title": _string("title"),
    },
    "Location": _IDENTIFIER | _STATUS | {
        "name": _string("name", "alias"),
        "type": _token("type"),
        "address": _string("address"),
        "organization": _ref("managingOrganization", "Organization"),
        "partof": _ref("partOf", "Location"),
    },
    "Media": _IDENTIFIER | _STATUS | _SUBJECT | _ENCOUNTER | {"created": _date("createdDateTime", "createdPeriod")},
    "Medication": _IDENTIFIER | _STATUS | _CODE,
    "MedicationAdministration": _IDENTIFIER | _STATUS | _SUBJECT | _MEDICATION | {
        "effective-time": _date("effectiveDateTime", "effectivePeriod"),
        "context": _ref("context", "Encounter EpisodeOfCare"),
        "request": _ref("request", "MedicationRequest"),
    },
    "MedicationDispense": _IDENTIFIER | _STATUS | _SUBJECT | _MEDICATION | {
        "whenhandedover": _date("whenHandedOver"),
        "context": _ref("context", "Encounter EpisodeOfCare"),
        "prescription": _ref("authorizingPrescription", "MedicationRequest"),
    },
    "MedicationRequest": _IDENTIFIER | _STATUS | _SUBJECT | _ENCOUNTER | _CATEGORY | _MEDICATION | {
        "intent": _token("intent"),
        "priority": _token("priority"),
        "authoredon": _date("authoredOn"),
        "date": _date("dosageInstruction.timing"),
        "requester": _ref("requester", f"{_PEOPLE} Device"),
    },
    "MedicationStatement": _IDENTIFIER | _STATUS | _SUBJECT | _CATEGORY | _MEDICATION | {
        "effective": _date("effectiveDateTime", "effectivePeriod"),
        "context": _ref("context", "Encounter EpisodeOfCare"),
        "source": _ref("informationSource", _PEOPLE),
        "part-of": _ref("partOf"),
    },
    "Observation": _IDENTIFIER | _STATUS | _SUBJECT | _ENCOUNTER | _CODE | _CATEGORY | {
        "date": _date("effectiveDateTime", "effectivePeriod", "effectiveTiming", "effectiveInstant"),
        "combo-code": _token("code", "component.code"),
        "component-code": _token("component.code"),
        "value-concept": _token("valueCodeableConcept"),
        "value-date": _date("valueDateTime", "valuePeriod"),
        "data-absent-reason": _token("dataAbsentReason"),
        "performer": _ref("performer", f"{_PEOPLE} CareTeam"),
        "based-on": _ref("basedOn"),
        "part-of": _ref("partOf"),
        "derived-from": _ref("derivedFrom"),
        "has-member": _ref("hasMember", "Observation QuestionnaireResponse MolecularSequence"),
        "focus": _ref("focus"),
    },
    "Organization": _IDENTIFIER | _ACTIVE | {
        "name": _string("name", "alias"),
        "type": _token("type"),
        "address": _string("address"),
        "partof": _ref("partOf", "Organization"),
    },
    "Patient": _IDENTIFIER | _ACTIVE | _PERSON | {
        "birthdate": _date("birthDate"),
        "death-date": _date("deceasedDateTime"),
        "language": _token("communication.language"),
        "general-practitioner": _ref("generalPractitioner", _STAFF),
        "organization": _ref("managingOrganization", "Organization"),
        "link": _ref("link.other", "Patient RelatedPerson"),
    },
    "Practitioner": _IDENTIFIER | _ACTIVE | _PERSON | {"communication": _token("communication")},
    "PractitionerRole": _IDENTIFIER | _ACTIVE | {
        "practitioner": _ref("practitioner", "Practitioner"),
        "organization": _ref("organization", "Organization"),
        "location": _ref("location", "Location"),
        "service": _ref("healthcareService", "HealthcareService"),
        "role": _token("code"),
        "specialty": _token("specialty"),
        "date": _date("period"),
    },
    "Procedure": _IDENTIFIER | _STATUS | _SUBJECT | _ENCOUNTER | _CODE | _CATEGORY | {
        "date": _date("performedDateTime", "performedPeriod"),
        "performer": _ref("performer.actor", f"{_PEOPLE} Device"),
        "reason-code": _token("reasonCode"),
        "based-on": _ref("basedOn", "CarePlan ServiceRequest"),
        "part-of": _ref("partOf"),
    },
    "Provenance": {
        "target": _ref("target"),
        "patient": _ref("target", "Patient"),
        "agent": _ref("agent.who", f"{_PEOPLE} Device"),
        "agent-role": _token("agent.role"),
        "agent-type": _token("agent.type"),
        "entity": _ref("entity.what"),
        "recorded": _date("recorded"),
        "when": _date("occurredDateTime"),
    },
    "Questionnaire": _IDENTIFIER | _STATUS | {
        "url": _uri("url"),
        "name": _string("name"),
        "title": _string("title"),
        "version": _token("version"),
        "code": _token("item.code"),
        "date": _date("date"),
    },
    "QuestionnaireResponse": _IDENTIFIER | _STATUS | _ENCOUNTER | {
        "subject": _ref("subject"),
        "patient": _ref("subject", "Patient"),
        "questionnaire": _uri("questionnaire"),
        "authored": _date("authored"),
        "author": _ref("author", f"{_PEOPLE} Device"),
        "source": _ref("source", "Patient Practitioner PractitionerRole RelatedPerson"),
        "based-on": _ref("basedOn", "CarePlan ServiceRequest"),
        "part-of": _ref("partOf", "Observation Procedure"),
    },
    "RelatedPerson": _IDENTIFIER | _ACTIVE | _PATIENT | {
        "name": _string("name"),
        "birthdate": _date("birthDate"),
        "relationship": _token("relationship"),
        "phone": _token("telecom[system=phone]"),
        "email": _token("telecom[system=email]"),
    },
    "RiskAssessment": _IDENTIFIER | _SUBJECT | _ENCOUNTER | {
        "date": _date("occurrenceDateTime", "occurrencePeriod"),
        "condition": _ref("condition", "Condition"),
        "performer": _ref("performer", "Practitioner PractitionerRole Device"),
        "method": _token("method"),
        "risk": _token("prediction.qualitativeRisk"),
    },
    "Schedule": _IDENTIFIER | _ACTIVE | {
        "actor": _ref("actor", "Patient Practitioner PractitionerRole RelatedPerson Device HealthcareService Location"),
        "date": _date("planningHorizon"),
        "service-type": _token("serviceType"),
    },
    "ServiceRequest": _IDENTIFIER | _STATUS | _SUBJECT | _ENCOUNTER | _CODE | _CATEGORY | {
        "intent": _token("intent"),
        "priority": _token("priority"),
        "authored": _date("authoredOn"),
        "occurrence": _date("occurrenceDateTime", "occurrencePeriod", "occurrenceTiming"),
        "requester": _ref("requester", f"{_PEOPLE} Device"),
        "performer": _ref("performer", _ACTORS),
        "requisition": _token("requisition"),
        "based-on": _ref("basedOn", "CarePlan MedicationRequest ServiceRequest"),
        "replaces": _ref("replaces", "ServiceRequest"),
    },
    "Slot": _IDENTIFIER | _STATUS | {
        "schedule": _ref("schedule", "Schedule"),
        "start": _date("start"),
        "service-type": _token("serviceType"),
    },
    "Subscription": _STATUS | {"url": _uri("channel.endpoint"), "type": _token("channel.type")},
    "Task": _IDENTIFIER | _STATUS | _ENCOUNTER | _CODE | {
        "patient": _ref("for", "Patient"),
        "subject": _ref("for"),
        "focus": _ref("focus"),
        "owner": _ref("owner", _ACTORS),
        "requester": _ref("requester", f"{_PEOPLE} Device"),
        "based-on": _ref("basedOn"),
        "part-of": _ref("partOf", "Task"),
        "business-status": _token("businessStatus"),
        "intent": _token("intent"),
        "priority": _token("priority"),
        "performer": _token("performerType"),
        "group-identifier": _token("groupIdentifier"),
        "authored-on": _date("authoredOn"),
        "modified": _date("lastModified"),
        "period": _date("executionPeriod"),
    },
}  # fmt: skip

SEARCH: dict[tuple[str, str], Param] = {
    (resource_type, name): param for resource_type, rows in OF_TYPE.items() for name, param in rows.items()
}


def params_of(resource_type: str) -> dict[str, Param]:
    return COMMON | OF_TYPE.get(resource_type, _IDENTIFIER)


def param_of(resource_type: str, name: str) -> Param | None:
    return params_of(resource_type).get(name)


def references_of(resource_type: str) -> dict[str, Param]:
    return {name: param for name, param in params_of(resource_type).items() if param.kind is Kind.REFERENCE}
