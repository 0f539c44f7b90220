"""Is it alive, is it ready, how is the queue: three routes for machines. Counts only, never a name or an id."""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.crisis import figures
from bot.flow import calls
from bot.store import jobs
from bot.store import tables as t
from bot.store.session import Database
from scheduler.runner import Status

type Calendar = Callable[[], Awaitable[Sequence[Status]]]


def routes(db: Database, calendar: Calendar) -> list[web.RouteDef]:
    """GET /healthz (the process runs), /readyz (the database answers), /metrics (Prometheus text)."""

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(_: web.Request) -> web.Response:
        try:
            async with db.read() as conn:
                await jobs.waiting(conn)
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is "not ready"
            return web.json_response({"ready": False, "database": type(error).__name__}, status=503)
        return web.json_response({"ready": True})

    async def metrics(_: web.Request) -> web.Response:
        registry = CollectorRegistry()
        async with db.read() as conn:
            await _queue(conn, registry)
            await _inbox(conn, registry)
            await figures.collect(conn, registry)
            _model(await calls.figures(conn), registry)
        _calendar(await calendar(), registry)
        return web.Response(body=generate_latest(registry), content_type="text/plain", charset="utf-8")

    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)]


async def _queue(conn: AsyncConnection, registry: CollectorRegistry) -> None:
    now = await jobs.waiting(conn)
    queue = Gauge("baton_jobs", "Jobs by state", ["state"], registry=registry)
    for state in ("due", "scheduled", "running", "dead", "done"):
        queue.labels(state).set(getattr(now, state))
    oldest = Gauge("baton_jobs_oldest_due_seconds", "How long the oldest due job waits", registry=registry)
    oldest.set(now.oldest_due_s)
    dead = Gauge("baton_jobs_dead", "Jobs that gave up and wait for a person, by kind", ["kind"], registry=registry)
    counted = select(t.jobs.c.kind, func.count()).where(t.jobs.c.state == "dead").group_by(t.jobs.c.kind)
    for kind, count in await conn.execute(counted):
        dead.labels(kind).set(count)


async def _inbox(conn: AsyncConnection, registry: CollectorRegistry) -> None:
    inbox = Gauge("baton_inbox", "Deliveries received and not settled well, by state", ["state"], registry=registry)
    waiting = t.inbox.c.state.in_(["received", "failed"])
    counted = select(t.inbox.c.state, func.count()).where(waiting).group_by(t.inbox.c.state)
    found: dict[str, int] = {row[0]: row[1] for row in await conn.execute(counted)}
    for state in ("received", "failed"):
        inbox.labels(state).set(found.get(state, 0))


def _model(figures: Sequence[tuple[str, str, int, int, int, float]], registry: CollectorRegistry) -> None:
    made = Counter(
        "baton_model_calls", "Drafts put to a model, by what came of it", ["skill", "outcome"], registry=registry
    )
    tokens = Counter("baton_model_tokens", "Tokens sent and received", ["skill", "direction"], registry=registry)
    cost = Counter("baton_model_cost", "By the prices in the settings", ["skill"], registry=registry)
    for skill, outcome, count, prompt, completion, spent in figures:
        made.labels(skill, outcome).inc(count)
        tokens.labels(skill, "prompt").inc(prompt)
        tokens.labels(skill, "completion").inc(completion)
        cost.labels(skill).inc(spent)


def _calendar(calendar: Sequence[Status], registry: CollectorRegistry) -> None:
    def gauge(name: str, about: str) -> Gauge:
        return Gauge(f"baton_calendar_{name}", about, ["job"], registry=registry)

    last = gauge("last_fired_timestamp_seconds", "When the job was last fired; 0 for never")
    coming = gauge("next_due_timestamp_seconds", "When it is due next; 0 for never")
    overdue = gauge("overdue_seconds", "How long a slot has been waiting for somebody to decide about it")
    late = gauge("late_seconds", "How late the last firing was")
    fired, skipped = gauge("fired", "Slots fired and remembered"), gauge("skipped", "Slots skipped and remembered")
    for job in calendar:
        last.labels(job.name).set(job.last_fired.timestamp() if job.last_fired else 0)
        coming.labels(job.name).set(job.next_due.timestamp() if job.next_due else 0)
        overdue.labels(job.name).set(job.overdue_s)
        late.labels(job.name).set(job.late_s)
        fired.labels(job.name).set(job.fired)
        skipped.labels(job.name).set(job.skipped)
