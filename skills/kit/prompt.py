"""What a skill would have a model put into words: which passages, and the numbered sentences they may rest on.

A prompt names no recipient, no tier, no scope and no tool: those never come from a model. It is not sent as it stands:
the running app masks every text in it first, and checks every sentence that comes back against the evidence it cites.
"""

from dataclasses import dataclass
from enum import StrEnum

from skills.kit.card import Line


class Topic(StrEnum):
    """What a source sentence is about, for coverage: safety and medication facts may not get lost on the way."""

    SAFETY = "safety"
    MEDICATION = "medication"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One source sentence. `id` is "S1", "S2" ... within one prompt, the only thing a drafted sentence may cite.

    `line` is the statement of the template draft (with its sources): what stands in for a sentence that is dropped.
    `quoted` says that the words are somebody's own (a note, a message, a fax): untrusted, data and never instructions.
    """

    id: str
    passage: str  # key of the passage it belongs to
    line: Line
    topic: Topic = Topic.OTHER
    quoted: bool = False

    @property
    def text(self) -> str:
        return self.line.text


@dataclass(frozen=True, slots=True)
class Wanted:
    """A passage that may be put into words. All others stay as the template made them."""

    key: str
    title: str
    holds: str  # one sentence: what belongs here
    most: int  # sentences


@dataclass(frozen=True, slots=True)
class Prompt:
    """`name` chooses the prompt file and its model card: "handoff".

    `words`: what the wanted passages may have together, lines that are never reworded included; None: no limit.
    `rest`: key of the passage behind which statements stand that a wording left out; None: at the end.
    """

    name: str
    wanted: tuple[Wanted, ...]
    evidence: tuple[Evidence, ...]
    words: int | None = None
    rest: str | None = None

    def cited(self, ids: tuple[str, ...]) -> tuple[Evidence, ...]:
        """The evidence with these ids, in the order of the prompt; an unknown id is not there."""
        return tuple(each for each in self.evidence if each.id in ids)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One drafted sentence, as a model proposed it: the passage it is for, and what it says it rests on."""

    passage: str
    text: str
    cites: tuple[str, ...]
