"""`/referral status` and `/referral list`: to whoever may see it, to them alone, and with the time of what is shown."""

from datetime import timedelta
from typing import Any

from bot.chat import Action, CardView, Detail, Form, Notice
from bot.drafts import State
from bot.flow.office import EHR_LANE
from bot.store import jobs
from skills.kit import Banner, Picture, Rows
from skills.referral.loop import NO_VISIT
from tests.fakes.office import HARBOR, LIGHTHOUSE, LOUNGE, Work

R1 = "referral-1"
CALL = {"step": "accepted", "how": "call", "said_by": "Norwood front desk", "words": "They take her.", "when": ""}


def text(view: object) -> str:
    if isinstance(view, CardView):
        rows = [f"{row.label}: {row.value}" for b in view.card.summary if isinstance(b, Rows) for row in b.rows]
        rows += [f"{r.label}: {r.value}" for b in view.card.summary if isinstance(b, Picture) for r in b.table]
        banners = [b.text for b in view.card.summary if isinstance(b, Banner)]
        return "\n".join([view.status.text, *rows, *banners])
    return view.text if isinstance(view, Notice) else str(view)


async def asked(work: Work, words: str, by: str = "vega") -> str:
    """What came to whoever asked; the answer at once where nothing came later."""
    before = len(_heard(work, by))
    said = await work.typed(by, words)
    await work.settled()
    heard = _heard(work, by)
    return text(heard[-1] if len(heard) > before else said)


def _heard(work: Work, who: str) -> list[Any]:
    return [view for chat in work.chats.values() for view in chat.told(work.staff(who))]


async def changed(work: Work, **task: Any) -> None:
    """Somebody at the other end changes the task of R-1, and the EHR says so."""
    loop = next(one for one in await work.chart("Task") if one["status"] != "completed")
    await work.put(loop | task)
    async with work.office.db.write() as conn:
        await jobs.enqueue(conn, "referral_changed", "sb-c102", lane=EHR_LANE)
    await work.settled()


ACCEPTED = {
    "status": "accepted",
    "businessStatus": {"coding": [{"code": "3.0"}]},
}


# Looking


async def test_where_it_stands_since_when_and_who_owes(work: Work) -> None:
    shown = await asked(work, "/referral status C-102")
    assert "R-1 C-102: scheduled, since 11/13/2026; the receiver owes the next step; overdue by 17 days" in shown
    assert "As the EHR has it at Mon 23 Nov 14:00." in shown
    assert work.chats[HARBOR.platform].cards("harbor-care") == []
    assert "Norwood" not in shown  # what was ordered, and for whom, stands in the detail


async def test_one_of_them_by_its_number_with_what_may_be_done(work: Work) -> None:
    await asked(work, "/referral status C-102")
    await asked(work, "/referral status R-1")
    card = _heard(work, "vega")[-1]
    assert isinstance(card, CardView)
    assert [one.label for one in card.buttons] == ["Nudge", "Mark", "Reassign", "Close"]
    assert "Sleep study" in text(card)
    detail = await work.press("vega", Action.REFERRAL_OPEN, R1)
    assert isinstance(detail, Detail)
    assert "Norwood" in str(detail.blocks)


async def test_the_team_has_its_figures_in_counts(work: Work) -> None:
    shown = await asked(work, "/referral list team")
    assert "Funnel: 1 scheduled" in shown
    await asked(work, "/referral status C-102")
    shown = await asked(work, "/referral list team")
    assert "Closed loop: 1 of 2" in shown
    assert "Got help: 1 of 2" in shown
    assert "R-1" in await asked(work, "/referral list overdue")
    assert "R-1" in await asked(work, "/referral list mine", by="whitaker")
    assert "None is open" in str(_heard(work, "vega")) or "R-1" not in await asked(work, "/referral list mine")


async def test_nobody_else_learns_that_there_is_one(work: Work) -> None:
    """A stranger to the care team, a role without referrals, a channel that may not carry it."""
    await asked(work, "/referral status C-102")
    refusals = [
        await asked(work, "/referral status C-102", by="baptiste"),
        text(await work.typed("coleman", "/referral list team")),
        text(await work.typed("vega", "/referral status C-102", LOUNGE)),
    ]
    assert "not on this client's care team" in refusals[0]
    assert "role" in refusals[1]
    assert "not set up for client information" in refusals[2]
    assert not any("R-1" in said for said in refusals)
    pressed = [
        await work.press("baptiste", one, R1, LIGHTHOUSE) for one in (Action.REFERRAL_OPEN, Action.REFERRAL_NUDGE)
    ]
    assert all(isinstance(one, Notice) and "care team" in one.text for one in pressed)
    assert await work.drafts() == []
    assert (await work.actions()).count("access_refused") == 4


