"""De-identification keeps its figures: what it finds, what it leaves alone, and how fast it is."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.evals.command import eval_app
from bot.evals.deid import baton, score
from bot.evals.deid_cases import BadCase, read

SETS = Path(__file__).parents[1] / "fixtures" / "deid"


def figures(name: str, *, gate: bool = True, with_record: bool = True) -> dict[str, Any]:
    return score(read(SETS / name), baton(gate=gate, with_record=with_record))


@pytest.mark.parametrize(
    ("name", "recall", "precision"),
    [
        ("asq_phi.jsonl", 0.99, 0.85),
        ("bh_notes.jsonl", 0.995, 0.75),
        ("hard_cases.json", 0.95, 0.75),
        ("own_cases.json", 0.95, 0.75),
        ("presidio_synth_v2.jsonl", 0.90, 0.60),
        ("second_author_queries.jsonl", 0.97, 0.85),
        ("second_author_charts.jsonl", 0.95, 0.85),
        ("second_author_sentences.jsonl", 0.95, 0.90),
    ],
)
def test_identifiers_are_masked_whole_and_drafts_stay_readable(name: str, recall: float, precision: float) -> None:
    scores = figures(name)
    assert scores["span_recall"] >= recall
    assert scores["char_precision"] >= precision
    assert scores["must_keep_damaged"] <= 0.05


def test_the_record_and_the_gate_each_find_what_the_other_layers_miss() -> None:
    whole = figures("hard_cases.json")["span_recall"]
    assert figures("hard_cases.json", with_record=False)["span_recall"] < whole
    assert figures("hard_cases.json", gate=False)["span_recall"] < whole


def test_a_hundred_kilobytes_take_less_than_a_second_of_cpu() -> None:
    assert figures("bh_notes.jsonl")["kb_per_cpu_s"] >= 100


def test_the_command_prints_what_others_can_compare() -> None:
    ran = CliRunner().invoke(eval_app, ["deid", "--set", str(SETS / "hard_cases.json"), "--json"])
    scores = json.loads(ran.output)
    assert {"docs", "span_recall", "char_precision", "by_type", "must_keep_damaged", "kb_per_cpu_s", "misses"} < set(
        scores
    )
    assert {"without record", "without gate"} <= set(scores["beside"])
    assert "recall" in CliRunner().invoke(eval_app, ["deid", "--set", str(SETS / "own_cases.json"), "--no-gate"]).output


@pytest.mark.parametrize(
    "line",
    [
        '{"id": "x", "text": "Dana", "spans": [{"begin": 0, "end": 4, "type": "NAME"}]}',
        '{"id": "x", "text": "Dana", "spans": [{"start": 0, "end": 40, "type": "NAME"}]}',
        '{"id": "x", "text": "Dana", "spans": [], "record": {"patient": {"dob": "Dana"}}}',
        "Dana was here",
    ],
)
def test_a_line_that_cannot_be_read_is_refused_by_its_number_and_without_its_text(tmp_path: Path, line: str) -> None:
    file = tmp_path / "set.jsonl"
    file.write_text('{"id": "a", "text": "fine", "spans": []}\n' + line + "\n")
    with pytest.raises(BadCase, match="line 2") as refused:
        read(file)
    assert "Dana" not in str(refused.value)
    assert CliRunner().invoke(eval_app, ["deid", "--set", str(file)]).exit_code == 2


def test_a_span_that_is_not_scored_counts_neither_way(tmp_path: Path) -> None:
    file = tmp_path / "set.jsonl"
    span = {"start": 0, "end": 4, "type": "NAME", "score": False}
    file.write_text(json.dumps({"id": "a", "text": "Dana slept.", "spans": [span]}) + "\n")
    scores = score(read(file), baton())
    assert scores["by_type"] == {}
    assert scores["char_precision"] == 1.0
