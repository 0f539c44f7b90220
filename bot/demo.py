"""The whole story of one handoff without a browser: asked, drafted, reviewed, approved, filed, read back, accepted.

It goes through the same desk, worker, EHR adapter and audit trail as the running product; only the typing is scripted.
"""

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from bot.app import Baton, opened
from bot.chat import Action, CardView, Detail, Notice, Place, Platform, Press, Reply, Typed, Who
from bot.clinic import CONSOLE_TENANT
from bot.drafts import Draft, State
from bot.flow import records
from bot.flow.office import new_id
from bot.privacy import audit
from bot.settings import Settings
from ehr_clients.port import ClientQuery
from skills.kit import Banner, Block, Picture, Rows, Source, Sourced, Text, Title, cited

SENDER, RECEIVER = "vega", "osei"
CHANNEL = Place(Platform.WEB, CONSOLE_TENANT, "harbor-care")
READ_BACK = (
    "I take this client over from Monday. I will go through the open actions with them at the first visit, "
    "look at safety myself before anything else, and call you if something here does not fit."
)
PATIENCE_S = 60.0


class StoryFailed(Exception):
    """The story stopped. `str()` says at which step and why."""


@dataclass(frozen=True, slots=True)
class Story:
    baton: Baton
    show: Console

    async def typed(self, who: str, words: str) -> Reply:
        self.show.print(f"\n[bold]{who}[/bold] types: {words}")
        reply = await self.baton.desk.typed(Typed(words, _who(who), CHANNEL, new_id()))
        self._say(reply)
        return reply

    async def press(self, who: str, action: Action, draft: Draft, **values: str) -> Reply:
        self.show.print(f"\n[bold]{who}[/bold] presses: {action.value.replace('_', ' ')}")
        press = Press(action, draft.id, draft.version, _who(who), CHANNEL, values)
        reply = await self.baton.desk.press(press)
        self._say(reply)
        return reply

    async def settled(self) -> None:
        await self.baton.worker.until_idle(timeout_s=PATIENCE_S)

    async def draft(self, client_id: str) -> Draft:
        async with self.baton.office.db.read() as conn:
            drafts = await records.open_drafts(conn, client_id=client_id)
        if not drafts:
            raise StoryFailed("No draft was made; see the line above.")
        return drafts[0]

    def _say(self, reply: Reply) -> None:
        match reply:
            case Notice(text=text):
                self.show.print(f"  Baton: {text}")
            case CardView(card=card, status=status):
                body = [*_lines(card.summary), f"[italic]{_safe(status.text)}[/italic]"]
                self.show.print(Panel("\n".join(body), title="card", title_align="left"))
            case Detail(blocks=blocks, page=page, pages=pages):
                title = f"the whole text, page {page} of {pages}"
                self.show.print(Panel("\n".join(_lines(blocks)), title=title, title_align="left"))
            case _:
                self.show.print(f"  Baton asks: {type(reply).__name__}")


async def once(settings: Settings, show: Console, *, client: str, bundles: Path | None) -> dict[str, Any]:
    """Run the story in a fresh place of its own and return what came of it. Raises StoryFailed."""
    with tempfile.TemporaryDirectory(prefix="baton-demo-") as folder:
        fresh = settings.model_copy(update={"database_url": f"sqlite+aiosqlite:///{folder}/baton.sqlite"})
        async with opened(fresh, bundles=bundles) as baton:
            return await _tell(Story(baton, show), client)


async def _tell(story: Story, client: str) -> dict[str, Any]:
    client_id, alias = await _client(story, client)
    await story.typed(SENDER, f"/handoff {alias} to {RECEIVER}")
    await story.settled()
    draft = await story.draft(client_id)
    await _read_it_all(story, SENDER, draft)
    await story.press(SENDER, Action.APPROVE, draft)
    await _until(story, client_id, lambda d: d.state is State.FILED, "filed")
    filed = await story.draft(client_id)
    await _read_it_all(story, RECEIVER, filed)
    await story.press(RECEIVER, Action.SAVE_ACCEPT, filed, read_back=READ_BACK)
    await story.settled()
    return await _result(story, filed.id)


