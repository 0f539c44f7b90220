"""The buttons and the call itself: who may, what is said, what two people at once come to, and that all is recorded."""

import asyncio

import pytest

from bot.chat import Action, Detail, Form, Notice, Picker, Place, Platform, Press, Who
from tests.fakes.office import HARBOR, LIGHTHOUSE, LOUNGE, SLACK_HARBOR, Work

STRANGER = Who(Platform.WEB, "console", "nobody.here")


@pytest.fixture
async def paged(work: Work) -> Work:
    """E-1 of C-102, called by the coordinator-free way: typed by the treating clinician in the team's channel."""
    await work.typed("vega", "/handoff C-102")
    await work.settled()
    await work.typed("vega", "/crisis C-102 he said he has the pills", key="the-call")
    await work.settled()
    return work


def notice(reply: object) -> Notice:
    assert isinstance(reply, Notice), reply
    return reply


def pages(work: Work) -> list[Notice]:
    views = [views[-1] for chat in work.chats.values() for views in chat.posts.values()]
    return [view for view in views if isinstance(view, Notice) and "E-1" in view.text]


async def state(work: Work) -> str:
    (row,) = await work.rows("escalations")
    return str(row["state"])


# The call


async def test_a_page_has_one_tap_and_nothing_of_the_client_but_the_alias(paged: Work) -> None:
    assert pages(paged)
    for page in pages(paged):
        assert page.buttons[0].action is Action.CRISIS_ACK
        assert not page.buttons[0].opens
        assert "C-102" in page.text
        assert "pills" not in page.text


async def test_a_second_delivery_of_the_call_opens_nothing_more(paged: Work) -> None:
    await paged.typed("vega", "/crisis C-102 he said he has the pills", key="the-call")
    assert len(await paged.rows("escalations")) == 1
    assert len(await paged.rows("escalation_signals")) == 1


async def test_it_waits_for_no_ehr(work: Work) -> None:
    await work.typed("vega", "/handoff C-102")
    await work.settled()
    work.server.faults.delay(30)
    async with asyncio.timeout(5):
        said = notice(await work.typed("vega", "/crisis C-102"))
    work.server.faults.clear()
    assert "E-1 is open" in said.text


async def test_an_unknown_alias_pages_nobody_and_says_whom_to_ring(work: Work) -> None:
    said = notice(await work.typed("vega", "crisis c-999 please"))
    assert "nobody was paged" in said.text
    assert "Fiona Doyle" in said.text or "Doyle" in said.text
    assert not await work.rows("escalations")
    assert "access_refused" in await work.actions()


async def test_a_call_from_a_closed_channel_still_pages_and_names_no_client_there(paged: Work) -> None:
    said = notice(await paged.typed("osei", "/crisis C-102", LOUNGE))
    assert "E-1" in said.text
    assert "C-102" not in said.text


async def test_help_names_the_call_once(work: Work) -> None:
    said = notice(await work.typed("vega", "what can you do"))
    assert said.text.count("/crisis") == 1


# Who may


@pytest.mark.parametrize(
    "action",
    [Action.CRISIS_ACK, Action.CRISIS_DETAIL, Action.CRISIS_ASSESS, Action.CRISIS_DISPOSE, Action.CRISIS_DOUBT],
)
async def test_another_teams_clinician_changes_and_sees_nothing(paged: Work, action: Action) -> None:
    before = len(await paged.trail())
    said = notice(await paged.press("baptiste", action, "E-1", LIGHTHOUSE))
    assert "pills" not in said.text
    assert await state(paged) == "paged"
    assert (await paged.trail())[-1].action == "access_refused"
    assert len(await paged.trail()) == before + 1


async def test_the_same_press_of_somebody_concerned_goes_through(paged: Work) -> None:
    notice(await paged.press("osei", Action.CRISIS_ACK, "E-1"))
    assert await state(paged) == "acknowledged"


