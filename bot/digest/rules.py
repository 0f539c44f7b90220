"""What of a chart is news: plain functions from what was read to lines, most urgent kind first. No clock, no network.

A line for a channel says what happened and when, never what an answer or a note says. An answer that is not on file is
said as that, and is no zero.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.digest.content import Does
from bot.drafts import Draft, State
from bot.privacy.fields import FieldClass
from bot.privacy.labels import protected
from ehr_clients.models import (
    Alert,
    Appointment,
    Assessment,
    Item,
    Message,
    Note,
    Plan,
    Recent,
    Referral,
    Stay,
    Todo,
)
from skills.kit import instruments

LATE_ENTRIES: Final = timedelta(days=7)  # what is stored now may be dated by the day it was about; older is history
DISCHARGE_CLOCKS: Final = (("48 h", timedelta(hours=48)), ("7 d", timedelta(days=7)), ("30 d", timedelta(days=30)))
ORDER: Final = (
    "item9",
    "risk_screen",
    "item9_not_on_file",
    "level_change",
    "discharge",
    "missed_visit",
    "not_filed",
    "draft_waits",
    "message",
    "alert",
    "overdue_task",
    "overdue_referral",
    "unsigned_note",
    "cancelled_visit",
    "milestone",
    "assessment",
    "note",
)
type Fresh = Callable[[Item, datetime | date | None], bool]
OVER: Final = frozenset({"completed", "cancelled", "failed", "rejected", "entered-in-error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One piece of news about one client, before anybody's rights are looked at."""

    kind: str
    what: str
    at: datetime | None
    of: FieldClass  # which right it takes to see it
    key: str
    detail: tuple[str, ...] = ()
    does: Does = Does.MESSAGE_OWNER
    safety: bool = False
    part2: bool = False
    refs: tuple[str, ...] = ()
    draft: tuple[str, int] | None = None
    staff: str | None = None  # who has to decide, where that is known
    owner_ref: str | None = None  # as the EHR has it: "Practitioner/abc"


def in_chart(
    recent: Recent, *, since: datetime, now: datetime, zone: ZoneInfo, programs: frozenset[str]
) -> list[Found]:
    """`programs`: staff of Part 2 programs, whose notes are protected (42 CFR 2.11)."""
    start, today = since - LATE_ENTRIES, now.astimezone(zone).date()

    def fresh(item: Item, when: datetime | date | None) -> bool:
        """Stored since, and no history that was only brought in now. What has no date is never taken for old."""
        at = moment(when, zone)
        return item.source.ref in recent.new and (at is None or start <= at <= now)

    found = [
        *_assessments(recent.assessments, fresh, zone),
        *_visits(recent.appointments, fresh),
        *_notes(recent.notes, fresh, zone, programs),
        *_messages(recent.messages, fresh, zone),
        *_alerts(recent.alerts, fresh, zone),
        *_milestones(recent.plans, recent.new),
        *_todos(recent.todos, today),
        *_referrals(recent.referrals, today),
        *_stays(recent.stays, now, zone),
    ]
    return ordered(found)


def ordered[T: Found](found: Iterable[T]) -> list[T]:
    """By what needs a decision; within a kind the newest first."""
    newest = datetime.max.replace(tzinfo=UTC)
    return sorted(found, key=lambda one: (ORDER.index(one.kind), newest - (one.at or newest)))


def moment(when: datetime | date | None, zone: ZoneInfo) -> datetime | None:
    """A day without an hour is its noon."""
    if when is None or isinstance(when, datetime):
        return when.replace(tzinfo=zone) if when is not None and when.tzinfo is None else when
    return datetime.combine(when, time(12), tzinfo=zone)


# Assessments


def _assessments(sittings: Sequence[Assessment], fresh: Fresh, zone: ZoneInfo) -> Iterator[Found]:
    """One line for each sitting: the gravest thing to say about it."""
    for index, sitting in enumerate(sittings):
        if fresh(sitting, sitting.when):
            before = next((one for one in sittings[index + 1 :] if one.instrument == sitting.instrument), None)
            yield _of(sitting, *_gravest(sitting, before), at=moment(sitting.when, zone))


