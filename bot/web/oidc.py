"""OpenID Connect, our side: authorization code with PKCE, and nothing of a token is believed before it was verified.

Everything an answer of the provider must pass is here: its discovery names itself, keys come from its own address, the
token is signed by one of them with an asymmetric algorithm, for us, now, for this very attempt. What fails is a code.
"""

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import jwt

SCOPE: Final = "openid email"
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "ES384", "RS384", "RS512", "EdDSA")  # never "none", never a shared key
TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
MOST_BYTES: Final = 512 * 1024
DISCOVERY_S: Final = 3600.0
KEYS_AGAIN_S: Final = 30.0  # an unknown key id asks for the keys again, at most this often
LEEWAY_S: Final = 30

type Json = Mapping[str, Any]


class SignOnFailed(Exception):
    """`str()` is a code, fit for the audit trail and the log."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the provider vouches for. `email` only when the provider says that it has verified it."""

    subject: str
    email: str | None
    at: int  # when it last saw their credentials, seconds since 1970


@dataclass(slots=True)
class Provider:
    """One identity provider. `http` belongs to whoever opened it. `issuer` is compared letter by letter."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    http: aiohttp.ClientSession
    _about: Json | None = None
    _about_at: float = 0.0
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _keys_at: float = float("-inf")

    async def ask(self, *, state: str, nonce: str, verifier: str, max_age_s: int, again: bool) -> str:
        """The address to send a browser to. `again`: credentials are asked for, whoever is signed in there."""
        about = await self._discovered()
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
            "max_age": str(max_age_s),
        } | ({"prompt": "login"} if again else {})
        address = self._endpoint(about, "authorization_endpoint")
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(asked)}"

    async def redeem(self, code: str, *, nonce: str, verifier: str) -> Vouched:
        """Whom this code stands for. Raises SignOnFailed."""
        about = await self._discovered()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri}
        form["code_verifier"] = verifier
        tokens = await self._fetch(self._endpoint(about, "token_endpoint"), form=form)
        claims = await self._verified(about, str(tokens.get("id_token") or ""), nonce)
        return Vouched(claims["sub"], await self._email(about, claims, tokens), claims["auth_time"])

    # The token

    async def _verified(self, about: Json, token: str, nonce: str) -> dict[str, Any]:
        key = await self._key(about, token)
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=list(ALGORITHMS),
                audience=self.client_id,
                issuer=self.issuer,
                leeway=LEEWAY_S,
                options={"require": ["iss", "aud", "exp", "iat", "sub"]},
            )
        except (jwt.PyJWTError, TypeError, ValueError) as error:
            raise SignOnFailed("oidc.token") from error
        _meant_for_us(claims, self.client_id, nonce)
        return claims

    async def _key(self, about: Json, token: str) -> jwt.PyJWK:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise SignOnFailed("oidc.token") from error
        key_id = str(header.get("kid") or "")
        if key_id not in self._keys and time.monotonic() - self._keys_at > KEYS_AGAIN_S:
            self._keys_at = time.monotonic()
            self._keys = _signing(await self._fetch(self._endpoint(about, "jwks_uri")))
        found = self._keys.get(key_id)
        if found is None:
            raise SignOnFailed("oidc.unknown_key")
        if header.get("alg") not in ALGORITHMS or (found.algorithm_name and found.algorithm_name != header["alg"]):
            raise SignOnFailed("oidc.algorithm")
        return found

    async def _email(self, about: Json, claims: Json, tokens: Json) -> str | None:
        """From the token, else from the userinfo of the very same subject."""
        said = claims
        if "email" not in claims and about.get("userinfo_endpoint") and tokens.get("access_token"):
            said = await self._fetch(self._endpoint(about, "userinfo_endpoint"), bearer=str(tokens["access_token"]))
            if said.get("sub") != claims["sub"]:
                raise SignOnFailed("oidc.other_subject")
        email = said.get("email")
        return email if isinstance(email, str) and said.get("email_verified") is True else None

    # The provider

    async def _discovered(self) -> Json:
        if self._about is None or time.monotonic() - self._about_at > DISCOVERY_S:
            about = await self._fetch(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if about.get("issuer") != self.issuer:
                raise SignOnFailed("oidc.other_issuer")
            self._about, self._about_at = about, time.monotonic()
        return self._about

    def _endpoint(self, about: Json, name: str) -> str:
        """Over https, unless the whole provider is on this machine."""
        address = str(about.get(name) or "")
        if not safe(address):
            raise SignOnFailed(f"oidc.{name}")
        return address

    async def _fetch(self, address: str, *, form: Mapping[str, str] | None = None, bearer: str = "") -> Json:
        """One JSON object. Redirections are not followed: a code, a secret or a token goes where it was meant to go."""
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        if form is not None:
            headers["Authorization"] = _basic(self.client_id, self.client_secret)
        method = "GET" if form is None else "POST"
        try:
            async with self.http.request(
                method, address, data=form, headers=headers, timeout=TIMEOUT, allow_redirects=False
            ) as answer:
                text = await _limited(answer)
                said = json.loads(text) if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SignOnFailed("oidc.unavailable") from error
        except (ValueError, RecursionError) as error:
            raise SignOnFailed("oidc.unreadable") from error
        if not isinstance(said, dict):
            raise SignOnFailed("oidc.refused")
        return said


def safe(address: str) -> bool:
    """Whether secrets may go there: https, or plain http on this machine, for tests and a provider of one's own."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    loopback = host in {"127.0.0.1", "localhost", "::1"}
    return bool(host) and not parts.username and (parts.scheme == "https" or (loopback and parts.scheme == "http"))


def _meant_for_us(claims: Mapping[str, Any], client_id: str, nonce: str) -> None:
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or "azp" in claims) and claims.get("azp") != client_id:
        raise SignOnFailed("oidc.other_client")
    if claims.get("nonce") != nonce:
        raise SignOnFailed("oidc.nonce")
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise SignOnFailed("oidc.subject")
    at = claims.get("auth_time")
    if isinstance(at, bool) or not isinstance(at, int) or not 0 < at < time.time() + LEEWAY_S:
        raise SignOnFailed("oidc.auth_time")


def _signing(published: Json) -> dict[str, jwt.PyJWK]:
    """Keys to verify with, by their id. One of a kind we do not know is passed over."""
    found: dict[str, jwt.PyJWK] = {}
    listed = published.get("keys")
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict) and each.get("use", "sig") == "sig" and each.get("kty") != "oct":
            try:
                found[str(each.get("kid") or "")] = jwt.PyJWK(each)
            except jwt.PyJWTError:
                continue
    return found


async def _limited(answer: aiohttp.ClientResponse) -> bytes:
    body = b""
    async for chunk in answer.content.iter_chunked(65536):
        body += chunk
        if len(body) > MOST_BYTES:
            raise SignOnFailed("oidc.too_large")
    return body


def _basic(client_id: str, secret: str) -> str:
    """RFC 6749, 2.3.1: both are form-encoded first."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
