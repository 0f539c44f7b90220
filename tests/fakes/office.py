"""A whole office for tests: the sandbox clinic, a real database and worker, and three chats that remember what was said.

Only the clock and the chats are made up. `later()` lets time pass for the clock and for the timers of the queue alike.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from time import monotonic
from typing import Any, Self

import aiohttp
import structlog
from sqlalchemy import select, text, update

from bot import clinic as clinic_file
from bot.app import EXAMPLE_CLINIC, LANE_LIMITS, PAGE_SIZES, PATIENCE
from bot.chat import (
    Action,
    CardRef,
    CardView,
    Chat,
    ChatRefused,
    ChatUnavailable,
    Detail,
    Notice,
    Place,
    Platform,
    Postable,
    Press,
    Reply,
    Typed,
    Who,
)
from bot.clinic import Clinic, StaffMember
from bot.drafts import Draft
from bot.flow import decide, records
from bot.flow.desk import FlowDesk, handlers, on_dead
from bot.flow.membership import Memberships
from bot.flow.office import Office
from bot.flow.pace import Pace
from bot.people import People
from bot.privacy import audit
from bot.store import tables as t
from bot.store.jobs import Worker
from bot.store.sealed import Seal
from bot.store.session import Database
from ehr_clients.fhir_r4.client import FhirR4, FhirR4Settings
from ehr_clients.http import Limits
from ehr_clients.port import Ehr
from ehr_clients.sandbox import SandboxServer
from ehr_clients.sandbox import clinic as sandbox_clinic
from ehr_clients.smart_auth import ClientSecret, SmartBackend
from skills import ALL

type Json = dict[str, Any]

TODAY = date(2026, 11, 23)  # a Monday
AFTERNOON = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)  # 14:00 at the clinic
SECRET = "not-a-secret-in-tests"
HARBOR = Place(Platform.WEB, "console", "harbor-care")
LIGHTHOUSE = Place(Platform.WEB, "console", "lighthouse-care")
MEADOW = Place(Platform.WEB, "console", "meadow-care")
LOUNGE = Place(Platform.WEB, "console", "clinic-lounge")
SLACK_HARBOR = Place(Platform.SLACK, "T0SANDBOX", "C0SBHARBOR")
OWN_WORDS = "I take over on Monday, look at safety first of all, and ring you when anything seems odd to me."


@cache
def charts() -> tuple[Json, dict[str, Json]]:
    """The clinic's own bundle, and each client's by the tail of its id ("c102"). Compiled once per session."""
    staff, *clients = sandbox_clinic.bundles(TODAY)
    return staff, {_patient(bundle).removeprefix("sb-"): bundle for bundle in clients}


def _patient(bundle: Json) -> str:
    ids = [e["resource"]["id"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient"]
    return str(ids[0])


@cache
def example_clinic() -> Clinic:
    return clinic_file.load(EXAMPLE_CLINIC)


@dataclass
class FakeChat:
    """Remembers every message as it was redrawn. `down`: it does not answer; `gone`: conversations it refuses."""

    platform: Platform
    down: bool = False
    gone: set[str] = field(default_factory=set)
    read_along: set[str] = field(default_factory=set)  # conversations where outsiders could
    posts: dict[str, list[Postable]] = field(default_factory=dict)  # key -> what it showed over time
    places: dict[str, Place] = field(default_factory=dict)
    whispers: list[tuple[Who, Place, Postable]] = field(default_factory=list)
    calls: int = 0

    def _answer(self, conversation: str = "") -> None:
        self.calls += 1
        if self.down:
            raise ChatUnavailable("The platform does not answer.", retry_after_s=5)
        if conversation in self.gone:
            raise ChatRefused("The conversation is gone.", dead=True)

    async def refuses(self, place: Place) -> str | None:
        if self.down:
            raise ChatUnavailable("The platform does not answer.", retry_after_s=5)
        return "Somebody could read along." if place.conversation in self.read_along else None

    async def post(self, view: Postable, to: Place, *, key: str) -> CardRef:
        self._answer(to.conversation)
        self.posts.setdefault(key, []).append(view)
        self.places[key] = to
        return CardRef(self.platform, to.tenant, to.conversation, key)

    async def find(self, place: Place, *, key: str) -> CardRef | None:
        return CardRef(self.platform, place.tenant, place.conversation, key) if key in self.posts else None

    async def replace(self, ref: CardRef, view: CardView | Notice) -> CardRef:
        self._answer(ref.conversation)
        self.posts[ref.message].append(view)
        return ref

    async def whisper(self, view: Postable, to: Who, at: Place) -> None:
        self._answer()
        self.whispers.append((to, at, view))

    async def personal(self, who: Who) -> Place:
        self._answer()
        return Place(self.platform, who.tenant, f"direct.{who.user}", personal=True)

    def told(self, staff: StaffMember) -> list[Postable]:
        """What was said to one person only, oldest first."""
        return [view for who, _, view in self.whispers if who in staff.identities()]

    def cards(self, conversation: str) -> list[CardView]:
        """The cards that stand in a conversation now."""
        standing = [views[-1] for key, views in self.posts.items() if self.places[key].conversation == conversation]
        return [view for view in standing if isinstance(view, CardView)]


@dataclass
class Clock:
    now: datetime = AFTERNOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Work:
    """The office at work, and everything a test may want to do to it."""

    office: Office
    desk: FlowDesk
    server: SandboxServer
    chats: dict[Platform, FakeChat]
    clock: Clock
    database_file: Path
    worker: Worker
    log: list[Mapping[str, Any]] = field(default_factory=list)
    _working: asyncio.Task[None] | None = None
    _deliveries: int = 0

    # People

    def staff(self, staff_id: str) -> StaffMember:
        found = self.office.people.by_id(staff_id)
        assert found is not None
        return found

    def who(self, staff_id: str, platform: Platform = Platform.WEB) -> Who:
        return next(who for who in self.staff(staff_id).identities() if who.platform is platform)

    async def typed(self, staff_id: str, words: str, at: Place = HARBOR, *, key: str | None = None) -> Reply:
        self._deliveries += 1
        delivery = key or f"delivery-{self._deliveries}"
        return await self.desk.typed(Typed(words, self.who(staff_id, at.platform), at, delivery))

    async def press(
        self,
        staff_id: str,
        action: Action,
        on: Draft | str,
        at: Place = HARBOR,
        *,
        version: int | None = None,
        form: Mapping[str, str] | None = None,
        **values: str,
    ) -> Reply:
        """Press a button, or send a `form` filled in."""
        subject = on if isinstance(on, str) else on.id
        shown = version if version is not None else (0 if isinstance(on, str) else on.version)
        return await self.desk.press(
            Press(action, subject, shown, self.who(staff_id, at.platform), at, {**(form or {}), **values})
        )

    async def read_all(self, staff_id: str, draft: Draft, at: Place = HARBOR) -> Reply:
        """Press Review and turn every page. The last answer: a Detail, or the refusal."""
        page = 1
        while True:
            shown = await self.press(staff_id, Action.REVIEW, draft, at, page=str(page))
            if not isinstance(shown, Detail) or shown.page >= shown.pages:
                return shown
            page += 1

    def told(self, staff_id: str) -> list[str]:
        """Sentences said to one person only, on any platform."""
        views = [view for chat in self.chats.values() for view in chat.told(self.staff(staff_id))]
        return [view.text for view in views if isinstance(view, Notice)]

    def notices(self, staff_id: str) -> list[Notice]:
        views = [view for chat in self.chats.values() for view in chat.told(self.staff(staff_id))]
        return [view for view in views if isinstance(view, Notice)]

    def card(self, conversation: str = "harbor-care", platform: Platform = Platform.WEB) -> CardView:
        """The newest card in a conversation, as it stands."""
        return self.chats[platform].cards(conversation)[-1]

    # Machinery

    async def settled(self) -> None:
        await self.worker.until_idle(timeout_s=30)

    async def later(self, **how_long: float) -> None:
        """Time passes for the clock and for the timers; then everything that fell due is done."""
        await self.settled()  # what runs now would put itself off by the old time
        passed = timedelta(**how_long)
        self.clock.now += passed
        async with self.office.db.write() as conn:
            waiting = update(t.jobs).where(t.jobs.c.state == "due")
            await conn.execute(waiting.values(due=t.jobs.c.due - passed.total_seconds()))
        self.worker.wake()
        await self.settled()

    async def hurry(self) -> bool:
        """Jobs that were put off after an attempt are due now. False: there are none."""
        async with self.office.db.write() as conn:
            put_off = update(t.jobs).where(t.jobs.c.state == "due", t.jobs.c.attempt > 0)
            hurried = await conn.execute(put_off.values(due=t.jobs.c.created))
        self.worker.wake()
        return hurried.rowcount > 0

    def start(self) -> None:
        self._working = asyncio.create_task(self.worker.run())

    async def kill(self) -> None:
        """The worker dies where it stands: nothing is finished, nothing given back.

        Between transactions: one that a process dies in never was, and a cancelled task is a poor likeness of that.
        """
        if self._working is not None:
            async with self.office.db._one_writer:
                self._working.cancel()
                with suppress(asyncio.CancelledError):
                    await self._working
            self._working = None

    async def restart(self) -> None:
        """Another worker takes over, with an empty memory."""
        await self.kill()
        self.office = replace(self.office, memberships=Memberships(self.office.ehr, self.clock))
        self.desk = FlowDesk(self.office)
        self.worker = worker_of(self.office)
        self.start()

    def change_clinic(self, change: Callable[[Json], None]) -> None:
        """Baton is started anew with another clinic file."""
        plain = json.loads(self.office.clinic.model_dump_json())
        change(plain)
        clinic = clinic_file.validated(plain)
        self.office = replace(self.office, people=People(clinic))
        self.desk = FlowDesk(self.office)

    # Looking

    async def drafts(self) -> list[Draft]:
        """Oldest first."""
        async with self.office.db.read() as conn:
            ids = await conn.scalars(select(t.drafts.c.id).order_by(text("rowid")))
            found = [await records.draft(conn, draft_id) for draft_id in ids]
        return [draft for draft in found if draft is not None]

    async def draft(self) -> Draft:
        """The newest draft."""
        return (await self.drafts())[-1]

    async def rows(self, table: str) -> list[Mapping[str, Any]]:
        async with self.office.db.read() as conn:
            return [dict(row) for row in (await conn.execute(text(f"SELECT * FROM {table}"))).mappings()]

    async def trail(self, subject: str | None = None) -> list[audit.StoredEvent]:
        async with self.office.db.read() as conn:
            return await audit.tail(conn, 10_000, subject)

    async def actions(self, subject: str | None = None) -> list[str]:
        return [event.action for event in await self.trail(subject)]

    async def verified(self) -> bool:
        async with self.office.db.read() as conn:
            return (await audit.verify(conn)).ok

    def written(self, resource_type: str) -> list[Json]:
        """What was written into the EHR by Baton."""
        found = [r for r in self.server.resources_written() if r["resourceType"] == resource_type]
        return [r for r in found if r["id"] not in self._ours]

    # The chart

    _ours: set[str] = field(default_factory=set)

    async def chart(self, resource_type: str, client: str = "c102") -> list[Json]:
        """A client's resources as the EHR holds them."""
        patient = "for" if resource_type == "Task" else "patient"
        found = await self._fhir("GET", f"/{resource_type}?{patient}=Patient/sb-{client}&_count=200")
        return [entry["resource"] for entry in found.get("entry", [])]

    async def put(self, resource: Json) -> None:
        """Somebody changes something in the EHR."""
        self._ours.add(resource["id"])
        await self._fhir("PUT", f"/{resource['resourceType']}/{resource['id']}", resource)

    async def add(self, resource: Json) -> None:
        """Somebody adds something in the EHR."""
        self._ours.add((await self._fhir("POST", f"/{resource['resourceType']}", resource))["id"])

    async def leave_care_team(self, staff_id: str, client: str = "c102") -> None:
        (team,) = await self.chart("CareTeam", client)
        ref = self.staff(staff_id).practitioner
        kept = [p for p in team["participant"] if p.get("member", {}).get("reference") != ref]
        await self.put(team | {"participant": kept})

    async def change_problem(self, client: str = "c102", words: str = "Changed meanwhile") -> None:
        problem = (await self.chart("Condition", client))[0]
        await self.put(problem | {"code": problem["code"] | {"text": words}})

    async def _fhir(self, method: str, path: str, body: Json | None = None) -> Json:
        auth = SmartBackend(
            ClientSecret("baton", SECRET), base_url=self.server.base_url, token_url=self.server.token_url
        )
        async with aiohttp.ClientSession() as session:
            headers = {
                "Authorization": await auth.authorization(session) or "",
                "Content-Type": "application/fhir+json",
            }
            data = json.dumps(body) if body else None
            async with session.request(method, self.server.base_url + path, data=data, headers=headers) as answer:
                found: Json = await answer.json(content_type=None)
                assert answer.status < 300, found
                return found


