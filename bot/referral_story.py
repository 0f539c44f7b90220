"""The story of one referral: where it stands, a nudge by two people, a kept visit, a report, and the loop closed.

It goes through the same EHR, jobs, desk and audit trail as the running product; what people press is scripted. What
Slack and Teams would show is drawn by their own renderers from the very same card.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console

from bot.app import Baton, opened
from bot.chat import Action, CardView, Detail, Form, Notice, Place, Platform, Press, Reply, Typed, Who
from bot.clinic import CONSOLE_TENANT
from bot.drafts import Draft, State
from bot.flow import records as flow
from bot.flow.office import EHR_LANE, new_id
from bot.privacy import audit
from bot.referral import keeping, records
from bot.referral.cards import subject
from bot.referral.records import Tracked
from bot.settings import Settings
from bot.slack import render as slack_render
from bot.store import jobs
from bot.store.board import StoredBoard
from bot.teams import render as teams_render
from ehr_clients.codes import BSER_BUSINESS_STATUS
from ehr_clients.port import ClientQuery
from skills.kit import Picture, Row, Rows
from skills.referral import Step
from skills.referral.loop import NO_REPORT

ALIAS: Final = "C-102"
TREATING, SECOND, STRANGER = "vega", "osei", "baptiste"
CHANNEL = Place(Platform.WEB, CONSOLE_TENANT, "harbor-care")
KEPT: Final = {"coding": [{"system": BSER_BUSINESS_STATUS, "code": "5.1.4", "display": "Service Event Completed"}]}
REPORT: Final = {"step": "report back", "how": "report", "said_by": "Norwood Sleep Center", "words": "Report received."}
PATIENCE_S: Final = 60.0


class ReferralStoryFailed(ValueError):
    """The story stopped. `str()` says at which step."""


@dataclass(slots=True)
class Story:
    baton: Baton
    show: Console
    client_id: str
    steps: list[str] = field(default_factory=list)
    held: dict[str, bool] = field(default_factory=dict)

    def check(self, promise: str, *, kept: bool) -> None:
        self.held[promise] = kept

    async def settled(self) -> None:
        await self.baton.worker.until_idle(timeout_s=PATIENCE_S)

    async def typed(self, who: str, words: str) -> CardView | None:
        """The card that came of it, to the one who asked."""
        before = len(await self.cards(who))
        reply = await self.baton.desk.typed(Typed(words, _who(who), CHANNEL, new_id()))
        self.told(who, f"types {words}", reply)
        await self.settled()
        came = (await self.cards(who))[before:]
        for row in _rows(came[-1]) if came else ():
            self.show.print(f"    {row.label}: {row.value}", markup=False)
        return came[-1] if came else None

    async def press(self, who: str, action: Action, on: str | Draft, values: Mapping[str, str] | None = None) -> Reply:
        about, version = (on, 0) if isinstance(on, str) else (on.id, on.version)
        reply = await self.baton.desk.press(Press(action, about, version, _who(who), CHANNEL, values or {}))
        self.told(who, f"presses {action.value.replace('_', ' ')}", reply)
        await self.settled()
        return reply

    def told(self, who: str, did: str, reply: Reply) -> None:
        said = reply.text.splitlines()[0] if isinstance(reply, Notice) else type(reply).__name__
        if isinstance(reply, Form) and reply.error:
            said = reply.error
        self.show.print(f"  [bold]{who}[/bold] {did}: {said}")

    async def cards(self, who: str) -> list[CardView]:
        board = StoredBoard(self.baton.office.db, self.baton.office.seal)
        return [one.view for one in await board.conversation(CHANNEL, who) if isinstance(one.view, CardView)]

    async def row(self) -> Tracked:
        """The one that is not closed, or was the last to be."""
        async with self.baton.office.db.read() as conn:
            rows = await records.of_clients(conn, [self.client_id])
        return max(rows, key=lambda one: (not one.closed, one.since is not None and one.since.isoformat()))

    async def draft(self, skill: str) -> Draft:
        async with self.baton.office.db.read() as conn:
            found = await flow.open_drafts(conn, client_id=self.client_id, skill=skill)
        waiting = [one for one in found if one.state is State.WAITING]
        if not waiting:
            raise ReferralStoryFailed(f"No {skill.replace('_', ' ')} waits for a decision.")
        return waiting[0]

    async def approve(self, who: str, draft: Draft) -> Reply:
        """Every page is read first."""
        page, pages = 1, 1
        while page <= pages:
            shown = await self.press(who, Action.REVIEW, draft, {"page": str(page)})
            page, pages = page + 1, shown.pages if isinstance(shown, Detail) else 0
        return await self.press(who, Action.APPROVE, draft)

    async def filed(self, draft: Draft) -> bool:
        async with self.baton.office.db.read() as conn:
            now = await flow.draft(conn, draft.id)
        return now is not None and now.state is State.FILED

    async def looked_again(self) -> None:
        """The EHR says that something of this client changed."""
        async with self.baton.office.db.write() as conn:
            await jobs.enqueue(conn, keeping.CHANGED, self.client_id, lane=EHR_LANE)
        await self.settled()
        word = (await self.row()).step
        self.steps.append(word.value if word else "not known")


async def once(settings: Settings, show: Console) -> dict[str, Any]:
    """The whole story in a fresh place of its own. `ok` only when everything held. Raises ReferralStoryFailed."""
    with tempfile.TemporaryDirectory(prefix="baton-referral-") as folder:
        fresh = settings.model_copy(update={"database_url": f"sqlite+aiosqlite:///{folder}/baton.sqlite"})
        async with opened(fresh) as baton:
            (client,) = await baton.office.ehr.find(ClientQuery(alias=ALIAS))
            return await _tell(Story(baton, show, client.id))


async def _tell(story: Story) -> dict[str, Any]:
    card = await story.typed(TREATING, f"/referral status {ALIAS}")
    if card is None:
        raise ReferralStoryFailed("The status did not come.")
    stranger = await story.typed(STRANGER, f"/referral status {ALIAS}")
    story.check("nobody outside of the care team is shown anything", kept=stranger is None)
    before = await story.typed(TREATING, "/referral list team")
    story.check("the list says who owes the next step", kept=before is not None and "owes" in str(_rows(before)))
    await _nudged(story)
    await _kept(story)
    await _closed(story)
    after = await story.typed(TREATING, "/referral list team")
    return await _result(story, before, after)


async def _nudged(story: Story) -> None:
    row = await story.row()
    await story.press(TREATING, Action.REFERRAL_NUDGE, subject(row))
    draft = await story.draft("referral_nudge")
    await story.approve(TREATING, draft)
    story.check("whoever asked for a nudge cannot approve it", kept=not await story.filed(draft))
    await story.approve(SECOND, draft)
    story.check("a second person approves it and it is filed", kept=await story.filed(draft))


async def _kept(story: Story) -> None:
    """The receiver's own system says in the EHR that the visit was kept."""
    row, sandbox = await story.row(), story.baton.charts.sandbox
    if sandbox is None:
        raise ReferralStoryFailed("This is not the sandbox clinic.")
    sandbox.file(_task(row))
    await story.looked_again()
    moved = await story.row()
    story.check("a task in the EHR moves the loop", kept=moved.step is Step.KEPT)
    said = [one for one in await _told(story, moved.owner or "") if f"{row.name} of {ALIAS} is now kept" in one]
    story.check("its owner is told, once", kept=len(said) == 1)
    form = await story.press(TREATING, Action.REFERRAL_SAVE_CLOSE, subject(row), {"reason": "She was seen."})
    story.check("it does not close without a report", kept=isinstance(form, Form) and form.error == NO_REPORT)


