"""What a team's referrals add up to: how many stand where, how long they wait, how many closed, how many got help.

"Closed loop" and "got help" are two figures. Each says of how many it is, and how many are not known: those count
neither as yes nor as no. Drafts have not left the clinic: they are in the funnel and in no rate.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from skills.kit.business_days import Calendar
from skills.referral.steps import Closure, Standing, Step

BUCKETS: Final = ((2, "0 to 2"), (5, "3 to 5"), (10, "6 to 10"), (20, "11 to 20"))  # business days, up to and with
OLDEST: Final = "over 20"
UNDATED: Final = "not known"


@dataclass(frozen=True, slots=True)
class Rate:
    """`yes` of `known`; `unknown` apart. No share is given of nothing."""

    yes: int
    known: int
    unknown: int

    @property
    def share(self) -> float | None:
        return self.yes / self.known if self.known else None

    @property
    def words(self) -> str:
        """Such as "3 of 8; 1 not known"."""
        return f"{self.yes} of {self.known}" + (f"; {self.unknown} not known" if self.unknown else "")


@dataclass(frozen=True, slots=True)
class Figures:
    """`funnel`: every step in its order. `ageing`: the open ones, by business days since their last move."""

    total: int
    funnel: Mapping[Step, int]
    not_known: int  # the EHR does not say at which step
    ageing: Mapping[str, int]
    overdue: int
    closed_loop: Rate
    got_help: Rate
    closed_by: Mapping[Closure, int]


def figures(standings: Sequence[Standing], calendar: Calendar, now: datetime) -> Figures:
    steps = Counter(each.step for each in standings)
    left = [each for each in standings if each.step is not Step.DRAFTED]
    by = Counter(each.closure for each in standings if each.closed)
    return Figures(
        total=len(standings),
        funnel={step: steps[step] for step in Step},
        not_known=steps[None],
        ageing=_ageing((each for each in standings if not each.closed), calendar, now),
        overdue=sum(bool(each.overdue_days) for each in standings),
        closed_loop=_rate(each.closed if each.step else None for each in left),
        got_help=_rate(each.got_help for each in left),
        closed_by={closure: by[closure] for closure in Closure},
    )


def _rate(answers: Iterable[bool | None]) -> Rate:
    counted = Counter(answers)
    return Rate(counted[True], counted[True] + counted[False], counted[None])


def _ageing(waiting: Iterable[Standing], calendar: Calendar, now: datetime) -> dict[str, int]:
    counted = Counter(_bucket(each, calendar, now) for each in waiting)
    return {name: counted[name] for name in (*(name for _, name in BUCKETS), OLDEST, UNDATED)}


def _bucket(standing: Standing, calendar: Calendar, now: datetime) -> str:
    if standing.since is None:
        return UNDATED
    waited = calendar.between(standing.since, calendar.today(now))
    return next((name for most, name in BUCKETS if waited <= most), OLDEST)
