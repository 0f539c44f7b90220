"""The port over Chat Completions: OpenAI, Azure OpenAI, any server that speaks the same. The only importer of `openai`.

One structured request a draft. Nothing about anybody goes into metadata, user or safety_identifier; nothing is stored
there that we can forbid (`store` false; what the provider keeps beyond that is for its contract).
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import Annotated, Any, Literal, Protocol

import httpx2
import openai
from openai import AsyncAzureOpenAI, AsyncOpenAI
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionMessageParam
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from bot.drafting import egress
from bot.drafting.breaker import Breaker
from bot.drafting.port import (
    LONGEST_SENTENCE,
    MOST_CITES,
    Completion,
    ModelFailed,
    ModelRefused,
    ModelUnavailable,
    ModelWrong,
    Residue,
    Shape,
)
from bot.drafting.untrusted import fresh_delimiter, messages
from bot.privacy.deid import SafePrompt
from skills.kit import Sentence

PAUSE_S = 0.5  # before the second try, unless the provider names a time
LONGEST_PAUSE_S = 3.0
_NAME = re.compile(r"[\w.:/@+-]{1,128}", re.ASCII)  # what a server calls its model stands on cards and in the trail
TOKENS_EACH = 120  # room for one sentence with its frame


@dataclass(frozen=True, slots=True)
class Limits:
    timeout_s: float = 20.0  # for all tries together
    concurrent: int = 4


class OpenAiModel:
    """A `Model`. `client` carries the guarded transport: made by `opened`."""

    def __init__(self, client: AsyncOpenAI, *, provider: str, name: str, limits: Limits, breaker: Breaker) -> None:
        self.provider, self.name = provider, name
        self._client, self._limits, self._breaker = client, limits, breaker
        self._turns = asyncio.Semaphore(limits.concurrent)

    async def complete(self, safe: SafePrompt, shape: Shape, *, residue: Residue) -> Completion:
        if not self._breaker.lets_through():
            raise ModelUnavailable("breaker_open")
        asked = False
        try:
            async with asyncio.timeout(self._limits.timeout_s), self._turns:
                asked = True
                completion = await self._twice(safe, shape, residue)
        except TimeoutError as error:
            if not asked:  # we have too much to ask: no fault of the model
                raise ModelUnavailable("queue") from error
            self._breaker.failed()
            raise ModelUnavailable("timeout") from error
        except ModelUnavailable as error:
            self._breaker.failed(after_s=error.after_s)
            raise
        except ModelFailed:
            self._breaker.answered()
            raise
        self._breaker.answered()
        return completion

    async def _twice(self, safe: SafePrompt, shape: Shape, residue: Residue) -> Completion:
        """A second try for what passes by itself; how long both may take together is set by the caller's timeout."""
        try:
            return await self._once(safe, shape, residue)
        except ModelUnavailable as error:
            if error.code == "not_accepted" or (error.after_s or 0.0) > LONGEST_PAUSE_S:
                raise
            await asyncio.sleep(error.after_s or PAUSE_S)
        return await self._once(safe, shape, residue)

    async def _once(self, safe: SafePrompt, shape: Shape, residue: Residue) -> Completion:
        with egress.looking_for(residue):
            try:
                answer = await self._client.chat.completions.parse(
                    model=self.name,
                    messages=_messages(safe),
                    response_format=_answer_type(shape),
                    max_completion_tokens=500 + TOKENS_EACH * shape.most,
                    store=False,
                )
            except egress.Withheld as error:
                raise ModelRefused("residue") from error
            except (openai.OpenAIError, ValidationError) as error:
                raise _translated(error) from None  # their texts quote what was sent and answered
            except (AttributeError, IndexError, TypeError, ValueError):
                raise ModelWrong("not_an_answer") from None  # a page of HTML, an empty list of choices
        return _completion(answer)


def _messages(safe: SafePrompt) -> list[ChatCompletionMessageParam]:
    return [
        {"role": "system", "content": each["content"]}
        if each["role"] == "system"
        else {"role": "user", "content": each["content"]}
        for each in messages(safe, fresh_delimiter())
    ]


# The shape of an answer


class _Answer(Protocol):
    """What `_answer_type` makes: its fields are only known at run time."""

    sentences: list[Any]


