"""Installing into a workspace or an organisation; every way in which somebody else could bring a token in is closed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import text

from bot.privacy import audit
from bot.slack.installations import Installations, States
from bot.slack.installing import (
    CONTRADICTED,
    COOKIE,
    DECLINED,
    DONE,
    FEW_SCOPES,
    FOREIGN,
    OTHER_BROWSER,
    USED,
    Installing,
    authorize_url,
)
from bot.slack.outbound import silent_client
from bot.slack.scopes import SCOPES
from bot.store.installations import MOST_STATES, StoredInstallations, StoredStates
from bot.store.sealed import Seal
from bot.store.session import Database
from tests.bot.slack.slack_side import Clock, Json
from tests.fakes.slack_api import FakeSlack, Misbehaviour

SEAL = Seal("not-a-secret-in-tests")


def of_workspace(team: str = "T1", enterprise: str | None = None) -> Json:
    return {
        "token_type": "bot",
        "access_token": "xoxb-secret-token",
        "scope": ",".join(SCOPES),
        "bot_user_id": "UBOT",
        "app_id": "A1",
        "team": {"id": team},
        "enterprise": {"id": enterprise} if enterprise else None,
        "authed_user": {"id": "UADMIN"},
        "is_enterprise_install": False,
    }


def of_organisation(enterprise: str = "E1") -> Json:
    return {**of_workspace(), "team": None, "enterprise": {"id": enterprise}, "is_enterprise_install": True}


@dataclass
class Door:
    """A browser before the pages, and what lies behind them."""

    http: TestClient[web.Request, web.Application]
    api: FakeSlack
    db: Database
    clock: Clock
    stored: StoredInstallations
    told: list[str] = field(default_factory=list)

    async def begin(self) -> str:
        """Press the button; the state that Slack was sent."""
        async with self.http.get("/slack/install", allow_redirects=False) as answer:
            assert answer.status == 302
            self.there = answer.headers["Location"]
            self.cookie = answer.cookies[COOKIE]
        return parse_qs(urlsplit(self.there).query)["state"][0]

    async def back(self, state: str | None, cookie: str | None = None, **query: str) -> tuple[int, str]:
        held = {"Cookie": f"{COOKIE}={cookie if cookie is not None else state}"}
        asked = {"code": "code-1", **({"state": state} if state is not None else {}), **query}
        async with self.http.get("/slack/oauth_redirect", params=asked, headers=held) as answer:
            return answer.status, await answer.text()

    async def trail(self) -> list[str]:
        async with self.db.read() as conn:
            return [str(event.fields.get("reason")) for event in await audit.tail(conn, 100)]

    async def rows(self) -> list[Any]:
        async with self.db.read() as conn:
            return list((await conn.execute(text("SELECT * FROM slack_installations"))).mappings())


@pytest.fixture
async def door(api: FakeSlack, sqlite_database: Database) -> AsyncIterator[Door]:
    clock, told = Clock(), list[str]()
    stored = StoredInstallations(sqlite_database, SEAL)
    installing = Installing(
        client_id="1.2",
        client_secret="client-secret",
        public_url="https://baton.example.org/",
        api_url=api.api_url,
        tenants={"T1", "E1"},
        states=States(StoredStates(sqlite_database, clock)),
        installations=Installations(sqlite_database, stored, clock),
        slack=lambda: silent_client(None, api.api_url),
        installed=told.append,
    )
    app = web.Application()
    app.add_routes(installing.routes())
    async with TestClient(TestServer(app), cookie_jar=CookieJar()) as http:
        yield Door(http, api, sqlite_database, clock, stored, told)


async def test_a_workspace_is_installed_and_its_tokens_are_sealed(door: Door, api: FakeSlack) -> None:
    api.granted, api.proven = of_workspace(), {"team_id": "T1", "bot_id": "B1"}
    state = await door.begin()
    query = parse_qs(urlsplit(door.there).query)
    assert set(query["scope"][0].split(",")) == set(SCOPES)
    assert query["redirect_uri"] == ["https://baton.example.org/slack/oauth_redirect"]
    assert (door.cookie["secure"], door.cookie["httponly"], door.cookie["samesite"]) == (True, True, "Lax")
    status, page = await door.back(state)
    assert (status, DONE in page) == (200, True)
    found = await door.stored.of("T1")
    assert found is not None
    assert (found.bot_token, found.team, found.installed_by) == ("xoxb-secret-token", "T1", "UADMIN")
    assert b"xoxb-secret-token" not in (await door.rows())[0]["bot_token"]
    assert "xoxb" not in repr(found)
    assert await door.trail() == ["slack.installed"]
    assert door.told == ["T1"]


async def test_an_organisation_is_installed_as_a_whole(door: Door, api: FakeSlack) -> None:
    api.granted, api.proven = of_organisation(), {"enterprise_id": "E1", "team_id": "E1", "bot_id": "B1"}
    assert (await door.back(await door.begin()))[0] == 200
    for team in (None, "T7", "T8"):
        found = await door.stored.of("E1", team)
        assert found is not None
        assert found.team is None


async def test_installed_again_the_new_token_is_the_one(door: Door, api: FakeSlack) -> None:
    api.granted, api.proven = of_workspace(), {"team_id": "T1"}
    await door.back(await door.begin())
    api.granted = {**of_workspace(), "access_token": "xoxb-second"}
    await door.back(await door.begin())
    found = await door.stored.of("T1")
    assert found is not None
    assert found.bot_token == "xoxb-second"
    assert len(await door.rows()) == 1


# Who would bring another token in


async def test_a_state_is_good_once(door: Door, api: FakeSlack) -> None:
    api.granted, api.proven = of_workspace(), {"team_id": "T1"}
    state = await door.begin()
    assert (await door.back(state))[0] == 200
    status, page = await door.back(state)
    assert (status, USED in page) == (401, True)
    assert len(api.sent("oauth.v2.access")) == 1


async def test_a_state_grows_old(door: Door, api: FakeSlack) -> None:
    state = await door.begin()
    door.clock.at += timedelta(minutes=10, seconds=1)
    assert USED in (await door.back(state))[1]
    assert api.calls == []


@pytest.mark.parametrize("cookie", ["", "another-browsers-state"])
async def test_a_state_belongs_to_one_browser(door: Door, api: FakeSlack, cookie: str) -> None:
    state = await door.begin()
    assert OTHER_BROWSER in (await door.back(state, cookie))[1]
    assert api.calls == []


@pytest.mark.parametrize("state", [None, "", "made-up"])
async def test_a_state_that_was_never_issued_opens_nothing(door: Door, api: FakeSlack, state: str | None) -> None:
    status, _ = await door.back(state, state or "")
    assert status in {400, 401}
    assert api.calls == []


FOREIGNERS: list[tuple[str, Json, Json, str]] = [
    ("foreign workspace", of_workspace("T666"), {"team_id": "T666"}, FOREIGN),
    ("foreign organisation", of_organisation("E666"), {"enterprise_id": "E666"}, FOREIGN),
    ("our workspace id in a foreign organisation", of_workspace("T1", "E666"), {"team_id": "T1"}, FOREIGN),
    ("token of another workspace", of_workspace(), {"team_id": "T666"}, CONTRADICTED),
    ("token of another enterprise", of_organisation(), {"enterprise_id": "E666"}, CONTRADICTED),
    ("workspace token for the organisation", of_organisation(), {"team_id": "T1"}, CONTRADICTED),
    ("organisation without its id", {**of_organisation(), "enterprise": None}, {}, CONTRADICTED),
    ("a user's token", {**of_workspace(), "token_type": "user"}, {"team_id": "T1"}, CONTRADICTED),
    ("no token", {**of_workspace(), "access_token": None}, {"team_id": "T1"}, CONTRADICTED),
    ("too few scopes", {**of_workspace(), "scope": "chat:write"}, {"team_id": "T1"}, FEW_SCOPES),
]


@pytest.mark.parametrize(("granted", "proven", "sentence"), [f[1:] for f in FOREIGNERS], ids=[f[0] for f in FOREIGNERS])
async def test_what_is_not_ours_is_given_back_and_never_kept(
    door: Door, api: FakeSlack, granted: Json, proven: Json, sentence: str
) -> None:
    api.granted, api.proven = granted, proven
    status, page = await door.back(await door.begin())
    assert status >= 400
    assert sentence in page
    assert await door.rows() == []
    assert len(api.sent("auth.revoke")) == (1 if granted["access_token"] else 0)


@pytest.mark.parametrize(
    "wrong", [Misbehaviour(error="invalid_code"), Misbehaviour(status=500), Misbehaviour(junk=True)]
)
async def test_what_slack_does_not_confirm_is_not_installed(door: Door, api: FakeSlack, wrong: Misbehaviour) -> None:
    api.misbehaves["oauth.v2.access"] = [wrong]
    status, page = await door.back(await door.begin())
    assert (status, DECLINED in page) == (401, True)
    assert "code-1" not in page
    assert await door.rows() == []


async def test_a_person_who_cancels_reads_so(door: Door, api: FakeSlack) -> None:
    state = await door.begin()
    status, page = await door.back(state, error="<b>access_denied</b>")
    assert (status, "cancelled" in page, "<b>" in page) == (200, True, False)
    assert api.calls == []


async def test_a_thousand_begun_installs_do_not_fill_the_database(door: Door) -> None:
    states = StoredStates(door.db, door.clock)
    for _ in range(MOST_STATES):
        await states.issue()
    async with door.http.get("/slack/install", allow_redirects=False) as answer:
        assert answer.status == 503
    door.clock.at += timedelta(minutes=11)
    await door.begin()


@pytest.mark.parametrize(
    ("api_url", "there"),
    [
        ("https://slack.com/api/", "https://slack.com/oauth/v2/authorize"),
        ("https://www.slack.com/api/", "https://slack.com/oauth/v2/authorize"),
        ("https://slack-gov.com/api/", "https://slack-gov.com/oauth/v2/authorize"),
    ],
)
def test_govslack_installs_on_its_own_host(api_url: str, there: str) -> None:
    assert authorize_url(api_url) == there
