"""A digest goes out once: whoever is told twice stops reading, whoever is not told has missed something."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.chat import CardRef, CardView, ChatUnavailable, Notice, Place, Platform, Postable
from bot.digest.making import forget
from bot.digest.promise import promised
from bot.digest.records import PostState, State
from bot.digest.schedule import Due, Kind
from scheduler.due import Fate
from tests.fakes.digest import MONDAY, TUESDAY, WEDNESDAY, News, digests, line, posted, posts, said, slot, words
from tests.fakes.office import FakeChat, Work

HARBOR = "C0SBHARBOR"


async def test_it_stands_in_the_teams_channel_with_what_changed(work: Work, news: News) -> None:
    news.say(line("a", what="Missed visit"), line("b"), clients=12, trips=4)
    await slot(work, MONDAY)
    (card,) = posted(work).values()
    assert isinstance(card, CardView)
    assert "1. C-102: Missed visit" in words(card)
    assert [work.chats[Platform.SLACK].places[key].conversation for key in posted(work)] == [HARBOR]
    (digest,) = await digests(work)
    assert digest.state is State.DELIVERED
    assert digest.counts == {"lines": 2, "clients": 12, "trips": 4, "gaps": 0, "by_kind": {"note": 2}}
    assert {"chart_read", "message_posted"} <= set(await work.actions(digest.id))


async def test_a_quiet_day_is_silent_and_counts_as_told(work: Work, news: News) -> None:
    await slot(work, MONDAY)
    assert posted(work) == {}
    (digest,) = await digests(work)
    assert digest.state is State.QUIET
    news.say(line("a"))
    work.clock.now += timedelta(days=1)
    await slot(work, TUESDAY)
    assert news.asked[1][1] == digest.until


async def test_a_quiet_day_may_have_its_one_line(work: Work, news: News) -> None:
    work.change_clinic(lambda plain: plain["teams"][0]["digest"].update(all_quiet=True))
    await work.restart()
    await slot(work, MONDAY)
    (said_so,) = posted(work).values()
    assert isinstance(said_so, Notice)
    assert said_so.text.startswith("Harbor: all quiet since")


async def test_what_could_not_be_read_is_never_silence(work: Work, news: News) -> None:
    news.say(gaps=("notes of 3 clients could not be read",))
    await slot(work, MONDAY)
    assert "Incomplete: notes of 3 clients" in said([*posted(work).values()])


async def test_what_was_incomplete_is_read_again_and_told_once(work: Work, news: News) -> None:
    news.say(line("a"), gaps=("notes could not be read",))
    await slot(work, MONDAY)
    news.say(line("a"), line("late"))
    work.clock.now += timedelta(days=1)
    await slot(work, TUESDAY)
    first, second = news.asked
    assert second[1] == first[1], "it begins where the last complete one ended"
    assert "News late" in words([*posted(work).values()][1])
    assert "News a" not in words([*posted(work).values()][1])


async def test_what_was_told_days_ago_is_not_told_again(work: Work, news: News) -> None:
    """A reading looks back further than the last digest, for entries that are dated by an earlier day."""
    news.say(line("a"))
    await slot(work, MONDAY)
    news.say()
    work.clock.now += timedelta(days=1)
    await slot(work, TUESDAY)
    news.say(line("a"), line("b"))
    work.clock.now += timedelta(days=1)
    await slot(work, WEDNESDAY)
    assert [words(card).count("News a") for card in posted(work).values()] == [1, 0]


async def test_the_same_slot_is_told_once_however_many_replicas_have_it(work: Work, news: News) -> None:
    news.say(line("a"))
    assert await slot(work, MONDAY)
    assert not await slot(work, MONDAY)
    assert len(posted(work)) == 1
    assert len(await digests(work)) == 1


async def test_a_promise_that_was_made_twice_is_one(work: Work, news: News) -> None:
    """Should two jobs of one slot ever exist, the row of the digest decides."""
    news.say(line("a"))
    due = Due("harbor", Kind.DAILY, MONDAY, datetime(2026, 11, 23, 13, 15, tzinfo=UTC))
    for _ in range(2):
        async with work.office.db.write() as conn:
            await promised(conn, due)
        await work.settled()
    assert len(news.asked) == 1
    assert len(posted(work)) == 1


async def test_weekly_and_daily_have_their_own_watermarks(work: Work, news: News) -> None:
    news.say(line("a"))
    await slot(work, MONDAY)
    await slot(work, MONDAY, kind=Kind.WEEKLY)
    (_, daily_since, _, daily), (_, weekly_since, _, weekly) = news.asked
    assert (daily, weekly) == (False, True)
    assert daily_since - weekly_since == timedelta(days=6)
    assert len(posted(work)) == 2


async def test_the_ehr_is_waited_for(work: Work, news: News) -> None:
    news.down = 2
    news.say(line("a"))
    await slot(work, MONDAY, settle=False)
    for _ in range(3):
        await work.later(minutes=2)
    assert len(posted(work)) == 1
    assert [one.state for one in await digests(work)] == [State.DELIVERED]


async def test_one_that_could_not_be_made_is_covered_by_the_next_which_says_so(work: Work, news: News) -> None:
    news.down = 1000
    await slot(work, MONDAY, settle=False)
    await work.later(minutes=5)
    news.down = 0
    news.say(line("a"))
    work.clock.now = datetime(2026, 11, 24, 13, 15, tzinfo=UTC)
    await slot(work, TUESDAY)
    first, second = await digests(work)
    assert (first.state, first.reason) == (State.SKIPPED, "superseded")
    assert second.state is State.DELIVERED
    assert "did not go out (2026-11-23 08:15)" in said([*posted(work).values()])


async def test_slots_that_nobody_was_there_for_are_told_too(work: Work, news: News) -> None:
    news.say(line("a"))
    await slot(work, MONDAY)
    await slot(work, TUESDAY, fate=Fate.SKIPPED)
    news.say(line("b"))
    work.clock.now = datetime(2026, 11, 25, 13, 15, tzinfo=UTC)
    await slot(work, WEDNESDAY)
    _, second = posted(work).values()
    assert "did not go out (2026-11-24 08:15)" in words(second)
    assert news.asked[1][1] == news.asked[0][2], "it covers their time"


async def test_one_that_is_late_says_so(work: Work, news: News) -> None:
    news.say(line("a"))
    work.clock.now = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    await slot(work, MONDAY)
    assert "Late: this was due Mon 23 Nov 08:15." in said([*posted(work).values()])


async def test_one_in_time_does_not(work: Work, news: News) -> None:
    news.say(line("a"))
    work.clock.now = datetime(2026, 11, 23, 13, 16, tzinfo=UTC)
    await slot(work, MONDAY)
    assert "Late" not in said([*posted(work).values()])


class Lost(FakeChat):
    """Takes the post, and its answer is lost; `dies`: the process that posted is never heard of again."""

    lost = 1

    async def post(self, view: Postable, to: Place, *, key: str) -> CardRef:
        ref = await super().post(view, to, key=key)
        if self.lost:
            self.lost -= 1
            raise ChatUnavailable("The answer was lost.", sent=True)
        return ref


async def test_a_post_whose_answer_was_lost_is_looked_for_before_another(work: Work, news: News) -> None:
    lossy = Lost(Platform.SLACK)
    work.chats[Platform.SLACK] = lossy
    news.say(line("a"))
    await slot(work, MONDAY, settle=False)
    await work.later(minutes=1)
    await work.later(minutes=1)
    assert [len(views) for views in lossy.posts.values()] == [1]
    assert [one.state for one in await digests(work)] == [State.DELIVERED]


async def test_a_platform_that_is_down_loses_nothing(work: Work, news: News) -> None:
    work.chats[Platform.SLACK].down = True
    news.say(line("a"))
    await slot(work, MONDAY, settle=False)
    await work.later(minutes=1)
    (digest,) = await digests(work)
    assert [post.state for post in await posts(work, digest)] == [PostState.DUE]
    work.chats[Platform.SLACK].down = False
    await work.later(minutes=10)
    assert len(posted(work)) == 1


async def test_what_the_platform_never_took_is_told_by_the_next(work: Work, news: News) -> None:
    work.chats[Platform.SLACK].down = True
    news.say(line("a"))
    await slot(work, MONDAY, settle=False)
    await work.later(minutes=1)
    work.chats[Platform.SLACK].down = False
    news.say(line("a"), line("b"))
    work.clock.now = datetime(2026, 11, 24, 13, 15, tzinfo=UTC)
    await slot(work, TUESDAY, settle=False)
    await work.later(minutes=10)
    (card,) = posted(work).values()
    assert "News a" in words(card)
    assert "News b" in words(card)
    assert [one.state for one in await digests(work)] == [State.SKIPPED, State.DELIVERED]


async def test_outsiders_in_the_channel_send_it_to_people_and_the_channel_learns_why(work: Work, news: News) -> None:
    work.chats[Platform.SLACK].read_along.add(HARBOR)
    news.say(line("a", readers=("vega", "brandt")), line("b", readers=("brandt",)))
    await slot(work, MONDAY)
    chat = work.chats[Platform.SLACK]
    by_place: dict[str, Any] = {chat.places[key].conversation: view for key, view in posted(work).items()}
    assert set(by_place) == {HARBOR, "direct.U0SBVEGA", "direct.U0SBBRANDT"}
    assert "C-102" not in words(by_place[HARBOR])
    assert "somebody from outside could read along" in words(by_place[HARBOR])
    assert "News b" not in words(by_place["direct.U0SBVEGA"])
    assert "News b" in words(by_place["direct.U0SBBRANDT"])
    assert [one.state for one in await digests(work)] == [State.DELIVERED]


async def test_while_the_platform_cannot_say_who_reads_along_nothing_is_posted(work: Work, news: News) -> None:
    class Asked(FakeChat):
        unknown = True

        async def refuses(self, place: Place) -> str | None:
            if self.unknown:
                raise ChatUnavailable("Slack does not answer.")
            return None

    chat = Asked(Platform.SLACK)
    work.chats[Platform.SLACK] = chat
    news.say(line("a"))
    await slot(work, MONDAY, settle=False)
    await work.later(seconds=5)
    assert posted(work) == {}
    chat.unknown = False
    await work.later(minutes=5)
    assert len(posted(work)) == 1


async def test_a_channel_that_is_gone_is_no_reason_to_miss_it(work: Work, news: News) -> None:
    work.chats[Platform.SLACK].gone.add(HARBOR)
    news.say(line("a", readers=("vega",)))
    await slot(work, MONDAY)
    places = {work.chats[Platform.SLACK].places[key].conversation for key in posted(work)}
    assert places == {"direct.U0SBVEGA"}


async def test_a_team_that_is_not_live_gets_none_even_of_a_slot_from_before(work: Work, news: News) -> None:
    news.say(line("a"))
    await work.kill()
    await slot(work, MONDAY, settle=False)
    work.change_clinic(lambda plain: plain["teams"][0]["rollout"].update(digest="off"))
    await work.restart()
    await work.settled()
    assert (posted(work), news.asked) == ({}, [])


async def test_its_content_is_sealed_and_forgotten_in_time(work: Work, news: News) -> None:
    news.say(line("a", what="A very telling sentence"))
    await slot(work, MONDAY)
    assert b"telling" not in work.database_file.read_bytes()
    async with work.office.db.write() as conn:
        assert await forget(conn, work.clock.now + timedelta(days=30)) == 0
        assert await forget(conn, work.clock.now + timedelta(days=40)) == 1
    (digest,) = await digests(work)
    assert digest.content is None
    assert digest.counts["by_kind"] == {"note": 1}
