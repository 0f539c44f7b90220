"""News for digests as a test wants them, and the calendar's slots as the calendar begins them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest

from bot.chat import CardView, Notice, Platform, Postable
from bot.digest import gather, records
from bot.digest.content import Content, DigestLine, Does
from bot.digest.records import Digest, Post
from bot.digest.schedule import Kind, calendar
from bot.flow.office import Office
from bot.store.slots import StoredClaims
from ehr_clients.errors import EhrUnavailable
from scheduler.due import Fate, Firing, slot_at
from skills.kit import Rows
from tests.fakes.office import Work

TEAM = ("vega", "osei", "doyle", "brandt", "raman", "whitaker", "coleman")
MONDAY = "2026-11-23T08:15"
TUESDAY = "2026-11-24T08:15"
WEDNESDAY = "2026-11-25T08:15"


def line(key: str, **more: Any) -> DigestLine:
    usual: dict[str, Any] = {
        "kind": "note",
        "client_id": "sb-c102",
        "alias": "C-102",
        "what": f"News {key}",
        "at": datetime.fromisoformat("2026-11-23T12:00:00+00:00"),
        "owner": "vega",
        "does": Does.MAKE_TASK,
        "readers": TEAM,
        "channel": True,
    }
    return DigestLine(key=key, **{**usual, **more})


@dataclass
class News:
    """Stands where the EHR is asked: says `now`, once for each time it is asked; `down`: as often the EHR is away."""

    now: Content = field(default_factory=Content)
    down: int = 0
    asked: list[tuple[str, datetime, datetime, bool]] = field(default_factory=list)

    async def __call__(self, office: Office, team: str, since: datetime, until: datetime, *, trends: bool) -> Content:
        if self.down:
            self.down -= 1
            raise EhrUnavailable("The EHR does not answer.")
        self.asked.append((team, since, until, trends))
        return self.now

    def say(self, *lines: DigestLine, **more: Any) -> None:
        self.now = replace(Content(**more), lines=lines)


@pytest.fixture
def news(monkeypatch: pytest.MonkeyPatch) -> News:
    made = News()
    monkeypatch.setattr(gather, "news", made)
    return made


async def slot(
    work: Work,
    wall: str,
    team: str = "harbor",
    kind: Kind = Kind.DAILY,
    fate: Fate = Fate.FIRED,
    *,
    settle: bool = True,
) -> bool:
    """The calendar's slot, claimed as a replica claims it. False: somebody had it already."""
    (job,) = [one for one in calendar(work.office.clinic) if one.name == f"digest:{team}:{kind}"]
    at = slot_at(datetime.fromisoformat(wall), job.fits.zone)
    taken = await StoredClaims(work.office.db, replica="r1").claim(job.name, [Firing(at, fate, 0)])
    if settle:
        await work.settled()
    return bool(taken)


async def digests(work: Work) -> list[Digest]:
    """By when they were due."""
    async with work.office.db.read() as conn:
        found = [await records.one(conn, row["id"]) for row in await work.rows("digests")]
    return sorted((one for one in found if one is not None), key=lambda one: one.due_at)


async def posts(work: Work, digest: Digest) -> list[Post]:
    async with work.office.db.read() as conn:
        return await records.posts_of(conn, digest.id)


def posted(work: Work, platform: Platform = Platform.SLACK) -> dict[str, Postable]:
    """What stands in conversations, by key."""
    return {key: views[-1] for key, views in work.chats[platform].posts.items() if key.startswith("digest-")}


def said(views: Sequence[Postable]) -> str:
    return "\n".join(words(view) for view in views)


def words(view: Postable) -> str:
    match view:
        case CardView(card=card, status=status):
            rows = [f"{row.label}: {row.value}" for b in card.summary if isinstance(b, Rows) for row in b.rows]
            texts = [b.text for b in card.summary if not isinstance(b, Rows) and hasattr(b, "text")]
            return "\n".join([*texts, *rows, status.text])
        case Notice(text=text):
            return text
        case _:
            return ""
