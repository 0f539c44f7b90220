import asyncio
import csv
import hashlib
import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import fields

import pytest
from fhir.resources.R4B.bundle import Bundle
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.privacy import audit
from bot.privacy.audit import Action, Actor, Adapter, ClientApp, Event, FaultKind, ModelUse, Object, Outcome
from bot.privacy.audit_event import canonical
from bot.store.session import Database
from bot.store.tables import aliases, audit_events, audit_head
from bot.store.triggers import GENESIS

READ = Event(action=Action.CHART_READ, actor=Actor(id="dana", role="clinician", licence="LCSW/CA"), patient_ref="p1")
FULL = Event(
    action=Action.WRITE_CONFIRMED,
    actor=Actor(id="dana", role="clinician", licence="LCSW/CA", mfa=True),
    on_behalf_of="sam",
    app=ClientApp(app="slack", ip="192.0.2.7", device="d-1"),
    tenant="T1",
    workspace="W1",
    channel_id="C1",
    object=Object(type="draft", id="d1", version_hash="ab12"),
    patient_ref="p1",
    purpose="TREAT",
    legal_basis="164.506(c)",
    consent_id="Consent/7",
    part2_flag=True,
    field_classes=("meds", "measures"),
    recipient="Practitioner/8",
    decision="allow",
    reason="team.member",
    policy_version="2026-11",
    model=ModelUse(provider="azure", name="m", version="1", prompt_hash="cd34"),
    source_refs=("Observation/1", "DocumentReference/2"),
    output_hash="ef56",
    approval_id="a1",
    adapter=Adapter(vendor="epic", op="native", external_id="DocumentReference/9", attempt=2, idempotency_key="k1"),
    outcome=Outcome.SUCCESS,
    error_code="none",
    counts={"withheld": 2},
    subject="d1",
)


async def fill(db: Database, count: int = 6) -> None:
    for number in range(1, count + 1):
        async with db.write() as conn:
            event = Event(action=Action.DRAFT_SHOWN, object=Object(type="draft", id=f"d{number % 2}"))
            await audit.append(conn, event)


async def verdict(db: Database) -> audit.Verdict:
    async with db.read() as conn:
        return await audit.verify(conn)


# Appending


async def test_an_untouched_trail_verifies(database: Database) -> None:
    assert await verdict(database) == audit.Verdict(0, ok=True, faults=())
    await fill(database)
    assert await verdict(database) == audit.Verdict(6, ok=True, faults=())


async def test_many_at_once_make_one_chain(database: Database) -> None:
    async def one() -> None:
        async with database.write() as conn:
            await audit.append(conn, READ)

    await asyncio.gather(*(one() for _ in range(30)))
    assert await verdict(database) == audit.Verdict(30, ok=True, faults=())


async def test_the_event_goes_with_its_action_both_ways(database: Database) -> None:
    async def act_and_fail() -> None:
        async with database.write() as conn:
            await conn.execute(insert(aliases).values(alias="C-1", client_id="p1"))
            await audit.append(conn, READ)
            raise LookupError

    with pytest.raises(LookupError):
        await act_and_fail()
    assert (await verdict(database)).events == 0

    async with database.write() as conn:  # the trail is broken: nothing can be appended, so nothing may be done
        await without_triggers(conn)
        await conn.execute(delete(audit_head))

    async def act() -> None:
        async with database.write() as conn:
            await conn.execute(insert(aliases).values(alias="C-1", client_id="p1"))
            await audit.append(conn, READ)

    with pytest.raises(audit.AuditBroken):
        await act()
    async with database.read() as conn:
        assert (await conn.execute(select(aliases))).all() == []


