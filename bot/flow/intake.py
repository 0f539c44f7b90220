"""Words come in: find out who speaks, about whom and to whom; keep the request; acknowledge it. Never reads the EHR."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Notice, Place, Reply, Typed
from bot.clinic import StaffMember
from bot.crisis import words as crisis_words
from bot.crisis.calling import HINT
from bot.flow import records, rooms, trail
from bot.flow.office import EHR_LANE, Office, new_id
from bot.flow.records import Asked
from bot.privacy import audit, legal
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import ASKING, Answer, may_take_over
from bot.rollout import phase as rollout
from bot.store import jobs
from bot.talk import said
from skills.kit import Role, Skill, Tone

STRANGER = "I do not know you here. Ask your Baton administrator to add you to the clinic file."
CLOSED_CHANNEL = (
    "This channel is not set up for client information, so I said nothing here. "
    "Use your team's channel or write to me directly."
)
AGAIN: Final = Notice("I have this request already and am working on it.")
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


@dataclass(frozen=True, slots=True)
class Wish:
    """Words that ask for a draft, and may."""

    words: Typed
    staff: StaffMember
    skill: str
    client: str  # an alias or a name as typed, or nothing
    receiver: StaffMember | None
    team: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Words that are answered with no, which is recorded."""

    staff: StaffMember | None
    rule: str
    sentence: str


async def typed(office: Office, words: Typed) -> Reply:
    """Answer words. A repeated delivery (same key) answers as the first did and starts nothing."""
    if (answer := await crisis_words.heard(office, words)) is not None:
        return answer
    if (answer := await rooms.heard(office, words, parse(words.text).command)) is not None:
        return said.heeded(words, answer)
    match said.meaning(office, words):
        case Notice() as sentence:
            return sentence
        case Typed() as words if (answer := await rooms.heard(office, words, parse(words.text).command)) is not None:
            return answer
    match understood(office, words):
        case Wish() as wish:
            async with office.db.write() as conn:
                return (await keep(conn, office, [wish]))[0]
        case Refused() as refused:
            return await _refuse(office, words, refused)
        case Notice() as told:
            return told


def understood(office: Office, words: Typed) -> Wish | Refused | Notice:
    """What words ask for. Looks at nothing but the clinic file."""
    staff = office.people.by_chat(words.who)
    if staff is None:
        return Refused(None, "identity.unknown", STRANGER)
    order = parse(words.text)
    if legal.demands(words.text) or _from_outside(office, order.to):
        return Refused(staff, legal.RULE, legal.SENTENCE)
    if (risk := said.beside(words)) is not None:
        return risk
    called = [s for s in office.shelf.values() if s.command.name == order.command]
    skill = next((s for s in called if not s.approval.escalates), None)  # a crisis is called, never asked for here
    if skill is None:
        return _help(office)
    if not may_stand(office, words.place):
        return Refused(staff, "channel.closed", CLOSED_CHANNEL)
    if not set(staff.roles) & ASKING:
        return Refused(staff, "role.ask", f"Your role does not include asking for a {skill.title.lower()}.")
    team = office.clinic.team(_team_at(office, words.place, staff))
    if (no := rollout.refusal(office, skill.name, skill.title, team, staff, words.place)) is not None:
        return Refused(staff, no.rule, no.sentence)
    receiver = _receiver(office, order.to, staff, skill)
    if isinstance(receiver, Notice):
        return receiver
    return Wish(words, staff, skill.name, order.client, receiver, team.id)


def _from_outside(office: Office, receiver: str) -> bool:
    """Whether it is addressed to a court, an attorney or the police, and not to a colleague who is called so."""
    return legal.from_outside(receiver) and not office.people.matching(receiver)


def may_stand(office: Office, place: Place) -> bool:
    """Whether a minimum-necessary card may stand here: a listed channel for client information, or one-to-one."""
    channel = office.clinic.channel(place)
    return place.personal or (channel is not None and channel.phi)


