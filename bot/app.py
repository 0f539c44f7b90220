"""Builds every object once from the settings and connects them; the only module that knows all others."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from sqlalchemy.engine import make_url

from bot import clinic as clinic_file
from bot import clinical_systems, doors, metrics, sandbox_page
from bot.chat import CardView, Chat, Desk, Platform
from bot.clinic import CONSOLE_TENANT, Clinic, StaffMember
from bot.clinical_systems import Charts
from bot.crisis import telephones
from bot.crisis.coverage import refuse_unless_covered
from bot.crisis.heartbeat import heartbeat_of
from bot.crisis.phone_view import phone_view
from bot.crisis.ways.simulator import Exchange
from bot.drafting.drafter import Clear, Drafter
from bot.ehr_events import door
from bot.flow import decide, housekeeping, rates, readers, rooms, sign_ons
from bot.flow.desk import FlowDesk, handlers, on_dead
from bot.flow.inbox import KeptDesk
from bot.flow.intake import understood
from bot.flow.membership import Memberships
from bot.flow.office import Office, PageSize
from bot.linking import known
from bot.people import People
from bot.privacy.deid import scrub
from bot.privacy.recognizers.ner import NerNotInstalled, spacy_ner
from bot.settings import LlmSettings, Profile, Settings
from bot.slack import limits as slack_limits
from bot.slack import render as slack_render
from bot.slack.opening import slack_of
from bot.store.bell import Bell
from bot.store.board import StoredBoard
from bot.store.conversations import StoredConversations
from bot.store.jobs import Worker
from bot.store.sealed import Seal
from bot.store.session import Database
from bot.store.slots import StoredClaims
from bot.teams import PAGE_CHARACTERS, PAGE_LINES, TeamsPlatform
from bot.teams import render as teams_render
from bot.tenants import guard
from bot.web.app import WebConsole
from bot.web.clinic import Channel, Persona
from bot.web.outbound import WebChat
from bot.web.signing_in import SignOn
from scheduler.runner import Runner, status
from skills import ALL

HERE = Path(__file__).parent
_log = structlog.get_logger(__name__)
EXAMPLE_CLINIC = next(  # in a checkout, else in the installed wheel
    (
        place
        for place in (HERE.parent / "manifests" / "clinic.example.toml", HERE / "clinic.example.toml")
        if place.exists()
    ),
    HERE / "clinic.example.toml",
)
PAGE_SIZES = {
    Platform.SLACK: PageSize(slack_limits.PAGE_LINES, slack_limits.PAGE_CHARACTERS),
    Platform.TEAMS: PageSize(PAGE_LINES, PAGE_CHARACTERS),
    Platform.WEB: PageSize(lines=200, characters=60_000),
}
POLL_S = 5.0  # the net under the wake-ups: in the process by each commit, between processes by LISTEN/NOTIFY
CRISIS_SLOTS = 48  # 20 signals a second, some six pages each, and a provider that takes its time
LANE_LIMITS = {"chat": 1, "tell": 1, "ehr": 6}
TIME_LIMIT_S = dict.fromkeys(
    ("prepare", "read_again", "file", "digest_make", "referral_look", "referral_team"), 120.0
)  # a slow chart, then a slow model
PATIENCE = {  # attempts before a person must look; those that wait for the EHR or a platform try for about a day
    **dict.fromkeys(
        ("caseload", "prepare", "read_again", "file", "file_words", "post_card", "redraw_card", "tell"), 300
    ),
    **dict.fromkeys(("expire", "give_back"), 1000),
    **dict.fromkeys(("digest_make", "digest_post", "digest_task", "digest_say"), 300),
    **dict.fromkeys(("referral_look", "referral_changed", "referral_team", "referral_tell"), 300),
    **dict.fromkeys(
        ("crisis_due", "crisis_page", "crisis_read", "crisis_file", "ehr_event"), 1_000_000
    ),  # until it is done or somebody has answered
}


@dataclass(frozen=True, slots=True)
class Baton:
    """The opened product."""

    settings: Settings
    office: Office
    desk: KeptDesk
    worker: Worker
    web: web.Application
    charts: Charts
    claims: StoredClaims
    phones: Exchange | None = None  # everybody's phone, where the telephone company is simulated


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = now,
    bundles: Path | None = None,
    ehr_state: Path | None = None,
) -> AsyncIterator[Baton]:
    """Open everything in order and close it in reverse. Work is done until the block ends; the caller serves `web`."""
    async with built(settings, clock=clock, bundles=bundles, ehr_state=ehr_state) as baton, at_work(baton):
        yield baton


@asynccontextmanager
async def built(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = now,
    bundles: Path | None = None,
    ehr_state: Path | None = None,
) -> AsyncIterator[Baton]:
    """Everything, connected, and nobody at work."""
    clinic = clinic_file.load(settings.clinic_file or EXAMPLE_CLINIC)
    settings, clinic = guard.admitted(settings, clinic, clock().date())
    refuse_unless_covered(clinic, clock(), real=settings.profile is not Profile.DEMO)
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(Database(settings.database_url))
        seal = seal_of(settings)
        state = ehr_state or _beside(settings.database_url)
        charts = await stack.enter_async_context(
            clinical_systems.opened(settings.ehr, state_file=state, bundles=bundles)
        )
        chats: dict[Platform, Chat] = {}
        telephone = await stack.enter_async_context(telephones.opened(settings, clinic, db, clock))
        office = Office(
            db=db,
            seal=seal,
            ehr=charts.ehr,
            people=People(clinic),
            memberships=Memberships(charts.ehr, clock),
            shelf={skill.name: skill for skill in ALL},
            chats=chats,
            page_sizes=PAGE_SIZES,
            clock=clock,
            ways=telephone.ways,
            approve_crisis=decide.approve_by_code,
            heartbeat=heartbeat_of(settings),
            drafter=await stack.enter_async_context(drafter_of(settings.llm)),
        )
        desk = KeptDesk(FlowDesk(office), office, understood)
        at_the_door = doors.watched(partial(readers.turned_away_at_the_door, office))
        site = web.Application(client_max_size=1024 * 1024, middlewares=[at_the_door])
        await telephone.answer(office, site)
        await _open_platforms(
            stack, settings, office, rates.measured(desk, office, settings), charts, site, chats, telephone.exchange
        )
        worker = Worker(
            db,
            handlers(office),
            on_dead=partial(on_dead, office),
            lane_limits=LANE_LIMITS,
            crisis_slots=CRISIS_SLOTS,
            max_attempts=PATIENCE,
            time_limit_s=TIME_LIMIT_S,
            poll_s=POLL_S,
        )
        claims = StoredClaims(db, replica=f"{socket.gethostname()}:{os.getpid()}")
        site.add_routes(metrics.routes(db, partial(status, housekeeping.calendar(clinic), claims)))
        yield Baton(settings, office, desk, worker, site, charts, claims, telephone.exchange)


@asynccontextmanager
async def at_work(baton: Baton) -> AsyncIterator[None]:
    """Jobs, calendar and inbox, until the block ends. Any number of processes on PostgreSQL share them."""
    async with AsyncExitStack() as stack:
        if baton.office.db.dialect == "postgresql":
            bell = Bell(baton.settings.database_url, baton.office.db, baton.worker.wake)
            await stack.enter_async_context(bell)
        await stack.enter_async_context(known.watching(baton.office))
        await stack.enter_async_context(working(baton.worker))
        await stack.enter_async_context(Runner(housekeeping.calendar(baton.office.clinic), baton.claims))
        await stack.enter_async_context(baton.desk.watched())
        _log.info("at_work", dialect=baton.office.db.dialect, pid=os.getpid())
        yield


@asynccontextmanager
async def drafter_of(llm: LlmSettings) -> AsyncIterator[Drafter]:
    """Drafting as it is set up. The model's library is only loaded where there is a model."""
    if llm.kind == "none":
        yield Drafter()
        return
    from bot.drafting import openai_model  # noqa: PLC0415 - a second of start-up that most starts do not need

    key = llm.api_key.get_secret_value() if llm.api_key else "none-needed"
    provider = openai_model.Provider(llm.kind, llm.base_url, key, llm.model, llm.api_version)
    limits = openai_model.Limits(llm.timeout_s, llm.max_concurrent)
    async with openai_model.opened(provider, limits) as model:
        yield Drafter(
            model,
            part2=llm.part2,
            cost_in=llm.cost_in,
            cost_out=llm.cost_out,
            kept_days=llm.retention_days,
            clear=_clear(),
        )


