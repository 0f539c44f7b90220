"""Signals, and ways to reach people that remember what went out, for tests of escalations."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from bot.crisis import records
from bot.crisis.disposition import Counselling, Disposition, Kind, Level
from bot.crisis.opening import Opened, open_escalation
from bot.crisis.policy import WayName
from bot.crisis.records import Happened, PageRow, Stored
from bot.crisis.ways.port import Delivery, Page
from bot.flow.desk import FlowDesk
from tests.fakes.office import AFTERNOON, Work

CLIENT = "sb-c102"


@dataclass(frozen=True)
class ASignal:
    key: str = "phq9:obs-1:9"
    kind: str = "phq9.item9"
    tier: str = "now"
    sentence: str = "PHQ-9 of 23 November: item 9 answered with 2."
    source: str = "Observation/obs-1"


@dataclass
class FakeWay:
    """`raises`: what each coming call ends with, first in first out; afterwards all arrive."""

    name: WayName
    raises: list[Exception] = field(default_factory=list)
    sent: list[tuple[str, Page]] = field(default_factory=list)

    async def page(self, page: Page, *, key: str) -> Delivery:
        if self.raises:
            raise self.raises.pop(0)
        self.sent.append((key, page))
        return Delivery(f"{self.name}-{len(self.sent)}")

    def to(self, staff_id: str) -> list[Page]:
        return [page for _, page in self.sent if page.to is not None and page.to.id == staff_id]


def with_ways(work: Work, *ways: FakeWay) -> None:
    """The office has these providers; its worker must not have begun."""
    work.office = replace(work.office, ways={way.name: way for way in ways})
    work.desk = FlowDesk(work.office)


async def opened(
    work: Work, signal: ASignal | None = None, *, treating: Sequence[str] = (), settle: bool = True
) -> Opened:
    async with work.office.db.write() as conn:
        found = await open_escalation(
            conn, work.office, signal or ASignal(), CLIENT, "C-102", "harbor", treating=treating
        )
    if settle:
        await work.settled()
    return found


async def stored(work: Work, number: int = 1) -> Stored:
    async with work.office.db.read() as conn:
        found = await records.one(conn, number)
    assert found is not None
    return found


async def pages(work: Work, number: int = 1) -> list[PageRow]:
    async with work.office.db.read() as conn:
        return await records.pages(conn, number)


async def story(work: Work, number: int = 1) -> list[Happened]:
    async with work.office.db.read() as conn:
        return await records.story(conn, number)


def complete(assessor: str = "vega") -> Disposition:
    return Disposition(
        kind=Kind.SAFETY_PLAN,
        assessor=assessor,
        level=Level.MODERATE,
        means=Counselling.DONE,
        safety_plan_on=date(2026, 11, 23),
        next_contact_at=AFTERNOON + timedelta(days=1),
        notified=(),
        duty_to_warn="No threat against anybody: does not apply.",
    )
