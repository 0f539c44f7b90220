"""How well the rules of risk language tell sentences a person must look at from those nobody must, on a file of cases.

A case is {id, text, expected_alert} in a JSON list or one a line; `assertion` puts it into its class and `written`
(a date) is the day of the note. The gate: 99 of 100 sentences that must alert do, and four of five alerts are right.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import NotRequired, TypedDict

from pydantic import TypeAdapter

from skills.crisis.language import alerts

LEAST_SENSITIVITY = 0.99
LEAST_PPV = 0.80


class Case(TypedDict):
    id: str
    text: str
    expected_alert: bool
    assertion: NotRequired[str]
    written: NotRequired[date | None]


class ClassScores(TypedDict):
    """One class of assertion. None: there was nothing to count."""

    n: int
    sensitivity: float | None
    ppv: float | None


class Scores(TypedDict):
    n: int
    sensitivity: float | None
    specificity: float | None
    ppv: float | None
    misses: list[str]
    false_alarms: list[str]
    by_assertion: dict[str, ClassScores]
    gate: bool


type _Outcome = tuple[Case, bool]  # and whether it alerted


def score(path: Path) -> Scores:
    outcomes = [(case, bool(alerts(case["text"], written=case.get("written")))) for case in cases(path)]
    sensitivity, ppv = _sensitivity(outcomes), _ppv(outcomes)
    return {
        "n": len(outcomes),
        "sensitivity": sensitivity,
        "specificity": _share(not alerted for case, alerted in outcomes if not case["expected_alert"]),
        "ppv": ppv,
        "misses": [case["id"] for case, alerted in outcomes if case["expected_alert"] and not alerted],
        "false_alarms": [case["id"] for case, alerted in outcomes if alerted and not case["expected_alert"]],
        "by_assertion": _by_assertion(outcomes),
        "gate": (sensitivity or 0) >= LEAST_SENSITIVITY and (ppv or 0) >= LEAST_PPV,
    }


def cases(path: Path) -> list[Case]:
    """A JSON list, or JSON lines."""
    written = path.read_text("utf-8").strip()
    entries = json.loads(written) if written.startswith("[") else [json.loads(line) for line in _lines(written)]
    return TypeAdapter(list[Case]).validate_python(entries)


def in_words(scores: Scores) -> str:
    lines = [
        f"{scores['n']} cases",
        f"sensitivity {_percent(scores['sensitivity'])}",
        f"specificity {_percent(scores['specificity'])}",
        f"positive predictive value {_percent(scores['ppv'])}",
        f"missed: {', '.join(scores['misses']) or 'none'}",
        f"false alarms: {', '.join(scores['false_alarms']) or 'none'}",
        *(
            f"  {name}: {each['n']} cases, sensitivity {_percent(each['sensitivity'])}, PPV {_percent(each['ppv'])}"
            for name, each in scores["by_assertion"].items()
        ),
        f"the gate is {'met' if scores['gate'] else 'not met'}",
    ]
    return "\n".join(lines)


def _by_assertion(outcomes: Sequence[_Outcome]) -> dict[str, ClassScores]:
    classes: dict[str, list[_Outcome]] = defaultdict(list)
    for case, alerted in outcomes:
        classes[case.get("assertion", "unclassed")].append((case, alerted))
    return {
        name: {"n": len(each), "sensitivity": _sensitivity(each), "ppv": _ppv(each)}
        for name, each in sorted(classes.items())
    }


def _sensitivity(outcomes: Sequence[_Outcome]) -> float | None:
    return _share(alerted for case, alerted in outcomes if case["expected_alert"])


def _ppv(outcomes: Sequence[_Outcome]) -> float | None:
    return _share(case["expected_alert"] for case, alerted in outcomes if alerted)


def _share(facts: Iterable[bool]) -> float | None:
    counted = list(facts)
    return round(sum(counted) / len(counted), 4) if counted else None


def _percent(share: float | None) -> str:
    return "not countable" if share is None else f"{share:.1%}"


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]
