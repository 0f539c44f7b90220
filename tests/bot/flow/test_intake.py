"""Words come in: who speaks, about whom, to whom, and where it may be said."""

import re
from pathlib import Path

import pytest

from bot.chat import Action, Form, Notice, Picker, Place, Platform, Typed, Who
from bot.drafts import State
from bot.flow.intake import Order, parse
from tests.fakes.office import LIGHTHOUSE, LOUNGE, SLACK_HARBOR, Work, asked, at_work


@pytest.mark.parametrize(
    ("words", "order"),
    [
        ("handoff C-102", Order("handoff", "C-102", "")),
        ("/handoff  C-102  to dana reyes", Order("handoff", "C-102", "dana reyes")),
        ("Handoff to osei", Order("handoff", "", "osei")),
        ("handoff", Order("handoff", "", "")),
        ("handoff C-102 <@U0SBOSEI|daniel>", Order("handoff", "C-102", "<@U0SBOSEI|daniel>")),
        ("handoff C-102 to <@U0SBOSEI>", Order("handoff", "C-102", "<@U0SBOSEI>")),
        ("handoff\nC-102\tto osei", Order("handoff", "C-102", "osei")),
        ("handoff Tomas Otto", Order("handoff", "Tomas Otto", "")),
        ("handoff Will Hope TO Osei", Order("handoff", "Will Hope", "Osei")),
        ("", Order("", "", "")),
        ("  /  ", Order("", "", "")),
    ],
)
def test_a_command_is_taken_apart(words: str, order: Order) -> None:
    assert parse(words) == order


async def test_a_stranger_learns_nothing_and_is_audited(work: Work) -> None:
    stranger = Who(Platform.SLACK, "T0SANDBOX", "U0NOBODY")
    answer = await work.desk.typed(Typed("handoff C-102", stranger, SLACK_HARBOR, "k"))
    assert isinstance(answer, Notice)
    assert answer.text.startswith("I do not know you here")
    (event,) = await work.trail()
    assert (event.action, event.fields["reason"]) == ("access_refused", "identity.unknown")
    assert not await work.rows("requests")
    home = await work.desk.home(stranger)
    assert not home.sections


@pytest.mark.parametrize("somebody", ["coleman", "jensen", "castell"])
async def test_roles_that_do_not_ask(work: Work, somebody: str) -> None:
    answer = await work.typed(somebody, "/handoff C-102")
    assert isinstance(answer, Notice)
    assert "role" in answer.text
    assert [e.fields["reason"] for e in await work.trail()] == ["role.ask"]
    assert not await work.rows("requests")


@pytest.mark.parametrize("place", [LOUNGE, Place(Platform.SLACK, "T0SANDBOX", "C0UNLISTED")])
async def test_a_channel_that_is_not_for_client_information(work: Work, place: Place) -> None:
    answer = await work.typed("vega", "/handoff C-102", place)
    assert isinstance(answer, Notice)
    assert "not set up for client information" in answer.text
    assert [e.fields["reason"] for e in await work.trail()] == ["channel.closed"]
    assert not await work.rows("requests")


async def test_a_skill_that_is_not_switched_on_for_the_team(work: Work) -> None:
    work.change_clinic(lambda clinic: clinic["teams"][0]["rollout"].update(handoff="off"))
    answer = await work.typed("vega", "/handoff C-102")
    assert isinstance(answer, Notice)
    assert "not switched on for the Harbor team" in answer.text
    assert not await work.rows("requests")
    await work.typed("raman", "/handoff C-102", LIGHTHOUSE)
    await work.settled()
    assert len(await work.drafts()) == 1


async def test_help_is_for_anybody_we_know(work: Work) -> None:
    answer = await work.typed("coleman", "what can you do", LOUNGE)
    assert isinstance(answer, Notice)
    assert "/handoff" in answer.text


async def test_the_same_delivery_twice_is_one_request(work: Work) -> None:
    for _ in range(3):
        await work.typed("vega", "/handoff C-102", key="the-same")
        await work.settled()
    assert len(await work.rows("requests")) == 1
    assert len(await work.drafts()) == 1


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        ("nobody-we-know", "I know no colleague"),
        ("frye", "current licence"),
        ("whitaker", "cannot take over"),
        ("merritt", "I know no colleague"),
        ("vega", "I know no colleague"),  # oneself
    ],
)
async def test_a_handoff_is_addressed_to_somebody_who_can_accept_it(work: Work, to: str, sentence: str) -> None:
    answer = await work.typed("vega", f"/handoff C-102 to {to}")
    assert isinstance(answer, Notice)
    assert sentence in answer.text
    assert not await work.rows("requests")


async def test_a_colleague_is_known_by_id_name_part_or_mention(work: Work) -> None:
    for to in ("osei", "Daniel Osei", "daniel", "<@U0SBOSEI|d>"):
        await work.typed("vega", f"/handoff C-102 to {to}")
        await work.settled()
        assert (await work.draft()).to_staff == "osei"


async def test_no_client_means_a_private_picker_of_ones_own_caseload(tmp_path: Path) -> None:
    async with at_work(tmp_path, clients=("c102", "c112", "c113", "c108")) as work:
        await work.typed("vega", "/handoff", SLACK_HARBOR)
        await work.settled()
        ((who, place, picker),) = work.chats[Platform.SLACK].whispers
        assert (who, place) == (work.who("vega", Platform.SLACK), SLACK_HARBOR)
        assert isinstance(picker, Picker)
        assert [option.label[:5] for option in picker.options] == ["C-102", "C-108", "C-112"]
        assert not work.chats[Platform.SLACK].posts
        assert not any("sb-c" in option.value for option in picker.options)


