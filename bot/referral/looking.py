"""Somebody asked where referrals stand: the EHR is read, each is checked for this one reader, who is told alone."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import CardView, Notice, Postable
from bot.clinic import StaffMember
from bot.flow import records as flow
from bot.flow import trail
from bot.flow.office import Office
from bot.flow.present import whisper
from bot.flow.records import Asked
from bot.flow.refusing import refuse
from bot.flow.standing import standing as stands
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import YES_TEAM, Standing, may_ask, supervises
from bot.referral import cards, keeping, picturing, reading, records
from bot.referral.cards import Shown
from bot.referral.reading import Found, Reading
from bot.referral.records import Tracked
from bot.referral.room import LOOKING
from bot.store.jobs import Finish, Job
from ehr_clients.errors import ClientNotFound, EhrError
from ehr_clients.port import ClientQuery
from skills.kit import Tone
from skills.referral import figures

ALIAS: Final = re.compile(r"C-\d{1,9}", re.IGNORECASE)
UNKNOWN: Final = Notice(
    "The EHR does not answer, so the care team cannot be checked. Please try again in a moment.", Tone.WARNING
)
NONE: Final = Notice("The EHR has no referral for this client that you may see.")
NO_SUCH: Final = Notice("I know no such referral or client. Write an alias such as C-102, or a number such as R-31.")
TITLES: Final = {"mine": "Referrals that you look after", "team": "Open referrals", "overdue": "Overdue referrals"}


async def look(office: Office, job: Job) -> Finish | None:
    async with office.db.read() as conn:
        asked = await flow.request(conn, office.seal, job.ref)
    staff = office.people.by_id(asked.staff_id) if asked else None
    if asked is None or asked.state != LOOKING or staff is None or not staff.active:
        return None
    verb, _, rest = asked.words.partition(" ")
    view = await (_status(office, asked, staff, rest) if verb == "status" else _list(office, asked, staff, rest))
    await whisper(office, asked.who, asked.place, view)
    return partial(_told, office, asked)


async def _told(office: Office, asked: Asked, conn: AsyncConnection) -> None:
    await flow.set_request(conn, asked.id, state="answered")
    await flow.forget_words(conn, office.seal, asked.id)


# One client, or one referral


async def _status(office: Office, asked: Asked, staff: StaffMember, words: str) -> Postable:
    meant = await _meant(office, words)
    if isinstance(meant, Notice):
        return meant
    client_id, number = meant
    return await view(office, staff, client_id, number, asked)


async def _meant(office: Office, words: str) -> tuple[str, int | None] | Notice:
    """The client, and which of their referrals where one was named."""
    if words.upper().startswith("R-") and words[2:].isdecimal() and len(words) < 12:
        async with office.db.read() as conn:
            row = await records.one(conn, int(words[2:]))
        return (row.client_id, row.number) if row else NO_SUCH
    if not ALIAS.fullmatch(words):
        return NO_SUCH
    async with office.db.read() as conn:
        known = (await flow.clients_of(conn, [words])).get(words.upper())
    if known is not None:
        return known, None
    try:
        found = await office.ehr.find(ClientQuery(alias=words.upper()))
    except EhrError:
        return UNKNOWN
    return (found[0].id, None) if found else NO_SUCH


async def view(office: Office, staff: StaffMember, client_id: str, number: int | None, asked: Asked) -> Postable:
    """What this person may see of a client's referrals, or why not."""
    try:
        answer = may_ask(await stands(office, staff, client_id), office.clinic)
    except ClientNotFound:
        return NO_SUCH
    except EhrError:
        return UNKNOWN
    if not answer.allowed:
        return await refuse(office, asked, staff, trail.About("request", asked.id, None, client_id), answer)
    shown, withheld, read = await of_client(office, staff, client_id)
    chosen = [one for one in shown if number in {None, one.row.number}]
    zone = office.clinic.zone(asked.team)
    at = office.clock() if read else min((one.row.updated_at for one in chosen), default=office.clock())
    if len(chosen) == 1 and number is not None:
        return cards.one_card(chosen[0], zone, at, withheld=0)
    if not chosen and not withheld:
        return NONE if read is not None else UNKNOWN
    alias = chosen[0].alias if chosen else ""
    if len(chosen) == 1:
        return cards.one_card(chosen[0], zone, at, withheld=withheld)
    gaps = read.gaps if read else ()
    title = f"Referrals {alias}".strip()
    return cards.listed(title, chosen, zone, at, withheld=withheld, stale=read is None, gaps=gaps)