async def _client(story: Story, wanted: str) -> tuple[str, str]:
    """(EHR id, alias) of the client meant by an alias, an EHR id or the tail of a bundle's file name."""
    office = story.baton.office
    sender = office.people.by_id(SENDER)
    assert sender is not None
    caseload = await office.ehr.caseload(sender.practitioner)
    by_alias = await office.ehr.find(ClientQuery(alias=wanted)) if wanted.upper().startswith("C-") else []
    found = [c for c in [*by_alias, *caseload] if wanted in {c.id, c.alias}]
    if not found:
        raise StoryFailed(f"There is no client {wanted} on the demo clinician's caseload.")
    async with office.db.write() as conn:
        return found[0].id, await records.alias_for(conn, found[0].id, found[0].alias)


async def _read_it_all(story: Story, who: str, draft: Draft) -> None:
    page = 1
    while isinstance(shown := await story.press(who, Action.REVIEW, draft, page=str(page)), Detail):
        if shown.page >= shown.pages:
            return
        page += 1
    raise StoryFailed(f"{who} could not read the draft; see the line above.")


async def _until(story: Story, client_id: str, good: Callable[[Draft], bool], what: str) -> None:
    await story.settled()
    draft = await story.draft(client_id)
    if not good(draft):
        raise StoryFailed(
            f"The draft should be {what} and is {draft.state.value} ({draft.trouble or 'no reason kept'})."
        )
    story._say(await story.baton.desk.press(_show(draft)))  # noqa: SLF001 - the story's own printer


def _show(draft: Draft) -> Press:
    return Press(Action.SHOW, draft.id, draft.version, _who(SENDER), CHANNEL)


async def _result(story: Story, draft_id: str) -> dict[str, Any]:
    office = story.baton.office
    async with office.db.read() as conn:
        draft = await records.draft(conn, draft_id)
        assert draft is not None
        stored = await records.receipts(conn, draft_id)
        content_hash = await records.hash_of(conn, draft_id, draft.version)
        verdict = await audit.verify(conn)
        how = await records.how_of(conn, draft_id, draft.version)
    refs = {step: str(row["ref"]) for step, row in stored.items()}
    return {
        "draft": draft.id,
        "drafting": asdict(how) | {"said": how.sentence()} if how else None,
        "state": draft.state.value,
        "content_hash": content_hash,
        "readback_hash": stored["document"]["readback_hash"],
        "ehr": {
            "document": refs.get("document"),
            "communication": refs.get("communication"),
            "audit_events": [ref for step, ref in refs.items() if step.startswith("audit-")],
            "provenance": refs.get("provenance"),
            "read_back": refs.get("read_back"),
        },
        "audit": {"events": verdict.events, "verified": verdict.ok},
        "accepted_by": draft.accepted_by,
    }


def print_result(show: Console, result: dict[str, Any]) -> None:
    table = Table(title="What is in the chart and in the audit trail", show_header=False, title_justify="left")
    flat = {**result["ehr"], **{k: v for k, v in result.items() if k != "ehr"}}
    flat["drafting"] = (result["drafting"] or {}).get("said", "not known")
    for name, value in flat.items():
        table.add_row(name, ", ".join(value) if isinstance(value, list) else str(value))
    show.print(table)


def _who(staff_id: str) -> Who:
    return Who(Platform.WEB, CONSOLE_TENANT, staff_id)


def _lines(blocks: tuple[Block, ...]) -> list[str]:
    return [line for block in blocks for line in _block(block)]


def _block(block: Block) -> list[str]:
    match block:
        case Title(text=text):
            return [f"[bold]{_safe(text)}[/bold]"]
        case Text(text=text):
            return [_safe(text)]
        case Banner(tone=tone, text=text):
            return [f"[{tone.value}] {_safe(text)}".replace("[", "\\[", 1)]
        case Rows(rows=rows):
            return [f"{_safe(row.label)}: {_safe(row.value)}" for row in rows]
        case Picture(table=table):
            return [f"{_safe(row.label)}: {_safe(row.value)}" for row in table]
        case Sourced(passage=passage):
            lines = [f"  {_safe(line.text)} [dim]{_safe(_sources(line.sources))}[/dim]" for line in passage.lines]
            return [f"[bold]{_safe(passage.title)}[/bold]", *lines]


def _sources(sources: tuple[Source, ...]) -> str:
    return f"({'; '.join(map(cited, sources))})" if sources else ""


def _safe(text: str) -> str:
    return text.replace("[", "\\[")
