"""Only Microsoft's token issuer may speak for Teams, and nobody can slow the door down."""

import asyncio
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from bot.teams.app import TeamsPlatform
from tests.fakes.conversations import MemoryConversations
from tests.fakes.desk import FakeDesk
from tests.fakes.teams_bot import APP_ID, TENANT, TeamsBot, running_bot
from tests.fakes.teams_connector import TeamsConnector
from tests.fakes.teams_issuer import ISSUER, TeamsIssuer, running_issuer


async def test_a_token_of_the_issuer_opens_the_door(bot: TeamsBot, desk: FakeDesk) -> None:
    assert (await bot.hear(bot.typed("handoff C-102"))).status == 200
    assert [words.text for words in desk.typed_words] == ["handoff C-102"]


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://login.microsoftonline.com/tenant/v2.0"},
        {"iss": "https://sts.windows.net/tenant/"},
        {"iss": "https://api.botframework.example"},
        {"aud": "99999999-0000-0000-0000-000000000000"},
        {"exp": 1_700_000_000},
        {"serviceurl": "https://smba.trafficmanager.net/amer/"},
        {"serviceurl": None},
        {"key": "forged"},
    ],
    ids=str,
)
async def test_any_other_token_is_refused(bot: TeamsBot, desk: FakeDesk, claims: dict[str, Any]) -> None:
    assert (await bot.hear(bot.typed("handoff C-102"), token=bot.token(**claims))).status == 401
    assert desk.typed_words == []


async def test_a_forged_signature_with_a_known_key_id_is_refused(bot: TeamsBot, desk: FakeDesk) -> None:
    head, body, _ = bot.token().split(".")
    other = bot.token(key="forged").split(".")[2]
    assert (await bot.hear(bot.typed("handoff C-102"), token=f"{head}.{body}.{other}")).status == 401
    assert desk.typed_words == []


@pytest.mark.parametrize("token", ["", "not-a-token", jwt.encode({"iss": ISSUER}, "s" * 32, algorithm="HS256")])
async def test_no_token_and_nonsense_are_refused(bot: TeamsBot, token: str) -> None:
    assert (await bot.hear(bot.typed("handoff C-102"), token=token)).status == 401


async def test_an_entra_issuer_is_refused_before_its_keys_are_asked_for(bot: TeamsBot) -> None:
    """The SDK would fetch keys from an address that the unverified token names."""
    answered = await bot.hear(
        bot.typed("hello"), token=bot.token(iss="https://login.microsoftonline.com/x/v2.0", tid="x")
    )
    assert (answered.status, answered.body) == (401, {"error": "token not from the issuer"})


async def test_keys_are_fetched_once_and_never_on_the_loop(connector: TeamsConnector, desk: FakeDesk) -> None:
    with running_issuer(delay_s=0.9) as slow:
        async with running_bot(slow, connector, desk) as bot:
            answer = asyncio.ensure_future(bot.hear(bot.typed("handoff C-102")))
            assert await _longest_pause(1.0) < 0.6
            assert (await answer).status == 200
            assert (await bot.hear(bot.typed("handoff C-103"))).status == 200
        assert slow.asked == ["/v1/.well-known/keys"]


async def test_forged_requests_do_not_hold_up_the_loop(connector: TeamsConnector, desk: FakeDesk) -> None:
    with running_issuer(delay_s=0.9) as slow:
        async with running_bot(slow, connector, desk) as bot:
            forged = [bot.hear(bot.typed("x"), token=bot.token(key="forged"), settle=False) for _ in range(3)]
            answers = asyncio.gather(*forged)
            longest = await _longest_pause(0.8)
            assert {answer.status for answer in await answers} == {401}
            assert longest < 0.6
        assert len(slow.asked) == 1


async def _longest_pause(for_s: float) -> float:
    longest, last = 0.0, time.perf_counter()
    end = last + for_s
    while last < end:
        await asyncio.sleep(0.01)
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
    return longest


async def test_while_the_issuer_is_down_teams_is_asked_to_come_back(connector: TeamsConnector, desk: FakeDesk) -> None:
    with running_issuer(down=True) as down:
        async with running_bot(down, connector, desk) as bot:
            assert (await bot.hear(bot.typed("handoff C-102"))).status == 503
    assert desk.typed_words == []


async def test_a_key_endorsed_for_other_channels_only_is_refused(connector: TeamsConnector, desk: FakeDesk) -> None:
    with running_issuer(endorsements=("webchat",)) as webchat:
        async with running_bot(webchat, connector, desk) as bot:
            assert (await bot.hear(bot.typed("handoff C-102"))).status in {401, 503}
    assert desk.typed_words == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"channelId": "webchat"}, 403),
        ({"channelId": 7}, 400),
        ({"conversation": {"id": "a:dana", "tenantId": "another"}}, 403),
        ({"conversation": {"id": "a:dana"}, "channelData": {}}, 403),
        ({"channelData": {"tenant": {"id": "another"}}}, 403),
        ({"serviceUrl": "https://smba.example.org/"}, 403),
        ({"serviceUrl": ""}, 403),
        ({"type": None}, 400),
        ({"id": 12}, 400),
    ],
    ids=str,
)
async def test_an_activity_from_elsewhere_is_refused(
    bot: TeamsBot, desk: FakeDesk, change: dict[str, Any], status: int
) -> None:
    assert (await bot.hear({**bot.typed("handoff C-102"), **change})).status == status
    assert desk.typed_words == []


async def test_a_refusal_logs_a_fixed_word_and_nothing_of_the_request(
    bot: TeamsBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for token in (
        "",
        bot.token(aud="marker-claim"),
        bot.token(iss="marker-claim"),
        bot.token(serviceurl="https://marker/"),
    ):
        await bot.hear(bot.typed("marker-words"), token=token)
    assert "teams request refused" in caplog.text
    assert "marker" not in caplog.text


@pytest.mark.parametrize("value", ["1", "true", "YES", "on", "whatever"])
def test_the_switch_that_lets_anybody_in_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DANGEROUSLY_ALLOW_UNAUTHENTICATED_REQUESTS", value)
    with pytest.raises(ValueError, match="speak for anybody"):
        TeamsPlatform(
            client_id=APP_ID,
            client_secret="s",
            tenant_ids=(TENANT,),
            desk=FakeDesk(),
            conversations=MemoryConversations(),
        )


@pytest.mark.parametrize(("switch", "status"), [("true", 200), ("false", 401)])
async def test_in_the_demo_the_switch_decides(
    issuer: TeamsIssuer, connector: TeamsConnector, switch: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DANGEROUSLY_ALLOW_UNAUTHENTICATED_REQUESTS", switch)
    async with running_bot(issuer, connector, FakeDesk(), demo=True) as bot:
        assert (await bot.hear(bot.typed("handoff C-102"), token="")).status == status


def test_importing_the_sdk_reads_no_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PLANTED=1")
    code = "import os, bot.teams; print('PLANTED' in os.environ, 'PYTHON_DOTENV_DISABLED' in os.environ)"
    environment = {"PYTHONPATH": str(Path.cwd()), "PATH": os.environ["PATH"]}
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert (ran.stdout, ran.stderr) == (b"False False\n", b"")


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="client_id, tenant_ids, client_secret"):
        TeamsPlatform(client_id="", tenant_ids=(), desk=FakeDesk(), conversations=MemoryConversations())
