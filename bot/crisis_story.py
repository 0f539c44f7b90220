"""The story of one crisis in fast-forwarded time: a PHQ-9 is filed, people are paged, nobody answers, then somebody.

It goes through the same look at the EHR, engine, telephones, desk, worker and audit trail as the running product. Only
the clock is turned on, and what people type, press and dial is scripted.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from rich.console import Console
from sqlalchemy import update

from bot import sandbox_page
from bot.app import Baton, opened
from bot.chat import Action, Detail, Form, Notice, Place, Platform, Press, Reply, Typed, Who
from bot.clinic import CONSOLE_TENANT
from bot.crisis import drafting, records
from bot.crisis.escalation import State
from bot.crisis.records import PageState
from bot.crisis.sentences import name
from bot.crisis.why import explained
from bot.flow import records as drafts
from bot.flow.office import new_id
from bot.privacy import audit
from bot.settings import Settings
from bot.store import tables as t

ANSWERS = sandbox_page.PHQ9_ANSWERS
TREATING, SUPERVISOR = "vega", "brandt"
PATIENCE_S: Final = 60.0
DISPOSITION: Final = {
    "kind": "safety plan",
    "level": "moderate",
    "means": "done",
    "notified": "nobody",
    "duty_to_warn": "Does not apply: no threat to another person was voiced.",
    "contacts": "Seen in person together with the sister.",
}


class CrisisStoryFailed(ValueError):
    """The story stopped. `str()` says at which step."""


@dataclass(slots=True)
class Clock:
    """Real time, turned on by so much."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(slots=True)
class Story:
    baton: Baton
    clock: Clock
    show: Console
    steps: list[dict[str, Any]] = field(default_factory=list)
    held: dict[str, bool] = field(default_factory=dict)

    def tell(self, what: str, **more: object) -> None:
        at = self.clock()
        self.steps.append({"at": at.isoformat(timespec="seconds"), "what": what, **more})
        zone = self.baton.office.clinic.zone()
        told = " ".join(f"[dim]{key}:[/dim] {value}" for key, value in more.items())
        self.show.print(f"{at.astimezone(zone):%a %H:%M:%S}  {what} {told}".replace("[E-", "\\[E-"))

    def check(self, promise: str, *, kept: bool) -> None:
        self.held[promise] = kept

    async def settled(self) -> None:
        await self.baton.worker.until_idle(timeout_s=PATIENCE_S)
        if self.baton.phones is not None:
            await self.baton.phones.settled()
        await self.baton.worker.until_idle(timeout_s=PATIENCE_S)

    async def later(self, how_long: timedelta) -> None:
        """The clock and every timer of the queue jump ahead; what fell due is done."""
        await self.settled()
        self.clock.ahead += how_long
        async with self.baton.office.db.write() as conn:
            waiting = update(t.jobs).where(t.jobs.c.state == "due")
            await conn.execute(waiting.values(due=t.jobs.c.due - how_long.total_seconds()))
        self.baton.worker.wake()
        self.tell(f"{int(how_long.total_seconds() // 60)} minutes pass.")
        await self.settled()

    async def typed(self, who: str, words: str) -> Reply:
        me, place = await self._at(who)
        reply = await self.baton.desk.typed(Typed(words, me, place, new_id()))
        self.tell(f"{self._name(who)} types: {words}", answer=_said(reply))
        await self.settled()
        return reply

    async def press(
        self, who: str, action: Action, subject: str, version: int = 0, values: Mapping[str, str] | None = None
    ) -> Reply:
        me, place = await self._at(who)
        reply = await self.baton.desk.press(Press(action, subject, version, me, place, values or {}))
        self.tell(f"{self._name(who)} presses: {action.value.replace('_', ' ')}", answer=_said(reply))
        await self.settled()
        return reply

    async def state(self) -> State | None:
        async with self.baton.office.db.read() as conn:
            stored = await records.one(conn, 1)
        return stored.now.state if stored else None

    async def _at(self, who: str) -> tuple[Who, Place]:
        me = Who(Platform.WEB, CONSOLE_TENANT, who)
        return me, await self.baton.office.chats[Platform.WEB].personal(me)

    def _name(self, who: str) -> str:
        return name(self.baton.office.clinic, who)


async def once(settings: Settings, show: Console) -> dict[str, Any]:
    """The whole story in a fresh place of its own. `ok` only when everything held. Raises CrisisStoryFailed."""
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="baton-crisis-") as folder:
        fresh = settings.model_copy(update={"database_url": f"sqlite+aiosqlite:///{folder}/baton.sqlite"})
        async with opened(fresh, clock=clock) as baton:
            story = Story(baton, clock, show)
            await _tell(story)
            return await _result(story)


async def _tell(story: Story) -> None:
    await _signalled(story)
    await _nobody_answers(story)
    await _answered(story)
    await _approved(story)
    await _let_go(story)


async def _signalled(story: Story) -> None:
    ref = await sandbox_page.file_phq9(story.baton.charts, story.baton.office, ANSWERS)
    story.tell(f"A PHQ-9 with item 9 = {ANSWERS[8]} is filed in the EHR.", refs=[ref])
    await story.settled()
    if await story.state() is None:
        raise CrisisStoryFailed("Nothing was opened by the PHQ-9.")
    story.check("opened and paged", kept=await story.state() is State.PAGED)
    async with story.baton.office.db.read() as conn:
        there = await records.pages(conn, 1)
    ways = sorted({f"{one.staff_id} by {one.way}" for one in there if one.staff_id and one.state is PageState.SENT})
    story.tell("E-1 is open; people are paged.", pages=ways)
    story.check("treating clinician paged", kept=any(each.startswith(TREATING) for each in ways))