def _task(row: Tracked) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "resourceType": "Task",
        "status": "in-progress",
        "businessStatus": KEPT,
        "intent": "order",
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
        "focus": {"reference": f"ServiceRequest/{row.referral_id}"},
        "for": {"reference": f"Patient/{row.client_id}"},
        "authoredOn": now,
        "lastModified": now,
        "owner": {"display": "Norwood Sleep Center"},
    }


async def _closed(story: Story) -> None:
    about = subject(await story.row())
    await story.press(TREATING, Action.REFERRAL_SAVE_MARK, about, REPORT)
    draft = await story.draft("referral_update")
    await story.approve(TREATING, draft)
    await story.looked_again()
    story.check("a report is marked with what it rests on", kept=await story.filed(draft))
    await story.press(TREATING, Action.REFERRAL_SAVE_CLOSE, about, {"reason": "Kept, and the report is read."})
    draft = await story.draft("referral_update")
    await story.approve(TREATING, draft)
    await story.looked_again()
    async with story.baton.office.db.read() as conn:
        row = await records.one(conn, int(about.rpartition("-")[2]))
    story.check("with a kept visit and a report it closes", kept=row is not None and row.closed)


async def _told(story: Story, staff_id: str) -> list[str]:
    """One to one, on the console."""
    office = story.baton.office
    staff = office.people.by_id(staff_id)
    who = office.identity(staff) if staff else None
    if who is None:
        return []
    place = await office.chats[who.platform].personal(who)
    messages = await StoredBoard(office.db, office.seal).conversation(place, staff_id)
    return [one.view.text for one in messages if isinstance(one.view, Notice)]


async def _result(story: Story, before: CardView | None, after: CardView | None) -> dict[str, Any]:
    async with story.baton.office.db.read() as conn:
        verdict = await audit.verify(conn)
    story.check("audit trail whole", kept=verdict.ok)
    was, now = _rates(before), _rates(after)
    story.check("closed loop and got help are two figures, and both rose", kept=_rose(was, now))
    if after is None:
        raise ReferralStoryFailed("The list did not come.")
    return {
        "story": "referral",
        "steps": story.steps,
        "figures": {"before": was, "after": now},
        "platforms": {
            Platform.SLACK.value: slack_render.message(after),
            Platform.TEAMS.value: teams_render.card_view(after),
            Platform.WEB.value: [f"{row.label}: {row.value}" for row in _rows(after)],
        },
        "audit": {"events": verdict.events, "verified": verdict.ok},
        "held": story.held,
        "ok": all(story.held.values()),
    }


def _rates(card: CardView | None) -> dict[str, str]:
    rows = _rows(card) if card else []
    return {row.label: row.value for row in rows if row.label in {"Closed loop", "Got help"}}


def _rose(was: Mapping[str, str], now: Mapping[str, str]) -> bool:
    counts = [(int(was[name].split()[0]), int(now[name].split()[0])) for name in was if name in now]
    return len(counts) == 2 and all(after > before for before, after in counts)


def print_result(show: Console, result: Mapping[str, Any]) -> None:
    show.print(f"\nOn Slack {len(result['platforms']['slack']['blocks'])} blocks, on Teams one card, same words.")
    for promise, kept in result["held"].items():
        show.print(f"  {'held' if kept else 'NOT HELD'}: {promise}")


def _who(staff_id: str) -> Who:
    return Who(Platform.WEB, CONSOLE_TENANT, staff_id)


def _rows(card: CardView) -> list[Row]:
    """Those of a picture too: its table says the same."""
    rows: list[Row] = []
    for block in card.card.summary:
        rows += block.rows if isinstance(block, Rows) else block.table if isinstance(block, Picture) else ()
    return rows
