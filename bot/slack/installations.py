"""slack_sdk's stores of installations and of install states, on our database; and the tokens that Baton speaks with.

A token is renewed two hours before it expires, by one process at a time. Who loses the turn goes on with the old one.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.chat import ChatRefused, ChatUnavailable
from bot.privacy import audit
from bot.privacy.audit import Action
from bot.store.installations import Installed, StoredInstallations, StoredStates
from bot.store.session import Database

RENEW_BEFORE: Final = timedelta(hours=2)
REMEMBERED_S: Final = 15.0
WAIT_FOR_TURN_S: Final = 0.2
TURNS_WAITED: Final = 20

FAILURES: Final = (SlackApiError, SlackClientError, aiohttp.ClientError, OSError, TimeoutError, ValueError)

NOT_INSTALLED: Final = "Baton is not installed in this Slack workspace (any more). An administrator can install it."
NOT_RENEWED: Final = "Slack does not renew Baton's token. An administrator should install Baton again."

_log = structlog.get_logger(__name__)


class States(AsyncOAuthStateStore):
    """Single use, ten minutes. The browser's cookie is compared by whoever asks."""

    def __init__(self, stored: StoredStates) -> None:
        self._stored = stored

    async def async_issue(self, *args: object, **kwargs: object) -> str:
        return await self._stored.issue()

    async def async_consume(self, state: str) -> bool:
        return await self._stored.consume(state)


class Installations(AsyncInstallationStore):
    """Bot tokens only: Baton asks for no scope of a user. Each change is in the audit trail."""

    def __init__(self, db: Database, stored: StoredInstallations, clock: Callable[[], datetime]) -> None:
        self._db, self._stored, self._clock = db, stored, clock

    async def async_save(self, installation: Installation) -> None:
        new = _installed(installation, self._clock())
        async with self._db.write() as conn:
            await self._stored.keep(conn, new)
            await audit.append(conn, _event(new.tenant, new.team, "slack.installed", by=f"slack:{new.installed_by}"))

    async def async_save_bot(self, bot: Bot) -> None:
        raise NotImplementedError("a bot without its installation is never kept")

    async def async_find_installation(
        self,
        *,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None = None,
        is_enterprise_install: bool | None = False,
    ) -> Installation | None:
        """Of the organisation as a whole, whichever of its workspaces is asked for; else of the workspace itself."""
        found = await self._stored.of(enterprise_id or team_id or "", team_id or "")
        return _as_slack_sdk(found, enterprise_id) if found else None

    async def async_find_bot(
        self, *, enterprise_id: str | None, team_id: str | None, is_enterprise_install: bool | None = False
    ) -> Bot | None:
        found = await self.async_find_installation(enterprise_id=enterprise_id, team_id=team_id)
        return found.to_bot() if found else None

    async def async_delete_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None
    ) -> None:
        await self.close(enterprise_id or team_id or "", team_id, before=self._clock(), why="slack.deleted")

    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        await self.async_delete_installation(enterprise_id=enterprise_id, team_id=team_id)

    async def close(self, tenant: str, team: str | None, *, before: datetime, why: str) -> bool:
        """Delete the tokens. False: there was nothing to delete, or it was installed again since."""
        async with self._db.write() as conn:
            if not await self._stored.drop(conn, tenant, team, before=before):
                return False
            await audit.append(conn, _event(tenant, team, why, by="slack"))
            return True


@dataclass(frozen=True, slots=True)
class _Held:
    installed: Installed
    until: float


class InstalledTokens:
    """`bot.slack.outbound.Tokens` from the database. `slack`: a client without a token, for renewing."""

    def __init__(
        self,
        stored: StoredInstallations,
        slack: Callable[[], AsyncWebClient],
        credentials: tuple[str, str],
        clock: Callable[[], datetime],
    ) -> None:
        self._stored, self._slack, self._credentials, self._clock = stored, slack, credentials, clock
        self._held: dict[str, _Held] = {}

    async def token(self, tenant: str) -> str:
        held = self._held.get(tenant)
        if held is None or held.until < time.monotonic() or not self._good(held.installed):
            self.forget(tenant)
            held = _Held(await self._found(tenant), time.monotonic() + REMEMBERED_S)
            self._held[tenant] = held
        return held.installed.bot_token

    def forget(self, tenant: str) -> None:
        self._held.pop(tenant, None)

    async def _found(self, tenant: str) -> Installed:
        """One that is still good; renewed first where it is time to."""
        for _ in range(TURNS_WAITED):
            found = await self._stored.of(tenant)
            if found is None:
                raise ChatRefused(NOT_INSTALLED)
            if not self._due(found):
                return found
            if turn := await self._stored.take_turn(found, self._clock()):
                if (renewed := await self._renewed(found, turn)) is not None:
                    return renewed
            elif self._good(found):
                return found
            else:
                await asyncio.sleep(WAIT_FOR_TURN_S)
        raise ChatUnavailable("Baton's Slack token is being renewed.")

    async def _renewed(self, found: Installed, turn: str) -> Installed | None:
        """None: Baton was uninstalled meanwhile, and what Slack sent is thrown away. After a no, an old one may do."""
        try:
            answer = await self._asked_for_renewal(found)
        except FAILURES as error:
            await self._stored.give_turn_back(found, turn)
            _log.error("slack.token_not_renewed", error=type(error).__name__)
            if self._good(found):
                return found
            raise _in_words(error) from None
        fresh: dict[str, Any] = {
            "bot_token": answer["access_token"],
            "refresh_token": answer["refresh_token"],
            "expires_at": self._clock() + timedelta(seconds=int(answer["expires_in"])),
        }
        kept = await self._stored.renewed(found, turn, **fresh)
        return replace(found, **fresh) if kept else None

    async def _asked_for_renewal(self, found: Installed) -> dict[str, Any]:
        client_id, client_secret = self._credentials
        answer = await oauth_access(
            self._slack(),
            client_id=client_id,
            client_secret=client_secret,
            grant_type="refresh_token",
            refresh_token=found.refresh_token or "",
        )
        said = dict(answer.data) if isinstance(answer.data, dict) else {}
        if said.get("token_type") != "bot" or not all(
            said.get(n) for n in ("access_token", "refresh_token", "expires_in")
        ):
            raise ValueError("what Slack sent is no bot token")
        return said

    def _due(self, installed: Installed) -> bool:
        return self._expires_within(installed, RENEW_BEFORE)

    def _good(self, installed: Installed) -> bool:
        return not self._expires_within(installed, timedelta(0))

    def _expires_within(self, installed: Installed, margin: timedelta) -> bool:
        return installed.expires_at is not None and installed.expires_at <= self._clock() + margin


