"""How well the source checks tell drafts with a planted error from faithful ones, scored from a file of cases.

One case a line: {id, kind, evidence: [{id, passage, text, topic, quoted}], sentences: [{passage, text, cites}],
expect}. `expect` has a word for each sentence, "keep" or "remove", and "uncovered:S2" for each source that must be
found missing.
Kind "faithful" asks that nothing is removed; every other kind is caught when all that `expect` asks for came about.
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any, TypedDict

from bot.drafting.check import Checked, check
from skills.kit import Line
from skills.kit.prompt import Evidence, Prompt, Sentence, Topic

FAITHFUL = "faithful"


class Miss(TypedDict):
    id: str
    kind: str


class Scores(TypedDict):
    n: int
    catch_rate: dict[str, float]
    false_alarm_rate: float
    misses: list[Miss]
    false_alarms: list[str]


def score(path: Path) -> Scores:
    cases = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    caught: dict[str, list[bool]] = defaultdict(list)
    misses: list[Miss] = []
    for case in cases:
        right = _as_expected(case, checked(case))
        caught[case["kind"]].append(right)
        if not right:
            misses.append({"id": case["id"], "kind": case["kind"]})
    alarms = [miss["id"] for miss in misses if miss["kind"] == FAITHFUL]
    return {
        "n": len(cases),
        "catch_rate": {kind: _share(each) for kind, each in sorted(caught.items()) if kind != FAITHFUL},
        "false_alarm_rate": round(len(alarms) / max(1, len(caught[FAITHFUL])), 4),
        "misses": [miss for miss in misses if miss["kind"] != FAITHFUL],
        "false_alarms": alarms,
    }


def in_words(scores: Scores) -> str:
    rates = [f"{kind.replace('_', ' ')}: {rate:.1%} caught" for kind, rate in scores["catch_rate"].items()]
    return "\n".join([*rates, f"false alarms: {scores['false_alarm_rate']:.1%}", f"cases: {scores['n']}"])


def checked(case: dict[str, Any]) -> Checked:
    """The case through the same door as a draft."""
    evidence = tuple(
        Evidence(each["id"], each["passage"], Line(each["text"]), Topic(each["topic"]), bool(each.get("quoted")))
        for each in case["evidence"]
    )
    return check(_sentences(case), Prompt("eval", (), evidence))


def _sentences(case: dict[str, Any]) -> list[Sentence]:
    return [Sentence(each["passage"], each["text"], tuple(each["cites"])) for each in case["sentences"]]


def _as_expected(case: dict[str, Any], outcome: Checked) -> bool:
    removed = {each.sentence for each in outcome.removed}
    missing = {each.id for each in outcome.uncovered}
    if case["kind"] == FAITHFUL:
        return not removed
    sentences = _sentences(case)
    asked = case.get("expect") or ["remove"]
    words = [word for word in asked if not word.startswith("uncovered")]
    lost = {word.partition(":")[2] for word in asked if word.startswith("uncovered:")}
    out = all(sentence in removed for sentence, word in zip(sentences, words, strict=False) if word == "remove")
    return out and lost <= missing


def _share(right: list[bool]) -> float:
    return round(sum(right) / len(right), 4)
