"""What the sandbox page shows beside the chat: what was written into the EHR, and the audit trail, in words."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.clinic import Clinic, StaffMember
from bot.clinical_systems import Charts
from bot.crisis import looking
from bot.flow.office import Office
from bot.privacy import audit
from bot.web.clinic import AuditLine, EhrWrite, Persona
from ehr_clients.port import ClientQuery
from ehr_clients.sandbox.clinic.filed import phq9
from skills.kit import Row, Tone

MOST = 60
PHQ9_ALIAS, PHQ9_ANSWERS = "C-102", (2, 2, 1, 1, 2, 1, 1, 0, 2)


def persona(clinic: Clinic, staff: StaffMember) -> Persona:
    teams = ", ".join(clinic.team(team).name for team in staff.teams)
    roles = ", ".join(role.replace("_", " ") for role in staff.roles).capitalize()
    return Persona(staff.web or staff.id, f"{staff.name}, {staff.title}", f"{roles}{f' · {teams}' if teams else ''}")


# Written into the EHR


type Names = Mapping[str, str]  # "Practitioner/abc" -> name


async def ehr_writes(charts: Charts, clinic: Clinic) -> Sequence[EhrWrite]:
    """Newest first, as the EHR has them now."""
    written = charts.sandbox.resources_written() if charts.sandbox else []
    names = {staff.practitioner: staff.name for staff in clinic.staff}
    return [_write(resource, names) for resource in written[:MOST]]


def _write(resource: Mapping[str, Any], names: Names) -> EhrWrite:
    meta = resource["meta"]
    return EhrWrite(
        resource_type=resource["resourceType"],
        id=resource["id"],
        version=meta["versionId"],
        when=datetime.fromisoformat(meta["lastUpdated"]),
        rows=tuple(_rows(resource, names)),
        json=json.dumps(resource, indent=2, ensure_ascii=False),
    )


def _rows(resource: Mapping[str, Any], names: Names) -> Iterator[Row]:
    match resource["resourceType"]:
        case "DocumentReference":
            yield Row("What", str(resource.get("description") or resource["type"].get("text", "Document")))
            yield Row("By", _people(resource.get("author", []), names))
            yield Row("Text", _first_line(resource["content"][0]["attachment"]))
        case "Communication":
            yield Row("From", _people([resource.get("sender", {})], names))
            yield Row("To", _people(resource.get("recipient", []), names) or "the team")
            yield Row("Text", str(resource["payload"][0]["contentString"]).splitlines()[0])
        case "Provenance":
            yield Row("Made", ", ".join(target["reference"].split("/")[0] for target in resource["target"]))
            yield Row("By", ", ".join(_agent(agent, names) for agent in resource["agent"]))
        case "AuditEvent":
            yield Row("About", ", ".join(_entities(resource)))
        case _:
            yield Row("Status", str(resource.get("status", "")))


def _people(references: Sequence[Mapping[str, Any]], names: Names) -> str:
    said = [str(r.get("display") or r.get("reference", "")) for r in references if r]
    return ", ".join(names.get(each, each) for each in said)


def _agent(agent: Mapping[str, Any], names: Names) -> str:
    codings: Sequence[Mapping[str, Any]] = agent.get("type", {}).get("coding", [])
    role = codings[0].get("code", "agent") if codings else "agent"
    return f"{_people([agent['who']], names)} ({role})"


def _entities(resource: Mapping[str, Any]) -> Iterator[str]:
    for entity in resource.get("entity", []):
        reference = str(entity.get("what", {}).get("reference", ""))
        if reference and not reference.startswith("Patient/"):
            yield reference.split("/", maxsplit=1)[0]


def _first_line(attachment: Mapping[str, Any]) -> str:
    return base64.b64decode(attachment["data"]).decode().splitlines()[0]


# Filed by the EHR's own people


async def file_phq9(charts: Charts, office: Office, answers: Sequence[int] = PHQ9_ANSWERS) -> str:
    """A PHQ-9 of C-102 as its portal would store it; its reference. Baton looks at once, not at the next minute."""
    if charts.sandbox is None:
        raise LookupError("This is not the sandbox clinic.")
    await looking.now(office)  # so that what is filed next is new
    (client,) = await office.ehr.find(ClientQuery(alias=PHQ9_ALIAS))
    ref = charts.sandbox.file(phq9(client.id, answers, office.clock()))
    await looking.now(office)
    return ref


# The audit trail


async def audit_tail(office: Office) -> Sequence[AuditLine]:
    """Newest first."""
    async with office.db.read() as conn:
        events = await audit.tail(conn, MOST)
    return [_line(office, event) for event in reversed(events)]


def _line(office: Office, event: audit.StoredEvent) -> AuditLine:
    actor = str(event.fields.get("actor", {}).get("id", "baton"))
    staff = office.people.by_id(actor)
    decision, reason = event.fields.get("decision"), event.fields.get("reason")
    tone = Tone.STOP if decision == "deny" else Tone.WARNING if decision == "break_glass" else Tone.INFO
    about = " · ".join(str(part) for part in (event.subject, decision, reason) if part)
    what = event.action.replace("_", " ")
    return AuditLine(event.event_id, event.at, staff.name if staff else actor, what, about, tone)
