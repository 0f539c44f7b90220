"""The audit trail: append an event in the transaction of what it records; read, verify and export the whole trail.

An event that cannot be appended takes its action down with it. Each row carries the hash of the row before, a head row
counts them, the database refuses to change or remove one. No clinical text: ids, codes, counts and hashes only.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.privacy.audit_chain import Fault, FaultKind, Head, Verdict, verify
from bot.privacy.audit_event import (
    BATON,
    Action,
    Actor,
    Adapter,
    ClientApp,
    Event,
    ModelUse,
    Object,
    Outcome,
    StoredEvent,
    canonical,
    stored,
)
from bot.privacy.audit_export import export_csv, export_fhir
from bot.store.session import at_the_end
from bot.store.tables import audit_events, audit_head

__all__ = [
    "BATON",
    "Action",
    "Actor",
    "Adapter",
    "AuditBroken",
    "ClientApp",
    "Event",
    "Fault",
    "FaultKind",
    "Head",
    "ModelUse",
    "Object",
    "Outcome",
    "StoredEvent",
    "Verdict",
    "append",
    "append_all",
    "export_csv",
    "export_fhir",
    "head",
    "tail",
    "verify",
]

ONE_HEAD: Final = 1
_HEAD: Final = select(audit_head.c.count, audit_head.c.hash).where(audit_head.c.id == ONE_HEAD)
_ADD: Final = insert(audit_events)  # made once: making a statement costs more than running it
_MOVE: Final = update(audit_head).where(audit_head.c.id == ONE_HEAD)


class AuditBroken(Exception):
    """The trail cannot take another event, so nothing that needs one may happen."""


async def append(conn: AsyncConnection, event: Event) -> str:
    """Append in the caller's transaction; returns the event's id. The head of the trail is taken as its last step."""
    return (await append_all(conn, [event]))[0]


async def append_all(conn: AsyncConnection, events: Sequence[Event]) -> list[str]:
    """Append several in their order, in the caller's transaction; returns their ids. Raises as `append_now`, later."""
    named = [(token_hex(16), event) for event in events]
    waiting = [at_the_end(conn, append_now, one) for one in named]
    if not all(waiting):
        await append_now(conn, named)
    return [event_id for event_id, _ in named]


async def append_now(conn: AsyncConnection, named: Sequence[tuple[str, Event]]) -> None:
    """Whoever appends next waits for the commit. The head goes step by step. Raises AuditBroken."""
    last = await head(conn, lock=True)
    rows = []
    for event_id, event in named:
        row = _following(last, event_id, event)
        last = Head(row["seq"], row["hash"])
        rows.append(row)
    if rows:
        await conn.execute(_ADD, rows)
        await conn.execute(_MOVE, [{"count": row["seq"], "hash": row["hash"]} for row in rows])


def _following(last: Head, event_id: str, event: Event) -> dict[str, Any]:
    """The row of an event that comes after `last`."""
    seq = last.count + 1
    at = (event.at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="microseconds")
    body = canonical(event, seq=seq, event_id=event_id, at=at)
    digest = hashlib.sha256((last.hash + body).encode()).hexdigest()
    row = {"seq": seq, "event_id": event_id, "at": at, "action": event.action.value, "subject": event.about}
    return row | {"body": body, "prev_hash": last.hash, "hash": digest}


async def head(conn: AsyncConnection, *, lock: bool = False) -> Head:
    """How many events there are and the hash of the last: an anchor to keep elsewhere. Raises AuditBroken."""
    row = (await conn.execute(_HEAD.with_for_update() if lock else _HEAD)).one_or_none()
    if row is None:
        raise AuditBroken("the head of the audit trail is gone: nothing can be recorded, so nothing may be done")
    return Head(row[0], row[1])


async def tail(conn: AsyncConnection, limit: int, subject: str | None = None) -> list[StoredEvent]:
    """The last `limit` events, newest last; of one subject (draft, request ...) when named."""
    chosen = select(audit_events).order_by(audit_events.c.seq.desc()).limit(limit)
    if subject is not None:
        chosen = chosen.where(audit_events.c.subject == subject)
    return [stored(row) for row in reversed((await conn.execute(chosen)).all())]
