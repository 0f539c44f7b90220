"""Escalations in `/metrics`: counts, ages and what the auditor found. No name, no alias, no code."""

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.crisis.escalation import UNANSWERED, State
from bot.crisis.looking import seen_up_to
from bot.store import tables as t


async def collect(conn: AsyncConnection, registry: CollectorRegistry) -> None:
    e, p = t.escalations.c, t.escalation_pages.c
    standing = Gauge("baton_escalations", "Escalations by state and tier", ["state", "tier"], registry=registry)
    for state, tier, count in await conn.execute(select(e.state, e.tier, func.count()).group_by(e.state, e.tier)):
        standing.labels(state, tier).set(count)
    pages = Gauge("baton_crisis_pages", "Pages by way and state", ["way", "state"], registry=registry)
    for way, state, count in await conn.execute(select(p.way, p.state, func.count()).group_by(p.way, p.state)):
        pages.labels(way, state).set(count)
    await _oldest(conn, registry)
    await _watch(conn, registry)
    await _looking(conn, registry)


async def _looking(conn: AsyncConnection, registry: CollectorRegistry) -> None:
    up_to = await seen_up_to(conn)
    behind = Gauge("baton_crisis_look_behind_seconds", "How long ago everything had been seen", registry=registry)
    behind.set(max(0.0, (datetime.now(UTC) - up_to).total_seconds()) if up_to else 0.0)
    waiting = Gauge("baton_crisis_reads", "Changed charts that wait to be read for signals", registry=registry)
    waiting.set(await conn.scalar(select(func.count()).select_from(t.crisis_reads)) or 0)
    passed = Gauge("baton_crisis_passed_over", "Changed charts in the care of no team of the clinic", registry=registry)
    passed.set(await conn.scalar(select(t.crisis_looks.c.passed_over)) or 0)


async def _oldest(conn: AsyncConnection, registry: CollectorRegistry) -> None:
    e = t.escalations.c
    opened = await conn.scalar(select(func.min(e.opened_at)).where(e.state.in_([s.value for s in UNANSWERED])))
    due = await conn.scalar(select(func.min(e.due_at)).where(e.state != State.CLOSED.value))
    now = datetime.now(UTC)
    for name, about, since in (
        ("baton_escalation_unanswered_seconds", "How long the oldest escalation waits for an answer", opened),
        ("baton_escalation_overdue_seconds", "How long the oldest due step or clock has been due", due),
    ):
        gauge = Gauge(name, about, registry=registry)
        gauge.set(max(0.0, (now - since).total_seconds()) if since else 0.0)


async def _watch(conn: AsyncConnection, registry: CollectorRegistry) -> None:
    row = (await conn.execute(select(t.crisis_watches))).mappings().first()
    looked = Gauge("baton_crisis_watch_timestamp_seconds", "When the auditor looked last", registry=registry)
    passed = Gauge("baton_crisis_watch_passed_timestamp_seconds", "When it last found nothing", registry=registry)
    repaired = Gauge("baton_crisis_watch_repaired", "What it has repaired since the beginning", registry=registry)
    found = Gauge("baton_crisis_watch_findings", "What it found at its last look", ["code"], registry=registry)
    looked.set(row["looked_at"].timestamp() if row else 0)
    passed.set(row["passed_at"].timestamp() if row and row["passed_at"] else 0)
    repaired.set(row["repaired"] if row else 0)
    for code, count in row["findings"].items() if row else ():
        found.labels(code).set(count)
