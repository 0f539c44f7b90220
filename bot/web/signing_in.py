"""Signing in to the console outside of the sandbox: away to the identity provider, back with a code, out again.

Of an attempt the browser keeps a signed cookie with its state; nonce and PKCE verifier are derived from the state and
never leave us before they are needed. Who comes back is matched with the clinic file by the provider's subject, or by
an e-mail address that the provider has verified. A grave thing asks for the credentials once more (`step_up`).
"""

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from aiohttp import web

from bot.web.gate import Gate, Live
from bot.web.oidc import Provider, SignOnFailed, Vouched
from bot.web.problems import NotYours
from bot.web.session import SIGNED_ON, Session, Signer, opened

ATTEMPT: Final = "baton_sign_on"
ATTEMPT_LASTS: Final = timedelta(minutes=10)
CALLBACK: Final = "/console/callback"
STEPPED_UP_FOR: Final = timedelta(minutes=5)
CLOCKS_APART: Final = timedelta(seconds=60)
_BACK = re.compile(r"/console(?:/[A-Za-z0-9._-]{1,80}){0,3}")

BEGIN_AGAIN: Final = (
    "This sign-in was not begun in this browser, was used before, or took too long. Begin again; nothing was done."
)
REFUSED: Final = "The identity provider did not vouch for you, so nobody is signed in. Try again, or ask your IT."
UNKNOWN: Final = (
    "You are signed in at your organization, but the clinic file does not name you. "
    "Ask your Baton administrator to add you."
)
SOMEBODY_ELSE: Final = "Somebody else's credentials were given. Nothing was approved. Sign in again as yourself."
NOT_AGAIN: Final = "The identity provider did not ask for your credentials again, so this does not count. Try again."

type Known = Callable[[Vouched], str | None]
type Recorded = Callable[[str, str, str], Awaitable[None]]  # "login" ..., the person or a stranger's id, the rule

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SignOn:
    """What a console needs outside of the sandbox. `known`: the console's id of somebody vouched for, or None.

    `recorded` writes the audit trail; `live` says who may still enter and which sessions were ended.
    """

    provider: Provider
    known: Known
    recorded: Recorded
    live: Live


@dataclass(frozen=True, slots=True)
class _Attempt:
    state: str
    back: str
    begun: int
    stepping_up: str  # the id of the session that steps up; "" for a sign-in

    def held(self) -> list[str | int | None]:
        return [self.state, self.back, self.begun, self.stepping_up]


