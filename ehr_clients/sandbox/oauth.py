"""Who may come in: the client-credentials token endpoint, its opaque tokens, and what their scopes allow.

Two ways to prove who you are: the client secret (Basic or in the form) and SMART Backend Services' private_key_jwt.
Only one client is registered; this is one clinic's server.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import unquote_plus

import jwt

ALGORITHMS = ("RS384", "ES384")
LONGEST_ASSERTION_S = 300
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALL_SCOPES = "system/*.read system/*.write"

type Right = Literal["c", "r", "u", "d", "s"]

_SCOPE = re.compile(r"system/(\*|[A-Z][A-Za-z]+)\.(read|write|\*|(?=[cruds])c?r?u?d?s?)")
_V1 = {"read": "rs", "write": "cud", "*": "cruds"}


class OAuthError(Exception):
    """`status`, and one of OAuth's own error codes."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Grant:
    """What one token allows, until when."""

    scopes: tuple[str, ...]
    until: datetime

    def allows(self, resource_type: str, right: Right) -> bool:
        return any(right in rights_of(scope) and _type_of(scope) in {"*", resource_type} for scope in self.scopes)


def rights_of(scope: str) -> str:
    """The letters of cruds a v1 or v2 system scope stands for; "" when it is no system scope."""
    match = _SCOPE.fullmatch(scope)
    return _V1.get(match[2], match[2]) if match else ""


@dataclass(frozen=True, slots=True)
class Registration:
    """The one client this server knows. Without a secret, or without keys, that way in is closed."""

    client_id: str
    client_secret: str | None = None
    jwks: Mapping[str, Any] | None = None
    scopes: str = ALL_SCOPES
    """The most a token may carry."""


class TokenDesk:
    """Hands out tokens and recognises them. Tokens and used assertion ids live in memory: after a restart clients ask
    again.
    """

    def __init__(self, registration: Registration, *, lifetime_s: float, clock: Callable[[], datetime]) -> None:
        self.lifetime_s = lifetime_s
        self._registration = registration
        self._keys = _keys(registration.jwks)
        self._clock = clock
        self._grants: dict[str, Grant] = {}
        self._used: dict[str, float] = {}

    def issue(self, form: Mapping[str, str], authorization: str | None, *, token_url: str) -> dict[str, Any]:
        """The token response. Raises OAuthError."""
        if form.get("grant_type") != "client_credentials":
            raise OAuthError(400, "unsupported_grant_type", "Only client_credentials is offered here.")
        self._authenticate(form, authorization, token_url)
        scopes = self._granted(form.get("scope", ""))
        token = secrets.token_urlsafe(32)
        now = self._clock()
        self._grants = {each: grant for each, grant in self._grants.items() if grant.until > now}
        self._grants[token] = Grant(scopes, now + timedelta(seconds=self.lifetime_s))
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": int(self.lifetime_s),
            "scope": " ".join(scopes),
        }

    def grant_of(self, token: str) -> Grant | None:
        """None for a token that is unknown, expired or revoked."""
        grant = self._grants.get(token)
        return grant if grant and grant.until > self._clock() else None

    def revoke_all(self) -> None:
        self._grants.clear()

    def _authenticate(self, form: Mapping[str, str], authorization: str | None, token_url: str) -> None:
        ways = [authorization is not None, "client_secret" in form, "client_assertion" in form]
        if sum(ways) > 1:
            raise OAuthError(400, "invalid_request", "Use one way of client authentication, not two.")
        if authorization is not None:
            self._check_secret(*_basic(authorization))
        elif "client_assertion" in form:
            self._check_assertion(form, token_url)
        else:
            self._check_secret(form.get("client_id", ""), form.get("client_secret", ""))

    def _check_secret(self, client_id: str, client_secret: str) -> None:
        known = self._registration
        same_id = secrets.compare_digest(client_id.encode(), known.client_id.encode())
        same_secret = secrets.compare_digest(client_secret.encode(), (known.client_secret or "").encode())
        if not (known.client_secret and same_id and same_secret):
            raise _stranger("The client id or secret is wrong.")

    def _check_assertion(self, form: Mapping[str, str], token_url: str) -> None:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise OAuthError(400, "invalid_request", "client_assertion_type must be jwt-bearer.")
        claims = self._signed_claims(form["client_assertion"], token_url)
        if not claims["iss"] == claims["sub"] == form.get("client_id", claims["sub"]) == self._registration.client_id:
            raise _stranger("iss and sub of the assertion must be the registered client id.")
        self._check_time(claims)
        self._check_first_use(claims)

    def _signed_claims(self, assertion: str, token_url: str) -> dict[str, Any]:
        try:
            key = self._keys.get(str(jwt.get_unverified_header(assertion).get("kid")))
            if key is None:
                raise _stranger("The assertion's kid is not registered.")
            claims: dict[str, Any] = jwt.decode(
                assertion,
                key,
                algorithms=[key.algorithm_name],
                audience=token_url,
                options={"require": ["iss", "sub", "aud", "exp", "jti"], "verify_exp": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise _stranger(
                "The assertion is not signed, addressed or filled in as SMART Backend Services asks."
            ) from None
        return claims

    def _check_time(self, claims: Mapping[str, Any]) -> None:
        now = self._clock().timestamp()
        expires = claims["exp"]
        if isinstance(expires, bool) or not isinstance(expires, int | float) or not now < expires:
            raise _stranger("The assertion has expired.")
        if expires > now + LONGEST_ASSERTION_S:
            raise _stranger("The assertion may live at most five minutes.")

    def _check_first_use(self, claims: Mapping[str, Any]) -> None:
        now = self._clock().timestamp()
        self._used = {jti: until for jti, until in self._used.items() if until > now}
        if claims["jti"] in self._used:
            raise _stranger("The assertion's jti has been used before.")
        self._used[claims["jti"]] = float(claims["exp"])

    def _granted(self, asked: str) -> tuple[str, ...]:
        """What was asked and is registered; everything registered when nothing was asked."""
        registered = self._registration.scopes.split()
        wanted = list(dict.fromkeys(asked.split())) or registered
        granted = tuple(scope for scope in wanted if _covered(scope, registered))
        if not granted:
            raise OAuthError(400, "invalid_scope", "None of the scopes asked for is registered for this client.")
        return granted


def _covered(scope: str, registered: Iterable[str]) -> bool:
    covering = [each for each in registered if _type_of(each) in {"*", _type_of(scope)}]
    offered = {letter for each in covering for letter in rights_of(each)}
    return bool(rights_of(scope)) and set(rights_of(scope)) <= offered


def _type_of(scope: str) -> str:
    match = _SCOPE.fullmatch(scope)
    return match[1] if match else ""


def _keys(jwks: Mapping[str, Any] | None) -> dict[str, jwt.PyJWK]:
    """By kid. PyJWT names an RSA key RS256 unless told otherwise, and the curve decides for EC."""
    found = {}
    for key in (jwks or {}).get("keys", []):
        algorithm = {"RSA": "RS384", "EC": "ES384"}[key["kty"]]
        found[str(key["kid"])] = jwt.PyJWK(dict(key), algorithm=algorithm)
    return found


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        raise _stranger("The Authorization header is not readable.") from None
    if scheme.lower() != "basic" or ":" not in text:
        raise _stranger("The Authorization header is not Basic.")
    client_id, _, client_secret = text.partition(":")
    return unquote_plus(client_id), unquote_plus(client_secret)


def _stranger(text: str) -> OAuthError:
    return OAuthError(401, "invalid_client", text)
