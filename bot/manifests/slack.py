"""Slack's app manifest. Scopes and events are those of `bot/slack/scopes.py`, each with its reason beside it."""

from typing import Any, Final

from bot.manifests.said import COLOR, LONG, NAME, SHORT, Deployment, commands
from bot.manifests.yaml import Noted
from bot.slack.app import ROUTE
from bot.slack.installing import REDIRECT
from bot.slack.scopes import EVENTS, SCOPES, SHORTCUTS
from skills.kit import Command

type Json = dict[str, Any]  # checked against Slack's own schema in the tests

HEADER: Final = "Made by `baton manifests build`: change the shelf or bot/slack/scopes.py instead of this file."


def manifest(where: Deployment) -> Json:
    """With Socket Mode Slack calls no address of ours, so none stands in it but the one people come back to."""
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": NAME,
            "description": SHORT,
            "long_description": LONG,
            "background_color": COLOR,
        },
        "features": _features(where),
        "oauth_config": {
            "redirect_urls": [where.public_url + REDIRECT],
            "scopes": {"bot": [Noted(scope, reason) for scope, reason in SCOPES.items()]},
        },
        "settings": {
            "event_subscriptions": {
                **_address(where, "request_url"),
                "bot_events": [Noted(name, reason) for name, reason in EVENTS.items()],
            },
            "interactivity": {"is_enabled": True, **_address(where, "request_url")},
            "org_deploy_enabled": where.org_wide,
            "socket_mode_enabled": where.socket_mode,
            "token_rotation_enabled": where.rotation,
        },
    }


def _features(where: Deployment) -> Json:
    return {
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": NAME, "always_online": True},
        "shortcuts": [
            {"name": each.name, "type": each.type, "callback_id": each.callback_id, "description": each.description}
            for each in SHORTCUTS
        ],
        "slash_commands": [_slash(command, where) for command in commands()],
    }


def _slash(command: Command, where: Deployment) -> Json:
    """Names are not turned into ids on the way (`should_escape`): Baton reads them as they were typed."""
    return {
        "command": f"/{command.name}",
        **_address(where, "url"),
        "description": command.summary,
        "usage_hint": command.hint,
        "should_escape": False,
    }


def _address(where: Deployment, name: str) -> Json:
    return {} if where.socket_mode else {name: where.public_url + ROUTE}
