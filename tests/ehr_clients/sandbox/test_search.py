"""What a search finds: the table of params.py, on a chart small enough to check by eye."""

import pytest
from fhir.resources.R4B import get_fhir_model_class

from ehr_clients.sandbox import dates
from ehr_clients.sandbox.params import OF_TYPE, TYPES
from ehr_clients.sandbox.paths import _steps
from tests.ehr_clients.sandbox.visitor import Visitor, communication

FOUND = [
    ("Patient", {"identifier": "urn:clinic:mrn|100"}, ["c1"]),
    ("Patient", {"identifier": "100"}, ["c1"]),
    ("Patient", {"identifier": "|bare"}, ["c1"]),
    ("Patient", {"identifier": "|100"}, []),
    ("Patient", {"identifier": "urn:clinic:mrn|"}, ["c1", "c2"]),
    ("Patient", {"identifier": "urn:clinic:mrn|100,urn:clinic:mrn|200"}, ["c1", "c2"]),
    ("Patient", {"name": "jose"}, ["c1"]),
    ("Patient", {"family": "uren"}, ["c1"]),
    ("Patient", {"family:exact": "Urena"}, []),
    ("Patient", {"given:contains": "UIS"}, ["c1"]),
    ("Patient", {"birthdate": "1990"}, ["c1"]),
    ("Patient", {"birthdate": "gt1990-05-17"}, ["c2"]),
    ("Patient", {"birthdate": "ge1990-05-17"}, ["c1", "c2"]),
    ("Patient", {"active": "true"}, ["c1"]),
    ("Patient", {"active:not": "true"}, ["c2"]),
    ("Patient", {"general-practitioner": "Practitioner/s1"}, ["c1"]),
    ("Patient", {"general-practitioner:missing": "true"}, ["c2"]),
    ("Patient", {"phone": "555-0100"}, ["c1"]),
    ("Patient", {"phone": "j@example.org"}, []),
    ("Patient", {"_id": "c2,c1"}, ["c2", "c1"]),
    ("Observation", {"patient": "c1"}, ["phq-1", "phq-2", "phq-3"]),
    ("Observation", {"subject": "Patient/c1", "status": "final"}, ["phq-1", "phq-2"]),
    ("Observation", {"subject:Patient": "c1", "status:not": "final"}, ["phq-3"]),
    ("Observation", {"patient": "c2"}, []),
    ("Observation", {"code": "http://loinc.org|44261-6", "_sort": "-date"}, ["phq-3", "phq-2", "phq-1"]),
    ("Observation", {"code": "http://snomed.info/sct|44261-6"}, []),
    ("Observation", {"code:text": "phq"}, ["phq-1", "phq-2", "phq-3"]),
    ("Observation", {"date": "2026-02"}, ["phq-2"]),
    ("Observation", {"date": "lt2026-02-10"}, ["phq-1"]),
    ("Observation", {"date": "le2026-02-10"}, ["phq-1", "phq-2"]),
    ("Observation", {"date": "eb2026-02-10"}, ["phq-1"]),
    ("Observation", {"date": "sa2026-02-10"}, ["phq-3"]),
    ("Observation", {"date": "ne2026-02-10"}, ["phq-1", "phq-3"]),
    ("Observation", {"date": "2026-03-11"}, ["phq-3"]),
    ("Observation", {"_tag": "urn:tags|derived"}, ["phq-2"]),
    ("Observation", {"_lastUpdated": "gt2099"}, []),
    ("Observation", {"_lastUpdated": "lt2099", "_sort": "date", "_count": "2"}, ["phq-1", "phq-2"]),
    ("Encounter", {"date": "2026-02-02"}, []),
    ("Encounter", {"date": "ge2026-02-02"}, ["e1", "e2"]),
    ("Encounter", {"date": "gt2026-06"}, ["e2"]),
    ("Encounter", {"participant": "s1"}, ["e1"]),
    ("Encounter", {"class": "AMB", "status": "in-progress"}, ["e2"]),
    ("CareTeam", {"participant": "Practitioner/s1"}, ["t1"]),
    ("Task", {"focus": "Encounter/e1"}, ["k1"]),
    ("Task", {"owner": "Practitioner/s1", "status": "requested,received"}, ["k1"]),
    ("Task", {"patient": "Patient/c1", "authored-on": "2026-02-01"}, ["k1"]),
    ("Provenance", {"target": "DocumentReference/d1"}, ["v1"]),
    ("Provenance", {"target": "d1"}, ["v1"]),
    ("DocumentReference", {"author": "s1"}, ["d1"]),
    ("DocumentReference", {"contenttype": "text/plain", "period:missing": "true"}, ["d1"]),
    ("Organization", {"name": "HARB"}, ["o1"]),
]


