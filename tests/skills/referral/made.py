"""Referrals for tests, as an EHR would tell them."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from skills.kit import Appointment, LinkedReport, LoopTask, Note, Referral, Source
from skills.kit.business_days import Calendar

NOW = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
ORDER = "ServiceRequest/r1"
ORDERED = date(2026, 11, 2)
PHILADELPHIA = Calendar("PA", ZoneInfo("America/New_York"))
REPORT = LinkedReport("DocumentReference/report", "Consultation report")


def task(status: str | None = "requested", business: str | None = None, **more: Any) -> LoopTask:
    given: dict[str, Any] = {
        "ref": "Task/t1",
        "version": "3",
        "status": status,
        "business": business,
        "owner": "Norwood Sleep Center",
        "modified": datetime(2026, 11, 10, 9, tzinfo=UTC),
    }
    return LoopTask(**(given | more))


def referral(*tasks: LoopTask, status: str = "active", **more: Any) -> Referral:
    given: dict[str, Any] = {
        "source": Source(ORDER, "v1", "Referral", ORDERED),
        "what": "Sleep study",
        "status": status,
        "to": "Norwood Sleep Center",
        "when": ORDERED,
        "requester": "Priya Raman, MD",
        "requester_ref": "Practitioner/raman",
        "number": "C-R-9",
        "version": "7",
        "tasks": tasks,
    }
    return Referral(**(given | more))


def visit(status: str, start: datetime, order: str | None = ORDER) -> Appointment:
    where = Source("Appointment/a1", "1", "Appointment", start)
    return Appointment(source=where, start=start, status=status, for_referrals=(order,) if order else ())


def report(order: str | None = ORDER) -> Note:
    where = Source("DocumentReference/d1", "1", "Consultation note", NOW)
    return Note(source=where, kind="Consultation note", text="Seen.", when=NOW, for_referrals=(order,) if order else ())
