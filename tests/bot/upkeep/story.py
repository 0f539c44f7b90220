"""Three handoffs in the whole product, with words that are easy to find again: accepted, rejected, expired; broken glass."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from sqlalchemy import update

from bot.app import Baton, opened
from bot.chat import Action, Detail, Form, Notice, Picker, Place, Platform, Press, Reply, Typed, Who
from bot.clinic import CONSOLE_TENANT
from bot.drafts import Draft, State
from bot.flow import records
from bot.settings import LlmSettings, Settings
from bot.store import tables as t
from bot.store.board import StoredBoard
from tests.fakes.office import HARBOR, LIGHTHOUSE, Clock

CANARIES = {
    "typed": "magpie-typed",
    "edited": "Magpie-edited knows the sister",
    "rejected": "Magpie-rejected is not ready",
    "question": "Does magpie-question know about Friday?",
    "answer": "Yes, magpie-answer told her on Tuesday.",
    "read_back": "I take over on Monday, look at safety first of all, and magpie-readback is what I will ring you about.",
    "glass": "Magpie-glass is on the bridge and nobody else is reachable",
}


@dataclass
class Telling:
    baton: Baton
    clock: Clock
    offered: list[str] = field(default_factory=list)  # names in a picker
    seen: list[str] = field(default_factory=list)  # passages of a draft, from the notes of the chart
    _numbers: Iterator[int] = field(default_factory=count)

    async def typed(self, who: str, words: str, at: Place = HARBOR) -> Reply:
        return await self.baton.desk.typed(Typed(words, _who(who), at, f"delivery-{next(self._numbers)}"))

    async def press(
        self,
        who: str,
        action: Action,
        subject: str,
        version: int = 0,
        at: Place = HARBOR,
        form: Mapping[str, str] | None = None,
        **values: str,
    ) -> Reply:
        key = f"delivery-{next(self._numbers)}"
        press = Press(action, subject, version, _who(who), at, {**values, **(form or {})}, key=key)
        return await self.baton.desk.press(press)

    async def settled(self) -> None:
        await self.baton.worker.until_idle(timeout_s=60)

    async def draft(self, draft_id: str) -> Draft:
        async with self.baton.office.db.read() as conn:
            draft = await records.draft(conn, draft_id)
        assert draft is not None
        return draft

    async def newest(self, alias: str) -> Draft:
        async with self.baton.office.db.read() as conn:
            client = (await records.clients_of(conn, [alias])).get(alias.upper())
            return (await records.open_drafts(conn, client_id=client))[0]

    async def read(self, who: str, draft: Draft) -> None:
        page = 1
        while True:
            shown = await self.press(who, Action.REVIEW, draft.id, draft.version, page=str(page))
            assert isinstance(shown, Detail), shown
            if shown.page >= shown.pages:
                return
            page += 1

    # The three handoffs, each as far as it goes before its content is forgotten, and what ends it

    async def asked_by_picker(self, alias: str = "C-102") -> Draft:
        await self.typed("vega", f"/handoff {CANARIES['typed']} to osei")
        await self.settled()
        board = StoredBoard(self.baton.office.db, self.baton.office.seal)
        views = [message.view for message in await board.conversation(HARBOR, "vega")]
        picker = next(view for view in reversed(views) if isinstance(view, Picker))
        self.offered += [option.label.partition(" · ")[2] for option in picker.options]
        choice = next(option.value for option in picker.options if option.label.startswith(alias))
        await self.press("vega", Action.PICK, picker.subject, choice=choice)
        await self.settled()
        return await self.newest(alias)

    async def edited(self, draft: Draft) -> Draft:
        form = await self.press("vega", Action.EDIT, draft.id, draft.version)
        assert isinstance(form, Form)
        self.seen += [line for f in form.fields for line in f.value.splitlines() if len(line) > 40]
        values = {f.key: f.value for f in form.fields}
        values[form.fields[0].key] += f"\n{CANARIES['edited']}"
        await self.press("vega", Action.SAVE_EDIT, draft.id, draft.version, form=values)
        return await self.draft(draft.id)

    async def filed(self, draft: Draft) -> Draft:
        await self.read("vega", draft)
        await self.press("vega", Action.APPROVE, draft.id, draft.version)
        await self.settled()
        filed = await self.draft(draft.id)
        assert filed.state is State.FILED, filed
        return filed

    async def talked_over(self, draft: Draft) -> None:
        await self.read("osei", draft)
        await self.press("osei", Action.SAVE_ASK, draft.id, draft.version, question=CANARIES["question"])
        async with self.baton.office.db.read() as conn:
            (question,) = await records.exchanges(conn, self.baton.office.seal, draft.id)
        await self.press("vega", Action.SAVE_ANSWER, question.id, answer=CANARIES["answer"])
        await self.settled()

    async def accepted(self, draft: Draft) -> None:
        await self.press("osei", Action.SAVE_ACCEPT, draft.id, draft.version, read_back=CANARIES["read_back"])
        await self.settled()
        assert (await self.draft(draft.id)).accepted_by == "osei"

    async def everything(self) -> None:
        await self.glass_broken()
        filed = await self.filed(await self.edited(await self.asked_by_picker()))
        await self.talked_over(filed)
        await self.accepted(filed)
        await self.rejected(await self.asked("C-108"))
        await self.expired(await self.asked("C-112"))

    async def asked(self, alias: str) -> Draft:
        await self.typed("vega", f"/handoff {alias} to osei")
        await self.settled()
        return await self.newest(alias)

    async def rejected(self, draft: Draft) -> None:
        await self.press("vega", Action.SAVE_REJECT, draft.id, draft.version, reason=CANARIES["rejected"])
        await self.settled()
        assert (await self.draft(draft.id)).state is State.REJECTED

    async def expired(self, draft: Draft) -> None:
        passed = draft.expires_at - self.clock.now + timedelta(minutes=1)
        self.clock.now += passed
        async with self.baton.office.db.write() as conn:
            waiting = update(t.jobs).where(t.jobs.c.state == "due")
            await conn.execute(waiting.values(due=t.jobs.c.due - passed.total_seconds()))
        self.baton.worker.wake()
        await self.settled()
        assert (await self.draft(draft.id)).state is State.EXPIRED

    async def glass_broken(self) -> None:
        await self.typed("baptiste", "/handoff C-117", LIGHTHOUSE)
        await self.settled()
        async with self.baton.office.db.read() as conn:
            request = (await conn.execute(t.requests.select().where(t.requests.c.staff_id == "baptiste"))).one()
        said = await self.press(
            "baptiste", Action.SAVE_BREAK_GLASS, request.id, at=LIGHTHOUSE, reason=CANARIES["glass"]
        )
        assert isinstance(said, Notice)
        await self.settled()


@asynccontextmanager
async def telling(database_url: str, *, llm: LlmSettings | None = None) -> AsyncIterator[Telling]:
    clock = Clock()
    settings = Settings(database_url=database_url, llm=llm or LlmSettings())
    async with opened(settings, clock=clock) as baton:
        await asyncio.sleep(0.1)  # the first sweep of the inbox is over
        yield Telling(baton, clock)


def _who(staff_id: str) -> Who:
    return Who(Platform.WEB, CONSOLE_TENANT, staff_id)