def _gravest(sitting: Assessment, before: Assessment | None) -> tuple[str, str, tuple[str, ...]]:
    """Kind, words for a channel, words for one authorised person."""
    name, total = sitting.instrument, sitting.total
    said = [f"Total {total:g}" + _band(name, total)] if total is not None else ["No total on file"]
    if before is not None and total is not None and before.total is not None:
        said.append(instruments.change(name, before.total, total).capitalize())
    if name == "PHQ-9":
        nine = sitting.answer(9)
        said.append(instruments.item_nine(nine).capitalize())
        if nine is None:
            return "item9_not_on_file", "New PHQ-9, item 9 is not on file", tuple(said)
        if nine > 0:
            return "item9", "New PHQ-9 with item 9 above zero", tuple(said)
    if name == "C-SSRS":
        level = instruments.cssrs_level(sitting)
        if level != instruments.CSSRS_ALL_NO:
            return "risk_screen", "New suicide risk screen that is not all no", (f"C-SSRS: {level}",)
        return "assessment", "New suicide risk screen", (f"C-SSRS: {level}",)
    if _moved(sitting, before):
        return "level_change", f"New {name}, its level changed", tuple(said)
    return "assessment", f"New {name}", tuple(said)


def _band(name: str, total: float) -> str:
    word = instruments.band(name, total)
    return f" ({word})" if word else ""


def _moved(sitting: Assessment, before: Assessment | None) -> bool:
    if before is None or sitting.total is None or before.total is None:
        return False
    name = sitting.instrument
    bands = instruments.band(name, before.total), instruments.band(name, sitting.total)
    return bands[0] != bands[1] or instruments.worse(name, before.total, sitting.total)


def _of(sitting: Assessment, kind: str, what: str, detail: tuple[str, ...], *, at: datetime | None) -> Found:
    grave = kind in {"item9", "risk_screen"}
    return _found(sitting, kind, what, at, FieldClass.MEASURES, detail=detail, safety=grave)


# Visits, notes, messages, referrals


def _visits(visits: Sequence[Appointment], fresh: Fresh) -> Iterator[Found]:
    for visit in visits:
        kind = {"noshow": "missed_visit", "cancelled": "cancelled_visit"}.get(visit.status or "")
        if kind and fresh(visit, visit.start):
            detail = tuple(f"{name}: {words}" for name, words in (("With", visit.with_), ("Kind", visit.kind)) if words)
            what = kind.replace("_", " ").capitalize()
            yield _found(visit, kind, what, visit.start, FieldClass.SCHEDULE, detail=detail, does=Does.MAKE_TASK)


def _notes(notes: Sequence[Note], fresh: Fresh, zone: ZoneInfo, programs: frozenset[str]) -> Iterator[Found]:
    for note in notes:
        if fresh(note, note.when):
            kind, what = (
                ("unsigned_note", "A note waits for its signature") if note.signed is False else ("note", "New note")
            )
            detail = (f"{note.kind}{f', by {note.author}' if note.author else ''}",)
            at, theirs = moment(note.when, zone), protected(note) or note.author_ref in programs
            yield _found(note, kind, what, at, FieldClass.NOTES_FULL, detail=detail, part2=theirs)


def _messages(messages: Sequence[Message], fresh: Fresh, zone: ZoneInfo) -> Iterator[Found]:
    """Among colleagues nobody is waited for; who wrote is not always on file, and then it may be the client."""
    for message in messages:
        if fresh(message, message.when) and message.from_client is not False:
            detail = (f"From {message.sender or 'an unknown sender'}",)
            at = moment(message.when, zone)
            what = "New message of the client" if message.from_client else "New message"
            yield _found(message, "message", what, at, FieldClass.NOTES_FULL, detail=detail)


