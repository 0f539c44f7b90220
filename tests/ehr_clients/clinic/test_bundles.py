"""What every compiled chart keeps to, whatever is in it."""

import json
import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from fhir.resources.R4B import get_fhir_model_class

from ehr_clients.sandbox.clinic import bundles
from ehr_clients.sandbox.clinic.days import Calendar
from ehr_clients.sandbox.clinic.sources import Chart, read_charts
from ehr_clients.sandbox.clinic.terms import ALIAS
from tests.ehr_clients.clinic.shelf import TODAY, Shelf, references, strings

_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d[+-]\d\d:\d\d)?")
_WRITTEN = re.compile(r"\d\d/\d\d/\d{4}")
_PHONE = re.compile(r"\b\d{3}[-. ]\d{3}[-. ]\d{4}\b")
_EMAIL = re.compile(r"[\w.+-]+@[\w.-]+")
_MAY_LIE_AHEAD = {"end", "dueDate", "birthDate"}  # ends of periods and due dates


def test_every_resource_is_valid_r4(shelf: Shelf) -> None:
    for bundle in shelf.bundles:
        get_fhir_model_class("Bundle").model_validate(bundle)


def test_every_reference_finds_its_resource(shelf: Shelf) -> None:
    known = {f"{resource['resourceType']}/{resource['id']}" for resource in shelf.every()}
    assert [reference for reference in references(shelf.bundles) if reference not in known] == []


def test_ids_are_unique_plain_and_say_nothing_about_the_client(shelf: Shelf) -> None:
    keys = [f"{resource['resourceType']}/{resource['id']}" for resource in shelf.every()]
    assert len(keys) == len(set(keys))
    clients = [resource for alias in shelf.aliases() for resource in shelf.of(alias)]
    assert all(re.fullmatch(r"sb-c1\d\d(-[a-z0-9-]+)?", resource["id"]) for resource in clients)
    assert all(len(resource["id"]) <= 64 for resource in shelf.every())


def test_each_bundle_is_a_transaction_that_can_run_twice(shelf: Shelf) -> None:
    for bundle in shelf.bundles:
        assert bundle["type"] == "transaction"
        for entry in bundle["entry"]:
            place = f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
            assert entry["request"] == {"method": "PUT", "url": place}
            assert entry["fullUrl"].endswith(f"/{place}")


def test_everything_in_a_client_s_bundle_is_about_that_client(shelf: Shelf) -> None:
    for alias in shelf.aliases():
        patient = shelf.one(alias, "Patient")
        mentioned = {ref for ref in references(shelf.of(alias)) if ref.startswith("Patient/")}
        assert mentioned <= {f"Patient/{patient['id']}"}
        assert {"system": ALIAS, "value": alias} in patient["identifier"]


def test_the_same_day_gives_the_same_bundles() -> None:
    assert json.dumps(bundles(TODAY)) == json.dumps(bundles(TODAY))


@pytest.mark.parametrize("today", [date(2026, 11, 24), date(2027, 3, 14), date(2028, 2, 29), date(2026, 12, 27)])
def test_another_day_moves_dates_and_nothing_else(today: date) -> None:
    assert _undated(bundles(today)) == _undated(bundles(TODAY))


def test_dates_really_move_with_the_day(shelf: Shelf) -> None:
    a_week_on = Shelf.on(TODAY + timedelta(days=7))
    before, after = (_newest_note(which) for which in (shelf, a_week_on))
    assert after - before == timedelta(days=7)


@pytest.mark.parametrize("today", [TODAY, date(2027, 3, 14), date(2028, 2, 29)])
def test_only_booked_visits_and_due_dates_lie_ahead(today: date) -> None:
    for resource in Shelf.on(today).every():
        ahead = _ahead(resource, today)
        assert not ahead or resource.get("status") == "booked", resource["id"]


@pytest.mark.parametrize("offset", range(-15, 16))
@pytest.mark.parametrize("today", [TODAY + timedelta(days=n) for n in range(7)])
def test_the_office_is_closed_on_weekends(today: date, offset: int) -> None:
    day = Calendar(today, _zone()).day(offset)
    assert day.weekday() < 5
    assert (day > today) if offset > 0 else (day <= today)
    assert abs(day - (today + timedelta(days=offset))) <= timedelta(days=2)


@pytest.mark.parametrize("today", [date(2026, 11, 22), date(2026, 11, 23), date(2026, 11, 24), date(2028, 2, 29)])
def test_a_client_never_ages(today: date) -> None:
    born = Calendar(today, _zone()).birthday(38, "11-23")
    assert (today.year - born.year) - ((today.month, today.day) < (born.month, born.day)) == 38


def test_only_numbers_and_addresses_nobody_owns(shelf: Shelf) -> None:
    for resource in shelf.every():
        for line in strings(resource):
            assert all(re.search(r"555-01\d\d$", phone) for phone in _PHONE.findall(line)), resource["id"]
            assert all(re.search(r"[@.]example\.org\.?$", mail) for mail in _EMAIL.findall(line)), resource["id"]


def test_no_date_was_forgotten_in_the_prose(shelf: Shelf) -> None:
    assert [line for resource in shelf.every() for line in strings(resource) if re.search(r"\{[+-]?\d", line)] == []


def test_aliases_and_record_numbers_are_unique(shelf: Shelf) -> None:
    charts = read_charts()
    assert shelf.aliases() == [f"C-{number}" for number in range(101, 119)]
    assert len({chart.mrn for chart in charts}) == len(charts)


def test_a_misspelt_key_is_refused() -> None:
    chart = read_charts()[0].model_dump(mode="json", exclude_none=True)
    assert Chart.model_validate(chart).alias == "C-101"
    with pytest.raises(ValueError, match="medicatons"):
        Chart.model_validate(chart | {"medicatons": []})


def _undated(compiled: list[dict[str, object]]) -> list[str]:
    lines = [line for bundle in compiled for line in strings(bundle)]
    decoded = [line for line in lines if not re.fullmatch(r"[A-Za-z0-9+/]{80,}={0,2}", line)]
    return [_WRITTEN.sub("<day>", _ISO.sub("<day>", line)) for line in decoded]


def _newest_note(shelf: Shelf) -> datetime:
    return max(datetime.fromisoformat(note["date"]) for note in shelf.every("DocumentReference"))


def _ahead(node: object, today: date, name: str = "") -> list[str]:
    if isinstance(node, dict):
        return [found for key, value in node.items() for found in _ahead(value, today, key)]
    if isinstance(node, list):
        return [found for value in node for found in _ahead(value, today, name)]
    if isinstance(node, str) and _ISO.fullmatch(node) and name not in _MAY_LIE_AHEAD:
        return [node] if date.fromisoformat(node[:10]) > today else []
    return []


def _zone() -> ZoneInfo:
    return ZoneInfo("America/New_York")
