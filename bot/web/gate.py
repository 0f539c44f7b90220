"""The frame of each page: who asks, which form may act, what is said about a failure, what the browser is told."""

import logging
import secrets
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime

from aiohttp import web

from bot.chat import ChatUnavailable
from bot.web import inbound
from bot.web.problems import NotYours, Problem, TryAgain
from bot.web.render import Pages
from bot.web.session import COOKIE, LASTS, Session, Signer, opened

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
type Page = Callable[[web.Request, Session], Awaitable[web.Response]]

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
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
NO_STORE = (
    "Baton's own store does not answer at the moment. Look at the conversation before you try again: "
    "what you just did may or may not have been kept."
)

_log = logging.getLogger(__name__)


class Gate:
    """Wraps each page. `people`: ids a session may name. `demo` False: no page opens."""

    def __init__(
        self, pages: Pages, signer: Signer, people: Collection[str], *, demo: bool, now: Callable[[], datetime]
    ) -> None:
        self._pages, self._signer, self._people, self._demo, self._now = pages, signer, frozenset(people), demo, now

    def page(self, page: Page) -> Handler:
        async def answered(request: web.Request) -> web.Response:
            session = self._read(request)
            answer = await self._answer(page, request, session or opened(None, self._now()))
            answer.headers.update(HEADERS)
            return answer

        return answered

    def start(self, answer: web.Response, request: web.Request, session: Session) -> None:
        """Gives the browser its session: on the first page, and when another persona is chosen."""
        answer.set_cookie(
            COOKIE,
            self._signer.sign(session),
            path="/console",
            httponly=True,
            samesite="Lax",
            secure=request.secure,
            max_age=int(LASTS.total_seconds()),
        )

    async def form(self, request: web.Request, session: Session) -> dict[str, str]:
        """The posted fields, once their token shows that the page was drawn for this very session."""
        fields = await inbound.form(request, request.content.iter_chunked(65536))
        if not session.vouches_for(fields.get("csrf", "")):
            raise NotYours(OLD_PAGE)
        return fields

    def html(self, name: str, *, status: int = 200, **given: object) -> web.Response:
        return web.Response(text=self._pages.page(name, **given), status=status, content_type="text/html")

    def _read(self, request: web.Request) -> Session | None:
        """The session of the cookie; None without one, or when its person has left the clinic."""
        session = self._signer.read(request.cookies.get(COOKIE, ""), self._now())
        return session if session and session.person in {None, *self._people} else None

    async def _answer(self, page: Page, request: web.Request, session: Session) -> web.Response:
        if not self._demo:
            return self._problem(NotYours(SIGN_ON))
        try:
            answer = await page(request, session)
        except Problem as problem:
            answer = self._problem(problem)
        except ChatUnavailable:
            answer = self._problem(TryAgain(NO_STORE))
        except Exception as err:  # noqa: BLE001  the last page before a traceback: recorded by kind, said in words
            answer = self._failed(err)
        if COOKIE not in answer.cookies and self._read(request) is None:
            self.start(answer, request, session)
        return answer

    def _problem(self, problem: Problem) -> web.Response:
        return self.html("problem.html", status=problem.status, title=problem.title, sentence=problem.sentence)

    def _failed(self, err: Exception) -> web.Response:
        number = secrets.token_hex(4)
        _log.error("console_page_failed number=%s error=%s", number, type(err).__name__)
        sentence = (
            "Baton could not finish this, and it is not certain whether it was kept. "
            f"Look at the conversation before you try again. This is recorded under number {number}."
        )
        return self.html("problem.html", status=500, title="Something went wrong on our side", sentence=sentence)
