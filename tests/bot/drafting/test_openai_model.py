"""The port over Chat Completions against a server that does everything wrong in turn, and what leaves for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.drafting import egress
from bot.drafting.breaker import Breaker
from bot.drafting.openai_model import Limits, OpenAiModel, Provider, opened
from bot.drafting.port import (
    Completion,
    ModelFailed,
    ModelRefused,
    ModelUnavailable,
    ModelWrong,
    Residue,
    Shape,
)
from bot.privacy.deid import RawPrompt, SafePrompt, scrub
from tests.fakes.openai_server import FakeOpenAi, Mode

WORDS = 'Put it into words.\n\nPassages:\n- "patient" (P): It. At most 5 sentences. Parts: S1, S2.'
SHAPE = Shape(("patient",), ("S1", "S2"), 5)


def clean(_: bytes) -> tuple[str, ...]:
    return ()


def safe() -> SafePrompt:
    return scrub(RawPrompt(WORDS, ("Mood: low since the spring.", "Sleep: six hours.")), None)


@asynccontextmanager
async def model(fake: FakeOpenAi, limits: Limits | None = None, **more: Any) -> AsyncIterator[OpenAiModel]:
    provider = Provider("openai", f"{fake.url}/v1", "sk-test", "gpt-x")
    async with opened(provider, limits or Limits(timeout_s=2), **more) as made:
        yield made


async def asked(fake: FakeOpenAi, *, residue: Residue = clean, limits: Limits | None = None) -> Completion:
    async with fake.running(), model(fake, limits) as made:
        return await made.complete(safe(), SHAPE, residue=residue)


async def test_an_answer_in_the_asked_shape() -> None:
    fake = FakeOpenAi()
    found = await asked(fake)
    assert [(s.passage, s.cites) for s in found.sentences] == [("patient", ("S1",)), ("patient", ("S2",))]
    assert (found.model, found.prompt_tokens, found.completion_tokens) == ("gpt-x-2026-11-01", 1200, 300)
    assert "Mood" not in repr(found)


async def test_nothing_is_stored_there_and_nobody_is_named_beside_the_messages() -> None:
    fake = FakeOpenAi()
    await asked(fake)
    (body,) = fake.requests()
    assert body["store"] is False
    assert set(body) == {"messages", "model", "max_completion_tokens", "response_format", "store", "stream"}
    assert body["stream"] is False


async def test_every_list_and_text_of_the_schema_has_an_end_and_ids_are_the_issued_ones() -> None:
    fake = FakeOpenAi()
    await asked(fake)
    wanted = fake.requests()[0]["response_format"]["json_schema"]
    assert wanted["strict"] is True
    parts = [each for each in _walk(wanted["schema"]) if isinstance(each, dict)]
    assert all("maxItems" in each for each in parts if each.get("type") == "array")
    texts = [each for each in parts if each.get("type") == "string"]
    assert all({"maxLength", "enum", "const"} & set(each) for each in texts)
    assert [each["enum"] for each in texts if "enum" in each] == [["S1", "S2"]]
    assert all(each["additionalProperties"] is False for each in parts if each.get("type") == "object")


def _walk(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value, *(each for part in inner for each in _walk(part))]


FAILURES = [
    (Mode.SLOW, ModelUnavailable, "timeout", 1),
    (Mode.DOWN, ModelUnavailable, "server_error", 2),
    (Mode.BUSY, ModelUnavailable, "rate_limited", 2),
    (Mode.KEY, ModelUnavailable, "not_accepted", 1),
    (Mode.REDIRECT, ModelUnavailable, "not_accepted", 1),
    (Mode.REFUSAL, ModelRefused, "refused", 1),
    (Mode.FILTERED, ModelRefused, "content_filter", 1),
    (Mode.FILTERED_REQUEST, ModelRefused, "content_filter", 1),
    (Mode.TRUNCATED, ModelWrong, "truncated", 1),
    (Mode.NOT_JSON, ModelWrong, "not_in_shape", 1),
    (Mode.UNKNOWN_IDS, ModelWrong, "not_in_shape", 1),
    (Mode.HTML, ModelWrong, "not_an_answer", 1),
    (Mode.NO_CHOICES, ModelWrong, "not_an_answer", 1),
]


@pytest.mark.parametrize(("mode", "kind", "code", "tries"), FAILURES, ids=str)
async def test_each_failure_has_its_name_and_what_may_pass_is_tried_once_more(
    mode: Mode, kind: type[ModelFailed], code: str, tries: int
) -> None:
    fake = FakeOpenAi(mode)
    with pytest.raises(kind) as failure:
        await asked(fake, limits=Limits(timeout_s=0.4 if mode is Mode.SLOW else 5))
    assert (failure.value.code, len(fake.bodies)) == (code, tries)
    assert "Mood" not in repr(failure.value)
    assert "I would rather" not in str(failure.value)


async def test_nobody_there() -> None:
    async with FakeOpenAi().running() as fake:
        pass
    async with model(fake) as made:
        with pytest.raises(ModelUnavailable) as failure:
            await made.complete(safe(), SHAPE, residue=clean)
    assert failure.value.code == "unreachable"


async def test_a_second_try_that_works_is_an_answer() -> None:
    fake = FakeOpenAi(script=[Mode.DOWN])
    assert (await asked(fake)).sentences
    assert len(fake.bodies) == 2


async def test_tokens_of_a_truncated_answer_are_counted() -> None:
    with pytest.raises(ModelWrong) as failure:
        await asked(FakeOpenAi(Mode.TRUNCATED))
    assert (failure.value.prompt_tokens, failure.value.completion_tokens) == (1200, 300)


# What leaves


async def test_a_request_with_an_identifier_in_its_bytes_is_not_sent_and_not_tried_again() -> None:
    looked: list[bytes] = []

    def residue(body: bytes) -> tuple[str, ...]:
        looked.append(body)
        return ("NAME",)

    fake = FakeOpenAi()
    with pytest.raises(ModelRefused) as failure:
        await asked(fake, residue=residue)
    assert (failure.value.code, fake.bodies, len(looked)) == ("residue", [], 1)


async def test_the_guard_sees_the_very_bytes_that_leave() -> None:
    looked: list[bytes] = []

    def residue(body: bytes) -> tuple[str, ...]:
        looked.append(body)
        return ()

    fake = FakeOpenAi()
    await asked(fake, residue=residue)
    assert looked == fake.bodies


async def test_without_anybody_looking_nothing_leaves_at_all() -> None:
    fake = FakeOpenAi()
    async with fake.running(), model(fake) as made:
        with pytest.raises(egress.Withheld):
            await made._client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hello"}])
    assert fake.bodies == []


async def test_a_request_is_judged_by_its_own_identifiers_while_others_are_on_their_way() -> None:
    fake = FakeOpenAi()

    def dirty(_: bytes) -> tuple[str, ...]:
        return ("NAME",)

    async with fake.running(), model(fake) as made:
        each = [made.complete(safe(), SHAPE, residue=dirty if n % 2 else clean) for n in range(6)]
        found = await asyncio.gather(*each, return_exceptions=True)
    assert [isinstance(answer, Completion) for answer in found] == [True, False] * 3
    assert len(fake.bodies) == 3


def test_a_raw_prompt_cannot_be_made_safe_by_hand() -> None:
    with pytest.raises(TypeError):
        SafePrompt("Words.", ("Jordan Sample, born 01/02/1990",), safe().tags)


# How much at a time, and for how long


async def test_no_more_at_a_time_than_set() -> None:
    fake = FakeOpenAi(pause_s=0.05)
    async with fake.running(), model(fake, Limits(timeout_s=5, concurrent=2)) as made:
        found = await asyncio.gather(*(made.complete(safe(), SHAPE, residue=clean) for _ in range(5)))
    assert (len(found), fake.most_at_once) == (5, 2)


async def test_a_queue_of_ours_is_no_fault_of_the_model() -> None:
    fake, breaker = FakeOpenAi(), Breaker(failures=1)
    async with fake.running(), model(fake, Limits(timeout_s=0.1, concurrent=1), breaker=breaker) as made:
        async with made._turns:
            with pytest.raises(ModelUnavailable) as failure:
                await made.complete(safe(), SHAPE, residue=clean)
        assert failure.value.code == "queue"
        assert (await made.complete(safe(), SHAPE, residue=clean)).sentences


async def test_a_model_that_keeps_failing_is_left_alone() -> None:
    fake, breaker = FakeOpenAi(Mode.KEY), Breaker(failures=2)
    async with fake.running(), model(fake, breaker=breaker) as made:
        codes = []
        for _ in range(4):
            with pytest.raises(ModelUnavailable) as failure:
                await made.complete(safe(), SHAPE, residue=clean)
            codes.append(failure.value.code)
    assert codes == ["not_accepted", "not_accepted", "breaker_open", "breaker_open"]
    assert len(fake.bodies) == 2


async def test_bad_answers_and_withheld_requests_do_not_open_it() -> None:
    fake, breaker = FakeOpenAi(Mode.REFUSAL), Breaker(failures=1)
    async with fake.running(), model(fake, breaker=breaker) as made:
        for _ in range(3):
            with pytest.raises(ModelRefused):
                await made.complete(safe(), SHAPE, residue=clean)
    assert len(fake.bodies) == 3


# Where the model is


@pytest.mark.parametrize(
    ("version", "path"),
    [
        (None, "/openai/v1/chat/completions"),
        ("2026-06-01", "/openai/deployments/gpt-x/chat/completions?api-version=2026-06-01"),
    ],
)
async def test_azure_by_either_address(version: str | None, path: str) -> None:
    fake = FakeOpenAi()
    async with fake.running():
        base = fake.url if version else f"{fake.url}/openai/v1/"
        provider = Provider("azure", base, "key", "gpt-x", version)
        async with opened(provider, Limits(timeout_s=2)) as made:
            assert (await made.complete(safe(), SHAPE, residue=clean)).sentences
    assert fake.paths == [path]
