"""A page has one key: planned a second time for the same step, person and way it is not sent a second time."""

from bot.crisis import moves
from bot.crisis.escalation import PageThese
from bot.crisis.policy import WayName
from tests.fakes.crisis import FakeWay, opened, pages, stored, with_ways
from tests.fakes.office import Work


async def test_what_is_planned_twice_goes_out_once(work: Work) -> None:
    sms = FakeWay(WayName.SMS)
    await work.kill()
    with_ways(work, sms)
    await work.restart()
    await opened(work)
    now, before, sent = await stored(work), await pages(work), len(sms.sent)
    again = PageThese(label=now.now.label, people=("brandt",), ways=(WayName.CHAT, WayName.SMS))
    async with work.office.db.write() as conn:
        await moves.page_these(conn, work.office, now, again, ())
    await work.settled()
    assert [row.key for row in await pages(work)] == [row.key for row in before]
    assert len(sms.sent) == sent
