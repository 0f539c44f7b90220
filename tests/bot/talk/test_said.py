"""Plain sentences at the desk: the same checks, the same trail, the crisis words first."""

import pytest

from bot.chat import Notice, Platform, Typed, Who
from tests.fakes.office import LOUNGE, SLACK_HARBOR, Work


async def test_a_sentence_does_what_its_command_does(work: Work) -> None:
    answer = await work.typed("vega", "please prepare a handoff for C-102 for osei")
    assert isinstance(answer, Notice)
    assert answer.text.startswith("Looking up that client")
    (request,) = await work.rows("requests")
    assert (request["skill"], request["to_staff"]) == ("handoff", "osei")
    assert [event.action for event in await work.trail()] == ["request_received"]


async def test_a_room_answers_a_sentence(work: Work) -> None:
    answer = await work.typed("vega", "who am I?")
    assert isinstance(answer, Notice)
    assert answer.text.startswith("You are ")


async def test_a_sentence_opens_no_closed_channel(work: Work) -> None:
    answer = await work.typed("vega", "hand off C-102 to osei", LOUNGE)
    assert isinstance(answer, Notice)
    assert "not set up for client information" in answer.text
    assert not await work.rows("requests")


async def test_a_sentence_gives_no_role(work: Work) -> None:
    answer = await work.typed("coleman", "hand off C-102 to osei")
    assert isinstance(answer, Notice)
    assert [event.fields["reason"] for event in await work.trail()] == ["role.ask"]


@pytest.mark.parametrize("sentence", ["hand off C-102 to osei", "who am I?", "C-102 wants to die"])
async def test_a_stranger_stays_one(work: Work, sentence: str) -> None:
    stranger = Who(Platform.SLACK, "T0SANDBOX", "U0NOBODY")
    answer = await work.desk.typed(Typed(sentence, stranger, SLACK_HARBOR, "k"))
    assert isinstance(answer, Notice)
    assert answer.text.startswith("I do not know you here")


@pytest.mark.parametrize(
    "sentence", ["C-102 wants to die", "hand off C-102 to osei, she is suicidal", "unsafe at home"]
)
async def test_what_sounds_like_risk_gets_the_way_to_a_crisis_and_nothing_else(work: Work, sentence: str) -> None:
    answer = await work.typed("vega", sentence)
    assert isinstance(answer, Notice)
    assert "988" in answer.text
    assert "/crisis C-102" in answer.text
    assert not await work.rows("requests")


@pytest.mark.parametrize("sentence", ["don't hand off C-102 yet", "hand off C-102 and C-103", "approve D-1 for me"])
async def test_nothing_is_begun_by_a_doubtful_sentence(work: Work, sentence: str) -> None:
    assert isinstance(await work.typed("vega", sentence), Notice)
    assert not await work.rows("requests")


@pytest.mark.parametrize(
    "command", ["handoff C-102, she is suicidal", "/handoff C-102 to osei he wants to die", "baton she is not safe"]
)
async def test_words_of_risk_beside_a_command_are_answered_before_it(work: Work, command: str) -> None:
    answer = await work.typed("vega", command)
    assert isinstance(answer, Notice)
    assert "988" in answer.text
    assert "alias and nothing else" in answer.text
    assert not await work.rows("requests")


async def test_words_of_risk_beside_a_room_stand_before_its_answer(work: Work) -> None:
    answer = await work.typed("vega", "referral list mine, he wants to die")
    assert isinstance(answer, Notice)
    assert "988" in answer.text
