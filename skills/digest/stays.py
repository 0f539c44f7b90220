"""After a stay that ended: contact within 48 hours, a visit within 7 days, and again within 30, while none was kept.

7 and 30 days: HEDIS "Follow-Up After Hospitalization for Mental Illness" (FUH), in which a visit on the day of the
discharge does not count. 48 hours: the usual local policy for a first contact (24 to 72 hours); a clinic may differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ehr_clients.models import Recent, Stay
from skills.kit.caseload import Caseload

CLOCKS: Final = (
    ("discharge_48h", timedelta(hours=48), "contact within 48 hours"),
    ("discharge_7d", timedelta(days=7), "visit within 7 days"),
    ("discharge_30d", timedelta(days=30), "visit within 30 days"),
)


@dataclass(frozen=True, slots=True)
class Clock:
    kind: str
    what: str
    stay: Stay
    ended: datetime
    detail: tuple[str, ...]


def clocks(recent: Recent, caseload: Caseload) -> Iterator[Clock]:
    """Of each stay the clock that runs out next. None where a visit after it was kept."""
    for stay in recent.stays:
        ended = caseload.moment(stay.ended)
        if ended is None or ended > caseload.now or _kept_after(recent, ended, caseload):
            continue
        for kind, within, called in CLOCKS:
            if caseload.now < ended + within:
                by = (ended + within).astimezone(caseload.zone)
                what = f"Discharged: {called} of it, by {by:%a %d %b %H:%M}"
                yield Clock(kind, what, stay, ended, (stay.kind or "A stay", "No visit kept since is on file"))
                break


def _kept_after(recent: Recent, ended: datetime, caseload: Caseload) -> bool:
    day = ended.astimezone(caseload.zone).date()
    kept = (visit.start for visit in recent.appointments if visit.status == "fulfilled" and visit.start is not None)
    return any(start > ended and start.astimezone(caseload.zone).date() > day for start in kept)
