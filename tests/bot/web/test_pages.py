"""The pages of the console, without JavaScript: what they show, what they refuse, what they never say."""

import logging
import re
from html import escape
from io import BytesIO

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.chat import Action, CardView, ChatUnavailable, Notice, Picker, Reply
from bot.web.app import WebConsole
from bot.web.board import MemoryBoard, Message
from bot.web.clinic import Channel
from bot.web.session import COOKIE, Signer, opened
from tests.fakes.console import CHANNELS, DANA, HARBOR, NOW, SECRET, Sandbox
from tests.fakes.views import CARD_VIEW, FORM, NASTY, NOTICE, PICKER
from tests.fakes.visitor import Visitor


async def shown(sandbox: Sandbox, person: str = "dana") -> list[Reply]:
    return [message.view for message in await sandbox.board.conversation(HARBOR, person)]


# Who you are


async def test_the_root_leads_to_the_choice_of_a_person(visitor: Visitor) -> None:
    page = await visitor.open("/")
    assert page.url.endswith("/console")
    assert "Who would you like to be?" in page.text
    assert "Synthetic clinic. No real people." in page.text
    assert "Care coordinator" in page.text


async def test_choosing_a_person_opens_their_channel(visitor: Visitor) -> None:
    page = await visitor.press(await visitor.open("/console"), "Ruth Okafor")
    assert "You are Ruth Okafor, PhD" in page.text
    assert "# harbor-team" in page.text


async def test_without_a_person_no_channel_opens(visitor: Visitor) -> None:
    page = await visitor.open("/console/c/harbor")
    assert page.status == 403
    assert "Choose who you are first." in page.text


async def test_an_unknown_person_cannot_be_chosen(visitor: Visitor) -> None:
    page = await visitor.be("nobody")
    assert page.status == 404
    assert (await visitor.open("/console/c/harbor")).status == 403


async def test_a_signed_session_of_somebody_who_left_is_nobody(sandbox: Sandbox, visitor: Visitor) -> None:
    for person, opens in (("dana", True), ("gone", False)):
        cookie = Signer(SECRET).sign(opened(person, NOW))
        async with visitor.client.get("/console/c/harbor", headers={"Cookie": f"{COOKIE}={cookie}"}) as answer:
            assert (answer.status == 200) is opens
            assert ("Set-Cookie" in answer.headers) is not opens


def _arguments(sandbox: Sandbox) -> dict[str, object]:
    return {
        "desk": sandbox.desk,
        "board": sandbox.board,
        "people": (),
        "channels": CHANNELS,
        "drawings": {},
        "ehr_writes": sandbox._ehr_writes,
        "audit_tail": sandbox._audit_tail,
        "secret_key": SECRET,
        "demo": True,
    }


@pytest.mark.parametrize("name", ["direct", "a/b", "", "x y", "é"])
def test_a_channel_id_that_cannot_stand_in_an_address_is_refused_at_the_start(sandbox: Sandbox, name: str) -> None:
    with pytest.raises(ValueError, match="Ids of console channels"):
        WebConsole(**(_arguments(sandbox) | {"channels": (Channel(name, "x"),)}))  # type: ignore[arg-type]  # the same arguments but one


# Talking


async def test_typed_words_reach_the_desk_and_the_answer_is_private(sandbox: Sandbox, visitor: Visitor) -> None:
    page = await visitor.say(await visitor.be("dana"), "/handoff C-102")
    assert [(words.text, words.who, words.place) for words in sandbox.desk.typed_words] == [
        ("handoff C-102", DANA, HARBOR)
    ]
    assert "Working on it." in page.text
    assert "Only you can see this" in page.text
    assert await shown(sandbox, "omar") == []


async def test_the_first_command_is_suggested(sandbox: Sandbox, visitor: Visitor) -> None:
    await visitor.press(await visitor.be("dana"), "/handoff C-102")
    assert [words.text for words in sandbox.desk.typed_words] == ["handoff C-102"]


