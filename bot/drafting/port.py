"""What we ask of a language model: sentences with the numbers of their sources, from a text without identities.

    ModelFailed
    ├── ModelUnavailable   no answer: too slow, down, too many requests, given up on for now; another time it may work
    ├── ModelRefused       it would not, or our own guard would not let the request out
    └── ModelWrong         it answered, and the answer cannot be used

Whichever it is, the draft comes from the template and says so. None of them holds a word of what was sent or answered.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from bot.privacy.deid import SafePrompt
from skills.kit import Sentence

LONGEST_SENTENCE = 400  # characters
MOST_CITES = 8

type Residue = Callable[[bytes], tuple[str, ...]]


class ModelFailed(Exception):
    """No usable sentences. `code` says why; tokens may have been spent all the same."""

    def __init__(self, code: str, *, prompt_tokens: int = 0, completion_tokens: int = 0) -> None:
        super().__init__(f"the model gave no usable answer: {code}")
        self.code = code
        self.prompt_tokens, self.completion_tokens = prompt_tokens, completion_tokens


class ModelUnavailable(ModelFailed):
    """`after_s`: how long the provider asks to be left alone; None: it did not say."""

    def __init__(self, code: str, *, after_s: float | None = None) -> None:
        super().__init__(code)
        self.after_s = after_s


class ModelRefused(ModelFailed):
    pass


class ModelWrong(ModelFailed):
    pass


@dataclass(frozen=True, slots=True)
class Shape:
    """What an answer may be: sentences for these passages, citing these ids, and not more than `most` of them."""

    passages: tuple[str, ...]
    ids: tuple[str, ...]
    most: int


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer in the asked shape. Its sentences still hold placeholders and have not been checked."""

    sentences: tuple[Sentence, ...] = field(repr=False)
    text: str = field(repr=False)  # as it came
    model: str  # as the provider names it, which may be more exact than what was asked for
    prompt_tokens: int
    completion_tokens: int
    finish: str


class Model(Protocol):
    provider: str
    name: str

    async def complete(self, safe: SafePrompt, shape: Shape, *, residue: Residue) -> Completion:
        """One structured answer. A prompt that was not scrubbed is a type error.

        `residue` is asked about the finished bytes of each request: which kinds of identifiers it finds in them. A
        request with any is not sent (ModelRefused, "residue"). Raises ModelFailed and nothing else; what may pass by
        itself is tried a second time.
        """
