"""What a telephone company calls back: how a page went, a key pressed in a call, an SMS that answers.

Signature first: without a right one nothing is read, and the refusal is recorded. A delivery seen before is answered as
before. A number answers for its owner only when the clinic file says that it was verified; a call that was picked up
answers nothing: somebody must press a key. Answers carry the code and no more.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Final

import structlog
from aiohttp import web

from bot.chat import Notice
from bot.clinic import StaffMember
from bot.crisis import engine, moves, records, verbs
from bot.crisis import events as ev
from bot.crisis.escalation import Refused, State
from bot.crisis.records import PageRow, Stored
from bot.crisis.sentences import page as sentence
from bot.crisis.ways.telephone import PRESS, Company, Form, Told
from bot.crisis.words import said
from bot.flow import trail
from bot.flow.office import Office
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import Answer
from bot.store import inbox
from bot.store.inbox import Handled
from skills.kit import Tone

MOST_BYTES: Final = 16 * 1024
LOOK_AGAIN_S: Final = 0.2  # a callback may overtake the transaction that keeps the company's id of the page
FORGERIES_A_MINUTE: Final = 20  # recorded one by one; more of them are counted in the log
ACTIVE = "This number belongs to nobody who is active in the clinic file. Nobody has taken it."
OPEN_BATON = "I cannot tell which page this answers. Reply ack and its code, or open Baton. Nobody has taken it."
HOW = "I understand 1, 2, or ack with the code of a page. Nobody has taken it."
OVER = "That page is over. Please open Baton."
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """`rule` names why it was refused; "" when something came of it."""

    words: str
    rule: str = ""


class Callbacks:
    """Of one company. `public_url`: our address as the company writes and signs it."""

    def __init__(self, office: Office, company: Company, *, public_url: str, patience_s: float = 2.0) -> None:
        self._office, self._company, self._patience_s = office, company, patience_s
        self._public_url = public_url.rstrip("/")
        self._forged: list[float] = []

    def routes(self) -> list[web.RouteDef]:
        here = f"/crisis/{self._company.name}"
        doing: Mapping[str, Callable[[Form], Awaitable[str]]] = {
            "status": self._status,
            "gather": self._gather,
            "reply": self._reply,
            "answer": self._answer,
        }
        return [web.post(f"{here}/{what}", self._genuine(what, do)) for what, do in doing.items()]

    def _genuine(
        self, what: str, do: Callable[[Form], Awaitable[str]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answered(request: web.Request) -> web.Response:
            if (request.content_length or 0) > MOST_BYTES:
                return web.Response(status=413)
            form = await _form(request)
            if form is None:
                return web.Response(status=400)
            if not self._company.genuine(f"{self._public_url}{request.raw_path}", form, request.headers):
                await self._forgery()
                return web.Response(status=401)
            words = await self._once(self._company.delivery(what, form, request.headers), what, lambda: do(form))
            return web.Response(text=words, content_type="application/xml") if words else web.Response(status=204)

        return answered

    async def _once(self, key: str, what: str, do: Callable[[], Awaitable[str]]) -> str:
        """A repetition changes nothing and hears the same."""
        office, source = self._office, self._company.name
        async with office.db.read() as conn:
            before = await inbox.known(conn, office.seal, source=source, key=key)
        if before is not None:
            return before.answer or ""
        words = await do()
        async with office.db.write() as conn:
            await inbox.keep_handled(conn, office.seal, [Handled(source, key, f"crisis.{what}", words)])
        return words

    async def _forgery(self) -> None:
        now = monotonic()
        self._forged = [at for at in self._forged if at > now - 60][-FORGERIES_A_MINUTE:]
        if len(self._forged) < FORGERIES_A_MINUTE:
            self._forged.append(now)
            await self._refused(None, None, "telephone.signature")
        _log.warning("telephone_forgery", kind=self._company.name)

    # How it went

    async def _status(self, form: Form) -> str:
        told = self._company.told(form)
        if told.reason is not None:
            await self._not_delivered(told, told.reason)
        return ""

    async def _not_delivered(self, told: Told, reason: str) -> None:
        """The escalation moves on at once; a page nobody knows is only counted."""
        if await self._page_of(told.ref) is None:
            _log.warning("telephone_unknown_page", kind=self._company.name, code=reason)
            return
        async with self._office.db.write() as conn:
            moved = await engine.not_delivered(conn, self._office, told.ref, reason)
        _log.info("telephone_not_delivered", kind=self._company.name, code=reason, ok=moved)

    async def _page_of(self, ref: str) -> PageRow | None:
        until = monotonic() + self._patience_s
        while True:
            async with self._office.db.read() as conn:
                row = await records.page_by_ref(conn, ref) if ref else None
            if row is not None or not ref or monotonic() >= until:
                return row
            await asyncio.sleep(LOOK_AGAIN_S)

    # A call

    async def _answer(self, form: Form) -> str:
        """Somebody, or a machine, picked up: read the page and wait for a key."""
        row = await self._page_of(self._company.pressed(form).ref)
        now = await self._stored(row) if row else None
        if row is None or now is None or row.epoch != now.now.epoch:
            return self._company.says(OVER)
        return self._company.asks(f"{sentence(now, row.label).rstrip('.')}. {PRESS}")

    async def _gather(self, form: Form) -> str:
        pressed = self._company.pressed(form)
        staff = self._verified(pressed.number)
        row = await self._page_of(pressed.ref)
        if isinstance(staff, Said):
            return self._company.says((await self._told(None, row, staff)).words)
        if row is not None and row.staff_id != staff.id:
            return self._company.says((await self._told(staff, row, Said(OVER, "telephone.other_person"))).words)
        if pressed.key not in {"1", "2"}:
            return self._company.asks(PRESS)
        row = row or await self._only_one(staff)
        return self._company.says((await self._told(staff, row, await self._key(staff, row, pressed.key))).words)

    # An SMS

    async def _reply(self, form: Form) -> str:
        replied = self._company.replied(form)
        staff = self._verified(replied.number)
        if isinstance(staff, Said):
            return self._company.texts((await self._told(None, None, staff)).words, form)
        row = await self._only_one(staff)
        answer = await self._words(staff, row, replied.text.strip())
        return self._company.texts((await self._told(staff, row, answer)).words, form)

    async def _words(self, staff: StaffMember, row: PageRow | None, text: str) -> Said:
        if text in {"1", "2"}:
            return await self._key(staff, row, text)
        what = said(text)
        if what is None or what.verb not in {"ack", "acknowledge", "accept", "decline"} or what.rest:
            return Said(HOW, "telephone.not_understood")
        verb = {"accept": verbs.accept, "decline": verbs.decline}.get(what.verb, verbs.acknowledge)
        return _came_of(what.code, await verb(self._office, staff, what.code))

    # What both share

    def _verified(self, number: str) -> StaffMember | Said:
        """Whose own verified number this is."""
        owners = [one for one in self._office.clinic.staff if one.phone and one.phone.number == number]
        active = [one for one in owners if one.active]
        if not active:
            return Said(ACTIVE, "telephone.not_active" if owners else "telephone.unknown_number")
        if len(active) > 1:
            return Said("Several people share this number, so I cannot tell who answers.", "telephone.shared_number")
        if active[0].phone is None or active[0].phone.verified is None:
            return Said("This number was never verified. Please answer in Baton.", "telephone.not_verified")
        return active[0]

    async def _only_one(self, staff: StaffMember) -> PageRow | None:
        """The newest page out to this person, when there is but one escalation that waits for them."""
        async with self._office.db.read() as conn:
            rows = await records.sent_to(conn, staff.id)
            current = [row for row in rows if (now := await records.one(conn, row.escalation)) and _waits(now, row)]
        return current[0] if len({row.escalation for row in current}) == 1 else None

    async def _key(self, staff: StaffMember, row: PageRow | None, key: str) -> Said:
        now = await self._stored(row) if row else None
        if row is None or now is None:
            return Said(OPEN_BATON, "telephone.which_page")
        if row.epoch != now.now.epoch:
            return Said(f"{now.code}: {OVER}", "telephone.page_over")
        if row.label.startswith("offer"):
            verb = verbs.accept if key == "1" else verbs.decline
            return _came_of(now.code, await verb(self._office, staff, now.code))
        if key == "1":
            return _came_of(now.code, await verbs.acknowledge(self._office, staff, now.code))
        return await self._not_me(staff, row)

    async def _not_me(self, staff: StaffMember, row: PageRow) -> Said:
        """The next people are paged now. Nothing is closed, and this person may still take it."""
        async with self._office.db.write() as conn:
            fresh = await records.one(conn, row.escalation, lock=True)
            if fresh is None:
                return Said(OPEN_BATON, "telephone.which_page")
            moved = await moves.move(conn, self._office, fresh, ev.Unreached(row.label), staff=staff, said="not_me")
        if isinstance(moved, Refused):
            return Said(f"{fresh.code}: the next people have been paged already, or there is nobody after you.")
        return Said(f"{fresh.code}: the next people are paged now.")

    async def _stored(self, row: PageRow) -> Stored | None:
        async with self._office.db.read() as conn:
            return await records.one(conn, row.escalation)

    async def _told(self, staff: StaffMember | None, row: PageRow | None, answer: Said) -> Said:
        if answer.rule:
            await self._refused(staff, row, answer.rule)
        return answer

    async def _refused(self, staff: StaffMember | None, row: PageRow | None, rule: str) -> None:
        """On record by its rule. Never a number: who is unknown stays unnamed."""
        now = await self._stored(row) if row else None
        about = moves.about(now) if now else trail.About("callback", self._company.name)
        answer = Answer(allowed=False, rule=rule)
        async with self._office.db.write() as conn:
            await trail.note(conn, self._office, Audited.ACCESS_REFUSED, staff, about, answer=answer)


async def _form(request: web.Request) -> Form | None:
    """None: nothing a telephone company sends. Other kinds of bodies are not even looked at."""
    if request.content_type != "application/x-www-form-urlencoded":
        return None
    try:
        return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    except (ValueError, LookupError):  # not text, or in a charset that does not exist
        return None


def _waits(now: Stored, row: PageRow) -> bool:
    return row.epoch == now.now.epoch and (
        now.now.state in {State.OPENED, State.PAGED} or now.now.offered_to == row.staff_id
    )


def _came_of(code: str, notice: Notice) -> Said:
    """What the platforms say names colleagues and aliases; on a locked screen the code is enough."""
    if notice.tone is Tone.DONE:
        return Said(f"{code}: done. Open Baton to see where it stands.")
    return Said(f"{code}: that changed nothing. Please open Baton.", "telephone.changed_nothing")