def worker_of(office: Office) -> Worker:
    return Worker(
        office.db,
        handlers(office),
        on_dead=partial(on_dead, office),
        lane_limits=LANE_LIMITS,
        max_attempts=PATIENCE,
        poll_s=0.5,
        lease_s=3,
        grace_s=1,
    )


@asynccontextmanager
async def at_work(
    folder: Path,
    *,
    clients: Collection[str] = ("c102",),
    platforms: Collection[Platform] = tuple(Platform),
    limits: Limits | None = None,
    working: bool = True,
    ehr: Callable[[Ehr], Ehr] = lambda real: real,
) -> AsyncIterator[Work]:
    """An office with these clients' charts. `ehr` may put something between the office and its EHR."""
    staff, by_client = charts()
    bundles = [staff, *(by_client[client] for client in clients)]
    clock, database_file = Clock(), folder / "baton.sqlite"
    chats = {platform: FakeChat(platform) for platform in platforms}
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(SandboxServer(bundles=bundles, client_secret=SECRET))
        auth = SmartBackend(ClientSecret("baton", SECRET), base_url=server.base_url, token_url=server.token_url)
        settings = FhirR4Settings(base_url=server.base_url, auth=auth, limits=limits or Limits(attempts=1))
        real = await stack.enter_async_context(FhirR4(settings))
        db = await stack.enter_async_context(Database(f"sqlite+aiosqlite:///{database_file}"))
        charts_of = ehr(real)
        clinic = example_clinic()
        ports: Mapping[Platform, Chat] = chats
        office = Office(
            db=db,
            seal=Seal("a-secret-for-tests-only"),
            ehr=charts_of,
            people=People(clinic),
            memberships=Memberships(charts_of, clock),
            shelf={skill.name: skill for skill in ALL},
            chats=ports,
            page_sizes=PAGE_SIZES,
            clock=clock,
            approve_crisis=decide.approve_by_code,
            pace=Pace(lambda: monotonic() + (clock.now - AFTERNOON).total_seconds()),
        )
        work = Work(office, FlowDesk(office), server, chats, clock, database_file, worker_of(office))
        stack.callback(structlog.reset_defaults)
        structlog.configure(processors=[partial(_keep_line, work.log)])
        if working:
            work.start()
        try:
            yield work
        finally:
            await work.kill()