async def oauth_access(slack: AsyncWebClient, **fields: str) -> AsyncSlackResponse:
    """slack_sdk's own method for it signs with a class that aiohttp has deprecated."""
    return await slack.api_call("oauth.v2.access", data=fields)


def _in_words(error: Exception) -> ChatRefused | ChatUnavailable:
    """Only a clear no of Slack is for a person; anything else passes."""
    refused = isinstance(error, SlackApiError) and error.response.get("error") in {
        "invalid_refresh_token",
        "bad_client_secret",
    }
    return ChatRefused(NOT_RENEWED) if refused else ChatUnavailable("Slack does not renew Baton's token just now.")


def _installed(new: Installation, now: datetime) -> Installed:
    """Raises ValueError where slack_sdk's installation has no token, or belongs to nobody."""
    tenant = new.enterprise_id or new.team_id
    if not tenant or not new.bot_token:
        raise ValueError("an installation without a tenant or a token is not kept")
    expires = new.bot_token_expires_at
    return Installed(
        tenant=tenant,
        team=None if new.is_enterprise_install else new.team_id,
        app_id=new.app_id or "",
        bot_user=new.bot_user_id or "",
        scopes=",".join(new.bot_scopes or ()),
        installed_by=new.user_id or "",
        installed_at=now,
        bot_token=new.bot_token,
        refresh_token=new.bot_refresh_token,
        expires_at=datetime.fromtimestamp(expires, UTC) if expires else None,
    )


def _as_slack_sdk(found: Installed, enterprise_id: str | None) -> Installation:
    return Installation(
        app_id=found.app_id,
        enterprise_id=enterprise_id,
        team_id=found.team,
        bot_token=found.bot_token,
        bot_user_id=found.bot_user,
        bot_scopes=found.scopes,
        bot_refresh_token=found.refresh_token,
        bot_token_expires_at=int(found.expires_at.timestamp()) if found.expires_at else None,
        user_id=found.installed_by,
        is_enterprise_install=found.team is None,
        installed_at=found.installed_at.timestamp(),
    )


def closing(
    installations: Installations, forget: Callable[[str], None]
) -> Callable[[Mapping[str, Any]], Coroutine[Any, Any, None]]:
    """What the listeners do when Slack says that tokens were revoked or Baton was uninstalled."""

    async def closed(body: Mapping[str, Any]) -> None:
        event = body["event"]
        if event["type"] == "tokens_revoked" and not _names_bot(event):
            return
        tenant, team = _whose(body)
        before = datetime.fromtimestamp(int(body.get("event_time") or 0) + 1, UTC)
        await installations.close(tenant, team, before=before, why=f"slack.{event['type']}")
        forget(tenant)

    return closed


def _names_bot(event: Mapping[str, Any]) -> bool:
    tokens = event.get("tokens")
    return isinstance(tokens, Mapping) and bool(tokens.get("bot"))


def _whose(body: Mapping[str, Any]) -> tuple[str, str | None]:
    """Of the whole organisation only where Slack says so: another workspace's uninstall must not close it."""
    enterprise, team = str(body.get("enterprise_id") or ""), str(body.get("team_id") or "")
    listed = body.get("authorizations")
    flags = [each.get("is_enterprise_install") for each in listed] if isinstance(listed, list) else []
    whole = bool(enterprise) and (True in flags or not team)
    return enterprise or team, None if whole else team


def _event(tenant: str, team: str | None, why: str, *, by: str) -> audit.Event:
    return audit.Event(
        action=Action.CONFIG_CHANGED,
        actor=audit.Actor(id=by),
        app=audit.ClientApp(app="slack"),
        tenant=tenant,
        workspace=team,
        object=audit.Object(type="slack_installation", id=f"{tenant}:{team or '*'}"),
        reason=why,
    )