async def test_two_clients_of_one_name_are_told_apart_by_choosing(tmp_path: Path) -> None:
    async with at_work(tmp_path, clients=("c102", "c112", "c113")) as work:
        await work.typed("raman", "/handoff maria santos")
        await work.settled()
        picker = work.chats[Platform.WEB].told(work.staff("raman"))[-1]
        assert isinstance(picker, Picker)
        assert not await work.drafts()
        assert {option.label[:5] for option in picker.options} == {"C-112", "C-113"}
        assert "do not know" not in picker.prompt
        other = await work.press("osei", Action.PICK, picker.subject, choice=picker.options[0].value)
        assert isinstance(other, Notice)
        assert "somebody else" in other.text
        wrong = await work.press("raman", Action.PICK, picker.subject, choice="sb-c102")
        assert isinstance(wrong, Notice)
        assert "not on your list" in wrong.text
        await work.press("raman", Action.PICK, picker.subject, choice=picker.options[1].value)
        await work.press("raman", Action.PICK, picker.subject, choice=picker.options[0].value)  # chose already
        await work.settled()
        assert [d.alias for d in await work.drafts()] == [picker.options[1].label[:5]]


async def test_an_unknown_client_leaks_nobody(work: Work) -> None:
    for words in ("C-999", "Zoltan", "sb-c102"):
        await work.typed("vega", f"/handoff {words}")
        await work.settled()
        picker = work.chats[Platform.WEB].told(work.staff("vega"))[-1]
        assert isinstance(picker, Picker)
        assert picker.prompt.startswith("I do not know that client.")
        assert [o.label[:5] for o in picker.options] == ["C-102"]
    await work.typed("doyle", "/handoff Zoltan")
    await work.settled()
    assert "no clients on your caseload" in work.told("doyle")[-1]


# Not on the care team


async def test_somebody_elses_client_is_refused_and_the_glass_can_be_broken(work: Work) -> None:
    await work.typed("baptiste", "/handoff C-102", LIGHTHOUSE)
    await work.settled()
    notice = work.notices("baptiste")[-1]
    assert "not on this client's care team" in notice.text
    (button,) = notice.buttons
    assert button.action is Action.BREAK_GLASS
    assert not await work.drafts()

    assert isinstance(await work.press("doyle", Action.BREAK_GLASS, button.subject), Notice)
    short = await work.press("baptiste", Action.SAVE_BREAK_GLASS, button.subject, reason="urgent")
    assert isinstance(short, Form)
    assert short.fields[0].value == "urgent"
    answer = await work.press(
        "baptiste", Action.SAVE_BREAK_GLASS, button.subject, reason="Client is on the bridge, no one else is reachable"
    )
    assert isinstance(answer, Notice)
    again = await work.press("baptiste", Action.SAVE_BREAK_GLASS, button.subject, reason="Once more, just in case")
    assert isinstance(again, Notice)
    await work.settled()
    draft = await work.draft()
    assert draft.state is State.WAITING
    told = work.told("castell")
    assert len(told) == 1
    assert re.search(r"Andre Baptiste opened C-102, until 15:00", told[0])
    actions = [e.action for e in await work.trail() if e.fields.get("actor", {}).get("id") == "baptiste"]
    assert actions.count("break_glass") == 1
    read = next(e for e in await work.trail() if e.action == "chart_read")
    assert (read.fields["decision"], read.fields["reason"]) == ("break_glass", "emergency.break_glass")
    assert not any("bridge" in str(dict(row)) for row in await work.rows("break_glass"))

    await work.read_all("baptiste", draft, LIGHTHOUSE)
    await work.later(minutes=61)
    late = await work.press("baptiste", Action.REVIEW, draft, LIGHTHOUSE)
    assert isinstance(late, Notice)  # the glass has closed again


async def test_the_glass_is_for_some_roles_only(work: Work) -> None:
    work.change_clinic(lambda clinic: clinic["break_glass"].update(roles=["prescriber"]))
    await work.restart()
    await work.typed("baptiste", "/handoff C-102", LIGHTHOUSE)
    await work.settled()
    assert not work.notices("baptiste")[-1].buttons
    (request,) = await work.rows("requests")
    answer = await work.press("baptiste", Action.SAVE_BREAK_GLASS, request["id"], reason="A reason of some length")
    assert isinstance(answer, Notice)
    assert not await work.rows("break_glass")
    assert (await work.trail())[-1].fields["reason"] == "emergency.not_open"


async def test_a_supervisor_asks_for_a_client_of_their_team(work: Work) -> None:
    await work.typed("brandt", "/handoff C-102")
    await work.settled()
    assert (await work.draft()).asked_by == "brandt"


async def test_who_left_between_asking_and_reading_gets_no_draft(work: Work) -> None:
    await work.kill()
    await work.typed("vega", "/handoff C-102")
    work.change_clinic(lambda clinic: next(s for s in clinic["staff"] if s["id"] == "vega").update(active=False))
    await work.restart()
    await work.settled()
    assert not await work.drafts()


async def test_the_home_page_shows_what_is_open(work: Work) -> None:
    draft = await asked(work)
    home = await work.desk.home(work.who("vega"))
    assert [line.label for line in home.sections[0][1]] == ["Warm handoff C-102"]
    await work.press("vega", Action.SAVE_REJECT, draft, reason="Not now")
    assert not (await work.desk.home(work.who("vega"))).sections[0][1]
