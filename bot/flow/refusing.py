"""No, in words, with its line in the audit trail: for whoever typed or pressed something they may not have."""

from typing import Protocol

from bot.chat import Notice, Place, Who
from bot.clinic import StaffMember
from bot.flow import trail
from bot.flow.office import Office
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import Answer
from skills.kit import Tone


class Asking(Protocol):
    """`Typed`, `Press`, and a request that is kept."""

    @property
    def who(self) -> Who: ...

    @property
    def place(self) -> Place: ...


async def refuse(
    office: Office, asking: Asking, staff: StaffMember | None, about: trail.About, answer: Answer
) -> Notice:
    async with office.db.write() as conn:
        at = {"who": asking.who, "place": asking.place}
        await trail.note(conn, office, Audited.ACCESS_REFUSED, staff, about, answer=answer, **at)
    return Notice(answer.sentence, Tone.STOP)
