"""Deciding: what is checked at the click, who is first, and what happens to words when the draft moves on."""

import asyncio
from pathlib import Path

import pytest

from bot.chat import Action, CardView, Detail, Form, Notice
from bot.drafts import State
from bot.flow import prepare
from bot.flow.records import Content
from tests.fakes.office import HARBOR, LOUNGE, SLACK_HARBOR, Json, Work, approved, asked, at_work, break_the_trail


async def test_nobody_approves_what_they_have_not_seen(work: Work) -> None:
    draft = await asked(work)
    shown = await work.press("vega", Action.APPROVE, draft)
    assert isinstance(shown, Detail)
    assert (await work.draft()).state is State.WAITING
    await work.press("vega", Action.APPROVE, draft)  # on the console the whole text is one page: now it was seen
    assert (await work.draft()).state is State.APPROVED


async def test_one_page_of_several_is_not_the_whole(work: Work) -> None:
    draft = await asked(work)
    first = await work.press("vega", Action.REVIEW, draft, SLACK_HARBOR, page="1")
    assert isinstance(first, Detail)
    assert first.pages > 1
    assert isinstance(await work.press("vega", Action.APPROVE, draft, SLACK_HARBOR), Detail)
    assert (await work.draft()).state is State.WAITING


async def test_a_page_of_an_earlier_version_leads_to_the_first_page(work: Work) -> None:
    draft = await asked(work)
    await work.change_problem()
    await work.press("vega", Action.RETRY, draft)
    await work.settled()
    fresh = await work.draft()
    assert fresh.version == 2
    shown = await work.press("vega", Action.REVIEW, fresh, SLACK_HARBOR, version=1, page="9")
    assert isinstance(shown, Detail)
    assert shown.page == 1
    assert isinstance(await work.press("vega", Action.APPROVE, fresh, SLACK_HARBOR), Detail)


async def test_two_at_once_and_exactly_one_approves(work: Work) -> None:
    draft = await asked(work, to=None)
    for staff in ("vega", "osei", "raman"):
        await work.read_all(staff, draft)
    answers = await asyncio.gather(*(work.press(s, Action.APPROVE, draft) for s in ("vega", "osei", "raman")))
    firsts = [a for a in answers if isinstance(a, CardView)]
    told = [a.text for a in answers if isinstance(a, Notice)]
    assert len(firsts) == 1
    winner = (await work.draft()).decided_by
    assert winner is not None
    name = f"{work.staff(winner).name}, {work.staff(winner).title}"
    assert told == [f"Already approved by {name} at 14:00. Your press changed nothing."] * 2
    assert (await work.actions()).count("draft_approved") == 1


async def test_a_second_click_says_who_and_when(work: Work) -> None:
    draft = await approved(work)
    await work.later(hours=20)
    again = await work.press("vega", Action.APPROVE, draft, version=1)
    assert isinstance(again, Notice)
    assert again.text.startswith("Already approved by Marisol Vega, LCSW at Mon 23 Nov, 14:00.")


async def test_a_rejection_at_the_same_moment_as_an_approval(work: Work) -> None:
    draft = await asked(work)
    for staff in ("vega", "raman"):
        await work.read_all(staff, draft)
    await asyncio.gather(
        work.press("vega", Action.APPROVE, draft), work.press("raman", Action.SAVE_REJECT, draft, reason="Not today")
    )
    actions = await work.actions()
    assert actions.count("draft_approved") + actions.count("draft_rejected") == 1


async def test_the_chart_is_compared_at_the_click(work: Work) -> None:
    draft = await asked(work)
    await work.read_all("vega", draft)
    await work.change_problem(words="Bipolar II disorder")
    answer = await work.press("vega", Action.APPROVE, draft)
    assert isinstance(answer, Notice)
    assert "changed" in answer.text
    await work.settled()
    fresh = await work.draft()
    assert (fresh.state, fresh.version) == (State.WAITING, 2)
    detail = await work.read_all("vega", fresh)
    assert isinstance(detail, Detail)
    assert "Bipolar II disorder" in str(detail.blocks)
    assert "What changed" in str(detail.blocks)
    assert not work.written("DocumentReference")


@pytest.mark.real_waits
async def test_a_slow_ehr_does_not_hold_up_the_click(work: Work) -> None:
    draft = await asked(work)
    await work.read_all("vega", draft)
    work.server.faults.delay(30)
    started = asyncio.get_running_loop().time()
    answer = await work.press("vega", Action.APPROVE, draft)
    assert asyncio.get_running_loop().time() - started < 2
    assert isinstance(answer, CardView)
    assert answer.status.text.startswith("Approved by Marisol Vega")
    assert "not filed" in answer.status.text
    await work.kill()
    work.server.faults.clear()


