"""What the EHR tells by itself: whether its notifications arrive, and how often one was lost on the way."""

from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError

from bot.check.calendar import DATABASE_FIRST
from bot.check.configuration import UNREADABLE
from bot.check.finding import Finding, ok, skipped, warn
from bot.check.given import Given
from bot.check.storage import absent
from bot.ehr_events import records
from bot.store.schema import SchemaRefused
from bot.store.session import Database


async def webhooks(given: Given) -> Sequence[Finding]:
    """Reads what was kept; the EHR is looked at each minute with or without notifications."""
    if given.settings is None:
        return [skipped("webhooks", UNREADABLE)]
    if given.settings.ehr.webhook_secret is None:
        return [ok("webhooks", "The EHR is asked each minute what changed; notifications of its own are not set up.")]
    if absent(given.settings.database_url):
        return [skipped("webhooks", "Nothing has run yet.")]
    try:
        async with Database(given.settings.database_url, visiting=True) as db, db.read() as conn:
            return [_of(await records.subscribed(conn))]
    except (SchemaRefused, SQLAlchemyError, OSError, ValueError):
        return [skipped("webhooks", DATABASE_FIRST)]


def _of(found: Sequence[records.Subscribed]) -> Finding:
    lines = [f"{one.id}: last {one.last_at:%Y-%m-%d %H:%M} UTC, number {one.told}, {one.gaps} gaps" for one in found]
    if not found:
        mend = "Create a subscription in the EHR that posts to /ehr/events with the secret as its Authorization header."
        return warn("webhooks", "No subscription of the EHR has ever been heard.", mend)
    if any(one.gaps for one in found):
        mend = "See whether the proxy or the EHR drops notifications; what was lost was asked for again."
        return warn("webhooks", "Notifications were lost on the way.", mend, lines)
    return ok("webhooks", f"{len(found)} subscriptions were heard, and nothing was lost.", lines)
