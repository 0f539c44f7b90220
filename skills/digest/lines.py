"""From a caseload to its news, line by line. A line for a channel says what happened and when, never what was answered.

What is stored today and dated long ago is not news. An answer that is not on file is said as that, and is no zero.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from skills.digest import sittings, stays
from skills.digest.order import BY_NAME, ORDER, Kind
from skills.kit import Item, Label, Note, Referral
from skills.kit.caseload import Caseload, CaseRow

LATE_ENTRIES: Final = timedelta(days=3)  # what is stored now may be dated by the day it was about
VISITS: Final = {"noshow": "missed_visit", "cancelled": "cancelled_visit"}
OVER: Final = frozenset({"completed", "cancelled", "failed", "rejected", "entered-in-error"})
REACHED: Final = frozenset({"achieved"})  # goal-achievement


@dataclass(frozen=True, slots=True)
class Needs:
    """What it takes to see a line beside being in charge of the client."""

    right: str
    protected: bool  # rests on records under 42 CFR Part 2, or restricted ones: consents decide, reader by reader


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One piece of news about one client, before anybody's rights are looked at. `at`: None when it is not known."""

    kind: Kind
    client_id: str
    alias: str
    what: str
    at: datetime | None
    key: str
    needs: Needs
    detail: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    owner_ref: str | None = None  # "Practitioner/abc", where the record names who has to do it


def news(caseload: Caseload) -> tuple[News, ...]:
    """Everything that is news, most urgent first; within a kind the newest first."""
    return ordered(line for row in caseload for line in _of_client(caseload, row))


def ordered(lines: Iterable[News]) -> tuple[News, ...]:
    newest = datetime.max.replace(tzinfo=UTC)
    return tuple(sorted(lines, key=lambda one: (ORDER[one.kind.name], newest - (one.at or newest), one.key)))


def _of_client(caseload: Caseload, row: CaseRow) -> Iterator[News]:
    yield from _assessments(caseload, row)
    yield from _visits(caseload, row)
    yield from _notes_and_messages(caseload, row)
    yield from _alerts_and_goals(caseload, row)
    yield from _referrals_and_tasks(caseload, row)
    for clock in stays.clocks(row.recent, caseload):
        yield _line(row, clock.kind, clock.what, clock.stay, at=clock.ended, detail=clock.detail, about=clock.kind)


def _assessments(caseload: Caseload, row: CaseRow) -> Iterator[News]:
    """One line for each sitting: the gravest thing to say about it."""
    for sitting, before in sittings.pairs(row.recent.assessments):
        if _fresh(caseload, row, sitting, sitting.when):
            kind, what, detail = sittings.gravest(sitting, before)
            yield _line(row, kind, what, sitting, at=caseload.moment(sitting.when), detail=detail)


def _visits(caseload: Caseload, row: CaseRow) -> Iterator[News]:
    for visit in row.recent.appointments:
        kind = VISITS.get(visit.status or "")
        if kind and _fresh(caseload, row, visit, visit.start):
            detail = tuple(f"{name}: {words}" for name, words in (("With", visit.with_), ("Kind", visit.kind)) if words)
            yield _line(row, kind, kind.replace("_", " ").capitalize(), visit, at=visit.start, detail=detail)


def _notes_and_messages(caseload: Caseload, row: CaseRow) -> Iterator[News]:
    for note in row.recent.notes:
        if _fresh(caseload, row, note, note.when):
            yield _note(caseload, row, note)
    for message in row.recent.messages:
        if message.from_client is not False and _fresh(caseload, row, message, message.when):
            detail = (f"From {message.sender or 'an unknown sender'}",)
            yield _line(row, "message", "New message", message, at=caseload.moment(message.when), detail=detail)


def _note(caseload: Caseload, row: CaseRow, note: Note) -> News:
    unsigned = note.signed is False
    kind, what = ("unsigned_note", "A note waits for its signature") if unsigned else ("note", "New note")
    detail = (f"{note.kind}{f', by {note.author}' if note.author else ''}",)
    return _line(row, kind, what, note, at=caseload.moment(note.when), detail=detail, owner=note.author_ref)


def _alerts_and_goals(caseload: Caseload, row: CaseRow) -> Iterator[News]:
    for alert in row.recent.alerts:
        if alert.status == "active" and _fresh(caseload, row, alert, alert.since):
            yield _line(row, "alert", "New alert in the chart", alert, at=_stored(row, alert), detail=(alert.text,))
    for plan in row.recent.plans:
        for goal in plan.goals:
            if (goal.achievement or "").casefold() in REACHED and goal.source.ref in row.recent.new:
                yield _line(row, "milestone", "A goal was reached", goal, at=_stored(row, goal), detail=(goal.text,))


def _referrals_and_tasks(caseload: Caseload, row: CaseRow) -> Iterator[News]:
    for referral in row.recent.referrals:
        yield from _referral(caseload, row, referral)
    for todo in row.recent.todos:
        if todo.due is not None and todo.due < caseload.today:
            detail = (todo.what, f"Due {_day(todo.due)}")
            yield _line(row, "overdue_task", "A task is overdue", todo, at=None, detail=detail, owner=todo.owner_ref)


def _referral(caseload: Caseload, row: CaseRow, referral: Referral) -> Iterator[News]:
    task = referral.task
    if task is None or task.status in OVER:
        return
    if task.due is not None and task.due < caseload.today:
        detail = (referral.what, f"Due {_day(task.due)}, owner {task.owner or 'not on file'}")
        owner = task.owner_ref
        yield _line(row, "overdue_referral", "A referral is overdue", referral, at=None, detail=detail, owner=owner)
    elif (at := row.recent.new.get(task.ref)) is not None:
        detail = (referral.what, f"Now: {referral.step or 'not known'}")
        key = f"{task.ref}@{task.version}"
        yield _line(row, "referral_moved", "A referral moved", referral, at=at, detail=detail, about=key)


# Helpers


def _fresh(caseload: Caseload, row: CaseRow, item: Item, when: datetime | date | None) -> bool:
    """Stored since the last digest, and about these days. What has no date of its own is new when it is stored."""
    if item.source.ref not in row.recent.new:
        return False
    at = caseload.moment(when)
    return at is None or caseload.since - LATE_ENTRIES <= at <= caseload.now


def _stored(row: CaseRow, item: Item) -> datetime | None:
    return row.recent.new.get(item.source.ref)


def _line(
    row: CaseRow,
    kind: str,
    what: str,
    item: Item,
    *,
    at: datetime | None,
    detail: tuple[str, ...] = (),
    owner: str | None = None,
    about: str = "",
) -> News:
    protected = bool(item.labels & {Label.PART2, Label.PART2_PENDING, Label.RESTRICTED})
    return News(
        kind=BY_NAME[kind],
        client_id=row.client_id,
        alias=row.alias,
        what=what,
        at=at,
        key=f"{kind}:{about or item.source.ref}"[-64:],
        needs=Needs(BY_NAME[kind].needs, protected),
        detail=detail,
        refs=(item.source.ref,),
        owner_ref=owner,
    )


def _day(day: date) -> str:
    return f"{day:%m/%d/%Y}"
