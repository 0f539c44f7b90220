"""A handoff through the model and through the template: the card says which, whatever the model does, and nobody is named."""

import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.app import drafter_of
from bot.chat import Action, CardView, Detail
from bot.drafting.how import WHY
from bot.drafts import State
from bot.flow import calls, housekeeping, records
from bot.flow.records import Content
from bot.settings import LlmSettings
from bot.slack import render as slack_render
from bot.store import jobs
from bot.store.jobs import Job
from bot.store.sealed import Seal
from bot.teams import render as teams_render
from skills.kit import Banner
from tests.fakes.office import LIGHTHOUSE, Work, accepted, approved, asked, at_work, break_the_trail
from tests.fakes.openai_server import FakeOpenAi, Mode


@asynccontextmanager
async def office(folder: Path, fake: FakeOpenAi, clients: Sequence[str] = ("c102",), **llm: Any) -> AsyncIterator[Work]:
    """At work with a model behind the settings a clinic would write."""
    settings = {"kind": "openai", "base_url": f"{fake.url}/v1", "model": "gpt-x", "timeout_s": 3} | llm
    async with (
        drafter_of(LlmSettings.model_validate(settings)) as drafter,
        at_work(folder, clients=clients, working=False) as work,
    ):
        work.office = replace(work.office, drafter=drafter)
        await work.restart()
        yield work


def said(card: CardView | Detail) -> list[str]:
    blocks = card.card.summary if isinstance(card, CardView) else card.blocks
    return [b.text for b in blocks if isinstance(b, Banner) and b.text.startswith(("Worded by", "From the template"))]


async def content(work: Work, version: int = 1) -> Content:
    draft = await work.draft()
    async with work.office.db.read() as conn:
        found = await records.content(conn, work.office.seal, work.office.shelf["handoff"], draft.id, version)
    assert found is not None
    return found


# Either path


async def test_through_the_model_the_card_says_whose_words_they_are(tmp_path: Path) -> None:
    async with FakeOpenAi().running() as fake, office(tmp_path, fake) as work:
        draft = await asked(work)
        (words,) = said(work.card())
        assert re.fullmatch(
            r"Worded by gpt-x-2026-11-01 \(prompt handoff-1\), \d+ sentences checked against the chart, 0 removed\.",
            words,
        )
        detail = await work.press("vega", Action.REVIEW, draft, page="1")
        assert isinstance(detail, Detail)
        assert said(detail) == [words]
        assert (await content(work)).text != work.office.shelf["handoff"].compose((await content(work)).facts)


async def test_through_the_template_the_card_says_that_too(tmp_path: Path) -> None:
    async with at_work(tmp_path) as work:
        await asked(work)
        assert said(work.card()) == ["From the template: no model is set up."]


async def test_all_platforms_draw_it(tmp_path: Path) -> None:
    async with FakeOpenAi().running() as fake, office(tmp_path, fake) as work:
        await asked(work)
        view = work.card()
        assert "Worded by gpt" in json.dumps(slack_render.message(view))
        assert "Worded by gpt" in json.dumps(teams_render.card_view(view))


