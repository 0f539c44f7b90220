"""No commit leaves an escalation that is due without the job that keeps the promise: seen at every commit of a story."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Connection, event, text

from bot.crisis import moves, verbs
from bot.crisis.disposition import Level
from bot.crisis.escalation import State
from tests.fakes.crisis import complete, opened, stored
from tests.fakes.office import Work

UNKEPT = text(
    "SELECT e.number, e.turn FROM escalations e WHERE e.due_at IS NOT NULL AND NOT EXISTS ("
    "SELECT 1 FROM jobs j WHERE j.kind = 'crisis_due' AND j.ref = e.number || ':' || e.turn)"
)


@dataclass
class Seen:
    commits: int = 0
    turns: set[int] = field(default_factory=set)
    unkept: list[tuple[int, int]] = field(default_factory=list)


@contextmanager
def every_commit(work: Work) -> Iterator[Seen]:
    seen = Seen()

    def look(conn: Connection) -> None:
        seen.commits += 1
        seen.turns |= {row[0] for row in conn.exec_driver_sql("SELECT turn FROM escalations")}
        seen.unkept += [(row[0], row[1]) for row in conn.execute(UNKEPT)]

    engine = work.office.db._writer
    assert engine is not None
    event.listen(engine.sync_engine, "commit", look)
    try:
        yield seen
    finally:
        event.remove(engine.sync_engine, "commit", look)


async def a_story(work: Work) -> None:
    """Opened, paged, nobody answers, answered, forgotten again, answered, assessed, and a disposition."""
    await opened(work)
    await work.later(minutes=5, seconds=1)
    office, vega = work.office, work.staff("vega")
    await verbs.acknowledge(office, vega, "E-1")
    await work.later(hours=2)
    await verbs.acknowledge(office, vega, "E-1")
    await verbs.assess(office, vega, "E-1", Level.MODERATE)
    await verbs.dispose(office, vega, "E-1", complete())


async def test_what_is_due_has_its_job_in_the_commit_that_makes_it_due(work: Work) -> None:
    with every_commit(work) as seen:
        await a_story(work)
    assert not seen.unkept
    assert len(seen.turns) >= 5
    assert (await stored(work)).now.state in {State.DISPOSITION, State.DOCUMENTED}


async def test_a_due_row_that_is_left_for_later_is_seen(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard above, with the fault it is there for."""

    async def later(*_: object, **__: object) -> None:
        pass

    monkeypatch.setattr(moves, "wake", later)
    with every_commit(work) as seen:
        await opened(work)
    assert seen.unkept
