"""Chat identity -> staff member -> what the licence, the roles and the teams say. Unknown people get a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from bot.chat import Platform, Who
from bot.clinic import Clinic, SlackId, StaffMember, TeamsId
from skills.kit import Person, Role


@dataclass(frozen=True, slots=True)
class Known:
    """What the database adds to the clinic file, kept new by `bot.linking.known`."""

    links: Mapping[Who, str] = field(default_factory=dict)  # to staff ids
    gone: frozenset[str] = field(default_factory=frozenset)  # staff ids of people who were deactivated
    version: tuple[int, int] = (0, 0)


class People:
    """Everybody in the clinic file, found by immutable chat identity: of the file, or linked since.

    `clinic` is the file as it holds now: who was deactivated since is not active in it, wherever it is looked into.
    """

    def __init__(self, filed: Clinic) -> None:
        self._filed = filed
        self.learn(Known())

    def learn(self, known: Known) -> None:
        """What the database says by now, instead of what it said before."""
        staff = tuple(_as_known(one, known) for one in self._filed.staff)
        self.known = known
        self.clinic = self._filed if staff == self._filed.staff else self._filed.model_copy(update={"staff": staff})
        self._by_id = {one.id: one for one in reversed(staff)}
        linked = {who: self._by_id[staff_id] for who, staff_id in known.links.items() if staff_id in self._by_id}
        self._by_chat = linked | {who: one for one in staff if one.active for who in one.identities()}

    def by_chat(self, who: Who) -> StaffMember | None:
        """The active staff member behind a chat identity. None for strangers and for people who left."""
        staff = self._by_chat.get(who)
        return staff if staff is not None and staff.active else None

    def by_id(self, staff_id: str) -> StaffMember | None:
        """Also of people who left, since their names stand under what they did: `active` says so."""
        return self._by_id.get(staff_id)

    def with_role(self, role: Role) -> tuple[StaffMember, ...]:
        return tuple(s for s in self.clinic.staff if s.active and role in s.roles)

    def matching(self, words: str) -> tuple[StaffMember, ...]:
        """Active staff whose id, name or chat id is meant by `words`, case-insensitive; exact matches win."""
        wanted = words.strip().strip("<@>").split("|")[0].casefold()
        if not wanted:
            return ()
        active = [s for s in self.clinic.staff if s.active]
        exact = [s for s in active if wanted in {s.id.casefold(), s.name.casefold(), *_chat_ids(s)}]
        return tuple(exact or [s for s in active if any(n.startswith(wanted) for n in s.name.casefold().split())])


def _as_known(staff: StaffMember, known: Known) -> StaffMember:
    """Not active once they left, and with the identities linked to them where the file names none."""
    update: dict[str, object] = {"active": False} if staff.id in known.gone else {}
    for who in (one for one, staff_id in known.links.items() if staff_id == staff.id):
        match who.platform:
            case Platform.SLACK if staff.slack is None:
                update["slack"] = SlackId(tenant=who.tenant, user=who.user)
            case Platform.TEAMS if staff.teams_app is None:
                update["teams_app"] = TeamsId(tenant=who.tenant, aad_object_id=who.user)
            case _:
                pass  # found by, and written to where the file says
    return staff.model_copy(update=update) if update else staff


def _chat_ids(staff: StaffMember) -> set[str]:
    return {who.user.casefold() for who in staff.identities()}


def person(staff: StaffMember) -> Person:
    """A staff member as a skill may know them."""
    return Person(staff.practitioner, staff.name, staff.title)


def licensed(staff: StaffMember, today: date) -> bool:
    """Has a licence on file that has not expired."""
    return staff.licence is not None and staff.licence.expires >= today
