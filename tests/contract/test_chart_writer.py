"""What every EHR promises to whoever files (ehr_clients/port.py, ChartWriter)."""

import asyncio
import hashlib
import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ehr_clients.errors import ClientNotFound, EhrRefused
from ehr_clients.port import (
    AuditWrite,
    CarePlanWrite,
    CommunicationWrite,
    DocumentWrite,
    FlagWrite,
    Op,
    ProvenanceWrite,
    TaskWrite,
    Write,
)
from tests.contract.conftest import CLIENT, THERAPIST, World

NOW = datetime(2026, 11, 23, 15, 4, 5, tzinfo=UTC)
PRESCRIBER = "Practitioner/sb-p-raman"
TEXT = "Handoff\n\nSeverity: stable — “watcher” since Friday.\nPHQ-9 15 → 12. Zoë, naïve, 日本.\n"

EVERY = (
    *("DocumentWrite", "CommunicationWrite", "TaskWrite", "FlagWrite", "CarePlanWrite"),
    *("ProvenanceWrite", "AuditWrite"),
)
OPS: dict[str, dict[str, Op | None]] = {
    "sandbox": dict.fromkeys(EVERY, Op.NATIVE),
    "sekmet": dict.fromkeys(EVERY, Op.NATIVE),
    "epic": {
        "DocumentWrite": Op.NATIVE,
        "CommunicationWrite": Op.NATIVE,
        "TaskWrite": Op.FALLBACK,
        "FlagWrite": Op.FALLBACK,
        "CarePlanWrite": Op.FALLBACK,
        "ProvenanceWrite": Op.OWN_STORE,
        "AuditWrite": Op.OWN_STORE,
    },
    "athena": {
        "DocumentWrite": None,
        "CommunicationWrite": Op.OWN_STORE,
        "TaskWrite": Op.OWN_STORE,
        "FlagWrite": Op.OWN_STORE,
        "CarePlanWrite": Op.OWN_STORE,
        "ProvenanceWrite": Op.OWN_STORE,
        "AuditWrite": Op.OWN_STORE,
    },
}


def document(**changed: Any) -> DocumentWrite:
    given: dict[str, Any] = {
        "client_id": CLIENT,
        "type_code": "34785-6",
        "type_text": "Handoff summary",
        "title": "Handoff summary",
        "text": TEXT,
        "author": THERAPIST,
        "when": NOW,
    }
    return DocumentWrite(**(given | changed))


def writes() -> list[Write]:
    note = "DocumentReference/sb-c102-note-06"
    return [
        document(),
        CommunicationWrite(
            client_id=CLIENT, sender=THERAPIST, recipients=(PRESCRIBER,), text=TEXT, when=NOW, about=(note,)
        ),
        TaskWrite(
            client_id=CLIENT,
            what="Call the pharmacy",
            requester=THERAPIST,
            owner=PRESCRIBER,
            due=date(2026, 11, 25),
            when=NOW,
        ),
        FlagWrite(client_id=CLIENT, text="Suicide risk: see the safety plan", author=THERAPIST, when=NOW),
        CarePlanWrite(
            client_id=CLIENT,
            title="Safety plan",
            steps=(("Warning signs", "Not sleeping; zoë stays away."), ("Internal coping", "Walks by the river.")),
            author=THERAPIST,
            when=NOW,
        ),
        ProvenanceWrite(
            client_id=CLIENT, targets=(note,), verifier=THERAPIST, when=NOW, sources=("CarePlan/sb-c102-plan",)
        ),
        AuditWrite(
            client_id=CLIENT,
            event_id="ev-1",
            action="write_confirmed",
            who=THERAPIST,
            purpose="TREAT",
            when=NOW,
            about=(note,),
        ),
    ]


def new_key() -> str:
    return f"t-{uuid.uuid4().hex}"


@pytest.mark.parametrize("write", writes(), ids=lambda write: type(write).__name__)
async def test_a_write_is_stored_as_declared_and_reads_back_the_same(world: World, write: Write) -> None:
    op, key = OPS[world.name][type(write).__name__], new_key()
    if op is None:
        with pytest.raises(EhrRefused, match="nothing can be filed"):
            await world.ehr.apply(write, key=key)
        return
    assert await world.ehr.stored(write, key=key) is None
    receipt = await world.ehr.apply(write, key=key)
    assert receipt.op is op
    assert receipt.sent_hash == receipt.readback_hash
    assert not receipt.repeated
    assert len(await world.stored(key)) == (0 if op is Op.OWN_STORE else 1)
    assert (receipt.ref == f"own-store/{key}") is (op is Op.OWN_STORE)
    again = await world.ehr.apply(write, key=key)
    assert op is Op.OWN_STORE or again == await world.ehr.stored(write, key=key)
    assert again.repeated
    assert (again.ref, again.version, again.readback_hash) == (receipt.ref, receipt.version, receipt.readback_hash)
    assert len(await world.stored(key)) == (0 if op is Op.OWN_STORE else 1)


async def test_the_hash_of_a_text_is_that_of_its_bytes(world: World) -> None:
    receipt = await world.ehr.apply(writes()[1], key=new_key())
    assert receipt.sent_hash == hashlib.sha256(TEXT.encode()).hexdigest()


async def test_ten_at_once_with_one_key_store_one(world: World) -> None:
    key, write = new_key(), writes()[1]
    receipts = await asyncio.gather(*(world.ehr.apply(write, key=key) for _ in range(10)))
    assert len({receipt.ref for receipt in receipts}) == 1
    assert sum(not receipt.repeated for receipt in receipts) == 1
    assert len(await world.stored(key)) == (0 if OPS[world.name]["CommunicationWrite"] is Op.OWN_STORE else 1)


async def test_the_same_key_with_another_text_is_refused(world: World) -> None:
    if OPS[world.name]["DocumentWrite"] is None:
        pytest.skip("This EHR takes no documents; its own-store receipts are the caller's to compare.")
    key = new_key()
    await world.ehr.apply(document(), key=key)
    with pytest.raises(EhrRefused, match="differs"):
        await world.ehr.apply(document(text="Something else."), key=key)


async def test_nothing_is_written_for_an_unknown_client(world: World) -> None:
    if OPS[world.name]["DocumentWrite"] is None:
        pytest.skip("This EHR takes no documents at all.")
    key = new_key()
    with pytest.raises(ClientNotFound):
        await world.ehr.apply(document(client_id="nobody"), key=key)
    assert await world.stored(key) == []


async def test_capabilities_say_how_each_write_goes(world: World) -> None:
    said = {capability.kind: capability for capability in await world.ehr.capabilities()}
    assert {kind: said[kind].op for kind in OPS[world.name]} == OPS[world.name]
    assert all(capability.how for capability in said.values())
