"""Tokens that expire are renewed by one process at a time; what was revoked or uninstalled is gone and stays gone."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.chat import ChatRefused, ChatUnavailable, Place, Platform
from bot.privacy import audit
from bot.slack.installations import NOT_INSTALLED, Installations, InstalledTokens, closing
from bot.slack.listeners import Circle
from bot.slack.outbound import SlackChat, silent_client
from bot.store.installations import Installed, StoredInstallations
from bot.store.sealed import Seal
from bot.store.session import Database
from bot.store.tables import slack_installations
from tests.bot.slack.conftest import running
from tests.bot.slack.slack_side import NOW, Clock, Json, event_body
from tests.fakes.desk import FakeDesk
from tests.fakes.slack_api import FakeSlack, Misbehaviour
from tests.fakes.views import CARD_VIEW

SEAL = Seal("not-a-secret-in-tests")
ACCESS = "oauth.v2.access"
KEYS = select(slack_installations.c.key)


def installed(tenant: str = "T1", team: str | None = "T1", *, hours: float | None = None) -> Installed:
    return Installed(
        tenant=tenant,
        team=team,
        app_id="A1",
        bot_user="UBOT",
        scopes="chat:write",
        installed_by="U1",
        installed_at=NOW - timedelta(days=1),
        bot_token=f"xoxb-of-{tenant}-{team}",
        refresh_token="xoxe-0" if hours is not None else None,
        expires_at=NOW + timedelta(hours=hours) if hours is not None else None,
    )


async def kept(db: Database, *rows: Installed) -> StoredInstallations:
    stored = StoredInstallations(db, SEAL)
    async with db.write() as conn:
        for row in rows:
            await stored.keep(conn, row)
    return stored


def tokens(stored: StoredInstallations, api: FakeSlack, clock: Clock) -> InstalledTokens:
    """Of one replica."""
    return InstalledTokens(stored, lambda: silent_client(None, api.api_url), ("1.2", "client-secret"), clock)


async def test_each_tenant_is_spoken_to_with_its_own_token(sqlite_database: Database, api: FakeSlack) -> None:
    stored = await kept(sqlite_database, installed(), installed("E1", None))
    mine = tokens(stored, api, Clock())
    assert await mine.token("T1") == "xoxb-of-T1-T1"
    assert await mine.token("E1") == "xoxb-of-E1-None"
    with pytest.raises(ChatRefused, match="not installed"):
        await mine.token("E666")


async def test_a_post_to_a_tenant_without_baton_is_refused_in_words(sqlite_database: Database, api: FakeSlack) -> None:
    chat = SlackChat(tokens(await kept(sqlite_database, installed()), api, Clock()), api.api_url)
    await chat.open()
    await chat.post(CARD_VIEW, Place(Platform.SLACK, "T1", "C1"), key="k")
    with pytest.raises(ChatRefused) as refused:
        await chat.post(CARD_VIEW, Place(Platform.SLACK, "T2", "C1"), key="k")
    assert str(refused.value) == NOT_INSTALLED
    await chat.close()


async def test_a_token_is_renewed_two_hours_before_it_expires(sqlite_database: Database, api: FakeSlack) -> None:
    clock = Clock()
    stored = await kept(sqlite_database, installed(hours=2.1))
    assert await tokens(stored, api, clock).token("T1") == "xoxb-of-T1-T1"
    clock.at += timedelta(minutes=10)
    assert await tokens(stored, api, clock).token("T1") == "xoxe.xoxb-1"
    (asked,) = api.sent(ACCESS)
    assert asked["refresh_token"] == "xoxe-0"
    again = await stored.of("T1")
    assert again is not None
    assert (again.refresh_token, again.expires_at) == ("xoxe-1", clock.at + timedelta(hours=12))


@pytest.mark.parametrize("hours", [1.0, -1.0], ids=["still good", "expired"])
async def test_two_replicas_never_renew_at_once(database: Database, api: FakeSlack, hours: float) -> None:
    """On SQLite and PostgreSQL. A refresh token that is used twice is revoked by Slack, and Baton with it."""
    api.slow_s = 0.1
    stored = await kept(database, installed(hours=hours))
    replicas = [tokens(stored, api, Clock()) for _ in range(6)]
    found = await asyncio.gather(*(each.token("T1") for each in replicas))
    assert api.renewals == 1
    assert set(found) <= {"xoxe.xoxb-1", *(["xoxb-of-T1-T1"] if hours > 0 else [])}


async def test_a_replica_that_died_while_renewing_is_followed(sqlite_database: Database, api: FakeSlack) -> None:
    clock = Clock()
    stored = await kept(sqlite_database, installed(hours=1))
    found = await stored.of("T1")
    assert found is not None
    assert await stored.take_turn(found, clock.at)
    assert await stored.take_turn(found, clock.at) is None
    assert await tokens(stored, api, clock).token("T1") == "xoxb-of-T1-T1"
    clock.at += timedelta(seconds=31)
    assert await tokens(stored, api, clock).token("T1") == "xoxe.xoxb-1"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (Misbehaviour(error="invalid_refresh_token"), ChatRefused),
        (Misbehaviour(status=503), ChatUnavailable),
        (Misbehaviour(junk=True), ChatUnavailable),
        (Misbehaviour(drop=True), ChatUnavailable),
    ],
    ids=["refused", "down", "junk", "lost"],
)
async def test_a_token_that_is_not_renewed_serves_until_it_expires(
    sqlite_database: Database, api: FakeSlack, wrong: Misbehaviour, error: type[Exception]
) -> None:
    clock = Clock()
    stored = await kept(sqlite_database, installed(hours=1))
    api.misbehaves[ACCESS] = [wrong, wrong]
    assert await tokens(stored, api, clock).token("T1") == "xoxb-of-T1-T1"
    clock.at += timedelta(hours=2)
    with pytest.raises(error):
        await tokens(stored, api, clock).token("T1")


async def test_an_uninstall_in_the_middle_of_a_renewal_is_not_undone(sqlite_database: Database, api: FakeSlack) -> None:
    api.slow_s = 0.1
    clock = Clock()
    stored = await kept(sqlite_database, installed(hours=1))
    installations = Installations(sqlite_database, stored, clock)
    mine = tokens(stored, api, clock)
    asked = asyncio.create_task(mine.token("T1"))
    await api.renewing.wait()
    assert await installations.close("T1", "T1", before=clock.at, why="slack.app_uninstalled")
    with pytest.raises(ChatRefused):
        await asked
    assert api.renewals == 1
    assert await stored.of("T1") is None


def uninstalled(kind: str, team: str, enterprise: str = "", *, whole: bool = False, tokens: Json | None = None) -> Json:
    event = {"type": kind, "user": None, **({"tokens": tokens} if tokens else {})}
    listed = [{"enterprise_id": enterprise, "team_id": team, "user_id": "UBOT", "is_enterprise_install": whole}]
    more: Json = {
        "team_id": team,
        "enterprise_id": enterprise,
        "event_time": int(NOW.timestamp()),
        "authorizations": listed,
    }
    return event_body(event, **more)


@pytest.mark.parametrize(
    ("body", "left"),
    [
        (uninstalled("app_uninstalled", "T1"), {"E1", "E1/T5"}),
        (uninstalled("tokens_revoked", "T1", tokens={"bot": ["UBOT"]}), {"E1", "E1/T5"}),
        (uninstalled("tokens_revoked", "T1", tokens={"oauth": ["U1"]}), {"T1", "E1", "E1/T5"}),  # of users: not ours
        (uninstalled("app_uninstalled", "T9"), {"T1", "E1", "E1/T5"}),
        (uninstalled("app_uninstalled", "T5", "E1"), {"T1", "E1"}),  # one workspace: the organisation stays
        (uninstalled("app_uninstalled", "T5", "E1", whole=True), {"T1", "E1/T5"}),
    ],
)
async def test_slack_s_events_delete_what_they_name_and_nothing_else(
    sqlite_database: Database, api: FakeSlack, desk: FakeDesk, body: Json, left: set[str]
) -> None:
    stored = await kept(sqlite_database, installed(), installed("E1", None), installed("E1", "T5"))
    mine = tokens(stored, api, Clock())
    await mine.token("T1")
    closed = closing(Installations(sqlite_database, stored, Clock()), mine.forget)
    async for run in running(desk, api, circle=Circle(closed=closed)):
        assert await run.slack.event(body) == (200, "")
    async with sqlite_database.read() as conn:
        keys = {row.key.replace(":*", "").replace("T1:T1", "T1").replace(":", "/") for row in await conn.execute(KEYS)}
        recorded = [event.fields["object"]["id"] for event in await audit.tail(conn, 10)]
    assert keys == left
    assert len(recorded) == 3 - len(left)
    if "T1" not in left:
        with pytest.raises(ChatRefused):
            await mine.token("T1")


async def test_a_late_uninstall_does_not_close_what_was_installed_since(
    sqlite_database: Database, api: FakeSlack, desk: FakeDesk
) -> None:
    stored = await kept(sqlite_database, replace(installed(), installed_at=NOW + timedelta(minutes=5)))
    closed = closing(Installations(sqlite_database, stored, Clock()), lambda _: None)
    async for run in running(desk, api, circle=Circle(closed=closed)):
        await run.slack.event(uninstalled("app_uninstalled", "T1"))
    assert await stored.of("T1") is not None


async def test_who_lost_the_turn_does_not_overwrite_the_newer_token(sqlite_database: Database) -> None:
    """Slack's answer came after half a minute, when another replica had renewed it already."""
    stored = await kept(sqlite_database, installed(hours=1))
    found = await stored.of("T1")
    assert found is not None
    slow = await stored.take_turn(found, NOW)
    quick = await stored.take_turn(found, NOW + timedelta(seconds=31))
    assert slow
    assert quick
    until = NOW + timedelta(hours=12)
    assert await stored.renewed(found, quick, bot_token="xoxb-quick", refresh_token="xoxe-quick", expires_at=until)
    assert not await stored.renewed(found, slow, bot_token="xoxb-slow", refresh_token="xoxe-slow", expires_at=until)
    after = await stored.of("T1")
    assert after is not None
    assert (after.bot_token, after.refresh_token) == ("xoxb-quick", "xoxe-quick")
