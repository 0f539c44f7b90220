"""What a draft about a referral was asked with: which one, and what is to be marked. Sealed beside the request.

It is read each time the draft is drawn up anew, so it stays as long as a draft may wait.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.flow.office import Office
from bot.privacy.consent import Told
from bot.store import tables as t
from bot.store.sealed import Seal

KEPT: Final = timedelta(days=35)
ORDER: Final = "referral:"  # which one it is says nothing about anybody, and must reach the skill


async def keep(conn: AsyncConnection, seal: Seal, request_id: str, lines: Sequence[str], at: datetime) -> None:
    sealed = seal.seal(json.dumps(list(lines)), context=f"referral_asks.lines/{request_id}")
    await conn.execute(insert(t.referral_asks).values(request_id=request_id, lines=sealed, at=at))


async def context(office: Office, request_id: str) -> tuple[Told, ...]:
    """As `Request.context` needs it; what was said goes the way of the order it is about."""
    async with office.db.read() as conn:
        asked = select(t.referral_asks.c.lines).where(t.referral_asks.c.request_id == request_id)
        sealed = await conn.scalar(asked)
    if sealed is None:
        return ()
    lines: list[str] = json.loads(office.seal.open(sealed, context=f"referral_asks.lines/{request_id}"))
    about = next((line.removeprefix(ORDER) for line in lines if line.startswith(ORDER)), "")
    return tuple(Told(line, "" if line.startswith(ORDER) else f"ServiceRequest/{about}") for line in lines)


async def forget(conn: AsyncConnection, now: datetime) -> int:
    """For housekeeping: of drafts that are decided or expired long since."""
    return (await conn.execute(delete(t.referral_asks).where(t.referral_asks.c.at < now - KEPT))).rowcount
