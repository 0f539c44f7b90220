"""Signing in to the console with the certified provider of npm: only people of the clinic file, only by what it proves."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.web.session import COOKIE, SIGNED_ON
from tests.security.live_console import Standing, standing

pytestmark = pytest.mark.node


@pytest.fixture
async def live() -> AsyncIterator[Standing]:
    async with standing() as found:
        yield found


async def test_a_person_of_the_clinic_file_signs_in_and_sees_their_own_channels_and_no_records(live: Standing) -> None:
    browser = await live.browser()
    page, address = await browser.asks("/console/c/harbor")
    assert (page.status, address) == (303, "/console/login?back=/console/c/harbor")
    page, address = await browser.signs_in("dana")
    assert (page.status, address) == (303, "/console/c/harbor")
    page, _ = await browser.asks(address)
    assert "Dana Reyes" in page.text
    assert "Sandbox" not in page.text
    assert "Be somebody else" not in page.text
    assert "Audit trail" not in page.text
    assert "crisis-line" not in page.text
    assert (await browser.asks("/console/c/crisis"))[0].status == 404
    assert (await browser.asks("/console/people"))[0].status == 404
    assert live.console.recorded == [("login", "dana", "oidc.signed_in")]


async def test_what_is_asked_of_the_provider(live: Standing) -> None:
    asked = parse_qs(urlsplit(await (await live.browser()).leaves()).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["max_age"] == ["900"]
    assert len(asked["code_challenge"][0]) == 43
    assert all(len(asked[name][0]) >= 32 for name in ("state", "nonce"))
    again = parse_qs(urlsplit(await (await live.browser()).leaves()).query)
    assert all(asked[name] != again[name] for name in ("state", "nonce", "code_challenge"))


async def test_a_verified_address_is_enough_in_any_case_of_letters(live: Standing) -> None:
    browser = await live.browser()
    assert (await browser.signs_in("O-77"))[0].status == 303
    assert "Omar Haddad" in (await browser.asks("/console/c/harbor"))[0].text


@pytest.mark.parametrize(("login", "why"), [("mallory", "not in the file"), ("lena", "address not verified")])
async def test_whom_the_clinic_file_does_not_name_stays_outside(live: Standing, login: str, why: str) -> None:
    browser = await live.browser()
    page, _ = await browser.signs_in(login)
    assert (page.status, "clinic file does not name you" in page.text) == (403, True), why
    assert (await browser.asks("/console/c/harbor"))[0].status == 303
    assert live.console.recorded == [("login_failed", f"web:{login}", "oidc.not_in_clinic_file")]


async def test_a_code_comes_back_once_and_in_the_browser_that_left(live: Standing) -> None:
    browser, other = await live.browser(), await live.browser()
    returned = await live.provider.signs_in(browser.theirs, await browser.leaves(), "dana", until=live.callback)
    path = returned.removeprefix(f"http://127.0.0.1:{live.console.port}")
    page, _ = await other.asks(path)  # somebody else's code slipped to a person: login CSRF
    assert (page.status, live.console.recorded[-1][2]) == (403, "oidc.state")
    page, _ = await browser.asks(path.replace("state=", "state=x"))
    assert (page.status, live.console.recorded[-1][2]) == (403, "oidc.state")
    held = browser.visitor.client.session.cookie_jar.filter_cookies(browser.visitor.client.make_url("/console"))
    attempt = held["baton_sign_on"].value
    assert (await browser.asks(path))[0].status == 303
    page, _ = await other.asks(path, Cookie=f"baton_sign_on={attempt}")
    assert (page.status, live.console.recorded[-1][2]) == (403, "oidc.state_used")


async def test_an_answer_of_another_issuer_is_refused(live: Standing) -> None:
    browser = await live.browser()
    returned = await live.provider.signs_in(browser.theirs, await browser.leaves(), "dana", until=live.callback)
    path = returned.removeprefix(f"http://127.0.0.1:{live.console.port}").split("&iss=")[0]
    page, _ = await browser.asks(f"{path}&iss=http%3A%2F%2F127.0.0.1%3A1")
    assert (page.status, live.console.recorded[-1][2]) == (403, "oidc.other_issuer")


async def test_signing_in_gives_a_new_session_in_a_guarded_cookie(live: Standing) -> None:
    browser = await live.browser()
    await browser.leaves()
    before = browser.cookie
    page, _ = await browser.signs_in()
    assert before
    assert browser.cookie != before
    for flag in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/console"):
        assert flag in page.headers["Set-Cookie"]
    held, _ = await (await live.browser()).asks("/console/c/harbor", Cookie=f"{COOKIE}={before}")
    assert held.status == 303  # what was planted before signing in opens nothing


async def test_away_for_a_quarter_of_an_hour_is_signed_out_whatever_the_page_asks_by_itself(live: Standing) -> None:
    browser = await live.browser()
    await browser.signs_in()
    page, _ = await browser.asks("/console/c/harbor")
    form = next(form for form in page.forms if "text" in form.fields)
    for minutes in (5, 10, 14):
        live.console.later = timedelta(minutes=minutes)
        assert (await browser.asks("/console/c/harbor/fresh"))[0].status == 200
    live.console.later = timedelta(minutes=15, seconds=1)
    assert (await browser.asks("/console/c/harbor/fresh"))[0].status == 401
    said = await browser.visitor.send(form.action, form.fields | {"text": "handoff C-102"})
    assert (said.status, live.console.desk.typed_words) == (401, [])
    assert (await browser.asks("/console/c/harbor"))[0].status == 303


async def test_somebody_at_work_stays_until_the_shift_is_over(live: Standing) -> None:
    browser = await live.browser()
    await browser.signs_in()
    whole = int(SIGNED_ON.whole.total_seconds() / 60)
    for minutes in range(10, whole, 10):
        live.console.later = timedelta(minutes=minutes)
        assert (await browser.asks("/console/home"))[0].status == 200
    live.console.later = timedelta(minutes=whole, seconds=1)
    assert (await browser.asks("/console/home"))[0].status == 303


async def test_signing_out_ends_the_session_for_a_copied_cookie_too(live: Standing) -> None:
    browser, thief = await live.browser(), await live.browser()
    await browser.signs_in()
    copied = browser.cookie
    page, _ = await browser.asks("/console/c/harbor")
    assert (await browser.visitor.send("/console/logout", {"csrf": "guessed"})).status == 403
    page = await browser.visitor.press(page, "Sign out")
    assert "You are signed out" in page.text
    assert (await browser.asks("/console/c/harbor"))[0].status == 303
    assert (await thief.asks("/console/c/harbor", Cookie=f"{COOKIE}={copied}"))[0].status == 303
    assert live.console.recorded[-1] == ("logout", "dana", "oidc.signed_out")


async def test_somebody_who_left_the_clinic_is_turned_away_at_the_next_click(live: Standing) -> None:
    browser = await live.browser()
    await browser.signs_in()
    assert (await browser.asks("/console/home"))[0].status == 200
    live.console.left.add("dana")
    assert (await browser.asks("/console/home"))[0].status == 303
    page, _ = await browser.signs_in()
    assert page.status == 403


# A grave thing takes the credentials once more


async def test_approving_of_a_crisis_takes_fresh_credentials_of_the_same_person(live: Standing) -> None:
    browser = await live.browser()
    await browser.signs_in()
    press = "/console/c/harbor/press"
    sent = {"action": "save_approve", "subject": "d-1", "version": "1", "v.code": "E-1"}

    async def csrf() -> str:
        return (await browser.asks("/console/c/harbor"))[0].forms[0].fields["csrf"]

    page = await browser.visitor.send(press, sent | {"csrf": await csrf()})
    assert (page.status, live.console.desk.presses) == (403, [])
    assert "credentials once more" in page.text

    await asyncio.sleep(1.0)  # the provider tells whole seconds
    address = await browser.leaves(again="1")
    asked = parse_qs(urlsplit(address).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    page, _ = await browser.comes_back("O-77", address)  # somebody else at the same desk
    assert (page.status, live.console.recorded[-1][2]) == (403, "oidc.step_up.somebody_else")

    page, back = await browser.comes_back("dana", await browser.leaves(again="1"))
    assert (page.status, back) == (303, "/console/c/harbor"), live.console.recorded
    assert live.console.recorded[-1] == ("login", "dana", "oidc.step_up")
    await browser.visitor.send(press, sent | {"csrf": await csrf()})
    assert [pressed.values["code"] for pressed in live.console.desk.presses] == ["E-1"]

    live.console.later = timedelta(minutes=6)
    page = await browser.visitor.send(press, sent | {"csrf": await csrf()})
    assert (page.status, len(live.console.desk.presses)) == (403, 1)
