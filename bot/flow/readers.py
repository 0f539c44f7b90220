"""A person or a place that the platform's guard turned away goes into the audit trail, by its rule."""

from bot.chat import Place, Who
from bot.flow import trail
from bot.flow.office import Office, new_id
from bot.privacy.audit import Action
from bot.privacy.policy import Answer


async def turned_away(office: Office, who: Who, place: Place, rule: str) -> None:
    """`rule` is a code such as "slack.guest"."""
    about, answer = trail.About("message", new_id()), Answer(allowed=False, rule=rule)
    staff = office.people.by_chat(who)
    async with office.db.write() as conn:
        await trail.note(conn, office, Action.ACCESS_REFUSED, staff, about, who=who, place=place, answer=answer)
