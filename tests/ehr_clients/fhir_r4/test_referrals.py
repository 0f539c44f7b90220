"""Orders and their tasks in the EHR's own codes, however oddly they are put."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from ehr_clients.codes import BSER_BUSINESS_STATUS, WRITE
from ehr_clients.fhir_r4.coordination import appointments
from ehr_clients.fhir_r4.material import Material
from ehr_clients.fhir_r4.notes import note
from ehr_clients.fhir_r4.referrals import referrals
from ehr_clients.models import LinkedReport, LoopTask, Referral

type Json = dict[str, Any]
ORDER: Json = {"resourceType": "ServiceRequest", "id": "r", "status": "active", "code": {"text": "Sleep study"}}
FOCUS = {"focus": {"reference": "ServiceRequest/r"}}


def read(*tasks: Json, **order: Any) -> Referral:
    made = [{"resourceType": "Task", "id": f"t{n}"} | FOCUS | task for n, task in enumerate(tasks)]
    (found,) = referrals(Material({"ServiceRequest": [ORDER | order], "Task": made}))
    return found


def one(task: Json) -> LoopTask:
    found = read(task).task
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("business", "code"),
    [
        ({"coding": [{"system": BSER_BUSINESS_STATUS, "code": "5.1.4"}]}, "5.1.4"),
        ({"coding": [{"system": "urn:vendor", "code": "77"}, {"system": BSER_BUSINESS_STATUS, "code": "3.0"}]}, "3.0"),
        ({"coding": [{"system": "urn:vendor", "code": "77"}]}, "77"),
        ({"text": "Client unreachable"}, None),
        (None, None),
        ("nonsense", None),
    ],
)
def test_the_business_status_is_bsers_code_where_there_is_one(business: object, code: str | None) -> None:
    assert one({"businessStatus": business} if business else {}).business == code


@pytest.mark.parametrize(
    ("task", "counts"),
    [
        ({"code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]}}, True),
        ({}, True),
        ({"code": {"text": "Care coordination task"}}, False),  # a team's own reminder about the order
        ({"code": {"text": "Referral"}, "businessStatus": {"text": "Scheduled"}}, True),
    ],
)
def test_a_teams_own_reminder_is_no_task_of_the_loop(task: Json, *, counts: bool) -> None:
    assert bool(read({"status": "requested"} | task).tasks) is counts


def test_the_newest_task_comes_first_and_one_of_another_order_does_not_come() -> None:
    other = {"focus": {"reference": "ServiceRequest/other"}, "lastModified": "2026-11-22"}
    tasks = ({"lastModified": "2026-11-01"}, {"lastModified": "2026-11-20T09:00:00Z"}, other)
    found = read(*tasks)
    assert [task.modified for task in found.tasks] == [datetime(2026, 11, 20, 9, tzinfo=UTC), date(2026, 11, 1)]


def test_an_order_named_only_in_based_on_is_found() -> None:
    assert read({"focus": {}, "basedOn": [{"reference": "ServiceRequest/r"}]}).task is not None


def test_outputs_are_reports_by_reference_or_in_words() -> None:
    outputs = [{"valueReference": {"reference": "DocumentReference/d"}}, {"valueString": "Seen."}, {"valueInteger": 3}]
    assert one({"output": outputs}).reports == (LinkedReport("DocumentReference/d", None), LinkedReport(None, "Seen."))


@pytest.mark.parametrize(
    ("marks", "number"),
    [
        ([{"value": "77"}, {"type": {"coding": [{"code": "PLAC"}]}, "value": "P-1"}], "P-1"),
        ([{"system": WRITE, "value": "k"}, {"value": "77"}], "77"),
        ([{"system": WRITE, "value": "k"}], None),
        ([], None),
    ],
)
def test_the_orders_number_is_the_placers(marks: list[Json], number: str | None) -> None:
    assert read(identifier=marks).number == number


def test_visits_and_notes_name_the_order_they_belong_to() -> None:
    based = [{"reference": "ServiceRequest/r/_history/2"}, {"reference": "CarePlan/c"}]
    (visit,) = appointments(Material({"Appointment": [{"resourceType": "Appointment", "id": "a", "basedOn": based}]}))
    document = {"resourceType": "DocumentReference", "id": "d", "context": {"related": based}}
    assert visit.for_referrals == note(document, {}, {}).for_referrals == ("ServiceRequest/r",)
