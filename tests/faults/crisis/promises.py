"""What must hold when an escalation is over, told by the telephones and the chat, not by Baton: `kept()` names the rest.

Every page of every step went out, once; none after somebody answered; people and nobody else brought it to its end.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.crisis import records
from bot.crisis.escalation import State
from bot.crisis.policy import WayName
from bot.crisis.records import Happened, PageRow, PageState, Stored
from bot.privacy import audit
from bot.store import tables as t
from tests.faults.crisis.acts import number_of
from tests.faults.crisis.people import BUSY, FIRST_STEPS
from tests.faults.crisis.provider import Provider
from tests.faults.site import PATIENCE_S, Site

ON_THE_WIRE = timedelta(seconds=1)  # a call that was being made when somebody answered cannot be called back
CHAT, SMS, VOICE = WayName.CHAT, WayName.SMS, WayName.VOICE
TREATING, STAND_IN, SUPERVISOR = ("vega", "osei"), ("doyle",), ("brandt",)
WAYS = {"now.0": (CHAT, SMS), "now.1": (CHAT, SMS), "now.2": (CHAT, SMS, VOICE), "now.3": (CHAT, VOICE)}
PEOPLE = {  # of each step, and who else is owed it once somebody has been responsible
    "now.0": (TREATING + SUPERVISOR, STAND_IN + SUPERVISOR, TREATING + SUPERVISOR + STAND_IN),
    "now.1": (STAND_IN, STAND_IN + SUPERVISOR),
    "now.2": (SUPERVISOR + STAND_IN,),
    "now.3": (("abernathy", *SUPERVISOR), ("abernathy", *SUPERVISOR, *STAND_IN)),
}
BY_PEOPLE = {"acknowledged", "assessed", "disposition", "documented", "closed"}

WENT_OUT = "crisis pages that went out"
STOPPED = "crisis pages stopped because somebody had answered"
TWICE = "calls that rang twice: the answer was lost and the provider looks nothing up"
WIRE = "crisis pages on the wire when somebody answered"
UNSURE = "pages called stopped although an attempt whose answer was lost had gone out"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A page as it reached a telephone or the chat."""

    key: str
    way: str
    at: datetime


async def kept(site: Site, phones: Provider, *, one_clock: bool = True) -> list[str]:
    """The promises that are broken, in words; [] when all are kept. Times are compared where all have `one_clock`."""
    await until_quiet(site)
    stored, pages, story = await site.look(_all)
    there = [Arrived(one.key, one.way, one.at) for one in phones.rang] + await site.look(_in_chat)
    return [
        *_ended_by_people(stored, story),
        *_all_steps(pages),
        *_went_out(pages, there, site),
        *_once(there, pages, site),
        *(_none_after_an_answer(there, story, site) if one_clock else ()),
        *await site.look(lambda conn: _trail(conn, pages, story)),
    ]


async def until_quiet(site: Site) -> None:
    left: Sequence[Any] = ()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while left := await site.look(_left):  # noqa: ASYNC110 - other processes do the work
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"never done: {left}") from None


async def _left(conn: AsyncConnection) -> Sequence[Any]:
    j = t.jobs.c
    mine = j.kind.in_(("crisis_page", "crisis_redraw")) & j.state.in_(("due", "running"))
    dead = j.kind.like("crisis_%") & (j.state == "dead")
    return (await conn.execute(select(j.kind, j.state, j.attempt, j.error).where(mine | dead))).all()


async def _all(conn: AsyncConnection) -> tuple[Stored, list[PageRow], list[Happened]]:
    number = await number_of(conn)
    stored = await records.one(conn, number)
    assert stored is not None
    return stored, await records.pages(conn, number), await records.story(conn, number)


async def _in_chat(conn: AsyncConnection) -> list[Arrived]:
    m = t.web_messages.c
    found = await conn.execute(select(m.key, m.posted_at).where(m.key.like(f"E-{await number_of(conn)}:%")))
    return [Arrived(key, CHAT, at) for key, at in found]


# The promises


def _ended_by_people(stored: Stored, story: Iterable[Happened]) -> list[str]:
    """Closed, with a name under each thing a person does, and those in their order."""
    wrong = [f"{one.kind} by nobody" for one in story if one.kind in BY_PEOPLE and one.staff_id is None]
    deeds = [one.kind for one in story if one.kind in BY_PEOPLE]
    if deeds[-4:] != ["assessed", "disposition", "documented", "closed"] or Counter(deeds)["closed"] != 1:
        wrong.append(f"people did {deeds}")
    return wrong if stored.now.state is State.CLOSED else [*wrong, f"it ended as {stored.now.state}"]


