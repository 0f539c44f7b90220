"""By when a referral's next step is owed, and when somebody is reminded. Pure: the calendar and the time come in.

The clocks are data (clocks.toml), each with its source. Due is the earliest of the clock, the task's own end and the
day the order says that it is needed by. A reminder comes after 2, 5 and 10 business days in which nothing moved.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final, Literal

from skills.kit import Referral
from skills.kit.business_days import Calendar
from skills.referral.steps import Standing, Step

PROMPTS: Final = (2, 5, 10)  # business days without a move
UNTIL_SEEN: Final = frozenset(
    {
        *(Step.DRAFTED, Step.SENT, Step.RECEIVED, Step.ACCEPTED, Step.SCHEDULED),
        *(Step.NO_SHOW, Step.UNREACHABLE, Step.DECLINED),
    }
)
_FILE = Path(__file__).with_name("clocks.toml")
_NEEDS: Final = {"stat": "stat", "asap": "urgent", "urgent": "urgent"}  # FHIR request-priority; absent is routine


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    need: str  # routine | urgent | stat | report
    start: Literal["order", "kept"]
    amount: int
    unit: Literal["business_days", "days", "hours"]
    source: str
    note: str = ""
    state: str | None = None
    payer: tuple[str, ...] = ()

    def applies(self, state: str | None, payer: str | None) -> bool:
        """A payer that is not known is no payer that a clock names."""
        named = (payer or "").casefold()
        return self.state in {None, state} and (not self.payer or any(word in named for word in self.payer))

    @property
    def specific(self) -> tuple[bool, bool]:
        return (self.state is not None, bool(self.payer))

    @property
    def words(self) -> str:
        return f"{self.amount} {self.unit.replace('_', ' ')} ({self.source})"

    def due(self, start: datetime | date, calendar: Calendar) -> date:
        """The last day in time. Hours from a day without a time count from its start, so as not to come late."""
        day = calendar.today(start) if isinstance(start, datetime) else start
        match self.unit:
            case "business_days":
                return calendar.after(day, self.amount)
            case "days":
                return day + timedelta(days=self.amount)
            case "hours":
                begun = (
                    start
                    if isinstance(start, datetime)
                    else datetime(day.year, day.month, day.day, tzinfo=calendar.zone)
                )
                return calendar.today(begun + timedelta(hours=self.amount))


@dataclass(frozen=True, slots=True)
class Prompt:
    """A reminder that fell due. `key` is the same whoever computes it: one reminder per step and threshold."""

    referral_id: str
    after: int  # business days
    day: date
    key: str


@cache
def clocks() -> tuple[Clock, ...]:
    return tuple(_clock(table) for table in tomllib.loads(_FILE.read_text("utf-8"))["clock"])


def _clock(table: dict[str, object]) -> Clock:
    told = {"start" if name == "from" else name: value for name, value in table.items()}
    payer = told.pop("payer", [])
    assert isinstance(payer, list)
    return Clock(payer=tuple(str(word) for word in payer), **told)  # type: ignore[arg-type]  # a test reads each table


def clock_for(need: str, state: str | None, payer: str | None) -> Clock:
    """The most specific clock. There is one for every need, whatever the state and the payer."""
    found = [clock for clock in clocks() if clock.need == need and clock.applies(state, payer)]
    return max(found, key=lambda clock: clock.specific)


def timed(
    standing: Standing, referral: Referral, calendar: Calendar, now: datetime, payer: str | None = None
) -> Standing:
    """The standing with its due day, what that rests on, and by how many calendar days it is over."""
    due, words = min(_dues(standing, referral, calendar, payer), default=(None, None), key=_by_day)
    overdue = max((calendar.today(now) - due).days, 0) if due else None
    return replace(standing, due=due, clock=words, overdue_days=overdue)


def _by_day(due: tuple[date, str] | tuple[None, None]) -> date:
    return due[0] or date.max


def _dues(standing: Standing, referral: Referral, calendar: Calendar, payer: str | None) -> Iterator[tuple[date, str]]:
    if standing.step is Step.KEPT and (seen := (standing.kept and standing.kept.when) or standing.since):
        clock = clock_for("report", calendar.state, payer)
        yield clock.due(seen, calendar), clock.words
    if standing.step not in UNTIL_SEEN:
        return
    if ordered := referral.source.when or referral.when:
        clock = clock_for(_NEEDS.get(referral.urgency or "", "routine"), calendar.state, payer)
        yield clock.due(ordered, calendar), clock.words
    if referral.needed_by:
        yield referral.needed_by, "needed by, as the order says"
    if referral.task and referral.task.due:
        yield referral.task.due, "the end of the task, as the EHR says"


def prompts_due(standing: Standing, calendar: Calendar, now: datetime) -> tuple[Prompt, ...]:
    """Every reminder that fell due since the last move, earliest first. Before a booked visit there is none."""
    start = _waiting_since(standing)
    if standing.closed or start is None:
        return ()
    today = calendar.today(now)
    fallen = [(after, calendar.after(start, after)) for after in PROMPTS]
    return tuple(_prompt(standing, after, day) for after, day in fallen if day <= today)


def _waiting_since(standing: Standing) -> date | None:
    """Since the last move; where a visit is booked, since the day of the visit."""
    known = [day for day in (standing.since, standing.visit) if day]
    return max(known, default=None)


def _prompt(standing: Standing, after: int, day: date) -> Prompt:
    start = _waiting_since(standing)
    return Prompt(
        standing.referral_id, after, day, f"{standing.referral_id}:{standing.word}:{start}:{after}".replace(" ", "_")
    )