async def of_client(
    office: Office, staff: StaffMember, client_id: str, *, within_s: float = reading.LONGEST_S
) -> tuple[list[Shown], int, Reading | None]:
    """For this reader, with how many were left out; the reading is None when the EHR did not answer."""
    try:
        read = await reading.of_client(office, client_id, within_s=within_s)
    except EhrError:
        return await _remembered(office, [client_id]), 0, None
    rows = await _kept(office, staff, read)
    aliases = await _aliases(office, [client_id])
    allowed = [one for one in read.found if reading.may_have(office, staff, one)]
    return _shown(allowed, rows, aliases), len(read.found) - len(allowed), read


async def _kept(office: Office, staff: StaffMember, read: Reading) -> Mapping[str, Tracked]:
    """With its place in the audit trail, before anything is shown."""
    refs = tuple(sorted(one.referral.source.ref for one in read.found))
    only = next(iter(read.clients)) if len(read.clients) == 1 else None
    about = trail.About("client" if only else "referrals", only or staff.id, None, only)
    more = {"answer": YES_TEAM, "purpose": "TREAT", "source_refs": refs, "counts": {"clients": len(read.clients)}}
    async with office.db.write() as conn:
        await trail.note(conn, office, Audited.CHART_READ, staff, about, **more)
        return await keeping.keep(conn, office, read)


async def _remembered(office: Office, clients: Sequence[str]) -> list[Shown]:
    """While the EHR is down: what was kept, without what is protected, because no consent can be asked."""
    async with office.db.read() as conn:
        rows = [one for one in await records.of_clients(conn, clients) if not one.part2 and not one.closed]
    aliases = await _aliases(office, {one.client_id for one in rows})
    return [Shown(one, aliases[one.client_id], one.standing(_today(office, one)), None) for one in rows]


def _shown(found: Iterable[Found], rows: Mapping[str, Tracked], aliases: Mapping[str, str]) -> list[Shown]:
    return [Shown(rows[one.referral.id], aliases[one.client_id], one.standing, one) for one in found]


async def _aliases(office: Office, clients: Iterable[str]) -> Mapping[str, str]:
    async with office.db.write() as conn:
        return await flow.aliases_for(conn, dict.fromkeys(clients))


# A team's


async def _list(office: Office, asked: Asked, staff: StaffMember, scope: str) -> CardView | Notice:
    zone = office.clinic.zone(asked.team)
    title = f"{TITLES[scope]}, {office.clinic.team(asked.team).name} team"
    try:
        read = await reading.of_team(office, asked.team)
    except EhrError:
        shown = await _own_remembered(office, asked.team, staff)
        chosen = [one for one in shown if _in_scope(one, scope, staff)]
        at = min((one.row.updated_at for one in chosen), default=office.clock())
        return cards.listed(title, chosen, zone, at, stale=True) if chosen else UNKNOWN
    rows = await _kept(office, staff, read)
    aliases = await _aliases(office, read.clients)
    mine = [one for one in read.found if _in_charge(office, staff, one.care_team)]
    allowed = [one for one in mine if reading.may_have(office, staff, one)]
    chosen = [one for one in _shown(allowed, rows, aliases) if _in_scope(one, scope, staff)]
    withheld, counts = len(mine) - len(allowed), _figures(office, asked, rows) if scope == "team" else ()
    return cards.listed(title, chosen, zone, office.clock(), withheld=withheld, gaps=read.gaps, figures=counts)


def _figures(office: Office, asked: Asked, rows: Mapping[str, Tracked]) -> Sequence[picturing.Block]:
    """Counts alone, over all of the team's clients: nobody can be told from them."""
    days = reading.calendar(office, asked.team)
    today = days.today(office.clock())
    return picturing.blocks(figures([one.standing(today) for one in rows.values()], days, office.clock()))


def _in_scope(one: Shown, scope: str, staff: StaffMember) -> bool:
    if one.standing.closed:
        return False
    return {"mine": one.row.owner == staff.id, "overdue": bool(one.standing.overdue_days)}.get(scope, True)


def _in_charge(office: Office, staff: StaffMember, care_team: frozenset[str]) -> bool:
    on_it, over_it = staff.practitioner in care_team, supervises(office.clinic, staff, care_team)
    stand = Standing(staff=staff, on_care_team=on_it, supervises=over_it, broke_glass=False)
    return may_ask(stand, office.clinic).allowed


async def _own_remembered(office: Office, team: str, staff: StaffMember) -> list[Shown]:
    """Of clients whose care team is remembered: with nobody to ask, the others are not shown."""
    async with office.db.read() as conn:
        clients = {one.client_id for one in await records.of_team(conn, team)}
    allowed = []
    for client in sorted(clients & set(office.memberships.known)):
        try:
            care_team = await office.memberships.of(client, within_s=0.2)
        except EhrError:
            continue
        if _in_charge(office, staff, care_team):
            allowed.append(client)
    return await _remembered(office, allowed)


def _today(office: Office, row: Tracked) -> date:
    return reading.calendar(office, row.team).today(office.clock())
