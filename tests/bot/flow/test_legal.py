"""Legal requests are told from what only sounds like one; nothing is sent, and compliance is told."""

import pytest

from bot.chat import Notice
from bot.privacy.legal import RULE, demands, from_outside
from tests.fakes.office import HARBOR, Work


@pytest.mark.parametrize(
    ("words", "legal"),
    [
        ("subpoena for C-102", True),
        ("we got a court order about C-102", True),
        ("COURT-ORDER C-102", True),
        ("handoff C-102 for the deposition", True),
        ("a search warrant came", True),
        ("handoff C-102 to osei", False),
        ("handoff Courtney Warrant to osei", False),
        ("he is on the tennis court", False),
        ("order the labs", False),
        ("", False),
    ],
)
def test_words_that_demand(words: str, *, legal: bool) -> None:
    assert demands(words) is legal


@pytest.mark.parametrize(
    ("receiver", "legal"),
    [
        ("the court", True),
        ("her attorney", True),
        ("Probation Officer Lane", True),
        ("the police", True),
        ("detective", True),
        ("osei", False),
        ("Courtney", False),
        ("the courtyard team", False),
        ("", False),
    ],
)
def test_a_receiver_from_outside(receiver: str, *, legal: bool) -> None:
    assert from_outside(receiver) is legal


@pytest.mark.parametrize(
    "words", ["/handoff C-102 to the court", "/handoff C-102 subpoena", "a subpoena came for C-102"]
)
async def test_a_legal_request_sends_nothing_and_goes_to_compliance(work: Work, words: str) -> None:
    answer = await work.typed("vega", words, HARBOR)
    assert isinstance(answer, Notice)
    assert "compliance" in answer.text
    await work.settled()
    assert await work.drafts() == []
    refused = [e for e in await work.trail() if e.action == "access_refused"]
    assert [e.fields["reason"] for e in refused] == [RULE]
    officer = next(s for s in work.office.clinic.staff if "compliance" in s.roles)
    (told,) = work.told(officer.id)
    assert str(refused[0].subject) in told
    assert "C-102" not in told


async def test_the_same_client_to_a_colleague_is_drafted(work: Work) -> None:
    await work.typed("vega", "/handoff C-102 to osei", HARBOR)
    await work.settled()
    assert len(await work.drafts()) == 1
