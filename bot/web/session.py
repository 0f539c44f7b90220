"""Who someone is in the sandbox: a signed cookie with a persona and the token that every form must bring back.

The token changes with the persona, so a page opened as one person cannot act as another.
"""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

COOKIE = "baton_console"
LASTS = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Session:
    person: str | None  # persona id; None until one is chosen
    csrf: str
    until: int  # seconds since 1970

    def vouches_for(self, token: str) -> bool:
        return hmac.compare_digest(self.csrf.encode(), token.encode())


def opened(person: str | None, now: datetime) -> Session:
    return Session(person, secrets.token_urlsafe(24), int((now + LASTS).timestamp()))


class Signer:
    """Turns a session into cookie text and back. Texts signed with another key, altered or too old read as None."""

    def __init__(self, secret_key: str) -> None:
        if len(secret_key) < 16:
            raise ValueError("The console needs a secret key of at least 16 characters.")
        self._key = hashlib.sha256(b"baton console session\0" + secret_key.encode()).digest()

    def sign(self, session: Session) -> str:
        body = _text(json.dumps([session.person, session.csrf, session.until]).encode())
        return f"{body}.{self._seal(body)}"

    def read(self, cookie: str, now: datetime) -> Session | None:
        body, _, seal = cookie.partition(".")
        if not hmac.compare_digest(seal.encode(), self._seal(body).encode()):
            return None
        person, csrf, until = json.loads(base64.urlsafe_b64decode(body))
        return Session(person, csrf, until) if now.timestamp() < until else None

    def _seal(self, body: str) -> str:
        return _text(hmac.digest(self._key, body.encode(), "sha256"))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()