def _clear() -> Clear:
    """De-identification, with the recogniser of names where the extra is installed; the gate holds without it."""
    try:
        return partial(scrub, ner=spacy_ner())
    except NerNotInstalled:
        return scrub


def seal_of(settings: Settings) -> Seal:
    """Seals with the secret key; opens what an old one sealed."""
    old = [key.get_secret_value() for key in settings.old_secret_keys]
    return Seal(settings.secret_key.get_secret_value(), old=old)


def _beside(database_url: str) -> Path | None:
    """The sandbox clinic's state lies beside the SQLite file."""
    database = make_url(database_url).database
    return Path(database).with_suffix(".ehr.jsonl") if database_url.startswith("sqlite") and database else None


@asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[None]:
    running = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        await worker.stop()
        await running


async def _open_platforms(
    stack: AsyncExitStack,
    settings: Settings,
    office: Office,
    desk: Desk,
    charts: Charts,
    site: web.Application,
    chats: dict[Platform, Chat],
    phones: Exchange | None,
) -> None:
    commands = [*(skill.command for skill in office.shelf.values()), *(room.command for room in rooms.ALL)]
    if settings.slack:
        named = [command.name for command in commands]
        slack = slack_of(settings.slack, office, desk, commands=named, public_url=settings.public_url)
        slack.routes(site)
        await stack.enter_async_context(slack)
        chats[Platform.SLACK] = slack.chat
    if settings.teams:
        teams = TeamsPlatform(
            client_id=settings.teams.client_id,
            client_secret=settings.teams.client_secret.get_secret_value(),
            tenant_ids=settings.teams.tenant_ids,
            desk=desk,
            conversations=StoredConversations(office.db),
            commands=commands,
            openid_metadata_url=settings.teams.openid_metadata_url,
        )
        teams.routes(site)
        await teams.start()
        stack.push_async_callback(teams.stop)
        chats[Platform.TEAMS] = teams.chat
    sign_on = await sign_ons.opened(stack, settings, office)
    if settings.ehr.webhook_secret:
        site.add_routes(_ehr_door(settings, office, charts))
    console = _console(settings, office, desk, charts, phones, sign_on)
    site.add_routes(console.routes())
    if settings.profile is Profile.DEMO or sign_on:
        channels = [c.external_id for c in office.clinic.channels if c.platform is Platform.WEB]
        chats[Platform.WEB] = WebChat(StoredBoard(office.db, office.seal), channels, now=office.clock)


