"""Each misconfiguration is planted into a pilot that is well, and named by its own check and by no other."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import insert

from bot.app import EXAMPLE_CLINIC, seal_of
from bot.check import given as giving
from bot.check.commands import as_one, as_text
from bot.check.examined import CHECKS, examined
from bot.check.finding import Finding, State, exit_status
from bot.check.given import AsGiven, Given
from bot.settings import DEMO_SECRET, EhrSettings, LlmSettings, Profile, Settings, SlackSettings, TeamsSettings
from bot.slack.scopes import SCOPES
from bot.store import tables as t
from bot.store.session import Database
from ehr_clients.sandbox import SandboxServer
from tests.fakes.openai_server import FakeOpenAi, Mode

KEY = "k" * 40
TOKEN = "xoxb-planted-right"
EHR_SECRET = "planted-ehr-secret"
TEAMS_SECRET = "planted-teams-secret"
SENTINELS = (KEY, TOKEN, EHR_SECRET, TEAMS_SECRET, "planted-wrong", DEMO_SECRET)
NOT_FROM_HERE = {"public_url", "telephone", "heartbeat"}  # of which a test on loopback can only be warned


@dataclass
class Slack:
    scopes: str = ",".join(SCOPES)
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    hangs: bool = False

    async def answer(self, request: web.Request) -> web.Response:
        if self.hangs:
            await asyncio.sleep(30)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        if request.match_info["method"] == "auth.test":
            return web.json_response({"ok": True, "team_id": "T0SANDBOX"}, headers={"x-oauth-scopes": self.scopes})
        sent = {**request.query, **await request.post()}
        about = {"is_member": True, "is_ext_shared": False, "is_pending_ext_shared": False}
        planted = self.channels.get(str(sent["channel"]), {})
        if planted.get("gone"):
            return web.json_response({"ok": False, "error": "channel_not_found"})
        return web.json_response({"ok": True, "channel": about | planted})


async def _login(request: web.Request) -> web.Response:
    sent = await request.post()
    right = sent["client_secret"] == TEAMS_SECRET
    return web.json_response({"access_token": "t"} if right else {"error": "x"}, status=200 if right else 401)


@dataclass
class Pilot:
    """Well, until something is planted."""

    settings: AsGiven
    slack: Slack
    llm: FakeOpenAi
    ehr: SandboxServer
    login_url: str
    folder: Path
    problems: tuple[str, ...] = ()
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def change(self, **about: Any) -> None:
        self.settings = self.settings.model_copy(update=about)

    async def found(self, within_s: float = 15.0) -> list[Finding]:
        given = replace(
            giving.of(self.settings), login_url=self.login_url, settings_problems=self.problems, clock=self.clock
        )
        return await examined(given, within_s=within_s)


@asynccontextmanager
async def _open(folder: Path) -> AsyncIterator[Pilot]:
    async with AsyncExitStack() as stack:
        slack, llm = Slack(), FakeOpenAi()
        app = web.Application()
        app.router.add_route("*", "/api/{method}", slack.answer)
        app.router.add_post("/{tenant}/oauth2/v2.0/token", _login)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        await stack.enter_async_context(llm.running())
        ehr = await stack.enter_async_context(SandboxServer(client_id="baton", client_secret=EHR_SECRET))
        secret = SecretStr
        settings = AsGiven(
            profile=Profile.PILOT,
            database_url=f"sqlite+aiosqlite:///{folder}/baton.sqlite",
            public_url="https://127.0.0.1:9",
            secret_key=secret(KEY),
            clinic_file=EXAMPLE_CLINIC,
            slack=SlackSettings(signing_secret=secret("s"), bot_token=secret(TOKEN), api_url=f"{url}/api/"),
            teams=TeamsSettings(client_id="c", client_secret=secret(TEAMS_SECRET), tenant_ids=("t",)),
            ehr=EhrSettings(
                kind="fhir_r4",
                base_url=ehr.base_url,
                token_url=ehr.token_url,
                client_id="baton",
                client_secret=secret(EHR_SECRET),
            ),
            llm=LlmSettings(kind="openai", base_url=f"{llm.url}/v1/", model="m", api_key=secret("k")),
        )
        async with Database(settings.database_url) as db, db.write() as conn:
            sealed = seal_of(settings).seal("{}", context="inbox.body/planted")
            now = datetime.now(UTC)
            await _stored(conn, sealed, now)
        yield Pilot(settings, slack, llm, ehr, url, folder)


async def _stored(conn: Any, sealed: bytes, now: datetime) -> None:
    """One sealed value, of a column that takes few others."""
    filled: dict[str, Any] = {"key": "planted", "body": sealed}
    for column in t.inbox.columns:
        if column.name in filled or column.nullable or column.default is not None or column.primary_key:
            continue
        kind = column.type.python_type
        filled[column.name] = now if kind is datetime else kind()
    await conn.execute(insert(t.inbox).values(**filled))


@pytest.fixture
async def pilot(tmp_path: Path) -> AsyncIterator[Pilot]:
    async with _open(tmp_path) as opened:
        yield opened


def _states(found: Sequence[Finding]) -> dict[str, State]:
    return {each.name: each.state for each in found}


def _failing(found: Sequence[Finding]) -> set[str]:
    return {each.name for each in found if each.state is State.FAIL}


async def test_a_pilot_that_is_well_has_no_failing_check(pilot: Pilot) -> None:
    states = _states(await pilot.found())
    assert list(states) == [name for check in CHECKS for name in check.names]
    assert {name for name, state in states.items() if state is not State.OK} == NOT_FROM_HERE


# What is planted. Each function changes one thing.


def wrong_slack_token(pilot: Pilot) -> None:
    assert pilot.settings.slack
    pilot.change(slack=pilot.settings.slack.model_copy(update={"bot_token": SecretStr("planted-wrong")}))


def missing_scope(pilot: Pilot) -> None:
    pilot.slack.scopes = ",".join(scope for scope in SCOPES if scope != "chat:write")


def channel_gone(pilot: Pilot) -> None:
    pilot.slack.channels["C0SBHARBOR"] = {"gone": True}


def channel_not_joined(pilot: Pilot) -> None:
    pilot.slack.channels["C0SBHARBOR"] = {"is_member": False}


def channel_shared(pilot: Pilot) -> None:
    pilot.slack.channels["C0SBLIGHT"] = {"is_ext_shared": True}


def wrong_teams_secret(pilot: Pilot) -> None:
    assert pilot.settings.teams
    pilot.change(teams=pilot.settings.teams.model_copy(update={"client_secret": SecretStr("planted-wrong")}))


def wrong_ehr_secret(pilot: Pilot) -> None:
    pilot.change(ehr=pilot.settings.ehr.model_copy(update={"client_secret": SecretStr("planted-wrong")}))


def ehr_down(pilot: Pilot) -> None:
    nowhere = {"base_url": "http://127.0.0.1:9/fhir", "token_url": "http://127.0.0.1:9/token"}
    pilot.change(ehr=pilot.settings.ehr.model_copy(update=nowhere))


def wrong_key(pilot: Pilot) -> None:
    pilot.change(secret_key=SecretStr("another-key-of-forty-characters-planted-wrong"))


def demo_secret(pilot: Pilot) -> None:
    pilot.change(secret_key=SecretStr(DEMO_SECRET), old_secret_keys=(SecretStr(KEY),))


def no_https(pilot: Pilot) -> None:
    pilot.change(public_url="http://baton.example.org")


def model_down(pilot: Pilot) -> None:
    pilot.change(llm=pilot.settings.llm.model_copy(update={"base_url": "http://127.0.0.1:9/v1/"}))


def model_refuses_the_key(pilot: Pilot) -> None:
    pilot.llm.mode = Mode.KEY


def clock_five_minutes_off(pilot: Pilot) -> None:
    pilot.clock = lambda: datetime.now(UTC) + timedelta(minutes=5)


def nobody_on_call(pilot: Pilot) -> None:
    _clinic(pilot, "[crisis]", "[crisis_]", only_crisis=True)


def unknown_zone(pilot: Pilot) -> None:
    _clinic(pilot, "America/New_York", "America/New_Yrok")


def database_nowhere(pilot: Pilot) -> None:
    pilot.change(database_url="postgresql+asyncpg://baton:planted-wrong@127.0.0.1:9/baton")


def a_line_of_the_settings(pilot: Pilot) -> None:
    pilot.problems = ("settings: Value error, missing: BATON_CRISIS__TOKEN, BATON_SECRET_KEY (short, at all)",)


def _clinic(pilot: Pilot, old: str, new: str, *, only_crisis: bool = False) -> None:
    text = EXAMPLE_CLINIC.read_text()
    assert old in text
    changed = text[: text.index(old)] if only_crisis else text.replace(old, new, 1)
    if only_crisis:
        staff = text[text.index("[[staff]]") :]
        changed = changed if "[[staff]]" in changed else changed + staff
    path = pilot.folder / "clinic.toml"
    path.write_text(changed)
    pilot.change(clinic_file=path)


PLANTED = {
    wrong_slack_token: "slack_token",
    missing_scope: "slack_scopes",
    channel_gone: "slack_channels",
    channel_not_joined: "slack_channels",
    channel_shared: "slack_channels",
    wrong_teams_secret: "teams_credentials",
    wrong_ehr_secret: "ehr_token",
    ehr_down: "ehr",
    wrong_key: "stored_content",
    demo_secret: "secrets",
    no_https: "public_url",
    model_down: "model",
    model_refuses_the_key: "model",
    clock_five_minutes_off: "clock",
    nobody_on_call: "on_call",
    unknown_zone: "clinic",
    database_nowhere: "database",
    a_line_of_the_settings: "settings",
}


@pytest.mark.parametrize(("plant", "name"), PLANTED.items(), ids=lambda each: getattr(each, "__name__", each))
async def test_what_is_planted_is_named_by_its_own_check(
    pilot: Pilot, plant: Callable[[Pilot], None], name: str
) -> None:
    plant(pilot)
    found = await pilot.found()
    assert _failing(found) == {name}
    assert exit_status(found) == 2
    assert all(each.mend for each in found if each.state in {State.FAIL, State.WARN})
    told = as_one(found) + as_text(found)
    assert not [secret for secret in SENTINELS if secret in told]


async def test_a_newer_schema_is_named(pilot: Pilot) -> None:
    async with Database(pilot.settings.database_url) as db, db.write() as conn:
        newer = {"revision": "9999", "phase": "contract", "applied_at": datetime.now(UTC)}
        await conn.execute(insert(t.schema_revisions).values(**newer))
    assert _failing(await pilot.found()) == {"schema"}


async def test_one_that_hangs_is_told_and_the_others_stand(pilot: Pilot) -> None:
    pilot.slack.hangs = True
    found = await pilot.found(within_s=6.0)
    assert _failing(found) == {"slack_token", "slack_scopes", "slack_channels"}


def test_settings_that_stop_a_start_are_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_PROFILE", "pilot")
    given = giving.from_environment()
    assert given.settings_problems
    found = asyncio.run(examined(given))
    assert {"settings", "secrets", "public_url"} <= _failing(found)
    (settings,) = [each for each in found if each.name == "settings"]
    assert any("BATON_CLINIC_FILE" in line for line in settings.details)
    assert not any("SECRET_KEY" in line for line in settings.details)


def test_settings_that_cannot_even_be_read_are_one_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_PORT", "eighty")
    found = asyncio.run(examined(giving.from_environment()))
    assert _failing(found) == {"settings"}


def test_the_demo_is_well(tmp_path: Path) -> None:
    demo = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/demo.sqlite")

    async def made() -> list[Finding]:
        async with Database(demo.database_url):
            pass
        return await examined(Given(demo, giving.of(demo).clinic))

    assert exit_status(asyncio.run(made())) == 0
