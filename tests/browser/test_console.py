"""The console in a real browser: by keyboard alone, on a phone, in the dark, without JavaScript."""

import asyncio

import pytest
from playwright.async_api import Page, expect

from bot.chat import Action, Notice
from tests.browser.conftest import Screen
from tests.fakes.console import DANA, HARBOR
from tests.fakes.views import CARD_VIEW, FORM, LONG_PICKER, PICKER

pytestmark = pytest.mark.browser

VISITS = ["/console/people", "/console/c/harbor", "/console/c/harbor?draw=slack", "/console/c/harbor?draw=teams"]
MORE = ["/console/home", "/console/c/direct", "/console/c/nowhere"]

# Text nodes whose colour on what is really behind them falls short of WCAG AA
TOO_FAINT = """() => {
  const parse = (c) => (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const over = ([r, g, b, a = 1], under) => [r, g, b].map((v, i) => v * a + under[i] * (1 - a));
  const behind = (e) => {
    const chain = [];
    for (let n = e; n; n = n.parentElement) chain.push(parse(getComputedStyle(n).backgroundColor));
    return chain.reverse().reduce((under, c) => over(c, under), parse("rgb(255,255,255)"));
  };
  const light = (c) => c.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const faint = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let looked = 0;
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    const box = e.getBoundingClientRect();
    if (!walk.currentNode.textContent.trim() || !e.checkVisibility() || box.width < 2 || box.height < 2) continue;
    looked += 1;
    const style = getComputedStyle(e);
    const ground = behind(e);
    const [a, b] = [light(over(parse(style.color), ground)), light(ground)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if ((a + 0.05) / (b + 0.05) < least) faint.push(e.className + ": " + walk.currentNode.textContent.trim());
  }
  return { looked, faint };
}"""

TOO_SMALL = """() => [...document.querySelectorAll("button, select, input:not([type=hidden]), textarea, summary, nav a")]
  .filter((e) => e.checkVisibility() && getComputedStyle(e).pointerEvents !== "none")
  .filter((e) => e.getBoundingClientRect().height < 43.5)
  .map((e) => e.textContent.trim() || e.id)"""

UNNAMED = """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
  .filter((e) => !e.labels.length || !e.labels[0].textContent.trim()).map((e) => e.outerHTML)"""

REPEATED_IDS = """() => [...document.querySelectorAll("[id]")].map((e) => e.id)
  .filter((id, place, all) => all.indexOf(id) !== place)"""

SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


async def filled(screen: Screen) -> None:
    await screen.sandbox.fill()
    await screen.sandbox.chat().whisper(LONG_PICKER, DANA, HARBOR)


