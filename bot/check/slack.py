"""Slack: the token, its permissions, and each listed channel: there, joined, and read by nobody outside."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.chat import Platform
from bot.check.finding import Finding, fail, ok, skipped, warn
from bot.check.given import Given
from bot.clinic import Channel
from bot.slack.outbound import silent_client
from bot.slack.outsiders import shared
from bot.slack.scopes import SCOPES

NAMES: Final = ("slack_token", "slack_scopes", "slack_channels")
NOT_SET_UP: Final = "Slack is not set up here."
REACH_MEND: Final = "See that this machine reaches BATON_SLACK__API_URL over https."


async def slack(given: Given) -> Sequence[Finding]:
    ours = given.settings.slack if given.settings else None
    if ours is None:
        return [skipped(name, NOT_SET_UP) for name in NAMES]
    token = ours.bot_token.get_secret_value() if ours.bot_token else ""
    if not token:
        told = "Baton is installed by each organisation; its tokens are asked about when they are used."
        return [skipped(name, told) for name in NAMES]
    client = silent_client(token, ours.api_url)
    try:
        answer = await client.auth_test()
    except SlackApiError as error:
        code = _code(error)
        mend = "Copy the bot token (xoxb-) of the installed app into BATON_SLACK__BOT_TOKEN, or install the app again."
        first = fail("slack_token", f"Slack does not accept the bot token ({code}).", mend)
        return [first, *(skipped(name, "The token comes first.") for name in NAMES[1:])]
    except (aiohttp.ClientError, SlackClientError, OSError, TimeoutError) as error:
        first = fail("slack_token", f"Slack could not be reached ({type(error).__name__}).", REACH_MEND)
        return [first, *(skipped(name, "Slack comes first.") for name in NAMES[1:])]
    granted = {name.lower(): value for name, value in answer.headers.items()}.get("x-oauth-scopes")
    token_fine = ok("slack_token", "Slack accepts the bot token.")
    return [token_fine, _scopes(granted), await _channels(given, client)]


def _scopes(granted: str | None) -> Finding:
    mend = "Build the manifest (`baton manifests build`), update the app in Slack with it, and install it again."
    if granted is None:
        return warn("slack_scopes", "Slack did not say what the token may do.", mend)
    has = {scope.strip() for scope in granted.split(",")}
    if missing := [f"{scope}: {reason}" for scope, reason in SCOPES.items() if scope not in has]:
        return fail("slack_scopes", f"The token lacks {len(missing)} of {len(SCOPES)} permissions.", mend, missing)
    if more := sorted(has - set(SCOPES) - {""}):
        return warn("slack_scopes", "The token may do more than Baton asks for.", mend, more)
    return ok("slack_scopes", f"The token has the {len(SCOPES)} permissions that Baton needs, and no other.")


async def _channels(given: Given, client: Any) -> Finding:
    if given.clinic is None:
        return skipped("slack_channels", "The clinic file comes first.")
    listed = [channel for channel in given.clinic.channels if channel.platform is Platform.SLACK]
    wrong = [f"{channel.id}: {why}" for channel in listed if (why := await _trouble(client, channel))]
    if wrong:
        mend = "Invite Baton with /invite, correct external_id in the clinic file, or take shared channels out of it."
        return fail("slack_channels", f"{len(wrong)} of {len(listed)} listed channels cannot be used.", mend, wrong)
    return ok("slack_channels", f"Baton is in each of the {len(listed)} listed channels, and nobody outside is.")


async def _trouble(client: Any, channel: Channel) -> str | None:
    try:
        answer = await client.conversations_info(channel=channel.external_id)
    except SlackApiError as error:
        code = _code(error)
        return "Slack does not know this channel, or Baton is not in it" if code == "channel_not_found" else code
    except (aiohttp.ClientError, SlackClientError, OSError, TimeoutError):
        return "Slack did not answer"
    about = answer.get("channel") or {}
    if about.get("is_archived") is True:
        return "the channel is archived"
    if about.get("is_member") is not True:
        return "Baton is not a member"
    refusal = shared(about)
    return refusal.sentence if refusal else None


def _code(error: SlackApiError) -> str:
    said = getattr(error.response, "data", None)
    return str(said.get("error", "unknown"))[:60] if isinstance(said, Mapping) else "unknown"
