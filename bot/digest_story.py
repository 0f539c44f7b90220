"""The story of three mornings: what was there, a quiet day, and a day on which something happened overnight.

It goes through the same EHR, jobs, desk and audit trail as the running product. Only the clock is turned, and what
people press is scripted. What Slack and Teams would show is drawn by their own renderers from the very same card.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from rich.console import Console

from bot.app import Baton, opened
from bot.chat import Action, CardView, Detail, Form, Notice, Place, Platform, Postable, Press, Reply, Typed, Who
from bot.clinic import CONSOLE_TENANT
from bot.digest import cards, content, records
from bot.digest.promise import promised
from bot.digest.records import Digest, State
from bot.digest.schedule import Due, Kind
from bot.flow.office import new_id
from bot.privacy import audit
from bot.settings import Settings
from bot.slack import render as slack_render
from bot.store.board import StoredBoard
from bot.teams import render as teams_render
from ehr_clients.port import ClientQuery
from ehr_clients.sandbox.clinic.filed import phq9
from skills.kit import Row, Rows

TEAM, ALIAS = "harbor", "C-102"
TREATING, FRONT_DESK, COMPLIANCE = "vega", "coleman", "castell"
CHANNEL = Place(Platform.WEB, CONSOLE_TENANT, "harbor-care")
ANSWERS: Final = (2, 2, 1, 1, 2, 1, 1, 0, 2)
PATIENCE_S: Final = 60.0
HOUR: Final = "08:15"


class DigestStoryFailed(ValueError):
    """The story stopped. `str()` says at which step."""


@dataclass(slots=True)
class Clock:
    """Real time, turned back by so much. The mornings are an hour apart, each named by a day of its own: the charts of
    the sandbox age with the calendar, and the story is the same on every weekday.
    """

    back: timedelta = timedelta(hours=2)

    def __call__(self) -> datetime:
        return datetime.now(UTC) - self.back


@dataclass(slots=True)
class Story:
    baton: Baton
    clock: Clock
    show: Console
    mornings: list[dict[str, Any]] = field(default_factory=list)
    held: dict[str, bool] = field(default_factory=dict)

    def check(self, promise: str, *, kept: bool) -> None:
        self.held[promise] = kept

    async def settled(self) -> None:
        await self.baton.worker.until_idle(timeout_s=PATIENCE_S)

    async def morning(self, what: str, kind: Kind = Kind.DAILY) -> Digest:
        """The team's slot of this day, promised as the calendar does it."""
        office, now = self.baton.office, self.clock()
        days_ago = round(self.clock.back / timedelta(hours=1))
        day = now.astimezone(office.clinic.zone(TEAM)).date() - timedelta(days=days_ago)
        async with office.db.write() as conn:
            await promised(conn, Due(TEAM, kind, f"{day:%Y-%m-%d}T{HOUR}", now))
        await self.settled()
        async with office.db.read() as conn:
            digest = (await records.of_team(conn, TEAM, now - timedelta(days=8)))[-1]
        figures = {"state": digest.state.value, **digest.counts, "messages": len(await self.standing(digest))}
        self.mornings.append({"day": f"{day}", "kind": kind.value, "what": what, **figures})
        self.show.print(
            f"[bold]{day:%a %d %b} {HOUR}[/bold]  {what}: {digest.state.value}, {figures['messages']} posted"
        )
        return digest

    async def standing(self, digest: Digest) -> list[Postable]:
        """What stands of it in the team's channel."""
        board = StoredBoard(self.baton.office.db, self.baton.office.seal)
        messages = await board.conversation(CHANNEL, TREATING)
        views = [one.view for one in messages if isinstance(one.view, CardView)]
        return [view for view in views if view.draft_id == cards.subject(digest)]

    async def press(self, who: str, action: Action, subject: str, values: Mapping[str, str] | None = None) -> Reply:
        me = Who(Platform.WEB, CONSOLE_TENANT, who)
        reply = await self.baton.desk.press(Press(action, subject, 0, me, CHANNEL, values or {}))
        self.show.print(f"  [bold]{who}[/bold] presses {action.value.replace('_', ' ')}: {_said(reply)}", markup=True)
        await self.settled()
        return reply

    async def typed(self, who: str, words: str) -> Reply:
        me = Who(Platform.WEB, CONSOLE_TENANT, who)
        reply = await self.baton.desk.typed(Typed(words, me, CHANNEL, new_id()))
        self.show.print(f"  [bold]{who}[/bold] types {words}: {_said(reply)}")
        await self.settled()
        return reply


