"""From `/crisis C-102` to closed, as people see it: pages, buttons, the draft, the code, the chart, the trail."""

import pytest

from bot.chat import Action, Detail, Form, Notice, Picker, Place, Platform
from bot.drafts import Draft, State
from tests.fakes.office import HARBOR, Work

FORM = {
    "kind": "safety plan",
    "level": "moderate",
    "means": "done",
    "safety_plan_on": "2026-11-23",
    "next_contact_at": "2026-11-24 09:30",
    "contacts": "mother, by telephone",
    "notified": "nobody",
    "duty_to_warn": "Does not apply: nobody else is named.",
}


@pytest.fixture
async def known(work: Work) -> Work:
    """C-102 is known to Baton, as after any earlier request."""
    await work.typed("vega", "/handoff C-102")
    await work.settled()
    return work


async def raised(work: Work, by: str = "vega", words: str = "/crisis C-102 she texted goodbye") -> Notice:
    reply = await work.typed(by, words)
    await work.settled()
    assert isinstance(reply, Notice)
    return reply


async def acknowledged(work: Work, by: str = "vega") -> None:
    await raised(work)
    await work.press(by, Action.CRISIS_ACK, "E-1")
    await work.settled()


async def crisis_draft(work: Work) -> Draft:
    return next(draft for draft in await work.drafts() if draft.skill == "crisis")


async def state(work: Work) -> str:
    (row,) = await work.rows("escalations")
    return str(row["state"])


async def test_from_the_call_to_closed(known: Work) -> None:
    work = known
    reply = await raised(work)
    assert "E-1 is open" in reply.text
    assert "goodbye" not in reply.text
    await work.press("vega", Action.CRISIS_ACK, "E-1")
    await work.settled()
    assert await state(work) == "acknowledged"

    draft = await crisis_draft(work)
    assert draft.asked_by == "vega"
    assert any(row["draft_id"] == draft.id and row["to_staff"] == "brandt" for row in await work.rows("cards"))
    shown = await work.press("brandt", Action.APPROVE, draft)
    assert isinstance(shown, Detail), "nobody approves what they have not seen"
    await work.read_all("brandt", draft)
    form = await work.press("brandt", Action.APPROVE, draft)
    assert isinstance(form, Form), "the code is typed again"
    wrong = await work.press("brandt", Action.SAVE_APPROVE, draft, code="E-2")
    assert isinstance(wrong, Form)
    assert (await crisis_draft(work)).state is State.WAITING
    await work.press("brandt", Action.SAVE_APPROVE, draft, code="e-1")
    await work.settled()
    assert (await crisis_draft(work)).state is State.FILED
    assert len(work.written("Flag")) == 1
    assert work.written("DocumentReference")
    assert work.written("Communication")
    assert {plan["status"] for plan in work.written("CarePlan")} == {"draft"}

    levels = await work.press("vega", Action.CRISIS_ASSESS, "E-1")
    assert isinstance(levels, Picker)
    await work.press("vega", Action.CRISIS_SAVE_ASSESS, "E-1", choice="moderate")
    blank = await work.press("vega", Action.CRISIS_DISPOSE, "E-1")
    assert isinstance(blank, Form)
    assert next(f.value for f in blank.fields if f.key == "level") == "moderate"
    done = await work.press("vega", Action.CRISIS_SAVE_DISPOSE, "E-1", form=FORM)
    assert isinstance(done, Notice), done
    await work.settled()
    assert await state(work) == "documented"
    tasks = {task["description"] for task in work.written("Task")}
    assert {"Contact after E-1", "Visit after E-1"} <= tasks
    await work.press("vega", Action.CRISIS_CLOSE, "E-1")
    assert await state(work) == "closed"
    await work.settled()
    assert await work.verified()
    actions = await work.actions()
    for wanted in ("escalation_opened", "escalation_acknowledged", "draft_approved", "escalation_disposition"):
        assert wanted in actions
    assert {"escalation_documented", "escalation_closed"} <= set(actions)


