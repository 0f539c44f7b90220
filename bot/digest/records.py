"""Rows in, frozen records out: the only SQL of the digest."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import RowMapping, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import CardRef, Place, Platform
from bot.digest.schedule import Kind
from bot.flow.office import new_id
from bot.flow.records import insert_once
from bot.store import tables as t
from bot.store.sealed import Seal

d, p, m = t.digests.c, t.digest_posts.c, t.digest_marks.c


class State(StrEnum):
    DUE = "due"  # promised
    MADE = "made"  # its content is kept; it goes out
    DELIVERED = "delivered"
    QUIET = "quiet"  # there was nothing to say
    SKIPPED = "skipped"  # it will not go out; the next one covers its time


OPEN: Final = (State.DUE.value, State.MADE.value)
COUNTED: Final = (State.DELIVERED.value, State.QUIET.value)  # these move the watermark


class PostState(StrEnum):
    DUE = "due"
    SENDING = "sending"  # may have arrived: an attempt is under way, or died
    POSTED = "posted"
    DEAD = "dead"
    SILENT = "silent"  # nothing in it was for this reader
    WITHDRAWN = "withdrawn"  # a newer digest covers it, or it went to people one by one


class View(StrEnum):
    """What is posted."""

    CARD = "card"  # to the team's channel
    PERSON = "person"  # to one person, by their role
    WHY = "why"  # to the channel: why nothing stands here


class Mark(StrEnum):
    OPENED = "opened"
    TASK = "task"
    TOLD = "told"
    SNOOZED = "snoozed"
    USELESS = "useless"
    RETIRED = "retired"
    RESTORED = "restored"
    KEPT = "kept"  # a supervisor would not retire it


ACTED: Final = frozenset({Mark.OPENED, Mark.TASK, Mark.TOLD, Mark.SNOOZED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    id: str
    team: str
    kind: Kind
    period: str
    state: State
    due_at: datetime
    since: datetime | None
    until: datetime | None
    complete: bool
    content: bytes | None
    counts: Mapping[str, Any]
    reason: str | None
    asked_by: str | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    key: str
    digest_id: str
    place: Place
    staff_id: str | None
    view: View
    state: PostState
    message: str | None

    def ref(self) -> CardRef | None:
        if self.message is None:
            return None
        return CardRef(self.place.platform, self.place.tenant, self.place.conversation, self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    id: str
    team: str
    line: str
    kind: str
    staff_id: str
    mark: Mark
    until: datetime | None
    at: datetime


# Digests


async def promise(
    conn: AsyncConnection, *, team: str, kind: Kind, period: str, due_at: datetime, asked_by: str | None = None
) -> str | None:
    """The id of a new digest; None: this team, kind and period has one, whoever promised it."""
    new = new_id()
    row = {"team": team, "kind": kind.value, "period": period, "due_at": due_at, "asked_by": asked_by}
    added = await insert_once(conn, t.digests, id=new, state=State.DUE.value, complete=True, counts={}, **row)
    return new if added else None


async def one(conn: AsyncConnection, digest_id: str, *, lock: bool = False) -> Digest | None:
    asked = select(t.digests).where(d.id == digest_id)
    row = (await conn.execute(asked.with_for_update() if lock else asked)).mappings().first()
    return _digest(row) if row else None


async def open_before(conn: AsyncConnection, team: str, kind: Kind, due_at: datetime) -> list[Digest]:
    """Those that should have gone out before this one, oldest first."""
    asked = select(t.digests).where(d.team == team, d.kind == kind.value, d.state.in_(OPEN), d.due_at < due_at)
    return [_digest(row) for row in (await conn.execute(asked.order_by(d.due_at))).mappings()]


async def newest(
    conn: AsyncConnection, team: str, kinds: Collection[Kind], *, states: Collection[str], most: int = 1
) -> list[Digest]:
    """By the end of what they cover, newest first."""
    asked = select(t.digests).where(d.team == team, d.kind.in_([k.value for k in kinds]), d.state.in_(states))
    rows = await conn.execute(asked.order_by(d.until.desc(), d.due_at.desc()).limit(most))
    return [_digest(row) for row in rows.mappings()]


async def of_team(conn: AsyncConnection, team: str, since: datetime) -> list[Digest]:
    """All that were due from then on, oldest first."""
    rows = await conn.execute(select(t.digests).where(d.team == team, d.due_at >= since).order_by(d.due_at))
    return [_digest(row) for row in rows.mappings()]


async def move(
    conn: AsyncConnection, digest_id: str, *, of: Collection[State], to: State, at: datetime, **values: Any
) -> bool:
    """Compare and set: False when it stands elsewhere meanwhile."""
    settled = {} if to.value in OPEN else {"settled_at": at}
    here = update(t.digests).where(d.id == digest_id, d.state.in_([state.value for state in of]))
    return (await conn.execute(here.values(state=to.value, **settled, **values))).rowcount == 1


def sealed(seal: Seal, digest_id: str, content: str) -> bytes:
    return seal.seal(content, context=f"digests.content/{digest_id}")


def opened(seal: Seal, digest: Digest) -> str | None:
    """None: it was purged."""
    return seal.open(digest.content, context=f"digests.content/{digest.id}") if digest.content is not None else None


async def skipped_slots(conn: AsyncConnection, job: str, since: datetime) -> list[str]:
    """Periods that the calendar passed over because nobody was there, oldest first."""
    s = t.slots.c
    asked = select(s.slot).where(s.job == job, s.state == "skipped", s.at > since.timestamp()).order_by(s.at)
    return [str(slot) for slot in await conn.scalars(asked)]


async def forget(conn: AsyncConnection, before: datetime) -> int:
    """The content of old digests goes; what they counted stays for the proposals of retirement."""
    old = update(t.digests).where(d.due_at < before, d.content.is_not(None))
    return (await conn.execute(old.values(content=None))).rowcount


def _digest(row: RowMapping) -> Digest:
    return Digest(**{**row, "kind": Kind(row["kind"]), "state": State(row["state"])})


# Where it goes


async def add_post(conn: AsyncConnection, post: Post, at: datetime) -> bool:
    place = {**_plain(post.place), "platform": post.place.platform.value}
    row = {"digest_id": post.digest_id, "staff_id": post.staff_id, "view": post.view.value, "at": at}
    return await insert_once(conn, t.digest_posts, key=post.key, place=place, state=post.state.value, **row)


async def post(conn: AsyncConnection, key: str, *, lock: bool = False) -> Post | None:
    asked = select(t.digest_posts).where(p.key == key)
    row = (await conn.execute(asked.with_for_update() if lock else asked)).mappings().first()
    return _post(row) if row else None


async def posts_of(conn: AsyncConnection, digest_id: str) -> list[Post]:
    rows = await conn.execute(select(t.digest_posts).where(p.digest_id == digest_id).order_by(p.key))
    return [_post(row) for row in rows.mappings()]


async def set_post(
    conn: AsyncConnection, key: str, *, of: Collection[PostState], to: PostState, at: datetime, **values: Any
) -> bool:
    here = update(t.digest_posts).where(p.key == key, p.state.in_([state.value for state in of]))
    return (await conn.execute(here.values(state=to.value, at=at, **values))).rowcount == 1


def _plain(place: Place) -> dict[str, Any]:
    return {
        "tenant": place.tenant,
        "conversation": place.conversation,
        "personal": place.personal,
        "thread": place.thread,
    }


def _post(row: RowMapping) -> Post:
    place = Place(**{**row["place"], "platform": Platform(row["place"]["platform"])})
    return Post(
        key=row["key"],
        digest_id=row["digest_id"],
        place=replace(place, conversation=row["conversation"] or place.conversation),
        staff_id=row["staff_id"],
        view=View(row["view"]),
        state=PostState(row["state"]),
        message=row["message"],
    )


# What people did about lines


async def add_mark(conn: AsyncConnection, seal: Seal, marked: Marked, reason: str = "") -> bool:
    """False: it is there already, by its id."""
    kept = seal.seal(reason, context=f"digest_marks.reason/{marked.id}") if reason else None
    row = {"team": marked.team, "line": marked.line, "kind": marked.kind, "staff_id": marked.staff_id}
    more = {"mark": marked.mark.value, "until": marked.until, "at": marked.at, "reason": kept}
    return await insert_once(conn, t.digest_marks, id=marked.id, **row, **more)


async def mark_and_reason(conn: AsyncConnection, seal: Seal, mark_id: str) -> tuple[Marked, str] | None:
    row = (await conn.execute(select(t.digest_marks).where(m.id == mark_id))).mappings().first()
    if row is None:
        return None
    kept = row["reason"]
    return _mark(row), seal.open(kept, context=f"digest_marks.reason/{mark_id}") if kept is not None else ""


async def marks(conn: AsyncConnection, team: str, *, since: datetime | None = None) -> list[Marked]:
    """Oldest first: those from `since` on, whatever still holds, and all that concern a whole kind."""
    asked = select(t.digest_marks).where(m.team == team)
    if since is not None:
        asked = asked.where(or_(m.at >= since, m.until >= since, m.line == ""))
    rows: Sequence[RowMapping] = (await conn.execute(asked.order_by(m.at, m.id))).mappings().all()
    return [_mark(row) for row in rows]


def _mark(row: RowMapping) -> Marked:
    named = {name: row[name] for name in ("id", "team", "line", "kind", "staff_id", "until", "at")}
    return Marked(mark=Mark(row["mark"]), **named)