def _all_steps(pages: Sequence[PageRow]) -> list[str]:
    """Of each step that was due there is a page for each of its people by each of its ways."""
    wrong = [f"{label} was left out" for label in FIRST_STEPS if not _of(pages, 0, label)]
    for epoch, label in sorted({(p.epoch, p.label) for p in pages if p.label.startswith("now.")}):
        kind = label.rpartition(".")[0]
        there = {(p.staff_id, p.way) for p in _of(pages, epoch, label)}
        if there not in [{(who, way) for who in people for way in WAYS[kind]} for people in PEOPLE[kind]]:
            wrong.append(f"{label} of epoch {epoch} was planned for {sorted(map(str, there))}")
    return wrong


def _of(pages: Iterable[PageRow], epoch: int, label: str) -> list[PageRow]:
    return [page for page in pages if (page.epoch, page.label) == (epoch, label)]


def _went_out(pages: Sequence[PageRow], there: Iterable[Arrived], site: Site) -> list[str]:
    """What is called sent arrived; what is not was stopped by an answer, and of the first steps that is only one."""
    arrived = {one.key for one in there}
    wrong = [f"arrived and never planned: {key}" for key in arrived - {page.key for page in pages}]
    for page in pages:
        if page.state is PageState.SENT and page.key not in arrived:
            wrong.append(f"called sent and never arrived: {page.key}")
        elif page.state is PageState.STOPPED and page.key in arrived:
            site.tally.add(UNSURE)
            wrong += [] if page.attempts else [f"called stopped and never tried, and yet it arrived: {page.key}"]
        elif page.state not in {PageState.SENT, PageState.STOPPED}:
            wrong.append(f"{page.key} ended as {page.state}")
        if page.epoch == 0 and page.label in FIRST_STEPS and page.state is PageState.STOPPED and BUSY not in page.key:
            wrong.append(f"nobody had answered, and it was stopped: {page.key}")
    put_off = [page for page in pages if page.epoch == 0 and BUSY in page.key]
    wrong += [f"late and yet {page.state}: {page.key}" for page in put_off if page.state is not PageState.STOPPED]
    site.tally.add(WENT_OUT, len(arrived))
    site.tally.add(STOPPED, sum(page.state is PageState.STOPPED for page in pages))
    return wrong


def _once(there: Iterable[Arrived], pages: Iterable[PageRow], site: Site) -> list[str]:
    """None twice; where a process died with the answers in its hands, the calls of one step may ring again."""
    in_hands = max(Counter((p.epoch, p.label) for p in pages if p.way == VOICE).values(), default=0)
    more = {key: n for key, n in Counter((one.key, one.way) for one in there).items() if n > 1}
    again = sum(n - 1 for (_, way), n in more.items() if way == VOICE)
    if again:
        site.tally.add(TWICE, again)
    wrong = [f"{key} arrived {n} times" for (key, way), n in more.items() if way != VOICE]
    most = in_hands * site.deaths
    return wrong + ([f"{again} calls rang again and {site.deaths} died"] if again > most else [])


def _none_after_an_answer(there: Iterable[Arrived], story: Sequence[Happened], site: Site) -> list[str]:
    """A page belongs to an epoch, and each answer, and each step of people after it, ends one."""
    ends = [one.at for one in story if one.kind in {*BY_PEOPLE, "decayed"}]
    wrong = []
    for one in there:
        epoch = int(one.key.split(":")[1])
        if epoch >= len(ends) or one.at <= ends[epoch]:
            continue
        if one.at > ends[epoch] + ON_THE_WIRE:
            wrong.append(f"{(one.at - ends[epoch]).total_seconds():.1f} s after the answer: {one.key}")
        site.tally.add(WIRE)
    return wrong


async def _trail(conn: AsyncConnection, pages: Iterable[PageRow], story: Sequence[Happened]) -> list[str]:
    """The chain is whole, and its lines are what happened."""
    verdict = await audit.verify(conn)
    said = Counter((await conn.execute(select(t.audit_events.c.action))).scalars())
    happened = Counter(one.kind for one in story)
    wanted = {f"escalation_{kind}": happened[kind] for kind in ("opened", "decayed", *BY_PEOPLE)}
    wanted["escalation_paged"] = sum(page.state is PageState.SENT for page in pages)
    wrong = [
        f"{said[action]} times {action} in the trail, not {n}" for action, n in wanted.items() if said[action] != n
    ]
    opened = await conn.scalar(select(func.count()).select_from(t.escalations))
    wrong += [] if opened == happened["opened"] == 1 else [f"{opened} escalations were opened"]
    return wrong + ([] if verdict.ok else [f"the trail is broken: {verdict.faults}"])
