"""What Baton asks Slack for, each with its reason. The manifest is built from this, and the install asks for no more.

Left out on purpose: `channels:history` (client information belongs into private channels), `users:read.email`,
`chat:write.public` and every user scope.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

SCOPES: Final[Mapping[str, str]] = {  # of the bot token
    "app_mentions:read": "Answers @baton where it is mentioned.",
    "channels:read": "Checks that a public channel is not shared, and who is in it, before anything is posted there.",
    "chat:write": "Posts cards and redraws them when their draft changes.",
    "commands": "Slash commands and shortcuts.",
    "groups:history": "Looks for a card whose delivery was not confirmed, before a second one is posted.",
    "groups:read": "Checks that a private channel is not shared, and who is in it, before anything is posted there.",
    "im:history": "Reads what people write to Baton directly.",
    "im:read": "Finds out who is on the other side of a direct conversation, before anything is said there.",
    "im:write": "Opens a direct conversation with a member of staff.",
    "users:read": "Checks that somebody is a full and active member, and no guest, whenever they act.",
}

APP_SCOPES: Final[Mapping[str, str]] = {  # of the app-level token (xapp-)
    "connections:write": "Socket Mode only: opens the connection on which Slack delivers events.",
}

EVENTS: Final[Mapping[str, str]] = {  # event of the bot -> why it is wanted
    "app_home_opened": "Draws the person's own page.",
    "app_mention": "Answers @baton.",
    "app_uninstalled": "Deletes the tokens and closes the installation.",
    "channel_id_changed": "A channel that is about to be shared may get another id: what was known of it is forgotten.",
    "channel_shared": "A channel was shared with another organisation: nothing more is posted, cards are taken down.",
    "channel_unshared": "The channel is asked about anew.",
    "member_joined_channel": "Who joined may be a guest: the channel is asked about anew.",
    "member_left_channel": "The channel is asked about anew.",
    "message.im": "Answers what is written to Baton directly.",
    "team_access_granted": "An organisation let Baton into another of its workspaces.",
    "team_access_revoked": "An organisation took Baton out of a workspace: what was known is forgotten.",
    "tokens_revoked": "Deletes the tokens.",
    "user_change": "A person became a guest or left: asked about anew at their next click.",
}


@dataclass(frozen=True, slots=True)
class Shortcut:
    """`message`: in the menu of a message; `global`: in the search and beside the composer."""

    callback_id: str
    type: Literal["message", "global"]
    name: str  # <= 24 characters
    description: str  # <= 150 characters


WAITING_FOR_ME: Final = "waiting_for_me"

SHORTCUTS: Final = (
    Shortcut(WAITING_FOR_ME, "global", "What waits for me", "Your open drafts and what waits for your decision."),
)
