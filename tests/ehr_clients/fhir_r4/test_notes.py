import base64
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from aiohttp import web

from ehr_clients.fhir_r4 import FhirR4, FhirR4Settings, notes
from ehr_clients.fhir_r4.material import sift
from ehr_clients.models import Note, Read, Section
from tests.ehr_clients.fhir_r4.scripted import Scripted

type Json = dict[str, Any]


def document(note_id: str = "1", **more: Any) -> Json:
    data = base64.b64encode(b"Data: calm.").decode()
    return {
        "resourceType": "DocumentReference",
        "id": note_id,
        "status": "current",
        "type": {"text": "Progress note"},
        "subject": {"reference": "Patient/p"},
        "date": "2026-11-02T10:00:00-05:00",
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
        **more,
    }


def kept(*documents: Json) -> list[str]:
    return [found["id"] for found in notes.current_notes(sift(documents, "p").kept)]


def test_a_replaced_note_gives_way_to_the_one_that_replaces_it() -> None:
    old = document("old")
    new = document("new", relatesTo=[{"code": "replaces", "target": {"reference": "DocumentReference/old"}}])
    assert kept(old, new) == ["new"]
    assert notes.note(new, {}, {}).amended
    assert not notes.note(old, {}, {}).amended


def test_an_addendum_stands_beside_its_note() -> None:
    addendum = document(
        "2", date="2026-11-03", relatesTo=[{"code": "appends", "target": {"reference": "DocumentReference/1"}}]
    )
    assert kept(document(), addendum) == ["2", "1"]


@pytest.mark.parametrize(
    "state", [{"status": "entered-in-error"}, {"docStatus": "entered-in-error"}, {"status": "superseded"}]
)
def test_withdrawn_notes_are_left_out(state: Json) -> None:
    assert kept(document(**state)) == []


@pytest.mark.parametrize(
    "mark",
    [
        {"meta": {"security": [{"code": "PSYTHPN"}]}},
        {"securityLabel": [{"coding": [{"code": "PSYTHPN"}]}]},
        {"type": {"text": "Psychotherapy note"}},
        {"type": {"coding": [{"code": "x", "display": "Psychotherapy Note"}]}},
        {"category": [{"text": "Psychotherapy notes (kept separate)"}]},
        {"description": "SUD counseling note"},
        {"content": [{"attachment": {"title": "Process note"}}]},
    ],
)
def test_what_is_kept_apart_by_law_is_dropped_and_counted(mark: Json) -> None:
    sifted = sift([document(**mark), document("2")], "p")
    assert [found["id"] for found in sifted.kept] == ["2"]
    assert sifted.dropped == 1


def test_words_in_a_note_do_not_hide_it() -> None:
    data = base64.b64encode(b"See the psychotherapy note of Monday.").decode()
    assert kept(document(content=[{"attachment": {"contentType": "text/plain", "data": data}}])) == ["1"]


def test_documents_that_stand_in_for_other_resources_are_no_notes() -> None:
    assert (
        kept(document(category=[{"coding": [{"system": "https://baton.care/fhir/document", "code": "audit"}]}])) == []
    )


def test_the_best_attachment_is_read() -> None:
    content = [
        {"attachment": {"contentType": "application/pdf", "data": "AAAA"}},
        {"attachment": {"contentType": "text/html", "data": base64.b64encode(b"<p>html</p>").decode()}},
        {"attachment": {"contentType": "text/plain", "data": base64.b64encode(b"plain").decode()}},
    ]
    assert notes.note(document(content=content), {}, {}).text == "plain"
    assert notes.note(document(content=content[:2]), {}, {}).text == "html"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            [{"attachment": {"contentType": "application/pdf", "data": "AAAA"}}],
            "(this note is stored as application/pdf; open it in the EHR)",
        ),
        ([{"attachment": {"contentType": "text/plain", "data": "%%%"}}], notes.DAMAGED),
        ([{"attachment": {}}], notes.EMPTY),
        ([], notes.EMPTY),
        ("nonsense", notes.EMPTY),
    ],
)
def test_a_note_that_cannot_be_read_is_shown_as_such(content: Any, text: str) -> None:
    assert notes.note(document(content=content), {}, {}).text == text


