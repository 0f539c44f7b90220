"""The buttons of a digest: each finds out who pressed, what of it they may see now, and does it."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from bot.chat import Action, Form, Notice, Press, Reply, sent_back
from bot.clinic import StaffMember
from bot.crisis.buttons import STRANGER
from bot.digest import cards, content, doing, marks, records, rights
from bot.digest.cards import LINES_ON_PAGE, SUBJECT
from bot.digest.content import Content, DigestLine
from bot.digest.doing import Wanted
from bot.digest.records import Digest, Mark
from bot.flow import trail
from bot.flow.office import Office, new_id
from bot.flow.refusing import refuse
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import Answer
from ehr_clients.errors import EhrError
from skills.digest import SAFETY
from skills.kit import Tone

OF_DIGEST: Final = re.compile(rf"{SUBJECT}(?P<id>[0-9a-f]{{1,32}})(?:\.(?P<number>[0-9]{{1,4}}))?")
OF_TEAM: Final = re.compile(rf"{SUBJECT}team:(?P<team>.+)")
GONE: Final = Notice("This digest is too old: its lines are not kept any more. Ask for a fresh one with /digest now.")
NOT_YOUR_TEAM: Final = Answer(
    allowed=False, rule="digest.team", sentence="This digest is for the people of its team only."
)
NOT_SUPERVISOR: Final = Answer(
    allowed=False, rule="digest.settings", sentence="Only a supervisor of the team decides which lines it gets."
)
DUE_DAYS: Final = 2


@dataclass(frozen=True, slots=True)
class On:
    """A press on a digest that is there, by somebody of its team."""

    press: Press
    staff: StaffMember
    digest: Digest
    news: Content


@dataclass(frozen=True, slots=True)
class OnLine:
    on: On
    number: int
    line: DigestLine


async def press(office: Office, pressed: Press) -> Reply:
    """What one press comes to. A stranger changes nothing and sees nothing, and that is recorded."""
    staff = office.people.by_chat(pressed.who)
    if staff is None:
        return await _refuse(
            office, pressed, None, Answer(allowed=False, rule="identity.unknown", sentence=STRANGER.text)
        )
    if OF_TEAM.fullmatch(pressed.subject):
        return await _of_team(office, staff, pressed)
    on = await _found(office, staff, pressed)
    if isinstance(on, Notice):
        return on
    if pressed.action in {Action.DIGEST_OPEN, Action.SHOW}:
        return await (_open(office, on) if pressed.action is Action.DIGEST_OPEN else _card(office, on))
    line = await _line(office, on)
    return line if isinstance(line, Notice) else await _ON_LINE[pressed.action](office, line)


async def _found(office: Office, staff: StaffMember, pressed: Press) -> On | Notice:
    named = OF_DIGEST.fullmatch(pressed.subject)
    async with office.db.read() as conn:
        digest = await records.one(conn, named["id"]) if named else None
    if digest is None:
        return GONE
    if digest.team not in staff.teams or digest.asked_by not in {None, staff.id}:
        return await _refuse(office, pressed, staff, NOT_YOUR_TEAM)
    kept = records.opened(office.seal, digest)
    return On(pressed, staff, digest, content.from_json(kept)) if kept is not None else GONE


# Looking


async def _card(office: Office, on: On) -> Reply:
    """The card again, where a page or a form took its place: as it stands where it was posted."""
    reader = on.staff if on.press.place.personal else None
    async with office.db.read() as conn:
        marked = await records.marks(conn, on.digest.team, since=office.clock())
    view = cards.digest_card(office, on.digest, on.news, marked, reader=reader)
    return view or Notice("Nothing of it is open any more.")


async def _open(office: Office, on: On) -> Reply:
    """Page by page the lines for whoever pressed, each checked against its care team as it is now."""
    async with office.db.read() as conn:
        marked = await records.marks(conn, on.digest.team, since=office.clock())
    lines = cards.visible(office, on.digest, on.news, marked, on.staff)
    pages = max(1, -(-len(lines) // LINES_ON_PAGE))
    page = min(_number(on.press.values.get("page", "1")), pages)
    here = lines[(page - 1) * LINES_ON_PAGE : page * LINES_ON_PAGE]
    answers = await rights.may_see(office, on.staff, on.digest.team, [line for _, line in here])
    allowed = [one for one, answer in zip(here, answers, strict=True) if answer.allowed]
    await _viewed(office, on, [line for _, line in allowed])
    unknown = sum(answer is rights.UNKNOWN for answer in answers)
    return cards.page(office, on.digest, allowed, number=page, of=pages, unknown=unknown)


async def _show_line(office: Office, at: OnLine) -> Reply:
    """Somebody looked into this one line: that counts as acting on it, turning pages does not."""
    await _mark(office, at, Mark.OPENED)
    await _viewed(office, at.on, [at.line])
    return cards.line_detail(office, at.on.digest, at.number, at.line)


async def _viewed(office: Office, on: On, lines: list[DigestLine]) -> None:
    """Recorded before it is shown."""
    async with office.db.write() as conn:
        for line in lines:
            about = trail.About("digest", on.digest.id, None, line.client_id)
            await trail.note(
                conn, office, Audited.DETAIL_VIEWED, on.staff, about, who=on.press.who, place=on.press.place
            )


# Acting on one line


async def _line(office: Office, on: On) -> OnLine | Notice:
    """The line that was pressed, if this person may see it now."""
    named = OF_DIGEST.fullmatch(on.press.subject)
    number = int(named["number"]) if named and named["number"] else 0
    line = on.news.lines[number - 1] if 0 < number <= len(on.news.lines) else None
    if line is None:
        return GONE
    (answer,) = await rights.may_see(office, on.staff, on.digest.team, [line])
    if not answer.allowed:
        return await _refuse(office, on.press, on.staff, answer, line)
    return OnLine(on, number, line)


async def _task(office: Office, at: OnLine) -> Reply:
    if (refused := await _may_not_act(office, at)) is not None:
        return refused
    return _task_form(office, at)


def _task_form(office: Office, at: OnLine) -> Form:
    zone = office.clinic.zone(at.on.digest.team)
    due = office.clock().astimezone(zone).date() + timedelta(days=DUE_DAYS)
    return cards.task_form(office, at.on.digest, at.number, at.line, at.on.staff, f"{due:%Y-%m-%d}")


async def _save_task(office: Office, at: OnLine) -> Reply:
    if (refused := await _may_not_act(office, at)) is not None:
        return refused
    found = _wanted(office, at)
    if isinstance(found, dict):
        return sent_back(_task_form(office, at), at.on.press.values, found)
    async with office.db.write() as conn:
        new = await doing.ask_for_task(conn, office, at.on.digest, at.line, at.on.staff, found)
    if not new:
        return Notice(f"I have this task for {at.line.alias} already.")
    return Notice(f"Filing the task for {at.line.alias}. You hear from me when it is in the chart.")


def _wanted(office: Office, at: OnLine) -> Wanted | dict[str, str]:
    """The task, or what is wrong with which field."""
    values, wrong = at.on.press.values, dict[str, str]()
    owners = office.people.matching(values.get("owner", ""))
    due = _day(values.get("due", ""))
    what = values.get("what", "").strip()
    if not what or len(what) > 300:
        wrong["what"] = "Write what has to be done, in at most 300 characters."
    if len(owners) != 1:
        wrong["owner"] = "Write the name or id of one active colleague."
    if due is None or due < office.clock().astimezone(office.clinic.zone(at.on.digest.team)).date():
        wrong["due"] = "Write a day from today on, such as 2026-12-01."
    if wrong or due is None:
        return wrong
    return Wanted(digest_id=at.on.digest.id, number=at.number, what=what, owner=owners[0].id, due=due)


async def _may_not_act(office: Office, at: OnLine) -> Notice | None:
    try:
        care_team = await office.memberships.of(at.line.client_id, within_s=rights.WITHIN_S)
    except EhrError:
        return Notice(rights.UNKNOWN.sentence, Tone.WARNING)
    answer = rights.may_act(office, at.on.staff, care_team)
    return None if answer.allowed else await _refuse(office, at.on.press, at.on.staff, answer, at.line)


async def _tell(office: Office, at: OnLine) -> Reply:
    owner = office.people.by_id(at.line.owner or "")
    if owner is None or not owner.active:
        return Notice("This line has no owner who can be reached. Make a task instead.", Tone.WARNING)
    if owner.id == at.on.staff.id:
        return Notice("You own this line yourself.")
    async with office.db.write() as conn:
        new = await doing.ask_owner(conn, office, at.on.digest, at.number, at.line, at.on.staff)
    return Notice(f"{owner.name} is asked to look at {at.line.alias}." if new else f"{owner.name} was asked already.")


async def _snooze(office: Office, at: OnLine) -> Reply:
    return cards.snooze_form(at.on.digest, at.number, at.line)


async def _save_snooze(office: Office, at: OnLine) -> Reply:
    values, wrong = at.on.press.values, dict[str, str]()
    longest = marks.longest_snooze(at.line).days
    days, reason = _number(values.get("days", ""), otherwise=0), values.get("reason", "").strip()
    if not 1 <= days <= longest:
        wrong["days"] = f"Write a number of days from 1 to {longest}."
    if not reason or len(reason) > 500:
        wrong["reason"] = "Write why it can wait, in at most 500 characters."
    if wrong:
        return sent_back(cards.snooze_form(at.on.digest, at.number, at.line), values, wrong)
    until = office.clock() + timedelta(days=days)
    await _mark(office, at, Mark.SNOOZED, reason, until)
    everybody = at.on.staff.id == at.line.owner or at.on.staff.id in cards.supervisors(office, at.on.digest.team)
    whom = "the team's digest" if everybody else "your own digest"
    return Notice(f"{at.line.alias}: this line is out of {whom} for {days} day{'' if days == 1 else 's'}.", Tone.DONE)


async def _useless(office: Office, at: OnLine) -> Reply:
    await _mark(office, at, Mark.USELESS)
    return Notice("Noted. Lines of this kind that nobody acts on are proposed for retirement.", Tone.DONE)


async def _mark(office: Office, at: OnLine, mark: Mark, reason: str = "", until: datetime | None = None) -> None:
    words = f"{until:%Y-%m-%d}" if until else ""
    kept = doing.marked(at.on.digest, at.line, at.on.staff, mark, office.clock(), words=words)
    async with office.db.write() as conn:
        await records.add_mark(conn, office.seal, replace(kept, until=until), reason)


# Which lines a team gets


async def _of_team(office: Office, staff: StaffMember, pressed: Press) -> Reply:
    """Retire, keep, bring back: a supervisor's click, nothing else. What concerns safety stays."""
    named = OF_TEAM.fullmatch(pressed.subject)
    team = next((one for one in office.clinic.teams if named and one.id == named["team"]), None)
    if team is None or staff.id not in cards.supervisors(office, team.id):
        return await _refuse(office, pressed, staff, NOT_SUPERVISOR)
    kind = pressed.values.get("kind", "")[:32]
    mark = {Action.DIGEST_RETIRE: Mark.RETIRED, Action.DIGEST_RESTORE: Mark.RESTORED}.get(pressed.action, Mark.KEPT)
    if mark is Mark.RETIRED and kind in SAFETY:
        return Notice("Lines about suicide risk are never retired.", Tone.STOP)
    named_mark = {"team": team.id, "line": "", "kind": kind, "staff_id": staff.id}
    decided = records.Marked(id=new_id(), mark=mark, until=None, at=office.clock(), **named_mark)
    async with office.db.write() as conn:
        await records.add_mark(conn, office.seal, decided)
        more = {"who": pressed.who, "place": pressed.place, "reason": f"digest.{mark.value}"}
        await trail.note(conn, office, Audited.CONFIG_CHANGED, staff, trail.About("digest_lines", team.id), **more)
    said = {Mark.RETIRED: "is retired", Mark.RESTORED: "is back", Mark.KEPT: "stays"}[mark]
    return Notice(f"{marks.in_words(kind)} {said} in the digest of {team.name}. /digest settings shows all.", Tone.DONE)


