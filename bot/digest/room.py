"""`/digest now`, `/digest week`, `/digest settings`: answered to the one person who asked."""

import hashlib
from datetime import datetime, timedelta
from typing import Final

from bot.chat import Action, Button, Notice, Reply, Typed
from bot.clinic import StaffMember, Team
from bot.digest import cards, marks, records
from bot.digest.cards import SUBJECT
from bot.digest.promise import promised
from bot.digest.records import Digest, State
from bot.digest.schedule import Due, Kind, calendar, live, slug
from bot.flow import trail
from bot.flow.office import Office
from bot.flow.refusing import refuse
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import Answer
from scheduler.due import next_after
from skills.kit import Command, Tone

COMMAND: Final = Command("digest", "now | week | settings", "What changed in your team's caseload")
CLOSED: Final = Notice(
    "This channel is not set up for client information. Use your team's channel or write to me directly.", Tone.STOP
)
HELP: Final = Notice("Write `digest now`, `digest week` or `digest settings`.")
NO_TEAM: Final = Answer(
    allowed=False, rule="digest.team", sentence="You are in no team, so there is no digest for you."
)
HISTORY: Final = timedelta(days=14)
ASKED_FOR: Final = {"now": Kind.NOW, "": Kind.NOW, "week": Kind.WEEK}


async def answer(office: Office, staff: StaffMember, words: Typed) -> Reply:
    what = " ".join(words.text.strip().lstrip("/").split()[1:]).casefold()
    team = _team(office, staff, words)
    if team is None:
        return await refuse(office, words, staff, trail.About("digest", "unknown"), NO_TEAM)
    channel = office.clinic.channel(words.place)
    if not (words.place.personal or (channel is not None and channel.phi)):
        return CLOSED
    if not live(team):
        return Notice(f"The digest is not switched on for the {team.name} team yet.")
    if what == "settings":
        return await settings(office, staff, team)
    kind = ASKED_FOR.get(what)
    return HELP if kind is None else await _asked(office, staff, team, kind, words)


def _team(office: Office, staff: StaffMember, words: Typed) -> Team | None:
    """The channel's, for its own people; one-to-one the person's first."""
    channel = office.clinic.channel(words.place)
    mine = [channel.team] if channel and channel.team in staff.teams else list(staff.teams)
    return office.clinic.team(mine[0]) if mine else None


async def _asked(office: Office, staff: StaffMember, team: Team, kind: Kind, words: Typed) -> Notice:
    """A repeated delivery has the same key, and promises nothing anew."""
    key = hashlib.sha256(f"{words.place.platform}:{words.key}".encode()).hexdigest()[:32]
    due = Due(team.id, kind, key, office.clock())
    async with office.db.write() as conn:
        await promised(conn, due, asked_by=staff.id)
        about = trail.About("digest_asked", key)
        await trail.note(conn, office, Audited.REQUEST_RECEIVED, staff, about, who=words.who, place=words.place)
    span = "the last seven days" if kind is Kind.WEEK else "what changed since the last digest"
    return Notice(f"Looking through the caseload of the {team.name} team for {span}. It comes to you only.")


# Settings


async def settings(office: Office, staff: StaffMember, team: Team) -> Notice:
    """When it goes out, what it leaves out, and how the last ones went. A supervisor may bring lines back."""
    async with office.db.read() as conn:
        gone = sorted(marks.retired(await records.marks(conn, team.id, since=office.clock())))
        lately = await records.of_team(conn, team.id, office.clock() - HISTORY)
    said = [*_times(office, team), *_rules(team, gone), *_went(lately)]
    if staff.id not in cards.supervisors(office, team.id):
        return Notice("\n".join(said))
    subject = f"{SUBJECT}team:{team.id}"
    back = [
        Button(Action.DIGEST_RESTORE, f"Bring back {n}", subject, 0, values={"kind": kind})
        for n, kind in enumerate(gone, 1)
    ]
    return Notice("\n".join(said), buttons=tuple(back))


def _times(office: Office, team: Team) -> list[str]:
    zone, now = office.clinic.zone(team.id), office.clock()
    jobs = [job for job in calendar(office.clinic) if job.name.split(":")[1] == slug(team.id)]
    coming = [(job.name.rpartition(":")[2], next_after(job, now)) for job in jobs]
    times = [f"{kind.capitalize()}: next {slot.wall:%a %d %b %H:%M} ({zone.key})." for kind, slot in coming if slot]
    return [f"Digest of the {team.name} team."] + (
        times or ["Nothing goes out by itself: the team has no digest_time."]
    )


def _rules(team: Team, gone: list[str]) -> list[str]:
    rule = team.digest
    where = "to each person" if rule.to_people else "in the team's channel"
    quiet = "one line" if rule.all_quiet else "silence"
    rules = [f"It goes out {where}, with at most {rule.most_lines} lines on the card; on a quiet day: {quiet}."]
    rules += [f"Lines that nobody acts on for {rule.retire_after_weeks} weeks are proposed for retirement."]
    retired = "; ".join(f"{n} {marks.in_words(kind)}" for n, kind in enumerate(gone, 1))
    return [*rules, f"Retired: {retired or 'nothing'}."]


def _went(lately: list[Digest]) -> list[str]:
    """Late and skipped ones are named; the others counted."""
    own = [one for one in lately if one.kind in {Kind.DAILY, Kind.WEEKLY}]
    counts = {state: sum(one.state is state for one in own) for state in (State.DELIVERED, State.QUIET, State.SKIPPED)}
    late = sum(one.reason == "late" for one in own)
    figures = ", ".join(f"{count} {state.value}" for state, count in counts.items())
    skipped = [f"{one.kind.value} of {_period(one.period)}" for one in own if one.state is State.SKIPPED]
    return [f"Last 14 days: {figures}, {late} late.", *([f"Skipped: {', '.join(skipped[-5:])}."] if skipped else [])]


def _period(period: str) -> str:
    return f"{datetime.fromisoformat(period):%a %d %b %H:%M}"
