"""Is it alive, is it ready, how is the queue: three routes for machines. Counts only, never a name or an id."""

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from bot.store import jobs
from bot.store.session import Database


def routes(db: Database) -> list[web.RouteDef]:
    """GET /healthz (the process runs), /readyz (the database answers), /metrics (Prometheus text)."""
    registry = CollectorRegistry()
    queue = Gauge("baton_jobs", "Jobs by state", ["state"], registry=registry)
    oldest = Gauge("baton_jobs_oldest_due_seconds", "How long the oldest due job waits", registry=registry)

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
        async with db.read() as conn:
            now = await jobs.waiting(conn)
        for state in ("due", "scheduled", "running", "dead", "done"):
            queue.labels(state).set(getattr(now, state))
        oldest.set(now.oldest_due_s)
        return web.Response(body=generate_latest(registry), content_type="text/plain", charset="utf-8")

    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)]