async def tab_to(page: Page, words: str) -> None:
    """Moves on with the Tab key alone until what has the focus is called so."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        name = await page.evaluate(
            "() => { const e = document.activeElement;"
            " return (e.labels && e.labels[0] ? e.labels[0] : e).innerText.trim(); }"
        )
        if name.startswith(words):
            return
    pytest.fail(f"The Tab key never reached {words!r}.")


async def test_the_whole_way_by_keyboard_alone(screen: Screen) -> None:
    page = await screen.open()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the main part")).to_be_focused()
    await tab_to(page, "D\nDana Reyes")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("# harbor-team")

    await tab_to(page, "Message to Baton")
    await page.keyboard.type("/handoff C-102")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Working on it.")).to_be_visible()
    assert screen.sandbox.desk.typed_words[0].text == "handoff C-102"

    await screen.sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    await expect(page.get_by_role("heading", name="Handoff C-102")).to_be_visible()
    await tab_to(page, "Approve")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("It will be filed in the chart as shown.")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("It will be filed in the chart as shown.")).to_be_hidden()
    await page.keyboard.press("Enter")
    await tab_to(page, "Approve")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/harbor#m-*")
    assert [press.action for press in screen.sandbox.desk.presses] == [Action.APPROVE]

    await tab_to(page, "Edit")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Edit the handoff")
    await tab_to(page, "Reason: Say why in a few words.")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Reason")).to_be_focused()
    await page.keyboard.type("because")
    await tab_to(page, "Save")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/harbor#m-*")
    saved = screen.sandbox.desk.presses[-1]
    assert saved.values == {"patient": FORM.fields[0].value, "actions": FORM.fields[1].value, "reason": "because"}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
async def test_every_page_is_readable_reachable_and_fits(screen: Screen, phone: bool, dark: bool) -> None:  # noqa: FBT001  a table column
    await filled(screen)
    page = await screen.as_dana(phone=phone, dark=dark)
    for address in [*VISITS, *MORE]:
        await page.goto(address)
        await page.evaluate("() => document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        await hold(page, address)
    for button in ("Review", "Edit"):
        await page.goto("/console/c/harbor")
        await page.get_by_role("button", name=button, exact=True).first.click()
        await page.wait_for_selector("h1:not(:has-text('#'))")
        await hold(page, button)
    screen.complaints[:] = [said for said in screen.complaints if "404" not in said]  # /nowhere is one on purpose


async def hold(page: Page, where: str) -> None:
    seen = await page.evaluate(TOO_FAINT)
    assert seen["looked"] > 3, where
    assert seen["faint"] == [], where
    assert await page.evaluate(TOO_SMALL) == [], where
    assert await page.evaluate(UNNAMED) == [], where
    assert await page.evaluate(REPEATED_IDS) == [], where
    assert await page.evaluate(SIDEWAYS) <= 0, where
    assert await page.locator("main").count() == 1, where
    assert await page.locator("h1").count() == 1, where
    assert await page.locator("html").get_attribute("lang") == "en", where


async def test_on_a_phone_the_card_comes_first_and_panels_are_folded(screen: Screen) -> None:
    await screen.sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    page = await screen.as_dana(phone=True)
    await page.goto("/console/c/harbor#top")
    await expect(page.get_by_role("heading", name="Handoff C-102")).to_be_in_viewport()
    await expect(page.get_by_text("Lena Fischer").first).to_be_hidden()
    await expect(page.get_by_text("8c41 · version 1")).to_be_hidden()
    await page.get_by_text("Written into the EHR").click()
    await expect(page.get_by_text("8c41 · version 1")).to_be_visible()


async def test_at_a_desk_the_three_columns_stand_side_by_side(screen: Screen) -> None:
    await filled(screen)
    page = await screen.as_dana()
    boxes = [await page.locator(part).bounding_box() for part in (".places", "main", ".records")]
    lefts = [box["x"] for box in boxes if box]
    assert lefts == sorted(lefts)
    assert len(set(lefts)) == 3
    await expect(page.get_by_text("8c41 · version 1")).to_be_visible()
    await expect(page.get_by_role("button", name="Lena Fischer")).to_be_visible()


async def test_news_arrive_without_touching_what_is_being_typed(screen: Screen) -> None:
    await screen.sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    page = await screen.as_dana()
    box = page.get_by_label("Message to Baton")
    await box.fill("/handoff C-1")
    await box.press("ArrowLeft")
    await screen.sandbox.chat().post(Notice("The EHR answers again."), HARBOR, key="news")
    screen.sandbox.writes, screen.sandbox.audit = (), ()
    await expect(page.get_by_text("The EHR answers again.")).to_be_visible()
    await expect(page.get_by_text("Nothing recorded yet.")).to_be_visible()
    await expect(box).to_be_focused()
    await box.press("x")
    await expect(box).to_have_value("/handoff C-x1")


async def test_a_card_that_changes_keeps_the_focus_and_others_keep_their_open_question(screen: Screen) -> None:
    first = await screen.sandbox.chat().post(CARD_VIEW, HARBOR, key="first")
    await screen.sandbox.chat().post(CARD_VIEW, HARBOR, key="second")
    page = await screen.as_dana()
    cards = page.get_by_role("article")
    await cards.nth(1).locator("summary", has_text="Approve").click()
    edit = cards.nth(0).get_by_role("button", name="Edit")
    await edit.focus()
    await screen.sandbox.chat().replace(first, CARD_VIEW)
    await expect(page.locator(".message").first.get_by_text("updated")).to_be_visible()
    await expect(edit).to_be_focused()
    await expect(cards.nth(1).get_by_text("It will be filed")).to_be_visible()


async def test_an_impatient_double_click_presses_once(screen: Screen) -> None:
    await screen.sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    page = await screen.as_dana()
    await page.get_by_role("button", name="Review").dblclick()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Handoff C-102")
    assert len(screen.sandbox.desk.presses) == 1


async def test_a_server_that_is_away_is_said_and_the_words_are_kept(screen: Screen) -> None:
    page = await screen.as_dana()
    await page.get_by_label("Message to Baton").fill("/handoff C-1")
    await page.context.set_offline(True)
    await expect(page.get_by_text("Not up to date")).to_be_visible()
    await expect(page.get_by_label("Message to Baton")).to_have_value("/handoff C-1")
    await page.context.set_offline(False)
    await expect(page.get_by_text("Not up to date")).to_be_hidden()
    screen.complaints[:] = [said for said in screen.complaints if "ERR_INTERNET_DISCONNECTED" not in said]


async def test_everything_works_without_javascript(screen: Screen) -> None:
    await screen.sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    page = await screen.as_dana(scripts=False)
    await page.get_by_label("Message to Baton").fill("picker")
    await page.get_by_role("button", name="Send").click()
    await page.get_by_role("button", name=PICKER.options[2].label).click()
    await expect(page.get_by_text("Reading the chart of C-102.")).to_be_visible()
    await page.locator("summary", has_text="Approve").click()
    await page.locator(".sure").get_by_role("button", name="Approve").click()
    await page.get_by_role("button", name="Edit").click()
    await page.get_by_label("Reason").fill("because")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("# harbor-team")
    await page.get_by_role("link", name="Teams").click()
    await page.get_by_role("link", name="a refresh").click()
    await expect(page.get_by_role("article", name="as Teams draws it")).to_be_visible()
    pressed = [press.action for press in screen.sandbox.desk.presses]
    assert pressed == [Action.PICK, Action.APPROVE, Action.EDIT, Action.SAVE_EDIT]


async def test_two_people_see_the_same_card_and_only_their_own_asides(screen: Screen) -> None:
    await screen.sandbox.chat().whisper(PICKER, DANA, HARBOR)
    dana, omar = await screen.as_dana(), await screen.open()
    await omar.get_by_role("button", name="Omar Haddad").click()
    await screen.sandbox.chat().post(CARD_VIEW, HARBOR, key="card")
    await asyncio.gather(*(expect(page.get_by_role("article")).to_be_visible() for page in (dana, omar)))
    await expect(dana.get_by_text("Which client?")).to_be_visible()
    await expect(omar.get_by_text("Which client?")).to_have_count(0)
