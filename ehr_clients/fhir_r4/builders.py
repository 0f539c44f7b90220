"""What Baton writes, as FHIR: one explicit builder for each kind of write, and what of it must come back unchanged.

Every resource carries the write's key: as an identifier, or as a tag where FHIR has none (AuditEvent, Provenance).
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from typing import Any

from ehr_clients.codes import (
    ACT_REASON,
    AI_GENERATED,
    AUDIT_ACTION,
    AUDIT_EVENT_ID,
    DATA_OPERATION,
    DEVICE,
    DICOM,
    DOCUMENT,
    LOINC,
    NOTE_CATEGORY,
    PART2_LABELS,
    PARTICIPANT_TYPE,
    PARTICIPATION,
    SAFETY_PLAN,
    WRITE,
)
from ehr_clients.errors import EhrRefused
from ehr_clients.fhir_r4.values import Json, canonical, many, moment, pick, reference, string
from ehr_clients.port import (
    AuditWrite,
    CarePlanWrite,
    CommunicationWrite,
    DocumentWrite,
    FlagWrite,
    OrderStatusWrite,
    ProvenanceWrite,
    TaskStatusWrite,
    TaskWrite,
    Update,
    Write,
)

OWN_STORE = "own-store/"
_KEY = re.compile(r"[A-Za-z0-9._:\-]{1,128}$")
_BALP_CREATE = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientCreate"
_BALP_ENTITY = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
_HL7 = "http://terminology.hl7.org/CodeSystem"
_TEXT_TYPE = "text/plain; charset=utf-8"


def build(write: Write, kind: str, *, key: str, ehr_address: str = "ehr") -> Json:
    """`write` as the resource type that this EHR takes. `key` must hold no patient data and only [A-Za-z0-9._:-]."""
    if not _KEY.match(key):
        raise ValueError("A write's key holds letters, digits and . _ : - only, at most 128.")
    match write:
        case DocumentWrite():
            return _document(write, key) if kind == "DocumentReference" else _document_as_message(write, key)
        case CommunicationWrite():
            return _communication(write, key) if kind == "Communication" else _message_as_document(write, key)
        case TaskWrite():
            return _task(write, key) if kind == "Task" else _task_as_message(write, key)
        case FlagWrite():
            return _flag(write, key) if kind == "Flag" else _flag_as_message(write, key)
        case CarePlanWrite():
            return _safety_plan(write, key) if kind == "CarePlan" else build(_as_document(write), kind, key=key)
        case ProvenanceWrite():
            return _provenance(write, key)
        case AuditWrite():
            event = _audit_event(write, key, ehr_address)
            return event if kind == "AuditEvent" else _audit_as_document(write, key, event)
        case TaskStatusWrite() | OrderStatusWrite():
            return changed(write, key) if kind in {"Task", "ServiceRequest"} else _change_as_message(write, key)


def clinical_content(resource: Json) -> bytes | None:
    """What must come back unchanged: the text's bytes, else the elements we set. None: the text is kept elsewhere."""
    match resource.get("resourceType"):
        case "DocumentReference":
            data = string(pick(resource, "content", "attachment", "data"))
            return None if data is None else base64.b64decode("".join(data.split()))
        case "Communication":
            text = pick(resource, "payload", "contentString")
            return text.encode() if isinstance(text, str) else b""
    return canonical(comparable(resource)).encode()


def content_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def as_sent(stored: Any, sent: Any) -> Any:
    """Of what is stored, the elements that we set: servers add ids, narratives and times of their own."""
    if isinstance(sent, dict) and isinstance(stored, dict):
        return {name: as_sent(stored.get(name), value) for name, value in sent.items()}
    if isinstance(sent, list) and isinstance(stored, list) and len(sent) == len(stored):
        return [as_sent(there, here) for there, here in zip(stored, sent, strict=True)]
    return stored


def comparable(value: Any) -> Any:
    """One spelling for each point in time and each reference."""
    if isinstance(value, dict):
        found = {name: comparable(inner) for name, inner in value.items() if name != "meta"}
        return found | ({"reference": to} if (to := reference(value)) else {})
    if isinstance(value, list):
        return [comparable(item) for item in value]
    when = moment(value) if isinstance(value, str) else None
    return str(when.timestamp()) if when is not None and hasattr(when, "timestamp") else value


