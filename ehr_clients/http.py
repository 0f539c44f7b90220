"""FHIR over HTTP: one session, bounded in time, size and number, patient with busy servers, silent about its content.

What may be sent again, and when:
    a read, a search, a batch of reads    on 408, 425, 429, 5xx and on a lost connection
    a create, conditional or not          on 425, 429 and 503: there the server did nothing
Waits follow Retry-After, else the `t=` of RateLimit, else a jittered backoff. A create's lost answer: OutcomeUnknown.
Errors never hold a URL, a body or a name; aiohttp's own exceptions do, so none is raised or chained from here.
"""

import asyncio
import json
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, Self

import aiohttp
from yarl import URL

from ehr_clients.errors import EhrError, EhrRefused, EhrUnavailable, OutcomeUnknown
from ehr_clients.smart_auth import Auth, NoAuth

type Json = dict[str, Any]  # FHIR as it came: read with the tolerant functions of the adapter, never passed on
type Params = Sequence[tuple[str, str]]

FHIR_JSON = "application/fhir+json"
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_DID_NOTHING = frozenset({425, 429, 503})
_TOMORROW = "4135"  # Epic: the day's quota is used up
_TOMORROW_S = 24 * 3600.0
_RATE_LIMIT_T = re.compile(r"\bt=(\d+)")
_BREAK_THE_GLASS = frozenset({"4130", "4131"})  # Epic
_SENTENCES = {
    301: "The EHR says that this record was moved or merged into another one.",
    400: "The EHR did not understand the request.",
    401: "The EHR did not accept Baton's credentials.",
    403: "The EHR does not allow Baton to do this.",
    404: "The EHR has no such record.",
    405: "The EHR does not offer this.",
    409: "The EHR found a conflict with what it already holds.",
    410: "This record was deleted in the EHR.",
    412: "The EHR found more than one record, or another version than expected.",
    413: "The EHR found the record too large.",
    422: "The EHR found the record invalid.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    connect_s: float = 5.0
    attempt_s: float = 20.0
    budget_s: float = 45.0  # for one call with all its attempts and waits
    attempts: int = 4
    backoff_s: float = 0.3
    backoff_cap_s: float = 8.0
    concurrency: int = 8
    answer_bytes: int = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with a status below 300."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Json:
        """The body as a JSON object. Raises EhrUnavailable when it is none."""
        found = _parsed(self.body)
        if found is None:
            raise EhrUnavailable("The EHR's answer was not readable FHIR.")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    method: str
    url: URL
    body: bytes | None = None
    headers: Mapping[str, str]
    repeatable: bool = True
    writes: bool = False


class _Fault(Enum):
    NOT_SENT = "no connection was made"
    LOST = "the connection broke or timed out before the answer"
    TOO_LARGE = "the answer passed the limit"


class FhirHttp:
    """Requests to one FHIR base URL. Open with `async with`."""

    def __init__(
        self,
        base_url: str,
        *,
        auth: Auth | None = None,
        limits: Limits | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._base = URL(base_url.rstrip("/"))
        self._auth = auth or NoAuth()
        self._limits = limits or Limits()
        self._sleep = sleep
        self._places = asyncio.Semaphore(self._limits.concurrency)
        self._session: aiohttp.ClientSession | None = None

    @property
    def base(self) -> URL:
        return self._base

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=self._limits.concurrency, keepalive_timeout=10)
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(self, path: str, params: Params = (), *, accept: str = FHIR_JSON) -> Reply:
        return await self._send(_Request(method="GET", url=self._url(path, params), headers={"Accept": accept}))

    async def search_by_post(self, kind: str, params: Params) -> Reply:
        body = str(URL.build(query=list(params)).raw_query_string).encode()
        headers = {"Accept": FHIR_JSON, "Content-Type": "application/x-www-form-urlencoded"}
        return await self._send(_Request(method="POST", url=self._url(f"{kind}/_search"), body=body, headers=headers))

    async def batch_of_reads(self, bundle: Json) -> Reply:
        return await self._send(_Request(method="POST", url=self._base, body=_encoded(bundle), headers=_JSON_BOTH_WAYS))

    async def create(self, kind: str, resource: Json, *, if_none_exist: str | None = None) -> Reply:
        """Raises OutcomeUnknown when it was sent and no answer told whether it is stored.

        The caller then looks it up: some servers promise If-None-Exist in /metadata and store twice all the same.
        """
        extra = {"Prefer": "return=minimal"} | ({"If-None-Exist": if_none_exist} if if_none_exist else {})
        request = _Request(
            method="POST",
            url=self._url(kind),
            body=_encoded(resource),
            headers=_JSON_BOTH_WAYS | extra,
            repeatable=False,
            writes=True,
        )
        return await self._send(request)

    async def update(self, path: str, resource: Json, *, if_match: str) -> Reply:
        """PUT over the version with this ETag. Raises EhrRefused(status=412) when it is no longer current."""
        headers = _JSON_BOTH_WAYS | {"If-Match": if_match}
        return await self._send(
            _Request(method="PUT", url=self._url(path), body=_encoded(resource), headers=headers, writes=True)
        )

    async def follow(self, link: str, *, accept: str = FHIR_JSON) -> Reply:
        """GET a URL the server gave us. Raises EhrRefused when it leads to another origin: our token stays here."""
        url = self.own(link)
        if url is None:
            raise EhrRefused("The EHR gave a link to another server; it was not followed.")
        return await self._send(_Request(method="GET", url=url, headers={"Accept": accept}))

    def own(self, link: str) -> URL | None:
        """`link` as an absolute URL of this server's origin; None when it leads anywhere else."""
        try:
            url = URL(f"{self._base}/").join(URL(link))
            return url if url.origin() == self._base.origin() and url.user is None else None
        except ValueError:
            return None

    def _url(self, path: str, params: Params = ()) -> URL:
        url = URL(f"{self._base}/{path}")
        return url.with_query(list(params)) if params else url

    async def _send(self, request: _Request) -> Reply:
        deadline = time.monotonic() + self._limits.budget_s
        renewed = False
        attempt = 1
        while True:
            result, authorization = await self._attempt(request, deadline - time.monotonic())
            if isinstance(result, Reply) and result.status < 300:
                return result
            if isinstance(result, Reply) and result.status == 401 and authorization and not renewed:
                self._auth.reject(authorization)
                renewed = True
                continue
            wait = self._wait(result, attempt)
            if not _again(request, result) or attempt >= self._limits.attempts or time.monotonic() + wait > deadline:
                raise _problem(request, result, wait)
            attempt += 1
            await self._sleep(wait)

    async def _attempt(self, request: _Request, left_s: float) -> tuple[Reply | _Fault, str | None]:
        assert self._session is not None, "open FhirHttp with `async with`"
        authorization = await self._auth.authorization(self._session)
        headers = dict(request.headers) | ({"Authorization": authorization} if authorization else {})
        timeout = aiohttp.ClientTimeout(
            total=max(0.05, min(self._limits.attempt_s, left_s)), sock_connect=self._limits.connect_s
        )
        async with self._places:  # a wait for a place is ours, not the server's: the timeout starts after it
            try:
                async with self._session.request(
                    request.method,
                    request.url,
                    data=request.body,
                    headers=headers,
                    timeout=timeout,
                    allow_redirects=False,
                ) as response:
                    return await self._reply(response), authorization
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                return _Fault.NOT_SENT, authorization
            except (aiohttp.ClientError, TimeoutError, OSError):
                return _Fault.LOST, authorization

    async def _reply(self, response: aiohttp.ClientResponse) -> "Reply | _Fault":
        parts: list[bytes] = []
        size = 0
        async for part in response.content.iter_chunked(65536):
            size += len(part)
            if size > self._limits.answer_bytes:
                response.close()
                return _Fault.TOO_LARGE
            parts.append(part)
        return Reply(response.status, response.headers, b"".join(parts))

    def _wait(self, result: Reply | _Fault, attempt: int) -> float:
        asked = retry_after(result.headers, datetime.now(UTC)) if isinstance(result, Reply) else None
        if asked is not None:
            return asked
        ceiling = min(self._limits.backoff_cap_s, self._limits.backoff_s * 2 ** (attempt - 1))
        return random.uniform(ceiling / 2, ceiling)  # noqa: S311  spreads retries, guards nothing


_JSON_BOTH_WAYS: dict[str, str] = {"Accept": FHIR_JSON, "Content-Type": FHIR_JSON}


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds the server asks us to wait: Retry-After (seconds or a date), else RateLimit's `t=`; None: unsaid."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    if value:
        try:
            return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
        except (ValueError, TypeError):  # not a date, or one without a zone
            return None
    found = _RATE_LIMIT_T.search(headers.get("RateLimit", ""))
    return float(found[1]) if found else None


def issue_codes(outcome: Json | None) -> frozenset[str]:
    """The server's own codes in an OperationOutcome (Epic: four or five digits)."""
    issues = outcome.get("issue") if isinstance(outcome, dict) else None
    codings = [
        coding
        for issue in (issues if isinstance(issues, list) else [])
        if isinstance(issue, dict) and isinstance(issue.get("details"), dict)
        for coding in (issue["details"].get("coding") or [])
    ]
    return frozenset(str(coding["code"]) for coding in codings if isinstance(coding, dict) and coding.get("code"))


def refusal(status: int, codes: frozenset[str]) -> EhrError:
    """The error that a status and the server's codes amount to, for a single answer or for one entry of a batch."""
    if _TOMORROW in codes:
        return EhrUnavailable(
            "The EHR's quota for today is used up; it asks to try again tomorrow.", retry_after_s=_TOMORROW_S
        )
    if glass := codes & _BREAK_THE_GLASS:
        return EhrRefused(
            "This record is restricted in the EHR (Break-the-Glass); it can only be opened there.",
            status=status,
            code=min(glass),
        )
    if status in _BUSY:
        return EhrUnavailable("The EHR is busy or down; try again later.")
    sentence = _SENTENCES.get(301 if 300 <= status < 400 else status, "The EHR declined the request.")
    return EhrRefused(sentence, status=status, code=min(codes) if codes else None)


def _again(request: _Request, result: Reply | _Fault) -> bool:
    match result:
        case _Fault.NOT_SENT:
            return True
        case _Fault.LOST:
            return request.repeatable
        case _Fault.TOO_LARGE:
            return False
        case Reply():
            if _TOMORROW in issue_codes(_parsed(result.body)):
                return False
            return result.status in (_BUSY if request.repeatable else _DID_NOTHING)


def _problem(request: _Request, result: Reply | _Fault, wait: float) -> EhrError:
    unknown = OutcomeUnknown(
        "The EHR gave no usable answer to a write; whether it is stored is looked up before a second try."
    )
    match result:
        case _Fault.NOT_SENT:
            return EhrUnavailable("The EHR could not be reached.")
        case _Fault.LOST:
            return unknown if request.writes else EhrUnavailable("The EHR did not answer in time.")
        case _Fault.TOO_LARGE:
            return unknown if request.writes else EhrRefused("The EHR's answer was larger than Baton accepts.")
        case Reply():
            if request.writes and result.status in _BUSY - _DID_NOTHING:
                return unknown
            error = refusal(result.status, issue_codes(_parsed(result.body)))
            if isinstance(error, EhrUnavailable) and error.retry_after_s is None:
                error.retry_after_s = wait
            return error


def _parsed(body: bytes) -> Json | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _encoded(resource: Json) -> bytes:
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