async def test_an_unlicensed_person_may_edit_and_reject_but_not_approve(tmp_path: Path) -> None:
    async with at_work(tmp_path, clients=("c105",)) as work:
        draft = await asked(work, to="baptiste", by="frye", alias="C-105")
        await work.read_all("frye", draft)
        answer = await work.press("frye", Action.APPROVE, draft)
        assert isinstance(answer, Notice)
        assert "licence" in answer.text
        assert isinstance(await work.press("frye", Action.EDIT, draft), Form)
        assert (await work.trail())[-1].fields["reason"] == "licence.decide"


async def test_people_off_the_care_team_see_and_decide_nothing(work: Work) -> None:
    draft = await asked(work, to=None)
    for staff in ("doyle", "baptiste", "abernathy", "coleman", "jensen", "castell"):
        for action in (Action.REVIEW, Action.APPROVE, Action.EDIT, Action.SAVE_REJECT):
            answer = await work.press(staff, action, draft, reason="because")
            assert isinstance(answer, Notice), (staff, action)
    assert (await work.draft()).state is State.WAITING
    refused = [e for e in await work.trail() if e.action in {"access_refused", "approval_refused"}]
    assert len(refused) == 24
    assert all(e.fields["decision"] == "deny" for e in refused)


async def test_the_named_receiver_reads_nothing_before_it_is_filed(work: Work) -> None:
    draft = await asked(work, to="doyle")  # not on the care team
    assert isinstance(await work.read_all("doyle", draft), Notice)
    await work.read_all("vega", draft)
    await work.press("vega", Action.APPROVE, draft)
    await work.settled()
    filed = await work.draft()
    assert filed.state is State.FILED
    assert isinstance(await work.read_all("doyle", filed), Detail)


async def test_no_decision_in_a_channel_that_was_closed(work: Work) -> None:
    draft = await asked(work)
    await work.read_all("vega", draft)
    assert isinstance(await work.press("vega", Action.APPROVE, draft, LOUNGE), Notice)
    assert (await work.draft()).state is State.WAITING


async def test_a_closed_channel_is_not_redrawn_and_the_asker_gets_the_card(work: Work) -> None:
    draft = await asked(work)

    def close(clinic: Json) -> None:
        for channel in clinic["channels"]:
            if channel["external_id"] == HARBOR.conversation:
                channel["phi"] = False

    drawn = len(work.chats[HARBOR.platform].posts[f"card-{draft.id}-0"])
    work.change_clinic(close)
    await work.restart()
    direct = HARBOR.__class__(HARBOR.platform, "console", "direct.vega", personal=True)
    await work.read_all("vega", draft, direct)
    await work.press("vega", Action.APPROVE, draft, direct)
    await work.settled()
    assert len(work.chats[HARBOR.platform].posts[f"card-{draft.id}-0"]) == drawn
    assert work.card("direct.vega").status.text.startswith("Filed")


# Edits


async def _edit_form(work: Work) -> Form:
    form = await work.press("vega", Action.EDIT, await work.draft())
    assert isinstance(form, Form)
    return form


async def test_edited_lines_are_the_editors_and_the_others_keep_their_sources(work: Work) -> None:
    draft = await asked(work)
    form = await _edit_form(work)
    field = next(f for f in form.fields if len(f.value.splitlines()) > 1)
    words = field.value + "\nCall the sister before Monday."
    values = {f.key: f.value for f in form.fields} | {field.key: words}
    await work.press("vega", Action.SAVE_EDIT, draft, form=values)
    fresh = await work.draft()
    assert fresh.version == 2
    content = await _content(work)
    edited = next(p for p in content.text.passages if p.key == field.key)
    base = next(p for p in content.base.passages if p.key == field.key)
    assert edited.lines[:-1] == base.lines
    assert edited.lines[-1].kind == "edited"
    assert not edited.lines[-1].sources
    assert content.made_by == "vega"
    assert isinstance(await work.press("osei", Action.APPROVE, fresh), Detail)  # has not seen this version
    assert isinstance(await work.press("vega", Action.APPROVE, fresh), CardView)  # wrote it


async def _content(work: Work) -> Content:
    draft = await work.draft()
    async with work.office.db.read() as conn:
        content = await prepare.opened(conn, work.office, draft)
    assert content is not None
    return content


async def test_saving_nothing_new_changes_nothing(work: Work) -> None:
    draft = await asked(work)
    form = await _edit_form(work)
    await work.press("vega", Action.SAVE_EDIT, draft, form={f.key: f.value for f in form.fields})
    assert (await work.draft()).version == 1


