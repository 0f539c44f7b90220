"""Two whole journeys, everything they left behind, and the client's words looked for in all of it."""

import io
import json
import logging
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.chat import Action, CardView, Detail, Notice, Picker
from bot.drafts import State
from tests.fakes.office import OWN_WORDS, Json, Work, asked, at_work, charts

KEPT = (
    *("aliases", "requests", "drafts", "draft_versions", "exchanges", "cards", "reviews", "receipts", "break_glass"),
    *("jobs", "audit_head", "audit_events", "conversations", "web_messages"),
)


def identity(client: str) -> list[str]:
    """What would say who it is."""
    patient = next(e["resource"] for e in charts()[1][client]["entry"] if e["resource"]["resourceType"] == "Patient")
    name = patient["name"][0]
    found = [name["family"], f"{name['given'][0]} {name['family']}", patient["birthDate"]]
    found += [contact["value"] for contact in patient.get("telecom", [])]
    found += [i["value"] for i in patient["identifier"] if not i["value"].startswith("C-")]
    return [word for word in found if len(word) > 3]


def sentences(draft: list[Any]) -> list[str]:
    """The statements of the draft that rest on a source, without the words of templates."""
    lines = [line for block in draft if (p := getattr(block, "passage", None)) for line in p.lines if line.sources]
    return [line.text for line in lines if len(line.text) > 30]


@contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """What any library says, at DEBUG."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(exc_info)s"))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield out
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


async def journey(work: Work) -> list[str]:
    """Asked, edited, approved, asked about, accepted, recalled; another rejected. Returns the draft's sentences."""
    first = await asked(work)
    await work.press("vega", Action.SAVE_REJECT, first, reason="Ingrid should hear it first")
    await work.typed("doyle", "/handoff C-102")
    await work.settled()
    draft = await asked(work)
    shown = await work.read_all("vega", draft)
    assert isinstance(shown, Detail)
    work.server.faults.fail_next(1, 503, resource_type="DocumentReference", method="POST")
    work.server.faults.fail_next(1, 422, resource_type="Communication", method="POST", text="Secret of Imani here")
    await work.press("vega", Action.APPROVE, draft)
    await work.settled()
    await work.later(minutes=1)
    assert (await work.draft()).state is State.FILING_FAILED
    await work.press("vega", Action.RETRY, draft)
    await work.settled()
    await work.read_all("osei", draft)
    await work.press("osei", Action.SAVE_ASK, draft, question="Does Ingrid have the canal plan?")
    await work.press("osei", Action.SAVE_ACCEPT, draft, read_back=OWN_WORDS)
    await work.settled()
    await work.press("vega", Action.SAVE_RECALL, draft, reason="Ingrid moved away")
    await work.settled()
    return [*sentences(list(shown.blocks)), "Ingrid", "Secret of Imani"]


@pytest.fixture
async def told(tmp_path: Path) -> Any:
    with everything_logged() as out:
        async with at_work(tmp_path) as work:
            found = await journey(work)
            yield work, found, out


async def test_names_and_words_of_a_chart_stay_where_they_belong(told: tuple[Work, list[str], io.StringIO]) -> None:
    work, found, out = told
    secrets = [*identity("c102"), *found]
    assert len(secrets) > 15
    places = {
        "log lines": json.dumps(work.log, default=str),
        "library logs": out.getvalue(),
        "cards' notices": json.dumps([v.card.notice for v in _cards(work)]),
        "buttons": str([button for view in _views(work) for button in getattr(view, "buttons", ())]),
        "notices": str([view for view in _views(work) if isinstance(view, Notice)]),
    }
    for table in KEPT:
        places[table] = str(
            [{k: v for k, v in row.items() if not isinstance(v, bytes)} for row in await work.rows(table)]
        )
    for place, text in places.items():
        assert not [secret for secret in secrets if secret in text], place


async def test_what_stands_in_a_channel_never_says_who_it_is(told: tuple[Work, list[str], io.StringIO]) -> None:
    work, _, _ = told
    for view in _cards(work):
        drawn = str((view.card.summary, view.status, view.card.notice))
        assert not [secret for secret in [*identity("c102"), "Ingrid", "Secret of Imani"] if secret in drawn]


async def test_the_database_file_holds_nothing_readable(told: tuple[Work, list[str], io.StringIO]) -> None:
    work, found, _ = told
    raw = b"".join(file.read_bytes() for file in work.database_file.parent.glob("baton.sqlite*"))
    assert len(raw) > 50_000
    assert b"draft_approved" in raw  # the search would find what is there
    for secret in [*identity("c102"), *found, OWN_WORDS]:
        assert secret.encode() not in raw, secret
    assert all(row["text"] is None for row in await work.rows("draft_versions"))


async def test_a_note_planted_in_the_chart_leaves_no_trace_when_all_is_over(tmp_path: Path) -> None:
    planted = "Zanzibar umbrella cartwheel, said at 14:32"
    async with at_work(tmp_path) as work:
        note = (await work.chart("DocumentReference"))[0]
        attachment = {"contentType": "text/plain", "data": _base64(f"Plan: {planted}.")}
        content: list[Json] = [{"attachment": attachment}]
        await work.put(note | {"content": content})
        draft = await asked(work)
        await work.press("vega", Action.SAVE_REJECT, draft, reason=planted)
        await work.settled()
        raw = b"".join(file.read_bytes() for file in work.database_file.parent.glob("baton.sqlite*"))
        assert planted.encode() not in raw
        assert planted not in json.dumps(work.log, default=str)


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _views(work: Work) -> list[Any]:
    posted = [view for chat in work.chats.values() for views in chat.posts.values() for view in views]
    return posted + [
        view for chat in work.chats.values() for _, _, view in chat.whispers if not isinstance(view, Picker)
    ]


def _cards(work: Work) -> list[CardView]:
    return [view for view in _views(work) if isinstance(view, CardView)]
