"""Words come in: find out who speaks, about whom and to whom; keep the request; acknowledge it. Never reads the EHR."""

import re
from dataclasses import dataclass, replace
from typing import Any

from bot.chat import Notice, Place, Reply, Typed
from bot.clinic import StaffMember
from bot.flow import records, trail
from bot.flow.office import EHR_LANE, Office, new_id
from bot.flow.records import Asked
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import ASKING, Answer, may_take_over
from bot.store import jobs
from skills.kit import Skill, Tone

STRANGER = "I do not know you here. Ask your Baton administrator to add you to the clinic file."
CLOSED_CHANNEL = (
    "This channel is not set up for client information, so I said nothing here. "
    "Use your team's channel or write to me directly."
)
TO = re.compile(r"(?:^|\s)(?:to\s+|(?=<@))(?P<to>.+)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Order:
    """What was typed, taken apart. `client` and `to` are the person's own words, possibly empty."""

    command: str
    client: str
    to: str


def parse(words: str) -> Order:
    """Take `handoff C-102 to dana` apart. A leading slash is ignored."""
    command, *more = words.strip().lstrip("/").split(None, 1) or [""]
    rest = " ".join(more).strip()
    to = TO.search(rest)
    client = rest[: to.start()].strip() if to else rest
    return Order(command.casefold(), client, to["to"].strip() if to else "")


async def typed(office: Office, words: Typed) -> Reply:
    """Answer words. A repeated delivery (same key) answers as the first did and starts nothing."""
    staff = office.people.by_chat(words.who)
    if staff is None:
        return await _refuse(office, None, words, "identity.unknown", STRANGER)
    order = parse(words.text)
    skill = next((s for s in office.shelf.values() if s.command.name == order.command), None)
    if skill is None:
        return _help(office)
    if not may_stand(office, words.place):
        return await _refuse(office, staff, words, "channel.closed", CLOSED_CHANNEL)
    if not set(staff.roles) & ASKING:
        sentence = f"Your role does not include asking for a {skill.title.lower()}."
        return await _refuse(office, staff, words, "role.ask", sentence)
    team = office.clinic.team(_team_at(office, words.place, staff))
    if team.rollout.get(skill.name, "live") != "live":
        return Notice(f"{skill.title} is not switched on for the {team.name} team yet.")
    receiver = _receiver(office, order.to, staff, skill)
    if isinstance(receiver, Notice):
        return receiver
    return await _keep(office, words, staff, skill.name, order, receiver, team.id)


def may_stand(office: Office, place: Place) -> bool:
    """Whether a minimum-necessary card may stand here: a listed channel for client information, or one-to-one."""
    channel = office.clinic.channel(place)
    return place.personal or (channel is not None and channel.phi)


def _team_at(office: Office, place: Place, staff: StaffMember) -> str:
    """The channel's team; one-to-one the person's own."""
    channel = office.clinic.channel(place)
    return channel.team if channel else next(iter(staff.teams), office.clinic.teams[0].id)


async def _keep(
    office: Office, words: Typed, staff: StaffMember, skill: str, order: Order, receiver: StaffMember | None, team: str
) -> Reply:
    asked = Asked(
        id=new_id(),
        skill=skill,
        staff_id=staff.id,
        who=words.who,
        place=words.place,
        client_id=None,
        to_staff=receiver.id if receiver else None,
        state="received",
        reason=None,
        draft_id=None,
        created_at=office.clock(),
        team=team,
        words=order.client,
    )
    async with office.db.write() as conn:
        client_id = await records.client_of(conn, order.client) if order.client else None
        asked = replace(asked, client_id=client_id, state="reading" if client_id else "picking")
        if not await records.add_request(conn, office.seal, asked, f"{words.place.platform}:{words.key}"):
            return Notice("I have this request already and am working on it.")
        kind = "prepare" if client_id else "caseload"
        await jobs.enqueue(conn, kind, asked.id, lane=EHR_LANE, dedup=f"{kind}:{asked.id}")
        await trail.note(
            conn, office, Audited.REQUEST_RECEIVED, staff, trail.about_request(asked), who=words.who, place=words.place
        )
    if client_id is None and order.client:
        return Notice("Looking up that client; the draft or your caseload comes in a moment.")
    if client_id is None:
        return Notice("Looking up your caseload; the list comes in a moment, to you only.")
    return Notice(f"Reading the chart of {order.client.upper()}. The draft comes here for a decision.")


def _receiver(office: Office, words: str, sender: StaffMember, skill: Skill[Any]) -> StaffMember | Notice | None:
    if not words:
        return None
    matches = [s for s in office.people.matching(words) if s.id != sender.id]
    if not matches:
        return Notice(
            "I know no colleague by that name. Write `to` and their name or id, or leave it out.", Tone.WARNING
        )
    if len(matches) > 1:
        names = ", ".join(f"{s.name} ({s.id})" for s in matches[:5])
        return Notice(f"Several colleagues match: {names}. Write the id.", Tone.WARNING)
    if skill.approval.acceptance and not may_take_over(matches[0], skill.approval.acceptance, office.clock()):
        words = f"{matches[0].name} cannot take over a client: that needs a clinician with a current licence."
        return Notice(words, Tone.WARNING)
    return matches[0]


def _help(office: Office) -> Notice:
    lines = [f"/{s.command.name} {s.command.hint}: {s.command.summary}" for s in office.shelf.values()]
    return Notice("I understand:\n" + "\n".join(lines))


async def _refuse(office: Office, staff: StaffMember | None, words: Typed, rule: str, sentence: str) -> Notice:
    answer = Answer(allowed=False, rule=rule, sentence=sentence)
    about = trail.About("message", new_id())
    async with office.db.write() as conn:
        await trail.note(
            conn, office, Audited.ACCESS_REFUSED, staff, about, who=words.who, place=words.place, answer=answer
        )
    return Notice(sentence, Tone.STOP)
