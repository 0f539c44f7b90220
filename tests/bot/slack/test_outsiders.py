"""Nothing about clients where outsiders could read along: asked of Slack at each post and click, and closed in doubt."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.chat import Action, ChatUnavailable, Place, Platform, Press, Typed, Who
from bot.crisis.words import answers_a_page
from bot.flow import present
from bot.slack import inbound, outsiders, render
from bot.slack.listeners import Circle
from bot.slack.outbound import SlackChat
from bot.slack.outsiders import Outsiders, guarding, watching
from tests.bot.slack.conftest import running
from tests.bot.slack.slack_side import CHANNEL, DANA, TEAM, Json, buttons, event_body
from tests.fakes.desk import FakeDesk
from tests.fakes.office import SLACK_HARBOR, at_work
from tests.fakes.slack_api import FakeSlack, Misbehaviour
from tests.fakes.views import CARD_VIEW

HERE = Place(Platform.SLACK, TEAM, CHANNEL)
WHO = Who(Platform.SLACK, TEAM, DANA)
URGENT = True
INFO, MEMBERS, PERSON, POST = "conversations.info", "conversations.members", "users.info", "chat.postMessage"


@dataclass
class Seconds:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def chat(api: FakeSlack) -> AsyncIterator[SlackChat]:
    made = SlackChat("xoxb-1", api.api_url)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def guard(chat: SlackChat, seconds: Seconds) -> Outsiders:
    return Outsiders(chat._ask, now=seconds)


# Places


async def test_an_ordinary_channel_of_full_members_carries_client_information(chat: SlackChat, api: FakeSlack) -> None:
    api.members[CHANNEL] = [f"U{n}" for n in range(450)]
    assert await chat.refuses(HERE) is None
    assert len(api.sent(MEMBERS)) == 3  # page by page
    assert len(api.sent(PERSON)) == 450


@pytest.mark.parametrize(
    ("flags", "refusal"),
    [
        ({"is_ext_shared": True, "is_shared": True}, outsiders.SHARED),
        ({"is_pending_ext_shared": True}, outsiders.PENDING),
        ({"pending_shared": ["T9"]}, outsiders.PENDING),
        ({"is_ext_shared": None}, outsiders.UNKNOWN_PLACE),
        ({"is_pending_ext_shared": None}, outsiders.UNKNOWN_PLACE),
        ({"is_ext_shared": "no"}, outsiders.UNKNOWN_PLACE),
        ({"is_shared": True, "is_org_shared": True}, None),  # with the organisation's other workspaces
    ],
)
async def test_what_a_channel_s_flags_mean(
    guard: Outsiders, api: FakeSlack, flags: Json, refusal: outsiders.Refusal | None
) -> None:
    api.channels[CHANNEL] = flags
    assert await guard.at(HERE) == refusal


@pytest.mark.parametrize(
    ("flags", "inside", "acting"),
    [
        ({"is_restricted": True}, outsiders.GUEST_INSIDE, outsiders.GUEST),
        ({"is_ultra_restricted": True}, outsiders.GUEST_INSIDE, outsiders.GUEST),
        ({"is_stranger": True}, outsiders.GUEST_INSIDE, outsiders.STRANGER),
        ({"team_id": "T9"}, outsiders.GUEST_INSIDE, outsiders.STRANGER),
        ({"team_id": None}, outsiders.GUEST_INSIDE, outsiders.STRANGER),
        ({"is_restricted": None}, outsiders.GUEST_INSIDE, outsiders.UNKNOWN_PERSON),
        ({"is_ultra_restricted": None}, outsiders.GUEST_INSIDE, outsiders.UNKNOWN_PERSON),
        ({"deleted": None}, outsiders.GUEST_INSIDE, outsiders.UNKNOWN_PERSON),
        ({"deleted": True}, None, outsiders.GONE),  # reads nothing any more, and may press nothing
        ({"is_bot": True}, None, outsiders.MACHINE),
        ({"team_id": "T9", "enterprise_user": {"enterprise_id": TEAM}}, None, None),  # another workspace of the grid
        ({}, None, None),
    ],
)
async def test_what_a_person_s_flags_mean_for_the_channel_and_for_themselves(
    guard: Outsiders,
    api: FakeSlack,
    flags: Json,
    inside: outsiders.Refusal | None,
    acting: outsiders.Refusal | None,
) -> None:
    api.members[CHANNEL] = ["U1", "U2"]
    api.people["U2"] = flags
    assert await guard.at(HERE) == inside
    assert await guard.of(Who(Platform.SLACK, TEAM, "U2")) == acting
    assert await guard.at(Place(Platform.SLACK, TEAM, "DU2", personal=True)) == acting
    assert await guard.at(Place(Platform.SLACK, TEAM, "U2", personal=True)) == acting


@pytest.mark.parametrize("method", [INFO, MEMBERS, PERSON])
@pytest.mark.parametrize("error", ["missing_scope", "channel_not_found", "user_not_found", "no_permission"])
async def test_what_slack_will_not_say_counts_as_a_danger(
    chat: SlackChat, api: FakeSlack, method: str, error: str
) -> None:
    api.misbehaves[method] = [Misbehaviour(error=error)]
    assert await chat.refuses(HERE) is not None


async def test_a_channel_with_no_members_or_too_many_is_closed(guard: Outsiders, api: FakeSlack) -> None:
    api.members = {CHANNEL: [], "C2": [f"U{n}" for n in range(1001)]}
    assert await guard.at(HERE) == outsiders.UNKNOWN_PLACE
    assert await guard.at(Place(Platform.SLACK, TEAM, "C2")) == outsiders.TOO_MANY


@pytest.mark.parametrize("method", [INFO, MEMBERS, PERSON])
async def test_a_slack_that_does_not_answer_is_neither_yes_nor_remembered(
    guard: Outsiders, api: FakeSlack, method: str
) -> None:
    api.misbehaves[method] = [Misbehaviour(status=503), Misbehaviour(status=503)]
    with pytest.raises(ChatUnavailable):
        await guard.at(HERE)
    assert await guard.acting(Who(Platform.SLACK, TEAM, "U7"), HERE) == outsiders.CANNOT_ASK
    assert await guard.acting(Who(Platform.SLACK, TEAM, "U7"), HERE) is None


# Remembering


async def test_an_answer_is_remembered_for_a_minute_and_no_longer(
    guard: Outsiders, api: FakeSlack, seconds: Seconds
) -> None:
    assert await guard.at(HERE) is None
    api.channels[CHANNEL] = {"is_ext_shared": True}
    seconds.now += outsiders.REMEMBERED_S
    assert await guard.at(HERE) is None
    seconds.now += 1
    assert await guard.at(HERE) == outsiders.SHARED


async def test_one_organisation_s_answer_is_not_another_s(guard: Outsiders) -> None:
    assert await guard.of(WHO) is None
    assert await guard.of(Who(Platform.SLACK, "T9", DANA)) == outsiders.STRANGER


EVENTS: list[tuple[Json, str]] = [
    ({"type": "channel_shared", "channel": CHANNEL, "connected_team_id": "T9"}, CHANNEL),
    ({"type": "channel_unshared", "channel": CHANNEL}, CHANNEL),
    ({"type": "channel_id_changed", "old_channel_id": CHANNEL, "new_channel_id": "C9"}, CHANNEL),
    ({"type": "member_joined_channel", "channel": CHANNEL, "user": "U9"}, CHANNEL),
    ({"type": "member_left_channel", "channel": CHANNEL, "user": "U9"}, CHANNEL),
    ({"type": "user_change", "user": {"id": DANA}}, DANA),
    ({"type": "team_access_revoked", "team_ids": ["T2"]}, DANA),
    ({"type": "team_access_granted", "team_ids": ["T2"]}, CHANNEL),
]


@pytest.mark.parametrize(("event", "subject"), EVENTS, ids=[str(event["type"]) for event, _ in EVENTS])
async def test_slack_s_events_make_it_forgotten_at_once(
    api: FakeSlack, desk: FakeDesk, chat: SlackChat, event: Json, subject: str
) -> None:
    looked_at: list[str] = []

    async def look_again(place: Place) -> None:
        looked_at.append(place.conversation)

    place = Place(Platform.SLACK, TEAM, subject)
    assert await chat.refuses(place) is None
    api.channels[CHANNEL], api.people[DANA] = {"is_ext_shared": True}, {"is_restricted": True}
    assert await chat.refuses(place) is None
    async for run in running(desk, api, chat=chat, circle=Circle(changed=watching(chat.outsiders, look_again))):
        assert await run.slack.event(event_body(event)) == (200, "")
        assert await chat.refuses(place) is not None
    assert (CHANNEL in looked_at) == ("channel" in str(event["type"]))


async def test_a_person_who_became_a_guest_closes_the_channels_they_sit_in(guard: Outsiders, api: FakeSlack) -> None:
    assert await guard.at(HERE) is None
    api.people[DANA] = {"is_restricted": True}
    guard.forget(TEAM, DANA)
    assert await guard.at(HERE) == outsiders.GUEST_INSIDE


async def test_an_answer_that_an_event_overtook_is_not_remembered(api: FakeSlack, chat: SlackChat) -> None:
    async def overtaken(tenant: str, method: str, **about: Any) -> Any:
        answer = await chat._ask(tenant, method, **about)
        if method == INFO and CHANNEL not in api.channels:
            api.channels[CHANNEL] = {"is_ext_shared": True}
            asking.forget(tenant, CHANNEL)
        return answer

    asking = Outsiders(overtaken)
    await asking.at(HERE)
    assert await asking.at(HERE) == outsiders.SHARED


# At the click


@dataclass
class Book:
    lines: list[tuple[str, str, str]] = field(default_factory=list)

    async def noted(self, who: Who, place: Place, rule: str) -> None:
        self.lines.append((who.user, place.conversation, rule))


def circle(chat: SlackChat, book: Book) -> Circle:
    return Circle(allowed=guarding(chat.outsiders, book.noted), noted=book.noted)


@pytest.mark.parametrize(
    ("person", "channel", "refusal"),
    [
        ({"deleted": True}, {}, outsiders.GONE),
        ({"is_restricted": True}, {}, outsiders.GUEST),
        ({"team_id": "T9"}, {}, outsiders.STRANGER),
        ({}, {"is_ext_shared": True}, outsiders.SHARED),
        ({}, {"is_pending_ext_shared": True}, outsiders.PENDING),
        ({}, {}, None),
    ],
)
async def test_every_click_is_checked_and_a_refusal_is_recorded(
    api: FakeSlack, desk: FakeDesk, chat: SlackChat, person: Json, channel: Json, refusal: outsiders.Refusal | None
) -> None:
    api.people[DANA], api.channels[CHANNEL] = person, channel
    (first, *_) = buttons(render.message(CARD_VIEW))
    book = Book()
    async for run in running(desk, api, chat=chat, circle=circle(chat, book)):
        await run.slack.clicks(first)
        await run.platform.settled()
        said = await run.slack.types("/handoff", "C-102")
    if refusal is None:
        assert (len(desk.presses), len(desk.typed_words), book.lines) == (1, 1, [])
    else:
        assert (desk.presses, desk.typed_words) == ([], [])
        assert refusal.sentence in str(api.responses)
        assert refusal.sentence in str(said)
        assert book.lines == [(DANA, CHANNEL, refusal.rule)] * 2


async def test_the_answer_to_a_page_is_taken_while_slack_cannot_be_asked_and_nothing_else_is() -> None:
    async def away(tenant: str, method: str, **_: object) -> Json:
        raise ChatUnavailable("Slack is away.")

    book = Book()
    allowed = guarding(Outsiders(away), book.noted)
    assert await allowed(WHO, HERE, URGENT) is None
    assert await allowed(WHO, HERE, not URGENT) == outsiders.CANNOT_ASK.sentence
    assert book.lines == [(WHO.user, HERE.conversation, "slack.cannot_ask")]


async def test_what_slack_does_say_turns_away_the_answer_to_a_page_too(chat: SlackChat, api: FakeSlack) -> None:
    api.people[DANA] = {"deleted": True}
    allowed = guarding(chat.outsiders, Book().noted)
    assert await allowed(WHO, HERE, URGENT) == outsiders.GONE.sentence


@pytest.mark.parametrize(
    ("doing", "answers"),
    [
        (Typed("ack E-17", WHO, HERE, "k"), True),
        (Typed("/crisis C-102 she texted goodbye", WHO, HERE, "k"), True),
        (Typed("why E-17", WHO, HERE, "k"), False),
        (Typed("approve E-17", WHO, HERE, "k"), False),
        (Typed("/handoff C-102", WHO, HERE, "k"), False),
        (Press(Action.CRISIS_ACK, "E-17", 0, WHO, HERE), True),
        (Press(Action.CRISIS_DETAIL, "E-17", 0, WHO, HERE), False),
    ],
)
def test_what_answers_a_page(doing: Typed | Press, answers: bool) -> None:  # noqa: FBT001 - a table
    assert answers_a_page(doing) is answers


async def test_what_the_payload_alone_gives_away_is_recorded_too(
    api: FakeSlack, desk: FakeDesk, chat: SlackChat
) -> None:
    book = Book()
    event = {"type": "app_mention", "channel": CHANNEL, "text": "<@UBOT> handoff", "ts": "1.1", "user_team": "T9"}
    async for run in running(desk, api, chat=chat, circle=circle(chat, book)):
        await run.slack.event(event_body(event))
        await run.platform.settled()
    assert book.lines == [(DANA, CHANNEL, inbound.RULES[inbound.OUTSIDER])]
    assert desk.typed_words == []


# At the post


async def test_a_card_goes_to_its_asker_in_person_where_a_guest_could_read_it(
    chat: SlackChat, api: FakeSlack, tmp_path: Path
) -> None:
    api.team = SLACK_HARBOR.tenant
    api.members[SLACK_HARBOR.conversation] = ["U1", "UGUEST"]
    api.people["UGUEST"] = {"is_ultra_restricted": True}
    async with at_work(tmp_path) as work:
        work.chats[Platform.SLACK] = chat  # type: ignore[assignment]  # the real one instead of the remembering fake
        await work.typed("vega", "/handoff C-102", SLACK_HARBOR)
        await work.settled()
        draft = await work.draft()
        refused = [event for event in await work.trail(draft.id) if event.action == "access_refused"]
    assert [channel for channel, _ in api.messages if channel == SLACK_HARBOR.conversation] == []
    drawn = [str(message) for (channel, _), message in api.messages.items() if channel.startswith("D")]
    assert sum("Review" in each for each in drawn) >= 1
    assert any("Others could read along" in each for each in drawn)
    assert [event.fields["reason"] for event in refused] == ["channel.outsiders"]


async def test_a_card_is_taken_down_when_its_channel_is_shared(chat: SlackChat, api: FakeSlack, tmp_path: Path) -> None:
    api.team = SLACK_HARBOR.tenant
    async with at_work(tmp_path) as work:
        work.chats[Platform.SLACK] = chat  # type: ignore[assignment]  # as above
        await work.typed("vega", "/handoff C-102", SLACK_HARBOR)
        await work.settled()
        (standing,) = [m for (channel, _), m in api.messages.items() if channel == SLACK_HARBOR.conversation]
        assert "C-102" in str(standing)
        api.channels[SLACK_HARBOR.conversation] = {"is_ext_shared": True}
        changed = watching(chat.outsiders, lambda place: present.look_again(work.office, place))
        await changed(SLACK_HARBOR.tenant, {"type": "channel_shared", "channel": SLACK_HARBOR.conversation})
        await work.settled()
        cards = await work.rows("cards")
    (standing,) = [m for (channel, _), m in api.messages.items() if channel == SLACK_HARBOR.conversation]
    assert "C-102" not in str(standing)
    assert "taken down" in str(standing)
    assert [card["dead"] for card in cards if card["conversation"] == SLACK_HARBOR.conversation] == [1]


async def test_nothing_is_posted_while_slack_cannot_be_asked_and_the_card_comes_later(
    chat: SlackChat, api: FakeSlack, tmp_path: Path
) -> None:
    api.team = SLACK_HARBOR.tenant
    api.misbehaves[INFO] = [Misbehaviour(status=503)] * 2
    async with at_work(tmp_path) as work:
        work.chats[Platform.SLACK] = chat  # type: ignore[assignment]  # as above
        await work.typed("vega", "/handoff C-102", SLACK_HARBOR)
        await work.settled()
        assert api.sent(POST) == []
        await work.later(minutes=3)
        await work.later(minutes=5)
    assert len(api.sent(POST)) == 1
