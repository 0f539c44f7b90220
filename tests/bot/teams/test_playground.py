"""The story in Microsoft's own Teams test client, in a real browser, with authentication on."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from bot.chat import Action, CardView, Platform, Status
from skills.kit import Tone
from tests.fakes.desk import FakeDesk
from tests.fakes.node import require_chromium, require_node
from tests.fakes.teams_bot import TeamsBot, running_bot
from tests.fakes.teams_connector import TeamsConnector
from tests.fakes.teams_issuer import TeamsIssuer
from tests.fakes.teams_playground import PLAYGROUND_TENANT, SigningProxy, free_port, running_playground, running_proxy
from tests.fakes.views import CARD_VIEW, NASTY, PASSAGE

pytestmark = [pytest.mark.browser, pytest.mark.node]
FROM_BROWSER_MS = 15_000
expect.set_options(timeout=FROM_BROWSER_MS)


@pytest.fixture
async def proxy(issuer: TeamsIssuer) -> AsyncIterator[SigningProxy]:
    async with running_proxy(issuer) as proxy:
        yield proxy


@pytest.fixture
async def playground(
    issuer: TeamsIssuer, proxy: SigningProxy, desk: FakeDesk, tmp_path: Path
) -> AsyncIterator[tuple[TeamsBot, str]]:
    require_chromium()
    require_node("@microsoft/m365agentsplayground")
    port = free_port()
    connector = TeamsConnector(url=f"http://127.0.0.1:{port}/_connector")
    async with running_bot(issuer, connector, desk, tenant_ids=(PLAYGROUND_TENANT,)) as bot:
        proxy.bot_url = bot.url
        async with running_playground(proxy.url, port, tmp_path) as url:
            yield bot, url


@pytest.fixture
async def page(playground: tuple[TeamsBot, str]) -> AsyncIterator[Page]:
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=require_chromium(), args=["--no-sandbox"])
        page = await browser.new_page()
        page.set_default_timeout(FROM_BROWSER_MS)
        await page.route("https://**", lambda route: route.abort())
        await page.goto(playground[1])
        await page.get_by_text("Connected.").first.wait_for()
        yield page
        await browser.close()


async def type_to_bot(page: Page, words: str) -> None:
    await page.get_by_role("textbox").first.click()
    await page.keyboard.type(words)
    await page.keyboard.press("Enter")


def standing(words: str) -> CardView:
    return replace(CARD_VIEW, status=Status(Tone.INFO, words))


async def test_a_handoff_from_the_first_word_to_the_approval(
    page: Page, playground: tuple[TeamsBot, str], desk: FakeDesk, proxy: SigningProxy
) -> None:
    bot, _ = playground
    await type_to_bot(page, "/handoff C-102")
    await expect(page.get_by_text("Working on it.").last).to_be_visible()
    place = desk.typed_words[-1].place
    assert desk.typed_words[-1].text == "handoff C-102"
    assert (place.platform, place.tenant, place.personal) == (Platform.TEAMS, PLAYGROUND_TENANT, True)

    ref = await bot.platform.chat.post(standing("Waiting, version 3."), place, key="card-1")
    await expect(page.get_by_text(CARD_VIEW.card.notice).last).to_be_visible()
    await expect(page.get_by_text("Waiting, version 3.")).to_be_visible()
    await expect(page.get_by_text(NASTY.replace("{{", "{\u2060{"))).to_be_visible()

    await page.get_by_role("button", name="Edit", exact=True).click()
    field = page.get_by_label("Patient summary")
    await expect(field).to_have_value(PASSAGE.plain())
    await field.fill("Sleeps better.")
    await page.get_by_label("Reason").fill("seen today")
    desk.answers[Action.SAVE_EDIT] = standing("Waiting, version 4.")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Waiting, version 4.")).to_be_visible()
    await expect(page.get_by_text("Waiting, version 3.")).to_have_count(0)
    saved = desk.presses[-1]
    assert (saved.action, saved.values["patient"], saved.values["reason"]) == (
        Action.SAVE_EDIT,
        "Sleeps better.",
        "seen today",
    )
    assert saved.origin == ref

    await page.get_by_role("button", name="Review", exact=True).click()
    await expect(page.get_by_text("Reports sleeping five hours a night.")).to_be_visible()
    desk.answers[Action.SHOW] = standing("Waiting, version 4, as before.")
    await page.get_by_role("button", name="Back to the card").click()
    await expect(page.get_by_text("Waiting, version 4, as before.")).to_be_visible()

    desk.answers[Action.APPROVE] = standing("Approved, not filed yet.")
    await page.get_by_role("button", name="Approve", exact=True).click()
    await expect(page.get_by_text("It will be filed in the chart as shown.")).to_be_visible()
    assert desk.presses[-1].action is Action.SHOW
    await page.get_by_role("button", name="Approve", exact=True).last.click()
    await expect(page.get_by_text("Approved, not filed yet.")).to_be_visible()

    await bot.platform.chat.replace(ref, replace(standing("Filed."), buttons=()))
    await expect(page.get_by_text("Filed.", exact=True)).to_be_visible()
    assert {status for _, status in proxy.statuses} == {200}
