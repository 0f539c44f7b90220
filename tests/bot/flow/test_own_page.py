"""A person's own page says who is on call for their teams and what Baton knows of them; it fits every platform."""

from datetime import timedelta
from pathlib import Path

from bot.chat import HomeLine, Platform
from bot.flow import own_page
from bot.slack import render
from tests.fakes.block_kit import mistakes
from tests.fakes.office import Json, Work, at_work


def lines(work: Work, section: str, staff_id: str = "vega") -> dict[str, str]:
    found: dict[str, tuple[HomeLine, ...]] = dict(own_page.sections(work.office, work.staff(staff_id)))
    return {line.label: line.status for line in found[section]}


async def test_the_page_says_who_is_on_call_and_when_it_is_oneself(tmp_path: Path) -> None:
    async with at_work(tmp_path) as work:
        said = set[str]()
        for _ in range(28):
            work.clock.now += timedelta(hours=6)
            for staff in work.office.clinic.staff:
                duty = lines(work, "On call now", staff.id)
                assert set(duty) == {work.office.clinic.team(team).name for team in staff.teams}
                said |= set(duty.values())
        assert "you" in said
        assert "nobody is on call" not in said


async def test_a_clinic_without_a_crisis_part_promises_no_cover(tmp_path: Path) -> None:
    def none(plain: Json) -> None:
        plain["crisis"] = None

    async with at_work(tmp_path) as work:
        work.change_clinic(none)
        assert lines(work, "On call now") == {}


async def test_the_page_says_what_is_on_file_and_fits_slack(tmp_path: Path) -> None:
    async with at_work(tmp_path) as work:
        settings = lines(work, "My settings")
        licence = work.staff("vega").licence
        assert licence is not None
        assert licence.type in settings["Licence"]
        assert "Slack" in settings["Linked with"]
        home = await work.desk.home(work.who("vega", Platform.SLACK))
        assert [title for title, _ in home.sections][:2] == ["My open drafts", "Waiting for me"]
        assert mistakes("home", render.home(home)) == []
