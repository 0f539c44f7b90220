"""Keeps what people did before it is acknowledged, hands it to the desk, and remembers the answer for a repetition.

A process may die anywhere in between: whoever runs then takes the delivery on. Words are handled, and so is a press
that decides, because every decision is compared with what was shown; a press that only wanted to see something is not,
because nobody waits for it any more.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, assert_never

import structlog

from bot.chat import (
    Action,
    CardRef,
    CardView,
    ChatRefused,
    ChatUnavailable,
    Desk,
    Home,
    Notice,
    Picker,
    Place,
    Platform,
    Press,
    Reply,
    Typed,
    Who,
)
from bot.flow.desk import FAULT
from bot.flow.intake import AGAIN, Wish, keep
from bot.flow.office import Office
from bot.store import inbox
from bot.store.inbox import Delivery, State
from bot.store.together import Together
from bot.web.as_json import from_json, to_json
from skills.kit import Tone

SHOWS: Final = frozenset(
    {Action.REVIEW, Action.SOURCES, Action.SHOW, Action.EDIT, Action.REJECT, Action.ACCEPT, Action.ASK, Action.ANSWER}
    | {Action.RECALL, Action.BREAK_GLASS, Action.CONFLICTS}
    | {Action.CRISIS_DETAIL, Action.CRISIS_GIVE, Action.CRISIS_DOUBT, Action.CRISIS_ASSESS, Action.CRISIS_DISPOSE}
    | {Action.DIGEST_OPEN, Action.DIGEST_LINE, Action.DIGEST_TASK, Action.DIGEST_SNOOZE}
    | {Action.REFERRAL_OPEN, Action.REFERRAL_MARK, Action.REFERRAL_REASSIGN, Action.REFERRAL_CLOSE}
)  # these show something or open a form: repeating one is asking again
SWEEP_S: Final = 10.0
MOST_ATTEMPTS: Final = 5
AT_WORK = Notice("I have this already and am working on it.")
LOOK_AGAIN = Notice(
    "What you sent reached me while I was being restarted, and I have a question about it: please open it once more.",
    Tone.WARNING,
)
_log = structlog.get_logger(__name__)

type Doing = Typed | Press


@dataclass(slots=True, eq=False)
class _Received:
    doing: Doing
    key: str
    number: int | None = None  # None: it was known already
    reply: Reply | None = None


@dataclass(slots=True, eq=False)
class _Wished:
    wish: Wish
    reply: Reply | None = None  # None: it was known already, in part or whole


class _KnownInPart(Exception):
    """One of these deliveries was here before: nothing of this transaction may stand."""


@dataclass(slots=True)
class KeptDesk:
    """Implements bot.chat.Desk around another desk. A delivery without a key is handed on and not remembered.

    Deliveries that come at the same time are kept in one commit, and settled in one. A command needs no more than its
    own rows: its delivery, its request and its answer are kept together at once. `understood` says what is one.
    """

    desk: Desk
    office: Office
    understood: Callable[[Office, Typed], object] | None = None  # None: every command goes the way of everything else
    _commanding: Together[_Wished] = field(init=False)
    _keeping: Together[_Received] = field(init=False)
    _settling: Together[_Received] = field(init=False)

    def __post_init__(self) -> None:
        self._commanding = Together(self._command)
        self._keeping = Together(self._keep)
        self._settling = Together(self._settle)

    async def typed(self, words: Typed) -> Reply:
        return await self._commanded(words) or await self._received(words, words.key)

    async def press(self, press: Press) -> Reply:
        return await self._received(press, press.key)

    async def home(self, who: Who) -> Home:
        """Nothing is kept: looking changes nothing."""
        return await self.desk.home(who)

    async def _commanded(self, words: Typed) -> Reply | None:
        """None: not a command, or not for the first time, or not kept; then it is received as everything else is."""
        wish = self.understood(self.office, words) if self.understood and words.key else None
        if not isinstance(wish, Wish):
            return None
        one = _Wished(wish)
        try:
            await _in_company(self._commanding, self._command, one)
        except Exception as error:  # noqa: BLE001 - nothing of it stands; what is wrong shows on the way everything goes
            _log.info("command_kept_alone", error=type(error).__name__)
        return one.reply

    async def _command(self, some: Sequence[_Wished]) -> None:
        """Their deliveries, requests, jobs and audit lines, in one commit."""
        async with self.office.db.write() as conn:
            replies = await keep(conn, self.office, [one.wish for one in some])
            rows = [_handled(one.wish.words, reply) for one, reply in zip(some, replies, strict=True)]
            new = await inbox.keep_handled(conn, self.office.seal, rows)
            if new < len(some) or AGAIN in replies:
                raise _KnownInPart
        for one, reply in zip(some, replies, strict=True):
            one.reply = reply

    async def _received(self, doing: Doing, key: str) -> Reply:
        if not key:
            return await self._ask(doing)
        one = _Received(doing, key)
        try:
            await _in_company(self._keeping, self._keep, one)
        except Exception as error:  # noqa: BLE001 - not kept, so not promised: the person is told to try again
            _log.error("delivery_not_kept", exc_info=error)
            return FAULT
        if one.number is None and not _only_shows(doing):
            return await self._answered_before(doing, key)
        one.reply = await self._ask(doing)
        if one.number is not None:
            await self._settled(one)
        return one.reply

    async def _keep(self, some: Sequence[_Received]) -> None:
        async with self.office.db.write() as conn:
            for one in some:
                doing, source = one.doing, one.doing.who.platform.value
                body, key = written(doing), _scoped(doing, one.key)
                one.number = await inbox.keep(
                    conn, self.office.seal, source=source, key=key, kind=_kind(doing), body=body
                )

    async def _answered_before(self, doing: Doing, key: str) -> Reply:
        async with self.office.db.read() as conn:
            source = doing.who.platform.value
            before = await inbox.known(conn, self.office.seal, source=source, key=_scoped(doing, key))
        if before is not None and before.answer is not None:
            return _reply(before.answer)
        return AT_WORK if before is None or before.state is State.RECEIVED else await self._ask(doing)

    async def _ask(self, doing: Doing) -> Reply:
        match doing:
            case Typed():
                return await self.desk.typed(doing)
            case Press():
                return await self.desk.press(doing)
            case _:
                assert_never(doing)

    async def _settled(self, one: _Received) -> None:
        """When this fails the delivery is handled once more, and changes nothing the second time."""
        try:
            await _in_company(self._settling, self._settle, one)
        except Exception as error:  # noqa: BLE001 - as the docstring says
            _log.warning("delivery_not_settled", exc_info=error)

    async def _settle(self, some: Sequence[_Received]) -> None:
        async with self.office.db.write() as conn:
            for one in some:
                assert one.number is not None
                assert one.reply is not None
                state = State.FAILED if one.reply is FAULT else State.DONE
                answer = None if state is State.FAILED or _only_shows(one.doing) else to_json(one.reply)
                key = inbox.key_of(one.doing.who.platform.value, _scoped(one.doing, one.key))
                await inbox.settle(conn, self.office.seal, one.number, state, answer=answer, key=key)

    # What nobody handled in time

    async def sweep(self) -> int:
        """Handle what its receiver left behind; how many there were."""
        return await self._take_all_on(await self._left_behind())

    async def _left_behind(self, *, whoever_held: bool = False) -> list[Delivery]:
        async with self.office.db.write() as conn:
            return await inbox.take_overdue(conn, self.office.seal, whoever_held=whoever_held)

    async def _take_all_on(self, left: Sequence[Delivery]) -> int:
        for delivery in left:
            _log.warning("delivery_taken_on", kind=delivery.kind, platform=delivery.source, attempt=delivery.attempts)
            await self._take_on(delivery)
        return len(left)

    async def _take_on(self, delivery: Delivery) -> None:
        doing = read(delivery.body) if delivery.body else None
        if doing is None or delivery.attempts > MOST_ATTEMPTS:
            return await self._close(delivery, State.FAILED)
        if _only_shows(doing):
            return await self._close(delivery, State.IGNORED)
        reply = await self._ask(doing)
        await self._settled(_Received(doing, doing.key, delivery.id, reply))
        return await self._say(doing, reply)

    async def _close(self, delivery: Delivery, state: State) -> None:
        async with self.office.db.write() as conn:
            await inbox.settle(conn, self.office.seal, delivery.id, state)

    async def _say(self, doing: Doing, reply: Reply) -> None:
        """The answer comes late, to the one person. The card itself is redrawn by whatever was decided."""
        chat = self.office.chats.get(doing.place.platform)
        if chat is None or isinstance(reply, CardView):
            return
        try:
            await chat.whisper(reply if isinstance(reply, Notice | Picker) else LOOK_AGAIN, doing.who, doing.place)
        except (ChatUnavailable, ChatRefused) as error:
            _log.warning("late_answer_not_said", error=type(error).__name__)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Sweep regularly until the block ends. Enter it before anything can be received.

        On SQLite nobody else can hold anything: what an earlier life received is taken on at once.
        """
        left = await self._left_behind(whoever_held=True) if self.office.db.dialect == "sqlite" else []
        sweeping = asyncio.create_task(self._watch(left))
        try:
            yield
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping

    async def _watch(self, left: Sequence[Delivery]) -> None:
        while True:
            try:
                await self._take_all_on(left)
                left = await self._left_behind()
            except Exception as error:  # noqa: BLE001 - a database that is away now is there at a later sweep
                _log.warning("sweep_failed", error=type(error).__name__)
                left = []
            if not left:
                await asyncio.sleep(SWEEP_S)


