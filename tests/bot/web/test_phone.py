"""The phone view: what came is shown to its person, rings can be answered, and without a simulator there is no page."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.web.app import WebConsole
from bot.web.phone import Line, PhoneView
from tests.fakes.console import Sandbox
from tests.fakes.visitor import Visitor

WHEN = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)


async def test_a_ringing_phone_is_answered_by_a_button(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    did: list[tuple[str, str]] = []

    def lines(staff_id: str) -> Sequence[Line] | None:
        return [Line("call", "Crisis page E-1: <C-102>, now.", WHEN, "ringing", rings=True)]

    async def acts(staff_id: str, what: str) -> str:
        did.append((staff_id, what))
        return "E-1: done."

    console: WebConsole = sandbox.console()
    monkeypatch.setattr(console, "_phone", PhoneView(lines, acts, acts))
    site = web.Application()
    site.add_routes(console.routes())
    async with TestClient(TestServer(site)) as client:
        visitor = Visitor(client)
        await visitor.be("dana")
        page = await visitor.open("/console/phone")
        assert "Crisis page E-1: <C-102>, now." in page.text
        after = await visitor.press(page, "Pick up and press 1: take it")
        assert "E-1: done." in after.text
        assert did == [("dana", "1")]


async def test_without_a_simulated_company_there_is_no_phone(visitor: Visitor) -> None:
    await visitor.be("dana")
    assert (await visitor.open("/console/phone")).status == 404
