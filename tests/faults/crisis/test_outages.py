"""What others do to an escalation: the EHR, the platforms, the telephone company, the calendar, and who edits the clinic.

Time is fast-forwarded for the clock and the queue alike. Every page still goes out, none twice, none after an answer.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.chat import ChatUnavailable, Notice, Platform
from bot.crisis import verbs
from bot.crisis.disposition import Level
from bot.crisis.escalation import State
from bot.crisis.policy import WayName
from bot.crisis.records import PageRow, PageState
from bot.crisis.ways.port import Undelivered
from tests.fakes.crisis import ASignal, FakeWay, complete, opened, pages, stored, story, with_ways
from tests.fakes.office import FakeChat, Json, Work, at_work
from tests.faults.tally import Tally

NEW_YORK = ZoneInfo("America/New_York")
TREATING = ("vega", "osei")  # known when it opens, so that a slow machine asks no EHR
FIRST = {*TREATING, "brandt"}
CODE = "E-1"


@dataclass
class Limited(FakeChat):
    """Answers 429, or 503, as long as it is `down`."""

    retry_after_s: float | None = 600.0

    def _answer(self, conversation: str = "") -> None:
        self.calls += 1
        if self.down:
            raise ChatUnavailable("The platform says to wait.", retry_after_s=self.retry_after_s)


@dataclass
class Ground:
    """An office on one platform, and its telephones."""

    work: Work
    chat: FakeChat
    sms: FakeWay
    voice: FakeWay

    def texted(self) -> set[str]:
        return {page.to.id for _, page in self.sms.sent if page.to}

    async def by(self, way: WayName, *states: PageState) -> list[PageRow]:
        return [row for row in await pages(self.work) if row.way is way and row.state in (states or PageState)]

    async def none_twice(self) -> None:
        """By what arrived: each key once, in whichever way."""
        keys = [key for way in (self.sms, self.voice) for key, _ in way.sent]
        assert len(keys) == len(set(keys))
        crisis = [[v for v in views if _is_page(v)] for views in self.chat.posts.values()]
        assert all(len(views) <= 1 for views in crisis)
        sent = [row.key for row in await pages(self.work) if row.state is PageState.SENT]
        assert set(sent) == {*keys, *(key for key in self.chat.posts if key.startswith("E-"))}


def _is_page(view: object) -> bool:
    return isinstance(view, Notice) and view.text.startswith("Crisis page")


@asynccontextmanager
async def on_one_platform(folder: Path, chat: FakeChat) -> AsyncIterator[Ground]:
    async with at_work(folder, platforms=(chat.platform,), working=False) as work:
        sms, voice = FakeWay(WayName.SMS), FakeWay(WayName.VOICE)
        work.chats[chat.platform] = chat  # the office holds this very mapping
        with_ways(work, sms, voice)
        await work.restart()
        yield Ground(work, chat, sms, voice)


async def to_the_end(work: Work) -> None:
    """Answered, assessed, disposed of, documented and closed by people."""
    brandt = work.staff("brandt")
    await verbs.acknowledge(work.office, brandt, CODE)
    await verbs.assess(work.office, brandt, CODE, Level.MODERATE)
    await verbs.dispose(work.office, brandt, CODE, complete("brandt"))
    async with work.office.db.write() as conn:
        await verbs.documented(conn, work.office, brandt, CODE, "Task/1")
    await verbs.close(work.office, brandt, CODE)
    before = await pages(work)
    await work.later(hours=30)
    assert [row.key for row in await pages(work)] == [row.key for row in before], "paged after the end"
    assert (await stored(work)).now.state is State.CLOSED
    assert await work.verified()


async def why(work: Work) -> str:
    reply = await verbs.why(work.office, work.staff("brandt"), CODE)
    return reply.text


async def test_slack_says_for_ten_minutes_to_wait(tmp_path: Path, tally: Tally) -> None:
    async with on_one_platform(tmp_path, Limited(Platform.SLACK, down=True)) as ground:
        work = ground.work
        await opened(work, treating=TREATING)
        assert ground.texted() == FIRST, "the other way waits for nobody"
        assert (await stored(work)).now.step == 0, "they are reached"
        await work.later(minutes=5, seconds=1)
        assert "doyle" in ground.texted(), "and nobody having answered the next step is due in time"
        waiting = {row.key for row in await ground.by(WayName.CHAT, PageState.LATE)}
        assert len(waiting) == 4
        ground.chat.down = False
        await work.later(minutes=10, seconds=1)
        assert waiting <= {row.key for row in await ground.by(WayName.CHAT, PageState.SENT)}
        await ground.none_twice()
        await to_the_end(work)
    tally.add("Slack answering 429 for ten minutes of an escalation")


async def test_slack_says_to_wait_and_somebody_answers_meanwhile(tmp_path: Path, tally: Tally) -> None:
    async with on_one_platform(tmp_path, Limited(Platform.SLACK, down=True)) as ground:
        await opened(ground.work, treating=TREATING)
        await verbs.acknowledge(ground.work.office, ground.work.staff("osei"), CODE)
        ground.chat.down = False
        await ground.work.later(minutes=11)
        assert not [key for key in ground.chat.posts if key.startswith("E-")], "paged after an answer"
        assert {row.state for row in await ground.by(WayName.CHAT)} == {PageState.STOPPED}
    tally.add("Slack answering 429 for ten minutes of an escalation")


async def test_teams_breaks_and_no_telephone_works_so_everybody_of_the_chain_is_wanted_at_once(
    tmp_path: Path, tally: Tally
) -> None:
    async with on_one_platform(tmp_path, Limited(Platform.TEAMS, down=True, retry_after_s=None)) as ground:
        ground.sms.raises = [Undelivered("no_such_number")] * 50
        work = ground.work
        await opened(work, treating=TREATING, settle=False)
        for _ in range(50):
            await work.worker.until_idle(timeout_s=10)
            if (await stored(work)).now.step == 3:
                break
        assert (await stored(work)).now.step >= 2, "a step that reaches nobody is passed at once"
        assert ground.voice.sent, "up to those whose telephone rings"
        ground.chat.down = False
        await work.later(minutes=1)
        late = await ground.by(WayName.CHAT, PageState.SENT)
        assert FIRST | {"doyle"} <= {row.staff_id for row in late}, "and every page still goes out"
        await ground.none_twice()
        await to_the_end(work)
    tally.add("Teams answering 5xx during an escalation")


async def test_teams_breaks_and_is_passed_over_for_the_telephone(tmp_path: Path, tally: Tally) -> None:
    async with on_one_platform(tmp_path, Limited(Platform.TEAMS, down=True, retry_after_s=None)) as ground:
        await opened(ground.work, treating=TREATING)
        assert ground.texted() == FIRST
        assert (await stored(ground.work)).now.step == 0
        await ground.none_twice()
    tally.add("Teams answering 5xx during an escalation")


async def test_the_ehr_is_down_from_the_beginning_to_the_end(tmp_path: Path, tally: Tally) -> None:
    async with on_one_platform(tmp_path, FakeChat(Platform.WEB)) as ground:
        work = ground.work
        await work.server.__aexit__(None, None, None)
        await opened(work)
        assert {"brandt", "doyle"} <= ground.texted(), "who treats is not known: whoever is on call stands in"
        assert "no treating clinician is known" in await why(work)
        await work.later(minutes=5, seconds=1)
        await work.later(minutes=5, seconds=1)
        assert (await stored(work)).now.step == 2
        await ground.none_twice()
        await to_the_end(work)
    tally.add("the EHR down throughout an escalation")


NIGHTS = {
    "an hour is left out": datetime(2027, 3, 14, 1, 50, tzinfo=NEW_YORK),
    "an hour comes twice": datetime(2027, 11, 7, 1, 50, tzinfo=NEW_YORK),
}


@pytest.mark.parametrize("night", NIGHTS.values(), ids=NIGHTS)
async def test_the_clock_on_the_wall_jumps_while_it_escalates(tmp_path: Path, night: datetime, tally: Tally) -> None:
    async with on_one_platform(tmp_path, FakeChat(Platform.WEB)) as ground:
        work = ground.work
        work.clock.now = night.astimezone(ZoneInfo("UTC"))
        await opened(work, treating=TREATING)
        for step in range(1, 6):
            await work.later(minutes=5)
            now = (await stored(work)).now
            assert now.step + now.round == step, "one step in five minutes, whatever the wall says"
        reached = {row.staff_id for row in await pages(work) if row.label == "now.1.0"}
        assert reached == {"osei"}, "who is on call at night is on call all night"
        await ground.none_twice()
    tally.add("a change of the clock during an escalation")


@pytest.mark.parametrize("day", [night.date() for night in NIGHTS.values()], ids=NIGHTS)
async def test_on_that_day_the_turn_changes_at_seven_on_the_wall(tmp_path: Path, day: date, tally: Tally) -> None:
    async with on_one_platform(tmp_path, FakeChat(Platform.WEB)) as ground:
        work = ground.work
        seven = datetime(day.year, day.month, day.day, 7, tzinfo=NEW_YORK).astimezone(ZoneInfo("UTC"))
        work.clock.now = seven - timedelta(minutes=6)
        await opened(work, treating=TREATING)
        await work.later(minutes=5)
        await work.later(minutes=5)
        by_label = {
            label: {r.staff_id for r in await pages(work) if r.label == label} for label in ("now.1.0", "now.2.0")
        }
        assert by_label["now.1.0"] == {"osei"}
        assert "doyle" in by_label["now.2.0"]
        assert "osei" not in by_label["now.2.0"]
    tally.add("a change of the clock during an escalation")


async def test_the_policy_is_edited_midway_and_the_frozen_one_rules(tmp_path: Path, tally: Tally) -> None:
    async with on_one_platform(tmp_path, FakeChat(Platform.WEB)) as ground:
        work = ground.work
        await opened(work, treating=TREATING)

        def slower(clinic: Json) -> None:
            steps = [{"who": ["last_resort"], "ways": ["chat"], "wait_s": 80_000}]
            clocks = {"assess_s": 9, "disposition_s": 9, "document_s": 9, "close_s": 9}
            clinic["crisis"]["tiers"]["now"] = {"steps": steps, "clocks": clocks}

        await work.kill()
        work.change_clinic(slower)
        await work.restart()
        for step in (1, 2, 3):
            await work.later(minutes=5, seconds=1)
            assert (await stored(work)).now.step == step
        await work.typed("brandt", f"ack {CODE}")
        await work.later(minutes=29)
        assert (await stored(work)).now.state is State.ACKNOWLEDGED, "its clocks are the old ones too"
        await work.later(minutes=2)
        assert (await stored(work)).now.state is State.PAGED
        await ground.none_twice()
    tally.add("a policy edited during an escalation")


async def test_whoever_is_on_call_is_deactivated_midway_and_why_says_who_was_paged_instead(
    tmp_path: Path, tally: Tally
) -> None:
    async with on_one_platform(tmp_path, FakeChat(Platform.WEB)) as ground:
        work = ground.work
        await opened(work, treating=TREATING)
        await _restarted_without(work, "doyle")
        await work.later(minutes=5, seconds=1)
        assert "doyle" not in ground.texted()
        assert "abernathy" in ground.texted(), "the last resort stands in at once"
        assert "nobody is on call, so the last resort was paged" in await why(work)
        await ground.none_twice()
    tally.add("a person deactivated during an escalation")


async def test_a_page_that_waits_for_somebody_who_leaves_is_not_sent_and_the_next_step_is_due(
    tmp_path: Path, tally: Tally
) -> None:
    async with on_one_platform(tmp_path, Limited(Platform.WEB, down=True)) as ground:
        work = ground.work
        await work.kill()
        work.change_clinic(_without_phones)
        await work.restart()
        await opened(work, treating=TREATING, settle=False)
        await work.later(seconds=1)
        await _restarted_without(work, "osei")
        ground.chat.down = False
        await work.later(minutes=10)
        row = next(r for r in await pages(work) if (r.label, r.staff_id, r.way) == ("now.0.0", "osei", "chat"))
        assert (row.state, row.reason) == (PageState.UNDELIVERED, "not_active")
        assert "because this person is not active any more" in await why(work)
        assert (await stored(work)).now.step >= 1
    tally.add("a person deactivated during an escalation")


def _without_phones(clinic: Json) -> None:
    for staff in clinic["staff"]:
        staff["phone"] = None


async def _restarted_without(work: Work, staff_id: str) -> None:
    def leaves(clinic: Json) -> None:
        next(s for s in clinic["staff"] if s["id"] == staff_id)["active"] = False

    await work.kill()
    work.change_clinic(leaves)
    await work.restart()


async def test_nobody_is_on_call_at_all_and_the_last_resort_is_paged(tmp_path: Path, tally: Tally) -> None:
    async with on_one_platform(tmp_path, FakeChat(Platform.WEB)) as ground:
        work = ground.work

        def nobody(clinic: Json) -> None:
            clinic["crisis"]["on_call"] = []

        await work.kill()
        work.change_clinic(nobody)
        await work.restart()
        await opened(work, ASignal(tier="now"))
        await work.later(minutes=5, seconds=1)
        reached = {row.staff_id for row in await pages(work) if row.label == "now.1.0" and row.state is PageState.SENT}
        assert reached == {"abernathy", "brandt"}
        assert "nobody is on call, so the last resort was paged" in await why(work)
        assert "stood_in" in [one.kind for one in await story(work)]
        await to_the_end(work)
    tally.add("nobody on call during an escalation")
