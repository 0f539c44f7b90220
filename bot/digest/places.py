"""Where a digest goes: the team's channel for client information, unless outsiders could read along; else to people."""

from bot.chat import ChatUnavailable, Place
from bot.clinic import Channel, StaffMember
from bot.flow.intake import may_stand
from bot.flow.office import Office
from bot.flow.present import UNAVAILABLE
from bot.store.jobs import Later


def channel_of(office: Office, team_id: str) -> Place | None:
    """The one the clinic file names, else the team's first for client information on a platform that runs."""
    rule = office.clinic.team(team_id).digest
    if rule.to_people:
        return None
    here = [c for c in office.clinic.channels if c.team == team_id and c.phi and c.platform in office.chats]
    chosen = [c for c in here if c.id == rule.channel] if rule.channel else here
    return _place(chosen[0]) if chosen else None


def _place(channel: Channel) -> Place:
    return Place(channel.platform, channel.tenant, channel.external_id)


def people_of(office: Office, team_id: str) -> tuple[StaffMember, ...]:
    return tuple(one for one in office.clinic.staff if one.active and team_id in one.teams)


async def outsiders(office: Office, place: Place) -> str | None:
    """Why nothing about clients may stand there just now, in words; None: it may.

    Raises Later when the platform cannot say: then nothing is posted yet.
    """
    if not may_stand(office, place):
        return "The channel is not set up for client information."
    try:
        return await office.chats[place.platform].refuses(place)
    except ChatUnavailable as error:
        raise Later(UNAVAILABLE, after_s=error.retry_after_s) from error