def _keep_line(lines: list[Mapping[str, Any]], _: object, level: str, said: Mapping[str, Any]) -> Any:
    lines.append({**said, "level": level})
    raise structlog.DropEvent


# The usual steps


async def asked(work: Work, *, to: str | None = "osei", by: str = "vega", alias: str = "C-102") -> Draft:
    """A draft that waits for a decision, in the Harbor channel."""
    await work.typed(by, f"/handoff {alias}" + (f" to {to}" if to else ""))
    await work.settled()
    return await work.draft()


async def approved(work: Work, *, to: str | None = "osei", by: str = "vega") -> Draft:
    """Read and approved by the asker; filed unless something is in the way."""
    draft = await asked(work, to=to)
    await work.read_all(by, draft)
    await work.press(by, Action.APPROVE, draft)
    await work.settled()
    return await work.draft()


async def accepted(work: Work) -> Draft:
    draft = await approved(work)
    await work.read_all("osei", draft)
    await work.press("osei", Action.SAVE_ACCEPT, draft, read_back=OWN_WORDS)
    await work.settled()
    return await work.draft()


async def break_the_trail(work: Work) -> None:
    """The audit trail cannot take another event."""
    async with work.office.db.write() as conn:
        triggers = await conn.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
        for name in triggers.all():
            await conn.execute(text(f'DROP TRIGGER "{name}"'))
        await conn.execute(text("DELETE FROM audit_head"))


class Between:
    """Stands between the office and its EHR: `before` and `after` may wait, count or raise."""

    def __init__(self, real: Ehr) -> None:
        self.real = real
        self.calls: list[str] = []

    async def before(self, name: str) -> None: ...

    async def after(self, name: str) -> None: ...

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            await self.before(name)
            answer = await getattr(self.real, name)(*args, **kwargs)
            await self.after(name)
            return answer

        return call

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None: ...