def has_key(resource: Json, key: str) -> bool:
    """Whether `resource` really carries the key: a server that ignores a search parameter answers with anything."""
    marks = [(m.get("system"), m.get("value")) for m in many(resource.get("identifier"))]
    marks += [(m.get("system"), m.get("code")) for m in many(pick(resource, "meta", "tag"))]
    return (WRITE, key) in marks


def key_search(kind: str, key: str) -> tuple[str, str]:
    return ("_tag" if kind in {"AuditEvent", "Provenance"} else "identifier", f"{WRITE}|{key}")


def _document(write: DocumentWrite, key: str) -> Json:
    return _filled(
        resourceType="DocumentReference",
        meta=_meta(*_made_by(generated=write.generated), part2=write.part2),
        identifier=[_identifier(key)],
        status="current",
        docStatus="final" if write.final else "preliminary",
        type=_concept((LOINC, write.type_code), text=write.type_text),
        category=[_concept((NOTE_CATEGORY, "clinical-note"))],
        subject=_ref(f"Patient/{write.client_id}"),
        date=write.when.isoformat(),
        author=[_ref(write.author)],
        relatesTo=[{"code": "appends", "target": _ref(write.appends)}] if write.appends else None,
        description=write.title,
        securityLabel=[_concept(label) for label in PART2_LABELS] if write.part2 else None,
        content=[{"attachment": _attachment(write.text, write.title)}],
    )


def _message_as_document(write: CommunicationWrite, key: str) -> Json:
    return _stand_in(write, key, "message", write.text, author=write.sender)


def _audit_as_document(write: AuditWrite, key: str, event: Json) -> Json:
    return _stand_in(write, key, "audit", canonical(event), author=write.who)


def _stand_in(write: CommunicationWrite | AuditWrite, key: str, what: str, text: str, *, author: str) -> Json:
    """A document in place of a resource that this EHR does not take. Its category keeps it out of the notes."""
    title = "Care team message" if what == "message" else "Audit record"
    return _filled(
        resourceType="DocumentReference",
        meta=_meta(part2=isinstance(write, CommunicationWrite) and write.part2),
        identifier=[_identifier(key)],
        status="current",
        docStatus="final",
        type={"text": title},
        category=[_concept((NOTE_CATEGORY, "clinical-note")), _concept((DOCUMENT, what))],
        subject=_ref(f"Patient/{write.client_id}"),
        date=write.when.isoformat(),
        author=[_ref(author)],
        description=title,
        content=[{"attachment": _attachment(text, title)}],
    )


def _attachment(text: str, title: str) -> Json:
    if not text.strip():
        raise EhrRefused("There is no text to file.")
    return {"contentType": _TEXT_TYPE, "data": base64.b64encode(text.encode()).decode(), "title": title}


def _communication(write: CommunicationWrite, key: str, *, topic: str | None = None) -> Json:
    if not write.text.strip():
        raise EhrRefused("There is no text to file.")
    return _filled(
        resourceType="Communication",
        meta=_meta(part2=write.part2),
        identifier=[_identifier(key)],
        status="preparation" if write.outside else "completed",
        category=[{"text": "Message to a provider outside" if write.outside else "Care team message"}],
        topic={"text": topic} if topic else None,
        subject=_ref(f"Patient/{write.client_id}"),
        about=_refs(write.about),
        inResponseTo=[_ref(write.answers)] if write.answers else None,
        sent=None if write.outside else write.when.isoformat(),
        sender=_ref(write.sender),
        recipient=[*_refs(write.recipients), *([{"display": write.outside}] if write.outside else [])],
        payload=[{"contentString": write.text}],
    )


def _document_as_message(write: DocumentWrite, key: str) -> Json:
    about = (write.appends,) if write.appends else ()
    message = CommunicationWrite(
        client_id=write.client_id,
        sender=write.author,
        recipients=(),
        text=write.text,
        when=write.when,
        about=about,
        part2=write.part2,
    )
    return _communication(message, key, topic=write.title)


def _task_as_message(write: TaskWrite, key: str) -> Json:
    due = f"\nDue {write.due.isoformat()}." if write.due else ""
    message = CommunicationWrite(
        client_id=write.client_id,
        sender=write.requester,
        recipients=(write.owner,) if write.owner else (),
        text=f"Task: {write.what}{due}",
        when=write.when,
        about=(write.focus,) if write.focus else (),
        part2=write.part2,
    )
    return _communication(message, key, topic="Task")


