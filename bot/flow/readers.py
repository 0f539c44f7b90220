"""A person or a place that the platform's guard turned away goes into the audit trail, by its rule."""

from typing import Final

from bot.chat import Place, Platform, Who
from bot.flow import trail
from bot.flow.office import Office, new_id
from bot.privacy.audit import Action
from bot.privacy.policy import Answer

DOORS: Final = {"slack": Platform.SLACK, "teams": Platform.TEAMS}


async def turned_away(office: Office, who: Who, place: Place, rule: str) -> None:
    """`rule` is a code such as "slack.guest"."""
    about, answer = trail.About("message", new_id()), Answer(allowed=False, rule=rule)
    staff = office.people.by_chat(who)
    async with office.db.write() as conn:
        await trail.note(conn, office, Action.ACCESS_REFUSED, staff, about, who=who, place=place, answer=answer)


async def turned_away_at_the_door(office: Office, door: str, rule: str) -> None:
    """Nobody is known yet: a request that was forged, replayed or of another tenant."""
    about, answer = trail.About("request", new_id()), Answer(allowed=False, rule=rule)
    async with office.db.write() as conn:
        who = Who(DOORS.get(door, Platform.WEB), "unknown", "unknown")
        await trail.note(conn, office, Action.ACCESS_REFUSED, None, about, who=who, answer=answer)
