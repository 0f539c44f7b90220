"""Who is on a client's care team, from the EHR, remembered for a minute; for hours only while the EHR is down.

Every write re-reads it before filing, so an approval that rested on an old answer is checked again by a fresh one.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ehr_clients.errors import EhrUnavailable
from ehr_clients.port import ChartReader

FRESH = timedelta(seconds=60)
STALE_IS_BETTER_THAN_NOTHING = timedelta(hours=12)


@dataclass(slots=True)
class Memberships:
    ehr: ChartReader
    clock: Callable[[], datetime]
    known: dict[str, tuple[datetime, frozenset[str]]] = field(default_factory=dict)

    async def of(self, client_id: str, *, within_s: float | None = None) -> frozenset[str]:
        """Practitioner references. `within_s` bounds a click's wait. Raises EhrError when nothing is known."""
        now = self.clock()
        known = self.known.get(client_id)
        if known and now - known[0] < FRESH:
            return known[1]
        try:
            async with asyncio.timeout(within_s):
                return await self.fresh(client_id)
        except (EhrUnavailable, TimeoutError) as error:
            if known and now - known[0] < STALE_IS_BETTER_THAN_NOTHING:
                return known[1]
            raise EhrUnavailable("The EHR does not answer, so the care team cannot be checked.") from error

    async def fresh(self, client_id: str) -> frozenset[str]:
        """Ask the EHR now. Raises EhrError."""
        members = await self.ehr.care_team(client_id)
        self.known[client_id] = (self.clock(), members)
        return members