async def test_a_page_sent_twice_is_one_delivery_and_one_answer(sandbox: Sandbox, visitor: Visitor) -> None:
    page = await visitor.be("dana")
    await visitor.say(page, "/handoff C-102")
    await visitor.say(page, "/handoff C-102")
    assert len({words.key for words in sandbox.desk.typed_words}) == 1
    assert await shown(sandbox) == [Notice("Working on it.")]


async def test_other_words_from_the_same_page_are_another_delivery(sandbox: Sandbox, visitor: Visitor) -> None:
    page = await visitor.be("dana")
    await visitor.say(page, "/handoff C-102")
    await visitor.say(page, "/handoff C-103")
    assert len({words.key for words in sandbox.desk.typed_words}) == 2
    assert len(await shown(sandbox)) == 2


async def test_nothing_typed_is_said_beside_the_box(sandbox: Sandbox, visitor: Visitor) -> None:
    page = await visitor.say(await visitor.be("dana"), " / ")
    assert page.status == 422
    assert "Type a command, for example /handoff C-102." in page.text
    assert sandbox.desk.typed_words == []


async def test_the_direct_conversation_is_each_persons_own(sandbox: Sandbox, visitor: Visitor) -> None:
    await visitor.be("dana")
    await visitor.say(await visitor.open("/console/c/direct"), "handoff")
    assert sandbox.desk.typed_words[0].place == await sandbox.chat().personal(DANA)
    await visitor.be("omar")
    assert "Working on it." not in (await visitor.open("/console/c/direct")).text


# Views


@pytest.mark.parametrize("draw", ["console", "slack", "teams"])
async def test_a_card_is_drawn_whole_and_its_texts_are_no_markup(sandbox: Sandbox, visitor: Visitor, draw: str) -> None:
    await sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    await visitor.be("omar")
    page = await visitor.open(f"/console/c/harbor?draw={draw}")
    for words in ("Handoff C-102", "One section could not be read", "From", "Harbor team", "Waiting for a decision"):
        assert words in page.text
    assert '<b>"Jerry"' not in page.html
    assert escape('<b>"Jerry"</b>', quote=False) in page.html.replace("&#34;", '"')
    assert "{{7*7}}" in page.html
    assert "49" not in page.text
    assert 'href="https://example.org"' not in page.html
    assert [label for form in page.forms for label in form.buttons if label in {"Review", "Approve", "Edit", "Reject"}]


@pytest.mark.parametrize("draw", ["console", "slack", "teams"])
async def test_a_button_sends_its_meaning_from_each_drawing(sandbox: Sandbox, visitor: Visitor, draw: str) -> None:
    ref = await sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    await visitor.be("dana")
    page = await visitor.press(await visitor.open(f"/console/c/harbor?draw={draw}"), "Approve")
    pressed = sandbox.desk.presses[0]
    assert (pressed.action, pressed.subject, pressed.version, pressed.who) == (Action.APPROVE, "d-1", 3, DANA)
    assert pressed.origin == ref
    assert ("draw=" in page.url) == (draw != "console")


async def test_what_another_platform_is_sent_can_be_read(sandbox: Sandbox, visitor: Visitor) -> None:
    await sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    await visitor.be("dana")
    assert '"type": "AdaptiveCard"' in (await visitor.open("/console/c/harbor?draw=teams")).text
    assert '"type": "header"' in (await visitor.open("/console/c/harbor?draw=slack")).text


async def test_a_button_of_a_drawing_that_the_card_does_not_have_does_nothing(
    sandbox: Sandbox, visitor: Visitor
) -> None:
    await sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    await visitor.be("dana")
    page = await visitor.open("/console/c/harbor?draw=slack")
    assert "Elsewhere" in page.text
    assert not any("Elsewhere" in form.buttons for form in page.forms)


async def test_a_confirmed_button_asks_before_it_sends(sandbox: Sandbox, visitor: Visitor) -> None:
    await sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    page = await visitor.be("dana")
    assert re.search(r"<summary[^>]*>.*Approve.*</summary>\s*<div class=\"sure\">", page.html)
    assert "It will be filed in the chart as shown." in page.text


