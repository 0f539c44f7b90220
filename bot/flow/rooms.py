"""Commands that are answered at once instead of drafting something: `/digest now`, `/referral list`, `/baton whoami`.

A room is its word and the function that answers it. Each checks for itself what the person may see and do, and whether
it may stand where it was asked.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.chat import Reply, Typed
from bot.clinic import StaffMember
from bot.digest import room as digest
from bot.flow import baton
from bot.flow.office import Office
from bot.referral import room as referral
from skills.kit import Command

type Answer = Callable[[Office, StaffMember, Typed], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Room:
    """`command.name` is the first word; `answer` is given the whole text."""

    command: Command
    answer: Answer


ALL: Final[tuple[Room, ...]] = (
    Room(baton.COMMAND, baton.answer),
    Room(digest.COMMAND, digest.answer),
    Room(referral.COMMAND, referral.answer),
)

BY_NAME: Final[Mapping[str, Room]] = {room.command.name: room for room in ALL}


async def heard(office: Office, words: Typed, command: str) -> Reply | None:
    """None: no room of this name, or a stranger, whom intake refuses."""
    said = words.text.casefold().split()
    asked_of_baton = command in baton.WORDS or (command == baton.COMMAND.name and said[-1] in baton.WORDS)
    if command == baton.COMMAND.name and not asked_of_baton:
        return None  # help
    room = BY_NAME.get(baton.COMMAND.name if asked_of_baton else command)
    staff = office.people.by_chat(words.who)
    return await room.answer(office, staff, words) if room is not None and staff is not None else None
