"""Microsoft Teams: activities in, Adaptive Cards out. Only this folder imports the Teams SDK."""

from bot.teams.app import TeamsPlatform
from bot.teams.render import PAGE_CHARACTERS, PAGE_LINES

__all__ = ["PAGE_CHARACTERS", "PAGE_LINES", "TeamsPlatform"]
