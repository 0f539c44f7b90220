"""What the people of the clinic do while processes die: they ask, read, approve and accept, and try again as people do.

Whoever gets no answer, or a sentence that says to try again, looks at the card and presses once more.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Action, Detail, Platform, Press, Reply, Typed, Who
from bot.drafts import Draft, State
from bot.flow import records
from bot.people import People
from bot.store import tables as t
from tests.fakes.office import HARBOR, OWN_WORDS, example_clinic
from tests.faults.site import PATIENCE_S, Died, Process, Site

LOOK_S = 0.03
MOST_APPROVALS = 3
ASKED_AGAIN = "approvals asked for again, because more of the chart could be read"


@dataclass(frozen=True, slots=True)
class Handoff:
    """Who hands whom over to whom."""

    alias: str
    sender: str
    receiver: str

    @property
    def client(self) -> str:
        return self.alias.replace("C-", "c")


HANDOFFS = (
    Handoff("C-102", "vega", "osei"),
    Handoff("C-101", "osei", "raman"),
    Handoff("C-104", "doyle", "raman"),
    Handoff("C-106", "brandt", "raman"),
    Handoff("C-109", "doyle", "brandt"),
    Handoff("C-112", "vega", "raman"),
    Handoff("C-113", "osei", "raman"),
    Handoff("C-117", "brandt", "vega"),
)


@cache
def who(staff_id: str) -> Who:
    staff = People(example_clinic()).by_id(staff_id)
    assert staff is not None
    return next(one for one in staff.identities() if one.platform is Platform.WEB)


async def hand_over(site: Site, handoff: Handoff = HANDOFFS[0]) -> None:
    """The whole way, from the words typed to the receiver's read-back in the chart."""
    draft = await file(site, handoff, await ask(site, handoff))
    await accept(site, handoff.receiver, draft.id)


async def file(site: Site, handoff: Handoff, draft: Draft) -> Draft:
    """A section that could not be read at first and can be now makes a new version: then it is read and approved anew."""
    for again in range(MOST_APPROVALS):
        if again:
            site.tally.add(ASKED_AGAIN, 1)
        await approve(site, handoff, draft)
        draft = await until(site, draft.id, lambda now: now.state in {State.FILED, State.WAITING}, "filed")
        if draft.state is State.FILED:
            return draft
    raise AssertionError(f"asked for an approval {MOST_APPROVALS} times: {draft.trouble}")


async def ask(site: Site, handoff: Handoff) -> Draft:
    """Until the draft waits for a decision."""
    words = f"/handoff {handoff.alias} to {handoff.receiver}"
    await site.delivered(Typed(words, who(handoff.sender), HARBOR, secrets.token_hex(8)))
    async with asyncio.timeout(PATIENCE_S):
        while not (draft := await site.look(lambda conn: _newest(conn, handoff.alias))):  # noqa: ASYNC110 - others work
            await asyncio.sleep(LOOK_S)
    return draft


async def approve(site: Site, handoff: Handoff, draft: Draft) -> Draft:
    await read_all(site, handoff.sender, draft)
    return await _press_until(
        site, handoff.sender, Action.APPROVE, draft, lambda now: now.decided_by is not None, "approved"
    )


async def accept(site: Site, receiver: str, draft_id: str) -> Draft:
    draft = await site.look(lambda conn: found(conn, draft_id))
    await read_all(site, receiver, draft)
    return await _press_until(
        site, receiver, Action.SAVE_ACCEPT, draft, lambda now: now.accepted_by is not None, "accepted"
    )


async def read_all(site: Site, staff_id: str, draft: Draft) -> None:
    """Every page of it, from the first."""
    page = pages = 1
    async with asyncio.timeout(PATIENCE_S):
        while page <= pages:
            shown = await _tried(site, press(staff_id, Action.REVIEW, draft, page=str(page)))
            if isinstance(shown, Detail):
                page, pages = shown.page + 1, shown.pages
            else:
                await asyncio.sleep(LOOK_S)


async def _press_until(
    site: Site, staff_id: str, action: Action, draft: Draft, wanted: Callable[[Draft], bool], what: str
) -> Draft:
    """A press that is lost is made anew, by a person who looked first whether it had counted."""
    last: Reply | None = None
    for _ in range(400):
        now = await site.look(lambda conn: found(conn, draft.id))
        if wanted(now):
            return now
        last = await _tried(site, press(staff_id, action, now))
        await asyncio.sleep(LOOK_S)
    raise AssertionError(f"never {what}; the last answer was {last}")


async def _tried(site: Site, doing: Press) -> Reply | None:
    try:
        return await site.received(doing)
    except Died:
        return None


def press(staff_id: str, action: Action, draft: Draft, **values: str) -> Press:
    if action is Action.SAVE_ACCEPT:
        values = {"read_back": OWN_WORDS}
    return Press(action, draft.id, draft.version, who(staff_id), HARBOR, values, None, secrets.token_hex(8))


async def pressed_at(process: Process, site: Site, staff_id: str, action: Action, draft: Draft) -> Reply:
    """A press that reaches this process and no other."""
    return await site.received(press(staff_id, action, draft), process)


async def until(site: Site, draft_id: str, wanted: Callable[[Draft], bool], what: str) -> Draft:
    now: Draft | None = None
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                now = await site.look(lambda conn: found(conn, draft_id))
                if wanted(now):
                    return now
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise AssertionError(f"never {what}: {now.state if now else None}, {now.trouble if now else None}") from None


async def found(conn: AsyncConnection, draft_id: str) -> Draft:
    draft = await records.draft(conn, draft_id)
    assert draft is not None
    return draft


async def _newest(conn: AsyncConnection, alias: str) -> Draft | None:
    d = t.drafts.c
    draft_id = await conn.scalar(select(d.id).where(d.alias == alias).order_by(d.created_at.desc()).limit(1))
    return await records.draft(conn, draft_id) if draft_id else None
