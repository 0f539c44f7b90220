"""What every EHR promises about referrals: read with their tasks, changed over the version that was read, never blindly."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ehr_clients.codes import BSER_BUSINESS_STATUS
from ehr_clients.errors import EhrRefused
from ehr_clients.models import LoopTask, Read, Referral, Section
from ehr_clients.port import CommunicationWrite, Op, OrderStatusWrite, TaskStatusWrite
from tests.contract.conftest import CLIENT, OTHER_CLIENT, THERAPIST, World

NOW = datetime(2026, 11, 23, 15, 4, 5, tzinfo=UTC)
KEPT = (BSER_BUSINESS_STATUS, "5.1.4", "Service Request Event Completed")
TASK_OPS: Mapping[str, Op] = {
    "sandbox": Op.NATIVE,
    "sekmet": Op.NATIVE,
    "epic": Op.NATIVE,  # it creates no tasks, and lets them be changed
    "athena": Op.OWN_STORE,
}
ORDER_OPS: Mapping[str, Op] = {
    "sandbox": Op.NATIVE,
    "sekmet": Op.NATIVE,
    "epic": Op.NATIVE,
    "athena": Op.OWN_STORE,
}


def new_key() -> str:
    return f"t-{uuid.uuid4().hex}"


async def referrals(world: World, client: str = CLIENT) -> list[Referral]:
    answer = (await world.ehr.read(client, {Section.REFERRALS})).sections[Section.REFERRALS]
    assert isinstance(answer, Read), answer
    return [item for item in answer.items if isinstance(item, Referral)]


async def open_one(world: World) -> tuple[Referral, LoopTask]:
    """The sleep study: ordered, with a task."""
    found = next(each for each in await referrals(world) if each.what == "Sleep study")
    return found, found.task or LoopTask(ref="Task/sb-c102-task-1", version="1")


def change(task: LoopTask, **changed: Any) -> TaskStatusWrite:
    given: dict[str, Any] = {
        "client_id": CLIENT,
        "task": task.ref,
        "version": task.version,
        "status": "in-progress",
        "business": KEPT,
        "note": f"Kept: Norwood intake desk, “seen today” (call). {uuid.uuid4().hex}",
        "author": THERAPIST,
        "when": NOW,
    }
    return TaskStatusWrite(**(given | changed))


def can_change(world: World) -> None:
    if TASK_OPS[world.name] is not Op.NATIVE:
        pytest.skip("This EHR changes no tasks.")


async def test_a_referral_is_read_with_its_task_in_the_ehrs_own_codes(world: World) -> None:
    if world.name == "athena":
        assert all(each.task is None for each in await referrals(world))
        return
    can_change(world)
    closed = next(each for each in await referrals(world) if each.what.startswith("Crime victims"))
    assert closed.task is not None
    assert (closed.status, closed.task.status, closed.task.business) == ("completed", "completed", "7.0")
    assert closed.task.reports[0].text is not None
    assert "letter received" in closed.task.reports[0].text
    assert (closed.to, closed.requester_ref) == ("Delaware Valley Victim Services", THERAPIST)
    assert closed.number == "sb-c102-2"


async def test_a_change_is_stored_once_and_reads_back(world: World) -> None:
    _, task = await open_one(world)
    write, key = change(task, report="Report of the home study", owner="Practitioner/sb-p-raman"), new_key()
    receipt = await world.ehr.apply(write, key=key)
    assert receipt.op is TASK_OPS[world.name]
    assert receipt.sent_hash == receipt.readback_hash
    again = await world.ehr.apply(write, key=key)
    assert again.repeated
    assert (again.ref, again.readback_hash) == (receipt.ref, receipt.readback_hash)
    if receipt.op is not Op.NATIVE:
        return
    assert await world.ehr.stored(write, key=key) == again
    _, now = await open_one(world)
    assert (now.status, now.business, now.owner_ref) == ("in-progress", "5.1.4", "Practitioner/sb-p-raman")
    assert now.version == receipt.version != task.version
    assert [note for note in now.notes if note == write.note] == [write.note]
    assert now.notes[: len(task.notes)] == task.notes  # what others wrote stays
    assert "Report of the home study" in [report.text for report in now.reports]


async def test_what_is_not_given_stays_as_it_is(world: World) -> None:
    can_change(world)
    _, task = await open_one(world)
    await world.ehr.apply(change(task, status=None, business=None), key=new_key())
    _, now = await open_one(world)
    assert (now.status, now.business, now.owner_ref, now.due) == (task.status, task.business, task.owner_ref, task.due)


async def test_a_change_over_an_older_version_is_refused_and_nothing_is_stored(world: World) -> None:
    can_change(world)
    _, task = await open_one(world)
    await world.ehr.apply(change(task), key=new_key())
    _, between = await open_one(world)
    late = new_key()
    with pytest.raises(EhrRefused, match="Somebody changed this referral in the EHR since it was read") as refused:
        await world.ehr.apply(change(task, business=(BSER_BUSINESS_STATUS, "4.0", "Declined")), key=late)
    assert "Norwood" not in str(refused.value)
    assert await world.ehr.stored(change(task), key=late) is None
    _, now = await open_one(world)
    assert now == between


async def test_of_two_changes_at_once_one_is_stored(world: World) -> None:
    can_change(world)
    _, task = await open_one(world)
    both = (world.ehr.apply(change(task), key=new_key()) for _ in range(2))
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["EhrRefused", "Receipt"]
    (refused,) = [outcome for outcome in outcomes if isinstance(outcome, EhrRefused)]
    assert "Somebody changed this referral" in str(refused)


async def test_ten_at_once_with_one_key_change_it_once(world: World) -> None:
    can_change(world)
    _, task = await open_one(world)
    write, key = change(task), new_key()
    receipts = await asyncio.gather(*(world.ehr.apply(write, key=key) for _ in range(10)))
    assert sum(not receipt.repeated for receipt in receipts) == 1
    assert [note for note in (await open_one(world))[1].notes if note == write.note] == [write.note]


async def test_somebody_elses_task_is_not_changed(world: World) -> None:
    can_change(world)
    _, task = await open_one(world)
    with pytest.raises(EhrRefused, match="not marked as this client's"):
        await world.ehr.apply(change(task, client_id=OTHER_CLIENT), key=new_key())
    with pytest.raises(EhrRefused, match="no longer in the EHR"):
        await world.ehr.apply(replace(change(task), task="Task/nobodys"), key=new_key())
    assert (await open_one(world))[1] == task


async def test_an_order_ends_as_declared(world: World) -> None:
    """One that is closed already ends again: what counts is how this EHR takes it."""
    found = next((each for each in await referrals(world) if each.what.startswith("Crime victims")), None)
    write = OrderStatusWrite(
        client_id=CLIENT,
        order=found.source.ref if found else "ServiceRequest/sb-c102-referral-2",
        version=found.version if found else "1",
        status="completed",
        note="Closed on visit and report.",
        author=THERAPIST,
        when=NOW,
    )
    key = new_key()
    receipt = await world.ehr.apply(write, key=key)
    assert receipt.op is ORDER_OPS[world.name]
    assert receipt.sent_hash == receipt.readback_hash
    if receipt.op is Op.NATIVE:
        again = next(each for each in await referrals(world) if each.what.startswith("Crime victims"))
        assert (again.status, again.notes[-1:]) == ("completed", (write.note,))
        with pytest.raises(EhrRefused, match="Somebody changed"):
            await world.ehr.apply(write, key=new_key())


async def test_a_message_to_somebody_outside_is_kept_as_prepared_and_names_them(world: World) -> None:
    key = new_key()
    write = CommunicationWrite(
        client_id=CLIENT,
        sender=THERAPIST,
        recipients=(),
        outside="Norwood Sleep Center",
        text="Please tell us where this stands.",
        when=NOW,
    )
    receipt = await world.ehr.apply(write, key=key)
    if receipt.op is Op.NATIVE:
        (message,) = await world.stored(key)
        assert message["status"] == "preparation"  # nobody has sent it yet
        assert "sent" not in message
        assert message["recipient"] == [{"display": "Norwood Sleep Center"}]


async def test_capabilities_say_how_a_referral_is_changed(world: World) -> None:
    said = {capability.kind: capability for capability in await world.ehr.capabilities()}
    assert said["TaskStatusWrite"].op is TASK_OPS[world.name]
    assert said["OrderStatusWrite"].op is ORDER_OPS[world.name]
    assert all(said[kind].how for kind in ("TaskStatusWrite", "OrderStatusWrite"))
