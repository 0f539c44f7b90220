"""One office per platform, at the same hour with the same charts, and what was said, stored and written in each."""

import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, cast

from bot.app import PAGE_SIZES
from bot.chat import CardRef, CardView, Chat, Desk, Home, Notice, Place, Platform, Postable, Press, Reply, Typed, Who
from bot.flow import rooms
from bot.flow.desk import FlowDesk
from bot.flow.office import PageSize
from bot.flow.pace import Pace
from bot.store import tables as t
from ehr_clients.models import ChartData, Read, Section
from ehr_clients.port import Ehr
from skills.kit import Skill
from tests.fakes.office import AFTERNOON, Work, at_work, worker_of
from tests.fakes.teams_issuer import TeamsIssuer
from tests.parity.on_slack import on_slack
from tests.parity.on_teams import on_teams
from tests.parity.on_the_console import on_the_console
from tests.parity.surface import Seen, Surface
from tests.parity.views import Drawn, Key, buttons, masked, unread

SURFACES: Mapping[Platform, Callable[..., Any]] = {
    Platform.SLACK: on_slack,
    Platform.TEAMS: on_teams,
    Platform.WEB: on_the_console,
}
ONE_SIZE = PageSize(
    min(size.lines for size in PAGE_SIZES.values()), min(size.characters for size in PAGE_SIZES.values())
)
RECORDED = ("patient_ref", "purpose", "legal_basis", "recipient", "decision", "reason", "outcome", "source_refs")


@dataclass
class Listening:
    """The desk, and all that it said since somebody asked."""

    desk: Desk | None = None
    said: list[tuple[Reply, Who | None]] = field(default_factory=list)  # to whom alone; None: to all who are there

    async def typed(self, words: Typed) -> Reply:
        assert self.desk is not None
        return self._noted(await self.desk.typed(words), words.who)

    async def press(self, press: Press) -> Reply:
        assert self.desk is not None
        return self._noted(await self.desk.press(press), press.who)

    async def home(self, who: Who) -> Home:
        assert self.desk is not None
        return await self.desk.home(who)

    def _noted(self, reply: Reply, who: Who) -> Reply:
        self.said.append((reply, None if isinstance(reply, CardView) else who))
        return reply


@dataclass
class Overheard:
    """A platform's port, and all that went through it."""

    chat: Chat
    listening: Listening
    platform: Platform
    people: dict[Place, Who] = field(default_factory=dict)  # whose one-to-one conversation it is
    private: dict[tuple[str, str], Who | None] = field(default_factory=dict)  # who sees a posted message

    async def refuses(self, place: Place) -> str | None:
        return await self.chat.refuses(place)

    async def post(self, view: Postable, to: Place, *, key: str) -> CardRef:
        self.listening.said.append((view, self.people.get(to)))
        ref = await self.chat.post(view, to, key=key)
        self.private[ref.conversation, ref.message] = self.people.get(to)
        return ref

    async def find(self, place: Place, *, key: str) -> CardRef | None:
        return await self.chat.find(place, key=key)

    async def replace(self, ref: CardRef, view: CardView | Notice) -> CardRef:
        self.listening.said.append((view, self.private.get((ref.conversation, ref.message))))
        return await self.chat.replace(ref, view)

    async def whisper(self, view: Postable, to: Who, at: Place) -> None:
        self.listening.said.append((view, to))
        await self.chat.whisper(view, to, at)

    async def personal(self, who: Who) -> Place:
        place = await self.chat.personal(who)
        self.people[place] = who
        return place


class Punctual:
    """The EHR, whose answers all say that they are of the office's hour: the real minute may change between two."""

    def __init__(self, real: Ehr) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def read(self, client_id: str, sections: Collection[Section]) -> ChartData:
        chart = await self._real.read(client_id, sections)
        at_once = {
            section: replace(answer, as_of=AFTERNOON) if isinstance(answer, Read) else answer
            for section, answer in chart.sections.items()
        }
        return replace(chart, sections=at_once)


@dataclass(frozen=True)
class Step:
    """`said`: the views, masked and in no order; of a card its last state. `lost`: what they held and the platform did not draw."""

    what: str
    said: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass
