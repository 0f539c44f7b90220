"""`/crisis C-102 [words]`: any active staff member opens an escalation, at once and without the EHR."""

import re
from dataclasses import replace
from typing import Final

from bot.chat import Notice, Reply, Typed
from bot.clinic import Clinic, StaffMember
from bot.crisis import cards
from bot.crisis import records as escalations
from bot.crisis.oncall import on_call
from bot.crisis.opening import Opened, open_escalation
from bot.crisis.recipients import rules
from bot.flow import records, trail
from bot.flow.office import Office, new_id
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import Answer, programs
from ehr_clients.errors import EhrError
from skills.crisis.signals import Called, Seen, signals
from skills.kit import Tone

SAID: Final = re.compile(r"/?\s*crisis\b[\s:]*(?P<alias>c-?\d{1,9})?\b[\s:,.]*(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
HINT: Final = "/crisis C-102 [words]: page the treating clinician and the supervisor now, until somebody answers"
WHOM: Final = "Write about whom, by alias: /crisis C-102. Nothing was paged yet."
CARE_TEAM_S: Final = 0.3


def asks(text: str) -> bool:
    """Whether these words call a crisis: nothing else may take them."""
    return SAID.fullmatch(text.strip()) is not None


async def called(office: Office, staff: StaffMember, words: Typed) -> Reply:
    """Opens, or joins the client's open one. A second delivery answers as the first did."""
    said = SAID.fullmatch(words.text.strip())
    if said is None or said["alias"] is None:
        return Notice(WHOM, Tone.STOP)
    alias = _alias(said["alias"])
    async with office.db.read() as conn:
        client = (await records.clients_of(conn, [alias])).get(alias)
    if client is None:
        return await _unknown(office, staff, words)
    team = await _team(office, staff, words, client)
    opened = await _open(office, staff, words, client, alias, team, said["rest"].strip())
    async with office.db.read() as conn:
        stored = await escalations.one(conn, opened.number)
    assert stored is not None
    first = f"{opened.code} is {'open' if opened.new else 'open already'}: people are paged until somebody answers."
    return Notice(f"{first} In immediate danger call 911; 988 is there for advice.", Tone.STOP, cards.buttons(stored))


def _alias(typed: str) -> str:
    return f"C-{typed.upper().removeprefix('C').removeprefix('-')}"


async def _open(
    office: Office, staff: StaffMember, words: Typed, client: str, alias: str, team: str, rest: str
) -> Opened:
    now = office.clock().astimezone(office.clinic.zone(team))
    call = Called(ref=f"{words.place.platform}:{words.key}", by=f"{staff.name}, {staff.title}", at=now)
    (signal,) = signals(Seen(calls=(call,)), since=now)
    if rest:
        signal = replace(signal, sentence=f"{signal.sentence} In their words: {rest}")
    async with office.db.write() as conn:
        return await open_escalation(conn, office, signal, client, alias, team, by=staff)


async def _team(office: Office, staff: StaffMember, words: Typed, client: str) -> str:
    """The channel's team or the caller's own, unless the care team says at once that it is another's client."""
    channel = office.clinic.channel(words.place)
    ours = channel.team if channel else next(iter(staff.teams), office.clinic.teams[0].id)
    try:
        theirs = programs(office.clinic, await office.memberships.of(client, within_s=CARE_TEAM_S))
    except (EhrError, TimeoutError):
        return ours
    return ours if ours in theirs or not theirs else min(theirs)


async def _unknown(office: Office, staff: StaffMember, words: Typed) -> Notice:
    """Nobody is paged about a client nobody can name; the caller learns at once whom to ring."""
    answer = Answer(allowed=False, rule="crisis.unknown_alias")
    about = trail.About("message", new_id())
    async with office.db.write() as conn:
        place = {"who": words.who, "place": words.place}
        await trail.note(conn, office, Audited.ACCESS_REFUSED, staff, about, answer=answer, **place)
    people = _to_ring(office.clinic, staff, office)
    text = f"I know no client by that alias, so nobody was paged. Ring now: {people}. In immediate danger call 911."
    return Notice(text, Tone.STOP)


def _to_ring(clinic: Clinic, staff: StaffMember, office: Office) -> str:
    team = next(iter(staff.teams), clinic.teams[0].id)
    ids = on_call(rules(clinic), team, office.clock(), clinic.zone(team)) or rules(clinic).last_resort
    names = [one.name for one in clinic.staff if one.id in ids and one.active]
    return " or ".join(names) or "a supervisor"
