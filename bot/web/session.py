"""Who someone is at the console: a signed cookie with the person and the token that every form must bring back.

The token changes with the person, so a page opened as one person cannot act as another. In the sandbox the person is a
persona somebody chose; outside of it whoever the identity provider vouched for (`bot.web.oidc`).
"""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

COOKIE = "baton_console"
LASTS = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """`idle`: without a page asked for by a person; what a page asks for by itself does not count."""

    idle: timedelta
    whole: timedelta


SANDBOX: Final = Lifetime(LASTS, LASTS)
# 45 CFR 164.312(a)(2)(iii) wants automatic logoff and names no time; NIST SP 800-63B-3 (4.3.3) ends a session of its
# highest level after 15 minutes without activity and after 12 hours whatever happens. A shift is eight.
SIGNED_ON: Final = Lifetime(timedelta(minutes=15), timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Session:
    person: str | None  # the console's id of them; None until one is chosen or has signed in
    csrf: str
    until: int  # seconds since 1970, as all below
    seen: int = 0  # when the person last asked for a page
    id: str = ""
    signed_on: int = 0  # when the identity provider last saw their credentials; 0: never, a persona
    stepped_up: int = 0  # when they last proved again who they are, for one grave thing

    def vouches_for(self, token: str) -> bool:
        return hmac.compare_digest(self.csrf.encode(), token.encode())

    def idle_at(self, now: datetime, lifetime: Lifetime) -> bool:
        return now.timestamp() - self.seen >= lifetime.idle.total_seconds()

    def seen_at(self, now: datetime) -> "Session":
        return replace(self, seen=int(now.timestamp()))


def opened(
    person: str | None,
    now: datetime,
    lifetime: Lifetime = SANDBOX,
    *,
    signed_on: int = 0,
    stepped_up: int = 0,
) -> Session:
    """A new session, with its own id and token: nothing of an earlier one is worth anything in it."""
    at = int(now.timestamp())
    until = int((now + lifetime.whole).timestamp())
    return Session(person, secrets.token_urlsafe(24), until, at, secrets.token_urlsafe(18), signed_on, stepped_up)


class Signer:
    """Turns a session into cookie text and back. Texts signed with another key, altered or too old read as None."""

    def __init__(self, secret_key: str) -> None:
        if len(secret_key) < 16:
            raise ValueError("The console needs a secret key of at least 16 characters.")
        self._key = hashlib.sha256(b"baton console session\0" + secret_key.encode()).digest()

    def sign(self, session: Session) -> str:
        held = (session.person, session.csrf, session.until, session.seen, session.id)
        return self.seal([*held, session.signed_on, session.stepped_up])

    def read(self, cookie: str, now: datetime) -> Session | None:
        """A cookie of a shape that we no longer write reads as None, too."""
        match self.open(cookie):
            case [None | str() as person, str(csrf), int(until), int(seen), str(id_), int(signed_on), int(stepped_up)]:
                session = Session(person, csrf, until, seen, id_, signed_on, stepped_up)
            case _:
                return None
        return session if now.timestamp() < session.until else None

    def seal(self, plain: list[str | int | None]) -> str:
        """Any few words and numbers, readable by who holds the text and unchangeable."""
        body = _text(json.dumps(plain).encode())
        return f"{body}.{self._mac(body)}"

    def open(self, text: str) -> list[str | int | None] | None:
        """What `seal` was given; None for anything else."""
        body, _, mac = text.partition(".")
        if not hmac.compare_digest(mac.encode(errors="replace"), self._mac(body).encode()):
            return None
        plain: list[str | int | None] = json.loads(base64.urlsafe_b64decode(body))
        return plain

    def derived(self, purpose: str, state: str) -> str:
        """A secret of 43 characters that only we can make, the same for the same words: nothing needs to be kept."""
        return _text(hmac.digest(self._key, f"{purpose}\0{state}".encode(), "sha256")).rstrip("=")

    def _mac(self, body: str) -> str:
        return _text(hmac.digest(self._key, body.encode(errors="replace"), "sha256"))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()