class World:
    work: Work
    surface: Surface
    listening: Listening
    steps: list[Step] = field(default_factory=list)
    standing: dict[Key, Drawn] = field(default_factory=dict)
    form: object | None = None
    offers: dict[tuple[Key, Who | None], str] = field(default_factory=dict)  # what can be pressed, and of which card

    def offered(self, person: str) -> list[Key]:
        """What this person can press now, each once. Which of two that came together was first is chance."""
        who = self.work.who(person, self.surface.platform)
        return sorted(dict.fromkeys(key for key, to in self.offers if to in {None, who}), key=masked)

    def version(self, button: Key) -> int:
        drawn = self.standing.get(button)
        return drawn.version if drawn else 0

    async def say(self, person: str, words: str) -> list[Reply]:
        return await self._step(f"{person} says {words}", self.surface.say(person, words))

    async def press(self, person: str, button: Key) -> list[Reply]:
        drawn = self.standing.get(button)
        what = f"{person} presses {masked(button)}"
        if drawn is None:
            self.steps.append(Step(what, (), (f"the button {masked(button)}",)))
            return []
        return await self._step(what, self.surface.press(person, drawn))

    async def submit(self, person: str, what: str, values: Mapping[str, str]) -> list[Reply]:
        what = f"{person} sends {what} {sorted(values.items())}"
        if self.form is None:
            self.steps.append(Step(what, (), ("the form",)))
            return []
        form, self.form = self.form, None
        return await self._step(what, self.surface.submit(person, form, values))

    async def later(self, **how_long: float) -> list[Reply]:
        await self.work.later(**how_long)
        return await self._step(f"{how_long} pass", self.surface.seen())

    async def _step(self, what: str, doing: Any) -> list[Reply]:
        self.listening.said.clear()
        seen: Seen = await doing
        if people := self._told():
            also = await self.surface.seen(*people)
            seen.text += also.text
            seen.buttons += also.buttons
        said, views = list(self.listening.said), [view for view, _ in self.listening.said]
        self._remember(seen, said)
        newest = _newest(views)
        told = tuple(sorted({masked(each) for each in newest}))
        self.steps.append(Step(masked(what), told, tuple(self._lost(newest, seen))))
        return newest

    def _told(self) -> list[str]:
        """Who was told something alone."""
        people = [self.work.office.people.by_chat(to) for _, to in self.listening.said if to is not None]
        return sorted({staff.id for staff in people if staff is not None})

    def _remember(self, seen: Seen, said: list[tuple[Reply, Who | None]]) -> None:
        for view, to in said:
            if subject := _subject(view):
                kept = {offer: whose for offer, whose in self.offers.items() if (whose, offer[1]) != (subject, to)}
                self.offers = kept
            self.offers |= dict.fromkeys(((key, to) for key, _, _ in buttons(view)), subject)
        for drawn in seen.buttons:  # older messages stand beside newer ones
            if drawn.version >= self.version(drawn.key):
                self.standing[drawn.key] = drawn
        self.form = seen.form or self.form

    def _lost(self, views: list[Reply], seen: Seen) -> list[str]:
        """Statements and buttons of what was said that are not on the screen."""
        drawn, there = "\n".join(seen.text), {(one.key, one.version) for one in seen.buttons}
        lost = [statement for view in views for statement in unread(view, drawn)]
        for view in views:
            lost += [f"the button {label}" for key, version, label in buttons(view) if (key, version) not in there]
        return [masked(each) for each in lost]

    async def stored(self) -> dict[str, Any]:
        """The trail, the drafts, and how many rows each table has that is no platform's own affair."""
        trail = [
            masked((event.action, *((name, event.fields.get(name)) for name in RECORDED)))
            for event in await self.work.trail()
        ]
        drafts = [(draft.skill, draft.state.value, draft.version) for draft in await self.work.drafts()]
        counts = {name: len(await self.work.rows(name)) for name in _tables()}
        return {"trail": sorted(trail), "drafts": drafts, "counts": counts}

    def written(self) -> list[str]:
        """Without the hour at which the EHR took it, which is the real one."""
        found = [json.dumps(one | {"meta": {}}, sort_keys=True) for one in self.work.server.resources_written()]
        return sorted(masked(each) for each in found)


def _tables() -> list[str]:
    plumbing = (
        "inbox",
        "board",
        "web_messages",
        "conversation",
        "job",
        "slack",
        "delivery",
        "card",
        "slot",
        "claim",
        "runs",
    )
    return [name for name in t.metadata.tables if not any(word in name for word in plumbing)]


def _newest(views: list[Reply]) -> list[Reply]:
    """How often a card is redrawn on the way hangs on who was faster; where it ends does not."""
    return list({(_subject(view) or repr(view)): view for view in views}.values())


def _subject(view: Reply) -> str:
    return view.draft_id if isinstance(view, CardView) else ""


@asynccontextmanager
async def world(
    platform: Platform, folder: Path, issuer: TeamsIssuer, *, further: tuple[Skill[Any], ...] = ()
) -> AsyncIterator[World]:
    """`further`: skills on the shelf beside those that are there."""
    async with AsyncExitStack() as stack:
        work = await stack.enter_async_context(
            at_work(folder, working=False, ehr=lambda real: cast("Ehr", Punctual(real)))
        )
        shelf = {**work.office.shelf, **{skill.name: skill for skill in further}}
        unhurried = Pace(partial(next, count(0.0, 60.0)))  # each look at the clock a minute later: nothing is held back
        work.office = replace(work.office, page_sizes=dict.fromkeys(Platform, ONE_SIZE), shelf=shelf, pace=unhurried)
        commands = [*(skill.command for skill in shelf.values()), *(room.command for room in rooms.ALL)]
        listening = Listening()
        surface = await stack.enter_async_context(SURFACES[platform](work, listening, commands, issuer))
        work.office = replace(work.office, chats={platform: Overheard(surface.chat, listening, platform)})
        work.desk, work.worker = FlowDesk(work.office), worker_of(work.office)
        listening.desk = work.desk
        work.start()
        yield World(work, surface, listening)
