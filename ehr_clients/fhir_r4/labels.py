"""How a resource may travel: the EHR's own labels first, then what its codes give away. Fails closed."""

from ehr_clients.codes import (
    PART2_CODES,
    PSYCHOTHERAPY_LABEL,
    RESTRICTED_CODES,
    kept_apart,
    sud_condition,
    sud_medication,
)
from ehr_clients.fhir_r4.values import Json, all_words, codings, many, security_codes, string
from ehr_clients.models import Label


def labels_of(*resources: Json, looks_sud: bool = False) -> frozenset[Label]:
    """The labels of an item that rests on these resources. `looks_sud`: its codes say so, whatever the labels say."""
    codes = frozenset(code for resource in resources for code in security_codes(resource))
    if codes & PART2_CODES:
        return frozenset({Label.PART2})
    found = {Label.PART2_PENDING} if looks_sud else set()
    return frozenset(found | ({Label.RESTRICTED} if codes & RESTRICTED_CODES else set()))


def condition_looks_sud(resource: Json) -> bool:
    return sud_condition(codings(resource.get("code")), all_words(resource.get("code")))


def medication_looks_sud(*concepts: object) -> bool:
    found = [pair for concept in concepts for pair in codings(concept)]
    return sud_medication(found, all_words(*concepts))


def never_surfaces(resource: Json) -> bool:
    """Psychotherapy notes and SUD counseling notes: by label on anything, by type, folder and title on documents."""
    if PSYCHOTHERAPY_LABEL in security_codes(resource):
        return True
    return resource.get("resourceType") == "DocumentReference" and kept_apart(_document_words(resource))


def _document_words(document: Json) -> str:
    titles = [
        string(attachment.get("title"))
        for c in many(document.get("content"))
        for attachment in many(c.get("attachment"))
    ]
    written = [
        all_words(document.get("type"), *many(document.get("category"))),
        string(document.get("description")),
        *titles,
    ]
    return " · ".join(text for text in written if text)
