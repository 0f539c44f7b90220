"""The sandbox clinic on a socket: HTTP in, HTTP out. Who may come in is oauth.py's, what an interaction means is
rest.py's.

Every refusal is an OperationOutcome (at the token endpoint, OAuth's own error). aiohttp's access and error logs are
off: they would hold addresses with search values in them.
"""

import asyncio
import json
import logging
import math
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from ehr_clients.sandbox import bundles, validation
from ehr_clients.sandbox.bundles import LoadReport
from ehr_clients.sandbox.capability import Capability
from ehr_clients.sandbox.faults import Fault, Faults, Trick
from ehr_clients.sandbox.interaction import Answer, Ask
from ehr_clients.sandbox.journal import Journal
from ehr_clients.sandbox.oauth import ALL_SCOPES, Grant, OAuthError, Registration, TokenDesk
from ehr_clients.sandbox.outcome import FhirError, Resource, invalid, outcome
from ehr_clients.sandbox.rest import Rest
from ehr_clients.sandbox.store import Key, Put, Store

FHIR_PATH = "/fhir"
TOKEN_PATH = "/oauth/token"  # noqa: S105  an address, not a secret
CREATES_AT = FHIR_PATH.count("/") + 1  # one step below the base: /fhir/Task, not /fhir/Task/_search
LARGEST_BODY = 5 * 1024 * 1024
_FORM = "application/x-www-form-urlencoded"
_JSON = {"application/fhir+json", "application/json"}
_LOG = logging.getLogger(__name__)
_SILENT = logging.getLogger("ehr_clients.sandbox.http")
_SILENT.disabled = True

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Conditions(Enum):
    """What this server makes of If-None-Exist. Unless KEPT, it stores twice what it is asked to store twice."""

    KEPT = auto()
    NOT_OFFERED = auto()  # and its CapabilityStatement says so
    IGNORED = auto()  # although its CapabilityStatement promises it


