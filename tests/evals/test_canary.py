"""Charts full of planted identifiers, and none of them anywhere but where it belongs.

A seeded sample of 10,000 charts in every run, all of them with BATON_EVAL=1. The count is printed when it is over.
"""

import io
import json
import os
import sys
from base64 import b64encode
from collections import Counter
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.chat import Action, CardView, Notice, Picker
from bot.drafting.untrusted import fresh_delimiter, messages, unmarked
from bot.privacy.deid import CannotVouch, RawPrompt, residue, scrub
from bot.privacy.record import record_of
from tests.fakes.office import Json, Work, asked, at_work, example_clinic
from tests.fakes.planted import Kind, Leak, Story, story, texts
from tests.journeys.test_nothing_leaks import everything_logged

WHOLE = os.environ.get("BATON_EVAL") == "1"
ALL = 10_000
SAMPLE = 400
THROUGH_THE_FLOW = 60 if WHOLE else 4
MOST_NOT_CLEARED = 0.02  # more, and the search would have nothing to search in
NUMBERS = range(ALL) if WHOLE else sorted(Random(164_514).sample(range(ALL), SAMPLE))
INSTRUCTIONS = "Put the statements into sentences."


def body_of(made: Story) -> tuple[bytes, Any]:
    """A finished request with everything that the chart says, and its tags."""
    lines = [_header(made), *texts(made.data)]
    record = record_of(made.data, example_clinic().staff)
    safe = scrub(RawPrompt(INSTRUCTIONS, tuple(lines)), record)
    body = json.dumps({"messages": messages(safe, fresh_delimiter())}, ensure_ascii=False).encode()
    return body, partial(residue, tags=safe.tags, record=record)


def _header(made: Story) -> str:
    """What no skill sends, and somebody may one day."""
    client = made.data.client
    contact = client.contacts[0]
    born = f"{client.birth_date:%m/%d/%Y}" if client.birth_date else ""
    return (
        f"{client.name} ({client.alias}), born {born}, {client.mrn}, {client.phone}; "
        f"sister {contact.name}, {contact.phone}"
    )


@pytest.mark.timeout(3600)
def test_not_one_planted_identifier_is_in_a_prompt(capsys: pytest.CaptureFixture[str]) -> None:
    leaks: list[Leak] = []
    kinds: Counter[Kind] = Counter()
    held_back = not_cleared = 0
    for number in NUMBERS:
        made = story(number)
        kinds.update(planted.kind for planted in made.planted)
        try:
            body, look = body_of(made)
        except CannotVouch:
            not_cleared += 1
            continue
        leaks += made.leaks(unmarked(json.loads(body)["messages"][1]["content"]))
        held_back += bool(look(body))
    with capsys.disabled():
        tried = f"{len(NUMBERS)} of {ALL} charts, {kinds.total()} identifiers of {len(kinds)} kinds"
        sys.stdout.write(f"\nPrompts: {tried}; {not_cleared} not cleared, {held_back} held back, {len(leaks)} leaks.\n")
    assert len(kinds) == 18
    assert not_cleared + held_back <= MOST_NOT_CLEARED * len(NUMBERS)
    assert Counter((leak.kind.value, leak.where) for leak in leaks) == Counter()


def test_the_search_finds_every_identifier_in_a_prompt_that_was_not_scrubbed() -> None:
    for number in range(20):
        made = story(number)
        found = made.leaks("\n".join([_header(made), *texts(made.data)]))
        assert {leak.kind for leak in found} == set(Kind)
        assert len(found) >= 0.95 * len(made.planted)


def test_the_last_look_holds_back_what_was_not_scrubbed() -> None:
    """Marked as data or not: the words of a record are found in the finished bytes."""
    for number in range(20):
        made = story(number)
        _, look = body_of(made)
        for planted in made.planted:
            if planted.where in {"client.family", "client.phone", "client.mrn", "contact.phone", "contact.name"}:
                marked = " ".join(f"^{word}" for word in f"reached {planted.value} today".split())
                body = json.dumps({"messages": [{"role": "user", "content": marked}]}).encode()
                assert look(body), (planted.kind.value, planted.where, number)


def test_a_report_of_leaks_names_nobody() -> None:
    made = story(1)
    shown = repr((made, made.planted, made.leaks("\n".join(texts(made.data)))))
    assert made.leaks(shown) == []


# Through the office


@pytest.mark.timeout(1800)
async def test_not_one_is_in_logs_notices_ids_errors_urls_or_the_database_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = sorted(Random(2).sample(range(ALL), THROUGH_THE_FLOW))
    made = [story(number) for number in numbers]
    with everything_logged() as out:
        async with at_work(tmp_path) as work:
            for each in made:
                await _journey(work, each)
            places = await _places(work, out)
    assert "draft_approved" in places["database file"]  # the search would find what is there
    found = [(place, leak) for each in made for place, text in places.items() for leak in each.leaks(text)]
    with capsys.disabled():
        sys.stdout.write(
            f"\nThe whole way: {len(made)} charts, {sum(len(e.planted) for e in made)} identifiers: {len(found)} leaks.\n"
        )
    assert Counter((place, leak.kind.value, leak.where) for place, leak in found) == Counter()


async def _journey(work: Work, made: Story) -> None:
    """The chart becomes that of `made`; a handoff is approved, meets an error that quotes it, is filed; one is rejected."""
    await _plant(work, made)
    secret = made.planted[0].value
    draft = await asked(work)
    await work.press("vega", Action.SAVE_REJECT, draft, reason=f"Call {secret} first")
    draft = await asked(work)
    await work.read_all("vega", draft)
    work.server.faults.fail_next(1, 422, resource_type="Communication", method="POST", text=f"{secret} is not valid")
    await work.press("vega", Action.APPROVE, draft)
    await work.settled()
    await work.press("vega", Action.RETRY, await work.draft())
    await work.settled()


async def _plant(work: Work, made: Story) -> None:
    lines = [_header(made), *texts(made.data)]
    for place, note in enumerate((await work.chart("DocumentReference"))[-3:]):
        attachment = {"contentType": "text/plain", "data": b64encode("\n".join(lines[place::3]).encode()).decode()}
        content: list[Json] = [{"attachment": attachment}]
        await work.put(note | {"content": content})
    for flag in (await work.chart("Flag"))[:1]:
        await work.put(flag | {"code": {"text": lines[1]}})
    (problem, *_) = await work.chart("Condition")
    await work.put(problem | {"code": problem["code"] | {"text": lines[2]}})


async def _places(work: Work, out: io.StringIO) -> dict[str, str]:
    """Everything that outlives a request or may be seen by others than the two who hand over."""
    views = [view for chat in work.chats.values() for told in chat.posts.values() for view in told]
    views += [v for chat in work.chats.values() for _, _, v in chat.whispers if not isinstance(v, Picker)]
    raw = b"".join(file.read_bytes() for file in work.database_file.parent.glob("baton.sqlite*"))
    cards = [view for view in views if isinstance(view, CardView)]
    return {
        "log lines": json.dumps(work.log, default=str),
        "library logs": out.getvalue(),
        "notifications": str([view.card.notice for view in cards]),
        "channel": str([(view.card.summary, view.status) for view in cards]),
        "notices": str([view for view in views if isinstance(view, Notice)]),
        "ids": str([key for chat in work.chats.values() for key in chat.posts]),
        "buttons and links": str([getattr(view, "buttons", ()) for view in views]),
        "database file": raw.decode("latin-1") + raw.decode("utf-8", "ignore"),
    }
