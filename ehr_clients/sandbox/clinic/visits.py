"""What happened and what was written about it: Appointment, Encounter, DocumentReference."""

import base64

from ehr_clients.sandbox.clinic.desk import Desk
from ehr_clients.sandbox.clinic.sources import Admission, Label, Note, Visit
from ehr_clients.sandbox.clinic.terms import (
    ACT_CODE,
    DISCHARGE_SUMMARY,
    LOINC,
    PROGRESS_NOTE,
    Resource,
    coding,
    concept,
    filled,
    ref,
)

_APPOINTMENT = {"kept": "fulfilled", "missed": "noshow", "cancelled": "cancelled", "booked": "booked"}
_WHERE = {"office": ("AMB", "ambulatory"), "telehealth": ("VR", "virtual"), "home": ("HH", "home health")}
_NOTE_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category"


def visits(desk: Desk) -> list[Resource]:
    numbered = enumerate(desk.chart.visits, start=1)
    return [resource for number, visit in numbered for resource in _visit(desk, number, visit)]


def notes(desk: Desk) -> list[Resource]:
    numbered = enumerate(desk.chart.notes, start=len(desk.chart.visits) + 1)
    return [_loose_note(desk, number, note) for number, note in numbered]


def admissions(desk: Desk) -> list[Resource]:
    numbered = enumerate(desk.chart.admissions, start=1)
    return [_admission(desk, number, stay) for number, stay in numbered]


def _visit(desk: Desk, number: int, visit: Visit) -> list[Resource]:
    made = [_appointment(desk, number, visit)]
    if visit.status == "kept":
        made.append(_encounter(desk, number, visit))
    if visit.note is not None:
        made.append(_visit_note(desk, number, visit))
    return made


def _period(desk: Desk, visit: Visit) -> Resource:
    start, end = (desk.calendar.moment(visit.offset, visit.at, minutes=minutes) for minutes in (0, visit.minutes))
    return {"start": start, "end": end}


def _appointment(desk: Desk, number: int, visit: Visit) -> Resource:
    came = "accepted" if visit.status in {"kept", "booked"} else "declined"
    why = desk.calendar.written(visit.why) if visit.why else None
    body = filled(
        status=_APPOINTMENT[visit.status],
        cancelationReason=concept(text=why) if visit.status == "cancelled" else None,
        serviceType=[concept(text=visit.kind)],
        **_period(desk, visit),
        minutesDuration=visit.minutes,
        comment=why,
        participant=[
            {"actor": desk.client, "status": came},
            {"actor": desk.person(visit.staff), "status": "accepted"},
        ],
    )
    return desk.resource("Appointment", f"visit-{number:02}", body)


def _encounter(desk: Desk, number: int, visit: Visit) -> Resource:
    body = {
        "status": "finished",
        "class": coding(ACT_CODE, *_WHERE[visit.how]),
        "type": [concept(text=visit.kind)],
        "subject": desk.client,
        "participant": [{"individual": desk.person(visit.staff)}],
        "appointment": [ref("Appointment", f"{desk.chart.client_id}-visit-{number:02}")],
        "period": _period(desk, visit),
        "serviceProvider": ref("Organization", f"sb-team-{desk.chart.team}" if desk.chart.team else "sb-clinic"),
    }
    return desk.resource("Encounter", f"enc-{number:02}", body)


def _admission(desk: Desk, number: int, stay: Admission) -> Resource:
    body = {
        "status": "finished",
        "class": coding(ACT_CODE, "IMP", "inpatient encounter"),
        "type": [concept(text="Inpatient psychiatric stay")],
        "subject": desk.client,
        "period": {
            "start": desk.calendar.moment(-stay.from_days_ago, "21:30"),
            "end": desk.calendar.moment(-stay.to_days_ago, "11:15"),
        },
        "reasonCode": [concept(text=stay.reason)],
        "hospitalization": {"dischargeDisposition": concept(text=stay.disposition)},
        "serviceProvider": {"display": stay.hospital},
    }
    return desk.resource("Encounter", f"stay-{number}", body)


def _visit_note(desk: Desk, number: int, visit: Visit) -> Resource:
    """Signed a quarter of an hour after the client left. A visit whose note was replaced keeps it, as superseded."""
    period = _period(desk, visit)
    replaced = any(note.replaces_visit == number for note in desk.chart.notes)
    body = {
        "status": "superseded" if replaced else "current",
        "docStatus": "final",
        "type": _type("progress", f"Progress note ({visit.form})"),
        "category": [_category("progress")],
        "subject": desk.client,
        "date": desk.calendar.moment(visit.offset, visit.at, minutes=visit.minutes + 15),
        "author": [desk.person(visit.staff)],
        "description": f"{visit.kind}, {visit.form} note",
        "content": [_content(desk, visit.note or "", f"Progress note ({visit.form})")],
        "context": {
            "encounter": [ref("Encounter", f"{desk.chart.client_id}-enc-{number:02}")],
            "period": period,
        },
    }
    return desk.resource("DocumentReference", f"note-{number:02}", body)


def _loose_note(desk: Desk, number: int, note: Note) -> Resource:
    amends = note.replaces_visit
    previous = f"{desk.chart.client_id}-note-{amends:02}" if amends else ""
    body = filled(
        status="current",
        docStatus="amended" if amends else "final",
        type=_type(note.kind, note.form),
        category=[_category(note.kind)],
        subject=desk.client,
        date=desk.calendar.moment(-note.days_ago, note.at),
        author=[desk.person(note.by)],
        relatesTo=[{"code": "replaces", "target": ref("DocumentReference", previous)}] if amends else [],
        description=note.form,
        content=[_content(desk, note.text, note.form)],
        context={"encounter": [ref("Encounter", f"{desk.chart.client_id}-enc-{amends:02}")]} if amends else None,
    )
    label: Label | None = None if note.label == "none" else note.label
    return desk.resource("DocumentReference", f"note-{number:02}", body, label=label)


def _type(kind: str, text: str) -> Resource:
    """A note kept apart carries no code at all: some EHRs tell psychotherapy notes by name and folder only."""
    match kind:
        case "psychotherapy":
            return concept(text=text)
        case "discharge":
            return concept(*(coding(LOINC, *code) for code in DISCHARGE_SUMMARY), text=text)
        case _:
            return concept(*(coding(LOINC, *code) for code in PROGRESS_NOTE), text=text)


def _category(kind: str) -> Resource:
    if kind == "psychotherapy":
        return concept(text="Psychotherapy notes (kept separate)")
    return concept(coding(_NOTE_CATEGORY, "clinical-note", "Clinical Note"))


def _content(desk: Desk, text: str, title: str) -> Resource:
    plain = desk.calendar.written(text).encode()
    return {
        "attachment": {
            "contentType": "text/plain; charset=utf-8",
            "data": base64.b64encode(plain).decode(),
            "title": title,
        }
    }
