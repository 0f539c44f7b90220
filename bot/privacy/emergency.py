"""A disclosure without consent in a medical emergency, written down at once with all that 42 CFR 2.51(c) asks for.

To medical personnel, for a bona fide emergency in which consent cannot be had (2.51(a)). All four things are required;
a record without one of them is refused by name. It is a record of its own, sealed, and part of the accounting.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.privacy.disclosures import Basis, Details, Disclosure, record
from bot.store.sealed import Seal

IMMEDIATELY: Final = timedelta(hours=24)  # later is still recorded, and said to be late
REQUIRED: Final = {
    "personnel": "the name of the medical personnel",
    "facility": "the health care facility they belong to",
    "discloser": "who disclosed it",
    "at": "the date and time",
    "nature": "the nature of the emergency",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """As a person filled it in."""

    personnel: str
    facility: str
    discloser: str
    at: str  # ISO 8601 with its offset
    nature: str


def missing(form: Emergency, now: datetime) -> tuple[str, ...]:
    """What 2.51(c) asks for and the form does not say, in words. A time without its zone, or to come, is none."""
    blank = [name for name in REQUIRED if not str(getattr(form, name)).strip()]
    at = _when(form.at)
    unsure = ["at"] if "at" not in blank and (at is None or at > now) else []
    return tuple(REQUIRED[name] for name in REQUIRED if name in {*blank, *unsure})


def late(form: Emergency, now: datetime) -> bool:
    at = _when(form.at)
    return at is not None and now - at > IMMEDIATELY


async def record_emergency(
    conn: AsyncConnection, seal: Seal, client_id: str, form: Emergency, *, now: datetime, by: str = "baton"
) -> Disclosure:
    """Keep it with its audit line. Raises ValueError naming everything that is missing."""
    lacks = missing(form, now)
    at = _when(form.at)
    if lacks or at is None:
        raise ValueError(f"42 CFR 2.51(c) also asks for: {'; '.join(lacks)}. Nothing was recorded.")
    made = Disclosure(
        key=f"emergency-{token_hex(8)}",
        client_id=client_id,
        at=at,
        basis=Basis.EMERGENCY,
        purpose="ETREAT",
        part2=True,
        by=by,
        details=Details(
            recipient=form.personnel.strip(),
            facility=form.facility.strip(),
            discloser=form.discloser.strip(),
            emergency=form.nature.strip(),
            description="Records needed to treat a medical emergency",
            purpose="medical emergency, without consent" + (", written down late" if late(form, now) else ""),
        ),
    )
    await record(conn, seal, made)
    return made


def _when(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if found.tzinfo else None
