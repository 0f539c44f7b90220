"""Who signs in to the console outside of the sandbox, and what of it is recorded."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

import aiohttp

from bot.chat import Place, Platform, Who
from bot.clinic import CONSOLE_TENANT
from bot.flow import trail
from bot.flow.office import Office, new_id
from bot.privacy.audit import Action, Outcome
from bot.privacy.policy import Answer
from bot.settings import Profile, Settings
from bot.store.ended import Ended
from bot.web.gate import Live
from bot.web.oidc import Provider
from bot.web.signing_in import CALLBACK, SignOn, matched

ACTIONS: Final[Mapping[str, Action]] = {
    "login": Action.LOGIN,
    "login_failed": Action.LOGIN_FAILED,
    "logout": Action.LOGOUT,
}


async def opened(stack: AsyncExitStack, settings: Settings, office: Office) -> SignOn | None:
    """None in the demo, where people choose a persona, and where no provider is set up."""
    if settings.oidc is None or settings.profile is Profile.DEMO:
        return None
    theirs, here = settings.oidc, f"{settings.public_url.rstrip('/')}{CALLBACK}"
    http = await stack.enter_async_context(aiohttp.ClientSession())
    provider = Provider(theirs.issuer, theirs.client_id, theirs.client_secret.get_secret_value(), here, http)
    over = Ended(office.db, office.seal)
    live = Live(known=partial(may_enter, office), ended=over.ended, end=over.end)
    named = [(staff.web, staff.web) for staff in office.clinic.staff if staff.active and staff.web]
    return SignOn(provider, matched(named), partial(recorded, office), live)


def may_enter(office: Office, person: str) -> bool:
    """Asked with each page: somebody who left is turned away at the next click."""
    return office.people.by_chat(Who(Platform.WEB, CONSOLE_TENANT, person)) is not None


async def recorded(office: Office, what: str, person: str, rule: str) -> None:
    """`person`: the console's id, a stranger's as "web:..."; "" when nobody is known."""
    action, who = ACTIONS[what], Who(Platform.WEB, CONSOLE_TENANT, person.removeprefix("web:") or "nobody")
    answer = Answer(allowed=action is not Action.LOGIN_FAILED, rule=rule)
    outcome = Outcome.SUCCESS if answer.allowed else Outcome.REFUSED
    about, place = trail.About("console_session", new_id()), Place(Platform.WEB, CONSOLE_TENANT, "console")
    staff = office.people.by_chat(who)
    async with office.db.write() as conn:
        await trail.note(conn, office, action, staff, about, who=who, place=place, answer=answer, outcome=outcome)
