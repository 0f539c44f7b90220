"""A fire drill goes through the real chain, ends when a person answers, and its report says which way failed."""

import json
from datetime import timedelta

from typer.testing import CliRunner

from bot.crisis import drill, records
from bot.crisis.commands import commands
from bot.settings import Settings
from tests.fakes.office import Work


async def test_a_drill_pages_and_is_reported(work: Work) -> None:
    async with work.office.db.write() as conn:
        key = await drill.ask(conn, work.office.clinic, "harbor")
    await work.settled()
    await work.later(minutes=5, seconds=1)
    work.clock.now += timedelta(seconds=7)
    await work.typed("doyle", "ack E-1")
    async with work.office.db.read() as conn:
        number = await records.of_signal(conn, records.hashed(key))
        assert number is not None
        report = await drill.report(conn, work.office.clinic, number)
    assert report is not None
    assert (report.answered_by, report.answered_after_s) == ("Karen Doyle", 308.0)
    assert report.first_page_after_s == 0.0
    assert {page.reason for page in report.failed} == {"way_off"}
    said = [v.text for chat in work.chats.values() for views in chat.posts.values() for v in views[:1]]  # type: ignore[union-attr]  # pages are notices
    assert all(text.startswith("DRILL. Crisis page E-1: DRILL, now.") for text in said)
    before = len(said)
    await work.later(hours=2)
    assert sum(len(chat.posts) for chat in work.chats.values()) == before


async def test_the_command_line_reports_and_explains(work: Work) -> None:
    async with work.office.db.write() as conn:
        await drill.ask(conn, work.office.clinic, "harbor")
    await work.settled()
    settings = Settings(database_url=f"sqlite+aiosqlite:///{work.database_file}")
    group, run = commands(in_use=lambda: settings), CliRunner()
    import asyncio  # noqa: PLC0415 - only here: the command line runs a loop of its own

    why = await asyncio.to_thread(run.invoke, group, ["why", "E-1"])
    assert why.exit_code == 0, why.output
    assert "page now.0.0 to Helen Brandt by chat: sent" in why.output
    shown = await asyncio.to_thread(run.invoke, group, ["drill", "report", "E-1", "--json"])
    assert json.loads(shown.output)["answered_by"] is None
    missing = await asyncio.to_thread(run.invoke, group, ["why", "E-9"])
    assert "no escalation with that code" in str(missing.exception)


async def test_a_team_that_is_not_there_is_refused(work: Work) -> None:
    settings = Settings(database_url=f"sqlite+aiosqlite:///{work.database_file}")
    import asyncio  # noqa: PLC0415 - as above

    group = commands(in_use=lambda: settings)
    found = await asyncio.to_thread(CliRunner().invoke, group, ["drill", "run", "--team", "x", "--wait-s", "0"])
    assert "There is no team x" in str(found.exception)
