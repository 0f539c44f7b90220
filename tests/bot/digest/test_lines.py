"""What people do with lines: who may see which, a task, a word to the owner, a snooze, and what nobody needs."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.chat import Action, Button, CardView, Detail, Form, Notice, Place, Platform, Reply
from bot.digest import cards
from bot.digest.content import Does
from bot.digest.marks import LONGEST_SNOOZE, Proposal, proposals
from bot.digest.records import Digest, Mark, Marked, State
from bot.digest.schedule import Kind
from tests.fakes.digest import MONDAY, TUESDAY, News, digests, line, posted, slot, words
from tests.fakes.office import HARBOR, LIGHTHOUSE, LOUNGE, Work

NOW = datetime(2026, 11, 23, 13, 15, tzinfo=UTC)
SLACK = Place(Platform.SLACK, "T0SANDBOX", "C0SBHARBOR")
SAFE = {"kind": "item9", "what": "New PHQ-9 with item 9 above zero", "safety": True, "detail": ("Item 9: 2",)}


async def told(work: Work, news: News, *lines: Any, wall: str = MONDAY) -> Digest:
    news.say(*lines)
    await slot(work, wall)
    return (await digests(work))[-1]


async def pressed(
    work: Work, who: str, action: Action, digest: Digest, number: int | None = None, **form: str
) -> Reply:
    return await work.press(who, action, cards.subject(digest, number), SLACK, form=form)


def text(reply: Reply) -> str:
    return reply.text if isinstance(reply, Notice) else str(reply)


# Looking


async def test_each_line_has_its_one_tap_on_the_card(work: Work, news: News) -> None:
    draft = {"does": Does.OPEN_DRAFT, "draft": ("abc", 2)}
    await told(work, news, line("a"), line("b", does=Does.MESSAGE_OWNER), line("c", **draft))
    (card,) = posted(work).values()
    assert isinstance(card, CardView)
    assert [(button.action, button.label) for button in card.buttons] == [
        (Action.DIGEST_TASK, "1 Make task"),
        (Action.DIGEST_TELL, "2 Message owner"),
        (Action.REVIEW, "3 Open draft"),
        (Action.DIGEST_OPEN, "All lines"),
    ]
    assert (card.buttons[2].subject, card.buttons[2].version) == ("abc", 2)


async def test_at_most_so_many_lines_stand_on_the_card_and_the_rest_behind_it(work: Work, news: News) -> None:
    digest = await told(work, news, *(line(str(n)) for n in range(14)))
    (card,) = posted(work).values()
    assert "14 lines, 4 of them behind All lines" in words(card)
    seen: list[str] = []
    for page in ("1", "2", "3"):
        shown = await pressed(work, "vega", Action.DIGEST_OPEN, digest, page=page)
        assert isinstance(shown, Detail)
        assert (shown.page, shown.pages) == (int(page), 3)
        seen += [text for text in (f"News {n} " for n in range(14)) if text in str(shown.blocks)]
    assert len(seen) == 14


async def test_the_channel_has_no_detail_and_the_person_in_charge_has(work: Work, news: News) -> None:
    digest = await told(work, news, line("a", **SAFE))
    (card,) = posted(work).values()
    assert "Item 9: 2" not in str(card)
    assert "Item 9: 2" in str(await pressed(work, "vega", Action.DIGEST_OPEN, digest))
    viewed = [e for e in await work.trail(digest.id) if e.action == "detail_viewed"]
    assert [event.fields["patient_ref"] for event in viewed] == ["sb-c102"]


async def test_a_line_that_is_not_for_ones_role_is_not_shown_and_cannot_be_pressed(work: Work, news: News) -> None:
    digest = await told(work, news, line("a", **SAFE, readers=("vega",)), line("b"))
    shown = await pressed(work, "osei", Action.DIGEST_OPEN, digest)
    assert "News b" in str(shown)
    assert "item 9" not in str(shown).lower()
    refused = await pressed(work, "osei", Action.DIGEST_LINE, digest, 1)
    assert text(refused) == "This line is not for you."
    assert "access_refused" in await work.actions(digest.id)


async def test_who_left_the_care_team_since_sees_nothing_of_it(work: Work, news: News) -> None:
    digest = await told(work, news, line("a", **SAFE))
    await work.leave_care_team("osei")
    work.office.memberships.known.clear()
    assert "Item 9" not in str(await pressed(work, "osei", Action.DIGEST_OPEN, digest))
    assert text(await pressed(work, "osei", Action.DIGEST_LINE, digest, 1)) == "This line is not for you."


async def test_while_the_care_team_cannot_be_checked_nothing_is_shown(work: Work, news: News) -> None:
    digest = await told(work, news, line("a", **SAFE))
    work.office.memberships.known.clear()
    work.server.faults.delay(30)
    shown = await pressed(work, "vega", Action.DIGEST_OPEN, digest)
    assert isinstance(shown, Detail)
    assert "1 lines are not shown" in str(shown.blocks)
    assert "Item 9" not in str(shown.blocks)
    work.server.faults.clear()


async def test_nobody_of_another_team_gets_at_it(work: Work, news: News) -> None:
    digest = await told(work, news, line("a", readers=("vega", "baptiste")))
    for action, number in ((Action.DIGEST_OPEN, None), (Action.DIGEST_LINE, 1), (Action.SHOW, None)):
        assert "people of its team only" in text(await pressed(work, "baptiste", action, digest, number))


async def test_the_card_comes_back_where_a_page_took_its_place(work: Work, news: News) -> None:
    digest = await told(work, news, line("a"))
    (card,) = posted(work).values()
    assert await pressed(work, "vega", Action.SHOW, digest) == card


async def test_an_invented_line_is_a_sentence(work: Work, news: News) -> None:
    digest = await told(work, news, line("a"))
    for number in (0, 2, 999):
        assert "too old" in text(await pressed(work, "vega", Action.DIGEST_LINE, digest, number))
    assert "too old" in text(await work.press("vega", Action.DIGEST_OPEN, "digest-'; drop table", SLACK))


# Acting


async def filled(work: Work, digest: Digest, who: str = "vega", **over: str) -> Reply:
    form = await pressed(work, who, Action.DIGEST_TASK, digest, 1)
    assert isinstance(form, Form)
    values = {one.key: one.value for one in form.fields} | over
    reply = await pressed(work, who, Action.DIGEST_SAVE_TASK, digest, 1, **values)
    await work.settled()
    return reply


async def test_a_task_goes_into_the_chart_once_as_its_author_sent_it(work: Work, news: News) -> None:
    digest = await told(
        work, news, line("a", what="Missed visit", owner="osei", refs=("Appointment/sb-c102-visit-07",))
    )
    for _ in range(2):
        await filled(work, digest, what="Call and offer a new date")
    (task,) = work.written("Task")
    assert task["description"] == "Call and offer a new date"
    assert task["owner"]["reference"] == work.staff("osei").practitioner
    assert task["requester"]["reference"] == work.staff("vega").practitioner
    assert {"write_sent", "write_confirmed"} <= set(await work.actions(digest.id))
    assert "Your task for C-102 is in the chart." in work.told("vega")


async def test_a_form_with_mistakes_comes_back_with_what_was_typed(work: Work, news: News) -> None:
    digest = await told(work, news, line("a"))
    again = await filled(work, digest, what="Call", owner="nobody", due="2026-13-40")
    assert isinstance(again, Form)
    by_key = {one.key: one for one in again.fields}
    assert (by_key["what"].value, by_key["what"].error) == ("Call", "")
    assert by_key["owner"].error
    assert by_key["due"].error
    assert work.written("Task") == []


async def test_whoever_left_the_care_team_meanwhile_writes_no_task(work: Work, news: News) -> None:
    digest = await told(work, news, line("a"))
    form = await pressed(work, "osei", Action.DIGEST_TASK, digest, 1)
    assert isinstance(form, Form)
    await work.leave_care_team("osei")
    values = {one.key: one.value for one in form.fields}
    await pressed(work, "osei", Action.DIGEST_SAVE_TASK, digest, 1, **values)  # the press rests on an answer of before
    await work.settled()
    assert work.written("Task") == []
    assert any("could NOT be filed" in said for said in work.told("osei"))


async def test_the_front_desk_reads_visits_and_writes_no_tasks(work: Work, news: News) -> None:
    digest = await told(work, news, line("a", what="Missed visit"))
    assert "Missed visit" in str(await pressed(work, "coleman", Action.DIGEST_OPEN, digest))
    assert "does not include" in text(await pressed(work, "coleman", Action.DIGEST_TASK, digest, 1))


async def test_the_owner_is_asked_once_with_an_alias_and_nothing_else(work: Work, news: News) -> None:
    digest = await told(work, news, line("a", **SAFE))
    for _ in range(2):
        await pressed(work, "osei", Action.DIGEST_TELL, digest, 1)
    await work.settled()
    (said,) = work.notices("vega")
    assert said.text == "Daniel Osei asks you to look at C-102 in the digest."
    assert [button.action for button in said.buttons] == [Action.DIGEST_LINE]


async def test_what_its_owner_snoozes_is_out_of_the_next_digest_until_it_is_due_again(work: Work, news: News) -> None:
    digest = await told(work, news, line("a"))
    assert text(await pressed(work, "vega", Action.DIGEST_SAVE_SNOOZE, digest, 1, days="3", reason="On leave"))
    shown = str(await pressed(work, "osei", Action.DIGEST_OPEN, digest))
    assert "News a" not in shown
    work.clock.now += timedelta(days=3, minutes=1)
    assert "News a" in str(await pressed(work, "osei", Action.DIGEST_OPEN, digest))


async def test_what_somebody_else_snoozes_is_out_of_their_own_only(work: Work, news: News) -> None:
    digest = await told(work, news, line("a", owner="vega"))
    assert "your own digest" in text(
        await pressed(work, "osei", Action.DIGEST_SAVE_SNOOZE, digest, 1, days="3", reason="Not mine")
    )
    assert "News a" not in str(await pressed(work, "osei", Action.DIGEST_OPEN, digest))
    assert "News a" in str(await pressed(work, "vega", Action.DIGEST_OPEN, digest))


async def test_suicide_risk_is_never_hidden_for_longer_than_a_day(work: Work, news: News) -> None:
    digest = await told(work, news, line("a", **SAFE))
    again = await pressed(work, "vega", Action.DIGEST_SAVE_SNOOZE, digest, 1, days="2", reason="On leave")
    assert isinstance(again, Form)
    assert "from 1 to 1" in again.fields[0].error
    await pressed(work, "vega", Action.DIGEST_SAVE_SNOOZE, digest, 1, days="1", reason="Seen today")
    assert "item 9" not in str(await pressed(work, "osei", Action.DIGEST_OPEN, digest)).lower()
    work.clock.now += timedelta(days=1, minutes=1)
    assert "item 9" in str(await pressed(work, "osei", Action.DIGEST_OPEN, digest)).lower()


async def test_a_snooze_needs_its_reason_and_keeps_it_sealed(work: Work, news: News) -> None:
    digest = await told(work, news, line("a"))
    assert isinstance(await pressed(work, "vega", Action.DIGEST_SAVE_SNOOZE, digest, 1, days="1", reason=" "), Form)
    await pressed(work, "vega", Action.DIGEST_SAVE_SNOOZE, digest, 1, days="1", reason="A telling reason")
    (row,) = await work.rows("digest_marks")
    assert b"telling" not in bytes(row["reason"])


# What nobody acts on


def delivered(weeks_ago: float, **kinds: int) -> Digest:
    at = NOW - timedelta(weeks=weeks_ago)
    return Digest(
        id=f"d{weeks_ago}",
        team="harbor",
        kind=Kind.DAILY,
        period="",
        state=State.DELIVERED,
        due_at=at,
        since=at,
        until=at,
        complete=True,
        content=None,
        counts={"by_kind": kinds},
        reason=None,
        asked_by=None,
        settled_at=at,
    )


def mark(what: Mark, kind: str = "note", weeks_ago: float = 1, who: str = "vega") -> Marked:
    at = NOW - timedelta(weeks=weeks_ago)
    return Marked(id="m", team="harbor", line="", kind=kind, staff_id=who, mark=what, until=None, at=at)


HISTORY = [delivered(weeks, note=2) for weeks in range(9)]
CASES: Mapping[str, tuple[list[Digest], list[Marked], bool]] = {
    "shown for all the weeks, nobody acted": (HISTORY, [], True),
    "said not to be useful": (HISTORY, [mark(Mark.USELESS)], True),
    "somebody opened one": (HISTORY, [mark(Mark.OPENED)], False),
    "somebody made a task of one": (HISTORY, [mark(Mark.TASK)], False),
    "somebody asked the owner": (HISTORY, [mark(Mark.TOLD)], False),
    "somebody snoozed one": (HISTORY, [mark(Mark.SNOOZED)], False),
    "acted on, but long ago": (HISTORY, [mark(Mark.OPENED, weeks_ago=9)], True),
    "another kind was acted on": (HISTORY, [mark(Mark.OPENED, kind="message")], True),
    "a supervisor kept it": (HISTORY, [mark(Mark.KEPT)], False),
    "retired already": (HISTORY, [mark(Mark.RETIRED, weeks_ago=9)], False),
    "brought back just now": (HISTORY, [mark(Mark.RETIRED, weeks_ago=9), mark(Mark.RESTORED)], False),
    "not known long enough": (HISTORY[:6], [], False),
    "hardly ever shown": ([HISTORY[0], HISTORY[8]], [], False),
    "about suicide risk": ([delivered(weeks, item9=1) for weeks in range(9)], [], False),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_proposed_for_retirement(case: str) -> None:
    known, marks, proposed = CASES[case]
    found = proposals(known, marks, now=NOW, weeks=8, safety={"item9", "risk_screen"})
    assert bool(found) is proposed
    assert all(one.kind == "note" for one in found)


def test_the_proposal_has_its_figures() -> None:
    (found,) = proposals(HISTORY, [mark(Mark.USELESS), mark(Mark.USELESS, who="osei")], now=NOW, weeks=8, safety=())
    assert found == Proposal("note", 8, lines=18, digests=9, useless=2)
    assert found.sentence() == (
        "Note: 18 lines in 9 digests of the last 8 weeks, and nobody acted on any; 2 people said that it is not useful."
    )
    assert timedelta(days=30) == LONGEST_SNOOZE


async def retiring(work: Work, who: str, action: Action, kind: str) -> Reply:
    return await work.press(who, action, "digest-team:harbor", HARBOR, form={"kind": kind})


async def test_only_a_supervisor_retires_and_never_what_is_about_suicide_risk(work: Work, news: News) -> None:
    assert "Only a supervisor" in text(await retiring(work, "vega", Action.DIGEST_RETIRE, "note"))
    assert "Only a supervisor" in text(await retiring(work, "abernathy", Action.DIGEST_RETIRE, "note"))
    assert "never retired" in text(await retiring(work, "brandt", Action.DIGEST_RETIRE, "item9"))
    assert await work.rows("digest_marks") == []


async def test_what_is_retired_is_gone_until_it_is_brought_back(work: Work, news: News) -> None:
    await retiring(work, "brandt", Action.DIGEST_RETIRE, "note")
    first = await told(work, news, line("a"), line("b", kind="message"))
    assert first.counts["by_kind"] == {"message": 1}
    settings = await work.typed("brandt", "/digest settings")
    assert isinstance(settings, Notice)
    assert "Retired: 1 Note." in settings.text
    assert [(b.action, b.values) for b in settings.buttons] == [(Action.DIGEST_RESTORE, {"kind": "note"})]
    work.clock.now += timedelta(days=1)
    await retiring(work, "brandt", Action.DIGEST_RESTORE, "note")
    second = await told(work, news, line("c"), wall=TUESDAY)
    assert second.counts["by_kind"] == {"note": 1}


async def test_the_weekly_digest_brings_the_proposal_to_supervisors(work: Work, news: News) -> None:
    start = work.clock.now
    for week in range(9):
        work.clock.now = start + timedelta(weeks=week)
        await told(work, news, line(str(week)), wall=f"{work.clock.now:%Y-%m-%d}T08:15")
    work.clock.now = start + timedelta(weeks=9)
    news.say(line("w"))
    await slot(work, f"{work.clock.now:%Y-%m-%d}T08:15", kind=Kind.WEEKLY)
    proposed = [n for n in work.notices("brandt") if "Nobody acts on these lines" in n.text]
    assert len(proposed) == 1
    assert {button.action for button in proposed[0].buttons} == {Action.DIGEST_RETIRE, Action.DIGEST_KEEP}
    assert not [n for n in work.notices("vega") if "Nobody acts" in n.text]


# /digest


async def test_now_comes_to_the_one_who_asked_and_moves_no_watermark(work: Work, news: News) -> None:
    news.say(line("a"), line("b", readers=("brandt",)))
    assert "It comes to you only." in text(await work.typed("vega", "/digest now"))
    await work.settled()
    (place, view), *more = [
        (chat.places[key].conversation, views[-1])
        for chat in work.chats.values()
        for key, views in chat.posts.items()
        if key.startswith("digest-")
    ]
    assert not more
    assert "vega" in place.casefold()
    assert "News a" in words(view)
    assert "News b" not in words(view)
    await slot(work, MONDAY)
    asked_since, team_since = (one[1] for one in news.asked)
    assert (work.clock.now - asked_since, work.clock.now - team_since) != (timedelta(0), timedelta(0))
    assert "News a" in words([*posted(work).values()][-1]), "the team is told all the same"


async def test_the_same_delivery_twice_is_one_digest(work: Work, news: News) -> None:
    for _ in range(2):
        await work.typed("vega", "/digest now", key="k1")
    await work.settled()
    assert len(await digests(work)) == 1


async def test_whoever_asks_is_answered_even_if_nothing_changed(work: Work, news: News) -> None:
    await work.typed("vega", "/digest now")
    await work.settled()
    views = [
        views[-1] for chat in work.chats.values() for key, views in chat.posts.items() if key.startswith("digest-")
    ]
    assert [words(view).split(" since")[0] for view in views] == ["Harbor: all quiet"]


async def test_a_week_is_a_week_with_trends(work: Work, news: News) -> None:
    await work.typed("vega", "/digest week")
    await work.settled()
    ((_, since, _, trends),) = news.asked
    assert trends
    assert work.clock.now - since == timedelta(days=7)


async def test_where_and_for_whom_it_is_not(work: Work, news: News) -> None:
    assert "not set up for client information" in text(await work.typed("vega", "/digest now", LOUNGE))
    assert "in no team" in text(await work.typed("castell", "/digest now"))
    assert "digest now" in text(await work.typed("vega", "/digest perhaps"))
    work.change_clinic(lambda plain: plain["teams"][0]["rollout"].update(digest="shadow"))
    assert "not switched on" in text(await work.typed("vega", "/digest now"))
    assert await digests(work) == []


async def test_another_teams_channel_gives_ones_own_digest(work: Work, news: News) -> None:
    await work.typed("vega", "/digest now", LIGHTHOUSE)
    await work.settled()
    assert [one.team for one in await digests(work)] == ["harbor"]


def test_a_label_fits_its_button() -> None:
    assert all(len(f"30 {label}") <= 24 for label in cards.LABELS.values())
    assert Button(Action.DIGEST_OPEN, "All lines", "digest-1", 0).label == "All lines"
