"""From the EHR's answer to the lines of one team's digest."""

from datetime import datetime

from bot.digest.content import Content
from bot.flow.office import Office


async def news(office: Office, team: str, since: datetime, until: datetime, *, trends: bool) -> Content:
    raise NotImplementedError
