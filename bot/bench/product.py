"""Baton itself as a contestant: `baton serve` with Slack, on the database and the EHR it is given."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Engine, event

from bot.app import opened
from bot.bench.child import Json, Part
from bot.bench.doors import served
from bot.settings import EhrSettings, RateSettings, Settings, SlackSettings
from ehr_clients.sandbox import SandboxServer
from ehr_clients.sandbox import clinic as sandbox_clinic

CLIENT = "baton"


@asynccontextmanager
async def sandbox(secret: str) -> AsyncIterator[Part]:
    """The sandbox clinic in a process of its own, so that what it costs is not counted as Baton's."""
    bundles = sandbox_clinic.bundles(datetime.now(UTC).date())
    async with SandboxServer(bundles=bundles, client_id=CLIENT, client_secret=secret) as server:

        async def hang(_: Json) -> Json:
            server.faults.hang(None)
            return {}

        async def answer(_: Json) -> Json:
            server.faults.clear()
            return {"fired": server.faults.fired}

        facts = {"base_url": server.base_url, "token_url": server.token_url, "secret": secret}
        yield Part(facts, {"hang": hang, "answer": answer})


def settings(database: str, ehr: Json, *, slack: str | None = None) -> Settings:
    """`ehr`: the facts of a `sandbox`. `slack`: a signing secret."""
    return Settings(
        database_url=database,
        slack=_door(slack) if slack else None,
        rates=RateSettings(burst=0),  # one person stands for a whole clinic
        ehr=EhrSettings(
            kind="fhir_r4",
            base_url=ehr["base_url"],
            token_url=ehr["token_url"],
            client_id=CLIENT,
            client_secret=SecretStr(ehr["secret"]),
        ),
    )


def _door(secret: str) -> SlackSettings:
    """Nobody listens at that address: an answer that comes late is lost at once."""
    return SlackSettings(signing_secret=SecretStr(secret), bot_token=SecretStr("xoxb-1"), api_url="http://127.0.0.1:9/")


@asynccontextmanager
async def serving(database: str, ehr: Json, secret: str) -> AsyncIterator[Part]:
    """Web and work in one process, as `baton serve` does."""
    said = _Statements()
    async with opened(settings(database, ehr, slack=secret)) as baton, served(baton.web) as port:
        from bot.bench.story import handoffs  # noqa: PLC0415 - the other roles do without it

        async def statements(_: Json) -> Json:
            return {"statements": said.count}

        async def hand_off(asked: Json) -> Json:
            return await handoffs(baton, asked["count"])

        yield Part({"port": port}, {"statements": statements, "handoffs": hand_off})


class _Statements:
    """How many statements SQLAlchemy sent; BEGIN counts on SQLite, where it is one."""

    def __init__(self) -> None:
        self.count = 0
        event.listen(Engine, "before_cursor_execute", self._sent)

    def _sent(self, *_: Any) -> None:
        self.count += 1
