"""`/baton whoami`, `/baton status`, `/baton queue`: about the person and the machine, never about a client.

Slack leaves the word "baton" away, so the words alone mean the same. `/baton help` is everybody's help.
"""

import asyncio
from typing import Final

from sqlalchemy import func, select

from bot.chat import Notice, Platform, Reply, Typed
from bot.clinic import StaffMember
from bot.flow import trail
from bot.flow.office import Office, new_id
from bot.flow.refusing import refuse
from bot.people import licensed
from bot.privacy.policy import Answer
from bot.store import jobs
from bot.store import tables as t
from ehr_clients.errors import EhrError
from skills.kit import Command, Role, Tone

COMMAND: Final = Command("baton", "help | whoami | status | queue", "What I understand, who you are, how I am")
WORDS: Final = frozenset({"whoami", "status", "queue"})
MAY_SEE_QUEUE: Final = frozenset({Role.SUPERVISOR, Role.COMPLIANCE})
EHR_WITHIN_S: Final = 1.2
CALLED: Final = {Platform.SLACK: "Slack", Platform.TEAMS: "Microsoft Teams", Platform.WEB: "the web console"}
QUEUE_CLOSED: Final = Answer(
    allowed=False, rule="role.queue", sentence="The queue is for supervisors and compliance. `/baton status` is not."
)


async def answer(office: Office, staff: StaffMember, words: Typed) -> Reply:
    """The last word decides, with or without "baton" before it."""
    match words.text.casefold().replace("/", " ").split()[-1]:
        case "whoami":
            return whoami(office, staff, words)
        case "queue":
            return await queue(office, staff, words)
        case _:
            return await status(office)


def whoami(office: Office, staff: StaffMember, words: Typed) -> Notice:
    teams = ", ".join(office.clinic.team(team).name for team in staff.teams) or "none"
    linked = [f"{CALLED[who.platform]} ({who.tenant}, {who.user})" for who in staff.identities()]
    lines = [
        f"You are {staff.name} ({staff.id}), as {CALLED[words.who.platform]} says.",
        f"Roles: {', '.join(role.replace('_', ' ') for role in staff.roles)}",
        f"Licence: {licence_of(office, staff)}",
        f"Teams: {teams}",
        f"Linked: {', '.join(linked)}",
        "Something is wrong? Your Baton administrator keeps this in the clinic file.",
    ]
    return Notice("\n".join(lines), Tone.INFO if _fit(office, staff) else Tone.WARNING)


def _fit(office: Office, staff: StaffMember) -> bool:
    return staff.licence is None or licensed(staff, office.clock().date())


def licence_of(office: Office, staff: StaffMember) -> str:
    """With its end, and what that means once it has come."""
    if staff.licence is None:
        return "none on file, so you cannot approve what needs one"
    until = f"{staff.licence.expires:%d %b %Y}"
    said = f"{staff.licence.type}, {staff.licence.state}"
    return f"{said}, until {until}" if _fit(office, staff) else f"{said}, EXPIRED on {until}: you cannot approve"


async def status(office: Office) -> Notice:
    """Asked of the EHR itself, for a second; the rest is known here."""
    ehr, fine = await _ehr(office)
    async with office.db.read() as conn:
        waiting = await jobs.waiting(conn)
    model = office.drafter.model
    lines = [
        f"Platforms: {', '.join(CALLED[platform] for platform in office.chats) or 'none'}",
        f"EHR: {ehr}",
        f"Model: {f'{model.name} ({model.provider})' if model else 'off, drafts come from the template'}",
        f"Queue: {_age(waiting)}",
    ]
    return Notice("\n".join(lines), Tone.WARNING if waiting.dead or not fine else Tone.INFO)


async def _ehr(office: Office) -> tuple[str, bool]:
    try:
        async with asyncio.timeout(EHR_WITHIN_S):
            await office.ehr.capabilities()
    except (EhrError, TimeoutError):
        return "does not answer; requests wait and nothing is lost", False
    return "answers", True


def _age(waiting: jobs.Waiting) -> str:
    oldest = f"the oldest for {_in_words(waiting.oldest_due_s)}" if waiting.due else "nothing waits"
    gave_up = f"; {waiting.dead} gave up and wait for a person" if waiting.dead else ""
    return f"{waiting.due} due, {oldest}{gave_up}"


def _in_words(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes else f"{seconds:.0f} s"


async def queue(office: Office, staff: StaffMember, words: Typed) -> Notice:
    """Figures only: a kind of work and how many."""
    if not set(staff.roles) & MAY_SEE_QUEUE:
        return await refuse(office, words, staff, trail.About("message", new_id()), QUEUE_CLOSED)
    async with office.db.read() as conn:
        waiting = await jobs.waiting(conn)
        counted = select(t.jobs.c.kind, func.count()).where(t.jobs.c.state == "dead").group_by(t.jobs.c.kind)
        dead = [f"{kind.replace('_', ' ')}: {count}" for kind, count in await conn.execute(counted)]
    lines = [
        f"Due: {_age(waiting)}",
        f"Running: {waiting.running}. Timers: {waiting.scheduled}. Done: {waiting.done}.",
        f"Gave up: {', '.join(sorted(dead)) or 'none'}",
    ]
    return Notice("\n".join(lines), Tone.WARNING if dead else Tone.INFO)
