"""The pages under /console: choose who you are, talk in a channel, press buttons, fill in forms.

Every page is whole without JavaScript. What is for one person (detail, form, home) is answered to that person's request
and kept nowhere; notices and pickers for one person are private messages on the board.
"""

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from importlib import resources

from aiohttp import web

from bot.chat import Action, CardView, Desk, Detail, Form, Place, Platform, Postable, Press, Reply, Who
from bot.web import inbound
from bot.web.board import Board, Message
from bot.web.clinic import AuditLine, Channel, EhrWrite, Persona
from bot.web.gate import HEADERS, Gate
from bot.web.outbound import TENANT, direct
from bot.web.phone import PhoneView
from bot.web.problems import NoSuchPage, NotYours
from bot.web.render import Drawing, Pages, Spot
from bot.web.session import Session, Signer, opened
from bot.web.signing_in import SigningIn, SignOn, step_up

DIRECT = "direct"  # the address of everyone's own conversation with Baton
STATIC = {"console.css": "text/css", "console.js": "text/javascript", "baton.svg": "image/svg+xml"}

GRAVE = frozenset({Action.SAVE_APPROVE})  # pressing one takes credentials given a few minutes ago

GRAVE_WORDS = re.compile(r"approve\b", re.IGNORECASE)
_IN_ADDRESSES = re.compile(r"[A-Za-z0-9._-]{1,80}")


def _now() -> datetime:
    return datetime.now(UTC)


