"""Rows of what a model was asked: kept before it leaves, completed by the answer, emptied when their time is over."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.drafting.drafter import Call, Drafted
from bot.drafting.how import How
from bot.store import tables as t
from bot.store.sealed import Seal
from bot.store.session import forget

SENT, WORDED = "sent", "worded"


async def announced(
    conn: AsyncConnection, seal: Seal, call_id: str, call: Call, *, request_id: str, skill: str, now: datetime
) -> None:
    """The question, before it is asked."""
    await conn.execute(
        insert(t.model_calls).values(
            id=call_id,
            request_id=request_id,
            skill=skill,
            provider=call.provider,
            model=call.model,
            prompt_version=call.prompt,
            prompt_hash=call.prompt_hash,
            outcome=SENT,
            prompt=seal.seal(call.sent, context=f"model_calls.prompt/{call_id}"),
            tags=seal.seal(call.tags.to_json(), context=f"model_calls.tags/{call_id}"),
            at=now,
        )
    )


async def answered(conn: AsyncConnection, seal: Seal, call_id: str, drafted: Drafted, *, cost: float) -> None:
    """What came of it, whether its words are used or not."""
    how, came = drafted.how, drafted.completion
    values: dict[str, Any] = {
        "outcome": how.reason or WORDED,
        "prompt_tokens": how.prompt_tokens,
        "completion_tokens": how.completion_tokens,
        "cost": cost,
        "completion": seal.seal(came, context=f"model_calls.completion/{call_id}") if came is not None else None,
    }
    await conn.execute(update(t.model_calls).where(t.model_calls.c.id == call_id).values(**values))


async def not_sent(
    conn: AsyncConnection, call_id: str, how: How, *, provider: str, request_id: str, skill: str, now: datetime
) -> None:
    """A question that was never asked: counted, and nothing kept of it."""
    await conn.execute(
        insert(t.model_calls).values(
            id=call_id,
            request_id=request_id,
            skill=skill,
            provider=provider,
            model=how.model or "",
            prompt_version=how.prompt or "",
            outcome=how.reason or "",
            at=now,
        )
    )


async def purge(conn: AsyncConnection, *, before: datetime) -> int:
    """Forget the words of calls made before this moment. The figures stay: they hold nothing about anyone."""
    forget(conn)
    c = t.model_calls.c
    full = or_(c.prompt.is_not(None), c.completion.is_not(None), c.tags.is_not(None))
    emptied = update(t.model_calls).where(c.at < before, full).values(prompt=None, completion=None, tags=None)
    return (await conn.execute(emptied)).rowcount


async def figures(conn: AsyncConnection) -> list[tuple[str, str, int, int, int, float]]:
    """(skill, outcome, calls, prompt tokens, completion tokens, cost) of all calls ever made."""
    c = t.model_calls.c
    sums = (func.count(), func.sum(c.prompt_tokens), func.sum(c.completion_tokens), func.sum(c.cost))
    rows = await conn.execute(select(c.skill, c.outcome, *sums).group_by(c.skill, c.outcome))
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]
