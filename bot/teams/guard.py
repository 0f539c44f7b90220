"""What a request must pass before the SDK sees it: cheap checks first, and nothing that an outsider can make slow.

The signature, audience, expiry and service URL of the token are the SDK's to check, afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from bot.teams.inbound import service_url, tenants
from bot.teams.service_urls import ServiceUrls
from bot.teams.signing_keys import KeysUnavailable, SigningKeys


@dataclass(frozen=True, slots=True)
class Refusal:
    """`why` is one of a few fixed words, fit for a log."""

    status: int
    why: str


@dataclass(frozen=True, slots=True)
class Guard:
    """`keys` None means that nobody is authenticated: the demo profile only."""

    issuer: str
    keys: SigningKeys | None
    tenant_ids: frozenset[str]
    service_urls: ServiceUrls

    async def refusal(self, activity: Mapping[str, Any], authorization: str) -> Refusal | None:
        """Why this activity may not come in, or None."""
        return self._wrong_shape(activity) or self._wrong_place(activity) or await self._wrong_token(authorization)

    def _wrong_shape(self, activity: Mapping[str, Any]) -> Refusal | None:
        if not isinstance(activity.get("type"), str) or not activity["type"]:
            return Refusal(400, "no activity type")
        if any(
            not isinstance(activity.get(name, ""), str) for name in ("id", "channelId", "serviceUrl", "service_url")
        ):
            return Refusal(400, "malformed activity")
        return None

    def _wrong_place(self, activity: Mapping[str, Any]) -> Refusal | None:
        named = tenants(activity)
        if len(named) != 1 or not named <= self.tenant_ids:
            return Refusal(403, "tenant not allowed")
        if activity.get("channelId") != "msteams":
            return Refusal(403, "not from Teams")
        if not self.service_urls.allows(service_url(activity)):
            return Refusal(403, "service url not allowed")
        return None

    async def _wrong_token(self, authorization: str) -> Refusal | None:
        if self.keys is None:
            return None
        key_id = _key_id(authorization, self.issuer)
        if key_id is None:
            return Refusal(401, "token not from the issuer")
        try:
            known = await self.keys.warm(key_id)
        except KeysUnavailable:
            return Refusal(503, "issuer's keys unavailable")
        return None if known else Refusal(401, "unknown signing key")


def _key_id(authorization: str, issuer: str) -> str | None:
    """The key id of a token that claims to be the issuer's; None for any other. Nothing is verified here."""
    scheme, _, token = authorization.partition(" ")
    if scheme != "Bearer":
        return None
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return None
    if header.get("alg") != "RS256" or claims.get("iss") != issuer:
        return None
    key_id = header.get("kid")
    return key_id if isinstance(key_id, str) else None