def _alerts(alerts: Sequence[Alert], fresh: Fresh, zone: ZoneInfo) -> Iterator[Found]:
    for alert in alerts:
        if fresh(alert, alert.since):
            at = moment(alert.since, zone)
            yield _found(alert, "alert", "New or changed alert", at, FieldClass.SAFETY, detail=(alert.text,))


def _milestones(plans: Sequence[Plan], new: Mapping[str, datetime]) -> Iterator[Found]:
    for goal in (goal for plan in plans for goal in plan.goals):
        if goal.source.ref in new and (goal.achievement == "achieved" or goal.status == "completed"):
            at = new[goal.source.ref]
            yield _found(goal, "milestone", "A goal was reached", at, FieldClass.PLAN, detail=(goal.text,))


def _todos(todos: Sequence[Todo], today: date) -> Iterator[Found]:
    for todo in todos:
        if todo.due is not None and todo.due < today:
            detail, more = (todo.what, f"Due {todo.due:%Y-%m-%d}"), {"owner_ref": todo.owner_ref}
            yield _found(todo, "overdue_task", "A task is overdue", None, FieldClass.PLAN, detail=detail, **more)


def _stays(stays: Sequence[Stay], now: datetime, zone: ZoneInfo) -> Iterator[Found]:
    """Told once for each clock that begins: until it is over, the next thing that is owed."""
    for stay in stays:
        ended = moment(stay.ended, zone)
        clock = next(((name, ended + span) for name, span in DISCHARGE_CLOCKS if ended and now < ended + span), None)
        if ended is not None and ended <= now and clock is not None:
            name, until = clock
            what = f"Discharged: the {name} clock ends {until.astimezone(zone):%a %d %b %H:%M}"
            detail = (stay.kind or "Kind of stay not on file",)
            more = {"does": Does.MAKE_TASK, "detail": detail, "of_clock": name}
            yield _found(stay, "discharge", what, ended, FieldClass.SCHEDULE, **more)


def _referrals(referrals: Sequence[Referral], today: date) -> Iterator[Found]:
    for referral in referrals:
        for task in referral.tasks:
            if task.due is not None and task.due < today and task.status not in OVER:
                detail = (referral.what, f"Due {task.due:%Y-%m-%d}, owner {task.owner or 'not on file'}")
                what = "A referral is overdue"
                yield _found(
                    referral, "overdue_referral", what, None, FieldClass.PLAN, detail=detail, does=Does.MAKE_TASK
                )


def _found(
    item: Item, kind: str, what: str, at: datetime | None, of: FieldClass, *, of_clock: str = "", **more: Any
) -> Found:
    """The key names this version of this record, and says nothing to anybody else."""
    named = f"{item.source.ref}@{item.source.version}@{of_clock}"
    key = f"{kind}:{hashlib.sha256(named.encode()).hexdigest()[:32]}"
    return Found(
        kind=kind, what=what, at=at, of=of, key=key, **{"part2": protected(item), **more}, refs=(item.source.ref,)
    )


# Drafts of ours


def of_draft(draft: Draft, title: str, today: date) -> Found | None:
    """A draft that waits, or that was approved and is not in the chart yet; anew each day, until somebody decides."""
    match draft.state:
        case State.WAITING:
            kind, what, staff = "draft_waits", f"{title} waits for a decision", draft.asked_by
        case State.APPROVED | State.FILING_FAILED:
            kind, what, staff = "not_filed", f"{title} is approved and NOT filed", draft.decided_by or draft.asked_by
        case _:
            return None
    return Found(
        kind=kind,
        what=what,
        at=draft.decided_at or draft.created_at,
        of=FieldClass.SCHEDULE,
        key=f"{kind}:{draft.id}:{today:%Y-%m-%d}",
        does=Does.OPEN_DRAFT,
        draft=(draft.id, draft.version),
        staff=staff,
    )
