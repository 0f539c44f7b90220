"""The lines of a digest that only Baton knows: drafts that wait, and what was approved and is not in the chart."""

from datetime import date, datetime

from bot.digest.content import DigestLine, Does
from bot.digest.places import people_of
from bot.drafts import Draft, State
from bot.flow import records
from bot.flow.office import Office
from bot.privacy.policy import READING


async def drafts(office: Office, team: str, now: datetime) -> list[DigestLine]:
    """They name an alias and what waits; whoever opens one is checked then, as always."""
    today = now.astimezone(office.clinic.zone(team)).date()
    async with office.db.read() as conn:
        waiting = [one for one in await records.open_drafts(conn) if one.team == team]
    readers = tuple(s.id for s in people_of(office, team) if set(s.roles) & READING)
    lines = (_line(one, office.shelf[one.skill].title, readers, today) for one in waiting)
    return [line for line in lines if line is not None]


def _line(draft: Draft, title: str, readers: tuple[str, ...], today: date) -> DigestLine | None:
    """Anew each day, until somebody decides."""
    match draft.state:
        case State.WAITING:
            kind, what, staff = "draft_waits", f"{title} waits for a decision", draft.asked_by
        case State.APPROVED | State.FILING_FAILED:
            kind, what, staff = "not_filed", f"{title} is approved and NOT filed", draft.decided_by or draft.asked_by
        case _:
            return None
    return DigestLine(
        key=f"{kind}:{draft.id}:{today:%Y-%m-%d}",
        kind=kind,
        client_id=draft.client_id,
        alias=draft.alias,
        what=what,
        at=draft.decided_at or draft.created_at,
        owner=staff,
        draft=(draft.id, draft.version),
        does=Does.OPEN_DRAFT,
        readers=tuple({*readers, *([staff] if staff else [])}),
        channel=True,
    )