def _team_at(office: Office, place: Place, staff: StaffMember) -> str:
    """The channel's team; one-to-one the person's own."""
    channel = office.clinic.channel(place)
    return channel.team if channel else next(iter(staff.teams), office.clinic.teams[0].id)


async def keep(conn: AsyncConnection, office: Office, wishes: Sequence[Wish]) -> list[Reply]:
    """Keep what was asked for, with a job and an audit line each; what is said to each, in their order."""
    known = await records.clients_of(conn, [wish.client for wish in wishes])
    asked = [_asked(office, wish, known.get(wish.client.upper())) for wish in wishes]
    by_key = {_key(wish): one for wish, one in zip(reversed(wishes), reversed(asked), strict=True)}
    new = await records.add_requests(conn, office.seal, by_key)
    begun = [(wish, one) for wish, one in zip(wishes, asked, strict=True) if one.id in new]
    await jobs.enqueue_all(conn, [_job(one) for _, one in begun])
    await audit.append_all(conn, [_received(office, wish, one) for wish, one in begun])
    return [_said(wish, one) if one.id in new else AGAIN for wish, one in zip(wishes, asked, strict=True)]


def _key(wish: Wish) -> str:
    return f"{wish.words.place.platform}:{wish.words.key}"


def _asked(office: Office, wish: Wish, client_id: str | None) -> Asked:
    return Asked(
        id=new_id(),
        skill=wish.skill,
        staff_id=wish.staff.id,
        who=wish.words.who,
        place=wish.words.place,
        client_id=client_id,
        to_staff=wish.receiver.id if wish.receiver else None,
        state="reading" if client_id else "picking",
        reason=None,
        draft_id=None,
        created_at=office.clock(),
        team=wish.team,
        words=wish.client,
    )


def _job(asked: Asked) -> jobs.Wanted:
    kind = "prepare" if asked.client_id else "caseload"
    return jobs.Wanted(kind, asked.id, EHR_LANE, f"{kind}:{asked.id}")


def _received(office: Office, wish: Wish, asked: Asked) -> audit.Event:
    about, words = trail.about_request(asked), wish.words
    return trail.event(office, Audited.REQUEST_RECEIVED, wish.staff, about, who=words.who, place=words.place)


def _said(wish: Wish, asked: Asked) -> Notice:
    if asked.client_id is not None:
        return Notice(f"Reading the chart of {wish.client.upper()}. The draft comes here for a decision.")
    if wish.client:
        return Notice("Looking up that client; the draft or your caseload comes in a moment.")
    return Notice("Looking up your caseload; the list comes in a moment, to you only.")


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
    asked = [skill.command for skill in office.shelf.values() if not skill.approval.escalates]
    commands = [*asked, *(room.command for room in rooms.ALL)]
    lines = [f"/{command.name} {command.hint}: {command.summary}" for command in commands]
    return Notice("I understand:\n" + "\n".join([*lines, HINT]))


async def _refuse(office: Office, words: Typed, refused: Refused) -> Notice:
    answer = Answer(allowed=False, rule=refused.rule, sentence=refused.sentence)
    about = trail.About("message", new_id())
    async with office.db.write() as conn:
        await trail.note(
            conn, office, Audited.ACCESS_REFUSED, refused.staff, about, who=words.who, place=words.place, answer=answer
        )
        if refused.rule == legal.RULE:
            await _route_to_compliance(conn, office, about.id)
    return Notice(refused.sentence, Tone.STOP)


async def _route_to_compliance(conn: AsyncConnection, office: Office, message_id: str) -> None:
    """As `tell.soon` does it, which this module cannot import: telling rests on it."""
    for officer in office.people.with_role(Role.COMPLIANCE):
        ref = f"legal_request:{message_id}:{officer.id}"
        await jobs.enqueue(conn, "tell", ref, lane=f"tell:{officer.id}", dedup=f"tell:{ref}")
