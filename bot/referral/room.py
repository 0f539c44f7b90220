"""`/referral status C-102`, `/referral list team`: taken at once, looked up in a job, answered to whoever asked."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Notice, Reply, Typed
from bot.clinic import StaffMember
from bot.flow import records as flow
from bot.flow import trail
from bot.flow.office import EHR_LANE, Office, new_id
from bot.flow.records import Asked
from bot.flow.refusing import refuse
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import ASKING, Answer
from bot.referral import keeping
from bot.store import jobs
from skills.kit import Command, Tone

COMMAND: Final = Command("referral", "status C-102 | list mine", "Where referrals stand, and what is overdue")
LOOK: Final = "referral_look"
LOOKING: Final = "looking"  # the state of such a request
CLOSED: Final = Notice(
    "This channel is not set up for client information. Use your team's channel or write to me directly.", Tone.STOP
)
HELP: Final = Notice("Write `referral status C-102`, `referral status R-31` or `referral list mine | team | overdue`.")
AGAIN: Final = Notice("I have this request already and am working on it.")
NO_TEAM: Final = Answer(allowed=False, rule="referral.team", sentence="You are in no team.")
NO_ROLE: Final = Answer(allowed=False, rule="role.ask", sentence="Your role does not include referrals.")
SCOPES: Final = ("mine", "team", "overdue")


async def answer(office: Office, staff: StaffMember, words: Typed) -> Reply:
    team = _team(office, staff, words)
    if team is None or not set(staff.roles) & ASKING:
        return await refuse(office, words, staff, trail.About("referrals", "unknown"), NO_ROLE if team else NO_TEAM)
    channel = office.clinic.channel(words.place)
    if not (words.place.personal or (channel is not None and channel.phi)):
        return CLOSED
    if not keeping.live(office, team):
        return Notice(f"Referral status is not switched on for the {office.clinic.team(team).name} team yet.")
    wanted = _wanted(words.text)
    return HELP if wanted is None else await _kept(office, staff, words, team, wanted)


def _wanted(text: str) -> str | None:
    """What is looked up, in a fixed form: "status C-102", "list mine"."""
    said = " ".join(text.strip().lstrip("/").split()[1:])
    verb, _, rest = said.partition(" ")
    match verb.casefold():
        case "status" if rest:
            return f"status {rest}"
        case "status" | "list" if not rest:
            return f"list {'mine' if verb.casefold() == 'status' else 'team'}"
        case "list" if rest.casefold() in SCOPES:
            return f"list {rest.casefold()}"
        case _:
            return None


def _team(office: Office, staff: StaffMember, words: Typed) -> str | None:
    """The channel's, for its own people; one-to-one the person's first."""
    channel = office.clinic.channel(words.place)
    mine = [channel.team] if channel and channel.team in staff.teams else list(staff.teams)
    return next(iter(mine), None)


async def _kept(office: Office, staff: StaffMember, words: Typed, team: str, wanted: str) -> Notice:
    """A repeated delivery has the same key, and begins nothing anew."""
    asked = Asked(
        id=new_id(),
        skill="referral",
        staff_id=staff.id,
        who=words.who,
        place=words.place,
        client_id=None,
        to_staff=None,
        state=LOOKING,
        reason=None,
        draft_id=None,
        created_at=office.clock(),
        team=team,
        words=wanted,
    )
    async with office.db.write() as conn:
        if not await flow.add_requests(conn, office.seal, {f"{words.place.platform}:{words.key}": asked}):
            return AGAIN
        await _begin(conn, office, staff, words, asked)
    return Notice("Looking up where it stands. The answer comes to you only.")


async def _begin(conn: AsyncConnection, office: Office, staff: StaffMember, words: Typed, asked: Asked) -> None:
    await jobs.enqueue(conn, LOOK, asked.id, lane=EHR_LANE, dedup=f"{LOOK}:{asked.id}")
    about = trail.about_request(asked)
    await trail.note(conn, office, Audited.REQUEST_RECEIVED, staff, about, who=words.who, place=words.place)