async def once(settings: Settings, show: Console) -> dict[str, Any]:
    """The whole story in a fresh place of its own. `ok` only when everything held. Raises DigestStoryFailed."""
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="baton-digest-") as folder:
        fresh = settings.model_copy(update={"database_url": f"sqlite+aiosqlite:///{folder}/baton.sqlite"})
        async with opened(fresh, clock=clock) as baton:
            return await _tell(Story(baton, clock, show))


async def _tell(story: Story) -> dict[str, Any]:
    await story.morning("What is new in the charts")
    story.clock.back = timedelta(hours=1)
    quiet = await story.morning("A quiet day")
    story.check(
        "the digest of a quiet day is silent", kept=quiet.state is State.QUIET and not await story.standing(quiet)
    )
    refs = await _a_night(story)
    story.clock.back = timedelta()
    digest = await story.morning("After a night on which something happened")
    standing = await story.standing(digest)
    story.check("one card in the team's channel", kept=len(standing) == 1)
    if len(standing) != 1 or not isinstance(standing[0], CardView):
        raise DigestStoryFailed("The digest after the night was not posted.")
    _look(story, digest, standing[0])
    await _told_once(story, digest)
    await _people(story, digest)
    weekly = await story.morning("The weekly one", Kind.WEEKLY)
    story.check("the weekly digest has trends", kept=bool(_content(story, weekly).trends))
    return await _result(story, standing[0], refs)


async def _a_night(story: Story) -> list[str]:
    """Filed in the EHR by its own people: a PHQ-9 with item 9, a visit to which nobody came, a discharge."""
    sandbox, office = story.baton.charts.sandbox, story.baton.office
    if sandbox is None:
        raise DigestStoryFailed("This is not the sandbox clinic.")
    (client,) = await office.ehr.find(ClientQuery(alias=ALIAS))
    at = datetime.now(UTC) - timedelta(minutes=5)
    news = (
        phq9(client.id, ANSWERS, at),
        _missed_visit(client.id, at - timedelta(minutes=40)),
        _discharge(client.id, at),
    )
    filed = [sandbox.file(one) for one in news]
    story.show.print(f"  Filed in the EHR overnight: {', '.join(filed)}")
    return filed


def _missed_visit(client_id: str, at: datetime) -> dict[str, Any]:
    who = (f"Patient/{client_id}", "Practitioner/sb-p-vega")
    return {
        "resourceType": "Appointment",
        "status": "noshow",
        "start": at.isoformat(timespec="seconds"),
        "end": (at + timedelta(minutes=50)).isoformat(timespec="seconds"),
        "participant": [{"actor": {"reference": ref}, "status": "accepted"} for ref in who],
    }


def _discharge(client_id: str, at: datetime) -> dict[str, Any]:
    begun = at - timedelta(days=4)
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "type": [{"text": "Inpatient psychiatric stay"}],
        "subject": {"reference": f"Patient/{client_id}"},
        "period": {"start": begun.isoformat(timespec="seconds"), "end": at.isoformat(timespec="seconds")},
    }


def _look(story: Story, digest: Digest, card: CardView) -> None:
    """The card of the channel: an alias, what and when, the gravest first."""
    rows = _rows(card)
    for row in rows:
        story.show.print(f"    {row.label}: {row.value}", markup=False)
    news = _content(story, digest)
    story.check("item 9 comes first", kept=bool(news.lines) and news.lines[0].kind == "item9")
    story.check("the missed visit is told", kept=any(line.kind == "missed_visit" for line in news.lines))
    story.check("the discharge has its clock", kept=any(line.kind == "discharge_48h" for line in news.lines))
    detail = [words for line in news.lines for words in line.detail]
    shown = "\n".join(f"{row.label} {row.value}" for row in rows)
    story.check("no detail stands in the channel", kept=not any(words in shown for words in detail))


