"""How well the sentences that speak to a treatment-plan objective are found: recall among the first five.

A set is `{"objectives": {id: text}, "sentences": [{"text": ..., "objective": id or null}]}`; null speaks to none.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NotRequired, TypedDict

from skills.kit.notes import Part, Sentence
from skills.kit.retrieval import relevant

MOST = 5


class Case(TypedDict):
    text: str
    objective: NotRequired[str | None]


class Cases(TypedDict):
    objectives: dict[str, str]
    sentences: list[Case]


class Miss(TypedDict):
    objective: str
    sentence: str


class Scores(TypedDict):
    """`recall_at_5` is the mean over objectives of the share of their sentences found; `n` counts those sentences."""

    n: int
    objectives: int
    recall_at_5: float
    misses: list[Miss]


def score(path: Path) -> Scores:
    cases: Cases = json.loads(path.read_text(encoding="utf-8"))
    pool = [Sentence(case["text"], number, Part.OTHER) for number, case in enumerate(cases["sentences"], start=1)]
    wanted = {
        key: [case["text"] for case in cases["sentences"] if case.get("objective") == key]
        for key in cases["objectives"]
    }
    asked = {key: texts for key, texts in wanted.items() if texts}
    missed = {key: _missed(cases["objectives"][key], texts, pool) for key, texts in asked.items()}
    shares = [1 - len(missed[key]) / len(texts) for key, texts in asked.items()]
    return Scores(
        n=sum(len(texts) for texts in asked.values()),
        objectives=len(asked),
        recall_at_5=round(sum(shares) / len(shares), 4) if shares else 0.0,
        misses=[Miss(objective=key, sentence=text) for key, texts in missed.items() for text in texts],
    )


def in_words(scores: Scores) -> str:
    first = f"{scores['recall_at_5']:.3f} recall@5: {scores['n']} sentences, {scores['objectives']} objectives."
    return "\n".join([first, *(f"missed for {miss['objective']}: {miss['sentence']}" for miss in scores["misses"])])


def _missed(objective: str, wanted: Sequence[str], pool: Sequence[Sentence]) -> list[str]:
    found = {each.sentence.text for each in relevant(objective, pool, most=MOST)}
    return [text for text in wanted if text not in found]