async def test_detail_is_for_one_person_and_kept_nowhere(sandbox: Sandbox, visitor: Visitor) -> None:
    await sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    page = await visitor.press(await visitor.be("dana"), "Review")
    assert page.status == 200
    assert "Reports sleeping five hours a night." in page.text
    assert "Source: Progress note, 11/20/2026, Dana Reyes, LCSW, line 4" in page.text
    assert "Not known Safety plan: not documented." in page.text
    assert "Page 1 of 2" in page.text
    assert page.html.count(escape(NASTY, quote=True).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")) == 2
    assert await shown(sandbox) == [CARD_VIEW]
    assert "Reports sleeping" not in (await visitor.open("/console/c/harbor")).text


async def test_the_next_page_of_a_detail_still_knows_its_card(sandbox: Sandbox, visitor: Visitor) -> None:
    ref = await sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    page = await visitor.press(await visitor.be("dana"), "Review")
    await visitor.press(page, "Next page")
    assert sandbox.desk.presses[-1].values == {"page": "2"}
    assert sandbox.desk.presses[-1].origin == ref


async def test_a_form_keeps_words_and_shows_errors_beside_the_field(sandbox: Sandbox, visitor: Visitor) -> None:
    await sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    page = await visitor.press(await visitor.be("dana"), "Edit")
    form = page.form("Save")
    assert form.fields["v.patient"] == FORM.fields[0].value
    assert form.fields["v.actions"] == NASTY
    assert "Nothing was saved yet." in page.text
    assert 'aria-describedby="field-3-error"' in page.html
    assert 'href="#field-3"' in page.html
    assert "Action list (optional)" in page.text


async def test_a_saved_form_redraws_its_card(sandbox: Sandbox, visitor: Visitor) -> None:
    await sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    form = await visitor.press(await visitor.be("dana"), "Edit")
    page = await visitor.press(form, "Save", **{"v.reason": "two\r\nlines"})
    assert sandbox.desk.presses[-1].action is Action.SAVE_EDIT
    assert sandbox.desk.presses[-1].values["reason"] == "two\nlines"
    assert page.url.split("/")[-1].startswith("harbor#m-")
    assert "updated" in page.text
    assert await shown(sandbox) == [CARD_VIEW]


async def test_a_card_of_another_draft_does_not_take_the_place_of_this_one(sandbox: Sandbox, visitor: Visitor) -> None:
    other = CardView(CARD_VIEW.card, CARD_VIEW.status, (), "d-9", 1)
    sandbox.desk.answers[Action.APPROVE] = other
    await sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    await visitor.press(await visitor.be("dana"), "Approve")
    assert await shown(sandbox, "omar") == [CARD_VIEW]
    assert await shown(sandbox, "dana") == [CARD_VIEW, other]


async def test_a_notice_about_a_card_leaves_the_card_and_is_private(sandbox: Sandbox, visitor: Visitor) -> None:
    sandbox.desk.answers[Action.REVIEW] = NOTICE
    await sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    page = await visitor.press(await visitor.be("dana"), "Review")
    assert "Stopped. C-102 is not on your caseload." in page.text
    assert await shown(sandbox, "omar") == [CARD_VIEW]


async def test_a_choice_reaches_the_desk_and_its_answer_takes_the_pickers_place(
    sandbox: Sandbox, visitor: Visitor
) -> None:
    page = await visitor.say(await visitor.be("dana"), "picker")
    await visitor.press(page, "C-103")
    assert sandbox.desk.presses[0].action is Action.PICK
    assert sandbox.desk.presses[0].values == {"choice": "o3"}
    assert await shown(sandbox) == [Notice("Reading the chart of C-102.")]


@pytest.mark.parametrize(("count", "groups"), [(0, 0), (7, 0), (250, 3)])
async def test_a_picker_of_any_length_offers_each_option_once(
    sandbox: Sandbox, visitor: Visitor, count: int, groups: int
) -> None:
    options = tuple(type(PICKER.options[0])(f"o{n}", f"C-{n}") for n in range(count))
    await sandbox.chat().whisper(Picker("Which client?", options, "r-1"), DANA, HARBOR)
    page = await visitor.be("dana")
    assert page.html.count('<option value="o') == count
    assert page.html.count("<optgroup") == groups
    assert ("There is nothing to choose from." in page.text) == (count == 0)


async def test_the_start_page_shows_my_open_drafts(sandbox: Sandbox, visitor: Visitor) -> None:
    await visitor.be("dana")
    page = await visitor.open("/console/home")
    assert "Hello Dana." in page.text
    assert "Handoff C-102 waiting until 16:30 Open" in page.text
    assert "Waiting for me Nothing at the moment." in page.text
    assert (await visitor.press(page, "Open")).status == 200
    assert sandbox.desk.presses[0].place.personal


async def test_what_was_filed_and_recorded_stands_beside_the_conversation(sandbox: Sandbox, visitor: Visitor) -> None:
    page = await visitor.be("sam")
    assert "Written into the EHR 2 Communication 15:30 8c41 · version 1 Status completed" in page.text
    assert "Refused: not on the care team 11/19/2026, 15:30 Stopped · Lena Fischer · C-104" in page.text
    sandbox.writes, sandbox.audit = (), ()
    page = await visitor.open("/console/c/harbor/fresh")
    assert "A draft is written only after somebody approves it." in page.text
    assert "Nothing recorded yet." in page.text


async def test_the_fresh_part_has_the_same_messages_as_the_page(sandbox: Sandbox, visitor: Visitor) -> None:
    await sandbox.fill()
    page = await visitor.be("dana")
    fresh = await visitor.open("/console/c/harbor/fresh")
    assert re.findall(r'<li class="message[^>]+>', fresh.html) == re.findall(r'<li class="message[^>]+>', page.html)
    assert len(re.findall(r'<li class="message', page.html)) == 5


# Refusals


@pytest.mark.parametrize("csrf", ["", "wrong", None])
@pytest.mark.parametrize("address", ["/console/be", "/console/c/harbor/say", "/console/c/harbor/press"])
async def test_a_form_without_this_sessions_token_does_nothing(
    sandbox: Sandbox, visitor: Visitor, address: str, csrf: str | None
) -> None:
    await visitor.be("dana")
    fields = {
        "person": "omar",
        "text": "handoff",
        "nonce": "n" * 20,
        "action": "approve",
        "subject": "d",
        "version": "1",
    }
    page = await visitor.send(address, fields | ({} if csrf is None else {"csrf": csrf}))
    assert page.status == 403
    assert "Nothing was done." in page.text
    assert (sandbox.desk.typed_words, sandbox.desk.presses) == ([], [])
    assert "You are Dana" in (await visitor.open("/console/c/harbor")).text


async def test_a_page_opened_as_one_person_cannot_act_as_another(sandbox: Sandbox, visitor: Visitor) -> None:
    await sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    as_dana = await visitor.be("dana")
    await visitor.be("omar")
    page = await visitor.press(as_dana, "Approve")
    assert page.status == 403
    assert sandbox.desk.presses == []


async def test_a_private_message_of_somebody_else_cannot_be_pressed(sandbox: Sandbox, visitor: Visitor) -> None:
    await sandbox.chat().whisper(NOTICE, DANA, HARBOR)
    secret = (await sandbox.board.conversation(HARBOR, "dana"))[0].id
    await sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    page = await visitor.press(await visitor.be("omar"), "Approve", origin=secret)
    assert page.status == 404
    assert sandbox.desk.presses == []
    assert await shown(sandbox, "dana") == [NOTICE, CARD_VIEW]


async def test_a_message_of_another_conversation_cannot_be_pressed_from_here(
    sandbox: Sandbox, visitor: Visitor
) -> None:
    elsewhere = await sandbox.board.add(Message("m-x", "console", "crisis", "k", CARD_VIEW, NOW, NOW))
    await sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    page = await visitor.press(await visitor.be("omar"), "Approve", origin=elsewhere.id)
    assert page.status == 404
    assert sandbox.desk.presses == []


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/console/c/nowhere", 404),
        ("/console/c/direct.omar", 404),
        ("/console/c/harbor?draw=fax", 404),
        ("/console/c/harbor/..%2f..%2fetc", 404),
        ("/console/no/such/page", 404),
        ("/console/c/harbor/say", 404),
        ("/console/static/../app.py", 404),
        ("/console/static/app.py", 404),
        ("/console/static/%2e%2e%2fapp.py", 404),
    ],
)
async def test_addresses_that_lead_nowhere_say_so(visitor: Visitor, address: str, status: int) -> None:
    await visitor.be("dana")
    page = await visitor.open(address)
    assert page.status == status
    assert "Traceback" not in page.html