async def test_every_field_is_kept_and_comes_back(database: Database) -> None:
    assert all(getattr(FULL, each.name) is not None for each in fields(FULL) if each.name != "at")
    async with database.write() as conn:
        event_id = await audit.append(conn, FULL)
    async with database.read() as conn:
        (event,) = await audit.tail(conn, 5)
    assert (event.event_id, event.action, event.subject) == (event_id, "write_confirmed", "d1")
    assert event.at.tzinfo is not None
    assert event.fields["adapter"] == {
        "vendor": "epic",
        "op": "native",
        "external_id": "DocumentReference/9",
        "attempt": 2,
        "idempotency_key": "k1",
    }
    assert {each.name for each in fields(FULL)} - {"at"} <= set(event.fields)


async def test_the_tail_is_newest_last_and_can_be_of_one_subject(database: Database) -> None:
    await fill(database)
    async with database.read() as conn:
        assert [event.seq for event in await audit.tail(conn, 3)] == [4, 5, 6]
        assert [event.seq for event in await audit.tail(conn, 9, subject="d0")] == [2, 4, 6]


@pytest.mark.parametrize(
    "phrase",
    [
        {"reason": "she said she would"},
        {"error_code": "Patient Maria Santos not found"},
        {"patient_ref": "Maria Santos"},
        {"source_refs": ("Observation/1", "PHQ-9 was 21")},
        {"object": Object(type="draft", id="a phrase")},
        {"counts": {"a phrase": 1}},
        {"reason": ""},
        {"decision": "maybe"},
    ],
)
def test_phrases_are_refused_and_not_repeated(phrase: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="audit event") as said:
        Event(action=Action.CHART_READ, **phrase)  # type: ignore[arg-type]  # wrong on purpose
    assert "Maria" not in str(said.value)


# The database refuses

FORBIDDEN = [
    "UPDATE audit_events SET action = 'login' WHERE seq = 2",
    "DELETE FROM audit_events WHERE seq = 2",
    "UPDATE audit_head SET count = 3",
    "DELETE FROM audit_head",
]
FORBIDDEN_SQLITE = ["REPLACE INTO audit_events SELECT * FROM audit_events WHERE seq = 2"]
FORBIDDEN_POSTGRESQL = ["TRUNCATE audit_events", "TRUNCATE audit_head"]


async def test_the_database_refuses_to_change_or_remove_a_row(database: Database) -> None:
    await fill(database)
    more = FORBIDDEN_SQLITE if database.dialect == "sqlite" else FORBIDDEN_POSTGRESQL
    for statement in (*FORBIDDEN, *more):
        with pytest.raises(DBAPIError, match=r"only grows|only counts up"):
            async with database.write() as conn:
                await conn.execute(text(statement))
    assert (await verdict(database)).ok


async def test_dropped_triggers_are_back_after_the_next_start(database: Database) -> None:
    await fill(database)
    async with database.write() as conn:
        await without_triggers(conn)
    await database.close()
    await database.open()
    with pytest.raises(DBAPIError, match="only grows"):
        async with database.write() as conn:
            await conn.execute(delete(audit_events))


# Tampering, by somebody who can drop the triggers


async def without_triggers(conn: AsyncConnection) -> None:
    if conn.dialect.name == "sqlite":
        names = (await conn.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))).scalars().all()
        for name in names:
            await conn.execute(text(f"DROP TRIGGER {name}"))
    else:
        for table in ("audit_events", "audit_head"):
            await conn.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))


async def alter_body(conn: AsyncConnection) -> None:
    body = (await conn.execute(select(audit_events.c.body).where(audit_events.c.seq == 3))).scalar_one()
    changed = body.replace("draft_shown", "draft_edited")
    await conn.execute(update(audit_events).where(audit_events.c.seq == 3).values(body=changed))


async def alter_column(conn: AsyncConnection) -> None:
    await conn.execute(update(audit_events).where(audit_events.c.seq == 3).values(subject="d9"))


async def alter_and_hash_anew(conn: AsyncConnection) -> None:
    row = (await conn.execute(select(audit_events).where(audit_events.c.seq == 3))).one()
    body = row.body.replace('"d1"', '"d9"')
    digest = hashlib.sha256((row.prev_hash + body).encode()).hexdigest()
    values = {"body": body, "hash": digest, "subject": "d9"}
    await conn.execute(update(audit_events).where(audit_events.c.seq == 3).values(**values))