@pytest.mark.parametrize(
    ("status", "signed"), [("final", True), ("amended", True), ("preliminary", False), (None, None), ("odd", None)]
)
def test_whether_a_note_is_signed_has_three_answers(status: str | None, signed: object) -> None:
    assert notes.note(document(docStatus=status), {}, {}).signed is signed


def test_dates_partial_future_and_zoneless() -> None:
    dates = [
        "2026-11-05",
        "2030-01-01T00:00:00Z",
        "2026",
        "2026-11-04T10:00:00",
        "not a date",
        "2026-13-45",
        "2026-11-03T23:59:60Z",
    ]
    documents = [document(str(place), date=when) for place, when in enumerate(dates)]
    shown = [notes.note(found, {}, {}).when for found in notes.current_notes(documents)]
    assert [value for value in shown if value] == [
        datetime(2030, 1, 1, tzinfo=UTC),
        date(2026, 11, 5),
        date(2026, 11, 4),
        date(2026, 11, 3),
    ]


@pytest.fixture
async def stub() -> AsyncIterator[Scripted]:
    """Notes whose text is kept as Binary: FHIR JSON, raw, missing, elsewhere, and of a kind nobody can read."""
    offered = [
        {"type": kind, "interaction": [{"code": "read"}, {"code": "search-type"}]}
        for kind in ("DocumentReference", "Patient")
    ]

    def at(note_id: str, url: str, content_type: str = "text/html") -> Json:
        return document(
            note_id,
            content=[{"attachment": {"contentType": content_type, "url": url}}],
            author=[{"reference": "Practitioner/x"}],
        )

    async def fhir(request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/fhir/")
        here = f"http://{request.host}/fhir"
        match path:
            case "metadata":
                return web.json_response({"rest": [{"resource": offered}]})
            case "Patient/p":
                return web.json_response({"resourceType": "Patient", "id": "p"})
            case "Practitioner/x":
                return web.json_response(
                    {"resourceType": "Practitioner", "name": [{"family": "Vega", "given": ["Marisol"]}]}
                )
            case "Binary/json":
                data = base64.b64encode(b"<p>from json</p>").decode()
                return web.json_response({"resourceType": "Binary", "data": data}, content_type="application/fhir+json")
            case "Binary/raw":
                return web.Response(body=b"<p>from raw</p>", content_type="text/html")
            case "DocumentReference/_search":
                entries = [
                    at("json", "Binary/json"),
                    at("raw", f"{here}/Binary/raw"),
                    at("gone", "Binary/gone"),
                    at("away", "https://evil.example/Binary/1"),
                    at("pdf", "Binary/pdf", "application/pdf"),
                    at("apart", "Binary/apart") | {"type": {"text": "Psychotherapy note"}},
                ]
                return web.json_response(
                    {"resourceType": "Bundle", "entry": [{"resource": entry} for entry in entries]}
                )
        return web.json_response({}, status=404)

    async with Scripted([fhir]) as server:
        yield server


async def test_text_kept_elsewhere_is_fetched_from_the_same_server_only(stub: Scripted) -> None:
    async with FhirR4(FhirR4Settings(base_url=stub.base_url)) as ehr:
        answer = (await ehr.read("p", {Section.NOTES})).sections[Section.NOTES]
    assert isinstance(answer, Read)
    found = {item.source.ref.split("/")[1]: item for item in answer.items if isinstance(item, Note)}
    assert {ref: item.text for ref, item in found.items()} == {
        "json": "from json",
        "raw": "from raw",
        "gone": notes.UNREAD,
        "away": notes.ELSEWHERE,
        "pdf": "(this note is stored as application/pdf; open it in the EHR)",
    }
    assert answer.dropped == 1
    assert "could not be read" in (answer.incomplete or "")
    asked = [path for _, path, _, _ in stub.asked]
    assert not [path for path in asked if path.endswith(("/Binary/apart", "/Binary/pdf"))]
    assert {item.author for item in found.values()} == {"Marisol Vega"}
    assert asked.count("/fhir/Practitioner/x") == 1
