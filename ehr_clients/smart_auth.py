"""Who Baton is to an EHR: SMART Backend Services with a signed assertion or a client secret, or nobody.

One token at a time: whoever needs it first fetches it, the others wait for the same one. It is renewed a little before
its end (a fifth of its life, one minute at most), so tokens of 15 seconds work. Tokens, secrets and answers of the
token server never reach an error text.
"""

import asyncio
import base64
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

import aiohttp
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ehr_clients.errors import EhrRefused, EhrUnavailable

DEFAULT_SCOPE = "system/*.read system/*.write"  # SMART v1; v2 servers want `system/*.cruds`
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFE_S = 240  # SMART allows 300; the rest is for clocks that differ
_DEFAULT_TOKEN_LIFE_S = 60.0
_LARGEST_ANSWER = 65536


class Auth(Protocol):
    async def authorization(self, session: aiohttp.ClientSession) -> str | None:
        """The Authorization header to send; None for none. Raises EhrUnavailable, EhrRefused."""
        ...

    def reject(self, authorization: str) -> None:
        """The server answered 401 to this header: never hand it out again."""
        ...


class NoAuth:
    async def authorization(self, session: aiohttp.ClientSession) -> str | None:
        return None

    def reject(self, authorization: str) -> None:
        return None


@dataclass(frozen=True, slots=True)
class ClientSecret:
    client_id: str
    secret: str = field(repr=False)

    def form_and_headers(self, token_url: str) -> tuple[dict[str, str], dict[str, str]]:
        pair = f"{quote(self.client_id, safe='')}:{quote(self.secret, safe='')}"
        return {}, {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """An RSA key signs RS384, a P-384 key ES384. Raises ValueError for anything else."""

    client_id: str
    key_id: str
    pem: bytes = field(repr=False)

    def __post_init__(self) -> None:
        self.algorithm()

    def algorithm(self) -> str:
        key = load_pem_private_key(self.pem, password=None)
        if isinstance(key, RSAPrivateKey):
            return "RS384"
        if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP384R1):
            return "ES384"
        raise ValueError("The private key must be RSA or elliptic curve P-384.")

    def form_and_headers(self, token_url: str) -> tuple[dict[str, str], dict[str, str]]:
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": token_url,
            "jti": uuid.uuid4().hex,
            "iat": now,
            "exp": now + _ASSERTION_LIFE_S,
        }
        signed = jwt.encode(claims, self.pem.decode(), algorithm=self.algorithm(), headers={"kid": self.key_id})
        return {"client_assertion_type": _ASSERTION_TYPE, "client_assertion": signed}, {}


@dataclass(frozen=True, slots=True)
class _Token:
    header: str
    renew_at: float


class SmartBackend:
    """Tokens by client credentials. The token URL is discovered from the FHIR base URL when it is not given."""

    def __init__(
        self,
        credentials: ClientSecret | PrivateKey,
        *,
        base_url: str,
        token_url: str | None = None,
        scope: str = DEFAULT_SCOPE,
        timeout_s: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._credentials = credentials
        self._base_url = base_url.rstrip("/")
        self._token_url = token_url
        self._scope = scope
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._clock = clock
        self._token: _Token | None = None
        self._one_at_a_time = asyncio.Lock()

    async def authorization(self, session: aiohttp.ClientSession) -> str | None:
        async with self._one_at_a_time:
            if self._token is None or self._clock() >= self._token.renew_at:
                self._token = await self._fetch(session)
            return self._token.header

    def reject(self, authorization: str) -> None:
        if self._token is not None and self._token.header == authorization:
            self._token = None

    async def _fetch(self, session: aiohttp.ClientSession) -> _Token:
        if self._token_url is None:
            self._token_url = await self._discover(session)
        form, headers = self._credentials.form_and_headers(self._token_url)
        form |= {"grant_type": "client_credentials", "scope": self._scope}
        asked_at = self._clock()
        answer = await self._ask(session, "POST", self._token_url, data=form, headers=headers)
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise EhrRefused("The EHR's token server gave no access token.")
        life = _seconds(answer.get("expires_in"))
        return _Token(f"Bearer {token}", asked_at + life - min(60.0, life / 5))

    async def _discover(self, session: aiohttp.ClientSession) -> str:
        answer = await self._ask(session, "GET", f"{self._base_url}/.well-known/smart-configuration")
        url = answer.get("token_endpoint")
        secure_enough = ("https://",) if self._base_url.startswith("https://") else ("https://", "http://")
        if not isinstance(url, str) or not url.startswith(secure_enough):
            raise EhrRefused("The EHR does not say where its token server is; configure the token URL.")
        return url

    async def _ask(self, session: aiohttp.ClientSession, method: str, url: str, **body: Any) -> dict[str, Any]:
        status, text = await self._exchange(session, method, url, **body)
        if status == 429 or status >= 500 or status == 0:
            raise EhrUnavailable("The EHR's token server could not be reached or is busy.")
        if status != 200:
            raise EhrRefused("The EHR's token server did not accept Baton's credentials or scope.", status=status)
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise EhrUnavailable("The EHR's token server gave an answer that is not readable.")
        return answer

    async def _exchange(self, session: aiohttp.ClientSession, method: str, url: str, **body: Any) -> tuple[int, bytes]:
        """Status 0: no answer. aiohttp's exceptions carry the URL, so they end here."""
        try:
            async with session.request(method, url, timeout=self._timeout, allow_redirects=False, **body) as response:
                return response.status, await response.content.read(_LARGEST_ANSWER)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0, b""


def _seconds(value: Any) -> float:
    try:
        return max(1.0, float(value))
    except (TypeError, ValueError):
        return _DEFAULT_TOKEN_LIFE_S