@pytest.mark.parametrize(("resource_type", "query", "ids"), FOUND)
async def test_search_finds(visitor: Visitor, resource_type: str, query: dict[str, str], ids: list[str]) -> None:
    reply = await visitor.get(f"/{resource_type}", {"Prefer": "handling=strict"}, **query)
    assert (reply.status, reply.ids()) == (200, ids)


async def test_search_by_post_finds_the_same_and_keeps_the_query_out_of_the_address(visitor: Visitor) -> None:
    reply = await visitor.send("POST", "/Patient/_search?active=true", data={"name": "Ureña"})
    assert reply.ids() == ["c1"]
    both = await visitor.send("POST", "/Patient/_search?active=false", data={"name": "Ureña"})
    assert both.ids() == []


async def test_include_and_revinclude_bring_neighbours_once_and_mark_them(visitor: Visitor) -> None:
    reply = await visitor.send(
        "GET",
        "/DocumentReference?patient=c1&_include=DocumentReference:patient&_include=DocumentReference:author"
        "&_revinclude=Provenance:target",
    )
    assert reply.ids() == ["d1"]
    assert sorted(reply.ids("include")) == ["c1", "s1", "v1"]
    assert reply.json["total"] == 1


async def test_include_iterate_goes_on_from_what_it_brought(visitor: Visitor) -> None:
    once = await visitor.send("GET", "/Task?_include=Task:focus&_include=Encounter:participant")
    again = await visitor.send("GET", "/Task?_include=Task:focus&_include:iterate=Encounter:participant")
    assert (once.ids("include"), again.ids("include")) == (["e1"], ["e1", "s1"])


async def test_include_needs_the_right_to_read_what_it_brings(visitor: Visitor) -> None:
    await visitor.sign_in("system/DocumentReference.rs")
    reply = await visitor.get("/DocumentReference", _include="DocumentReference:patient")
    assert (reply.ids(), reply.ids("include")) == (["d1"], [])


async def test_pages_are_linked_and_add_up(visitor: Visitor) -> None:
    seen, url, pages = [], "/Observation?_count=2&_sort=date", 0
    while url:
        reply = await visitor.send("GET", url)
        assert reply.json["total"] == 3
        seen += reply.ids()
        pages += 1
        url = next((link["url"] for link in reply.json["link"] if link["relation"] == "next"), "")
        assert "patient" not in url
    assert (seen, pages) == (["phq-1", "phq-2", "phq-3"], 2)


async def test_a_page_of_another_day_is_gone(visitor: Visitor) -> None:
    reply = await visitor.get("/", _getpages="not-a-token")
    assert (reply.status, reply.issue) == (410, "expired")


async def test_count_only_and_no_total(visitor: Visitor) -> None:
    counted = await visitor.get("/Observation", _summary="count")
    assert (counted.json["total"], counted.json.get("entry")) == (3, None)
    assert "total" not in (await visitor.get("/Observation", _total="none")).json


async def test_elements_are_a_marked_subset(visitor: Visitor) -> None:
    reply = await visitor.get("/Observation", _id="phq-2", _elements="effectiveDateTime")
    resource = reply.json["entry"][0]["resource"]
    assert set(resource) == {"resourceType", "id", "meta", "status", "code", "effectiveDateTime"}
    assert resource["meta"]["tag"][-1]["code"] == "SUBSETTED"


@pytest.mark.parametrize(
    "query", [{"shoe-size": "44"}, {"_include": "Patient:nothing"}, {"_sort": "mood"}, {"name": ""}]
)
async def test_what_is_not_understood_is_refused_or_said(visitor: Visitor, query: dict[str, str]) -> None:
    strict = await visitor.get("/Patient", {"Prefer": "handling=strict"}, **query)
    assert (strict.status, strict.issue) == (400, "not-supported")
    lenient = await visitor.get("/Patient", **query)
    assert lenient.ids() == ["c1", "c2"]
    assert lenient.json["entry"][-1]["search"]["mode"] == "outcome"
    assert "44" not in str(lenient.json["entry"][-1])


