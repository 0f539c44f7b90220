"""A week in figures: how many charts brought news, of which kinds, and how many of the visits were missed."""

from collections import Counter
from collections.abc import Sequence

from skills.digest.lines import News
from skills.digest.order import KINDS
from skills.kit.caseload import Caseload


def trends(caseload: Caseload, lines: Sequence[News]) -> tuple[str, ...]:
    """() when nothing happened. Where something could not be read, the figures say that they are partial."""
    if not lines:
        return ()
    changed, kinds = len({line.client_id for line in lines}), Counter(line.kind.name for line in lines)
    counts = ", ".join(f"{kinds[k.name]} {k.name.replace('_', ' ')}" for k in KINDS if k.name in kinds)
    partial = " Partial: not everything could be read." if caseload.gaps else ""
    first = f"This week: {changed} of {len(caseload.rows)} charts brought news. {counts.capitalize()}.{partial}"
    return tuple(filter(None, (first, _visits(caseload), _courses(caseload))))


def _visits(caseload: Caseload) -> str:
    """Of visits that were due this week and of which it is known what became of them."""
    week = [
        visit.status
        for row in caseload
        for visit in row.recent.appointments
        if visit.start is not None and caseload.since <= visit.start <= caseload.now
    ]
    kept, missed = week.count("fulfilled"), week.count("noshow")
    return f"Visits: {kept} kept, {missed} missed ({missed / (kept + missed):.0%})." if kept + missed else ""


def _courses(caseload: Caseload) -> str:
    """PHQ-9 totals of those with a new one and an earlier one: how many are lower, higher, the same."""
    lower = higher = same = 0
    for row in caseload:
        totals = [a.total for a in row.recent.assessments if a.instrument == "PHQ-9" and a.total is not None]
        newest = next((a for a in row.recent.assessments if a.instrument == "PHQ-9"), None)
        if newest is None or newest.source.ref not in row.recent.new or newest.total is None or len(totals) < 2:
            continue
        lower, higher = lower + (totals[0] < totals[1]), higher + (totals[0] > totals[1])
        same += totals[0] == totals[1]
    if not lower + higher + same:
        return ""
    return f"PHQ-9 against the one before: {lower} lower, {higher} higher, {same} the same."