class SigningIn:
    """The pages of signing in and out. `gate` draws them and gives sessions."""

    def __init__(self, sign_on: SignOn, gate: Gate, signer: Signer, now: Callable[[], datetime]) -> None:
        self._on, self._gate, self._signer, self._now = sign_on, gate, signer, now

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/console/login", self._gate.page(self._login, anybody=True)),
            web.get(CALLBACK, self._gate.page(self._callback, anybody=True)),
            web.post("/console/logout", self._gate.page(self._logout)),
        ]

    async def _login(self, request: web.Request, session: Session) -> web.Response:
        """Away to the provider. With `again`, for the session that there is: its credentials once more."""
        again = request.query.get("again") == "1" and session.person is not None
        back = request.query.get("back", "")
        attempt = _Attempt(
            secrets.token_urlsafe(24),
            back if _BACK.fullmatch(back) else "/console",
            int(self._now().timestamp()),
            session.id if again else "",
        )
        try:
            address = await self._on.provider.ask(
                state=attempt.state,
                nonce=self._signer.derived("nonce", attempt.state),
                verifier=self._signer.derived("verifier", attempt.state),
                max_age_s=0 if again else int(SIGNED_ON.idle.total_seconds()),
                again=again,
            )
        except SignOnFailed as failed:
            raise await self._refused(str(failed)) from failed
        answer = web.Response(status=303, headers={"Location": address})
        self._hold(answer, attempt)
        return answer

    async def _callback(self, request: web.Request, session: Session) -> web.Response:
        """Back with a code, in the browser that left, once. A new session; an earlier one is over."""
        attempt = self._attempt(request)
        if attempt is None or not secrets.compare_digest(attempt.state.encode(), _given(request, "state").encode()):
            raise await self._refused("oidc.state", BEGIN_AGAIN)
        if not await self._on.live.end(attempt.state):
            raise await self._refused("oidc.state_used", BEGIN_AGAIN)
        if request.query.get("iss", self._on.provider.issuer) != self._on.provider.issuer:
            raise await self._refused("oidc.other_issuer")
        if not _given(request, "code"):
            raise await self._refused("oidc.denied")
        vouched = await self._redeemed(_given(request, "code"), attempt)
        person = self._on.known(vouched)
        if person is None or not self._on.live.known(person):
            raise await self._refused("oidc.not_in_clinic_file", UNKNOWN, f"web:{_stranger(vouched)}")
        if attempt.stepping_up:
            await self._same_person_again(session, attempt, person, vouched)
        return await self._entered(session, attempt, person, vouched)

    async def _redeemed(self, code: str, attempt: _Attempt) -> Vouched:
        nonce, verifier = (self._signer.derived(name, attempt.state) for name in ("nonce", "verifier"))
        try:
            vouched = await self._on.provider.redeem(code, nonce=nonce, verifier=verifier)
        except SignOnFailed as failed:
            raise await self._refused(str(failed)) from failed
        oldest = attempt.begun - int((SIGNED_ON.idle + CLOCKS_APART).total_seconds())
        if vouched.at < oldest:
            raise await self._refused("oidc.too_long_ago", NOT_AGAIN)
        return vouched

    async def _same_person_again(self, session: Session, attempt: _Attempt, person: str, vouched: Vouched) -> None:
        """Newly given credentials of the very person whose session asked."""
        if session.id != attempt.stepping_up or session.person != person:
            raise await self._refused("oidc.step_up.somebody_else", SOMEBODY_ELSE, person)
        if vouched.at < attempt.begun - CLOCKS_APART.total_seconds() or vouched.at <= session.signed_on:
            raise await self._refused("oidc.step_up.not_again", NOT_AGAIN, person)

    async def _entered(self, session: Session, attempt: _Attempt, person: str, vouched: Vouched) -> web.Response:
        now = self._now()
        if session.person is not None:
            await self._on.live.end(session.id)
        stepped_up = int(now.timestamp()) if attempt.stepping_up else 0
        await self._on.recorded("login", person, "oidc.step_up" if attempt.stepping_up else "oidc.signed_in")
        answer = web.Response(status=303, headers={"Location": attempt.back})
        self._gate.start(answer, opened(person, now, SIGNED_ON, signed_on=vouched.at, stepped_up=stepped_up))
        self._forget(answer)
        return answer

    async def _logout(self, request: web.Request, session: Session) -> web.Response:
        await self._gate.form(request, session)
        await self._on.live.end(session.id)
        await self._on.recorded("logout", session.person or "", "oidc.signed_out")
        answer = self._gate.html("signed_out.html")
        self._gate.stop(answer)
        return answer

    # The attempt, in a cookie of its own

    def _hold(self, answer: web.Response, attempt: _Attempt) -> None:
        answer.set_cookie(
            ATTEMPT,
            self._signer.seal(attempt.held()),
            path="/console",
            httponly=True,
            samesite="Lax",  # the provider sends the browser back by a link
            secure=self._gate.secure,
            max_age=int(ATTEMPT_LASTS.total_seconds()),
        )

    def _attempt(self, request: web.Request) -> _Attempt | None:
        match self._signer.open(request.cookies.get(ATTEMPT, "")):
            case [str(state), str(back), int(begun), str(stepping_up)]:
                attempt = _Attempt(state, back, begun, stepping_up)
            case _:
                return None
        return attempt if self._now().timestamp() - begun < ATTEMPT_LASTS.total_seconds() else None

    def _forget(self, answer: web.Response) -> None:
        answer.del_cookie(ATTEMPT, path="/console", secure=self._gate.secure, httponly=True, samesite="Lax")

    async def _refused(self, rule: str, sentence: str = REFUSED, who: str = "") -> NotYours:
        _log.warning("sign_on_refused", code=rule)
        await self._on.recorded("login_failed", who, rule)
        return NotYours(sentence)


def step_up(gate: Gate, session: Session, now: datetime, *, back: str) -> web.Response | None:
    """None: credentials were given a few minutes ago, go on. Else the page that asks for them; answer with it.

    Of a persona of the sandbox nothing is asked. What was about to be done is not done: the person presses again after.
    """
    fresh = session.stepped_up and now.timestamp() - session.stepped_up < STEPPED_UP_FOR.total_seconds()
    if fresh or not session.signed_on:
        return None
    return gate.html("step_up.html", status=403, back=back)


def matched(people: Sequence[tuple[str, str]]) -> Known:
    """`people`: what the clinic file says under `web`, and the console's id of that person.

    By the subject first; by a verified address only when no subject fits, in any case of letters.
    """
    by_subject: Mapping[str, str] = dict(people)
    by_email = {named.casefold(): person for named, person in people if "@" in named}

    def known(vouched: Vouched) -> str | None:
        return by_subject.get(vouched.subject) or by_email.get((vouched.email or "").casefold())

    return known


def _given(request: web.Request, name: str) -> str:
    """A parameter given exactly once."""
    values = request.query.getall(name, [])
    return values[0] if len(values) == 1 else ""


def _stranger(vouched: Vouched) -> str:
    """Enough to find them at the provider; never the address itself."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", vouched.subject)[:64]