async def _nobody_answers(story: Story) -> None:
    async with story.baton.office.db.read() as conn:
        stored = await records.one(conn, 1)
    assert stored is not None
    await story.later(timedelta(seconds=stored.now.policy.steps[0].wait_s + 1))
    async with story.baton.office.db.read() as conn:
        again = [one for one in await records.pages(conn, 1) if one.label != f"{stored.now.tier}.0.0" and one.staff_id]
    told = sorted({f"{one.staff_id} by {one.way}" for one in again})
    story.tell("Nobody answered: the next step is paged.", pages=told)
    story.check("next step paged", kept=bool(again))
    story.check("supervisor paged", kept=any(one.staff_id == SUPERVISOR for one in again))
    _look_at_the_phone(story)


def _look_at_the_phone(story: Story) -> None:
    if story.baton.phones is None:
        return
    phone = story.baton.phones.phones().get(SUPERVISOR)
    texts = [one.text for one in phone.messages if not one.mine] if phone else []
    story.tell("On the supervisor's phone:", texts=texts)
    story.check("page on the phone", kept=any("E-1" in text for text in texts))


async def _answered(story: Story) -> None:
    await story.typed(TREATING, "ack E-1")
    story.check("acknowledged", kept=await story.state() is State.ACKNOWLEDGED)
    await story.typed(TREATING, "assess E-1 moderate")
    story.check("assessed", kept=await story.state() is State.ASSESSED)


async def _approved(story: Story) -> None:
    """The message to the team and the safety plan, by a second, licensed person, with the code typed again."""
    office = story.baton.office
    async with office.db.read() as conn:
        draft_id = await drafting.waiting(conn, "E-1")
        draft = await drafts.draft(conn, draft_id) if draft_id else None
    story.check("draft waits for the supervisor", kept=draft is not None)
    if draft is None:
        return
    page = 1
    while isinstance(
        shown := await story.press(SUPERVISOR, Action.REVIEW, draft.id, draft.version, {"page": str(page)}), Detail
    ):
        if shown.page >= shown.pages:
            break
        page += 1
    await story.press(SUPERVISOR, Action.APPROVE, draft.id, draft.version)
    await story.press(SUPERVISOR, Action.SAVE_APPROVE, draft.id, draft.version, {"code": "E-1"})
    async with office.db.read() as conn:
        filed = await drafts.draft(conn, draft.id)
        refs = [str(row["ref"]) for row in (await drafts.receipts(conn, draft.id)).values()]
    story.check("approved and filed", kept=filed is not None and filed.state.value == "filed")
    story.tell("The message to the team and the safety plan draft are in the chart.", refs=refs)


async def _let_go(story: Story) -> None:
    today = story.clock().astimezone(story.baton.office.clinic.zone())
    contact = f"{today + timedelta(days=1):%Y-%m-%d} 10:00"
    form = await story.typed(TREATING, "disposition E-1")
    story.check("disposition form", kept=isinstance(form, Form))
    values = DISPOSITION | {"safety_plan_on": f"{today:%Y-%m-%d}", "next_contact_at": contact}
    await story.press(TREATING, Action.CRISIS_SAVE_DISPOSE, "E-1", values=values)
    story.check("documented in the chart", kept=await story.state() is State.DOCUMENTED)
    await story.typed(TREATING, "close E-1")
    story.check("closed", kept=await story.state() is State.CLOSED)


async def _result(story: Story) -> dict[str, Any]:
    office, charts = story.baton.office, story.baton.charts
    async with office.db.read() as conn:
        stored = await records.one(conn, 1)
        assert stored is not None
        rows = await records.pages(conn, 1)
        why = await explained(conn, office.clinic, stored)
        verdict = await audit.verify(conn)
    story.check("audit trail whole", kept=verdict.ok)
    written = charts.sandbox.resources_written() if charts.sandbox else []
    refs = [f"{one['resourceType']}/{one['id']}" for one in reversed(written)]
    return {
        "story": "crisis",
        "escalation": stored.code,
        "state": stored.now.state.value,
        "steps": story.steps,
        "pages": [
            {
                "to": row.staff_id or row.channel,
                "way": row.way.value,
                "step": row.label,
                "state": row.state.value,
                "at": (row.settled_at or row.created_at).isoformat(timespec="seconds"),
            }
            for row in rows
        ],
        "ehr": {"filed": refs[0] if refs else None, "written": refs[1:]},
        "audit": {"events": verdict.events, "verified": verdict.ok},
        "why": list(why),
        "held": story.held,
        "ok": all(story.held.values()),
    }


def print_result(show: Console, result: Mapping[str, Any]) -> None:
    show.print()
    for line in result["why"]:
        show.print(line, markup=False)
    show.print(f"\nIn the chart: {', '.join(result['ehr']['written'])}")
    for promise, kept in result["held"].items():
        show.print(f"  {'held' if kept else 'NOT HELD'}: {promise}")


def _said(reply: Reply) -> str:
    match reply:
        case Notice(text=text):
            return text.splitlines()[0]
        case Form(title=title, error=error):
            return f"{title} {error}".strip()
        case Detail(title=title, page=page, pages=pages):
            return f"{title}, page {page} of {pages}"
        case _:
            return type(reply).__name__
