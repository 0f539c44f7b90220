"""What a digest looks like: a card for a channel or a person, pages of detail for one authorised reader. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from bot.chat import Action, Button, CardView, Confirm, Detail, Field, Form, Notice, Status, Style
from bot.clinic import StaffMember
from bot.digest import marks as marked
from bot.digest.content import Content, DigestLine, Does
from bot.digest.marks import Proposal
from bot.digest.records import Digest, Marked
from bot.digest.schedule import ASKED
from bot.flow.office import Office
from skills.kit import Banner, Block, Card, Role, Row, Rows, Text, Title, Tone

WHY: Final = (
    "The team's digest is not posted here, because somebody from outside could read along. "
    "It went to each of the team directly."
)
SUBJECT: Final = "digest-"
LINES_ON_PAGE: Final = 5
MOST_NAMED: Final = 3
LABELS: Final = {
    Does.OPEN_DRAFT: "Open draft",
    Does.MAKE_TASK: "Make task",
    Does.MESSAGE_OWNER: "Message owner",
}


def subject(digest: Digest, number: int | None = None) -> str:
    """Opaque: the digest, and the number of one of its lines."""
    return f"{SUBJECT}{digest.id}" + (f".{number}" if number is not None else "")


def supervisors(office: Office, team: str) -> frozenset[str]:
    return frozenset(s.id for s in office.people.with_role(Role.SUPERVISOR) if team in s.teams)


def visible(
    office: Office, digest: Digest, news: Content, marks: Sequence[Marked], reader: StaffMember | None
) -> list[tuple[int, DigestLine]]:
    """The lines for this reader, or for everybody in the channel, with the numbers that they have for everybody."""
    numbers = {line.key: number for number, line in enumerate(news.lines, start=1)}
    open_to = [line for line in news.lines if (reader.id in line.readers if reader else line.channel)]
    named = reader.id if reader else None
    left = marked.shown(open_to, marks, now=office.clock(), reader=named, supervisors=supervisors(office, digest.team))
    return [(numbers[line.key], line) for line in left]


# The card


def digest_card(
    office: Office,
    digest: Digest,
    news: Content,
    marks: Sequence[Marked],
    *,
    reader: StaffMember | None,
    missed: Sequence[str] = (),
) -> CardView | Notice | None:
    """None: there is nothing to say here. Somebody who asked is always answered."""
    lines, team = visible(office, digest, news, marks, reader), office.clinic.team(digest.team)
    hidden = len(news.lines) - len(lines) if reader is None else 0
    if not lines and not hidden and not news.gaps and not news.trends:
        return _nothing(office, digest, missed) if digest.kind in ASKED or team.digest.all_quiet else None
    most = team.digest.most_lines
    head = f"{team.name}: {'week' if digest.kind.trends else 'what changed'}"
    summary: tuple[Block, ...] = (
        Title(f"{head}, {_day(office, digest, digest.due_at)}"),
        *_trouble(office, digest, news, missed),
        *_rows(office, digest, lines[:most]),
        *(Text(trend) for trend in news.trends),
    )
    status = Status(_tone(lines, news), _counted(office, digest, lines, most, hidden))
    buttons = (*_taps(office, digest, lines[:most]), all_lines(digest))
    card = Card(f"Baton: digest of {team.name}", summary, ())
    return CardView(card, status, buttons, draft_id=subject(digest))


def _nothing(office: Office, digest: Digest, missed: Sequence[str]) -> Notice:
    team = office.clinic.team(digest.team)
    since = f" since {_when(office, digest, digest.since)}" if digest.since else ""
    more = f" {_missed(missed)}" if missed else ""
    return Notice(f"{team.name}: all quiet{since}.{more}", Tone.DONE)


def _trouble(office: Office, digest: Digest, news: Content, missed: Sequence[str]) -> list[Banner]:
    """What a reader must know before trusting it: it is late, others are missing, or it is incomplete."""
    late = f"Late: this was due {_when(office, digest, digest.due_at)}."
    said = [late] if digest.reason == "late" else []
    said += [_missed(missed)] if missed else []
    said += [f"Incomplete: {'; '.join(news.gaps)}. It is read again for the next digest."] if news.gaps else []
    return [Banner(Tone.WARNING, words) for words in said]


def _missed(periods: Sequence[str]) -> str:
    """The newest few by name; all of them by their number."""
    named = ", ".join(period.replace("T", " ") for period in list(periods)[-MOST_NAMED:])
    count = f"{len(periods)} digests before this one did" if len(periods) > 1 else "The digest before this one did"
    return f"{count} not go out ({named}); their time is covered here."


def _rows(office: Office, digest: Digest, lines: Iterable[tuple[int, DigestLine]]) -> list[Rows]:
    rows = tuple(Row(f"{number}. {line.alias}", _what(office, digest, line)) for number, line in lines)
    return [Rows(rows)] if rows else []


def _what(office: Office, digest: Digest, line: DigestLine) -> str:
    return f"{line.what} ({_when(office, digest, line.at)})" if line.at else line.what


def _tone(lines: Sequence[tuple[int, DigestLine]], news: Content) -> Tone:
    if any(line.safety for _, line in lines):
        return Tone.STOP
    return Tone.WARNING if news.gaps else Tone.INFO


def _counted(office: Office, digest: Digest, lines: Sequence[tuple[int, DigestLine]], most: int, hidden: int) -> str:
    count = f"{len(lines)} line{'' if len(lines) == 1 else 's'}"
    rest = f", {len(lines) - most} of them behind All lines" if len(lines) > most else ""
    private = f", {hidden} more for some of you only" if hidden else ""
    since = f", since {_when(office, digest, digest.since)}" if digest.since else ""
    return f"{count}{rest}{private}{since}."


def _taps(office: Office, digest: Digest, lines: Sequence[tuple[int, DigestLine]]) -> list[Button]:
    """One for each line that is shown."""
    return [first_tap(office, digest, number, line, label=f"{number} {LABELS[line.does]}") for number, line in lines]


def first_tap(office: Office, digest: Digest, number: int, line: DigestLine, *, label: str) -> Button:
    where = subject(digest, number)
    match line.does, line.draft:
        case Does.OPEN_DRAFT, (str(draft_id), int(version)):
            return Button(Action.REVIEW, label, draft_id, version, opens=True)
        case Does.MESSAGE_OWNER, _:
            owner = office.people.by_id(line.owner or "")
            sure = Confirm("Message the owner?", f"{owner.name if owner else 'The owner'} is asked to look.", "Send")
            return Button(Action.DIGEST_TELL, label, where, 0, confirm=sure)
        case _:
            return Button(Action.DIGEST_TASK, label, where, 0, opens=True)


def all_lines(digest: Digest) -> Button:
    return Button(Action.DIGEST_OPEN, "All lines", subject(digest), 0, Style.PRIMARY, opens=True)


# For one authorised reader


def page(
    office: Office,
    digest: Digest,
    lines: Sequence[tuple[int, DigestLine]],
    *,
    number: int,
    of: int,
    unknown: int,
) -> Detail:
    """`lines` of this page. `unknown`: so many could not be checked against the care team just now."""
    blocks: list[Block] = [Title("Digest")]
    blocks += [block for place, line in lines for block in detail(office, digest, place, line)]
    if unknown:
        blocks.append(Banner(Tone.WARNING, f"{unknown} lines are not shown: the care team cannot be checked just now."))
    if not lines and not unknown:
        blocks.append(Text("There is nothing here for you."))
    buttons = [Button(Action.DIGEST_LINE, f"{place} …", subject(digest, place), 0, opens=True) for place, _ in lines]
    turn = {"page": str(number + 1)}
    further = [Button(Action.DIGEST_OPEN, "Next page", subject(digest), 0, opens=True, values=turn)]
    return Detail("Digest", tuple(blocks), (*buttons, *(further if number < of else ())), number, of, subject(digest))


def detail(office: Office, digest: Digest, number: int, line: DigestLine) -> list[Block]:
    owner = office.people.by_id(line.owner or "")
    rows = [Row(f"{number}. {line.alias}", _what(office, digest, line))]
    rows += [Row("", words) for words in line.detail]
    rows += [Row("Owner", owner.name)] if owner else []
    return [Rows(tuple(rows))]


def line_detail(office: Office, digest: Digest, number: int, line: DigestLine) -> Detail:
    """One line with everything that can be done about it, the likeliest first."""
    first = first_tap(office, digest, number, line, label=LABELS[line.does])
    where = subject(digest, number)
    others = [
        Button(Action.DIGEST_TASK, LABELS[Does.MAKE_TASK], where, 0, opens=True),
        *([_tell(office, digest, number, line)] if line.owner else []),
        Button(Action.DIGEST_SNOOZE, "Snooze", where, 0, opens=True),
        Button(Action.DIGEST_USELESS, "Not useful", where, 0),
    ]
    buttons = (first, *(button for button in others if button.action is not first.action))
    return Detail("Digest", tuple(detail(office, digest, number, line)), buttons, subject=where)


def _tell(office: Office, digest: Digest, number: int, line: DigestLine) -> Button:
    sure = Confirm("Message the owner?", "They are asked to look at this line.", "Send")
    return Button(Action.DIGEST_TELL, LABELS[Does.MESSAGE_OWNER], subject(digest, number), 0, confirm=sure)


# Forms


def task_form(office: Office, digest: Digest, number: int, line: DigestLine, me: StaffMember, due: str) -> Form:
    owner = line.owner or me.id
    fields = (
        Field("what", "What has to be done", f"{line.alias}: {line.what}", max_length=300),
        Field("owner", "Who does it (name or id)", owner, multiline=False, max_length=100),
        Field("due", "By when (YYYY-MM-DD)", due, multiline=False, max_length=10),
    )
    intro = f"This task goes into the chart of {line.alias} under your name, exactly as it stands here."
    return Form(Action.DIGEST_SAVE_TASK, "Make a task", intro, fields, "File task", subject(digest, number), 0)


def snooze_form(digest: Digest, number: int, line: DigestLine) -> Form:
    longest = marked.longest_snooze(line).days
    fields = (
        Field("days", "For how many days", "1", multiline=False, hint=f"1 to {longest}", max_length=2),
        Field("reason", "Why it can wait", hint="Your colleagues can ask for it", max_length=500),
    )
    intro = "This line comes back by itself." + (
        " A line about suicide risk is never hidden for longer than a day." if line.safety else ""
    )
    return Form(Action.DIGEST_SAVE_SNOOZE, "Snooze", intro, fields, "Snooze", subject(digest, number), 0)


# Retirement, for supervisors


def proposal(team: str, one: Proposal) -> Notice:
    sure = Confirm("Retire these lines?", f"{marked.in_words(one.kind)} will no longer stand in the digest.", "Retire")
    buttons = (
        Button(Action.DIGEST_RETIRE, "Retire", f"{SUBJECT}team:{team}", 0, confirm=sure, values={"kind": one.kind}),
        Button(Action.DIGEST_KEEP, "Keep", f"{SUBJECT}team:{team}", 0, values={"kind": one.kind}),
    )
    return Notice(f"Nobody acts on these lines of the digest. {one.sentence()} Retire them?", Tone.INFO, buttons)


# Words


def _when(office: Office, digest: Digest, at: datetime | None) -> str:
    zone: ZoneInfo = office.clinic.zone(digest.team)
    return f"{at.astimezone(zone):%a %d %b %H:%M}" if at else "an unknown time"


def _day(office: Office, digest: Digest, at: datetime) -> str:
    return f"{at.astimezone(office.clinic.zone(digest.team)):%a %d %b}"
