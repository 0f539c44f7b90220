"""The token issuer's public keys, fetched in a thread and answered from memory.

The SDK fetches them with blocking calls inside the event loop, for any token that anybody sends. This class stands in
its place: `warm` does the fetching, off the loop and rarely; what the SDK calls never leaves memory.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import jwt

FETCH_TIMEOUT_S = 5.0
REFETCH_AFTER_S = 30.0  # an unknown key id asks the issuer again at most this often
RETRY_AFTER_S = 5.0  # after it gave no answer
FRESH_S = 24 * 3600.0
CHANNEL = "msteams"


class KeysUnavailable(Exception):
    """The issuer did not answer: nobody can be let in or refused just now."""


class SigningKeys:
    def __init__(self, jwks_uri: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = jwt.PyJWKClient(jwks_uri, cache_jwk_set=False, timeout=FETCH_TIMEOUT_S)
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked_at: float | None = None
        self._answered_at: float | None = None
        self._one_at_a_time = asyncio.Lock()

    async def warm(self, key_id: str) -> bool:
        """Whether the issuer vouches for this key; asks it when needed. Raises KeysUnavailable."""
        if not self._knows(key_id):
            async with self._one_at_a_time:
                if not self._knows(key_id) and self._may_ask():
                    await self._fetch()
        if not self._keys:
            raise KeysUnavailable("The token issuer's keys could not be fetched.")
        return key_id in self._keys

    def get_signing_key_from_jwt(self, token: str) -> jwt.PyJWK:
        """What the SDK calls in place of its own client. Never waits."""
        key = self._keys.get(str(jwt.get_unverified_header(token).get("kid")))
        if key is None:
            raise jwt.InvalidTokenError("Unknown signing key.")
        return key

    def _knows(self, key_id: str) -> bool:
        stale = self._answered_at is None or self._clock() - self._answered_at > FRESH_S
        return key_id in self._keys and not stale

    def _may_ask(self) -> bool:
        pause = REFETCH_AFTER_S if self._asked_at == self._answered_at else RETRY_AFTER_S
        return self._asked_at is None or self._clock() - self._asked_at > pause

    async def _fetch(self) -> None:
        self._asked_at = self._clock()
        try:
            key_set = await asyncio.to_thread(self._source.fetch_data)
            self._keys = _usable(key_set)
        except (jwt.PyJWTError, ValueError, KeyError, TypeError, AttributeError):
            return  # the keys we have, if any, stay good; `warm` says when there are none
        self._answered_at = self._asked_at


def _usable(key_set: dict[str, Any]) -> dict[str, jwt.PyJWK]:
    """Signing keys by id. A key that is endorsed for other channels only is not for us."""
    entries = [entry for entry in key_set["keys"] if CHANNEL in entry.get("endorsements", [CHANNEL])]
    return {entry["kid"]: jwt.PyJWK(entry, algorithm="RS256") for entry in entries if entry.get("kty") == "RSA"}
