"""What of a chart is news: plain functions from what was read to lines, most urgent kind first. No clock, no network.

A line for a channel says what happened and when, never what an answer or a note says. An answer that is not on file is
said as that, and is no zero.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.digest.content import Does
from bot.drafts import Draft, State
from bot.privacy.fields import FieldClass
from bot.privacy.labels import protected
from ehr_clients.models import Appointment, Assessment, ChartData, Item, Message, Note, Read, Referral, Section
from skills.kit import instruments

LATE_ENTRIES: Final = timedelta(days=3)  # what is stored now may be dated by the day it was about
READS: Final = frozenset(
    {
        Section.CLIENT,
        Section.ASSESSMENTS,
        Section.APPOINTMENTS,
        Section.NOTES,
        Section.MESSAGES,
        Section.REFERRALS,
        Section.CONSENTS,
    }
)
ORDER: Final = (
    "item9",
    "risk_screen",
    "item9_not_on_file",
    "level_change",
    "missed_visit",
    "not_filed",
    "draft_waits",
    "message",
    "overdue_referral",
    "unsigned_note",
    "cancelled_visit",
    "assessment",
    "note",
)
type Fresh = Callable[[datetime | date | None], bool]
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


def in_chart(data: ChartData, *, since: datetime, now: datetime, zone: ZoneInfo) -> list[Found]:
    """`since` is stretched: what was told before is recognised by its key."""
    start = since - LATE_ENTRIES

    def fresh(when: datetime | date | None) -> bool:
        at = moment(when, zone)
        return at is not None and start <= at <= now

    found = [
        *_assessments(_items(data, Section.ASSESSMENTS, Assessment), fresh, zone),
        *_visits(_items(data, Section.APPOINTMENTS, Appointment), fresh),
        *_notes(_items(data, Section.NOTES, Note), fresh, zone),
        *_messages(_items(data, Section.MESSAGES, Message), fresh, zone),
        *_referrals(_items(data, Section.REFERRALS, Referral), now.astimezone(zone).date()),
    ]
    return ordered(found)


def ordered[T: Found](found: Iterable[T]) -> list[T]:
    """By what needs a decision; within a kind the newest first."""
    newest = datetime.max.replace(tzinfo=UTC)
    return sorted(found, key=lambda one: (ORDER.index(one.kind), newest - (one.at or newest)))


def _items[T: Item](data: ChartData, section: Section, kind: type[T]) -> list[T]:
    answer = data.sections.get(section)
    return [item for item in answer.items if isinstance(item, kind)] if isinstance(answer, Read) else []


def moment(when: datetime | date | None, zone: ZoneInfo) -> datetime | None:
    """A day without an hour is its noon."""
    if when is None or isinstance(when, datetime):
        return when.replace(tzinfo=zone) if when is not None and when.tzinfo is None else when
    return datetime.combine(when, time(12), tzinfo=zone)


# Assessments


def _assessments(sittings: list[Assessment], fresh: Fresh, zone: ZoneInfo) -> Iterator[Found]:
    """One line for each sitting: the gravest thing to say about it."""
    for index, sitting in enumerate(sittings):
        if fresh(sitting.when):
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


def _visits(visits: list[Appointment], fresh: Fresh) -> Iterator[Found]:
    for visit in visits:
        kind = {"noshow": "missed_visit", "cancelled": "cancelled_visit"}.get(visit.status or "")
        if kind and fresh(visit.start):
            detail = tuple(f"{name}: {words}" for name, words in (("With", visit.with_), ("Kind", visit.kind)) if words)
            what = kind.replace("_", " ").capitalize()
            yield _found(visit, kind, what, visit.start, FieldClass.SCHEDULE, detail=detail, does=Does.MAKE_TASK)


def _notes(notes: list[Note], fresh: Fresh, zone: ZoneInfo) -> Iterator[Found]:
    for note in notes:
        if fresh(note.when):
            kind, what = (
                ("unsigned_note", "A note waits for its signature") if note.signed is False else ("note", "New note")
            )
            detail = (f"{note.kind}{f', by {note.author}' if note.author else ''}",)
            yield _found(note, kind, what, moment(note.when, zone), FieldClass.NOTES_FULL, detail=detail)


def _messages(messages: list[Message], fresh: Fresh, zone: ZoneInfo) -> Iterator[Found]:
    for message in messages:
        if fresh(message.when):
            detail = (f"From {message.sender or 'an unknown sender'}",)
            at = moment(message.when, zone)
            yield _found(message, "message", "New message", at, FieldClass.NOTES_FULL, detail=detail)


def _referrals(referrals: list[Referral], today: date) -> Iterator[Found]:
    for referral in referrals:
        for task in referral.tasks:
            if task.due is not None and task.due < today and task.status not in OVER:
                detail = (referral.what, f"Due {task.due:%Y-%m-%d}, owner {task.owner or 'not on file'}")
                what = "A referral is overdue"
                yield _found(
                    referral, "overdue_referral", what, None, FieldClass.PLAN, detail=detail, does=Does.MAKE_TASK
                )


def _found(item: Item, kind: str, what: str, at: datetime | None, of: FieldClass, **more: object) -> Found:
    key = f"{kind}:{item.source.ref}"[-64:]
    plain: dict[str, object] = {"refs": (item.source.ref,), "part2": protected(item), **more}
    return Found(kind=kind, what=what, at=at, of=of, key=key, **plain)  # type: ignore[arg-type]  # named above


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