async def test_it_is_filed_as_worded_and_the_model_is_asked_once(tmp_path: Path) -> None:
    async with FakeOpenAi().running() as fake, office(tmp_path, fake) as work:
        draft = await approved(work)
        assert draft.state is State.FILED
        assert len(fake.bodies) == 1
        assert await work.verified()


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        (Mode.SLOW, "timeout"),
        (Mode.DOWN, "server_error"),
        (Mode.BUSY, "rate_limited"),
        (Mode.KEY, "not_accepted"),
        (Mode.REFUSAL, "refused"),
        (Mode.FILTERED, "content_filter"),
        (Mode.TRUNCATED, "truncated"),
        (Mode.NOT_JSON, "not_in_shape"),
        (Mode.HTML, "not_an_answer"),
        (Mode.INVENTS, "unsupported"),
        (Mode.FLIPS, "unsupported"),
        (Mode.ECHO, "unsupported"),
        (Mode.UNKNOWN_TAG, "unknown_tag"),
        (Mode.WORDY, "too_long"),
    ],
)
async def test_whatever_the_model_does_there_is_a_draft_and_the_card_says_why(
    tmp_path: Path, mode: Mode, reason: str
) -> None:
    async with (
        FakeOpenAi(mode).running() as fake,
        office(tmp_path, fake, timeout_s=1 if mode is Mode.SLOW else 10) as work,
    ):
        draft = await approved(work)
        assert draft.state is State.FILED
        async with work.office.db.read() as conn:
            how = await records.how_of(conn, draft.id, 1)
            figures = await calls.figures(conn)
        assert how is not None
        assert (how.path, how.reason, how.sentence()) == ("template", reason, f"From the template: {WHY[reason]}.")
        assert [(row[0], row[1], row[2]) for row in figures] == [("handoff", reason, 1)]
        assert "model_refused" in await work.actions()
        assert not [line for line in work.log if line["level"] == "error"]


# Who may have what


async def test_a_team_may_keep_to_the_template(tmp_path: Path) -> None:
    async with FakeOpenAi().running() as fake, office(tmp_path, fake) as work:

        def keep(clinic: dict[str, Any]) -> None:
            clinic["teams"][0]["drafting"] = "template"

        work.change_clinic(keep)
        await work.restart()
        await asked(work)
        assert said(work.card()) == [f"From the template: {WHY['team']}."]
        assert fake.bodies == []


@pytest.mark.parametrize("covered", [False, True])
async def test_part_2_records_go_only_to_a_vendor_who_is_covered(tmp_path: Path, *, covered: bool) -> None:
    """In the program itself they may be shown; that does not make the model's vendor part of the program."""
    async with FakeOpenAi().running() as fake, office(tmp_path, fake, ["c105"], part2=covered) as work:
        await work.typed("frye", "/handoff C-105 to baptiste", LIGHTHOUSE)
        await work.settled()
        (words,) = said(work.card("lighthouse-care"))
        assert len(fake.bodies) == (1 if covered else 0)
        assert words.startswith("Worded by") if covered else words == f"From the template: {WHY['part2']}."


async def test_what_consent_withholds_reaches_no_model(tmp_path: Path) -> None:
    async with FakeOpenAi().running() as fake, office(tmp_path, fake) as work:
        condition = (await work.chart("Condition"))[0]
        label = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "42CFRPart2"}
        words = {"code": condition["code"] | {"text": "Opioid use disorder, severe"}}
        await work.put(condition | words | {"meta": {"security": [label]}})
        await asked(work)
        assert b"pioid" not in fake.bodies[0].replace(b"^", b"")


# What leaves and what is kept


async def test_none_of_the_clients_identifiers_is_in_what_left(tmp_path: Path) -> None:
    async with FakeOpenAi().running() as fake, office(tmp_path, fake) as work:
        await asked(work)
        client = await work._fhir("GET", "/Patient/sb-c102")
        sent = fake.bodies[0].decode().replace("^", "").casefold() + str(fake.headers).casefold()
        names = {part.casefold() for name in client["name"] for part in [*name["given"], name["family"]]}
        known = {each["value"].casefold() for each in [*client["identifier"], *client.get("telecom", [])]}
        for each in names | known | {client["birthDate"], "sb-c102", "c-102"}:
            assert not re.search(rf"\b{re.escape(each)}\b", sent), "an identifier left"
        assert fake.requests()[0]["store"] is False
        assert not {"metadata", "user", "safety_identifier"} & set(fake.requests()[0])


