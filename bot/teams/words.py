"""What the adapter says by itself, in one place. No sentence holds anything that a person or a chart said."""

from collections.abc import Sequence

from skills.kit import Command

ANSWERED_PRIVATELY = "I answered you privately: see your chat with me."
CANNOT_ANSWER_PRIVATELY = "My answer is for you alone. Add me to your personal apps in Teams, then ask again."
STILL_WORKING = "Your answer was received and is being worked on. This card will be renewed when it is done."
UNKNOWN_BUTTON = "This button is not known any more. Type help to see what I can do."
WENT_WRONG = "Something went wrong on our side and nothing was decided. Please try again."


def greeting(commands: Sequence[Command]) -> str:
    """How to ask for each skill, one line each."""
    lines = [f"{command.name} {command.hint}".strip() + f": {command.summary}" for command in commands]
    return "\n".join(["I am Baton. In a channel, mention me; in our own chat, just type:", *lines, "home: your page"])
