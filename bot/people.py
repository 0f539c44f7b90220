"""Chat identity -> staff member -> what the licence, the roles and the teams say. Unknown people get a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from bot.chat import Who
from bot.clinic import Clinic, StaffMember
from skills.kit import Person, Role


@dataclass(slots=True)
class Known:
    """What the database adds to the clinic file, kept new by `bot.linking.known`."""

    links: Mapping[Who, str] = field(default_factory=dict)  # to staff ids
    gone: frozenset[str] = field(default_factory=frozenset)  # staff ids of people who were deactivated
    version: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class People:
    """Everybody in the clinic file, found by immutable chat identity: of the file, or linked since."""

    clinic: Clinic
    known: Known = field(default_factory=Known)
    _by_chat: Mapping[Who, StaffMember] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_chat = {who: staff for staff in self.clinic.staff if staff.active for who in staff.identities()}
        object.__setattr__(self, "_by_chat", by_chat)

    def by_chat(self, who: Who) -> StaffMember | None:
        """The active staff member behind a chat identity. None for strangers and for people who left."""
        staff = self._by_chat.get(who) or self.by_id(self.known.links.get(who, ""))
        return staff if staff is not None and self.active(staff) else None

    def active(self, staff: StaffMember) -> bool:
        return staff.active and staff.id not in self.known.gone

    def by_id(self, staff_id: str) -> StaffMember | None:
        """Also of people who left, since their names stand under what they did: `active` says so."""
        staff = next((s for s in self.clinic.staff if s.id == staff_id), None)
        return staff.model_copy(update={"active": False}) if staff and staff_id in self.known.gone else staff

    def with_role(self, role: Role) -> tuple[StaffMember, ...]:
        return tuple(s for s in self.clinic.staff if self.active(s) and role in s.roles)

    def matching(self, words: str) -> tuple[StaffMember, ...]:
        """Active staff whose id, name or chat id is meant by `words`, case-insensitive; exact matches win."""
        wanted = words.strip().strip("<@>").split("|")[0].casefold()
        if not wanted:
            return ()
        active = [s for s in self.clinic.staff if self.active(s)]
        exact = [s for s in active if wanted in {s.id.casefold(), s.name.casefold(), *_chat_ids(s)}]
        return tuple(exact or [s for s in active if any(n.startswith(wanted) for n in s.name.casefold().split())])


def _chat_ids(staff: StaffMember) -> set[str]:
    return {who.user.casefold() for who in staff.identities()}


def person(staff: StaffMember) -> Person:
    """A staff member as a skill may know them."""
    return Person(staff.practitioner, staff.name, staff.title)


def licensed(staff: StaffMember, today: date) -> bool:
    """Has a licence on file that has not expired."""
    return staff.licence is not None and staff.licence.expires >= today
