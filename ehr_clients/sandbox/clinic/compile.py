"""Compiles the hand-written clinic into FHIR R4: one transaction Bundle for the clinic itself, then one per client.

The same day gives the same bundles; another day moves the dates and nothing else. Ids are fixed. Who is who, and which
client is there for which difficulty, is told in this folder's README.
"""

from datetime import date
from zoneinfo import ZoneInfo

from ehr_clients.sandbox.clinic.coordination import coordination
from ehr_clients.sandbox.clinic.days import Calendar
from ehr_clients.sandbox.clinic.desk import Desk
from ehr_clients.sandbox.clinic.measures import measures
from ehr_clients.sandbox.clinic.people import clinic_resources, front_page
from ehr_clients.sandbox.clinic.sources import read_charts, read_staff
from ehr_clients.sandbox.clinic.terms import BASE_URL, Resource
from ehr_clients.sandbox.clinic.treatment import treatment
from ehr_clients.sandbox.clinic.visits import admissions, notes, visits


def bundles(today: date) -> list[Resource]:
    """The clinic's own bundle first, then the clients by alias. `today` is the local day at the clinic."""
    staff = read_staff()
    calendar = Calendar(today, ZoneInfo(staff.time_zone))
    charts = [Desk(chart, staff, calendar) for chart in read_charts()]
    return [_transaction("sb-clinic", clinic_resources(staff)), *(_chart(desk) for desk in charts)]


def _chart(desk: Desk) -> Resource:
    resources = [
        *front_page(desk),
        *treatment(desk),
        *visits(desk),
        *notes(desk),
        *admissions(desk),
        *measures(desk),
        *coordination(desk),
    ]
    return _transaction(desk.chart.client_id, resources)


def _transaction(bundle_id: str, resources: list[Resource]) -> Resource:
    return {
        "resourceType": "Bundle",
        "id": f"{bundle_id}-bundle",
        "type": "transaction",
        "entry": [_entry(resource) for resource in resources],
    }


def _entry(resource: Resource) -> Resource:
    place = f"{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": f"{BASE_URL}/{place}", "resource": resource, "request": {"method": "PUT", "url": place}}
