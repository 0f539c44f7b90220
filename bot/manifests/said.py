"""What both platforms are told: the commands of the shelf and of the rooms, and the addresses of the settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from bot.flow import rooms
from bot.settings import Settings
from skills import ALL
from skills.kit import Command

NAME: Final = "Baton"
SHORT: Final = "Drafts handoffs, referral updates and crisis notes. A clinician decides; the chart remembers."
LONG: Final = (
    "Baton helps behavioral-health care teams pass work on. It reads the chart of the electronic health record, drafts "
    "the handoff, the referral update or the crisis note, and shows every sentence with its source. Nothing is written "
    "to a chart before a person with the role and the licence for it has approved it, and each step is in an audit "
    "trail. Channels that people of other organisations can read carry nothing about clients."
)
COLOR: Final = "#1F4E5F"
BATON: Final = Command("baton", "help", "What Baton can do here, and what waits for you.")
EXAMPLE_URL: Final = "https://baton.example.org"
EXAMPLE_CLIENT: Final = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Where this Baton is reached. `client_id` is its Microsoft Entra application, which is the bot's id as well."""

    public_url: str = EXAMPLE_URL
    client_id: str = EXAMPLE_CLIENT
    socket_mode: bool = False
    org_wide: bool = True
    rotation: bool = True  # Slack's tokens expire and are renewed; cannot be taken back there

    @property
    def host(self) -> str:
        return urlsplit(self.public_url).netloc


def deployment(settings: Settings, *, socket_mode: bool = False, org_wide: bool = True) -> Deployment:
    """The example's address stands where the settings have none that a platform could reach."""
    reachable = settings.public_url.startswith("https://")
    return Deployment(
        public_url=settings.public_url.rstrip("/") if reachable else EXAMPLE_URL,
        client_id=settings.teams.client_id if settings.teams else EXAMPLE_CLIENT,
        socket_mode=socket_mode or bool(settings.slack and settings.slack.app_token),
        org_wide=org_wide,
        rotation=not (settings.slack and settings.slack.bot_token),  # a token set by hand is never renewed
    )


def commands() -> Sequence[Command]:
    """/baton first, then the shelf, then the rooms; a room of the name baton has the better words for it."""
    everything = [BATON, *(skill.command for skill in ALL), *(room.command for room in rooms.ALL)]
    return tuple({command.name: command for command in everything}.values())
