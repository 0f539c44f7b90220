"""What must hold when all is over, whoever died on the way: `kept(site, handoffs)` names every promise that is broken.

Cards are posted to the console, whose board knows each card's key: exactly once. Notices to one person carry no key and
are at least once. On Slack and Teams a card that was posted twice is found by its mark; their own tests show that.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import CardView
from bot.privacy import audit
from bot.store import tables as t
from bot.store.sealed import Seal
from bot.web.as_json import from_json
from ehr_clients.codes import WRITE
from tests.faults.people import Handoff
from tests.faults.site import PATIENCE_S, Site

TIMERS = ("expire", "give_back", "not_filed")  # for another day
WRITES = 6  # document, message, provenance, two audit records, and the receiver's read-back
ONCE_EACH = ("draft_made", "draft_approved", "filed", "handoff_accepted")

type Row = Mapping[str, Any]


async def until_quiet(site: Site) -> None:
    """Until nothing is left to do. What waits for ever fails here, and is named."""
    left: list[tuple[Any, ...]] = []
    try:
        async with asyncio.timeout(PATIENCE_S):
            while left := await site.look(_left):  # noqa: ASYNC110 - other processes do the work
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"never done: {left}") from None


async def _left(conn: AsyncConnection) -> list[tuple[Any, ...]]:
    j, i = t.jobs.c, t.inbox.c
    waiting = select(j.kind, j.state, j.attempt, j.error).where(j.state.in_(["due", "running"]), j.kind.not_in(TIMERS))
    received = select(i.kind, i.state).where(i.state == "received")
    return [tuple(row) for query in (waiting, received) for row in await conn.execute(query)]


async def kept(site: Site, handoffs: Iterable[Handoff]) -> list[str]:
    """The promises that are broken, in words; [] when all are kept."""
    await until_quiet(site)
    wanted = Counter(handoff.alias for handoff in handoffs)
    return [
        *await site.look(lambda conn: _drafts(conn, wanted)),
        *await site.look(lambda conn: _ehr(conn, site)),
        *await site.look(lambda conn: _trail(conn, wanted.total())),
        *await site.look(_cards),
        *await site.look(_ends),
    ]


async def _drafts(conn: AsyncConnection, wanted: Counter[str]) -> list[str]:
    """Each approved draft is filed and accepted, each asked for once, and none is lost."""
    drafts = await _rows(conn, t.drafts)
    broken = [f"draft {d['alias']} is {d['state']} {d['trouble']}" for d in drafts if d["state"] != "filed"]
    broken += [f"draft {d['alias']} was not accepted" for d in drafts if d["accepted_by"] is None]
    there = Counter(d["alias"] for d in drafts)
    return broken + ([f"drafts {dict(there)} instead of {dict(wanted)}"] if there != wanted else [])


async def _ehr(conn: AsyncConnection, site: Site) -> list[str]:
    """What the EHR holds under our keys is what the receipts say: the same keys, each once, at the same place."""
    stored = Counter((_key(r), f"{r['resourceType']}/{r['id']}") for r in site.server.resources_written())
    receipts = Counter((r["key"], r["ref"]) for r in await _rows(conn, t.receipts))
    broken = [f"the EHR holds {key} {n} times" for key, n in Counter(key for key, _ in stored).items() if n > 1]
    broken += [f"in the EHR without a receipt: {key} at {ref}" for key, ref in stored - receipts]
    broken += [f"a receipt without its record: {key} at {ref}" for key, ref in receipts - stored]
    steps = Counter(r["draft_id"] for r in await _rows(conn, t.receipts))
    return broken + [f"{n} receipts of one draft" for n in steps.values() if n != WRITES]


def _key(resource: Mapping[str, Any]) -> str:
    marks = [(m.get("system"), m.get("value")) for m in resource.get("identifier", [])]
    marks += [(m.get("system"), m.get("code")) for m in resource["meta"].get("tag", [])]
    return next(str(value) for system, value in marks if system == WRITE)


async def _trail(conn: AsyncConnection, handoffs: int) -> list[str]:
    """The chain is whole; each deed stands in it once, and each receipt's confirmation too."""
    verdict = await audit.verify(conn)
    said = Counter((await conn.execute(select(t.audit_events.c.action))).scalars())
    receipts = await conn.scalar(select(func.count()).select_from(t.receipts))
    wanted = dict.fromkeys(ONCE_EACH, handoffs) | {"write_confirmed": receipts}
    broken = [f"{said[action]} times {action} in the trail" for action, n in wanted.items() if said[action] != n]
    return broken + ([] if verdict.ok else [f"the trail is broken: {verdict.faults}"])


async def _cards(conn: AsyncConnection) -> list[str]:
    """Each card stands on the board once and shows the last state."""
    cards, messages = await _rows(conn, t.cards), await _rows(conn, t.web_messages)
    by_id = {m["message"]: m for m in messages}
    broken = [f"card {c['key']} was never posted" for c in cards if c["message"] not in by_id or c["dead"]]
    posted = [m for m in messages if m["key"].startswith("card-")]
    if Counter(m["key"] for m in posted) != Counter(c["key"] for c in cards):
        broken.append("the board's cards are not the drafts' cards")
    return broken + [f"{m['key']} shows {shown}" for m in posted if "Accepted" not in (shown := _status(m))]


def _status(message: Row) -> str:
    seal = Seal("demo-only-not-a-secret")
    view = from_json(seal.open(message["view"], context=f"web_messages.view/{message['message']}"))
    return view.status.text if isinstance(view, CardView) else type(view).__name__


async def _ends(conn: AsyncConnection) -> list[str]:
    """No request without an end, nothing dead, and no word of a draft left when all is over."""
    requests, jobs, inbox = [await _rows(conn, table) for table in (t.requests, t.jobs, t.inbox)]
    versions = await _rows(conn, t.draft_versions)
    return [
        *(f"a request is {r['state']}" for r in requests if r["state"] != "drafted"),
        *(f"a job is dead: {j['kind']} {j['error']}" for j in jobs if j["state"] == "dead"),
        *(f"a delivery failed: {i['kind']}" for i in inbox if i["state"] == "failed" and i["body"] is None),
        *("the words of a filed draft are still here" for v in versions if v["text"] is not None),
    ]


async def _rows(conn: AsyncConnection, table: Table) -> list[Row]:
    return [dict(row) for row in (await conn.execute(select(table))).mappings()]