@lru_cache(maxsize=64)
def _answer_type(shape: Shape) -> type[BaseModel]:
    """A model whose JSON schema leaves room for nothing else: known passages, issued ids, bounded lists and texts."""
    passage: Any = Literal.__getitem__(shape.passages)  # known at run time only
    cited: Any = Literal.__getitem__(shape.ids)
    sentence: Any = create_model(
        "Sentence",
        __config__=ConfigDict(extra="forbid"),
        passage=(passage, ...),
        text=(Annotated[str, Field(max_length=LONGEST_SENTENCE)], ...),
        cites=(Annotated[list[cited], Field(min_length=1, max_length=MOST_CITES)], ...),
    )
    return create_model(
        "Draft",
        __config__=ConfigDict(extra="forbid"),
        sentences=(Annotated[list[sentence], Field(max_length=shape.most)], ...),
    )


def _completion(answer: Any) -> Completion:
    """Raises ModelRefused or ModelWrong. What a server may send is anything, whatever its type says."""
    try:
        choice, usage = answer.choices[0], _usage(answer.usage)
        if choice.message.refusal:
            raise ModelRefused("refused", **usage)
        if choice.finish_reason != "stop" or choice.message.parsed is None:
            raise ModelWrong("not_finished", **usage)
        parsed: _Answer = choice.message.parsed
        sentences = tuple(Sentence(each.passage, each.text, tuple(each.cites)) for each in parsed.sentences)
        name = str(answer.model) if _NAME.fullmatch(str(answer.model)) else "unnamed"
        text = str(choice.message.content)
    except (AttributeError, IndexError, TypeError):
        raise ModelWrong("not_an_answer") from None
    return Completion(sentences, text, name, finish=choice.finish_reason, **usage)


def _usage(usage: CompletionUsage | None) -> dict[str, int]:
    prompt, completion = (usage.prompt_tokens, usage.completion_tokens) if usage else (0, 0)
    return {"prompt_tokens": prompt or 0, "completion_tokens": completion or 0}


# What went wrong


def _translated(error: Exception) -> ModelFailed:
    match error:
        case openai.APITimeoutError():
            return ModelUnavailable("timeout")
        case openai.APIConnectionError():
            return ModelUnavailable("unreachable")
        case openai.RateLimitError():
            return ModelUnavailable("rate_limited", after_s=_retry_after(error.response))
        case openai.InternalServerError():
            return ModelUnavailable("server_error", after_s=_retry_after(error.response))
        case openai.BadRequestError() | openai.UnprocessableEntityError():
            filtered = "content_filter" in (error.code or "") or "content_policy" in (error.code or "")
            return ModelRefused("content_filter") if filtered else ModelWrong("request_declined")
        case openai.APIStatusError():  # a wrong key, no such model, a redirect: the same answer every time
            return ModelUnavailable("not_accepted")
        case openai.LengthFinishReasonError():
            return ModelWrong("truncated", **_usage(error.completion.usage))
        case openai.ContentFilterFinishReasonError():
            return ModelRefused("content_filter")
        case _:
            return ModelWrong("not_in_shape")


def _retry_after(response: httpx2.Response) -> float | None:
    try:
        return max(0.0, float(response.headers.get("retry-after", "")))
    except ValueError:
        return None


# Opening


@dataclass(frozen=True, slots=True)
class Provider:
    """Where the model is. `api_version` set: Azure's dated API; None: an address that ends in `/v1/`."""

    kind: Literal["openai", "azure"]
    base_url: str | None
    api_key: str
    name: str
    api_version: str | None = None


@asynccontextmanager
async def opened(provider: Provider, limits: Limits, breaker: Breaker | None = None) -> AsyncIterator[OpenAiModel]:
    """A model until the block ends. Nothing is sent by opening it."""
    transport = egress.GuardedTransport(httpx2.AsyncHTTPTransport(retries=0))
    async with httpx2.AsyncClient(transport=transport, follow_redirects=False) as http:
        client = _client(provider, limits, http)
        yield OpenAiModel(
            client,
            provider=provider.kind,
            name=provider.name,
            limits=limits,
            breaker=breaker or Breaker(clock=monotonic),
        )


def _client(provider: Provider, limits: Limits, http: httpx2.AsyncClient) -> AsyncOpenAI:
    if provider.api_version and provider.base_url:
        return AsyncAzureOpenAI(
            azure_endpoint=provider.base_url,
            api_version=provider.api_version,
            api_key=provider.api_key,
            timeout=limits.timeout_s,
            max_retries=0,
            http_client=http,
        )
    return AsyncOpenAI(
        base_url=provider.base_url,
        api_key=provider.api_key,
        timeout=limits.timeout_s,
        max_retries=0,
        http_client=http,
    )
