"""The frame of each page: who asks, which form may act, what is said about a failure, what the browser is told."""

import logging
import secrets
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from aiohttp import web

from bot.chat import ChatUnavailable
from bot.doors import refused
from bot.web import inbound
from bot.web.problems import NotYours, Problem, TryAgain
from bot.web.render import Pages
from bot.web.session import COOKIE, SANDBOX, SIGNED_ON, Session, Signer, opened

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
type Page = Callable[[web.Request, Session], Awaitable[web.Response]]

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
}
SIGN_ON = (
    "Outside the demo the console opens only after single sign-on, which is not set up here. "
    "Baton keeps working in Slack and Teams; ask your administrator about the console."
)
OLD_PAGE = (
    "This page was opened before you changed who you are, or too long ago. "
    "Nothing was done. Open the conversation again."
)
SIGN_IN = "You are not signed in, or were away for too long. Nothing was done. Open the console and sign in again."
NO_STORE = (
    "Baton's own store does not answer at the moment. Look at the conversation before you try again: "
    "what you just did may or may not have been kept."
)

_log = logging.getLogger(__name__)


RENEWED_AFTER = timedelta(seconds=30)  # a session's idle time is counted in steps of this


@dataclass(frozen=True, slots=True)
class Live:
    """What is looked at with each page outside of the sandbox. `known`: may this person still enter?"""

    known: Callable[[str], bool]
    ended: Callable[[str], Awaitable[bool]]
    end: Callable[[str], Awaitable[bool]]  # of a session or an attempt; False: it was over already


class Gate:
    """Wraps each page. `people`: ids a session may name. `demo` False: no page opens, unless `live` says to whom."""

    def __init__(
        self,
        pages: Pages,
        signer: Signer,
        people: Collection[str],
        *,
        demo: bool,
        now: Callable[[], datetime],
        live: Live | None = None,
    ) -> None:
        self._pages, self._signer, self._people, self._demo, self._now = pages, signer, frozenset(people), demo, now
        self._live = None if demo else live
        self._lifetime = SANDBOX if self._live is None else SIGNED_ON
        self.secure = self._live is not None  # the proxy in front ends TLS, so a request does not know

    def page(self, page: Page, *, anybody: bool = False, by_itself: bool = False) -> Handler:
        """`anybody`: without having signed in. `by_itself`: the page asks, not the person, who may be away."""

        async def answered(request: web.Request) -> web.Response:
            try:
                found = await self._read(request)
            except Exception as err:  # noqa: BLE001  the store of ended sessions is away: nobody enters unseen
                answer = self._failed(err)
                answer.headers.update(HEADERS)
                return answer
            session = found or opened(None, self._now(), self._lifetime)
            answer = await self._answer(page, request, session, anybody=anybody)
            self._keep(answer, request, found, session, by_itself=by_itself)
            answer.headers.update(HEADERS)
            return answer

        return answered

    def start(self, answer: web.Response, session: Session, *, secure: bool = False) -> None:
        """Gives the browser its session: on the first page, and when it is another's from now on."""
        answer.set_cookie(
            COOKIE,
            self._signer.sign(session),
            path="/console",
            httponly=True,
            samesite="Lax",
            secure=self.secure or secure,
            max_age=int(self._lifetime.whole.total_seconds()),
        )

    def stop(self, answer: web.Response) -> None:
        answer.del_cookie(COOKIE, path="/console", secure=self.secure, httponly=True, samesite="Lax")

    async def form(self, request: web.Request, session: Session) -> dict[str, str]:
        """The posted fields, once their token shows that the page was drawn for this very session."""
        fields = await inbound.form(request, request.content.iter_chunked(65536))
        if not session.vouches_for(fields.get("csrf", "")):
            raise NotYours(OLD_PAGE, "console.csrf")
        return fields

    def html(self, name: str, *, status: int = 200, **given: object) -> web.Response:
        return web.Response(text=self._pages.page(name, **given), status=status, content_type="text/html")

    async def _read(self, request: web.Request) -> Session | None:
        """The session of the cookie; None without one, when it was ended, or when its person has left the clinic."""
        now = self._now()
        session = self._signer.read(request.cookies.get(COOKIE, ""), now)
        if session is None or session.person not in {None, *self._people} or session.idle_at(now, self._lifetime):
            return None
        if self._live is None or session.person is None:
            return session
        return session if self._live.known(session.person) and not await self._live.ended(session.id) else None

    def _keep(
        self, answer: web.Response, request: web.Request, found: Session | None, session: Session, *, by_itself: bool
    ) -> None:
        """The browser's session, where the page itself has not given or taken one."""
        if COOKIE in answer.cookies or not (self._demo or self._live):
            return
        now = self._now()
        renewed = found is not None and now.timestamp() - found.seen >= RENEWED_AFTER.total_seconds()
        if found is None or (self._live is not None and renewed and not by_itself):
            self.start(answer, session.seen_at(now), secure=request.secure)

    async def _answer(self, page: Page, request: web.Request, session: Session, *, anybody: bool) -> web.Response:
        if not self._demo and self._live is None:
            return self._problem(request, NotYours(SIGN_ON))
        if self._live is not None and session.person is None and not anybody:
            return self._sign_in_first(request)
        try:
            answer = await page(request, session)
        except Problem as problem:
            answer = self._problem(request, problem)
        except ChatUnavailable:
            answer = self._problem(request, TryAgain(NO_STORE))
        except Exception as err:  # noqa: BLE001  the last page before a traceback: recorded by kind, said in words
            answer = self._failed(err)
        return answer

    def _sign_in_first(self, request: web.Request) -> web.Response:
        """Whoever asks for a page is sent to sign in; what asks by itself, or wants to act, is told."""
        if request.method == "GET" and not request.path.endswith("/fresh"):
            return web.Response(status=303, headers={"Location": f"/console/login?back={quote(request.path)}"})
        return self.html("problem.html", status=401, title=NotYours.title, sentence=SIGN_IN)

    def _problem(self, request: web.Request, problem: Problem) -> web.Response:
        if problem.rule:
            refused(request, problem.rule)
        return self.html("problem.html", status=problem.status, title=problem.title, sentence=problem.sentence)

    def _failed(self, err: Exception) -> web.Response:
        number = secrets.token_hex(4)
        _log.error("console_page_failed number=%s error=%s", number, type(err).__name__)
        sentence = (
            "Baton could not finish this, and it is not certain whether it was kept. "
            f"Look at the conversation before you try again. This is recorded under number {number}."
        )
        return self.html("problem.html", status=500, title="Something went wrong on our side", sentence=sentence)
