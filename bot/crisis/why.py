"""What fired, what did not and why, told from what was stored when it happened. Codes and colleagues only."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clinic import Clinic
from bot.crisis import records
from bot.crisis.records import Happened, PageRow, PageState, Stored
from bot.crisis.sentences import name, standing

REASONS = {
    "answered": "somebody had answered before it was sent",
    "not_active": "this person is not active any more",
    "way_off": "this way is not configured",
    "no_chat": "this person is on no platform that runs",
    "chat_refused": "the platform declined",
    "chat_unavailable": "the platform does not answer or says to wait",
    "chat_outcome_unknown": "the platform's answer was lost",
}
STAND_INS = {
    "no_treating": "no treating clinician is known, so whoever is on call was paged",
    "nobody_on_call": "nobody is on call, so the last resort was paged",
    "no_supervisor": "the team has no active supervisor, so the last resort was paged",
    "no_last_resort": "no last resort is active, so every supervisor was paged",
    "nobody_left": "nobody of this step is active, so the last resort was paged",
}


async def explained(conn: AsyncConnection, clinic: Clinic, stored: Stored) -> tuple[str, ...]:
    """The state in one sentence, then everything in order, one line each."""
    story, pages = await records.story(conn, stored.number), await records.pages(conn, stored.number)
    zone = clinic.zone(stored.team)
    lines = sorted([*_events(clinic, story), *_pages(clinic, pages)], key=lambda line: line[0])
    kinds = ", ".join(await records.signal_kinds(conn, stored.number))
    then = f"Next: {_next(stored, zone)}." if stored.now.due_at else "Nothing is due any more."
    return (
        standing(stored, clinic),
        f"Opened by: {kinds}.",
        *(f"{_clock(at, zone)}  {words}" for at, words in lines),
        then,
    )


def _events(clinic: Clinic, story: Sequence[Happened]) -> Iterator[tuple[datetime, str]]:
    for one in story:
        by = f" by {name(clinic, one.staff_id)}" if one.staff_id else ""
        yield one.at, f"{one.kind.replace('_', ' ')}{by}{_more(clinic, one)}"


def _more(clinic: Clinic, one: Happened) -> str:
    body = one.body
    match one.kind:
        case "stood_in":
            return ": " + "; ".join(STAND_INS.get(code, code) for code in body["codes"])
        case "no_way":
            return f": no way of this step leads to {name(clinic, body['whom'])}"
        case "moved_on":
            return f" from {body['label']} at once: somebody of it cannot be reached"
        case "hand_over_offered":
            return f" to {name(clinic, body['to'])}, who must accept"
        case "decayed":
            return ": answered, and not assessed in time, so everybody was paged again"
        case "dismissed":
            return ": not a crisis, they say; nothing stops until a second person confirms"
        case "refused" | "repaired":
            return f": {body.get('rule', '')}"
        case "opened" | "signal_added":
            return f": {body.get('signal', '')}, {body.get('tier', '')}"
        case _:
            return ""


def _pages(clinic: Clinic, pages: Sequence[PageRow]) -> Iterator[tuple[datetime, str]]:
    for row in pages:
        to = f"the channel {row.channel}" if row.channel else name(clinic, row.staff_id)
        yield row.settled_at or row.created_at, f"page {row.label} to {to} by {row.way}: {_outcome(row)}"


def _outcome(row: PageRow) -> str:
    because = f", because {REASONS.get(row.reason, row.reason)}" if row.reason else ""
    match row.state:
        case PageState.SENT:
            took = (row.settled_at - row.created_at).total_seconds() if row.settled_at else 0
            return f"sent after {took:.1f} s" + (f", at attempt {row.attempts}" if row.attempts > 1 else "")
        case PageState.UNDELIVERED:
            return f"not delivered{because}"
        case PageState.STOPPED:
            return f"not sent{because}"
        case PageState.LATE:
            return f"late, tried again{because}"
        case PageState.DUE:
            return "not sent yet"


def _next(stored: Stored, zone: ZoneInfo) -> str:
    return f"somebody is paged at {_clock(stored.now.due_at, zone)} unless it goes on" if stored.now.due_at else ""


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
