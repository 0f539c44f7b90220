"""The draft of an escalation: asked for when somebody answers, approved by a second person who types its code again.

The escalation never waits for it: while the EHR is down the draft comes later, and everything else goes on.
"""

import json
import re
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Action, Field, Form, Place, Press
from bot.clinic import StaffMember
from bot.crisis import records
from bot.crisis.events import Acknowledged, DismissalConfirmed, Disposed, Event
from bot.crisis.recipients import rules
from bot.crisis.records import Stored
from bot.crisis.sentences import name
from bot.drafts import Draft
from bot.flow import records as drafts
from bot.flow.office import EHR_LANE, Office
from bot.flow.records import Asked
from bot.privacy.consent import Told
from bot.privacy.policy import Answer
from bot.store import jobs
from bot.store import tables as t
from skills.kit import Role

SKILL: Final = "crisis"
FILE: Final = "crisis_file"
RECORD: Final = re.compile(r"(?:^|ref=')([A-Z][A-Za-z]+/[^'\s]+)")
REQUEST: Final = re.compile(r"crisis-(\d{1,9})-\d+")
OWNER: Final = Answer(allowed=True, rule="treatment.crisis_owner")


async def papers(conn: AsyncConnection, office: Office, event: Event, now: Stored) -> None:
    """What goes into the chart follows: the draft once somebody is responsible, the disposition once there is one."""
    if now.now.drill:
        return
    if isinstance(event, Acknowledged):
        await ask(conn, office, now)
    if isinstance(event, Disposed | DismissalConfirmed) and now.client_id:
        await jobs.enqueue(conn, FILE, str(now.number), lane=EHR_LANE, dedup=f"{FILE}:{now.number}")


async def ask(conn: AsyncConnection, office: Office, stored: Stored) -> None:
    """Once for each answer: a request of Baton's own, on behalf of whoever is responsible now."""
    staff = office.people.by_id(stored.now.owner or "")
    who = office.identity(staff) if staff else None
    if staff is None or who is None or not stored.client_id or SKILL not in office.shelf:
        return
    asked = Asked(
        id=f"crisis-{stored.number}-{stored.now.turn}",
        skill=SKILL,
        staff_id=staff.id,
        who=who,
        place=Place(who.platform, who.tenant, "", personal=True),
        client_id=stored.client_id,
        to_staff=None,
        state="reading",
        reason=None,
        draft_id=None,
        created_at=office.clock(),
        team=stored.team,
        words="",
    )
    await drafts.add_requests(conn, office.seal, {asked.id: asked})
    await jobs.enqueue(conn, "prepare", asked.id, lane=EHR_LANE, dedup=f"prepare:{asked.id}")


def number_of(request_id: str) -> int | None:
    """The escalation that a request is of; None when it is of none."""
    found = REQUEST.fullmatch(request_id)
    return int(found[1]) if found else None


async def of(conn: AsyncConnection, draft: Draft) -> Stored | None:
    """The escalation of a draft."""
    number = number_of(draft.request_id)
    return await records.one(conn, number) if number is not None else None


async def context(office: Office, request_id: str) -> tuple[Told, ...]:
    """What the draft says of the escalation itself: code, level, when, by what, in a colleague's words too."""
    if (number := number_of(request_id)) is None:
        return ()
    async with office.db.read() as conn:
        stored = await records.one(conn, number)
        signals = await records.signals(conn, office.seal, number)
    if stored is None:
        return ()
    opened = stored.now.opened_at.astimezone(office.clinic.zone(stored.team))
    first = f"{stored.code}, level {stored.now.tier.words}, opened {opened:%m/%d/%Y %H:%M}."
    answered = f"Acknowledged by {name(office.clinic, stored.now.acknowledged_by)}."
    kept = [json.loads(words) for words in signals]
    return (Told(first), Told(answered), *(Told(str(one["sentence"]), _record(str(one["source"]))) for one in kept))


def _record(source: str) -> str:
    """The reference of the record that a signal names; "" where a colleague called."""
    found = RECORD.search(source)
    return found[1] if found else ""


async def whom_to_ask(conn: AsyncConnection, office: Office, draft: Draft) -> tuple[StaffMember, ...]:
    """Who gets the card besides its asker: the team's supervisors, else the last resort. Never nobody, if it can be."""
    stored = await of(conn, draft)
    others = [one for one in office.people.with_role(Role.SUPERVISOR) if one.id != draft.asked_by]
    team = tuple(one for one in others if draft.team in one.teams)
    last = rules(office.clinic).last_resort
    treating = set(stored.treating) if stored else set()
    resort = [s for s in office.clinic.staff if s.active and s.id != draft.asked_by and s.id in {*last, *treating}]
    return team or tuple(resort) or tuple(others)


# The code typed again


async def code_missing(office: Office, press: Press, draft: Draft) -> Form | None:
    """The form that asks for the code; None when it was typed, and rightly."""
    async with office.db.read() as conn:
        stored = await of(conn, draft)
    code = stored.code if stored else "E-0"
    typed = press.values.get("code", "") if press.action is Action.SAVE_APPROVE else ""
    if records.number_of(typed) == records.number_of(code):
        return None
    error = "That is not the code of this escalation." if typed else ""
    field = Field("code", "Its code", multiline=False, hint="As on the page, such as E-17", max_length=12, error=error)
    intro = f"To approve, type the code of the escalation of {draft.alias} again. It is filed in your name."
    return Form(Action.SAVE_APPROVE, "Approve", intro, (field,), "Approve", draft.id, draft.version)


async def waiting(conn: AsyncConnection, code: str) -> str | None:
    """The draft of an escalation that waits for a decision, the newest one."""
    number = records.number_of(code)
    d = t.drafts.c
    found = select(d.id).where(d.request_id.like(f"crisis-{number}-%"), d.state == "waiting")
    return await conn.scalar(found.order_by(d.created_at.desc()).limit(1))