class SandboxServer:
    """A FHIR R4 server over `bundles`, kept in `state_file` (None: memory only, gone on stop).

    `bundles` are folders, files, or Bundles and resources as dicts. They are loaded by the constructor, which may
    therefore take a moment and raises ChartsUnreadable or StateFileError; what is already in the state file wins
    over what is in the bundles. Either a `client_secret`, a `jwks` (public keys with `kid`) or both say how the one
    client may sign in. `clock` is for tests that need tokens to age.
    """

    def __init__(
        self,
        *,
        state_file: Path | None = None,
        bundles: Iterable[Path | Resource] = (),  # the module of this name is not needed in here
        client_id: str = "baton",
        client_secret: str | None = None,
        jwks: Mapping[str, Any] | None = None,
        scopes: str = ALL_SCOPES,
        token_lifetime_s: float = 300,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        conditional_create: Conditions = Conditions.KEPT,
    ) -> None:
        registration = Registration(client_id, client_secret, jwks, scopes)
        self.faults = Faults()
        self._store = Store(Journal(state_file) if state_file else None)
        self.loaded: LoadReport = _load(self._store, bundles, clock())
        offered = conditional_create is not Conditions.NOT_OFFERED
        self._capability = Capability(registration, TOKEN_PATH, clock(), conditional_create=offered)
        self._clock, kept = clock, conditional_create is Conditions.KEPT
        self._rest = Rest(self._store, self._capability, self.faults, clock, conditional_create=kept)
        self._desk = TokenDesk(registration, lifetime_s=token_lifetime_s, clock=clock)
        self._address = (host, port)
        self._runner: web.AppRunner | None = None
        self._root: str | None = None

    @property
    def base_url(self) -> str:
        """The FHIR base, without a slash at the end. Known once started."""
        return self._started() + FHIR_PATH

    @property
    def token_url(self) -> str:
        return self._started() + TOKEN_PATH

    def resources_written(self) -> list[Resource]:
        """What clients created or updated since the charts were loaded, as it is now, newest first. Copies: yours to
        keep.
        """
        return [version.resource() for version in self._store.written()]

    def file(self, resource: Resource) -> str:
        """Somebody at the clinic files this, as any client of the server could; its reference. Raises FhirError."""
        key = Key.new(resource["resourceType"])
        validation.check(resource, None, key.type, self._rest.known)
        self._store.commit([Put("POST", key, resource)], now=self._clock())
        return str(key)

    def counts(self) -> dict[str, int]:
        """How many resources of each type there are."""
        return self._store.counts()

    def revoke_tokens(self) -> None:
        """Every token handed out so far is refused from now on: a client has to sign in again."""
        self._desk.revoke_all()

    def app(self) -> web.Application:
        """The aiohttp application, for a test that mounts it itself; start() does so on a socket of its own."""
        app = web.Application(middlewares=[self._refusals, self._misbehave], client_max_size=LARGEST_BODY)
        app.router.add_get(FHIR_PATH + "/metadata", self._metadata)
        app.router.add_get(FHIR_PATH + "/.well-known/smart-configuration", self._smart)
        app.router.add_post(TOKEN_PATH, self._token)
        app.router.add_route("*", FHIR_PATH, self._fhir)
        app.router.add_route("*", FHIR_PATH + "/{tail:.*}", self._fhir)
        return app

    async def start(self) -> str:
        """Listen; returns the base_url."""
        self._runner = web.AppRunner(self.app(), access_log=None, logger=_SILENT, shutdown_timeout=0.5)
        await self._runner.setup()
        host, port = self._address
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self._root = f"http://{host}:{self._runner.addresses[0][1]}"
        return self.base_url

    async def stop(self) -> None:
        """Close the socket, let go of what hangs, and close the state file. The object is spent afterwards."""
        self.faults.clear()
        if self._runner:
            await self._runner.cleanup()
        self._store.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    # The door, from outside in

    @web.middleware
    async def _refusals(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except FhirError as error:
            return _json(Answer(error.status, error.outcome(), error.headers))
        except OAuthError as error:
            return _oauth_refusal(error)
        except web.HTTPException as error:
            return _json(Answer(error.status, outcome("error", *_HTTP_REFUSALS.get(error.status, _OTHER_REFUSAL))))
        except Exception as error:  # noqa: BLE001  a bug of ours: its arguments may hold chart text, so only its name is told
            _LOG.error("sandbox_request_failed %s", type(error).__name__)
            return _json(Answer(500, outcome("fatal", "exception", "The sandbox clinic failed on this request.")))

    @web.middleware
    async def _misbehave(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        creates = request.method == "POST" and request.path.count("/") == CREATES_AT
        take = partial(self.faults.take, resource_type=_target(request), method=request.method, creates=creates)
        delay = take(Trick.DELAY)
        if delay:
            await asyncio.sleep(delay.delay_s)
        if take(Trick.HANG):
            await self.faults.released()
            return _disconnected(request)
        failure = take(Trick.FAIL)
        if failure:
            return _failed(failure)
        response = await handler(request)
        if take(Trick.DROP):
            return _disconnected(request)
        if take(Trick.CUT):
            return await _cut(request, response)
        return response

    async def _metadata(self, request: web.Request) -> web.Response:
        return _json(Answer(200, self._capability.statement(self._base(request))))

    async def _smart(self, request: web.Request) -> web.Response:
        return web.json_response(self._capability.smart(self._base(request)))

    async def _token(self, request: web.Request) -> web.Response:
        if request.content_type != _FORM:
            raise OAuthError(400, "invalid_request", "The token endpoint takes a form.")
        pairs = await _form(request)
        form = dict(pairs)
        if len(form) < len(pairs):
            raise OAuthError(400, "invalid_request", "A parameter of the form came twice.")
        token_url = self._capability.token_url(self._base(request))
        answer = self._desk.issue(form, request.headers.get("Authorization"), token_url=token_url)
        return web.json_response(answer, headers={"Cache-Control": "no-store"})

    async def _fhir(self, request: web.Request) -> web.Response:
        grant = self._granted(request)
        _check_accept(request)
        return _json(self._rest.answer(await _ask(request, self._base(request), grant)))

    def _granted(self, request: web.Request) -> Grant:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorised("A bearer token is needed.", "Bearer")
        grant = self._desk.grant_of(token.strip())
        if grant is None:
            raise _unauthorised("The token is unknown or has expired.", 'Bearer error="invalid_token"')
        return grant

    def _base(self, request: web.Request) -> str:
        return (self._root or str(request.url.origin())) + FHIR_PATH

    def _started(self) -> str:
        if self._root is None:
            raise RuntimeError("The sandbox clinic has no address before start().")
        return self._root


_HTTP_REFUSALS = {
    404: ("not-found", "There is nothing at this address."),
    405: ("not-supported", "This server does not offer this method here."),
    413: ("too-long", "The body is larger than this server takes."),
}
_OTHER_REFUSAL = ("processing", "The request could not be read.")


def _load(store: Store, sources: Iterable[Path | Resource], now: datetime) -> LoadReport:
    try:
        return bundles.load(store, sources, now=now)
    except Exception:
        store.close()
        raise


async def _ask(request: web.Request, base_url: str, grant: Grant) -> Ask:
    """HTTP read into an Ask: a search by POST carries its parameters in a form, a write its resource as JSON."""
    path = tuple(unquote(step) for step in request.match_info.get("tail", "").split("/") if step)
    query = parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)
    prefer = request.headers.get("Prefer", "").replace(" ", "")
    return Ask(
        method="GET" if request.method == "HEAD" else request.method,
        path=path,
        base_url=base_url,
        grant=grant,
        query=query + (await _form(request) if path[-1:] == ("_search",) else []),
        body=await _body(request) if path[-1:] != ("_search",) else None,
        strict="handling=strict" in prefer,
        minimal="return=minimal" in prefer,
        if_match=request.headers.get("If-Match"),
        if_none_match=request.headers.get("If-None-Match"),
        if_none_exist=request.headers.get("If-None-Exist"),
    )


async def _form(request: web.Request) -> list[tuple[str, str]]:
    if request.content_type != _FORM:
        raise FhirError(415, "not-supported", "This address takes a form.")
    try:
        return parse_qsl((await request.read()).decode(), keep_blank_values=True)
    except ValueError:
        raise invalid("The form is not readable.") from None


async def _body(request: web.Request) -> Resource | None:
    if request.method not in {"POST", "PUT"}:
        return None
    if request.content_type not in _JSON:
        raise FhirError(415, "not-supported", "This server takes application/fhir+json.")
    return validation.parsed(await request.read())


def _check_accept(request: web.Request) -> None:
    wanted = request.query.get("_format") or request.headers.get("Accept") or "*/*"
    if not re.search(r"json|\*/\*|application/\*", wanted):
        raise FhirError(406, "not-supported", "This server speaks JSON only.")


def _target(request: web.Request) -> str:
    """What a fault's `resource_type` is compared with."""
    if request.path == TOKEN_PATH:
        return "oauth"
    step = request.path.removeprefix(FHIR_PATH).strip("/").partition("/")[0]
    return step or "Bundle"


def _json(answer: Answer) -> web.Response:
    text = json.dumps(answer.resource, ensure_ascii=False) if answer.resource is not None else None
    kind = "application/fhir+json" if text is not None else None
    return web.Response(status=answer.status, text=text, content_type=kind, headers=answer.headers)


def _oauth_refusal(error: OAuthError) -> web.Response:
    headers = {"Cache-Control": "no-store"} | ({"WWW-Authenticate": "Basic"} if error.status == 401 else {})
    return web.json_response(
        {"error": error.code, "error_description": error.text}, status=error.status, headers=headers
    )


def _unauthorised(text: str, challenge: str) -> FhirError:
    return FhirError(401, "login", text, headers={"WWW-Authenticate": challenge})


def _failed(fault: Fault) -> web.Response:
    after = {} if fault.retry_after_s is None else {"Retry-After": str(math.ceil(fault.retry_after_s))}
    return _json(Answer(fault.status, fault.outcome(), after))


def _disconnected(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.abort()
    return web.Response()


async def _cut(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    body = response.body if isinstance(response, web.Response) and isinstance(response.body, bytes) else b""
    half = web.StreamResponse(status=response.status, headers={"Content-Type": "application/fhir+json"})
    half.content_length = len(body)
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    if request.transport:
        request.transport.close()
    return half