def _task(write: TaskWrite, key: str) -> Json:
    return _filled(
        resourceType="Task",
        meta=_meta(part2=write.part2),
        identifier=[_identifier(key)],
        status="requested",
        intent="order",
        code={"text": "Care coordination task"},
        description=write.what,
        focus=_ref(write.focus) if write.focus else None,
        **{"for": _ref(f"Patient/{write.client_id}")},
        authoredOn=write.when.isoformat(),
        requester=_ref(write.requester),
        owner=_ref(write.owner) if write.owner else None,
        restriction={"period": {"end": write.due.isoformat()}} if write.due else None,
    )


def changed(write: Update, key: str) -> Json:
    """The elements that an update sets. What a resource has several of (identifier, note, output) is added to."""
    said = _filled(
        identifier=[_identifier(key)],
        note=[{"authorReference": _ref(write.author), "time": write.when.isoformat(), "text": _said(write.note)}],
        status=write.status,
    )
    if isinstance(write, OrderStatusWrite):
        return {"resourceType": "ServiceRequest"} | said
    return {"resourceType": "Task"} | said | _of_task(write)


def _of_task(write: TaskStatusWrite) -> Json:
    report: Json = {"type": {"text": "Consultation report"}}
    if write.report_ref:
        report["valueReference"] = _ref(write.report_ref)
    elif write.report:
        report["valueString"] = write.report
    system, code, words = write.business or ("", "", "")
    return _filled(
        businessStatus={"coding": [_coding(system, code) | {"display": words}]} if write.business else None,
        statusReason={"text": write.reason} if write.reason else None,
        owner=_ref(write.owner) if write.owner else None,
        output=[report] if write.report or write.report_ref else None,
        lastModified=write.when.isoformat(),
    )


def _change_as_message(write: Update, key: str) -> Json:
    """For an EHR in which the task or order cannot be changed: the team is told what somebody has to enter there."""
    of = write.task if isinstance(write, TaskStatusWrite) else write.order
    words = write.business[2] if isinstance(write, TaskStatusWrite) and write.business else write.status
    message = CommunicationWrite(
        client_id=write.client_id,
        sender=write.author,
        recipients=(),
        text="\n".join([f"Referral status: {words or 'see the note'}", _said(write.note)]),
        when=write.when,
        about=(of,),
        part2=write.part2,
    )
    return _communication(message, key, topic="Referral status")


def _flag(write: FlagWrite, key: str) -> Json:
    return _filled(
        resourceType="Flag",
        meta=_meta(*_made_by(generated=write.generated), part2=write.part2),
        identifier=[_identifier(key)],
        status="active",
        category=[_concept((f"{_HL7}/flag-category", "safety"))],
        code={"text": _said(write.text)},
        subject=_ref(f"Patient/{write.client_id}"),
        period={"start": write.when.isoformat()},
        author=_ref(write.author),
    )


def _flag_as_message(write: FlagWrite, key: str) -> Json:
    message = CommunicationWrite(
        client_id=write.client_id,
        sender=write.author,
        recipients=(),
        text=f"Alert: {_said(write.text)}",
        when=write.when,
        part2=write.part2,
    )
    return _communication(message, key, topic="Alert")


def _safety_plan(write: CarePlanWrite, key: str) -> Json:
    """In the shape that the reader knows as a safety plan: one activity a step."""
    return _filled(
        resourceType="CarePlan",
        meta=_meta(*_made_by(generated=write.generated), part2=write.part2),
        identifier=[_identifier(key)],
        status="draft",
        intent="plan",
        category=[_concept((LOINC, SAFETY_PLAN), text="Safety plan")],
        title=write.title,
        subject=_ref(f"Patient/{write.client_id}"),
        created=write.when.isoformat(),
        author=_ref(write.author),
        activity=[
            {"detail": {"code": {"text": name}, "status": "not-started", "description": said}}
            for name, said in _steps(write)
        ],
    )


def _as_document(write: CarePlanWrite) -> DocumentWrite:
    """For an EHR that creates no care plans: the same words, in a document that nobody has signed."""
    return DocumentWrite(
        client_id=write.client_id,
        type_code=SAFETY_PLAN,
        type_text="Safety plan",
        title=write.title,
        text="\n".join([f"{write.title} (draft)", *(f"{name}: {said}" for name, said in _steps(write))]) + "\n",
        author=write.author,
        when=write.when,
        final=False,
        generated=write.generated,
        part2=write.part2,
    )


def _steps(write: CarePlanWrite) -> list[tuple[str, str]]:
    steps = [(name, said) for name, said in write.steps if said.strip()]
    if not steps:
        raise EhrRefused("There is no step of a safety plan to file.")
    return steps


