"""Slack as it is set up: a bot token of an app installed by hand, or installs from our own pages; by HTTP or socket."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from bot.chat import Desk, Platform
from bot.crisis.words import answers_a_page
from bot.flow import present, readers
from bot.flow.office import Office
from bot.settings import SlackSettings
from bot.slack.app import SlackPlatform
from bot.slack.installations import Installations, InstalledTokens, States, closing
from bot.slack.installing import Installing
from bot.slack.listeners import Circle
from bot.slack.outbound import SlackChat, silent_client
from bot.slack.outsiders import guarding, watching
from bot.store.installations import StoredInstallations, StoredStates

NO_SECRET: Final = ""


def slack_of(
    settings: SlackSettings, office: Office, desk: Desk, *, commands: Sequence[str], public_url: str
) -> SlackPlatform:
    """Not opened yet. A bot token in the settings is the one that is used, whatever was installed."""
    by_install = None if settings.bot_token else _ByInstall(settings, office, public_url)
    bot_token = settings.bot_token.get_secret_value() if settings.bot_token else NO_SECRET
    chat = SlackChat(by_install.tokens if by_install else bot_token, settings.api_url)
    return SlackPlatform(
        signing_secret=settings.signing_secret.get_secret_value() if settings.signing_secret else None,
        desk=desk,
        now=office.clock,
        api_url=settings.api_url,
        commands=commands,
        chat=chat,
        circle=_circle(office, chat, by_install),
        installing=by_install.pages if by_install else None,
        app_token=settings.app_token.get_secret_value() if settings.app_token else "",
    )


class _ByInstall:
    """The pages of the install, the tokens it brought, and what ends it."""

    def __init__(self, settings: SlackSettings, office: Office, public_url: str) -> None:
        assert settings.client_secret is not None
        client_id, client_secret = settings.client_id, settings.client_secret.get_secret_value()
        clock: Callable[[], datetime] = office.clock
        slack = partial(silent_client, None, settings.api_url)
        stored = StoredInstallations(office.db, office.seal)
        installations = Installations(office.db, stored, clock)
        self.tokens = InstalledTokens(stored, slack, (client_id, client_secret), clock)
        self.closed = closing(installations, self.tokens.forget)
        self.pages = Installing(
            client_id=client_id,
            client_secret=client_secret,
            public_url=public_url,
            api_url=settings.api_url,
            tenants=tenants(office),
            states=States(StoredStates(office.db, clock)),
            installations=installations,
            slack=slack,
            installed=self.tokens.forget,
        )


def tenants(office: Office) -> frozenset[str]:
    """The organisations and workspaces that the clinic file names: no other may install Baton."""
    named = [who for staff in office.clinic.staff for who in staff.identities()]
    places = [(channel.platform, channel.tenant) for channel in office.clinic.channels]
    people = [(who.platform, who.tenant) for who in named]
    return frozenset(tenant for platform, tenant in [*places, *people] if platform is Platform.SLACK)


def _circle(office: Office, chat: SlackChat, by_install: _ByInstall | None) -> Circle:
    """Outsiders are turned away at each click, recorded, and cards are taken down where they come in."""
    turned_away = partial(readers.turned_away, office)
    look_again = partial(present.look_again, office)
    return Circle(
        allowed=guarding(chat.outsiders, turned_away),
        noted=turned_away,
        changed=watching(chat.outsiders, look_again),
        closed=by_install.closed if by_install else None,
        urgent=answers_a_page,
    )