async def alter_the_last_and_hash_anew(conn: AsyncConnection) -> None:
    row = (await conn.execute(select(audit_events).where(audit_events.c.seq == 6))).one()
    body = row.body.replace('"d0"', '"d9"')
    digest = hashlib.sha256((row.prev_hash + body).encode()).hexdigest()
    values = {"body": body, "hash": digest, "subject": "d9"}
    await conn.execute(update(audit_events).where(audit_events.c.seq == 6).values(**values))


async def remove_one(conn: AsyncConnection) -> None:
    await conn.execute(delete(audit_events).where(audit_events.c.seq == 3))


async def remove_the_first(conn: AsyncConnection) -> None:
    await conn.execute(delete(audit_events).where(audit_events.c.seq == 1))


async def remove_one_and_close_the_gap(conn: AsyncConnection) -> None:
    await remove_one(conn)
    for seq in (4, 5, 6):
        await conn.execute(update(audit_events).where(audit_events.c.seq == seq).values(seq=seq - 1))


async def remove_the_tail(conn: AsyncConnection) -> None:
    await conn.execute(delete(audit_events).where(audit_events.c.seq >= 5))


async def remove_everything(conn: AsyncConnection) -> None:
    await conn.execute(delete(audit_events))


def forged(seq: int, prev_hash: str) -> dict[str, object]:
    at = "2026-11-01T00:00:00.000000+00:00"
    event = Event(action=Action.LOGIN, object=Object(type="draft", id="d1"))
    body = canonical(event, seq=seq, event_id="f" * 32, at=at)
    digest = hashlib.sha256((prev_hash + body).encode()).hexdigest()
    row = {"seq": seq, "event_id": "f" * 32, "at": at, "action": "login", "subject": "d1", "body": body}
    return row | {"prev_hash": prev_hash, "hash": digest}


async def insert_at_the_end(conn: AsyncConnection) -> None:
    last = (await conn.execute(select(audit_events.c.hash).where(audit_events.c.seq == 6))).scalar_one()
    await conn.execute(insert(audit_events).values(**forged(7, last)))


async def insert_between(conn: AsyncConnection) -> None:
    for seq in (6, 5, 4, 3):
        await conn.execute(update(audit_events).where(audit_events.c.seq == seq).values(seq=seq + 1))
    before = (await conn.execute(select(audit_events.c.hash).where(audit_events.c.seq == 2))).scalar_one()
    await conn.execute(insert(audit_events).values(**forged(3, before)))


async def insert_before_the_first(conn: AsyncConnection) -> None:
    await conn.execute(insert(audit_events).values(**forged(0, GENESIS)))


async def swap_two(conn: AsyncConnection) -> None:
    for seq, to in ((3, 99), (4, 3), (99, 4)):
        await conn.execute(update(audit_events).where(audit_events.c.seq == seq).values(seq=to))


async def lose_the_head(conn: AsyncConnection) -> None:
    await conn.execute(delete(audit_head))


TAMPERINGS: list[tuple[Callable[[AsyncConnection], Awaitable[None]], list[tuple[int, FaultKind]]]] = [
    (alter_body, [(3, FaultKind.ALTERED)]),
    (alter_column, [(3, FaultKind.ALTERED)]),
    (alter_and_hash_anew, [(3, FaultKind.ALTERED)]),
    (alter_the_last_and_hash_anew, [(6, FaultKind.ALTERED)]),
    (remove_one, [(3, FaultKind.REMOVED)]),
    (remove_the_first, [(1, FaultKind.REMOVED)]),
    (remove_one_and_close_the_gap, [(3, FaultKind.REMOVED)]),
    (remove_the_tail, [(5, FaultKind.TAIL_REMOVED)]),
    (remove_everything, [(1, FaultKind.TAIL_REMOVED)]),
    (insert_at_the_end, [(7, FaultKind.INSERTED)]),
    (insert_between, [(3, FaultKind.INSERTED)]),
    (insert_before_the_first, [(0, FaultKind.INSERTED)]),
    (swap_two, [(3, FaultKind.REORDERED), (4, FaultKind.REORDERED)]),
    (lose_the_head, [(0, FaultKind.ALTERED)]),
]


