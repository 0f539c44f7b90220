"""The buttons of a referral: look, nudge, mark, reassign, close. What changes the EHR becomes a draft first.

A press is checked as it is made; the draft checks role, care team and approval once more, and is filed like any other.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from bot.chat import Action, Form, Notice, Place, Press, Reply, sent_back
from bot.clinic import StaffMember
from bot.crisis.buttons import STRANGER
from bot.flow import records as flow
from bot.flow import trail
from bot.flow.intake import may_stand
from bot.flow.office import EHR_LANE, Office, new_id
from bot.flow.records import Asked
from bot.flow.refusing import refuse
from bot.flow.standing import standing as stands
from bot.people import person
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import Answer, may_ask
from bot.referral import asks, cards, keeping, looking, reading, records
from bot.referral.cards import SUBJECT
from bot.referral.records import Tracked
from bot.store import jobs
from ehr_clients.errors import EhrError
from skills.referral import Evidence, EvidenceKind, Mark, Refused, Step, move
from skills.referral.asked import about

WITHIN_S: Final = 1.2  # a press is answered within about two seconds
OF_REFERRAL: Final = re.compile(rf"{SUBJECT}([0-9]{{1,9}})")
GONE: Final = Notice("I know no such referral any more. Ask for a fresh list with /referral list.")
NOT_NOW: Final = "The EHR does not answer, so I cannot check this. Nothing is marked; please send it again in a moment."
WITHHELD: Final = Answer(
    allowed=False,
    rule="part2.withheld",
    sentence="This referral is withheld here: 42 CFR Part 2, no consent covers it. Read it in the EHR.",
)
NUDGE, UPDATE = "referral_nudge", "referral_update"


@dataclass(frozen=True, slots=True)
class On:
    """A press on a referral that is known, by somebody who may ask about its client."""

    press: Press
    staff: StaffMember
    row: Tracked


async def press(office: Office, pressed: Press) -> Reply:
    """A stranger, and anybody who is not in charge of the client, changes nothing and sees nothing."""
    staff = office.people.by_chat(pressed.who)
    if staff is None:
        answer = Answer(allowed=False, rule="identity.unknown", sentence=STRANGER.text)
        return await refuse(office, pressed, None, _about(None), answer)
    named = OF_REFERRAL.fullmatch(pressed.subject)
    async with office.db.read() as conn:
        row = await records.one(conn, int(named[1])) if named else None
    if row is None:
        return GONE
    try:
        answer = may_ask(await stands(office, staff, row.client_id, within_s=WITHIN_S), office.clinic)
    except EhrError:
        return looking.UNKNOWN
    if not answer.allowed:
        return await refuse(office, pressed, staff, _about(row), answer)
    return await _ON_ONE[pressed.action](office, On(pressed, staff, row))


async def _open(office: Office, on: On) -> Reply:
    shown, _, read = await looking.of_client(office, on.staff, on.row.client_id, within_s=WITHIN_S)
    one = next((each for each in shown if each.row.number == on.row.number), None)
    if one is None and read is None:
        return looking.UNKNOWN
    if one is None:
        return await refuse(office, on.press, on.staff, _about(on.row), WITHHELD)
    async with office.db.write() as conn:
        seen = {"who": on.press.who, "place": on.press.place}
        await trail.note(conn, office, Audited.DETAIL_VIEWED, on.staff, _about(on.row), **seen)
    at = one.found.read_at if one.found else one.row.updated_at
    return cards.detail(one, office.clinic.zone(on.row.team), at)


# Drafts


async def _nudge(office: Office, on: On) -> Reply:
    return await _draft(office, on, NUDGE, about(on.row.referral_id))


async def _mark(_: Office, on: On) -> Reply:
    return cards.mark_form(on.row)


async def _save_mark(office: Office, on: On) -> Reply:
    form = cards.mark_form(on.row)
    found = _marked(on.press.values)
    if isinstance(found, dict):
        return sent_back(form, on.press.values, found)
    return await _moved(office, on, form, found)


async def _close(_: Office, on: On) -> Reply:
    return cards.close_form(on.row)


async def _save_close(office: Office, on: On) -> Reply:
    words = on.press.values.get("reason", "").strip()[:1000]
    said = Evidence(kind=EvidenceKind.MESSAGE, said_by=on.staff.name, words=words)
    return await _moved(office, on, cards.close_form(on.row), Mark(Step.CLOSED, said))


async def _moved(office: Office, on: On, form: Form, mark: Mark) -> Reply:
    """By the loop, over what the EHR says now. A refusal comes back in the form: nothing that was typed is lost."""
    try:
        read = await reading.of_client(office, on.row.client_id, within_s=WITHIN_S)
    except EhrError:
        return sent_back(form, on.press.values, {}, NOT_NOW)
    one = next((each for each in read.found if each.referral.id == on.row.referral_id), None)
    if one is None or not reading.may_have(office, on.staff, one):
        return await refuse(office, on.press, on.staff, _about(on.row), WITHHELD)
    moved = move(one.standing, mark, one.read_at)
    if isinstance(moved, Refused):
        return sent_back(form, on.press.values, {}, moved.reason)
    return await _draft(office, on, UPDATE, about(on.row.referral_id, mark))


def _marked(values: Mapping[str, str]) -> Mark | dict[str, str]:
    """The mark, or what is wrong with which field."""
    wrong: dict[str, str] = {}
    steps = {step.value.replace("_", " "): step for step in Step if step is not Step.CLOSED}
    step = steps.get(" ".join(values.get("step", "").casefold().replace("_", " ").split()))
    how = {kind.value: kind for kind in cards.HOW}.get(values.get("how", "").strip().casefold())
    when, said_by, words = values.get("when", "").strip(), values.get("said_by", "").strip(), values.get("words", "")
    if step is None:
        wrong["step"] = "Write one of the steps that are named here."
    if how is None:
        wrong["how"] = f"Write one of: {', '.join(cards.HOW)}."
    if not said_by:
        wrong["said_by"] = "Write who said so."
    if not words.strip():
        wrong["words"] = "Write what it rests on."
    if when and _day(when) is None:
        wrong["when"] = "Write a day such as 2026-11-24."
    if wrong or step is None or how is None:
        return wrong
    return Mark(step, Evidence(kind=how, said_by=said_by[:120], when=_day(when), words=words.strip()[:1000]))


async def _reassign(_: Office, on: On) -> Reply:
    return cards.reassign_form(on.row)


async def _save_reassign(office: Office, on: On) -> Reply:
    owners = office.people.matching(on.press.values.get("owner", ""))
    if len(owners) != 1:
        wrong = {"owner": "Write the name or id of one active colleague."}
        return sent_back(cards.reassign_form(on.row), on.press.values, wrong)
    try:
        answer = may_ask(await stands(office, owners[0], on.row.client_id, within_s=WITHIN_S), office.clinic)
    except EhrError:
        return looking.UNKNOWN
    if not answer.allowed:
        wrong = {"owner": "They are not in charge of this client, so they cannot look after the referral."}
        return sent_back(cards.reassign_form(on.row), on.press.values, wrong)
    return await _draft(office, on, UPDATE, about(on.row.referral_id, owner=person(owners[0])))


async def _draft(office: Office, on: On, skill: str, lines: Sequence[str]) -> Notice:
    """Asked for like any other draft; a repeated press has the same key, and asks for nothing anew."""
    team = office.clinic.team(on.row.team)
    title = office.shelf[skill].title
    if not keeping.live(office, team.id) or team.rollout.get(skill, "live") != "live":
        return Notice(f"{title} is not switched on for the {team.name} team yet.")
    asked = _asked(office, on, skill)
    async with office.db.write() as conn:
        key = f"referral:{on.press.place.platform}:{on.press.key or asked.id}"
        if not await flow.add_requests(conn, office.seal, {key: asked}):
            return Notice("I have this request already and am working on it.")
        await asks.keep(conn, office.seal, asked.id, lines, asked.created_at)
        await jobs.enqueue(conn, "prepare", asked.id, lane=EHR_LANE, dedup=f"prepare:{asked.id}")
        seen = {"who": on.press.who, "place": on.press.place}
        await trail.note(conn, office, Audited.REQUEST_RECEIVED, on.staff, trail.about_request(asked), **seen)
    return Notice(f"{title} for {on.row.name}: the draft comes here for a decision.")


def _asked(office: Office, on: On, skill: str) -> Asked:
    who, place = on.press.who, on.press.place
    if not may_stand(office, place):
        place = Place(who.platform, who.tenant, "", personal=True)
    return Asked(
        id=new_id(),
        skill=skill,
        staff_id=on.staff.id,
        who=who,
        place=place,
        client_id=on.row.client_id,
        to_staff=None,
        state="reading",
        reason=None,
        draft_id=None,
        created_at=office.clock(),
        team=on.row.team,
        words="",
    )


# What they share


def _about(row: Tracked | None) -> trail.About:
    return trail.About("referral", row.name, None, row.client_id) if row else trail.About("referral", "unknown")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


_ON_ONE: Final[Mapping[Action, Callable[[Office, On], Awaitable[Reply]]]] = {
    Action.REFERRAL_OPEN: _open,
    Action.REFERRAL_NUDGE: _nudge,
    Action.REFERRAL_MARK: _mark,
    Action.REFERRAL_SAVE_MARK: _save_mark,
    Action.REFERRAL_REASSIGN: _reassign,
    Action.REFERRAL_SAVE_REASSIGN: _save_reassign,
    Action.REFERRAL_CLOSE: _close,
    Action.REFERRAL_SAVE_CLOSE: _save_close,
}
VERBS: Final[Mapping[Action, Callable[[Office, Press], Awaitable[Reply]]]] = dict.fromkeys(_ON_ONE, press)
