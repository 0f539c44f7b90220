"""A console over fakes: for tests, and to look at while working on its pages (`python -m tests.fakes.console`)."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from aiohttp import web

from bot.chat import Action, CardView, Notice, Place, Platform, Status, Style, Who
from bot.web.app import WebConsole
from bot.web.board import MemoryBoard
from bot.web.clinic import AuditLine, Channel, EhrWrite, Persona
from bot.web.outbound import WebChat
from skills.kit import Banner, Row, Rows, Text, Title, Tone
from tests.fakes.desk import FakeDesk
from tests.fakes.views import CARD_VIEW, NOTICE, PICKER

SECRET = "a planted secret for tests, long enough"
NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
PEOPLE = (
    Persona("dana", "Dana Reyes, LCSW", "Clinician, Harbor team"),
    Persona("omar", "Omar Haddad, PMHNP", "Prescriber, Harbor team"),
    Persona("lena", "Lena Fischer", "Care coordinator"),
    Persona("ruth", "Ruth Okafor, PhD", "Supervisor, Harbor team"),
    Persona("sam", "Sam Whitfield", "Compliance"),
)
CHANNELS = (
    Channel("harbor", "harbor-team", "Handoffs of the Harbor team"),
    Channel("crisis", "crisis-line", "On call"),
)
HARBOR = Place(Platform.WEB, "console", "harbor")
DANA = Who(Platform.WEB, "console", "dana")


def as_slack(view: CardView) -> Mapping[str, object]:
    """Block Kit in the shape the Slack adapter sends."""
    blocks: list[object] = []
    for block in view.card.summary:
        match block:
            case Title(text):
                blocks.append({"type": "header", "text": {"type": "plain_text", "text": text}})
            case Rows(rows):
                fields = [{"type": "mrkdwn", "text": f"*{_slack(row.label)}*\n{_slack(row.value)}"} for row in rows]
                blocks.append({"type": "section", "fields": fields})
            case Text(text) | Banner(_, text):
                blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": _slack(text)}})
            case _:
                continue
    blocks.append({"type": "divider"})
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": _slack(view.status.text)}]})
    buttons = [{"type": "button", "text": {"type": "plain_text", "text": each.label}} for each in view.buttons]
    extra = {"type": "button", "text": {"type": "plain_text", "text": "Elsewhere"}}
    return {"text": view.card.notice, "blocks": [*blocks, {"type": "actions", "elements": [*buttons, extra]}]}


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_teams(view: CardView) -> Mapping[str, object]:
    """An Adaptive Card in the shape the Teams adapter sends."""
    body: list[object] = []
    for block in view.card.summary:
        match block:
            case Title(text):
                body.append({"type": "TextBlock", "text": _teams(text), "size": "Large", "weight": "Bolder"})
            case Rows(rows):
                body.append({"type": "FactSet", "facts": [{"title": r.label, "value": _teams(r.value)} for r in rows]})
            case Banner(_, text):
                words = {"type": "TextBlock", "text": _teams(text), "wrap": True}
                body.append({"type": "Container", "style": "warning", "items": [words]})
            case Text(text):
                body.append({"type": "TextBlock", "text": _teams(text), "wrap": True})
            case _:
                continue
    body.append({"type": "TextBlock", "text": _teams(view.status.text), "isSubtle": True, "wrap": True})
    looks = {Style.PRIMARY: "positive", Style.DANGER: "destructive", Style.PLAIN: "default"}
    actions = [{"type": "Action.Execute", "title": each.label, "style": looks[each.style]} for each in view.buttons]
    return {"type": "AdaptiveCard", "version": "1.5", "body": body, "actions": actions}


def _teams(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]()#+!~|<>&])", r"\\\1", text)


def _write(kind: str, id_: str, *rows: Row) -> EhrWrite:
    return EhrWrite(kind, id_, "1", NOW, rows, f'{{\n  "resourceType": "{kind}",\n  "id": "{id_}"\n}}')


WRITES = (
    _write("Communication", "8c41", Row("Status", "completed"), Row("To", "Harbor team"), Row("About", "C-102")),
    _write("DocumentReference", "5d2f", Row("Status", "current"), Row("Author", "Dana Reyes, LCSW")),
)
AUDIT = (
    AuditLine("3", NOW, "Baton", "Read back and compared", "C-102 · DocumentReference", Tone.DONE),
    AuditLine("2", NOW, "Dana Reyes, LCSW", "Approved", "C-102 · version 3"),
    AuditLine("1", NOW - timedelta(days=1), "Lena Fischer", "Refused: not on the care team", "C-104", Tone.STOP),
)


@dataclass
class Sandbox:
    """Everything a page of the console can show, and the pieces to change it from a test."""

    demo: bool = True
    desk: FakeDesk = field(default_factory=FakeDesk)
    board: MemoryBoard = field(default_factory=MemoryBoard)
    writes: Sequence[EhrWrite] = WRITES
    audit: Sequence[AuditLine] = AUDIT
    ticks: int = 0

    def now(self) -> datetime:
        """A clock that moves a second with each look, so that newest last has a meaning."""
        self.ticks += 1
        return NOW + timedelta(seconds=self.ticks)

    def chat(self) -> WebChat:
        return WebChat(self.board, [channel.id for channel in CHANNELS], now=self.now)

    def console(self) -> WebConsole:
        return WebConsole(
            desk=self.desk,
            board=self.board,
            people=PEOPLE,
            channels=CHANNELS,
            drawings={"slack": as_slack, "teams": as_teams},
            ehr_writes=self._ehr_writes,
            audit_tail=self._audit_tail,
            secret_key=SECRET,
            demo=self.demo,
            now=self.now,
        )

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(self.console().routes())
        return app

    async def fill(self) -> None:
        """A channel with one of each message that is posted."""
        await self.chat().post(CARD_VIEW, HARBOR, key="card")
        await self.chat().post(_filed(CARD_VIEW), HARBOR, key="filed")
        await self.chat().whisper(PICKER, DANA, HARBOR)
        await self.chat().whisper(NOTICE, DANA, HARBOR)
        await self.chat().post(Notice("The EHR answers again."), HARBOR, key="notice")

    async def _ehr_writes(self) -> Sequence[EhrWrite]:
        return self.writes

    async def _audit_tail(self) -> Sequence[AuditLine]:
        return self.audit


def _filed(view: CardView) -> CardView:
    later = Status(Tone.DONE, "Filed and read back at 15:32. Approved by Dana Reyes, LCSW.")
    return replace(
        view, status=later, buttons=tuple(b for b in view.buttons if b.action is Action.REVIEW), draft_id="d-2"
    )


async def _serve() -> None:
    sandbox = Sandbox()
    await sandbox.fill()
    runner = web.AppRunner(sandbox.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 8787)
    await site.start()
    print(f"{site.name}/console")  # noqa: T201  the address is what this runner is for
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
