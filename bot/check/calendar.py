"""The calendar: whether somebody fires what is due. The heartbeat: whether the switch outside answers."""

from collections.abc import Sequence
from typing import Final

import aiohttp
from sqlalchemy.exc import SQLAlchemyError

from bot.check.configuration import UNREADABLE
from bot.check.finding import Finding, fail, ok, skipped, warn
from bot.check.given import Given
from bot.check.storage import absent
from bot.flow import housekeeping
from bot.store.schema import SchemaRefused
from bot.store.session import Database
from bot.store.slots import StoredClaims
from scheduler.runner import status

LATE_S: Final = 180.0
TIMEOUT: Final = aiohttp.ClientTimeout(total=5)
DATABASE_FIRST: Final = "The database comes first."


async def calendar(given: Given) -> Sequence[Finding]:
    """Reads the record that the processes share; where none runs, what is due stays due."""
    if given.settings is None or given.clinic is None:
        return [skipped("calendar", "The settings and the clinic file come first.")]
    if absent(given.settings.database_url):
        return [skipped("calendar", "Nothing has run yet.")]
    try:
        async with Database(given.settings.database_url, visiting=True) as db:
            jobs = await status(housekeeping.calendar(given.clinic), StoredClaims(db, replica="check"))
    except (SchemaRefused, SQLAlchemyError, OSError, ValueError):
        return [skipped("calendar", DATABASE_FIRST)]
    lines = [f"{job.name}: last {job.last_fired or 'never'}, {job.fired} fired, {job.skipped} left out" for job in jobs]
    late = [job for job in jobs if job.overdue_s > LATE_S]
    if late and given.real:
        mend = "Start `baton serve` or `baton worker` on this database, and see why the one before stopped."
        return [fail("calendar", f"{len(late)} of {len(jobs)} regular tasks are overdue.", mend, lines)]
    if late:
        return [ok("calendar", "Nothing runs on the demo's database just now.", lines)]
    return [ok("calendar", f"None of the {len(jobs)} regular tasks is overdue.", lines)]


async def heartbeat(given: Given) -> Sequence[Finding]:
    if given.settings is None:
        return [skipped("heartbeat", UNREADABLE)]
    url = given.settings.crisis.heartbeat_url
    if url is None and not given.real:
        return [skipped("heartbeat", "The demo has no dead-man's switch.")]
    if url is None:
        mend = "Set BATON_CRISIS__HEARTBEAT_URL to a service outside that raises the alarm when Baton is silent."
        return [warn("heartbeat", "There is no dead-man's switch: if Baton stops, nobody is told.", mend)]
    mend = "See that the address in BATON_CRISIS__HEARTBEAT_URL is right and this machine reaches it."
    try:
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session, session.head(str(url)) as answer:
            if answer.status >= 400 and answer.status != 405:
                return [fail("heartbeat", f"The dead-man's switch refuses ({answer.status}).", mend)]
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        return [fail("heartbeat", f"The dead-man's switch does not answer ({type(error).__name__}).", mend)]
    return [ok("heartbeat", "The dead-man's switch answers.")]
