"""What people did about lines, and what follows: hidden while snoozed, proposed for retirement when nobody acts.

A line of safety is never hidden for longer than a day, and its kind is never retired. Whoever has to act on a line, or
supervises the team, hides it for everybody; anybody else for themselves.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.digest.content import DigestLine
from bot.digest.records import ACTED, Digest, Mark, Marked, State

WEEK: Final = timedelta(weeks=1)
LONGEST_SNOOZE: Final = timedelta(days=30)
LONGEST_OF_SAFETY: Final = timedelta(days=1)
FEWEST_SHOWN: Final = 5  # digests: what was hardly ever shown cannot have been ignored


@dataclass(frozen=True, slots=True)
class Proposal:
    """A kind of line that nobody acted on, with its figures."""

    kind: str
    weeks: int
    lines: int
    digests: int
    useless: int  # people who said so

    def sentence(self) -> str:
        said = f"; {self.useless} {'person' if self.useless == 1 else 'people'} said that it is not useful"
        shown = f"{self.lines} lines in {self.digests} digests of the last {self.weeks} weeks"
        return f"{in_words(self.kind)}: {shown}, and nobody acted on any{said if self.useless else ''}."


def in_words(kind: str) -> str:
    return kind.replace("_", " ").replace(".", ", ").capitalize()


def longest_snooze(line: DigestLine) -> timedelta:
    return LONGEST_OF_SAFETY if line.safety else LONGEST_SNOOZE


def retired(marks: Iterable[Marked]) -> frozenset[str]:
    """Kinds that stand retired now; `marks` oldest first."""
    standing: dict[str, Mark] = {}
    for mark in marks:
        if mark.mark in {Mark.RETIRED, Mark.RESTORED}:
            standing[mark.kind] = mark.mark
    return frozenset(kind for kind, mark in standing.items() if mark is Mark.RETIRED)


def shown(
    lines: Iterable[DigestLine],
    marks: Sequence[Marked],
    *,
    now: datetime,
    reader: str | None,
    supervisors: Collection[str],
) -> tuple[DigestLine, ...]:
    """Lines that are neither retired nor snoozed. `reader` None: for the team's channel."""
    gone, snoozed = retired(marks), [m for m in marks if m.mark is Mark.SNOOZED and m.until and m.until > now]
    return tuple(
        line
        for line in lines
        if (line.safety or line.kind not in gone)
        and not any(_hides(mark, line, now, reader, supervisors) for mark in snoozed)
    )


def _hides(mark: Marked, line: DigestLine, now: datetime, reader: str | None, supervisors: Collection[str]) -> bool:
    if mark.line != line.key or now >= mark.at + longest_snooze(line):
        return False
    return mark.staff_id in {reader, line.owner, *supervisors}


def proposals(
    digests: Iterable[Digest], marks: Sequence[Marked], *, now: datetime, weeks: int, safety: Collection[str]
) -> tuple[Proposal, ...]:
    """Kinds that were shown in all these weeks and not acted on once. `safety`: kinds that never retire.

    What a supervisor kept is not proposed again before as many weeks have passed.
    """
    since = now - timedelta(weeks=weeks)
    delivered = [d for d in digests if d.state is State.DELIVERED]
    recent = [d for d in delivered if d.due_at >= since]
    known_long_enough = {kind for d in delivered if d.due_at < since + timedelta(weeks=1) for kind in _kinds(d)}
    left_alone = {m.kind for m in marks if m.at >= since and m.mark in ACTED | {Mark.KEPT, Mark.RESTORED}}
    candidates = known_long_enough - left_alone - retired(marks) - set(safety)
    found = (_proposal(kind, weeks, recent, marks, since) for kind in sorted(candidates))
    return tuple(one for one in found if one.digests >= FEWEST_SHOWN)


def _proposal(kind: str, weeks: int, recent: Sequence[Digest], marks: Sequence[Marked], since: datetime) -> Proposal:
    counts = [_kinds(digest)[kind] for digest in recent if kind in _kinds(digest)]
    useless = {m.staff_id for m in marks if m.kind == kind and m.mark is Mark.USELESS and m.at >= since}
    return Proposal(kind, weeks, sum(counts), len(counts), len(useless))


def _kinds(digest: Digest) -> dict[str, int]:
    kinds: dict[str, int] = digest.counts.get("by_kind", {})
    return kinds