async def test_malformed_bodies_are_refused_in_words(sandbox: Sandbox, visitor: Visitor) -> None:
    await visitor.be("dana")
    for body, kind, status in [
        (b"{}", "application/json", 415),
        (b"a=%ff", "application/x-www-form-urlencoded", 400),
        (b"a=" + b"x" * 1_100_000, "application/x-www-form-urlencoded", 413),
    ]:
        async with visitor.client.post(
            "/console/c/harbor/say", data=BytesIO(body), headers={"Content-Type": kind}
        ) as answer:
            assert answer.status == status
            assert "<h1>" in await answer.text()
    assert sandbox.desk.typed_words == []


async def test_a_broken_desk_ends_on_a_page_without_its_insides(
    sandbox: Sandbox, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.desk.fails = True
    page = await visitor.be("dana")
    with caplog.at_level(logging.DEBUG):
        page = await visitor.say(page, "handoff planted-name")
    assert page.status == 500
    assert "not certain whether it was kept" in page.text
    assert "planted" not in page.html
    assert "planted" not in caplog.text
    assert "console_page_failed" in caplog.text


class ClosedBoard(MemoryBoard):
    async def add(self, message: Message) -> Message:
        raise ChatUnavailable("planted")


async def test_a_board_that_does_not_answer_is_said_as_such(sandbox: Sandbox) -> None:
    sandbox.board = ClosedBoard()
    async with TestClient(TestServer(sandbox.app())) as client:
        visitor = Visitor(client)
        page = await visitor.say(await visitor.be("dana"), "handoff")
    assert page.status == 503
    assert "Look at the conversation before you try again" in page.text
    assert "planted" not in page.html


# What the browser is told


async def test_every_answer_forbids_what_the_pages_do_not_need(sandbox: Sandbox, visitor: Visitor) -> None:
    await visitor.be("dana")
    for address in ("/console", "/console/c/harbor", "/console/nowhere", "/console/home", "/console/static/console.js"):
        headers = (await visitor.open(address)).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"


async def test_pages_need_no_inline_script_or_style(sandbox: Sandbox, visitor: Visitor) -> None:
    await sandbox.fill()
    page = await visitor.be("dana")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page.html)
    assert re.findall(r"<script[^>]*>", page.html) == ['<script src="/console/static/console.js" defer>']


async def test_the_cookie_is_closed_to_scripts_and_other_sites(visitor: Visitor) -> None:
    async with visitor.client.get("/console") as answer:
        cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/console"} <= set(cookie.split("; "))


async def test_addresses_hold_ids_only(sandbox: Sandbox, visitor: Visitor) -> None:
    page = await visitor.say(await visitor.be("dana"), "/handoff C-102 to Omar")
    assert page.url.endswith("/console/c/harbor#newest")


# Outside the demo


async def test_outside_the_demo_every_page_says_that_single_sign_on_is_needed() -> None:
    sandbox = Sandbox(demo=False)
    async with TestClient(TestServer(sandbox.app())) as client:
        visitor = Visitor(client)
        for address in ("/console", "/console/people", "/console/c/harbor", "/console/home", "/console/else"):
            page = await visitor.open(address)
            assert page.status == 403
            assert "single sign-on" in page.text
            assert "Set-Cookie" not in page.headers
        for address in ("/console/be", "/console/c/harbor/say", "/console/c/harbor/press"):
            assert (await visitor.send(address, {"text": "handoff", "person": "dana"})).status == 403
        assert (await visitor.open("/")).status == 404
    assert (sandbox.desk.typed_words, sandbox.desk.presses) == ([], [])
