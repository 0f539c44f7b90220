"""The Teams app package: its manifest, its permissions each with a reason, and the zip that is uploaded."""

import io
import json
import uuid
import zipfile
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

from bot.manifests import picture
from bot.manifests.said import COLOR, LONG, NAME, SHORT, Deployment, commands
from skills.kit import Command

type Json = dict[str, Any]  # checked against Microsoft's own schema in the tests

SCHEMA: Final = "https://developer.microsoft.com/json-schemas/teams/v1.24/MicrosoftTeams.schema.json"
SCOPES: Final[Mapping[str, str]] = {  # where the bot can be spoken to
    "personal": "Drafts, decisions and pages, between Baton and one person.",
    "team": "Cards in the channels that the clinic file lists.",
    "groupChat": "Answers in a group chat, which carries nothing about clients unless the clinic file lists it.",
}
RESOURCE_SPECIFIC: Final[Mapping[str, str]] = {  # granted by each team or chat for itself, not for the whole tenant
    "TeamMember.Read.Group": "Finds out who could read along in a team, before anything about a client stands there.",
    "ChatMember.Read.Chat": "The same for a group chat.",
}
LEFT_OUT: Final[Mapping[str, str]] = {
    "ChannelMessage.Read.Group": "Baton hears a channel only where it is mentioned.",
    "ChatMessage.Read.Chat": "The same for a group chat.",
}
MOST_COMMANDS: Final = 10
TITLE, DESCRIPTION = 32, 128  # what Teams shows of a command
ZIP_MOMENT: Final = (1980, 1, 1, 0, 0, 0)  # the same content gives the same file
OURS: Final = uuid.uuid5(uuid.NAMESPACE_URL, "https://baton.example.org/teams-app")


def app_id(client_id: str) -> str:
    """The same for each build: an update replaces the app instead of standing beside it."""
    return str(uuid.uuid5(OURS, client_id.lower()))


def manifest(where: Deployment) -> Json:
    return {
        "$schema": SCHEMA,
        "manifestVersion": "1.24",
        "version": version("baton-care"),
        "id": app_id(where.client_id),
        "developer": {
            "name": NAME,
            "websiteUrl": where.public_url,
            "privacyUrl": where.public_url,
            "termsOfUseUrl": where.public_url,
        },
        "name": {"short": NAME, "full": f"{NAME} for behavioral-health care teams"},
        "description": {"short": "Drafts for care teams, decided by people.", "full": f"{SHORT}\n\n{LONG}"},
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": COLOR,
        "bots": [_bot(where)],
        "validDomains": [where.host],
        "webApplicationInfo": {"id": where.client_id, "resource": f"api://{where.host}/{where.client_id}"},
        "authorization": {
            "permissions": {
                "resourceSpecific": [{"name": name, "type": "Application"} for name in RESOURCE_SPECIFIC],
            }
        },
        "defaultInstallScope": "personal",
    }


def package(where: Deployment) -> bytes:
    """The zip: three files at its root, the same bytes each time."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files(where).items():
            archive.writestr(zipfile.ZipInfo(name, ZIP_MOMENT), content)
    return packed.getvalue()


def files(where: Deployment) -> dict[str, bytes]:
    return {
        "manifest.json": (json.dumps(manifest(where), indent=2) + "\n").encode(),
        "color.png": picture.color(),
        "outline.png": picture.outline(),
    }


def _bot(where: Deployment) -> Json:
    return {
        "botId": where.client_id,
        "scopes": list(SCOPES),
        "isNotificationOnly": False,
        "supportsFiles": False,
        "supportsCalling": False,
        "supportsVideo": False,
        "commandLists": [{"scopes": list(SCOPES), "commands": _commands()}],
    }


def _commands() -> list[Json]:
    """Teams shows ten: what comes after them is known to `help`, which stands first, and works when it is typed."""
    spoken = [Command("help", "", "What Baton can do here."), *(each for each in commands() if each.name != "baton")]
    return [{"title": each.name[:TITLE], "description": _about(each)} for each in spoken[:MOST_COMMANDS]]


def _about(command: Command) -> str:
    told = f"{command.summary}: {command.hint}" if command.hint else command.summary
    return told if len(told) <= DESCRIPTION else command.summary[:DESCRIPTION]
