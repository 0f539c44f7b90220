"""Audit lines in the flow's words: who did what to which draft, by which rule. In the caller's transaction."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Place, Who
from bot.clinic import StaffMember
from bot.drafts import Draft
from bot.flow.office import Office
from bot.flow.records import Asked
from bot.people import licensed
from bot.privacy import audit
from bot.privacy.audit import Action
from bot.privacy.policy import VERSION, Answer


@dataclass(frozen=True, slots=True)
class About:
    """What an event is about: ids only."""

    kind: str  # "draft", "request", "client"
    id: str
    version_hash: str | None = None
    client_id: str | None = None


def about_draft(draft: Draft, version_hash: str | None = None) -> About:
    return About("draft", draft.id, version_hash, draft.client_id)


def about_request(asked: Asked) -> About:
    return About("request", asked.id, None, asked.client_id)


async def note(
    conn: AsyncConnection,
    office: Office,
    action: Action,
    staff: StaffMember | None,
    about: About,
    **more: Any,
) -> str:
    """Append one event; `more` as for `event`."""
    return await audit.append(conn, event(office, action, staff, about, **more))


def event(
    office: Office,
    action: Action,
    staff: StaffMember | None,
    about: About,
    *,
    who: Who | None = None,
    place: Place | None = None,
    answer: Answer | None = None,
    reason: str | None = None,
    **more: Any,
) -> audit.Event:
    """`answer` gives decision and rule; `more` are further fields of audit.Event, which checks their names."""
    return audit.Event(
        action=action,
        actor=_actor(office, staff, who),
        app=audit.ClientApp(app=place.platform.value if place else None),
        tenant=who.tenant if who else None,
        channel_id=place.conversation if place else None,
        object=audit.Object(type=about.kind, id=about.id, version_hash=about.version_hash),
        patient_ref=about.client_id,
        decision=_decision(answer),
        reason=answer.rule if answer else reason,
        policy_version=VERSION,
        **more,
    )


def _actor(office: Office, staff: StaffMember | None, who: Who | None) -> audit.Actor:
    if staff is None:
        return audit.Actor(id=f"{who.platform}:{who.user}" if who else "baton", role=None, licence=None)
    current = licensed(staff, office.clock().date())
    licence = f"{staff.licence.type}/{staff.licence.state}" if staff.licence and current else None
    return audit.Actor(id=staff.id, role=staff.roles[0].value, licence=licence)


def _decision(answer: Answer | None) -> str | None:
    if answer is None:
        return None
    if not answer.allowed:
        return "deny"
    return "break_glass" if answer.rule == "emergency.break_glass" else "allow"
