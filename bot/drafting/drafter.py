"""A drafted text: the template's, put into words by a model where that worked and was checked, and how it came about.

    template + prompt -> what is asked -> de-identified -> asked of the model -> names put back -> checked -> assembled

Whatever goes wrong on that way ends in the template's text with a reason. A model's fault is never an error of ours.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256

import structlog

from bot.drafting.asked import Asked, asked
from bot.drafting.assemble import assemble
from bot.drafting.check import Checked, check
from bot.drafting.how import How, from_template
from bot.drafting.port import Completion, Model, ModelFailed
from bot.drafting.prompts import Instructions, instructions
from bot.privacy.deid import CannotVouch, RawPrompt, SafePrompt, Tags, UnknownTag, residue, scrub
from bot.privacy.record import Record
from skills.kit import DraftText, Evidence, Prompt, Sentence, Topic

MOST_UNSUPPORTED = 1 / 3  # of the sentences; above it nothing of the answer is used
_log = structlog.get_logger(__name__)
_ALWAYS_COVERED = frozenset({Topic.SAFETY, Topic.MEDICATION})


@dataclass(frozen=True, slots=True)
class Call:
    """One question to a model, before it leaves: what is recorded of it. Without identities, but for the tags."""

    provider: str
    model: str
    prompt: str  # version of the instructions
    instructions_hash: str
    sent: str = field(repr=False)  # de-identified
    tags: Tags = field(repr=False)

    @property
    def prompt_hash(self) -> str:
        return sha256(self.sent.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Drafted:
    """`completion` is what came back, before names were put back; None: nothing came."""

    text: DraftText
    how: How
    completion: str | None = field(default=None, repr=False)


type Clear = Callable[[RawPrompt, Record], SafePrompt]
type Announce = Callable[[Call], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Drafter:
    """`model` None: none is set up, and every draft is the template's. `part2`: the vendor may have such records."""

    model: Model | None = None
    part2: bool = False
    cost_in: float = 0.0  # per million tokens
    cost_out: float = 0.0
    kept_days: int = 30  # how long what was sent and answered is kept
    clear: Clear = scrub

    def cost(self, how: How) -> float:
        return (how.prompt_tokens * self.cost_in + how.completion_tokens * self.cost_out) / 1_000_000

    async def draft(self, template: DraftText, prompt: Prompt, record: Record, *, announce: Announce) -> Drafted:
        """`announce` is awaited before anything is sent; when it raises, nothing is, and its error passes through."""
        ask = asked(prompt)
        if self.model is None:
            return Drafted(template, from_template("off"))
        if not ask.prompt.evidence:
            return Drafted(template, from_template("nothing"))
        words = instructions(prompt.name)
        how = How(path="template", model=self.model.name, prompt=words.version)
        try:
            safe = self.clear(ask.raw(words.words), record)
        except CannotVouch as error:
            _log.info("not_cleared", code=error.code)
            return Drafted(template, replace(how, reason="not_cleared"))
        await announce(_call(self.model, words, safe))
        return await self._asked(template, ask, safe, record, how)

    async def _asked(self, template: DraftText, ask: Asked, safe: SafePrompt, record: Record, how: How) -> Drafted:
        assert self.model is not None
        try:
            look = partial(_left_in, safe=safe, record=record)
            completion = await self.model.complete(safe, ask.shape(), residue=look)
        except ModelFailed as error:
            return Drafted(template, _spent(how, error, reason=error.code))
        how = _spent(replace(how, model=completion.model), completion)
        try:
            return _used(template, ask.prompt, safe.tags, completion, how)
        except Exception:  # noqa: BLE001 - whatever it is, there is a good draft: the template, which says so
            _log.exception("wording_failed")
            return Drafted(template, replace(how, reason="fault"), completion.text)


def _spent(how: How, by: Completion | ModelFailed, *, reason: str | None = None) -> How:
    return replace(how, reason=reason, prompt_tokens=by.prompt_tokens, completion_tokens=by.completion_tokens)


def _call(model: Model, words: Instructions, safe: SafePrompt) -> Call:
    sent = "\n\n".join([safe.instructions, *safe.parts])
    return Call(model.provider, model.name, words.version, words.hash, sent, safe.tags)


def _left_in(body: bytes, safe: SafePrompt, record: Record) -> tuple[str, ...]:
    """Kinds of identifiers in a finished request, our own instructions apart.

    They hold nobody's data, and somebody may be called Will or Hope. Where they do not stand word for word, they count.
    """
    ours = json.dumps(safe.instructions, ensure_ascii=False)[1:-1].encode()
    return residue(body.replace(ours, b"", 1), safe.tags, record)


def _used(template: DraftText, prompt: Prompt, tags: Tags, completion: Completion, how: How) -> Drafted:
    """The answer's sentences with their names, as far as the chart bears them out."""
    came = partial(Drafted, completion=completion.text)
    try:
        named = [replace(each, text=tags.restore(each.text)) for each in completion.sentences]
    except UnknownTag:
        return came(template, replace(how, reason="unknown_tag"))
    fitting = _within_limits(named, prompt)
    checked = check(fitting, prompt)
    how = replace(how, kept=len(checked.kept), removed=len(named) - len(checked.kept))
    if not checked.kept or how.removed > MOST_UNSUPPORTED * len(named):
        return came(template, replace(how, reason="unsupported"))
    back = _put_back(checked, prompt)
    whole = assemble(template, prompt, checked.kept, back)
    if prompt.words is not None and whole.words > prompt.words:
        return came(template, replace(how, reason="too_long"))
    return came(whole.text, replace(how, path="model", put_back=len(back)))


def _within_limits(sentences: list[Sentence], prompt: Prompt) -> list[Sentence]:
    """Of each passage as many as it may have, citing evidence of that passage only."""
    kept = []
    for wanted in prompt.wanted:
        ids = {each.id for each in prompt.evidence if each.passage == wanted.key}
        mine = [s for s in sentences if s.passage == wanted.key and s.text.strip() and s.cites and ids >= set(s.cites)]
        kept += mine[: wanted.most]
    return kept


def _put_back(checked: Checked, prompt: Prompt) -> tuple[Evidence, ...]:
    """What must not get lost and is in no kept sentence, by the check's own judgement or because nobody cites it."""
    cited = {each for sentence in checked.kept for each in sentence.cites}
    lost = [each for each in prompt.evidence if each.topic in _ALWAYS_COVERED and each.id not in cited]
    return tuple(dict.fromkeys([*checked.uncovered, *lost]))
