"""The digests of many teams, from the EHR to the post: round trips per team, time and memory, as the clinic grows.

The clinic is a sandbox server in a process of its own, 20 ms away, full of synthetic charts: of each client a care
team, two PHQ-9s, a visit, a goal; every tenth with something new. A team has fifty clients and a channel of its own.
"""

import asyncio
import math
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from sqlalchemy import func, select

from bot.app import LANE_LIMITS, PATIENCE, built, working
from bot.bench.child import Json, Part, resident_mb
from bot.bench.children import Child, child
from bot.bench.databases import Databases
from bot.bench.figures import digits
from bot.bench.product import CLIENT, settings
from bot.chat import CardRef, Place, Platform, Postable
from bot.digest import promise, records
from bot.digest.records import State
from bot.digest.schedule import Due, Kind
from bot.flow.desk import handlers, on_dead
from bot.flow.office import Office
from bot.flow.pace import Pace
from bot.store import tables as t
from bot.store.jobs import Worker
from bot.store.session import Database
from ehr_clients.sandbox import SandboxServer

LATENCY_S: Final = 0.02
PER_TEAM: Final = 50
CALL_S: Final = 0.05  # one post on a platform
LONGEST_S: Final = 600.0
OVER: Final = (State.DELIVERED, State.QUIET, State.SKIPPED)


@dataclass(frozen=True, slots=True)
class Size:
    clients: tuple[int, ...] = (1_000, 3_000, 10_000)


async def bench(on: Databases, size: Size) -> Json:
    """`ready_s`: until the last digest was made; `posted_s`: until the last one was out. Megabytes above the start."""
    figures = {str(clients): await _measured(on, clients) for clients in size.clients}
    smallest, largest = figures[str(size.clients[0])], figures[str(size.clients[-1])]
    grown = math.log(size.clients[-1] / size.clients[0])
    return {
        "latency_ms": 1000 * LATENCY_S,
        "clients_per_team": PER_TEAM,
        **figures,
        "ratios": {
            "time_slope": digits(math.log(largest["ready_s"] / smallest["ready_s"]) / grown),
            "memory_slope": digits(math.log(largest["peak_mb"] / smallest["peak_mb"]) / grown),
            "trips_largest_vs_smallest": digits(largest["trips_per_team"] / smallest["trips_per_team"]),
            "ready_vs_target": digits(largest["ready_s"] / 60),
        },
        "targets": {"time_slope": 1.1, "memory_slope": 1.1, "trips_largest_vs_smallest": 1.0, "ready_s": 60.0},
    }


async def _measured(on: Databases, clients: int) -> Json:
    secret = secrets.token_hex(16)
    async with (
        child("digest:clinic", secret=secret, clients=clients) as clinic,
        child("digest:telling", database=await on.new("sqlite"), ehr=clinic.facts, clients=clients) as door,
    ):
        return await _round(clinic, door)


async def _round(clinic: Child, door: Child) -> Json:
    before = await clinic.cpu_s()
    told = await door.ask("run")
    return {**told, "ehr_cpu_s": digits(await clinic.cpu_s() - before)}


# The clinic


@asynccontextmanager
async def clinic(secret: str, clients: int) -> AsyncIterator[Part]:
    now = datetime.now(UTC)
    entries = [{"resource": resource} for number in range(clients) for resource in _chart(number, now)]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    async with SandboxServer(bundles=[bundle], client_id=CLIENT, client_secret=secret) as server:
        server.faults.delay(LATENCY_S)
        yield Part({"base_url": server.base_url, "token_url": server.token_url, "secret": secret})


def _chart(number: int, now: datetime) -> Iterator[Json]:
    """What is new is dated today; the rest lies long before any digest."""
    me, team = f"bench-{number}", number // PER_TEAM
    about, fresh = {"reference": f"Patient/{me}"}, number % 10 == 0
    doctor = {"reference": f"Practitioner/bench-p{team}"}
    yield {"resourceType": "Patient", "id": me, "name": [{"family": f"Bench{number}", "given": ["Synthetic"]}]}
    yield {
        "resourceType": "CareTeam",
        "id": f"{me}-team",
        "status": "active",
        "subject": about,
        "participant": [{"member": doctor}],
    }
    for sitting, days in enumerate((90, 0 if fresh else 60)):
        yield _phq9(f"{me}-phq9-{sitting}", about, _at(now, days), 6 + 5 * sitting)
    yield {
        "resourceType": "Appointment",
        "id": f"{me}-visit",
        "status": "noshow" if fresh else "fulfilled",
        "start": _at(now, 0 if fresh else 60),
        "participant": [{"actor": about, "status": "accepted"}, {"actor": doctor, "status": "accepted"}],
    }
    yield {
        "resourceType": "Goal",
        "id": f"{me}-goal",
        "lifecycleStatus": "active",
        "description": {"text": "Two walks a week"},
        "subject": about,
    }


