"""What was read is kept, and what follows from it: a word to the owner when a step moved, and after 2, 5, 10 days.

Whoever reads first tells: a row is renewed only over what was known before, with its jobs in the same transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.flow import records as flow
from bot.flow.office import EHR_LANE, Office
from bot.referral import records
from bot.referral.reading import Found, Reading, calendar
from bot.referral.records import Tracked
from bot.rollout import phase
from bot.store import jobs
from skills.referral import PROMPTS, prompts_due

TELL: Final = "referral_tell"
CHANGED: Final = "referral_changed"
SWITCH: Final = "referral"
OLD: Final = timedelta(days=3)  # a wait that was over long before Baton first saw the referral is not told


def live(office: Office, team: str) -> bool:
    return phase.live(office, team, SWITCH)


async def keep(conn: AsyncConnection, office: Office, reading: Reading) -> Mapping[str, Tracked]:
    """All that are known now of the clients that were read, by their ids in the EHR."""
    before = await records.by_referral(conn, [one.referral.id for one in reading.found])
    aliases = {one.client_id: one.alias for one in reading.found}
    await flow.aliases_for(conn, aliases)
    for found in reading.found:
        await _keep(conn, office, found, before.get(found.referral.id))
    now = {one.referral_id: one for one in await records.of_clients(conn, reading.clients)}
    read = {one.referral.id for one in reading.found}
    await _look_for_lost(conn, [one for one in now.values() if one.referral_id not in read and not one.closed])
    return now


async def _look_for_lost(conn: AsyncConnection, lost: Sequence[Tracked]) -> None:
    """Open when last seen and not among the open ones now: each client is read once more, closed ones too."""
    for one in {one.client_id: one for one in lost}.values():
        seen = f"{one.updated_at:%Y%m%d%H%M%S}"
        await jobs.enqueue(conn, CHANGED, one.client_id, lane=EHR_LANE, dedup=f"{CHANGED}:{one.client_id}:{seen}")


async def _keep(conn: AsyncConnection, office: Office, found: Found, before: Tracked | None) -> None:
    values = _values(office, found, before)
    if before is None:
        await records.add(conn, found.referral.id, values)
        before = (await records.by_referral(conn, [found.referral.id]))[found.referral.id]
        if values["prompted"] and _fresh(office, found, values["prompted"]):
            await _prompt(conn, office, before, values["prompted"])
        return
    if found.read_at <= before.updated_at or not await records.renew(conn, before, values):
        return
    if values["step"] != before.step:
        await _moved(conn, office, before, values)
    elif values["prompted"] > before.prompted:
        await _prompt(conn, office, before, values["prompted"])


def _values(office: Office, found: Found, before: Tracked | None) -> dict[str, Any]:
    now = found.standing
    due = prompts_due(now, calendar(office, found.team), found.read_at)
    waited = max((one.after for one in due), default=0)
    same = before is not None and (before.step, before.since) == (now.step, now.since)
    return {
        "client_id": found.client_id,
        "team": found.team,
        "step": now.step.value if now.step else None,
        "since": _iso(now.since),
        "owes": now.owes.value,
        "due": _iso(now.due),
        "closure": now.closure.value if now.closure else None,
        "got_help": now.got_help,
        "part2": found.protected,
        "owner": found.owner,
        "prompted": max(waited, before.prompted) if before and same else waited,
        "next_prompt": _iso(_next(office, found, waited)),
        "updated_at": found.read_at,
    }


def _next(office: Office, found: Found, waited: int) -> date | None:
    days = calendar(office, found.team)
    start = max((day for day in (found.standing.since, found.standing.visit) if day), default=None)
    longer = next((after for after in PROMPTS if after > waited), None)
    return days.after(start, longer) if start and longer and not found.standing.closed else None


def _fresh(office: Office, found: Found, after: int) -> bool:
    days = calendar(office, found.team)
    fell = [one.day for one in prompts_due(found.standing, days, found.read_at) if one.after == after]
    return bool(fell) and days.today(found.read_at) - fell[0] < OLD


async def _moved(conn: AsyncConnection, office: Office, before: Tracked, values: Mapping[str, Any]) -> None:
    if live(office, values["team"]) and values["owner"]:
        ref = f"moved:{before.number}:{values['step']}:{values['owner']}"
        once = f"{TELL}:{before.number}:{values['updated_at']:%Y%m%d%H%M%S%f}"
        await jobs.enqueue(conn, TELL, ref, lane=f"tell:{values['owner']}", dedup=once)


async def _prompt(conn: AsyncConnection, office: Office, row: Tracked, after: int) -> None:
    if live(office, row.team) and row.owner:
        ref = f"waits:{row.number}:{after}:{row.owner}"
        once = f"{TELL}:{row.number}:{row.step}:{row.since}:{after}"
        await jobs.enqueue(conn, TELL, ref, lane=f"tell:{row.owner}", dedup=once)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
