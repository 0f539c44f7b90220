"""From template and prompt to a drafted text, over every chart of the sandbox clinic and every way to go wrong."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.drafting.asked import asked
from bot.drafting.assemble import LEFT_OUT
from bot.drafting.drafter import Call, Drafted, Drafter
from bot.drafting.how import WHY
from bot.drafting.openai_model import Limits, Provider, opened
from bot.privacy.deid import CannotVouch, RawPrompt, SafePrompt, scrub
from bot.privacy.record import Record
from skills.handoff.text import WORDS
from skills.kit import DraftText, Evidence, Line, LineKind, Passage, Prompt, Topic
from skills.kit.words import count
from tests.bot.drafting.charts import Case, cases
from tests.fakes.openai_server import FakeOpenAi, Mode

SUMMARY = {"severity", "patient", "situation"}


@asynccontextmanager
async def drafter(fake: FakeOpenAi) -> AsyncIterator[Drafter]:
    async with fake.running(), opened(Provider("openai", f"{fake.url}/v1", "k", "gpt-x"), Limits(timeout_s=3)) as model:
        yield Drafter(model)


async def nothing_to_record(call: Call) -> None: ...


async def drafted(case: Case, mode: Mode = Mode.GOOD, fake: FakeOpenAi | None = None) -> Drafted:
    async with drafter(fake or FakeOpenAi(mode)) as made:
        return await made.draft(case.template, case.prompt, case.record, announce=nothing_to_record)


def case(alias: str = "C-102") -> Case:
    return next(each for each in cases() if each.alias == alias)


def lines(text: DraftText) -> list[Line]:
    return [line for passage in text.passages for line in passage.lines]


def wordable() -> list[str]:
    return [each.alias for each in cases() if asked(each.prompt).prompt.evidence]


# What it makes of a good answer


@pytest.mark.parametrize("alias", wordable())
async def test_every_chart_is_worded_and_loses_nothing(alias: str) -> None:
    chart = case(alias)
    found = await drafted(chart)
    assert (found.how.path, found.how.reason, found.how.removed) == ("model", None, 0)
    assert found.text != chart.template
    assert {s for line in lines(chart.template) for s in line.sources} == {
        s for line in lines(found.text) for s in line.sources
    }
    assert sum(count(f"{p.title} {p.plain()}") for p in found.text.passages if p.key in SUMMARY) <= WORDS


@pytest.mark.parametrize("alias", wordable())
@pytest.mark.parametrize("mode", [Mode.GOOD, Mode.OMITS, Mode.ONE_INVENTED])
async def test_safety_and_what_was_not_asked_stand_as_the_template_says_them(alias: str, mode: Mode) -> None:
    chart = case(alias)
    found = await drafted(chart, mode)
    open_to = [each.line for each in asked(chart.prompt).prompt.evidence]
    stays = [line for line in lines(chart.template) if line not in open_to]
    assert [line for line in lines(found.text) if line in stays] == stays
    assert {each.line for each in chart.prompt.evidence if each.topic is Topic.SAFETY} <= set(stays)


@pytest.mark.parametrize("alias", wordable())
async def test_what_a_wording_leaves_out_is_put_back_or_listed(alias: str) -> None:
    chart = case(alias)
    found = await drafted(chart, Mode.OMITS)
    assert found.how.path == "model"
    told = lines(found.text)
    for each in asked(chart.prompt).prompt.evidence:
        worded = any(line.text.startswith(each.text[:12].partition(":")[0]) for line in told)
        assert each.line in told or worded
    assert any(p.key == LEFT_OUT for p in found.text.passages)
    assert found.how.put_back == sum(each.line in told for each in _medication(chart) if each.line not in _rest(found))


def _medication(chart: Case) -> list[Evidence]:
    return [each for each in asked(chart.prompt).prompt.evidence if each.topic is Topic.MEDICATION]


def _rest(found: Drafted) -> list[Line]:
    return [line for p in found.text.passages if p.key == LEFT_OUT for line in p.lines]


async def test_a_sentence_is_a_fact_on_all_sources_it_cites() -> None:
    found = await drafted(case())
    patient = next(p for p in found.text.passages if p.key == "patient")
    worded = [line for line in patient.lines if line not in lines(case().template)]
    assert worded
    assert all(line.kind is LineKind.FACT and line.sources for line in worded)


async def test_a_sentence_without_support_is_taken_out_and_counted() -> None:
    found = await drafted(case(), Mode.ONE_INVENTED)
    assert (found.how.path, found.how.removed) == ("model", 1)
    assert "lithium" not in found.text.plain()
    assert "1 removed" in found.how.sentence()


# What leaves


@pytest.mark.parametrize("alias", wordable())
async def test_no_identifier_of_the_chart_is_in_the_bytes_that_left(alias: str) -> None:
    chart, fake = case(alias), FakeOpenAi()
    await drafted(chart, fake=fake)
    (body,) = fake.bodies
    sent = json.loads(body)["messages"][1]["content"].casefold()
    people = [p.name for p in chart.record.people] + [word for p in chart.record.people[:1] for word in p.name.split()]
    for name in (each for each in people if len(each) > 2):
        assert not re.search(rf"\b{re.escape(name.casefold())}\b", sent.replace("^", ""))
    for known in (*chart.record.phones, *chart.record.ids, *(f"{b:%m/%d/%Y}" for b in chart.record.births)):
        assert known.casefold() not in sent.replace("^", "")
    assert "/2026" not in sent


async def test_safety_statements_are_not_even_shown_to_the_model() -> None:
    chart = case()
    ask = asked(chart.prompt)
    assert ask.fixed
    assert not {each.text for each in ask.fixed} & {each.text for each in ask.prompt.evidence}
    assert [each.id for each in ask.prompt.evidence] == [f"S{n}" for n in range(1, len(ask.prompt.evidence) + 1)]


async def test_a_client_called_hope_stops_nothing_and_a_name_left_over_stops_everything() -> None:
    chart, fake = case(), FakeOpenAi()
    words = RawPrompt("We hope: write it down. Then Marisol Vega reads it.", ("Marisol Vega wrote: calm.",))
    safe = scrub(words, chart.record)
    from bot.drafting.drafter import _left_in  # noqa: PLC0415 - the guard's own question

    def body(system: str, user: str) -> bytes:
        return json.dumps({"m": [system, user]}, ensure_ascii=False).encode()

    assert _left_in(body(safe.instructions, safe.parts[0]), safe, chart.record) == ()
    assert _left_in(body(safe.instructions, "Marisol Vega wrote: calm."), safe, chart.record) != ()
    assert _left_in(body(safe.instructions[1:], safe.parts[0]), safe, chart.record) != ()
    assert fake.bodies == []


async def test_nothing_is_sent_when_it_cannot_be_recorded() -> None:
    class TrailBroken(Exception):
        pass

    async def refuse(call: Call) -> None:
        raise TrailBroken

    fake = FakeOpenAi()
    async with drafter(fake) as made:
        with pytest.raises(TrailBroken):
            await made.draft(case().template, case().prompt, case().record, announce=refuse)
    assert fake.bodies == []


# Ways to go wrong

FAULTS = [
    (Mode.DOWN, "server_error"),
    (Mode.REFUSAL, "refused"),
    (Mode.TRUNCATED, "truncated"),
    (Mode.NOT_JSON, "not_in_shape"),
    (Mode.UNKNOWN_IDS, "not_in_shape"),
    (Mode.INVENTS, "unsupported"),
    (Mode.FLIPS, "unsupported"),
    (Mode.ECHO, "unsupported"),
    (Mode.UNKNOWN_TAG, "unknown_tag"),
    (Mode.WORDY, "too_long"),
]


@pytest.mark.parametrize(("mode", "reason"), FAULTS)
async def test_whatever_the_model_does_wrong_the_template_stands_with_the_reason(mode: Mode, reason: str) -> None:
    found = await drafted(case(), mode)
    assert (found.text, found.how.path, found.how.reason) == (case().template, "template", reason)
    assert found.how.sentence() == f"From the template: {WHY[reason]}."


async def test_without_a_model_it_says_so() -> None:
    found = await Drafter().draft(case().template, case().prompt, case().record, announce=nothing_to_record)
    assert (found.text, found.how.sentence()) == (case().template, "From the template: no model is set up.")


async def test_a_text_that_cannot_be_cleared_is_not_sent() -> None:
    def unsure(raw: RawPrompt, record: Record) -> SafePrompt:
        raise CannotVouch("residue")

    fake, chart = FakeOpenAi(), case()
    async with drafter(fake) as made:
        careful = replace(made, clear=unsure)
        found = await careful.draft(chart.template, chart.prompt, chart.record, announce=nothing_to_record)
    assert (found.how.reason, fake.bodies) == ("not_cleared", [])


async def test_sentences_beyond_a_passage_or_from_another_are_not_used() -> None:
    template = DraftText("H", (_passage("one", "Mood: low.", "Sleep: poor."), _passage("two", "Work: part time.")))
    evidence = tuple(
        Evidence(f"S{n}", key, line)
        for n, (key, line) in enumerate(((p.key, line) for p in template.passages for line in p.lines), start=1)
    )
    wanted = replace(case().prompt.wanted[0], key="one", most=1), replace(case().prompt.wanted[0], key="two", most=5)
    prompt = Prompt("handoff", wanted, evidence)
    async with drafter(FakeOpenAi()) as made:
        found = await made.draft(template, prompt, case().record, announce=nothing_to_record)
    assert (found.how.kept, found.how.removed) == (2, 1)
    assert [line.text for line in found.text.passages[-1].lines] == ["Sleep: poor."]


def _passage(key: str, *texts: str) -> Passage:
    return Passage(key, key.title(), tuple(Line(text) for text in texts))
