"""What a page and a responder's message say. An alias, a level and a code; nothing else about a client. Pure."""

from typing import assert_never

from bot.clinic import Clinic
from bot.crisis.escalation import State
from bot.crisis.records import Stored


def page(stored: Stored, label: str) -> str:
    """By what the page is for; `label` begins with a tier for the steps of the chain."""
    code, about = stored.code, f"{stored.alias}, {stored.now.tier.words}"
    drill = "DRILL. " if stored.now.drill else ""
    match label.partition(".")[0]:
        case "offer":
            words = f"{code} is offered to you ({about}). Answer with: accept {code}, or: decline {code}"
        case "confirm":
            words = f"{code}: a colleague says {about}, is not a crisis. A second person: confirm {code}"
        case "remind":
            words = f"{code} is not finished ({about}): it is {stored.now.state}. Please go on with it."
        case "signal":
            words = f"{code}: there is a further signal ({about})."
        case "call":
            words = f"{code} ({about}): you asked for this call. Answer with: ack {code}"
        case _:
            words = f"Crisis page {code}: {about}. Answer with: ack {code}"
    return drill + words


def standing(stored: Stored, clinic: Clinic) -> str:
    """Where it stands and who is responsible, for everybody who was paged."""
    now, zone = stored.now, clinic.zone(stored.team)
    head = f"{'DRILL. ' if now.drill else ''}{stored.code} ({stored.alias}, {now.tier.words})"
    owner = name(clinic, now.owner)
    offered = f" Offered to {name(clinic, now.offered_to)}, who has not accepted yet." if now.offered_to else ""
    doubted = f" {name(clinic, now.dismissed_by)} says it is not a crisis: a second person must confirm." * bool(
        now.dismissed_by and not now.disposition_by
    )
    when = f" at {now.acknowledged_at.astimezone(zone):%H:%M}" if now.acknowledged_at else ""
    match now.state:
        case State.OPENED | State.PAGED:
            words = f"waits for an answer: ack {stored.code}." + (
                f" {owner} is still responsible." if now.owner else ""
            )
        case State.ACKNOWLEDGED:
            words = f"acknowledged by {name(clinic, now.acknowledged_by)}{when}. Responsible: {owner}."
        case State.ASSESSED:
            words = f"assessed by {name(clinic, now.assessed_by)}. Responsible: {owner}."
        case State.DISPOSITION:
            words = (
                f"has a disposition by {name(clinic, now.disposition_by)}, not in the chart yet. Responsible: {owner}."
            )
        case State.DOCUMENTED:
            words = f"is documented in the chart, not closed yet. Responsible: {owner}."
        case State.CLOSED:
            words = f"closed by {name(clinic, now.closed_by)}."
        case _:
            assert_never(now.state)
    return f"{head}: {words}{offered}{doubted}"


def name(clinic: Clinic, staff_id: str | None) -> str:
    return next((staff.name for staff in clinic.staff if staff.id == staff_id), "somebody who left")
