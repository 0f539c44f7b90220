"""Consents with their rules, as IHE PCF writes them. Newest first."""

from typing import Any

from ehr_clients.codes import PART2_CODES
from ehr_clients.fhir_r4.labels import labels_of
from ehr_clients.fhir_r4.material import Material
from ehr_clients.fhir_r4.values import (
    Json,
    all_words,
    codes,
    display,
    many,
    moment,
    newest_first,
    pick,
    reference,
    security_codes,
    source,
    string,
    words,
)
from ehr_clients.models import Consent, Provision

_DEEPEST_PROVISION = 6


def consents(material: Material) -> list[Consent]:
    return [_consent(item) for item in newest_first(material.of("Consent"), lambda consent: consent.get("dateTime"))]


def _consent(resource: Json) -> Consent:
    rule = pick(resource, "provision")
    said = all_words(resource.get("policyRule"), *many(resource.get("category")))
    named = {*security_codes(resource), *codes(resource.get("policyRule")), *_labels_in(rule)}
    return Consent(
        source=source(resource, words(resource.get("category")) or "Consent", resource.get("dateTime")),
        labels=labels_of(resource),
        status=string(resource.get("status")) or "unknown",
        scope=next(iter(codes(resource.get("scope"))), None),
        category=words(resource.get("category")),
        when=moment(resource.get("dateTime")),
        rule=_provision(rule, _base_rule(resource)) if isinstance(rule, dict) else None,
        part2=bool(named & PART2_CODES) or "42 cfr part 2" in said.lower(),
    )


def _base_rule(resource: Json) -> bool:
    """Whether the policy permits where the provision itself does not say: only an explicit opt-in does."""
    return "OPTIN" in codes(resource.get("policyRule"))


def _labels_in(provision: Any, depth: int = 0) -> set[str]:
    own = {code for label in many(pick(provision, "securityLabel")) for code in codes(label)}
    deeper = many(pick(provision, "provision")) if depth < _DEEPEST_PROVISION else []
    return own.union(*(_labels_in(inner, depth + 1) for inner in deeper))


def _provision(found: Json, otherwise: bool, depth: int = 0) -> Provision:  # noqa: FBT001 - the rule that holds outside
    said = string(found.get("type"))
    actors = {ref for actor in many(found.get("actor")) if (ref := _actor(actor.get("reference")))}
    nested = many(found.get("provision")) if depth < _DEEPEST_PROVISION else []
    return Provision(
        permit=said == "permit" if said else otherwise,
        purposes=frozenset(code for purpose in many(found.get("purpose")) for code in codes(purpose)),
        actors=frozenset(actors),
        labels=frozenset(code for label in many(found.get("securityLabel")) for code in codes(label)),
        starts=moment(pick(found, "period", "start")),
        ends=moment(pick(found, "period", "end")),
        nested=tuple(_provision(inner, False, depth + 1) for inner in nested),  # noqa: FBT003 - a nested rule must say
    )


def _actor(value: Any) -> str | None:
    """An actor without a resource still narrows: its name stands in, and matches no reference."""
    return reference(value) or display(value) or ("unnamed" if value else None)
