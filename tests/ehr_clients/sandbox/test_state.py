"""Charts come in whole, and what was acknowledged is there after any kind of ending."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ehr_clients.sandbox import SandboxServer
from ehr_clients.sandbox.bundles import ChartsUnreadable
from ehr_clients.sandbox.journal import StateFileError
from tests.ehr_clients.sandbox.visitor import SECRET, Visitor, communication


async def test_charts_of_a_generator_are_loaded_with_their_references(cohort: Path) -> None:
    async with SandboxServer(bundles=[cohort], client_secret=SECRET) as server, aiohttp.ClientSession() as session:
        assert (server.loaded.files, server.loaded.loaded, server.loaded.dangling) == (3, 352, 0)
        visitor = Visitor(server, session)
        await visitor.sign_in()
        found = await visitor.get("/Patient", name="debora", _revinclude="DocumentReference:patient")
        assert len(found.ids()) == 1
        assert found.ids("include")
        scores = await visitor.get("/Observation", code="44261-6", _sort="-date", _include="Observation:subject")
        dates = [
            entry["resource"]["effectiveDateTime"]
            for entry in scores.json["entry"]
            if entry["search"]["mode"] == "match"
        ]
        assert dates == sorted(dates, reverse=True)
        assert "urn:uuid" not in json.dumps(scores.json)
        resource = scores.json["entry"][0]["resource"]
        assert resource["meta"]["versionId"] == "1"
        assert server.resources_written() == []


def test_the_order_and_the_repetition_of_sources_do_not_matter(cohort: Path) -> None:
    files = sorted(cohort.glob("*_*.json"))
    assert (
        len({tuple(sorted(SandboxServer(bundles=order).counts().items())) for order in (files, files[::-1], files * 2)})
        == 1
    )


def test_every_way_to_write_a_reference_is_understood() -> None:
    doctor = {"resourceType": "Practitioner", "identifier": [{"system": "urn:npi", "value": "9"}]}
    patients = [
        {"fullUrl": "https://old.example/fhir/Patient/p", "resource": {"resourceType": "Patient", "generalPractitioner": [
            {"reference": "Practitioner?identifier=urn:npi|9"}, {"reference": "https://old.example/fhir/Patient/p"},
            {"reference": "urn:uuid:nowhere"}, {"reference": "#inside"}, {"display": "Somebody"}]}},
    ]  # fmt: skip
    practitioners = [
        {"fullUrl": "urn:uuid:7c0b", "resource": doctor, "request": {"method": "POST", "url": "Practitioner"}}
    ]
    server = SandboxServer(
        bundles=[_bundle("batch", patients), _bundle("transaction", practitioners), {"resourceType": "Basic"}]
    )
    assert server.counts() == {"Patient": 1, "Practitioner": 1, "Basic": 1}
    assert (server.loaded.dangling, server.loaded.conflicting) == (1, 0)


def test_two_bundles_may_use_one_urn_for_two_things() -> None:
    def one(patient_id: str) -> dict[str, Any]:
        goal = {"resourceType": "Goal", "id": f"goal-{patient_id}", "subject": {"reference": "urn:uuid:1"}}
        return _bundle("collection", [
            {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "id": patient_id}}, {"resource": goal},
        ])  # fmt: skip

    server = SandboxServer(bundles=[one("a"), one("b")])
    assert list(server._store.pointing("Goal", "subject", "Patient/b")) == ["goal-b"]


def test_a_broken_file_stops_the_start_without_naming_anybody(tmp_path: Path) -> None:
    (tmp_path / "Jane_Doe.json").write_text('{"resourceType": "Patient"')
    (tmp_path / "index.json").write_text("[]")
    with pytest.raises(ChartsUnreadable, match="File 1 of 2") as caught:
        SandboxServer(bundles=[tmp_path])
    assert "Jane" not in str(caught.value)


async def test_a_restart_loses_nothing_and_repeats_nothing(cohort: Path, tmp_path: Path) -> None:
    state = tmp_path / "new folder" / "state.journal"
    async with (
        SandboxServer(bundles=[cohort], client_secret=SECRET, state_file=state) as server,
        aiohttp.ClientSession() as session,
    ):
        visitor = Visitor(server, session)
        await visitor.sign_in()
        patient = (await visitor.get("/Patient")).json["entry"][0]["resource"]
        await visitor.put("/Patient/" + patient["id"], patient | {"active": False})
        await visitor.post("/Communication", communication(subject={"reference": "Patient/" + patient["id"]}))
        before = (server.counts(), server.resources_written())
    async with (
        SandboxServer(bundles=[cohort], client_secret=SECRET, state_file=state) as again,
        aiohttp.ClientSession() as session,
    ):
        assert (again.counts(), again.resources_written()) == before
        assert (again.loaded.loaded, again.loaded.already_there) == (0, 352)
        visitor = Visitor(again, session)
        await visitor.sign_in()
        kept = await visitor.get("/Patient/" + patient["id"])
        assert (kept.json["active"], kept.json["meta"]["versionId"]) == (False, "2")
        assert (await visitor.get(f"/Patient/{patient['id']}/_history/1")).json == patient
        assert (await visitor.get("/Communication", patient=patient["id"])).json["total"] == 1


def test_a_torn_last_line_is_cut_off_and_the_rest_stands(small_chart: dict[str, Any], tmp_path: Path) -> None:
    state = tmp_path / "state"
    _close(SandboxServer(bundles=[small_chart], state_file=state))
    whole = state.read_bytes()
    for tail in (b'{"origin":"client","put":[["POST",{"resourceType":"Pat', b"\x00\x00\x00\n", b"{}"):
        state.write_bytes(whole + tail)
        server = SandboxServer(bundles=[small_chart], state_file=state)
        assert server.loaded.loaded == 0
        _close(server)
        assert state.read_bytes() == whole


def test_damage_before_the_end_stops_the_start(small_chart: dict[str, Any], tmp_path: Path) -> None:
    state = tmp_path / "state"
    _close(SandboxServer(bundles=[small_chart], state_file=state))
    state.write_bytes(state.read_bytes().replace(b'"origin"', b'"ori', 1) + b"{}\n")
    with pytest.raises(StateFileError, match="line 2"):
        SandboxServer(state_file=state)


def test_a_foreign_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    state = tmp_path / "notes.txt"
    for content in (b"Dear diary,", b"Dear diary,\nand more\n", b'{"my": "json"}\n'):
        state.write_bytes(content)
        with pytest.raises(StateFileError):
            SandboxServer(state_file=state)
        assert state.read_bytes() == content


def test_two_clinics_cannot_share_a_state_file(tmp_path: Path) -> None:
    first = SandboxServer(state_file=tmp_path / "state")
    with pytest.raises(StateFileError, match="Another"):
        SandboxServer(state_file=tmp_path / "state")
    _close(first)
    _close(SandboxServer(state_file=tmp_path / "state"))


async def test_a_full_disk_stores_nothing_and_says_so(small_chart: dict[str, Any], tmp_path: Path) -> None:
    class FullDisk:
        def append(self, origin: str, entries: object) -> None:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    async with SandboxServer(bundles=[small_chart], client_secret=SECRET) as server, aiohttp.ClientSession() as session:
        visitor = Visitor(server, session)
        await visitor.sign_in()
        server._store._journal = FullDisk()  # type: ignore[assignment]  # a disk that is full in the middle of the day
        assert (await visitor.post("/Communication", communication())).status == 503
        assert (server.resources_written(), "Communication" in server.counts()) == ([], False)


_SERVE = """
import asyncio, sys
from pathlib import Path
from ehr_clients.sandbox import SandboxServer