async def test_what_was_asked_is_kept_sealed_and_forgotten_in_time(tmp_path: Path) -> None:
    async with FakeOpenAi().running() as fake, office(tmp_path, fake, retention_days=10, cost_in=2, cost_out=8) as work:
        await asked(work)
        (row,) = await work.rows("model_calls")
        seal: Seal = work.office.seal
        assert "[DATE_1" in seal.open(row["prompt"], context=f"model_calls.prompt/{row['id']}")
        assert '"sentences"' in seal.open(row["completion"], context=f"model_calls.completion/{row['id']}")
        assert "11/" in seal.open(row["tags"], context=f"model_calls.tags/{row['id']}")
        assert (row["outcome"], row["cost"]) == ("worded", pytest.approx((1200 * 2 + 300 * 8) / 1_000_000))
        await work.later(days=11)
        await forget(work)
        (row,) = await work.rows("model_calls")
        assert (row["prompt"], row["completion"], row["tags"], row["prompt_tokens"]) == (None, None, None, 1200)


async def forget(work: Work) -> None:
    job = Job(id=1, kind="forget", ref="", lane="clock", attempt=1)
    finish = await housekeeping.forget(work.office, job)
    async with work.office.db.write() as conn:
        await finish(conn)


async def test_the_tags_go_with_the_draft(tmp_path: Path) -> None:
    async with FakeOpenAi().running() as fake, office(tmp_path, fake) as work:
        await accepted(work)
        (row,) = await work.rows("model_calls")
        assert row["tags"] is None
        assert row["prompt"] is not None


async def test_the_trail_names_model_prompt_and_cost_and_no_words(tmp_path: Path) -> None:
    async with FakeOpenAi().running() as fake, office(tmp_path, fake) as work:
        await asked(work)
        events = {event.action: event.fields for event in await work.trail()}
        asked_of = events["model_called"]["model"]
        assert (asked_of["provider"], asked_of["name"], asked_of["prompt"]) == ("openai", "gpt-x", "handoff-1")
        assert len(asked_of["prompt_hash"]) == len(asked_of["instructions_hash"]) == 64
        made = events["draft_made"]
        assert made["model"] == asked_of
        assert (made["counts"]["prompt_tokens"], made["reason"]) == (1200, "wording.model")


async def test_nothing_is_asked_when_the_trail_cannot_take_it(tmp_path: Path) -> None:
    async with FakeOpenAi().running() as fake, office(tmp_path, fake) as work:
        await break_the_trail(work)
        await work.typed("vega", "/handoff C-102 to osei")
        assert fake.bodies == []


# The chart changes


async def test_a_new_version_keeps_its_words_where_the_chart_did_not_change_them(tmp_path: Path) -> None:
    async with FakeOpenAi().running() as fake, office(tmp_path, fake) as work:
        draft = await asked(work)
        first = await content(work)
        (appointment, *_) = [a for a in await work.chart("Appointment") if a["status"] == "booked"]
        await work.put(appointment | {"description": "Moved to another room"})
        await read_again(work, draft.id)
        fresh = await work.draft()
        assert fresh.version == 2
        second = await content(work, fresh.version)
        assert len(fake.bodies) == 1
        assert second.how == first.how
        assert next(p for p in second.text.passages if p.key == "patient") == next(
            p for p in first.text.passages if p.key == "patient"
        )


async def test_what_changed_is_told_in_the_charts_words_not_in_the_models(tmp_path: Path) -> None:
    async with FakeOpenAi().running() as fake, office(tmp_path, fake) as work:
        draft = await asked(work)
        await work.change_problem(words="Panic disorder")
        fake.mode = Mode.OMITS
        await read_again(work, draft.id)
        fresh = await work.draft()
        assert fresh.version == 2
        changes = (await content(work, 2)).changes
        assert len(fake.bodies) == 2
        assert [c for c in changes if "Panic disorder" in c]
        assert all("Diagnoses" in c or "problem list" in c for c in changes), changes
        (words,) = said(work.card())
        assert words.startswith("Worded by")


async def read_again(work: Work, draft_id: str) -> None:
    async with work.office.db.write() as conn:
        await jobs.enqueue(conn, "read_again", draft_id, lane="ehr")
    work.worker.wake()
    await work.settled()