def _ehr_door(settings: Settings, office: Office, charts: Charts) -> list[web.RouteDef]:
    assert settings.ehr.webhook_secret is not None
    base_url = settings.ehr.base_url or (charts.sandbox.base_url if charts.sandbox else "")
    return door.routes(office, secret=settings.ehr.webhook_secret.get_secret_value(), base_url=base_url)


# The console


def _console(
    settings: Settings, office: Office, desk: Desk, charts: Charts, phones: Exchange | None, sign_on: SignOn | None
) -> WebConsole:
    clinic = office.clinic
    channels = [c for c in clinic.channels if c.platform is Platform.WEB and c.tenant == CONSOLE_TENANT]
    return WebConsole(
        desk=desk,
        board=StoredBoard(office.db, office.seal),
        people=[_persona(clinic, s, alone=sign_on is not None) for s in clinic.staff if s.active and s.web],
        channels=[Channel(c.external_id, c.name, _note(clinic, c.team, phi=c.phi)) for c in channels],
        drawings={"slack": _as_slack, "teams": _as_teams},
        ehr_writes=partial(sandbox_page.ehr_writes, charts, clinic),
        audit_tail=partial(sandbox_page.audit_tail, office),
        secret_key=settings.secret_key.get_secret_value(),
        demo=settings.profile is Profile.DEMO,
        zone=clinic.zone(),
        now=office.clock,
        phone=phone_view(phones) if phones else None,
        file_phq9=partial(sandbox_page.file_phq9, charts, office) if charts.sandbox else None,
        sign_on=sign_on,
    )


def _persona(clinic: Clinic, staff: StaffMember, *, alone: bool) -> Persona:
    """Outside of the sandbox a person sees the channels of their own teams."""
    shown = sandbox_page.persona(clinic, staff)
    theirs = frozenset(c.external_id for c in clinic.channels if c.platform is Platform.WEB and c.team in staff.teams)
    return replace(shown, channels=theirs) if alone else shown


def _note(clinic: Clinic, team: str, *, phi: bool) -> str:
    return f"{clinic.team(team).name} team" if phi else "Not for client information"


def _as_slack(view: CardView) -> Mapping[str, Any]:
    return slack_render.message(view)


def _as_teams(view: CardView) -> Mapping[str, Any]:
    return teams_render.card_view(view)