async def _told_once(story: Story, digest: Digest) -> None:
    """The slot comes again, as from another replica: nothing happens."""
    await story.morning("The same slot from another replica")
    story.check("told exactly once", kept=len(await story.standing(digest)) == 1)


async def _people(story: Story, digest: Digest) -> None:
    """Each sees what their role needs; what they do is recorded."""
    subject, line = cards.subject(digest), cards.subject(digest, 1)
    mine = await story.press(TREATING, Action.DIGEST_OPEN, subject)
    story.check(
        "the clinician reads the detail", kept=isinstance(mine, Detail) and "item 9" in str(mine.blocks).lower()
    )
    desk = await story.press(FRONT_DESK, Action.DIGEST_OPEN, subject)
    seen = str(desk.blocks) if isinstance(desk, Detail) else ""
    story.check("the front desk sees visits only", kept="Missed visit" in seen and "PHQ-9" not in seen)
    refused = await story.press(COMPLIANCE, Action.DIGEST_OPEN, subject)
    story.check("nobody outside of the team", kept=isinstance(refused, Notice))
    form = await story.press(TREATING, Action.DIGEST_TASK, line)
    values = {one.key: one.value for one in form.fields} if isinstance(form, Form) else {}
    await story.press(TREATING, Action.DIGEST_SAVE_TASK, line, values)
    written = story.baton.charts.sandbox.resources_written() if story.baton.charts.sandbox else []
    story.check("the task is in the chart", kept=any(one["resourceType"] == "Task" for one in written))
    long = {"days": "3", "reason": "We talk on Friday."}
    kept = await story.press(TREATING, Action.DIGEST_SAVE_SNOOZE, line, long)
    story.check("suicide risk is not snoozed for days", kept=isinstance(kept, Form))
    await story.typed(TREATING, "/digest settings")
    await story.typed(TREATING, "/digest now")


async def _result(story: Story, card: CardView, refs: list[str]) -> dict[str, Any]:
    async with story.baton.office.db.read() as conn:
        verdict = await audit.verify(conn)
    story.check("audit trail whole", kept=verdict.ok)
    return {
        "story": "digest",
        "filed": refs,
        "mornings": story.mornings,
        "platforms": {
            Platform.SLACK.value: slack_render.message(card),
            Platform.TEAMS.value: teams_render.card_view(card),
            Platform.WEB.value: [f"{row.label}: {row.value}" for row in _rows(card)],
        },
        "audit": {"events": verdict.events, "verified": verdict.ok},
        "held": story.held,
        "ok": all(story.held.values()),
    }


def print_result(show: Console, result: Mapping[str, Any]) -> None:
    show.print(f"\nOn Slack {len(result['platforms']['slack']['blocks'])} blocks, on Teams one card, same words.")
    for promise, kept in result["held"].items():
        show.print(f"  {'held' if kept else 'NOT HELD'}: {promise}")


def _content(story: Story, digest: Digest) -> content.Content:
    kept = records.opened(story.baton.office.seal, digest)
    return content.from_json(kept) if kept is not None else content.Content()


def _rows(card: CardView) -> list[Row]:
    return [row for block in card.card.summary if isinstance(block, Rows) for row in block.rows]


def _said(reply: Reply) -> str:
    match reply:
        case Notice(text=text):
            return text.splitlines()[0]
        case Form(title=title, fields=fields):
            wrong = " ".join(one.error for one in fields if one.error)
            return f"{title} {wrong}".strip()
        case Detail(title=title, page=page, pages=pages):
            return f"{title}, page {page} of {pages}"
        case _:
            return type(reply).__name__
