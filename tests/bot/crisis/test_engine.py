"""An escalation at work: who is paged when, what stops a page, what moves it on, and what survives a death."""

import pytest

from bot.chat import Notice, Platform
from bot.crisis import verbs
from bot.crisis.disposition import Level
from bot.crisis.escalation import State
from bot.crisis.records import PageRow, PageState
from bot.flow.desk import FAULTS_FORGIVEN, _done
from bot.flow.office import Office
from bot.linking.leaving import deactivate
from bot.store import jobs
from bot.store.jobs import Job, Never
from tests.fakes.crisis import ASignal, complete, opened, pages, stored, story
from tests.fakes.office import Json, Work


def sent(rows: list[PageRow], label: str) -> set[tuple[str, str]]:
    chosen = [row for row in rows if row.label == label and row.state is PageState.SENT]
    return {(row.staff_id or row.channel or "", row.way.value) for row in chosen}


async def test_a_signal_pages_the_treating_clinician_and_the_supervisor_at_once(work: Work) -> None:
    found = await opened(work)
    assert (found.code, found.new) == ("E-1", True)
    reached = sent(await pages(work), "now.0.0")
    assert {("vega", "chat"), ("brandt", "chat")} <= reached
    assert ("harbor-console", "channel") in reached
    assert not {who for who, _ in reached} & {"haddad", "abernathy", "coleman", "merritt"}
    actions = await work.actions("E-1")
    assert actions[0] == "escalation_opened"
    assert actions.count("escalation_paged") == len(await pages(work)), "a page that did not arrive has its line too"
    assert await work.verified()


async def test_a_page_names_alias_tier_and_code_and_nothing_else(work: Work) -> None:
    await opened(work)
    said = [view for chat in work.chats.values() for views in chat.posts.values() for view in views]
    assert said
    for view in said:
        assert isinstance(view, Notice)
        assert view.text == "Crisis page E-1: C-102, now. Answer with: ack E-1"


async def test_no_row_and_no_log_line_holds_what_the_signal_says(work: Work) -> None:
    await opened(work, ASignal(sentence="she said ZEBRA", key="note:ZEBRA"))
    await work.kill()
    assert b"ZEBRA" not in work.database_file.read_bytes()
    assert "ZEBRA" not in str(work.log)


async def test_the_same_signal_again_changes_nothing(work: Work) -> None:
    await opened(work)
    before = await pages(work)
    again = await opened(work)
    assert (again.code, again.new) == ("E-1", False)
    assert await pages(work) == before


async def test_a_further_signal_joins_the_open_escalation_and_a_more_urgent_one_begins_anew(work: Work) -> None:
    await opened(work, ASignal(tier="same_day"))
    joined = await opened(work, ASignal(key="cssrs:obs-2", kind="cssrs.high", tier="now"))
    assert (joined.code, joined.new) == ("E-1", False)
    assert (await stored(work)).now.tier == "now"
    assert ("brandt", "chat") in sent(await pages(work), "now.0.0")
    third = await opened(work, ASignal(key="note:3", tier="follow_up"))
    assert third.code == "E-1"
    assert (await stored(work)).now.tier == "now"


async def test_nobody_answers_and_the_chain_goes_on_without_end(work: Work) -> None:
    await opened(work)
    await work.later(minutes=4, seconds=50)
    assert (await stored(work)).now.step == 0
    await work.later(seconds=20)
    assert sent(await pages(work), "now.1.0") == {("doyle", "chat")}, "at 5 min: the backup"
    await work.later(minutes=5, seconds=1)
    third = sent(await pages(work), "now.2.0")
    assert {who for who, _ in third} == {"brandt", "doyle"}, "at 10 min: supervisor and on call"
    for _ in range(4):
        await work.later(minutes=5, seconds=1)
    labels = {row.label for row in await pages(work)}
    assert {"now.3.0", "now.3.1", "now.3.2"} <= labels
    assert (await stored(work)).now.state is State.PAGED


async def test_after_an_answer_no_page_goes_out(work: Work) -> None:
    await opened(work)
    before = await pages(work)
    reply = await work.typed("brandt", "ack E-1")
    assert isinstance(reply, Notice)
    assert reply.text.startswith("E-1 (C-102, now): acknowledged by Helen Brandt at 14:00. Responsible: Helen Brandt.")
    await work.later(minutes=20)
    assert await pages(work) == before
    assert "escalation_acknowledged" in await work.actions("E-1")


async def test_everybody_who_was_paged_sees_who_answered(work: Work) -> None:
    await opened(work)
    await work.typed("vega", "ack E-1")
    await work.settled()
    shown = [views[-1] for chat in work.chats.values() for key, views in chat.posts.items() if key.startswith("E-")]
    assert len(shown) >= 3
    assert all(isinstance(view, Notice) and "acknowledged by Marisol Vega" in view.text for view in shown)


async def test_an_answer_that_nothing_comes_of_decays_and_pages_again(work: Work) -> None:
    await opened(work)
    await work.typed("vega", "ack E-1")
    await work.later(minutes=31)
    now = (await stored(work)).now
    assert (now.state, now.owner, now.epoch) == (State.PAGED, "vega", 2)
    again = {row.staff_id for row in await pages(work) if row.epoch == 2 and row.state is PageState.SENT}
    assert {"vega", "brandt"} <= again
    assert "escalation_decayed" in await work.actions("E-1")


