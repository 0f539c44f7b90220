"""Who: the client with contacts, and the staff of the care teams."""

from collections.abc import Callable, Iterable

from ehr_clients.codes import ALIAS, MEDICAL_RECORD_NUMBER, MRN
from ehr_clients.fhir_r4.labels import labels_of
from ehr_clients.fhir_r4.material import Material
from ehr_clients.fhir_r4.values import (
    Json,
    boolean,
    codings,
    day,
    human_name,
    many,
    newest_first,
    pick,
    reference,
    references,
    source,
    string,
    strings,
    words,
)
from ehr_clients.models import Client, Contact, TeamMember


def client(resource: Json) -> Client:
    names = many(resource.get("name"))
    official = next((name for name in names if name.get("use") == "official"), names[0] if names else {})
    deceased = boolean(resource.get("deceasedBoolean"))
    return Client(
        source=source(resource, "Client record"),
        labels=labels_of(resource),
        id=string(resource.get("id")) or "",
        family=string(official.get("family")),
        given=tuple(strings(official.get("given"))) or _given_from_text(official),
        birth_date=day(resource.get("birthDate")),
        gender=string(resource.get("gender")),
        alias=_identifier(resource, lambda found: string(found.get("system")) == ALIAS),
        mrn=_identifier(resource, _is_mrn),
        phone=_phone(resource),
        language=_language(resource),
        contacts=tuple(
            _contact(resource, found) for found in many(resource.get("contact")) if human_name(found.get("name"))
        ),
        deceased=True if string(resource.get("deceasedDateTime")) else deceased,
        active=boolean(resource.get("active")),
    )


def _given_from_text(name: Json) -> tuple[str, ...]:
    text = string(name.get("text"))
    return (text,) if text and not string(name.get("family")) else ()


def _identifier(resource: Json, wanted: Callable[[Json], bool]) -> str | None:
    return next((string(found.get("value")) for found in many(resource.get("identifier")) if wanted(found)), None)


def _is_mrn(identifier: Json) -> bool:
    return string(identifier.get("system")) == MRN or MEDICAL_RECORD_NUMBER in codings(identifier.get("type"))


def _phone(element: Json) -> str | None:
    return next(
        (string(t.get("value")) for t in many(element.get("telecom")) if string(t.get("system")) == "phone"), None
    )


def _language(resource: Json) -> str | None:
    spoken = many(resource.get("communication"))
    preferred = next((item for item in spoken if item.get("preferred") is True), spoken[0] if spoken else {})
    return words(preferred.get("language"))


def _contact(resource: Json, found: Json) -> Contact:
    return Contact(
        source=source(resource, "Contact"),
        labels=labels_of(resource),
        name=human_name(found.get("name")) or "",
        relationship=words(found.get("relationship")),
        phone=_phone(found),
    )


def active_teams(teams: Iterable[Json]) -> list[Json]:
    return [team for team in teams if string(team.get("status")) in {"active", None}]


def members(team: Json) -> list[str]:
    """References of everybody on it, whatever they are."""
    return [ref for item in many(team.get("participant")) for ref in references(item.get("member"))]


def team_members(material: Material) -> list[TeamMember]:
    """Staff of the active teams, each once a team; the client and relatives are no staff."""
    made = []
    for team in newest_first(active_teams(material.of("CareTeam")), lambda team: pick(team, "period", "start")):
        for participant in many(team.get("participant")):
            ref = reference(participant.get("member"))
            if ref and ref.startswith(("Practitioner/", "PractitionerRole/")):
                made.append(_member(team, participant, ref, material))
    return made


def _member(team: Json, participant: Json, ref: str, material: Material) -> TeamMember:
    name = material.named(participant.get("member"))
    since = pick(team, "period", "start")
    return TeamMember(
        source=source(team, "Care team", since),
        labels=labels_of(team),
        ref=ref,
        name=name,
        role=words(participant.get("role")),
    )