async def test_whoever_answered_cannot_approve_the_draft_themselves(known: Work) -> None:
    await acknowledged(known)
    draft = await crisis_draft(known)
    await known.read_all("vega", draft)
    said = await known.press("vega", Action.SAVE_APPROVE, draft, code="E-1")
    assert isinstance(said, Notice)
    assert (await crisis_draft(known)).state is State.WAITING
    assert "approval_refused" in await known.actions()


async def test_typed_approval_counts_only_for_who_has_read_it(known: Work) -> None:
    await acknowledged(known)
    own = Place(Platform.WEB, "console", "direct.brandt", personal=True)
    assert isinstance(await known.typed("brandt", "approve E-1", own), Detail)
    draft = await crisis_draft(known)
    assert draft.state is State.WAITING
    await known.read_all("brandt", draft, own)
    await known.typed("brandt", "approve E-1", own)
    await known.settled()
    assert (await crisis_draft(known)).state is State.FILED


async def test_the_draft_does_not_expire_and_people_are_told_again(known: Work) -> None:
    await acknowledged(known)
    await known.later(minutes=31)
    draft = await crisis_draft(known)
    assert draft.state is State.WAITING
    assert any("still waits for a decision" in words for words in known.told("brandt"))
    await known.later(minutes=31)
    assert len([words for words in known.told("brandt") if "still waits" in words]) == 2
    await known.read_all("brandt", draft)
    await known.press("brandt", Action.SAVE_APPROVE, draft, code="E-1")
    await known.settled()
    assert (await crisis_draft(known)).state is State.FILED


async def test_the_ehr_down_stops_no_escalation_and_the_draft_comes_later(known: Work) -> None:
    known.server.faults.fail_next(500, 503)
    await raised(known)
    await known.press("vega", Action.CRISIS_ACK, "E-1")
    await known.later(seconds=5)
    assert await state(known) == "acknowledged"
    assert not [draft for draft in await known.drafts() if draft.skill == "crisis"]
    known.server.faults.clear()
    await known.later(minutes=6)
    assert (await crisis_draft(known)).state is State.WAITING


async def test_nothing_typed_is_lost_when_something_is_missing(known: Work) -> None:
    await acknowledged(known)
    await known.press("vega", Action.CRISIS_SAVE_ASSESS, "E-1", choice="high")
    typed = {**FORM, "safety_plan_on": "", "notified": "the police", "words": "Seen at 14:30."}
    form = await known.press("vega", Action.CRISIS_SAVE_DISPOSE, "E-1", form=typed)
    assert isinstance(form, Form)
    assert {field.key: field.value for field in form.fields}["words"] == "Seen at 14:30."
    assert next(field.error for field in form.fields if field.key == "notified")
    form = await known.press("vega", Action.CRISIS_SAVE_DISPOSE, "E-1", form={**typed, "notified": "nobody"})
    assert isinstance(form, Form)
    assert "safety plan" in form.error
    assert await state(known) == "assessed"


async def test_a_second_person_confirms_that_it_was_none_and_the_chart_says_so(known: Work) -> None:
    await acknowledged(known)
    asked = await known.press("vega", Action.CRISIS_DOUBT, "E-1", HARBOR)
    assert isinstance(asked, Form)
    await known.press("vega", Action.CRISIS_SAVE_DOUBT, "E-1", reason="A joke between friends, seen with her.")
    assert await state(known) == "acknowledged"
    await known.press("vega", Action.CRISIS_CONFIRM, "E-1")
    assert await state(known) == "acknowledged", "not the same person twice"
    await known.press("brandt", Action.CRISIS_CONFIRM, "E-1")
    await known.settled()
    assert await state(known) == "documented"
    assert not [task for task in known.written("Task") if "after E-1" in task.get("description", "")]
