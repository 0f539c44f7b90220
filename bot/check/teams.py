"""Teams: whether Microsoft gives a token for the bot's credentials."""

from collections.abc import Sequence
from typing import Final

import aiohttp

from bot.check.finding import Finding, fail, ok, skipped
from bot.check.given import Given

SCOPE: Final = "https://api.botframework.com/.default"
TIMEOUT: Final = aiohttp.ClientTimeout(total=10)


async def teams(given: Given) -> Sequence[Finding]:
    ours = given.settings.teams if given.settings else None
    if ours is None:
        return [skipped("teams_credentials", "Teams is not set up here.")]
    form = {
        "grant_type": "client_credentials",
        "client_id": ours.client_id,
        "client_secret": ours.client_secret.get_secret_value(),
        "scope": SCOPE,
    }
    url = f"{given.login_url}/{ours.tenant_ids[0]}/oauth2/v2.0/token"
    try:
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session, session.post(url, data=form) as answer:
            return [_told(answer.status)]
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        told = f"Microsoft's sign-in could not be reached ({type(error).__name__})."
        return [fail("teams_credentials", told, "See that this machine reaches login.microsoftonline.com over https.")]


def _told(status: int) -> Finding:
    if status == 200:
        return ok("teams_credentials", "Microsoft gives a token for the bot.")
    if status in {400, 401, 403}:
        mend = (
            "Make a new client secret in Entra for this application, put it into BATON_TEAMS__CLIENT_SECRET, and see "
            "that CLIENT_ID and the first of TENANT_IDS are those of the bot."
        )
        return fail("teams_credentials", f"Microsoft does not accept the bot's credentials ({status}).", mend)
    return fail("teams_credentials", f"Microsoft's sign-in had a problem of its own ({status}).", "Try again later.")
