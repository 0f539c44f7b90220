"""In the demo somebody files a PHQ-9 with item 9 = 2, and the supervisor's phone on the console shows the page."""

import asyncio
import re
from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

from bot.app import opened
from bot.settings import Profile, Settings


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    return found[1]


async def test_the_supervisors_phone_shows_the_page_of_what_was_just_filed(tmp_path: Path) -> None:
    settings = Settings(profile=Profile.DEMO, database_url=f"sqlite+aiosqlite:///{tmp_path}/baton.sqlite")
    async with opened(settings) as baton, TestClient(TestServer(baton.web)) as browser:
        people = await (await browser.get("/console/people")).text()
        page = await (
            await browser.post("/console/be", data={"csrf": csrf(people), "person": "brandt", "conversation": ""})
        ).text()
        assert "File a PHQ-9 with item 9 = 2 for C-102" in page
        assert (await browser.post("/console/file-phq9", data={"csrf": "forged"})).status >= 400
        assert not baton.charts.sandbox or baton.charts.sandbox.resources_written() == []
        await browser.post("/console/file-phq9", data={"csrf": csrf(page)})
        shown = ""
        async with asyncio.timeout(30):
            while "E-1" not in shown:
                await asyncio.sleep(0.1)
                shown = await (await browser.get("/console/phone")).text()
        assert "C-102" in shown
        assert "Lindholm" not in shown
