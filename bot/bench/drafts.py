"""The whole filing of approved drafts by Baton's own flow: charts are remembered, writes go to a stub EHR.

One draft is asked for at the sandbox clinic; its copies are approved in one go and filed by one or more workers.
"""

import asyncio
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, replace
from functools import partial
from typing import Any, cast

import aiohttp
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.app import LANE_LIMITS, PATIENCE, built, working
from bot.bench.child import Json, Part
from bot.bench.children import child
from bot.bench.databases import Databases
from bot.bench.engines import AT_ONCE, bell
from bot.bench.figures import digits
from bot.bench.product import settings
from bot.bench.story import VEGA, asked
from bot.drafts import Draft, State
from bot.flow import records
from bot.flow.decide import start_filing
from bot.flow.desk import handlers, on_dead
from bot.flow.membership import Memberships
from bot.flow.office import Office, new_id
from bot.privacy.policy import VERSION
from bot.store import tables as t
from bot.store.jobs import Worker
from ehr_clients.port import Ehr, Op, Receipt, Write

LOOK_S = 0.05


async def bench(on: Databases, drafts: int, processes: Sequence[int], patience_s: float) -> Json:
    """Drafts filed per second, by database and number of processes."""
    many = [("postgresql", n) for n in processes if "postgresql" in on.kinds]
    return {f"{kind}_{n}": await _filed(on, kind, n, drafts, patience_s) for kind, n in [("sqlite", 1), *many]}


async def _filed(on: Databases, kind: str, processes: int, drafts: int, patience_s: float) -> Json:
    async with AsyncExitStack() as stack:
        clinic = await stack.enter_async_context(child("product:sandbox", secret=secrets.token_hex(16)))
        stub = await stack.enter_async_context(child("stub_ehr:storing"))
        given = {"database": await on.new(kind), "ehr": clinic.facts, "url": stub.facts["url"]}
        workers = [await stack.enter_async_context(child("drafts:filing", **given)) for _ in range(processes)]
        await workers[0].ask("ask")
        cpu = [await worker.cpu_s() for worker in workers]
        await workers[0].ask("approve", count=drafts)
        begun = time.perf_counter()
        async with asyncio.timeout(patience_s):
            while (await workers[0].ask("done"))["done"] < drafts:  # noqa: ASYNC110 - other processes do the work
                await asyncio.sleep(LOOK_S)
        seconds = time.perf_counter() - begun
        cpu_s = sum([await worker.cpu_s() for worker in workers]) - sum(cpu)
        stored = (await stub.ask("counted"))["stored"]
    figures = {"drafts_per_s": drafts / seconds, "cpu_ms_per_draft": 1000 * cpu_s / drafts}
    return {name: digits(value) for name, value in figures.items()} | {"drafts": drafts, "writes": stored}


@asynccontextmanager
async def filing(database: str, ehr: Json, url: str) -> AsyncIterator[Part]:
    """A worker of the product whose EHR answers reads from memory and takes writes by one HTTP call each."""
    async with built(settings(database, ehr)) as baton, aiohttp.ClientSession() as session:
        office = _with(baton.office, cast(Ehr, StubbedEhr(baton.office.ehr, session, url)))
        give_up, patience = partial(on_dead, office), dict(PATIENCE)
        limits = {**LANE_LIMITS, "ehr": AT_ONCE}
        worker = Worker(
            office.db, handlers(office), on_dead=give_up, max_attempts=patience, lane_limits=limits, poll_s=5
        )
        ready = replace(baton, office=office, worker=worker)

        async def ask(_: Json) -> Json:
            await asked(ready)
            return {}

        async def approve(wanted: Json) -> Json:
            await _approved(office, wanted["count"])
            return {}

        async def done(_: Json) -> Json:
            async with office.db.read() as conn:
                filed = select(func.count()).select_from(t.drafts).where(t.drafts.c.state == State.FILED)
                return {"done": await conn.scalar(filed)}

        async with bell(database, office.db, worker), working(worker):
            yield Part({}, {"ask": ask, "approve": approve, "done": done})


def _with(office: Office, ehr: Ehr) -> Office:
    return replace(office, ehr=ehr, memberships=Memberships(ehr, office.clock))


class StubbedEhr:
    """Reads are asked for once and then remembered; a write is one HTTP call, and so is looking one up."""

    def __init__(self, real: Ehr, session: aiohttp.ClientSession, url: str) -> None:
        self._real, self._session, self._url = real, session, url
        self._read: dict[object, asyncio.Task[Any]] = {}

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def remembered(*asked: Any, **more: Any) -> Any:
            key = (name, asked, tuple(sorted(more.items())))
            if key not in self._read:
                self._read[key] = asyncio.create_task(getattr(self._real, name)(*asked, **more))
            return await asyncio.shield(self._read[key])

        return remembered

    async def apply(self, write: Write, *, key: str) -> Receipt:
        said = json.dumps(asdict(write), default=str).encode()
        async with self._session.post(self._url, data=said, headers={"Idempotency-Key": key}) as answer:
            return _receipt(await answer.json(), hashlib.sha256(said).hexdigest())

    async def stored(self, write: Write, *, key: str) -> Receipt | None:
        async with self._session.get(self._url, headers={"Idempotency-Key": key}) as answer:
            found = await answer.json()
        return _receipt(found, found["hash"]) if found else None


def _receipt(stored: Json, sent: str) -> Receipt:
    assert stored["hash"] == sent
    return Receipt(ref=stored["ref"], version=stored["version"], op=Op.NATIVE, sent_hash=sent, readback_hash=sent)


async def _approved(office: Office, count: int) -> None:
    """Copies of the one draft there is, approved as a click would, all in one commit."""
    async with office.db.read() as conn:
        first = (await records.open_drafts(conn))[0]
        content = await records.content(conn, office.seal, office.shelf[first.skill], first.id, first.version)
        request = (await conn.execute(select(t.requests).where(t.requests.c.id == first.request_id))).mappings().one()
    assert content is not None
    async with office.db.write() as conn:
        for _ in range(count):
            copy = replace(first, id=new_id(), request_id=new_id())
            await _copy_request(conn, office, copy, dict(request))
            await records.add_draft(conn, copy)
            await records.add_version(conn, office.seal, copy.id, content, policy=VERSION, now=office.clock())
            await _approve(conn, office, copy)


async def _copy_request(conn: AsyncConnection, office: Office, copy: Draft, request: Json) -> None:
    words = office.seal.seal("", context=f"requests.words/{copy.request_id}")
    fresh = {"id": copy.request_id, "key": copy.request_id, "words": words, "options": None, "draft_id": copy.id}
    await conn.execute(insert(t.requests).values(request | fresh))


async def _approve(conn: AsyncConnection, office: Office, copy: Draft) -> None:
    now = office.clock()
    approver = office.people.by_chat(VEGA)
    assert approver is not None
    await records.move(conn, copy, State.APPROVED, now, decided_by=approver.id, decided_at=now)
    await start_filing(conn, copy)
