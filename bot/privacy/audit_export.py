"""The trail for people outside: CSV for a spreadsheet, FHIR R4 AuditEvents shaped like IHE BALP 1.1."""

import csv
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, TextIO
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.privacy.audit_event import Action, Outcome, StoredEvent, stored
from bot.store.tables import audit_events

PAGE: Final = 1000
COLUMNS: Final = (
    *("seq", "event_id", "ts_utc", "action", "subject"),
    *("actor.id", "actor.role", "actor.licence", "actor.mfa", "on_behalf_of", "app.app", "app.ip", "app.device"),
    *("tenant", "workspace", "channel_id", "object.type", "object.id", "object.version_hash", "patient_ref"),
    *("purpose", "legal_basis", "consent_id", "part2_flag", "field_classes", "recipient"),
    *("decision", "reason", "policy_version"),
    *(
        "model.provider",
        "model.name",
        "model.version",
        "model.prompt_hash",
        "source_refs",
        "output_hash",
        "approval_id",
    ),
    *("adapter.vendor", "adapter.op", "adapter.external_id", "adapter.attempt", "adapter.idempotency_key"),
    *("outcome", "error_code", "counts", "prev_hash", "hash"),
)

DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
REST: Final = {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"}
INTERACTION: Final = "http://hl7.org/fhir/restful-interaction"
LIFECYCLE: Final = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
BATON_ACTION: Final = "urn:baton:audit-action"
SOURCE: Final = "http://terminology.hl7.org/CodeSystem/security-source-type"
REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
OBJECT_ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"
ENTITY_TYPE: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
OUTCOME: Final = {Outcome.SUCCESS: "0", Outcome.REFUSED: "4", Outcome.UNKNOWN: "8", Outcome.FAILED: "8"}
CREATES: Final = {Action.WRITE_SENT, Action.WRITE_CONFIRMED, Action.WRITE_FAILED, Action.FILED}
READS: Final = {Action.CHART_READ, Action.CHART_REFUSED, Action.NOTE_VIEWED, Action.DETAIL_VIEWED}
SESSIONS: Final = {Action.LOGIN: "110122", Action.LOGIN_FAILED: "110122", Action.LOGOUT: "110123"}


async def export_csv(conn: AsyncConnection, file: TextIO) -> int:
    """One line an event, oldest first, hashes included. Returns how many. Lists are joined by spaces."""
    sheet = csv.writer(file)
    sheet.writerow(COLUMNS)
    count = 0
    async for event in _events(conn):
        flat = _flat(event.fields) | {"prev_hash": event.prev_hash, "hash": event.hash}
        sheet.writerow([_cell(flat.get(column, "")) for column in COLUMNS])
        count += 1
    return count


async def export_fhir(conn: AsyncConnection) -> dict[str, Any]:
    """A collection Bundle, oldest first. Each AuditEvent's identity is the event's own id."""
    entries = [
        {"fullUrl": f"urn:uuid:{UUID(event.event_id)}", "resource": _audit_event(event)}
        async for event in _events(conn)
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


async def _events(conn: AsyncConnection) -> AsyncIterator[StoredEvent]:
    after = 0
    while True:
        page = select(audit_events).where(audit_events.c.seq > after).order_by(audit_events.c.seq).limit(PAGE)
        rows = (await conn.execute(page)).all()
        for row in rows:
            yield stored(row)
        if len(rows) < PAGE:
            return
        after = rows[-1].seq


def _flat(known: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in known.items():
        if isinstance(value, Mapping) and name != "counts":
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _cell(value: Any) -> str:
    """Text for one cell. A leading sign would be a formula to a spreadsheet, so it is quoted."""
    match value:
        case list():
            text = " ".join(value)
        case bool():
            text = "yes" if value else "no"
        case Mapping():
            text = json.dumps(value, sort_keys=True)
        case _:
            text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _audit_event(event: StoredEvent) -> dict[str, Any]:
    action = event.fields["action"]
    resource = {
        "resourceType": "AuditEvent",
        "id": event.event_id,
        **_kind(action),
        "recorded": event.at.isoformat(),
        "outcome": OUTCOME[Outcome(event.fields["outcome"])],
        "outcomeDesc": event.fields.get("error_code") or event.fields.get("reason"),
        "purposeOfEvent": _purpose(event),
        "agent": _agents(event),
        "source": {
            "site": "baton",
            "observer": {"display": "Baton"},
            "type": [_coding(SOURCE, "4", "Application Server")],
        },
        "entity": _entities(event),
    }
    return {name: value for name, value in resource.items() if value not in (None, [])}


def _kind(action: str) -> dict[str, Any]:
    """What sort of thing happened: REST read or create, a session, a disclosure, an export, or something of our own."""
    own = _coding(BATON_ACTION, action, action)
    if action in CREATES:
        return {"type": REST, "subtype": [_coding(INTERACTION, "create", "create"), own], "action": "C"}
    if action in READS:
        return {"type": REST, "subtype": [_coding(INTERACTION, "read", "read"), own], "action": "R"}
    if action in SESSIONS:
        authentication = _coding(DCM, "110114", "User Authentication")
        return {"type": authentication, "subtype": [_coding(DCM, SESSIONS[Action(action)], action), own], "action": "E"}
    if action == Action.DISCLOSED:
        export = _coding(DCM, "110106", "Export")
        return {"type": export, "subtype": [_coding(LIFECYCLE, "disclose", "disclose"), own], "action": "R"}
    if action == Action.EXPORT:
        return {"type": _coding(DCM, "110106", "Export"), "subtype": [own], "action": "R"}
    return {"type": _coding(DCM, "110100", "Application Activity"), "subtype": [own], "action": "E"}


def _purpose(event: StoredEvent) -> list[dict[str, Any]]:
    purpose = event.fields.get("purpose")
    return [{"coding": [_coding(REASON, purpose, purpose)]}] if purpose else []


def _agents(event: StoredEvent) -> list[dict[str, Any]]:
    """For a create Baton is the source and the EHR the destination; for a read it is the other way round."""
    fields = event.fields
    ours, theirs = ("110153", "110152") if fields["action"] not in READS else ("110152", "110153")
    agents = [_machine(ours, "Baton", fields.get("app", {}).get("ip")), _person(event)]
    if "adapter" in fields:
        agents.append(_machine(theirs, fields["adapter"]["vendor"], None))
    return agents


def _machine(code: str, name: str, ip: str | None) -> dict[str, Any]:
    role = {"110152": "Destination Role ID", "110153": "Source Role ID"}[code]
    network = {"network": {"address": ip, "type": "2"}} if ip else {}
    return {"type": {"coding": [_coding(DCM, code, role)]}, "who": {"display": name}, "requestor": False, **network}


def _person(event: StoredEvent) -> dict[str, Any]:
    actor = event.fields["actor"]
    participant = _coding("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP", "information recipient")
    role = {"role": [{"text": actor["role"]}]} if "role" in actor else {}
    who = {"identifier": {"system": "urn:baton:staff", "value": actor["id"]}}
    use = {"purposeOfUse": _purpose(event)} if event.fields.get("purpose") else {}
    return {"type": {"coding": [participant]}, **role, "who": who, "requestor": True, **use}


def _entities(event: StoredEvent) -> list[dict[str, Any]]:
    fields = event.fields
    entities = [_entity("4", "21", fields["approval_id"], "approval")] if "approval_id" in fields else []
    if "patient_ref" in fields:
        entities.insert(0, _reference("1", "1", f"Patient/{fields['patient_ref']}"))
    if "object" in fields:
        entities.append(_entity("2", "4", fields["object"]["id"], fields["object"]["type"]))
    if external := fields.get("adapter", {}).get("external_id"):
        entities.append(_reference("2", "4", external))
    entities += [_reference("2", "4", source) for source in fields.get("source_refs", ())]
    return entities


def _reference(kind: str, role: str, reference: str) -> dict[str, Any]:
    return {"what": {"reference": reference}, **_entity_codes(kind, role)}


def _entity(kind: str, role: str, value: str, name: str) -> dict[str, Any]:
    what = {"identifier": {"system": f"urn:baton:{name}", "value": value}}
    return {"what": what, **_entity_codes(kind, role)}


def _entity_codes(kind: str, role: str) -> dict[str, Any]:
    return {"type": {"system": ENTITY_TYPE, "code": kind}, "role": {"system": OBJECT_ROLE, "code": role}}


def _coding(system: str, code: str, display: str) -> dict[str, str]:
    return {"system": system, "code": code, "display": display}