# What they share


async def _refuse(
    office: Office, pressed: Press, staff: StaffMember | None, answer: Answer, line: DigestLine | None = None
) -> Notice:
    named = OF_DIGEST.fullmatch(pressed.subject)
    about = trail.About("digest", named["id"] if named else "unknown", None, line.client_id if line else None)
    return await refuse(office, pressed, staff, about, answer)


def _number(text: str, *, otherwise: int = 1) -> int:
    return int(text) if text.isdecimal() and len(text) < 4 else otherwise


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


_ON_LINE: Final[Mapping[Action, Callable[[Office, OnLine], Awaitable[Reply]]]] = {
    Action.DIGEST_LINE: _show_line,
    Action.DIGEST_TASK: _task,
    Action.DIGEST_SAVE_TASK: _save_task,
    Action.DIGEST_TELL: _tell,
    Action.DIGEST_SNOOZE: _snooze,
    Action.DIGEST_SAVE_SNOOZE: _save_snooze,
    Action.DIGEST_USELESS: _useless,
}
_OF_TEAM: Final = (Action.DIGEST_RETIRE, Action.DIGEST_KEEP, Action.DIGEST_RESTORE)
VERBS: Final[Mapping[Action, Callable[[Office, Press], Awaitable[Reply]]]] = dict.fromkeys(
    (Action.DIGEST_OPEN, *_ON_LINE, *_OF_TEAM), press
)


def showing(otherwise: Callable[[Office, Press], Awaitable[Reply]]) -> Callable[[Office, Press], Awaitable[Reply]]:
    """`Action.SHOW` of a digest's card; of every other card, what it meant before."""

    async def show(office: Office, pressed: Press) -> Reply:
        return await (press if pressed.subject.startswith(SUBJECT) else otherwise)(office, pressed)

    return show
