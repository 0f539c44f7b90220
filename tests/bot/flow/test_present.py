"""A card shows what is so, whatever became of the attempt that posted it."""

from pathlib import Path

from sqlalchemy import update

from bot.chat import Action
from bot.flow import present
from bot.store import tables as t
from bot.store.jobs import Job
from tests.fakes.office import asked, at_work


async def test_a_card_posted_by_an_attempt_that_died_is_drawn_anew(tmp_path: Path) -> None:
    """Posted, then killed; the draft moved on meanwhile, and nobody knew where its card stands."""
    async with at_work(tmp_path) as work:
        draft = await asked(work)
        async with work.office.db.write() as conn:
            await conn.execute(update(t.cards).values(message=None))
        await work.read_all("vega", draft)
        await work.press("vega", Action.APPROVE, draft)
        await work.settled()
        assert "Waiting" in work.card().status.text
        finish = await present.post_card(work.office, Job(1, "post_card", f"card-{draft.id}-0", "chat", 2))
        assert finish is not None
        async with work.office.db.write() as conn:
            await finish(conn)
        await work.settled()
        assert "Filed" in work.card().status.text