async def _in_company[T](together: Together[T], alone: Callable[[Sequence[T]], Awaitable[None]], one: T) -> None:
    """With what comes at the same time; when that fails by itself, so that nobody suffers for another."""
    try:
        await together.add(one)
    except Exception:  # noqa: BLE001 - whose fault it was shows now
        await alone([one])


def _handled(words: Typed, reply: Reply) -> inbox.Handled:
    source = words.who.platform.value
    return inbox.Handled(source, _scoped(words, words.key), _kind(words), to_json(reply))


def _only_shows(doing: Doing) -> bool:
    return isinstance(doing, Press) and doing.action in SHOWS


def _kind(doing: Doing) -> str:
    return "typed" if isinstance(doing, Typed) else doing.action.value


def _scoped(doing: Doing, key: str) -> str:
    """A key is the platform's; it counts for one person and one thing done, so that nobody can use up another's."""
    return "\n".join((_kind(doing), doing.who.tenant, doing.who.user, key))


def _reply(answer: str) -> Reply:
    view = from_json(answer)
    assert not isinstance(view, Home), "a home page answers neither words nor a press"
    return view


# As text and back


def written(doing: Doing) -> str:
    """Everything the desk is given, as JSON. It may hold what a person typed: seal it."""
    who, place = doing.who, doing.place
    common = {
        "who": [who.platform, who.tenant, who.user],
        "place": [place.platform, place.tenant, place.conversation, place.personal, place.thread],
        "key": doing.key,
    }
    match doing:
        case Typed(text=text):
            return json.dumps(common | {"text": text})
        case Press(origin=origin):
            pressed = {"action": doing.action, "subject": doing.subject, "version": doing.version}
            ref = [origin.platform, origin.tenant, origin.conversation, origin.message] if origin else None
            return json.dumps(common | pressed | {"values": dict(doing.values), "origin": ref})
        case _:
            assert_never(doing)


def read(text: str) -> Doing:
    said = json.loads(text)
    platform, *rest = said["who"]
    who = Who(Platform(platform), *rest)
    platform, *rest = said["place"]
    place = Place(Platform(platform), *rest)
    if "text" in said:
        return Typed(said["text"], who, place, said["key"])
    origin = CardRef(Platform(said["origin"][0]), *said["origin"][1:]) if said["origin"] else None
    action, subject, version = Action(said["action"]), said["subject"], said["version"]
    return Press(action, subject, version, who, place, said["values"], origin, said["key"])
