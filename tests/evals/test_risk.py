"""The gate of risk language, on every set we have; the figures are published by `baton eval risk`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.evals.command import eval_app
from bot.evals.risk import LEAST_PPV, LEAST_SENSITIVITY, in_words, score

RISK = Path(__file__).parents[1] / "fixtures" / "risk"
SETS = ("risk_cases.json", "own_cases.json", "held_out_cases.json", "second_author.json")


@pytest.mark.parametrize("name", SETS)
def test_the_gate_is_met(name: str) -> None:
    scores = score(RISK / name)
    assert (scores["sensitivity"] or 0) >= LEAST_SENSITIVITY, scores["misses"]
    assert (scores["ppv"] or 0) >= LEAST_PPV, scores["false_alarms"]
    assert scores["gate"]


CASES = (
    {"id": "right", "text": "Pt wants to die.", "expected_alert": True, "assertion": "present"},
    {"id": "missed", "text": "Lovely weather.", "expected_alert": True, "assertion": "present"},
    {"id": "alarm", "text": "Endorses SI.", "expected_alert": False, "extra": 1},
    {"id": "quiet", "text": "Denies SI.", "expected_alert": False},
)


@pytest.mark.parametrize("lines", [False, True], ids=["a list", "lines"])
def test_what_is_missed_and_what_is_a_false_alarm_is_named(*, tmp_path: Path, lines: bool) -> None:
    path = tmp_path / "cases"
    path.write_text("\n".join(json.dumps(case) for case in CASES) if lines else json.dumps(CASES))
    printed = CliRunner().invoke(eval_app, ["risk", "--set", str(path), "--json"])
    scores = json.loads(printed.stdout)
    assert (scores["n"], scores["misses"], scores["false_alarms"]) == (4, ["missed"], ["alarm"])
    assert (scores["sensitivity"], scores["specificity"], scores["ppv"]) == (0.5, 0.5, 0.5)
    assert scores["by_assertion"]["present"] == {"n": 2, "sensitivity": 0.5, "ppv": 1.0}
    assert not scores["gate"]


def test_nothing_to_count_is_said(tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    path.write_text("[]")
    assert "sensitivity not countable" in in_words(score(path))
