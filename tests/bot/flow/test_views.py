"""Every state of a draft on a card: a line that says where it stands, and only the buttons that make sense."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.chat import Action, CardView, Detail, Notice, Platform
from bot.drafts import Draft, State
from bot.flow.views import TROUBLES, Names, buttons_of, status_of
from skills.kit import Tone
from tests.bot.test_drafts import NOW, draft
from tests.fakes.office import Work, accepted, approved, asked

NAMES = Names(
    zone=ZoneInfo("America/New_York"),
    now=NOW,
    asked_by="Marisol Vega, LCSW",
    to="Daniel Osei, LPC",
    decided_by="Marisol Vega, LCSW",
    accepted_by="Daniel Osei, LPC",
    recalled_by="Marisol Vega, LCSW",
)
FILED = replace(draft(State.FILED), decided_by="vega", decided_at=NOW, filed_at=NOW, accept_by=NOW + timedelta(hours=4))
DECIDE = [Action.REVIEW, Action.APPROVE, Action.EDIT, Action.REJECT]
STATES: list[tuple[Draft, Tone, str, list[Action]]] = [
    (draft(State.WAITING), Tone.INFO, "Nothing is filed", DECIDE),
    (replace(draft(State.WAITING), trouble="chart_changed"), Tone.WARNING, "The chart changed", DECIDE),
    (replace(draft(State.APPROVED), decided_at=NOW), Tone.WARNING, "not filed yet", [Action.REVIEW]),
    (
        replace(draft(State.FILING_FAILED), decided_at=NOW, trouble="ehr_refused"),
        Tone.STOP,
        "NOT filed",
        [Action.REVIEW, Action.RETRY],
    ),
    (
        replace(draft(State.FILING_FAILED), decided_at=NOW, trouble="KeyError"),
        Tone.STOP,
        "on our side",
        [Action.REVIEW, Action.RETRY],
    ),
    (FILED, Tone.WARNING, "must accept it by 18:00", [Action.REVIEW, Action.ACCEPT, Action.ASK, Action.RECALL]),
    (
        replace(FILED, returned_at=NOW),
        Tone.STOP,
        "stays responsible",
        [Action.REVIEW, Action.RETRY, Action.RECALL],
    ),
    (replace(FILED, accepted_at=NOW), Tone.DONE, "Accepted by Daniel Osei", [Action.REVIEW, Action.RECALL]),
    (replace(FILED, recalled_at=NOW), Tone.STOP, "RECALLED", [Action.REVIEW]),
    (replace(FILED, accepted_at=NOW, recalled_at=NOW), Tone.STOP, "RECALLED", [Action.REVIEW]),
    (replace(draft(State.REJECTED), decided_at=NOW), Tone.STOP, "Rejected by", []),
    (draft(State.EXPIRED), Tone.STOP, "Expired", []),
    (draft(State.SUPERSEDED), Tone.INFO, "Replaced", []),
    (draft(State.BLOCKED), Tone.STOP, "Blocked", []),
]


@pytest.mark.parametrize(("shown", "tone", "words", "actions"), STATES)
def test_a_state_on_a_card(shown: Draft, tone: Tone, words: str, actions: list[Action]) -> None:
    status = status_of(shown, NAMES, accepts=True)
    assert status.tone is tone
    assert words in status.text
    assert "  " not in status.text
    buttons = buttons_of(shown, gaps=False, accepts=True)
    assert [button.action for button in buttons] == actions
    assert all(len(button.label) <= 24 and button.subject == shown.id for button in buttons)


def test_all_states_are_in_the_table() -> None:
    assert {row[0].state for row in STATES} == set(State)


def test_filed_is_said_of_what_is_filed_and_of_nothing_else() -> None:
    for shown, _, _, _ in STATES:
        text = status_of(shown, NAMES, accepts=True).text
        assert ("Filed in the chart" in text) == (shown.state is State.FILED), text


def test_gaps_offer_another_reading() -> None:
    assert buttons_of(draft(State.WAITING), gaps=True, accepts=True)[-1].action is Action.RETRY


def test_without_a_receiver_nobody_is_asked_to_accept() -> None:
    status = status_of(FILED, NAMES, accepts=False)
    assert status.tone is Tone.DONE
    assert [b.action for b in buttons_of(FILED, gaps=False, accepts=False)] == [Action.REVIEW, Action.RECALL]


def test_times_are_the_teams_and_say_the_day_when_it_is_another() -> None:
    assert NAMES.at(NOW) == "14:00"
    assert NAMES.at(datetime(2026, 11, 24, 4, 30, tzinfo=UTC)) == "23:30"
    assert NAMES.at(datetime(2026, 11, 24, 5, 30, tzinfo=UTC)) == "Tue 24 Nov, 00:30"
    assert NAMES.at(None) == "an unknown time"


def test_every_trouble_has_a_sentence() -> None:
    assert all(sentence.endswith(".") for sentence in TROUBLES.values())


# The same card for every role: what differs is what its buttons answer


@pytest.mark.parametrize("stage", [asked, approved, accepted])
async def test_each_role_presses_everything_and_only_the_right_ones_see_content(work: Work, stage: object) -> None:
    assert callable(stage)
    found: Draft = await stage(work)
    readers = {"vega", "osei", "raman", "brandt", "whitaker"}  # the coordinator: a part of it
    for member in work.office.clinic.staff:
        shown = await work.press(member.id, Action.REVIEW, found)
        assert isinstance(shown, Detail if member.id in readers else Notice), member.id
        for action in Action:
            if action in {Action.APPROVE, Action.SAVE_ACCEPT, Action.SAVE_RECALL, Action.SAVE_REJECT, Action.RETRY}:
                continue
            answer = await work.press(member.id, action, found, choice="x", reason="", question="", page="zero")
            if member.id not in readers:
                assert isinstance(answer, Notice | CardView), (member.id, action)
    assert (await work.draft()).state is found.state
    assert (await work.draft()).version == found.version
    assert not [line for line in work.log if line["level"] == "error"]


async def test_the_card_is_the_same_wherever_it_stands(work: Work) -> None:
    await work.typed("vega", "/handoff C-102 to osei")
    await work.settled()
    found = await work.draft()
    await work.read_all("vega", found)
    await work.press("vega", Action.APPROVE, found)
    await work.settled()
    chat = work.chats[Platform.WEB]
    channel, direct = chat.cards("harbor-care")[-1], chat.cards("direct.osei")[-1]
    assert channel == direct