async def main():
    server = SandboxServer(state_file=Path(sys.argv[1]), bundles=[{"resourceType": "Patient", "id": "c1"}], client_secret="open sesame")
    print(await server.start(), server.token_url, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    state = tmp_path / "state"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SERVE, str(state), stdout=asyncio.subprocess.PIPE, env=dict(os.environ)
    )
    try:
        acknowledged = await _write_until_killed(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    server = SandboxServer(state_file=state)
    kept = {each["id"] for each in server.resources_written()}
    _close(server)
    assert len(acknowledged) >= 5
    assert acknowledged <= kept


async def _write_until_killed(process: asyncio.subprocess.Process) -> set[str]:
    assert process.stdout
    base_url, token_url = (await process.stdout.readline()).decode().split()
    acknowledged: set[str] = set()
    async with aiohttp.ClientSession() as session:
        form = {"grant_type": "client_credentials", "client_id": "baton", "client_secret": SECRET}
        async with session.post(token_url, data=form) as response:
            headers = {"Authorization": "Bearer " + (await response.json())["access_token"]}
        try:
            while True:
                async with session.post(base_url + "/Communication", json=communication(), headers=headers) as response:
                    acknowledged.add((await response.json())["id"])
                if len(acknowledged) == 5:
                    process.send_signal(signal.SIGKILL)
        except aiohttp.ClientError:
            return acknowledged


def _bundle(kind: str, entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def _close(server: SandboxServer) -> None:
    server._store.close()
