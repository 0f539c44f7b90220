"""Headless Chromium against a served console. Missing Chromium is a skip with a reason, or a failure where CI says so."""

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, async_playwright

from tests.fakes.console import Sandbox

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def chromium_path() -> str:
    path = os.environ.get("BATON_TEST_CHROMIUM") or shutil.which("chromium")
    if path and Path(path).exists():
        return path
    if os.environ.get("BATON_REQUIRE_BROWSER") == "1":
        pytest.fail("Chromium is not installed, and BATON_REQUIRE_BROWSER=1 asks for it.")
    pytest.skip("Chromium is not installed: `apt-get install chromium`, or set BATON_TEST_CHROMIUM.")


@pytest.fixture
async def browser(chromium_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
        yield browser
        await browser.close()


@dataclass
class Screen:
    """Opens pages of a sandbox and remembers what the browser complained about."""

    browser: Browser
    server: TestServer
    sandbox: Sandbox
    complaints: list[str] = field(default_factory=list)

    async def open(
        self, address: str = "/console", *, phone: bool = False, dark: bool = False, scripts: bool = True
    ) -> Page:
        context = await self.browser.new_context(
            base_url=str(self.server.make_url("/")),
            viewport=PHONE if phone else DESK,  # type: ignore[arg-type]  # a ViewportSize by shape
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda said: self.complaints.append(said.text) if said.type != "log" else None)
        page.on("pageerror", lambda err: self.complaints.append(str(err)))
        await page.goto(address)
        return page

    async def as_dana(self, *, phone: bool = False, dark: bool = False, scripts: bool = True) -> Page:
        page = await self.open(phone=phone, dark=dark, scripts=scripts)
        await page.get_by_role("button", name="Dana Reyes").click()
        return page


@pytest.fixture
async def screen(browser: Browser) -> AsyncIterator[Screen]:
    """Each test fails when the browser's console said anything, a refused style or script included."""
    sandbox = Sandbox()
    server = TestServer(sandbox.app())
    await server.start_server()
    shown = Screen(browser, server, sandbox)
    yield shown
    for context in browser.contexts:
        await context.close()
    await server.close()
    assert shown.complaints == []
