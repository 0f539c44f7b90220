"""What is being treated and with what: problems, medications, allergies, alerts. Newest first."""

from collections.abc import Mapping
from typing import Any

from ehr_clients.codes import ICD10, ICD10CM, RXNORM, SNOMED
from ehr_clients.fhir_r4.labels import condition_looks_sud, labels_of, medication_looks_sud
from ehr_clients.fhir_r4.material import Material
from ehr_clients.fhir_r4.plans import quantity, timing
from ehr_clients.fhir_r4.values import (
    Json,
    codes,
    day,
    display,
    extensions,
    many,
    newest_first,
    pick,
    reference,
    source,
    string,
    words,
)
from ehr_clients.models import Alert, Allergy, Medication, Problem


def problems(material: Material) -> list[Problem]:
    found = [item for item in material.of("Condition") if "refuted" not in codes(item.get("verificationStatus"))]
    return [problem(item) for item in newest_first(found, _onset)]


def _onset(resource: Json) -> str | None:
    names = ("onsetDateTime", "recordedDate")
    return string(pick(resource, "onsetPeriod", "start")) or next(
        (t for n in names if (t := string(resource.get(n)))), None
    )


def problem(resource: Json) -> Problem:
    code = resource.get("code")
    by_system = [*codes(code, ICD10CM), *codes(code, ICD10), *codes(code, SNOMED)]
    onset = string(resource.get("onsetDateTime")) or pick(resource, "onsetPeriod", "start")
    return Problem(
        source=source(resource, "Problem list", _onset(resource)),
        labels=labels_of(resource, looks_sud=condition_looks_sud(resource)),
        text=words(code) or "problem not named",
        code=by_system[0] if by_system else None,
        status=next(iter(codes(resource.get("clinicalStatus"))), None),
        onset=day(onset),
    )


def medications(material: Material) -> list[Medication]:
    return [medication(item, material) for item in newest_first(material.of("MedicationRequest"), ordered)]


def ordered(resource: Json) -> str | None:
    return string(resource.get("authoredOn"))


def medicine_of(resource: Json, beside: Mapping[str, Json]) -> Json:
    """The Medication a request refers to: contained, included or fetched; {} when the request names it itself."""
    pointer = resource.get("medicationReference")
    inside = (string(pick(pointer, "reference")) or "").removeprefix("#")
    contained = next((item for item in many(resource.get("contained")) if string(item.get("id")) == inside), None)
    return contained or beside.get(reference(pointer) or "", {})


def medication(resource: Json, material: Material) -> Medication:
    medicine = medicine_of(resource, material.beside)
    concepts = [resource.get("medicationCodeableConcept"), medicine.get("code")]
    ingredients = [pick(item, "itemCodeableConcept") for item in many(medicine.get("ingredient"))]
    name = next((w for c in concepts if (w := words(c))), None) or display(resource.get("medicationReference"))
    bounds = pick(resource, "dosageInstruction", "timing", "repeat", "boundsPeriod")
    looks_sud = medication_looks_sud(*concepts, *ingredients, {"text": name})
    return Medication(
        source=source(resource, "Medication order", ordered(resource), material.named(resource.get("requester"))),
        labels=labels_of(resource, *([medicine] if medicine else []), looks_sud=looks_sud),
        name=name or "medication not named",
        rxnorm=next((code for concept in concepts for code in codes(concept, RXNORM)), None),
        dose=_dose(resource),
        status=string(resource.get("status")),
        started=day(pick(bounds, "start")) or day(ordered(resource)),
        changed=day(pick(bounds, "end")) or _status_changed(resource),
        reason=words(resource.get("statusReason")),
        prescriber=material.named(resource.get("requester")),
    )


def _status_changed(resource: Json) -> Any:
    return next((day(found.get("valueDateTime")) for found in extensions(resource, "statusChanged")), None)


def _dose(resource: Json) -> str | None:
    dosage = pick(resource, "dosageInstruction")
    if text := string(pick(dosage, "text")) or string(pick(dosage, "patientInstruction")):
        return text
    parts = [quantity(pick(dosage, "doseAndRate", "doseQuantity")), timing(pick(dosage, "timing"))]
    parts += ["as needed"] if pick(dosage, "asNeededBoolean") is True else []
    return ", ".join(part for part in parts if part) or None


def allergies(material: Material) -> list[Allergy]:
    found = [
        item for item in material.of("AllergyIntolerance") if "refuted" not in codes(item.get("verificationStatus"))
    ]
    return [_allergy(item) for item in newest_first(found, _noticed)]


def _noticed(resource: Json) -> str | None:
    return string(resource.get("recordedDate")) or string(resource.get("onsetDateTime"))


def _allergy(resource: Json) -> Allergy:
    manifested = [words(m) for reaction in many(resource.get("reaction")) for m in many(reaction.get("manifestation"))]
    return Allergy(
        source=source(resource, "Allergy", _noticed(resource)),
        labels=labels_of(resource, looks_sud=medication_looks_sud(resource.get("code"))),
        substance=words(resource.get("code"))
        or words(pick(resource, "reaction", "substance"))
        or "substance not named",
        reaction=", ".join(text for text in manifested if text) or None,
        criticality=string(resource.get("criticality")),
        status=next(iter(codes(resource.get("clinicalStatus"))), None),
    )


def alerts(material: Material) -> list[Alert]:
    return [_alert(item) for item in newest_first(material.of("Flag"), lambda flag: pick(flag, "period", "start"))]


def _alert(resource: Json) -> Alert:
    return Alert(
        source=source(resource, "Alert", pick(resource, "period", "start")),
        labels=labels_of(resource, looks_sud=condition_looks_sud(resource)),
        text=words(resource.get("code")) or "alert not described",
        category=words(resource.get("category")),
        status=string(resource.get("status")),
        since=day(pick(resource, "period", "start")),
    )
