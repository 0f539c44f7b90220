"""Whole handoffs through the product's own desk: asked, drafted, read, approved, filed."""

from bot.app import Baton
from bot.bench.child import Json
from bot.chat import Action, Detail, Place, Platform, Press, Typed, Who
from bot.clinic import CONSOLE_TENANT
from bot.drafts import Draft, State
from bot.flow import records
from bot.flow.office import new_id

VEGA = Who(Platform.WEB, CONSOLE_TENANT, "vega")
HARBOR = Place(Platform.WEB, CONSOLE_TENANT, "harbor-care")
PATIENCE_S = 60.0


async def handoffs(baton: Baton, count: int) -> Json:
    """One after the other, all of one client. How many were filed."""
    filed = 0
    for _ in range(count):
        draft = await asked(baton)
        await _read_it_all(baton, draft)
        await baton.desk.press(Press(Action.APPROVE, draft.id, draft.version, VEGA, HARBOR, {}, key=new_id()))
        await baton.worker.until_idle(timeout_s=PATIENCE_S)
        filed += (await _draft(baton, draft.id)).state is State.FILED
    return {"filed": filed}


async def asked(baton: Baton) -> Draft:
    """A draft that waits for a decision."""
    await baton.desk.typed(Typed("handoff C-102 to osei", VEGA, HARBOR, new_id()))
    await baton.worker.until_idle(timeout_s=PATIENCE_S)
    async with baton.office.db.read() as conn:
        return (await records.open_drafts(conn))[0]


async def _read_it_all(baton: Baton, draft: Draft) -> None:
    page, pages = 1, 1
    while page <= pages:
        pressed = Press(Action.REVIEW, draft.id, draft.version, VEGA, HARBOR, {"page": str(page)}, key=new_id())
        shown = await baton.desk.press(pressed)
        assert isinstance(shown, Detail), shown
        page, pages = page + 1, shown.pages


async def _draft(baton: Baton, draft_id: str) -> Draft:
    async with baton.office.db.read() as conn:
        draft = await records.draft(conn, draft_id)
    assert draft is not None
    return draft