def _phq9(name: str, about: Json, at: str, total: int) -> Json:
    code = {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]}
    body = {"status": "final", "code": code, "subject": about, "effectiveDateTime": at}
    return {"resourceType": "Observation", "id": name, **body, "valueQuantity": {"value": total}}


def _at(now: datetime, days: int) -> str:
    return (now - timedelta(days=days, hours=1)).isoformat(timespec="seconds")


# The measured side


@dataclass(slots=True)
class _Platform:
    """Takes each post in a moment, and remembers when."""

    platform: Platform = Platform.SLACK
    posted: dict[str, float] = field(default_factory=dict)

    async def refuses(self, place: Place) -> str | None:
        return None

    async def post(self, view: Postable, to: Place, *, key: str) -> CardRef:
        await asyncio.sleep(CALL_S)
        self.posted[key] = perf_counter()
        return CardRef(self.platform, to.tenant, to.conversation, key)

    async def find(self, place: Place, *, key: str) -> CardRef | None:
        return None


@asynccontextmanager
async def telling(database: str, ehr: Json, clients: int) -> AsyncIterator[Part]:
    """Everybody's digest, as `baton serve` makes and posts them."""
    teams = max(1, clients // PER_TEAM)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clinic.toml"
        file.write_text(_clinic_file(teams), encoding="utf-8")
        wanted = settings(database, ehr).model_copy(update={"clinic_file": file})
        async with built(wanted) as baton:
            platform = _Platform()
            chats: Any = {Platform.SLACK: platform}
            office = replace(baton.office, chats=chats, pace=Pace())
            does, give_up = handlers(office), partial(on_dead, office)
            worker = Worker(
                office.db, does, on_dead=give_up, max_attempts=dict(PATIENCE), lane_limits=LANE_LIMITS, time_limit_s=120
            )

            async def run(_: Json) -> Json:
                return await _run(office, platform, teams)

            async with working(worker):
                yield Part({}, {"run": run})


def _clinic_file(teams: int) -> str:
    return "\n".join(['[clinic]\nname = "Bench"\ntimezone = "UTC"\n', *(_team(n) for n in range(teams))])


def _team(number: int) -> str:
    """With its channel and its clinician."""
    return f"""
[[teams]]
id = "t{number}"
name = "Team {number}"
digest_time = "08:00"

[[channels]]
id = "c{number}"
platform = "slack"
tenant = "TBENCH"
external_id = "CB{number}"
name = "c{number}"
team = "t{number}"
phi = true

[[staff]]
id = "s{number}"
name = "Clinician {number}"
practitioner = "Practitioner/bench-p{number}"
roles = ["clinician"]
teams = ["t{number}"]
slack = {{ tenant = "TBENCH", user = "UB{number}" }}
"""


async def _run(office: Office, platform: _Platform, teams: int) -> Json:
    start_mb, begun, now = resident_mb(), perf_counter(), office.clock()
    async with office.db.write() as conn:
        for n in range(teams):
            await promise.promised(conn, Due(f"t{n}", Kind.DAILY, f"{now:%Y-%m-%dT%H:%M}", now))
    ready_s, peak_mb = await _until_over(office.db, teams, begun, start_mb)
    found = [one for n in range(teams) for one in await _of_team(office.db, f"t{n}", now)]
    delivered = [one for one in found if one.state is State.DELIVERED]
    trips = [one.counts.get("trips", 0) for one in delivered]
    return {
        "teams": teams,
        "delivered": len(delivered),
        "lines": sum(one.counts.get("lines", 0) for one in delivered),
        "gaps": sum(one.counts.get("gaps", 0) for one in delivered),
        "trips_per_team": max(trips, default=0),
        "ready_s": digits(ready_s),
        "posted_s": digits(max(platform.posted.values(), default=begun) - begun),
        "peak_mb": digits(max(0.1, peak_mb)),
    }


async def _until_over(db: Database, teams: int, begun: float, start_mb: float) -> tuple[float, float]:
    """Seconds until all were made, and the most megabytes held meanwhile; returns when all are over."""
    ready_s, peak_mb = 0.0, 0.0
    async with asyncio.timeout(LONGEST_S):
        while True:
            peak_mb = max(peak_mb, resident_mb() - start_mb)
            states = await _states(db)
            if not ready_s and sum(states.values()) - states.get(State.DUE, 0) >= teams:
                ready_s = perf_counter() - begun
            if sum(states.get(state, 0) for state in OVER) >= teams:
                return ready_s, peak_mb
            await asyncio.sleep(0.1)


async def _states(db: Database) -> dict[State, int]:
    count = select(t.digests.c.state, func.count()).group_by(t.digests.c.state)
    async with db.read() as conn:
        return {State(state): int(n) for state, n in await conn.execute(count)}


async def _of_team(db: Database, team: str, now: datetime) -> list[records.Digest]:
    async with db.read() as conn:
        return await records.of_team(conn, team, now - timedelta(hours=1))