async def test_a_coordinator_may_call_and_may_not_answer(paged: Work) -> None:
    coordinator = next(s for s in paged.office.clinic.staff if s.roles[0].value == "care_coordinator" and s.web)
    said = notice(await paged.press(coordinator.id, Action.CRISIS_ACK, "E-1"))
    assert "clinician" in said.text
    assert await state(paged) == "paged"
    assert "E-1" in notice(await paged.typed(coordinator.id, "/crisis C-102")).text


async def test_a_stranger_and_somebody_who_left_are_recorded_and_change_nothing(paged: Work) -> None:
    osei = paged.who("osei")

    def left(plain: dict[str, list[dict[str, object]]]) -> None:
        next(s for s in plain["staff"] if s["id"] == "osei")["active"] = False
        plain.pop("crisis")

    paged.change_clinic(left)
    for who in (STRANGER, osei):
        before = len(await paged.trail())
        notice(await paged.desk.press(Press(Action.CRISIS_ACK, "E-1", 0, who, HARBOR)))
        assert len(await paged.trail()) == before + 1
        assert (await paged.trail())[-1].action == "access_refused"
    assert await state(paged) == "paged"


# What happens


async def test_two_people_at_once_make_one_responsible(paged: Work) -> None:
    said = await asyncio.gather(*(paged.press(one, Action.CRISIS_ACK, "E-1") for one in ("vega", "brandt")))
    await paged.settled()
    assert sorted("answered" in notice(one).text for one in said) == [False, True]
    assert (await paged.actions()).count("escalation_acknowledged") == 1
    owner = (await paged.rows("escalations"))[0]["owner"]
    name = paged.staff(str(owner)).name
    shown = pages(paged)
    assert all(f"Responsible: {name}" in page.text for page in shown), "every card shows who has it"
    assert all(Action.CRISIS_ACK not in {button.action for button in page.buttons} for page in shown)


async def test_the_detail_has_the_words_the_lines_to_ring_and_the_states_card(paged: Work) -> None:
    shown = await paged.press("brandt", Action.CRISIS_DETAIL, "E-1")
    assert isinstance(shown, Detail)
    words = str(shown.blocks)
    for wanted in ("he said he has the pills", "988", "Verify with counsel", "opened"):
        assert wanted in words
    assert (await paged.trail())[-1].action == "detail_viewed"


async def test_hand_over_by_picker_and_by_words_needs_acceptance(paged: Work) -> None:
    await paged.press("vega", Action.CRISIS_ACK, "E-1")
    picker = await paged.press("vega", Action.CRISIS_GIVE, "E-1")
    assert isinstance(picker, Picker)
    assert "osei" in {option.value for option in picker.options}
    await paged.press("vega", Action.CRISIS_SAVE_GIVE, "E-1", choice="osei")
    assert (await paged.rows("escalations"))[0]["owner"] == "vega"
    await paged.press("osei", Action.CRISIS_DECLINE, "E-1")
    await paged.typed("vega", "hand over E-1 to osei")
    await paged.typed("osei", "accept E-1")
    assert (await paged.rows("escalations"))[0]["owner"] == "osei"


async def test_no_crisis_without_a_reason_asks_for_one(paged: Work) -> None:
    form = await paged.press("vega", Action.CRISIS_SAVE_DOUBT, "E-1", reason=" ")
    assert isinstance(form, Form)
    assert form.fields[0].error


async def test_typed_words_do_what_the_buttons_do(paged: Work) -> None:
    at = Place(Platform.SLACK, SLACK_HARBOR.tenant, SLACK_HARBOR.conversation)
    await paged.typed("vega", "ack E-1", at)
    assert "Say the level" in notice(await paged.typed("vega", "assess E-1 quite bad")).text
    await paged.typed("vega", "assess E-1 high")
    assert await state(paged) == "assessed"
    assert isinstance(await paged.typed("vega", "disposition E-1"), Form)
    assert await paged.verified()
