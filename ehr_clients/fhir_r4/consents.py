"""Consents with their rules, as IHE PCF writes them. Newest first."""

from collections.abc import Iterator
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
_RECIPIENTS = frozenset({"IRCP", "PRCP"})
_SHOWING = frozenset({"access", "use", "disclose"})
_ON_THE_FORM = ("signature", "right to revoke", "redisclosure statement", "consequences of refusal")


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
        policy=said or None,
        stated=frozenset(_stated(resource, rule)),
    )


def _stated(resource: Json, rule: Any) -> Iterator[str]:
    """Elements of 42 CFR 2.31(a) in the record itself, or on the signed form that is filed with it."""
    found = {
        "patient": resource.get("patient"),
        "discloser": resource.get("organization"),
        "description": pick(rule, "securityLabel") or pick(rule, "class") or pick(rule, "code") or pick(rule, "data"),
        "recipients": pick(rule, "actor"),
        "purpose": pick(rule, "purpose"),
        "expiry": pick(rule, "period", "end"),
        "signature": pick(resource, "verification"),
        "date": resource.get("dateTime"),
    }
    yield from (name for name, value in found.items() if value)
    if resource.get("sourceAttachment") or resource.get("sourceReference"):
        yield from _ON_THE_FORM


def _base_rule(resource: Json) -> bool:
    """Whether the policy permits where the provision itself does not say: only an explicit opt-in does."""
    return "OPTIN" in codes(resource.get("policyRule"))


def _labels_in(provision: Any, depth: int = 0) -> set[str]:
    own = {code for label in many(pick(provision, "securityLabel")) for code in codes(label)}
    deeper = many(pick(provision, "provision")) if depth < _DEEPEST_PROVISION else []
    return own.union(*(_labels_in(inner, depth + 1) for inner in deeper))


def _provision(found: Json, otherwise: bool, depth: int = 0) -> Provision:  # noqa: FBT001 - the rule that holds outside
    said = string(found.get("type"))
    permit = said == "permit" if said else otherwise
    actors = {
        ref for actor in many(found.get("actor")) if _counts(actor, permit) and (ref := _actor(actor.get("reference")))
    }
    nested = many(found.get("provision")) if depth < _DEEPEST_PROVISION else []
    return Provision(
        permit=permit,
        purposes=frozenset(code for purpose in many(found.get("purpose")) for code in codes(purpose)),
        actors=frozenset(actors),
        labels=frozenset(code for label in many(found.get("securityLabel")) for code in codes(label)),
        starts=moment(pick(found, "period", "start")),
        ends=moment(pick(found, "period", "end")),
        nested=tuple(_provision(inner, False, depth + 1) for inner in nested),  # noqa: FBT003 - a nested rule must say
        narrowed=_narrowed(found),
    )


def _counts(actor: Json, permit: bool) -> bool:  # noqa: FBT001 - of the rule it stands in
    """Who is named in another role than recipient narrows a permit, and never a refusal: both fail closed."""
    role = set(codes(actor.get("role")))
    return permit or not role or bool(role & _RECIPIENTS)


def _narrowed(found: Json) -> bool:
    actions = {code for action in many(found.get("action")) for code in codes(action)}
    return bool(actions and not actions & _SHOWING) or any(
        found.get(limit) for limit in ("class", "code", "data", "dataPeriod")
    )


def _actor(value: Any) -> str | None:
    """An actor without a resource still narrows: its name stands in, and matches no reference."""
    return reference(value) or display(value) or ("unnamed" if value else None)
