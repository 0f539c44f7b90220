"""The smallest EHR there can be: stores what is posted under its key, once, and says where. In a process of its own."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.bench.child import Json, Part
from bot.bench.doors import served

STORE = "/store"


@asynccontextmanager
async def storing() -> AsyncIterator[Part]:
    stored: dict[str, str] = {}
    posts = 0

    async def store(request: web.Request) -> web.Response:
        nonlocal posts
        posts += 1
        key, said = request.headers["Idempotency-Key"], await request.read()
        digest = stored.setdefault(key, hashlib.sha256(said).hexdigest())
        return web.json_response({"ref": f"Stored/{key}", "version": "1", "hash": digest})

    async def look_up(request: web.Request) -> web.Response:
        digest = stored.get(key := request.headers["Idempotency-Key"])
        return web.json_response({"ref": f"Stored/{key}", "version": "1", "hash": digest} if digest else None)

    async def counted(_: Json) -> Json:
        return {"stored": len(stored), "posts": posts}

    site = web.Application()
    site.router.add_post(STORE, store)
    site.router.add_get(STORE, look_up)
    async with served(site) as port:
        yield Part({"url": f"http://127.0.0.1:{port}{STORE}"}, {"counted": counted})
