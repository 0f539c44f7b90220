"""Slack as the settings have it, in the whole product: by hand, by install, by socket."""

from pathlib import Path

import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.settings import SlackSettings
from bot.slack.opening import slack_of, tenants
from tests.fakes.desk import FakeDesk
from tests.fakes.office import at_work

BY_HAND = SlackSettings(signing_secret=SecretStr("s"), bot_token=SecretStr("xoxb-1"))
BY_INSTALL = SlackSettings(signing_secret=SecretStr("s"), client_id="1.2", client_secret=SecretStr("c"))
BY_SOCKET = SlackSettings(app_token=SecretStr("xapp-1"), bot_token=SecretStr("xoxb-1"))


@pytest.mark.parametrize(
    ("settings", "routes"),
    [
        (BY_HAND, {"/slack/events"}),
        (BY_INSTALL, {"/slack/events", "/slack/install", "/slack/oauth_redirect"}),
        (BY_SOCKET, set()),
    ],
    ids=["by hand", "by install", "by socket"],
)
async def test_only_the_doors_that_are_needed_are_there(
    tmp_path: Path, settings: SlackSettings, routes: set[str]
) -> None:
    async with at_work(tmp_path) as work:
        platform = slack_of(settings, work.office, FakeDesk(), commands=["handoff"], public_url="https://b.example.org")
        site = web.Application()
        platform.routes(site)
        assert {resource.canonical for resource in site.router.resources()} == routes
        assert tenants(work.office) == {"T0SANDBOX"}
