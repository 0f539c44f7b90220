"""Everything the verbs work with, built once in `bot.app` and passed on: no globals."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.chat import Chat, Place, Platform, Reply, Typed, Who
from bot.clinic import Clinic, StaffMember
from bot.crisis.ways.port import Ways
from bot.drafting.drafter import Drafter
from bot.flow.membership import Memberships
from bot.flow.pace import Pace
from bot.people import People
from bot.rollout.changes import Phases
from bot.store.sealed import Seal
from bot.store.session import Database
from ehr_clients.port import Ehr
from skills.kit import Skill


@dataclass(frozen=True, slots=True)
class PageSize:
    """What one page of detail may hold on a platform."""

    lines: int
    characters: int


type ApproveCrisis = Callable[["Office", Typed, str, str], Awaitable[Reply]]  # the words, the draft's id, the code


@dataclass(frozen=True, slots=True)
class Office:
    db: Database
    seal: Seal
    ehr: Ehr
    people: People
    memberships: Memberships
    shelf: Mapping[str, Skill[Any]]
    chats: Mapping[Platform, Chat]
    page_sizes: Mapping[Platform, PageSize]
    clock: Callable[[], datetime]
    pace: Pace = field(default_factory=Pace)
    ways: Ways = field(default_factory=dict)  # SMS and voice; for the crisis engine only
    approve_crisis: ApproveCrisis | None = None  # typed `approve E-17`
    heartbeat: Callable[[], Awaitable[None]] | None = None  # to the dead-man's switch, when the audit has passed
    drafter: Drafter = field(default_factory=Drafter)
    phases: Phases = field(default_factory=Phases)  # changed at run time, before the clinic file

    @property
    def clinic(self) -> Clinic:
        """The clinic file, with what was learnt of people since: looked up anew each time, never kept."""
        return self.people.clinic

    def identity(self, staff: StaffMember, prefer: Platform | None = None) -> Who | None:
        """Where this person can be reached: on the preferred platform, else on any that is running. None: nowhere."""
        reachable = [who for who in staff.identities() if who.platform in self.chats]
        return next((who for who in reachable if who.platform is prefer), next(iter(reachable), None))


def new_id() -> str:
    """A random id: says nothing about anyone."""
    return secrets.token_hex(8)


def chat_lane(place: Place) -> str:
    """One lane per conversation, so that a slow or throttled one delays nobody else."""
    return f"chat:{place.platform}:{place.conversation}"[:128]


EHR_LANE = "ehr"
