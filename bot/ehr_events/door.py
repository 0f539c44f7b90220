"""`POST /ehr/events`: a notification is checked, kept and answered; the EHR is not asked anything meanwhile.

Who may knock knows the shared secret (the header that the subscription was given) or signs the body with it (HMAC).
R4's own rest-hook sends a resource as an update of `[endpoint]/[type]/[id]`; most servers post it. A database that is
away answers 503: the EHR sends it again.
"""

import asyncio
import hashlib
import hmac
from typing import Final

import structlog
from aiohttp import web

from bot import doors
from bot.crisis import looking
from bot.ehr_events import records
from bot.flow.office import EHR_LANE, Office
from bot.store import jobs
from bot.store.session import is_passing
from ehr_clients.events import LARGEST, Notice, Unreadable, What, read

JOB: Final = "ehr_event"
ANSWERED_S: Final = 1.8  # an EHR waits for about two seconds
TYPES: Final = frozenset({"application/fhir+json", "application/json", "application/json+fhir"})
_log = structlog.get_logger(__name__)


def routes(office: Office, *, secret: str, base_url: str) -> list[web.RouteDef]:
    async def events(request: web.Request) -> web.Response:
        return await _taken(office, request, secret, base_url)

    return [web.post("/ehr/events", events), web.put("/ehr/events/{kind}/{id}", events)]


async def _taken(office: Office, request: web.Request, secret: str, base_url: str) -> web.Response:
    if request.content_length is not None and request.content_length > LARGEST:
        return _said(413, "A notification has at most a megabyte.")
    body = await request.read()
    if not _known(request, body, secret):
        doors.refused(request, "ehr.signature")
        return _said(401, "This notification does not carry the secret that it was given.")
    if body.strip() and request.content_type not in TYPES:
        return _said(415, "A notification is FHIR as JSON.")
    try:
        notice = read(body, base_url=base_url)
    except Unreadable as error:
        _log.warning("ehr_event_unreadable", code=error.rule)
        return _said(400, str(error))
    return await _kept(office, notice)


def _known(request: web.Request, body: bytes, secret: str) -> bool:
    """Compared in constant time: as a bearer, or as an HMAC-SHA256 of the body."""
    bearer, signed = _header(request, "Authorization"), _header(request, "X-Hub-Signature-256")
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    knows = hmac.compare_digest(bearer, f"Bearer {secret}".encode())
    return knows or hmac.compare_digest(signed, f"sha256={expected}".encode())


def _header(request: web.Request, name: str) -> bytes:
    """As bytes: what is no UTF-8 is no secret of ours either."""
    return request.headers.get(name, "").encode("utf-8", "surrogateescape")


async def _kept(office: Office, notice: Notice) -> web.Response:
    try:
        async with asyncio.timeout(ANSWERED_S):
            new = await keep(office, notice)
    except Exception as error:
        if not isinstance(error, TimeoutError) and not is_passing(error):
            raise
        _log.warning("ehr_event_not_kept", code=type(error).__name__)
        return web.Response(status=503, text="Not kept yet: send it again.", headers={"Retry-After": "5"})
    _log.info("ehr_event_kept", kind=notice.what.value, count=new, skipped=notice.foreign)
    return _said(200, "Kept.")


async def keep(office: Office, notice: Notice) -> int:
    """All of a notification or nothing: how many of its events were new. What was lost on the way is looked for."""
    at = office.clock()
    async with office.db.write() as conn:
        heard = await records.heard(conn, notice, at) if notice.subscription else records.Heard()
        added = [await records.add(conn, notice, event, heard, at) for event in notice.events]
        new = [event_id for event_id in added if event_id is not None]
        for event_id in new:
            await jobs.enqueue(conn, JOB, event_id, lane=EHR_LANE, dedup=f"{JOB}:{event_id}")
        if heard.lost or notice.foreign or notice.what is What.HANDSHAKE:
            why = "gap" if heard.lost else "foreign" if notice.foreign else "handshake"
            _log.warning("ehr_looked_for", count=notice.foreign, code=why)
            await looking.look_at_once(conn, at)  # there everything is, lost or not
    return len(new)


def _said(status: int, words: str) -> web.Response:
    return web.Response(status=status, text=words)
