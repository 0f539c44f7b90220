"""What the people of an escalation do while processes die: nobody answers, somebody does and forgets it, then all is done.

Whoever looks at the escalation on the way asserts that it is never mute: until it is closed a moment is set at which
somebody is paged, and a job stands for that very moment.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Typed
from bot.crisis import moves, records
from bot.crisis.escalation import State
from bot.crisis.records import PageRow, Stored
from bot.store import tables as t
from tests.fakes.office import HARBOR
from tests.faults.crisis.acts import number_of
from tests.faults.crisis.provider import Provider
from tests.faults.people import who
from tests.faults.site import PATIENCE_S, Died, Site

LOOK_S = 0.05
STALE_S = 1.2  # so long the provider goes on to refuse after the first answer; what it refused must then stay unsent
BUSY = ":now.2.0:brandt:sms"  # a page that waits when somebody answers
FIRST_STEPS = ("now.0.0", "now.1.0", "now.2.0")
NEXT: Mapping[State, tuple[str, str]] = {
    State.ACKNOWLEDGED: ("assess", "doyle"),
    State.ASSESSED: ("dispose", "doyle"),
    State.DISPOSITION: ("document", "brandt"),
    State.DOCUMENTED: ("close", "brandt"),
}


async def whole(site: Site, phones: Provider) -> None:
    """From the signal to the end, by way of an answer that nothing came of."""
    phones.busy.add(BUSY)
    await does(site, what="open")
    await nobody_answers(site, phones)
    await answers(site, "doyle")
    await until(site, lambda now, _: now.now.epoch >= 1, "answered")  # whoever took the words may have died with them
    await asyncio.sleep(STALE_S)
    phones.busy.clear()
    await until(site, lambda now, pages: now.now.epoch >= 2 and _paged_in(pages, now.now.epoch), "paged again")
    await answers(site, "brandt")
    await reminded_once(site)
    while (state := (await look(site))[0].now.state) is not State.CLOSED:
        await (step(site, state) if state in NEXT else answers(site, "brandt"))


async def nobody_answers(site: Site, phones: Provider) -> None:
    """Until all of the first three steps went out, but for the one page that the provider puts off."""
    await until(site, lambda _, pages: {page.label for page in pages} >= set(FIRST_STEPS), "the third step")
    await until(
        site,
        lambda _, pages: all(page.settled_at or BUSY in page.key for page in pages if page.label in FIRST_STEPS),
        "pages out",
    )
    await until(site, lambda *_: any(BUSY in key for key in phones.put_off), "a page put off")


async def reminded_once(site: Site) -> None:
    """Assessed, and then nothing for longer than its clock allows."""
    while (state := (await look(site))[0].now.state) is not State.ASSESSED:
        await (step(site, state) if state is State.ACKNOWLEDGED else answers(site, "brandt"))
    await until(site, lambda _, pages: any(page.label.startswith("remind.") for page in pages), "reminded")


async def step(site: Site, state: State) -> None:
    what, by = NEXT[state]
    await does(site, what=what, by=by)


async def answers(site: Site, staff_id: str) -> None:
    """As typed from a phone; a delivery of its own each time."""
    state = (await look(site))[0]
    key = f"ack-{staff_id}-{state.now.turn}"
    await site.delivered(Typed(f"ack {state.code}", who(staff_id), HARBOR, key))


async def does(site: Site, **act: str) -> str:
    """Again until somebody says that it is done: the second time is refused, or changes nothing."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(Died):
                return str(await (await site.anyone()).answered({"crisis": act}))


# Looking


async def until(site: Site, good: Callable[[Stored, list[PageRow]], bool], what: str) -> None:
    seen: Any = None
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not good(*(seen := await look(site))):  # noqa: ASYNC110 - other processes do the work
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        left = [f"{page.key} {page.state}" for page in seen[1] if not page.settled_at] if seen else []
        raise AssertionError(f"never {what}: {seen[0].now.state if seen else None}, {left}") from None


async def look(site: Site) -> tuple[Stored, list[PageRow]]:
    """As one reading shows it; asserts that it is not mute."""
    stored, pages, jobs = await site.look(_seen)
    if stored.now.due_at is None:
        assert stored.now.state is State.CLOSED, f"mute: {stored.now.state} and nothing is due"
    else:
        assert jobs, f"mute: {stored.now.state} and no job for turn {stored.now.turn}"
    return stored, pages


async def _seen(conn: AsyncConnection) -> tuple[Stored, list[PageRow], list[int]]:
    """The escalation is read last but one, its jobs last: a later job is there for a later turn too."""
    number = await number_of(conn)
    pages = await records.pages(conn, number)
    j = t.jobs.c
    while True:
        stored = await records.one(conn, number)
        assert stored is not None, "a signal that was kept opened nothing"
        mine = select(j.id).where(j.kind == moves.DUE, j.ref == f"{number}:{stored.now.turn}")
        found = list(await conn.scalars(mine.where(j.state.in_(("due", "running")))))
        after = await records.one(conn, number)
        if found or (after is not None and after.now.turn == stored.now.turn):
            return stored, pages, found


def _paged_in(pages: list[PageRow], epoch: int) -> bool:
    return any(page.epoch == epoch and page.settled_at for page in pages)