async def test_deleting_everything_comes_back_as_a_form(work: Work) -> None:
    draft = await asked(work)
    form = await _edit_form(work)
    back = await work.press("vega", Action.SAVE_EDIT, draft, form={f.key: "" for f in form.fields})
    assert isinstance(back, Form)
    assert back.error


async def test_words_are_not_lost_when_the_draft_moved_on(work: Work) -> None:
    draft = await asked(work)
    form = await _edit_form(work)
    mine = {f.key: f.value for f in form.fields}
    theirs = dict(mine)
    one, other = form.fields[0].key, form.fields[1].key
    theirs[other] = "Written by the prescriber."
    mine[one] = "Written by the therapist."
    await work.press("raman", Action.SAVE_EDIT, draft, form=theirs)
    back = await work.press("vega", Action.SAVE_EDIT, draft, form=mine)
    assert isinstance(back, Form)
    values = {f.key: f.value for f in back.fields}
    assert back.version == 2
    assert values[one] == "Written by the therapist."
    assert values[other] == "Written by the prescriber."
    await work.press("vega", Action.SAVE_EDIT, await work.draft(), version=back.version, form=values)
    assert (await work.draft()).version == 3


async def test_two_who_save_at_once_lose_nothing(work: Work) -> None:
    draft = await asked(work)
    form = await _edit_form(work)
    key = form.fields[0].key
    answers = await asyncio.gather(
        work.press("vega", Action.SAVE_EDIT, draft, form={key: "By Vega."}),
        work.press("raman", Action.SAVE_EDIT, draft, form={key: "By Raman."}),
    )
    second = next(a for a in answers if isinstance(a, Form))
    assert sum(isinstance(a, CardView) for a in answers) == 1
    assert second.fields[0].value in {"By Vega.", "By Raman."}


async def test_an_edit_outlives_a_change_elsewhere_and_is_set_aside_visibly_when_its_own_section_changed(
    work: Work,
) -> None:
    draft = await asked(work)
    words = (await _content(work)).text.passages
    told = next(p for p in words if "depressive" in p.plain())
    other = next(p for p in reversed(words) if p.lines and "depressive" not in p.plain())
    await work.press("vega", Action.SAVE_EDIT, draft, form={told.key: "In my words.", other.key: "Also in my words."})
    problem = next(c for c in await work.chart("Condition") if "depressive" in c["code"]["text"])
    await work.put(problem | {"code": problem["code"] | {"text": "Cyclothymic disorder"}})
    await work.press("vega", Action.RETRY, await work.draft())
    await work.settled()
    content = await _content(work)
    now = {p.key: p.plain() for p in content.text.passages}
    assert content.version == 3
    assert now[other.key] == "Also in my words."
    assert "Cyclothymic disorder" in now[told.key]
    assert any("your wording was set aside" in change and "In my words." in change for change in content.changes)
    assert (await work.read_all("osei", await work.draft())) is not None


async def test_a_reason_for_a_rejection(work: Work) -> None:
    draft = await asked(work)
    assert isinstance(await work.press("vega", Action.SAVE_REJECT, draft, reason=" "), Form)
    card = await work.press("vega", Action.SAVE_REJECT, draft, reason="Wrong moment")
    assert isinstance(card, CardView)
    assert card.status.text.startswith("Rejected by Marisol Vega, LCSW at 14:00")
    assert not card.buttons
    late = await work.press("vega", Action.APPROVE, draft)
    assert isinstance(late, Notice)
    assert late.text.startswith("Already rejected by Marisol Vega")


# When our own side fails


async def test_nothing_happens_when_the_audit_trail_cannot_take_it(work: Work) -> None:
    draft = await asked(work)
    await work.read_all("vega", draft)
    await break_the_trail(work)
    answer = await work.press("vega", Action.APPROVE, draft)
    assert isinstance(answer, Notice)
    assert "went wrong on our side" in answer.text
    assert (await work.draft()) == draft
    assert not [row for row in await work.rows("jobs") if row["kind"] == "file"]
    edited = await work.press("vega", Action.SAVE_REJECT, draft, reason="Not like this")
    assert isinstance(edited, Notice)
    assert (await work.draft()) == draft


async def test_somebody_who_left_is_a_stranger(work: Work) -> None:
    draft = await asked(work)
    answer = await work.press("merritt", Action.REVIEW, draft)
    assert isinstance(answer, Notice)
    assert answer.text.startswith("I do not know you here")
    assert (await work.trail())[-1].fields["reason"] == "identity.unknown"