async def test_a_platform_that_does_not_answer_is_passed_over_for_the_next(work: Work) -> None:
    work.chats[Platform.SLACK].down = True
    await opened(work)
    assert ("vega", "chat") in sent(await pages(work), "now.0.0")
    assert (await stored(work)).now.step == 0


async def test_pages_that_are_not_taken_move_on_at_once_and_still_go_out_later(work: Work) -> None:
    for chat in work.chats.values():
        chat.down = True
    await opened(work, settle=False)
    for _ in range(100):
        await work.worker.until_idle(timeout_s=10)
        if (await stored(work)).now.step == 3:
            break
    assert (await stored(work)).now.step == 3, "everybody of the chain is wanted at once"
    for chat in work.chats.values():
        chat.down = False
    await work.later(minutes=10)
    rows = await pages(work)
    assert {("vega", "chat"), ("brandt", "chat")} <= sent(rows, "now.0.0")
    keys = [key for chat in work.chats.values() for key in chat.posts]
    assert len(keys) == len(set(keys))
    assert all(len(views) == 1 for chat in work.chats.values() for views in chat.posts.values()), "none twice"


async def test_somebody_who_left_meanwhile_is_not_paged_and_the_next_one_is(work: Work) -> None:
    await opened(work)

    def leaves(clinic: Json) -> None:
        next(s for s in clinic["staff"] if s["id"] == "doyle")["active"] = False

    await work.kill()
    work.change_clinic(leaves)
    await work.restart()
    await work.later(minutes=5, seconds=10)
    rows = sent(await pages(work), "now.1.0")
    assert {who for who, _ in rows} == {"abernathy", "brandt"}, "the last resort stands in for nobody on call"
    assert "stood_in" in [one.kind for one in await story(work)]


async def test_a_policy_that_is_edited_meanwhile_changes_nothing_for_what_is_open(work: Work) -> None:
    await opened(work)

    def slower(clinic: Json) -> None:
        step = {"who": ["treating"], "ways": ["chat"], "wait_s": 80000}
        clocks = {"assess_s": 9, "disposition_s": 9, "document_s": 9, "close_s": 9}
        clinic["crisis"]["tiers"]["now"] = {"steps": [step], "clocks": clocks}

    await work.kill()
    work.change_clinic(slower)
    await work.restart()
    await work.later(minutes=5, seconds=10)
    assert sent(await pages(work), "now.1.0") == {("doyle", "chat")}


async def test_a_worker_that_dies_leaves_everything_to_the_next(work: Work) -> None:
    await opened(work, settle=False)
    await work.kill()
    await work.restart()
    await work.later(seconds=10)
    assert {("vega", "chat"), ("brandt", "chat")} <= sent(await pages(work), "now.0.0")
    assert all(len(views) == 1 for chat in work.chats.values() for views in chat.posts.values())


async def test_the_ehr_is_down_and_the_page_does_not_wait_for_it(work: Work) -> None:
    await work.server.__aexit__(None, None, None)
    await opened(work)
    reached = {who for who, _ in sent(await pages(work), "now.0.0")}
    assert {"doyle", "brandt"} <= reached
    assert "no_treating" in str([one.body for one in await story(work) if one.kind == "stood_in"])


async def test_a_fault_of_ours_in_a_page_is_tried_beyond_what_other_work_gets(work: Work) -> None:
    faults = 0

    async def broken(office: Office, job: Job) -> None:
        nonlocal faults
        faults += 1
        raise ZeroDivisionError

    tries = [Job(1, kind, "x", jobs.CRISIS, FAULTS_FORGIVEN + 1) for kind in ("crisis_page", "crisis_due", "tell")]
    with pytest.raises(ZeroDivisionError):
        await _done(work.office, broken, tries[0])
    with pytest.raises(ZeroDivisionError):
        await _done(work.office, broken, tries[1])
    with pytest.raises(Never):
        await _done(work.office, broken, tries[2])
    assert faults == 3


async def test_a_disposition_without_a_word_on_the_duty_to_warn_is_sent_back(work: Work) -> None:
    await opened(work)
    office, vega = work.office, work.staff("vega")
    await verbs.acknowledge(office, vega, "E-1")
    await verbs.assess(office, vega, "E-1", Level.MODERATE)
    form = complete().model_copy(update={"duty_to_warn": " "})
    assert "duty to warn" in (await verbs.dispose(office, vega, "E-1", form)).text
    assert (await stored(work)).now.state is State.ASSESSED


async def test_who_was_deactivated_at_run_time_is_not_waited_for(work: Work) -> None:
    assert await deactivate(work.office, "brandt", by="castell")
    await opened(work)
    rows = await pages(work)
    assert not [row for row in rows if row.staff_id == "brandt"], "nobody who left gets a page, or a step of waiting"
    assert not [row for row in rows if row.reason == "not_active"]
    assert ("vega", "chat") in sent(rows, "now.0.0")
    assert any(event.kind == "stood_in" for event in await story(work)), "somebody stands in, at once"