@pytest.mark.parametrize(("tamper", "faults"), TAMPERINGS, ids=[each[0].__name__ for each in TAMPERINGS])
async def test_tampering_is_found_and_the_row_is_named(
    database: Database,
    tamper: Callable[[AsyncConnection], Awaitable[None]],
    faults: list[tuple[int, FaultKind]],
) -> None:
    await fill(database)
    async with database.write() as conn:
        await without_triggers(conn)
        await tamper(conn)
    found = await verdict(database)
    assert not found.ok
    assert [(fault.seq, fault.kind) for fault in found.faults] == faults
    assert all(fault.sentence.endswith(".") for fault in found.faults)


async def test_a_trail_written_anew_is_shown_up_by_an_anchor_kept_elsewhere(database: Database) -> None:
    await fill(database, 3)
    async with database.read() as conn:
        anchor = await audit.head(conn)
    async with database.write() as conn:
        await without_triggers(conn)
        await conn.execute(delete(audit_events))
        await conn.execute(update(audit_head).values(count=0, hash=GENESIS))
    await fill(database, 4)
    assert (await verdict(database)).ok  # alone, the forged trail is sound
    async with database.read() as conn:
        found = await audit.verify(conn, anchors=[anchor])
    assert [(fault.seq, fault.kind) for fault in found.faults] == [(3, FaultKind.ALTERED)]


async def test_a_trail_of_several_pages_verifies(database: Database) -> None:
    async with database.write() as conn:
        for _ in range(1005):
            await audit.append(conn, READ)
    assert await verdict(database) == audit.Verdict(1005, ok=True, faults=())


# Exporting


async def test_csv_holds_every_field_of_every_event(database: Database) -> None:
    async with database.write() as conn:
        await audit.append(conn, FULL)
        await audit.append(conn, Event(action=Action.ACCESS_REFUSED, actor=Actor(id="=cmd()"), decision="deny"))
    file = io.StringIO()
    async with database.read() as conn:
        assert await audit.export_csv(conn, file) == 2
    first, second = csv.DictReader(io.StringIO(file.getvalue()))
    assert [name for name, value in first.items() if not value] == []
    assert (first["model.prompt_hash"], first["source_refs"]) == ("cd34", "Observation/1 DocumentReference/2")
    assert second["actor.id"] == "'=cmd()"  # never a formula
    assert second["prev_hash"] == first["hash"]


async def test_fhir_export_is_valid_r4_for_every_action(database: Database) -> None:
    async with database.write() as conn:
        await audit.append(conn, FULL)
        for action in Action:
            await audit.append(conn, Event(action=action, purpose="TREAT", patient_ref="p1", outcome=Outcome.FAILED))
    async with database.read() as conn:
        bundle = await audit.export_fhir(conn)
    assert len(Bundle.model_validate_json(json.dumps(bundle)).entry or ()) == 1 + len(Action)
    created = bundle["entry"][0]["resource"]
    assert (created["action"], created["outcome"], created["type"]["code"]) == ("C", "0", "rest")
    assert [agent["type"]["coding"][0]["code"] for agent in created["agent"]] == ["110153", "IRCP", "110152"]
    assert created["entity"][0]["what"] == {"reference": "Patient/p1"}
    assert (created["entity"][0]["type"]["code"], created["entity"][0]["role"]["code"]) == ("1", "1")
    assert bundle["entry"][1]["resource"]["outcome"] == "8"