def _said(text: str) -> str:
    if not text.strip():
        raise EhrRefused("There is no text to file.")
    return text


def _made_by(*, generated: bool) -> tuple[tuple[str, str], ...]:
    return (AI_GENERATED,) if generated else ()


def _provenance(write: ProvenanceWrite, key: str) -> Json:
    return _filled(
        resourceType="Provenance",
        meta=_meta(key=key),
        target=_refs(write.targets),
        recorded=write.when.isoformat(),
        policy=[write.policy] if write.policy else None,
        activity=_concept((DATA_OPERATION, "CREATE")),
        agent=[
            {"type": _concept((PARTICIPANT_TYPE, "author")), "who": _baton()},
            {"type": _concept((PARTICIPANT_TYPE, "verifier")), "who": _ref(write.verifier)},
        ],
        entity=[{"role": "source", "what": _ref(source)} for source in write.sources],
    )


def _audit_event(write: AuditWrite, key: str, ehr_address: str) -> Json:
    """IHE BALP 1.1, patient create: for a create the client is DCM's source (110153) and the server its destination."""
    return _filled(
        resourceType="AuditEvent",
        meta=_meta(key=key) | {"profile": [_BALP_CREATE]},
        type=_coding(f"{_HL7}/audit-event-type", "rest"),
        subtype=[_coding("http://hl7.org/fhir/restful-interaction", "create"), _coding(AUDIT_ACTION, write.action)],
        action="C",
        recorded=write.when.isoformat(),
        outcome="0" if write.outcome_ok else "8",
        agent=[
            _agent(DICOM, "110153", _baton(), network="baton"),
            _agent(DICOM, "110152", {"display": "EHR"}, network=ehr_address),
            _agent(PARTICIPATION, "IRCP", _ref(write.who), requestor=True)
            | {"purposeOfUse": [_concept((ACT_REASON, write.purpose))]},
        ],
        source={"observer": _baton(), "type": [_coding(f"{_HL7}/security-source-type", "4")]},
        entity=[
            _entity(_ref(f"Patient/{write.client_id}"), "1", "1"),
            *(_entity(_ref(ref), "2", "4") for ref in write.about),
            {
                "what": {"identifier": {"system": AUDIT_EVENT_ID, "value": write.event_id}},
                "type": _coding(_BALP_ENTITY, "XrequestId"),
            },
        ],
    )


def _agent(system: str, code: str, who: Json, *, network: str | None = None, requestor: bool = False) -> Json:
    at = {"network": {"address": network, "type": "1"}} if network else {}
    return {"type": _concept((system, code)), "who": who, "requestor": requestor} | at


def _entity(what: Json, kind: str, role: str) -> Json:
    return {
        "what": what,
        "type": _coding(f"{_HL7}/audit-entity-type", kind),
        "role": _coding(f"{_HL7}/object-role", role),
    }


def _baton() -> Json:
    return {"type": "Device", "identifier": {"system": DEVICE, "value": "baton"}, "display": "Baton"}


def _ref(to: str) -> Json:
    """A literal reference; by identifier for what only our own store holds. Raises ValueError for an "@name"."""
    if to.startswith("@"):
        raise ValueError("A write still names an earlier write instead of its reference.")
    if to.startswith(OWN_STORE):
        return {"identifier": {"system": WRITE, "value": to.removeprefix(OWN_STORE)}}
    return {"reference": to}


def _refs(to: Iterable[str]) -> list[Json]:
    return [_ref(item) for item in to]


def _meta(*labels: tuple[str, str], key: str | None = None, part2: bool = False) -> Json:
    security = _labels([*labels, *(PART2_LABELS if part2 else ())])
    return _filled(tag=[_coding(WRITE, key)] if key else None, security=security)


def _labels(labels: Iterable[tuple[str, str]]) -> list[Json]:
    return [_coding(system, code) for system, code in labels]


def _identifier(key: str) -> Json:
    return {"system": WRITE, "value": key}


def _coding(system: str, code: str) -> Json:
    return {"system": system, "code": code}


def _concept(coded: tuple[str, str], *, text: str | None = None) -> Json:
    return {"coding": [_coding(*coded)]} | ({"text": text} if text else {})


def _filled(**elements: Any) -> Json:
    """Without what was not given: FHIR knows no empty elements."""
    return {name: value for name, value in elements.items() if value not in (None, [], {})}