@pytest.mark.parametrize(
    "query",
    [
        {"birthdate": "yesterday"},
        {"birthdate": "2026-02-30"},
        {"name:shouting": "x"},
        {"_count": "-1"},
        {"active:missing": "?"},
    ],
)
async def test_nonsense_is_refused_even_when_lenient(visitor: Visitor, query: dict[str, str]) -> None:
    assert (await visitor.get("/Patient", **query)).status == 400


async def test_a_plus_that_was_not_encoded_is_not_mistaken_for_a_zone(visitor: Visitor) -> None:
    assert (await visitor.send("GET", "/Observation?date=ge2026-01-01T00:00:00%2B00:00")).status == 200
    reply = await visitor.session.get(
        visitor.server.base_url + "/Observation?date=ge2026-01-01T00:00:00+00:00",
        headers={"Authorization": f"Bearer {visitor.token}"},
    )
    assert reply.status == 400


async def test_an_update_moves_a_resource_in_the_index(visitor: Visitor) -> None:
    created = await visitor.post("/Communication", communication())
    moved = created.json | {"subject": {"reference": "Patient/c2"}}
    await visitor.put(f"/Communication/{created.json['id']}", moved)
    assert (await visitor.get("/Communication", patient="c1")).ids() == []
    assert (await visitor.get("/Communication", patient="c2")).ids() == [created.json["id"]]
    assert (await visitor.get("/Patient", _id="c1", _revinclude="Communication:patient")).ids("include") == []


async def test_sort_by_last_update_is_newest_first_and_missing_comes_last(visitor: Visitor) -> None:
    first = await visitor.post("/Communication", communication(sent="2026-01-01"))
    second = await visitor.post("/Communication", communication())
    by_sent = await visitor.get("/Communication", _sort="-sent")
    assert by_sent.ids() == [first.json["id"], second.json["id"]]
    assert (await visitor.get("/Communication", _sort="sent")).ids() == by_sent.ids()


def test_every_path_of_the_table_is_an_element_of_r4() -> None:
    unknown = [
        (resource_type, name, path)
        for resource_type, rows in OF_TYPE.items()
        for name, param in rows.items()
        for path in param.paths
        if not _exists(resource_type, path)
    ]
    assert unknown == []
    assert set(OF_TYPE) <= TYPES


def _exists(resource_type: str, path: str) -> bool:
    model = get_fhir_model_class(resource_type)
    for step in _steps(path):
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if step.name not in fields:
            return False
        inner = [
            word
            for word in str(fields[step.name].annotation).replace("]", " ").replace("[", " ").split()
            if "Type" in word
        ]
        for word in inner:
            name = word.rpartition(".")[2].strip(",'>").removesuffix("Type")
            try:
                model = get_fhir_model_class(name)
            except ValueError:
                continue
    return True


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026", "2026-01-01T00:00:00", "2027-01-01T00:00:00"),
        ("2026-12", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
        ("2024-02-29", "2024-02-29T00:00:00", "2024-03-01T00:00:00"),
        ("2026-01-01T10:00", "2026-01-01T10:00:00", "2026-01-01T10:01:00"),
        ("2026-01-01T10:00:00+02:00", "2026-01-01T08:00:00", "2026-01-01T08:00:01"),
        ("2026-01-01T10:00:00.250Z", "2026-01-01T10:00:00.250000", "2026-01-01T10:00:00.251000"),
    ],
)
def test_a_date_covers_its_precision(text: str, start: str, end: str) -> None:
    span = dates.span(text)
    assert span is not None
    assert (span.start.replace(tzinfo=None).isoformat(), span.end.replace(tzinfo=None).isoformat()) == (start, end)


@pytest.mark.parametrize(
    "text", ["", "26", "2026-13", "2026-02-30", "2026-1-1", "0000", "2026-01-01T25:00", "٢٠٢٦", "9999-12-31"]
)
def test_what_is_no_date_or_out_of_reach_never_raises(text: str) -> None:
    assert dates.span(text) is None