async def test_one_under_part_2_is_left_out_and_cannot_be_opened_without_a_consent(work: Work) -> None:
    await asked(work, "/referral status C-102")
    order = next(one for one in await work.chart("ServiceRequest") if one["status"] == "active")
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "42CFRPart2"}
    await work.put(order | {"meta": {"security": [label]}})
    shown = await asked(work, "/referral status C-102")
    assert "R-1" not in shown
    assert "1 referral left out: 42 CFR Part 2" in shown
    opened = await work.press("vega", Action.REFERRAL_OPEN, R1)
    assert "withheld" in text(opened)


async def test_while_the_ehr_is_down_it_says_how_old_it_is(work: Work) -> None:
    await asked(work, "/referral status C-102")
    work.server.faults.fail_next(1000, 503)
    work.clock.now += timedelta(minutes=30)
    shown = await asked(work, "/referral status R-1")
    assert "The EHR does not answer. This is how it stood at Mon 23 Nov 14:00." in shown
    assert "Step: scheduled" in shown
    assert "Sleep study" not in shown
    form = await work.press("vega", Action.REFERRAL_SAVE_CLOSE, R1, reason="done")
    assert isinstance(form, Form)
    assert "Nothing is marked" in form.error


# Doing


async def test_a_nudge_is_a_draft_that_a_second_person_approves(work: Work) -> None:
    await asked(work, "/referral status C-102")
    await work.press("vega", Action.REFERRAL_NUDGE, R1)
    await work.settled()
    draft = await work.draft()
    assert (draft.skill, draft.state) == ("referral_nudge", State.WAITING)
    await work.read_all("vega", draft)
    own = await work.press("vega", Action.APPROVE, draft)
    assert "second person" in text(own)
    await work.read_all("osei", draft)
    await work.press("osei", Action.APPROVE, draft)
    await work.settled()
    assert (await work.draft()).state is State.FILED
    assert "Sleep study" in str(work.written("Communication"))


async def test_what_is_marked_is_filed_over_what_was_read_and_shown_again(work: Work) -> None:
    await asked(work, "/referral status C-102")
    form = await work.press("vega", Action.REFERRAL_SAVE_MARK, R1, form=CALL | {"words": ""})
    assert isinstance(form, Form)
    assert [one.key for one in form.fields if one.error] == ["words"]
    await work.press("vega", Action.REFERRAL_SAVE_MARK, R1, form=CALL)
    await work.settled()
    draft = await work.draft()
    await work.read_all("vega", draft)
    await work.press("vega", Action.APPROVE, draft)
    await work.settled()
    assert (await work.draft()).state is State.FILED
    assert "Step: accepted" in await asked(work, "/referral status R-1")
    assert await work.verified()


async def test_it_does_not_close_without_a_kept_visit_and_a_report(work: Work) -> None:
    await asked(work, "/referral status C-102")
    form = await work.press("vega", Action.REFERRAL_SAVE_CLOSE, R1, reason="She is fine.")
    assert isinstance(form, Form)
    assert form.error == NO_VISIT
    assert await work.drafts() == []


# Moved


async def test_a_change_in_the_ehr_moves_it_and_tells_the_owner_once(work: Work) -> None:
    await asked(work, "/referral status C-102")
    for _ in range(2):
        await work.later(minutes=1)
        await changed(work, **ACCEPTED)
    (row, _) = await work.rows("referrals")
    assert (row["step"], row["owner"]) == ("accepted", "whitaker")
    assert work.told("whitaker").count("R-1 of C-102 is now accepted.") == 1


async def test_the_owner_is_prompted_after_two_five_and_ten_business_days_once_each(work: Work) -> None:
    await asked(work, "/referral status C-102")
    await changed(work, **ACCEPTED, lastModified="2026-11-23T13:00:00-05:00")
    for _ in range(16):
        await work.later(days=1)
        async with work.office.db.write() as conn:
            await jobs.enqueue(conn, "referral_changed", "sb-c102", lane=EHR_LANE)
        await work.settled()
    said = [words for words in work.told("whitaker") if "has not moved" in words]
    assert [words.split("moved for ")[1].split()[0] for words in said] == ["2", "5", "10"]
