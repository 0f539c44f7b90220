"""A signal opens an escalation, once: state, story, audit line and first due row in the transaction of the signal."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clinic import StaffMember
from bot.crisis import moves, records
from bot.crisis.escalation import Refused, opened
from bot.crisis.events import SignalAdded
from bot.crisis.policy import Tier
from bot.crisis.recipients import rules
from bot.crisis.records import Stored
from bot.flow import trail
from bot.flow.office import Office
from bot.privacy.audit import Action as Audited


class Signal(Protocol):
    """What the risk rules hand over; `skills.crisis.signals.Signal` is one. `sentence` and `source` are kept sealed."""

    @property
    def key(self) -> str:
        """Stable: the same finding has the same key however often it is seen."""
        ...

    @property
    def kind(self) -> str: ...  # a code, such as "phq9.item9"

    @property
    def tier(self) -> str: ...  # now | same_day | follow_up

    @property
    def sentence(self) -> str: ...

    @property
    def source(self) -> object: ...


@dataclass(frozen=True, slots=True)
class Opened:
    """`new` False: this signal was known, or it was added to an escalation that is still unanswered."""

    code: str
    number: int
    new: bool


async def open_escalation(
    conn: AsyncConnection,
    office: Office,
    signal: Signal,
    client: str,
    alias: str,
    team: str,
    *,
    treating: Sequence[str] = (),
    by: StaffMember | None = None,
    drill: bool = False,
) -> Opened:
    """Open one for this signal, or join it to the client's open one. The same signal again changes nothing.

    `client` is the EHR's id. `treating`: staff ids, where the caller has them; else the care team is read when a page
    is due. `by`: whoever asked for it (`/crisis C-102`). Commits with the caller's transaction or not at all.
    """
    key = records.hashed(signal.key)
    await records.alone_with(conn, client)
    if (known := await records.of_signal(conn, key)) is not None:
        return Opened(f"E-{known}", known, new=False)
    there = None if drill else await records.joinable(conn, client)
    stored = there or await _new(conn, office, signal, client, alias, team, treating, drill=drill)
    await _keep_signal(conn, office, signal, key, stored)
    if there is not None:
        await _join(conn, office, signal, there)
    else:
        await _begin(conn, office, signal, stored, by)
    return Opened(stored.code, stored.number, new=there is None)


async def _new(
    conn: AsyncConnection,
    office: Office,
    signal: Signal,
    client: str,
    alias: str,
    team: str,
    treating: Sequence[str],
    *,
    drill: bool,
) -> Stored:
    now = opened(Tier(signal.tier), rules(office.clinic).tiers, office.clock(), drill=drill)
    return await records.add(conn, alias=alias, client_id=client, team=team, treating=treating, now=now)


async def _keep_signal(conn: AsyncConnection, office: Office, signal: Signal, key: str, stored: Stored) -> None:
    words = json.dumps({"sentence": signal.sentence, "source": str(signal.source)})
    kind, tier = str(signal.kind), Tier(signal.tier).value
    at = office.clock()
    await records.add_signal(conn, office.seal, stored.number, key=key, kind=kind, tier=tier, words=words, at=at)


async def _begin(conn: AsyncConnection, office: Office, signal: Signal, stored: Stored, by: StaffMember | None) -> None:
    staff_id, at = by.id if by else None, office.clock()
    body: dict[str, Any] = {"tier": stored.now.tier.value, "signal": str(signal.kind), "drill": stored.now.drill}
    await records.add_event(conn, office.seal, stored.number, "opened", at, staff_id=staff_id, **body)
    await trail.note(conn, office, Audited.ESCALATION_OPENED, by, moves.about(stored), reason=str(signal.kind))
    await moves.wake(conn, office, stored)


async def _join(conn: AsyncConnection, office: Office, signal: Signal, there: Stored) -> None:
    moved = await moves.move(conn, office, there, SignalAdded(Tier(signal.tier)), signal=str(signal.kind))
    if isinstance(moved, Refused):
        raise RuntimeError("an escalation that can be joined refused a signal")  # noqa: TRY004 - no mistake of a caller