class WebConsole:
    """`routes()` is all the app mounts. Everything shown comes from the arguments; the console itself keeps nothing."""

    def __init__(
        self,
        *,
        desk: Desk,
        board: Board,
        people: Sequence[Persona],
        channels: Sequence[Channel],
        drawings: Mapping[str, Drawing],
        ehr_writes: Callable[[], Awaitable[Sequence[EhrWrite]]],
        audit_tail: Callable[[], Awaitable[Sequence[AuditLine]]],
        secret_key: str,
        demo: bool,
        suggestions: Sequence[str] = ("/handoff C-102", "/handoff"),
        tenant: str = TENANT,
        zone: tzinfo = UTC,
        now: Callable[[], datetime] = _now,
        phone: PhoneView | None = None,
        file_phq9: Callable[[], Awaitable[str]] | None = None,
        sign_on: SignOn | None = None,
    ) -> None:
        """Outside of the demo the console opens only with `sign_on`, and shows a person their own channels."""
        self._phone, self._file_phq9 = phone, file_phq9
        self._desk, self._board, self._tenant, self._now = desk, board, tenant, now
        self._people = {person.id: person for person in people}
        self._channels = {channel.id: channel for channel in channels}
        if DIRECT in self._channels or not all(_IN_ADDRESSES.fullmatch(id_) for id_ in self._channels):
            raise ValueError(f'Ids of console channels are letters, digits, ".", "_" and "-", and never "{DIRECT}".')
        self._ehr_writes, self._audit_tail = ehr_writes, audit_tail
        self._suggestions, self._drawn_as, self._demo = tuple(suggestions), ("console", *drawings), demo
        signer, live = Signer(secret_key), sign_on.live if sign_on else None
        self._gate = Gate(Pages(zone, drawings), signer, self._people, demo=demo, now=now, live=live)
        signs_in = sign_on is not None and not demo
        self._signing_in = SigningIn(sign_on, self._gate, signer, now) if sign_on and signs_in else None

    def routes(self) -> list[web.RouteDef]:
        pages: list[web.RouteDef] = [
            web.get("/console", self._gate.page(self._start)),
            *self._people_pages(),
            web.get("/console/home", self._gate.page(self._home)),
            web.get("/console/c/{conversation}", self._gate.page(self._conversation)),
            web.get("/console/c/{conversation}/fresh", self._gate.page(self._fresh, by_itself=True)),
            web.post("/console/c/{conversation}/say", self._gate.page(self._say)),
            web.post("/console/c/{conversation}/press", self._gate.page(self._press)),
            *self._phone_pages(),
            *([web.post("/console/file-phq9", self._gate.page(self._file))] if self._file_phq9 else []),
            web.get("/console/static/{name}", self._static),
            web.route("*", "/console/{rest:.*}", self._gate.page(self._nothing)),
        ]
        return [web.get("/", self._root), *pages] if self._demo else pages

    # Pages that only show

    async def _root(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPSeeOther("/console")

    async def _start(self, request: web.Request, session: Session) -> web.Response:
        if session.person not in self._people:
            return await self._choose(request, session)
        return _go(f"/console/c/{next((id_ for id_ in self._channels if self._me(session).sees(id_)), DIRECT)}")

    async def _choose(self, request: web.Request, session: Session) -> web.Response:
        return self._gate.html("people.html", people=self._people.values(), csrf=session.csrf, me=session.person)

    async def _home(self, request: web.Request, session: Session) -> web.Response:
        me = self._me(session)
        home = await self._desk.home(self._who(me))
        spot = Spot(session.csrf, DIRECT)
        return await self._framed("private.html", me, spot, at="home", view=home, title="My start page", back=None)

    async def _conversation(self, request: web.Request, session: Session) -> web.Response:
        spot = self._spot(request, session, request.query.get("draw", "console"))
        return await self._talk(self._me(session), spot)

    async def _fresh(self, request: web.Request, session: Session) -> web.Response:
        """The parts of a conversation page that change by themselves."""
        spot = self._spot(request, session, request.query.get("draw", "console"))
        return await self._talk(self._me(session), spot, template="fresh.html")

    async def _nothing(self, request: web.Request, session: Session) -> web.Response:
        raise NoSuchPage("This address leads nowhere. Go back to the console and choose a channel.")

    async def _static(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in STATIC:
            raise web.HTTPNotFound(text="There is no such file.", headers=HEADERS)
        text = resources.files("bot.web").joinpath("static", name).read_text("utf-8")
        return web.Response(text=text, content_type=STATIC[name], headers=HEADERS)

    # Pages that act

    async def _be(self, request: web.Request, session: Session) -> web.Response:
        fields = await self._gate.form(request, session)
        if fields.get("person") not in self._people:
            raise NoSuchPage("There is no such person in this clinic. Choose one of the people shown.")
        answer = _go(self._back_to(fields.get("conversation", "")))
        self._gate.start(answer, opened(fields["person"], self._now()), secure=request.secure)
        return answer

    async def _say(self, request: web.Request, session: Session) -> web.Response:
        fields = await self._gate.form(request, session)
        me, spot = self._me(session), self._spot(request, session, fields.get("draw", "console"))
        words = inbound.words(fields)
        if GRAVE_WORDS.match(words) and (
            asked := step_up(self._gate, session, self._now(), back=f"/console/c/{spot.conversation}")
        ):
            return asked
        if not words:
            return await self._talk(me, spot, status=422, error="Type a command, for example /handoff C-102.")
        typed = inbound.typed(fields, self._who(me), self._place(me, spot))
        reply = await self._desk.typed(typed)
        return await self._answer(reply, me, spot, key=f"reply.{typed.key}")

    async def _press(self, request: web.Request, session: Session) -> web.Response:
        fields = await self._gate.form(request, session)
        me, spot = self._me(session), self._spot(request, session, fields.get("draw", "console"))
        press = inbound.press(fields, self._who(me), self._place(me, spot))
        if press.action in GRAVE and (
            asked := step_up(self._gate, session, self._now(), back=f"/console/c/{spot.conversation}")
        ):
            return asked
        origin = await self._seen(press)
        reply = await self._desk.press(press)
        spot = replace(spot, origin=origin.id if origin else "")
        return await self._answer(reply, me, spot, key=f"reply.{secrets.token_hex(16)}", origin=origin)

    async def _answer(
        self, reply: Reply, me: Persona, spot: Spot, *, key: str, origin: Message | None = None
    ) -> web.Response:
        match reply:
            case Form() | Detail():
                back = _address(spot, f"m-{spot.origin}" if spot.origin else "newest")
                return await self._framed("private.html", me, spot, at="", view=reply, title=reply.title, back=back)
            case _ if origin is not None and _redraws(reply, origin):
                await self._board.replace(origin.id, reply, self._now())
                return _go(_address(spot, f"m-{origin.id}"))
            case _:
                await self._keep(reply, me, self._place(me, spot), key)
                return _go(_address(spot, "newest"))

    async def _keep(self, view: Postable, me: Persona, place: Place, key: str) -> None:
        now = self._now()
        message = Message(secrets.token_hex(8), self._tenant, place.conversation, key, view, now, now, me.id)
        await self._board.add(message)

    async def _seen(self, press: Press) -> Message | None:
        """The message a press says it was made on; refused unless this person can see it in this conversation."""
        if press.origin is None:
            return None
        message = await self._board.get(press.origin.message)
        here = message is not None and (message.tenant, message.conversation) == (
            press.place.tenant,
            press.place.conversation,
        )
        if message is None or not here or message.to_user not in (None, press.who.user):
            raise NoSuchPage("The message this button stood on is no longer here. Open the conversation again.")
        return message

    # Who it is: a persona in the sandbox, else whoever signs in

    def _people_pages(self) -> list[web.RouteDef]:
        if self._signing_in is not None:
            return self._signing_in.routes()
        return [
            web.post("/console/be", self._gate.page(self._be)),
            web.get("/console/people", self._gate.page(self._choose)),
        ]

    # The phone, where the telephone company is simulated

    def _phone_pages(self) -> list[web.RouteDef]:
        if self._phone is None:
            return []
        return [
            web.get("/console/phone", self._gate.page(self._see_phone)),
            web.post("/console/phone", self._gate.page(self._use_phone)),
        ]

    async def _see_phone(self, request: web.Request, session: Session, said: str = "") -> web.Response:
        me = self._me(session)
        lines = self._phone.lines(me.id) if self._phone else None
        return await self._framed("phone.html", me, Spot(session.csrf, DIRECT), at="phone", lines=lines, said=said)

    async def _use_phone(self, request: web.Request, session: Session) -> web.Response:
        fields, me = await self._gate.form(request, session), self._me(session)
        if self._phone is None:
            raise NoSuchPage("There is no telephone here.")
        if key := fields.get("key", ""):
            said = await self._phone.press(me.id, key)
        else:
            said = await self._phone.reply(me.id, fields.get("text", "")[:160])
        return await self._see_phone(request, session, said)

    async def _file(self, request: web.Request, session: Session) -> web.Response:
        """Somebody's questionnaire comes into the EHR; whoever is paged sees it on their phone and beside it."""
        await self._gate.form(request, session)
        if self._file_phq9 is not None:
            await self._file_phq9()
        return _go("/console/phone" if self._phone else self._back_to(DIRECT))

    # What pages share

    async def _talk(
        self, me: Persona, spot: Spot, *, template: str = "channel.html", status: int = 200, error: str = ""
    ) -> web.Response:
        messages = await self._board.conversation(self._place(me, spot), me.id)
        return await self._framed(
            template,
            me,
            spot,
            status=status,
            at=spot.conversation,
            messages=messages,
            error=error,
            nonce=secrets.token_urlsafe(18),
        )

    async def _framed(self, name: str, me: Persona, spot: Spot, *, status: int = 200, **given: object) -> web.Response:
        return self._gate.html(
            name,
            status=status,
            me=me,
            spot=spot,
            people=self._people.values() if self._demo else (),
            sandbox=self._demo,
            channels=[channel for channel in self._channels.values() if me.sees(channel.id)],
            here=self._channels.get(spot.conversation),
            drawn_as=self._drawn_as,
            has_phone=self._phone is not None,
            may_file=self._file_phq9 is not None,
            suggestions=self._suggestions,
            ehr=await self._ehr_writes() if self._demo else (),
            audit=await self._audit_tail() if self._demo else (),
            now=self._now(),
            **given,
        )

    def _me(self, session: Session) -> Persona:
        if session.person not in self._people:
            raise NotYours("Choose who you are first.")
        return self._people[session.person]

    def _who(self, me: Persona) -> Who:
        return Who(Platform.WEB, self._tenant, me.id)

    def _spot(self, request: web.Request, session: Session, drawn: str) -> Spot:
        conversation = request.match_info["conversation"]
        here = conversation in self._channels and self._me(session).sees(conversation)
        if conversation != DIRECT and not here:
            raise NoSuchPage("There is no such channel. Choose one of the channels shown.")
        if drawn not in self._drawn_as:
            raise NoSuchPage("A card is not drawn that way here.")
        return Spot(session.csrf, conversation, drawn)

    def _place(self, me: Persona, spot: Spot) -> Place:
        if spot.conversation == DIRECT:
            return direct(self._tenant, me.id)
        return Place(Platform.WEB, self._tenant, spot.conversation)

    def _back_to(self, conversation: str) -> str:
        known = conversation == DIRECT or conversation in self._channels
        return f"/console/c/{conversation}" if known else "/console"


def _redraws(reply: Postable, origin: Message) -> bool:
    """A card takes the place of its own earlier state; any answer that of a private question it answers."""
    if isinstance(origin.view, CardView):
        return isinstance(reply, CardView) and reply.draft_id == origin.view.draft_id
    return origin.to_user is not None


def _address(spot: Spot, at: str = "") -> str:
    query = "" if spot.drawn == "console" else f"?draw={spot.drawn}"
    return f"/console/c/{spot.conversation}{query}{'#' if at else ''}{at}"


def _go(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})
